import { copyFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incidentPage } from '../../src/cli/incident-page.ts';
import { reportIncident } from '../../src/custody/incident/incident.ts';
import type { WallMs } from '../../src/domain/index.ts';
import { tamper } from './audit-station.ts';
import { TestStation } from './station.ts';

// S4: the report is made of what is there after an incident, which may be a copy that another hand wrote. It comes to its end, and says
// that nobody can rely on it.

const other = 'ab'.repeat(32);
/** Changes entries of a kind, as text. */
const entries = (kind: string, from: string, to: string): string =>
  `UPDATE leaves SET bytes = CAST(replace(CAST(bytes AS TEXT), '${from}', '${to}') AS BLOB)
   WHERE CAST(bytes AS TEXT) LIKE '%"kind":"${kind}"%'`;
const amount = '"amount":"1000000000000000000"';
const authorized = (from: string, to: string): string => entries('withdrawal-authorized', from, to);

describe('a report over a database that another hand wrote', () => {
  let station: TestStation;
  let since: WallMs;
  let copy: string;
  let made = 0;
  beforeAll(async () => {
    station = await TestStation.open({ operators: {}, automatic: true });
    const alice = await station.ripeCustomer('alice');
    since = station.time.wall;
    await alice.authorize('w-1');
    await station.sign(['w-1'], station.payment({ nonce: 0 }));
    await station.settle();
    await alice.authorize('w-2');
    copy = `${station.folder}/copy.db`;
    station.db.exec(`VACUUM INTO '${copy}'`);
  });
  afterAll(() => station.close());

  const report = (sql: string) => {
    const file = `${station.folder}/damaged-${made++}.db`;
    copyFileSync(copy, file);
    tamper(file, sql);
    const until = (station.time.wall + 5_000) as WallMs;
    const all = { accounts: [], destinations: [], assets: [], disputed: undefined };
    const unpinned = { stateKey: undefined, logKey: undefined, checkpoint: undefined };
    return reportIncident({ file, since, until, ...all, ...unpinned });
  };

  it.each([
    ['an amount that is none', authorized(amount, '"amount":"x"')],
    ['an empty amount', authorized(amount, '"amount":""')],
    ['an amount below zero', authorized(amount, '"amount":"-5"')],
    ['an amount in hexadecimal', authorized(amount, '"amount":"0xff"')],
    ['a row’s amount that is none', "UPDATE withdrawals SET amount = 'x'"],
    ['what a transaction pays, no JSON', "UPDATE transactions SET pays = 'x'"],
    ['what a transaction pays, no list of texts', "UPDATE transactions SET pays = '[1]'"],
    ['a transaction’s history, no JSON', "UPDATE transactions SET history = 'x'"],
    ['a withdrawal’s history, no list', "UPDATE withdrawals SET history = '5'"],
    ['a destination’s history, no list', "UPDATE destinations SET history = '5'"],
    ['a factor’s history, no list', "UPDATE factors SET history = '{}'"],
    ['who attested a factor, no list', "UPDATE factors SET attested_by = 'null'"],
    ['who held a withdrawal, no list', "UPDATE withdrawals SET held_by = '0'"],
    ['evidence that is none', "UPDATE withdrawals SET evidence = x'00'"],
    ['an intent that is none', "UPDATE withdrawals SET intent = x'00'; DELETE FROM openings"],
    ['a transaction that replaces itself', 'UPDATE transactions SET replaces = id'],
    [
      'a transaction that replaces one that replaces itself, and was never signed',
      `CREATE TEMP TABLE t AS SELECT * FROM transactions;
       UPDATE t SET id = '${other}', replaces = '${other}', signed = NULL, history = '[]';
       INSERT INTO transactions SELECT * FROM t; UPDATE transactions SET replaces = '${other}'`,
    ],
    ['a policy that is none', "UPDATE policies SET document = 'x: ['"],
    ['no policy', 'DELETE FROM policies'],
    ['a delay of centuries', authorized('_d0":"86400000"', '_d0":"9999999999999999"')],
    ['a time of another age', authorized('"time":"2022', '"time":"9022')],
    ['a time that is none', authorized('"time":"2022', '"time":"x022')],
    ['no entry of the signature', `DELETE FROM leaves WHERE CAST(bytes AS TEXT) LIKE '%"transaction-signed"%'`],
    ['an asset that is markup', authorized('slip44:60', '<script>')],
  ])('S4: ends, and is not to be relied on: %s', (_, sql) => {
    const told = report(sql);
    expect(told.agreement.holds).toBe(false);
    const page = incidentPage(told).replace(/<script type="module">[\s\S]*<\/script>/, '');
    expect(page).toContain('Do not rely on these numbers');
    expect(page).not.toMatch(/<script/);
  });

  it('of the same database untouched, it may be; so, too, where a person’s openings were erased', () => {
    expect(report('SELECT 1').agreement.holds).toBe(true);
    expect(report('DELETE FROM openings').agreement.holds).toBe(true);
  });
});
