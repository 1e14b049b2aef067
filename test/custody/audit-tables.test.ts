import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, encodePrices } from '../../src/domain/index.ts';
import { parseVerifierKey } from '../../src/journal/note.ts';
import { deriveKeys } from '../../src/store/key.ts';
import { Rows } from '../../src/store/rows.ts';
import { columnName } from '../../src/store/table.ts';
import { type Records, type TableName, tables } from '../../src/store/tables.ts';
import { acceptingCodes, Phone } from '../attacks/code-customer.ts';
import { SampleWitness } from '../journal/sample-witness.ts';
import { findings, tamper } from './audit-station.ts';
import { ether, mallorysAddress, TestStation } from './station.ts';

// What someone does who has the state key, and so gives any row a code of its own, but not the journal's: each table's rows are held
// against the log, or against rows that are. What is here is the table of docs/journal.md.

let station: TestStation;
let pristine: string;

beforeAll(async () => {
  const late: { verifier?: ReturnType<typeof parseVerifierKey> } = {};
  const log = new Proxy({} as ReturnType<typeof parseVerifierKey>, {
    get: (_, name) => Reflect.get(late.verifier ?? {}, name),
  });
  const witness = new SampleWitness('witness.example/w1', log, 0);
  station = await TestStation.open({
    operators: {},
    policy: (document) =>
      `${acceptingCodes(document)}reference: { currency: USD, decimals: 2, prices_last: 72h }
limits:
  - { scope: account, window: week, most: '900000000' }
  - { scope: asset, window: day, asset: '${ether}', most: '9${'0'.repeat(20)}' }
  - { scope: station, window: hour, asset: '${ether}', most: '9${'0'.repeat(20)}' }
  - { scope: wallet, window: day, asset: '${ether}', most: '9${'0'.repeat(20)}' }
witnesses:
  keys: ['${witness.key}']
`,
  });
  late.verifier = parseVerifierKey(station.verifierKey);
  const alice = await station.ripeCustomer('alice');
  await Phone.enrolledBy(alice);
  const prices = encodePrices({ currency: 'USD', decimals: 2, prices: { [ether]: '300025' } });
  await station.operators.act(['olivia', 'omar'], 'policy', 'prices', prices);
  await station.operators.ripen();
  await alice.authorize('w-1');
  await station.sign(['w-1']);
  await station.settle();
  await alice.authorize('w-2');
  await alice.list('entry-2', mallorysAddress);
  await station.operators.sign('olivia', 'freeze', 'account:alice', 'drill');
  await station.operators.sign('olivia', 'operators', 'suspend:oscar', 'drill');
  const fields = {
    wallet: 'btc-1',
    signer: 'ledger',
    fingerprint: '73c5da0a',
    wallet_policy: 'ab'.repeat(32),
    who: 'ann',
  };
  await station.store.decide({}, (facts) => ({
    result: undefined,
    writes: [
      {
        table: 'registrations',
        leaf: 0,
        record: {
          key: `${fields.wallet_policy}:${fields.fingerprint}`,
          hmac: new Uint8Array(40),
          signer: 'ledger',
          since: facts.now,
        },
      },
    ],
    leaves: [{ kind: 'wallet-registered', fields }],
  }));
  const { witnesses } = station.custody.journal;
  witness.time = Math.floor(station.time.wall / 1_000);
  const { body, size } = await witnesses.request(witness.verifier.name, undefined);
  await witnesses.accept(size, witness.add(body).body);
  await station.stop();
  tamper(station.file, 'PRAGMA wal_checkpoint(TRUNCATE)');
  pristine = `${station.file}.pristine`;
  copyFileSync(station.file, pristine);
}, 60_000);
afterAll(() => rmSync(station.folder, { recursive: true }));

let copies = 0;

/** What is found in a copy in which a hand with the state key changed rows. */
function harmed(harm: (rows: Rows, db: InstanceType<typeof Database>) => void): string[] {
  const file = `${pristine}.${copies++}`;
  copyFileSync(pristine, file);
  const db = new Database(file);
  harm(new Rows(db, deriveKeys(station.stateKey).row), db);
  db.close();
  const found = findings(file, { stateKey: station.stateKey });
  expect(found.filter((one) => one.startsWith('row-forged'))).toEqual([]);
  return found;
}

type Row<T extends TableName> = { record: Records[T]; leaf: number };

/** The first row that fits. */
function rowOf<T extends TableName>(rows: Rows, table: T, fits: (record: Records[T]) => boolean = () => true): Row<T> {
  for (const row of [...rows.scan(table)]) if ('record' in row && fits(row.record)) return row;
  throw new Error(`the station has no such row in ${table}`);
}

function removeRow<T extends TableName>(rows: Rows, table: T, record: Records[T]): void {
  const key = tables[table].key.map((field) => String(record[field]));
  rows.remove(table, key);
}

type Harm<T extends TableName> = {
  /** Which row; the first where there is none. */
  readonly fits?: (record: Records[T]) => boolean;
  /** What is found where it is deleted; `nothing` where that tells nothing, for the reason in docs/journal.md. */
  readonly gone: string | 'nothing';
  /** The same under another key, as if the entry told of it. */
  readonly forged?: { readonly key: Partial<Records[T]>; readonly found: string };
  /** Columns that the log, or rows that it tells of, explains: another value, and what is found. */
  readonly columns: { readonly [F in keyof Records[T]]?: Records[T][F] };
  /** Columns that only the row's code protects. */
  readonly coded: readonly (keyof Records[T])[];
};

const other = digestOf(new Uint8Array(3));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const harms: { readonly [T in TableName]: Harm<T> } = {
  station: {
    gone: 'station-missing',
    columns: { name: 'ff/1' as never, ticketEpoch: 0, factorEpoch: 0, policy: other, journalKey: 'x+00000000+AA' },
    coded: ['key', 'origin', 'metadata', 'journalKeyLeaves'],
  },
  clock: {
    gone: 'time-reversed',
    columns: { w: 5 as never },
    coded: [
      'key',
      'highWater',
      'wall',
      'mono',
      'uptime',
      'bootId',
      'driftWall',
      'driftUptime',
      'gapSince',
      'gapUsed',
      'suspect',
    ],
  },
  head: { gone: 'head-differs', columns: { size: 3, root: new Uint8Array(32) }, coded: ['key'] },
  accounts: {
    gone: 'row-missing',
    forged: { key: { account: 'mallory' as never }, found: 'row-untold accounts mallory' },
    columns: { everEnrolled: 0 },
    coded: ['account', 'since', 'firstPaid', 'usesService'],
  },
  factors: {
    fits: ({ kind }) => kind === 'webauthn',
    gone: 'row-missing',
    forged: { key: { id: 'B'.repeat(22) as never }, found: 'row-contradicts factors BBB' },
    columns: {
      account: 'mallory' as never,
      class: 'hardware',
      coseKey: new Uint8Array(5),
      digest: other,
      intent: utf8('{}'),
      attestedBy: ['x' as never],
      state: 'announcing',
      w0: 1 as never,
      d0: 1,
      history: ['1'],
    },
    coded: [
      'id',
      'kind',
      'signCount',
      'backupEligible',
      'backupState',
      'aaguid',
      'authority',
      'attestation',
      'epoch',
      'admission',
      'evidence',
      'notice',
    ],
  },
  codes: {
    gone: 'row-missing',
    forged: { key: { factor: 'B'.repeat(22) as never }, found: 'row-untold codes BBB' },
    columns: {},
    coded: ['factor', 'secret', 'algorithm', 'lastStep', 'failures', 'lockedUntil'],
  },
  destinations: {
    fits: ({ entry }) => entry === 'entry-2',
    gone: 'row-missing',
    forged: { key: { entry: 'entry-9' as never }, found: 'row-contradicts destinations entry-9' },
    columns: {
      account: 'mallory' as never,
      destination: `${'eip155:11155111'}:0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65` as never,
      label: 'x',
      attestedBy: ['x' as never],
      digest: other,
      intent: utf8('{}'),
      evidence: utf8('{}'),
      state: 'removed',
      w0: 1 as never,
      d0: 1,
      history: ['1'],
    },
    coded: ['entry', 'epoch', 'notice'],
  },
  listings: {
    fits: ({ entry }) => entry !== 'entry-2',
    gone: 'row-contradicts',
    forged: { key: { account: 'mallory' as never }, found: 'row-contradicts listings mallory' },
    columns: { entry: 'entry-2' as never },
    coded: ['account', 'destination'],
  },
  withdrawals: {
    gone: 'row-missing',
    forged: { key: { id: 'w-9' as never }, found: 'row-contradicts withdrawals w-9' },
    columns: {
      account: 'mallory' as never,
      asset: 'x' as never,
      amount: 1n,
      destination: 'x' as never,
      maxFee: 1n,
      payBy: 1 as never,
      digest: other,
      intent: utf8('{}'),
      evidence: utf8('{}'),
      factors: ['x'],
      state: 'AUTHORIZED',
      wallet: 'x' as never,
      anchor: 'nonce:9',
      transaction: other as never,
      reserved: 1n,
      counted: [],
      history: ['1'],
    },
    coded: ['id', 'entry', 'epoch', 'authorizedAt', 'reservedAt', 'operators', 'heldBy', 'act'],
  },
  transactions: {
    gone: 'row-missing',
    forged: { key: { id: other as never }, found: `row-contradicts transactions ${other}` },
    columns: {
      wallet: 'x' as never,
      unsigned: utf8('x'),
      pays: ['w-2'],
      paymentSet: other,
      anchor: 'nonce:9',
      maxFee: 1n,
      replaces: other as never,
      state: 'DECLINED',
      signed: utf8('x'),
      history: ['1'],
    },
    coded: [
      'id',
      'kind',
      'act',
      'chain',
      'psbt',
      'blockedBy',
      'sealed',
      'signer',
      'signedBy',
      'declinedBy',
      'attempts',
      'permittedAt',
    ],
  },
  anchors: {
    gone: 'row-missing',
    forged: { key: { anchor: 'nonce:7' }, found: 'row-untold anchors hot-1 nonce:7' },
    columns: { paymentSet: other, transaction: other as never },
    coded: ['wallet', 'anchor'],
  },
  wallets: {
    gone: 'row-missing',
    forged: { key: { wallet: 'x' as never }, found: 'row-untold wallets x' },
    columns: { nextNonce: 0 },
    coded: ['wallet', 'nextChange', 'leastNonce', 'statedFor'],
  },
  registrations: {
    gone: 'row-missing',
    forged: { key: { key: 'x' }, found: 'row-untold registrations x' },
    columns: { signer: 'x' },
    coded: ['key', 'hmac', 'since'],
  },
  spent: {
    fits: ({ by }) => by === 'withdrawal w-1',
    gone: 'row-missing',
    forged: { key: { key: 'intent:x' }, found: 'row-untold spent intent:x' },
    columns: {},
    coded: ['key', 'by'],
  },
  freezes: {
    gone: 'row-missing',
    forged: { key: { scope: 'station' }, found: 'row-untold freezes station' },
    columns: { active: false, who: 'x' },
    coded: ['scope', 'why', 'since'],
  },
  notices: {
    fits: ({ kind }) => kind === 'withdrawal-authorized',
    gone: 'row-missing',
    columns: { id: 'ab' as never, sequence: 9_999 },
    coded: ['account', 'kind', 'subject', 'text', 'token', 'createdAt', 'acknowledgedAt'],
  },
  operators: {
    fits: ({ name }) => name === 'oscar',
    gone: 'row-missing',
    forged: { key: { name: 'x' as never }, found: 'row-untold operators x' },
    columns: { suspended: false, by: 'x', why: 'x', history: ['1'] },
    coded: ['name', 'credential', 'signCount', 'backupState', 'since'],
  },
  acts: {
    fits: ({ verb }) => verb === 'policy',
    gone: 'row-missing',
    forged: { key: { id: other as never }, found: `row-contradicts acts ${other}` },
    columns: {
      verb: 'epoch',
      subject: 'x',
      digest: other,
      base: other,
      state: 'OPEN',
      operators: ['x' as never],
      evidence: utf8('{}'),
      w0: 1 as never,
      d0: 1,
      history: ['1'],
    },
    coded: ['id', 'payload', 'notice', 'openedAt', 'expiresAt'],
  },
  buckets: {
    fits: ({ scope }) => scope === 'station',
    gone: 'row-missing',
    forged: { key: { scope: 'asset:x' }, found: 'row-untold buckets asset:x' },
    columns: { packed: Uint8Array.of(1) },
    coded: ['scope'],
  },
  prices: {
    gone: 'row-missing',
    columns: { document: utf8('{}'), act: other as never },
    coded: ['key', 'since'],
  },
  cosignatures: {
    gone: 'nothing',
    forged: { key: { witness: 'x+00000000+AA' }, found: 'row-malformed cosignatures x' },
    columns: { size: 3, root: new Uint8Array(32), time: 1_000 as never, signature: new Uint8Array(72) },
    coded: ['witness', 'at'],
  },
};

const names = Object.keys(harms) as TableName[];

describe('S4: of a row under a genuine code', () => {
  it('nothing is found while nobody touched it, in any table', () => {
    expect(findings(pristine, { stateKey: station.stateKey, logKey: station.verifierKey })).toEqual([]);
    harmed((rows) => {
      for (const name of names) rowOf(rows, name);
    });
  });

  it.each(names)('in %s: that it is gone', <T extends TableName>(table: T) => {
    const { gone, fits } = harms[table] as Harm<T>;
    const found = harmed((rows) => removeRow(rows, table, rowOf(rows, table, fits).record));
    if (gone === 'nothing') expect(found).toEqual([]);
    else expect(found.join('\n')).toContain(`${gone} `);
    expect(found.filter((one) => one.includes(`${gone} `)).join('\n')).toContain(gone === 'nothing' ? '' : gone);
  });

  it.each(names.filter((name) => harms[name].forged !== undefined))(
    'in %s: that one was put in, as if an entry told of it',
    <T extends TableName>(table: T) => {
      const { forged, fits } = harms[table] as Harm<T>;
      const found = harmed((rows) => {
        const { record, leaf } = rowOf(rows, table, fits);
        rows.put(table, { ...record, ...forged?.key }, leaf);
      });
      expect(found.join('\n')).toContain(forged?.found ?? '-');
    },
  );

  it.each(names.flatMap((name) => Object.keys(harms[name].columns).map((field) => [name, field] as const)))(
    'in %s: that its %s is another',
    <T extends TableName>(table: T, field: string) => {
      const { columns, fits } = harms[table] as Harm<T>;
      const found = harmed((rows) => {
        const { record, leaf } = rowOf(rows, table, fits);
        if (tables[table].key.includes(field as never)) removeRow(rows, table, record);
        rows.put(table, { ...record, [field]: columns[field as keyof Records[T]] }, leaf);
      });
      expect(found.length, `${table}.${columnName(field)}`).toBeGreaterThan(0);
    },
  );

  it('each column is listed above, as explained or as under its code alone, and so in docs/journal.md', () => {
    const docs = readFileSync(new URL('../../docs/journal.md', import.meta.url), 'utf8');
    for (const name of names) {
      const { columns, coded } = harms[name] as Harm<typeof name>;
      expect([...Object.keys(columns), ...coded].sort(), name).toEqual(Object.keys(tables[name].columns).sort());
      const listed = (fields: readonly string[]) =>
        fields.map((field) => `\`${columnName(field)}\``).join(', ') || 'none';
      expect(docs).toContain(`| \`${name}\` | ${listed(Object.keys(columns))} | ${listed(coded)} |`);
    }
  });
});

describe('S3: what limits count', () => {
  it.each(['station', `asset:${ether}`, 'account:alice', 'wallet:hot-1'])('of %s cannot be put back', (scope) => {
    // Without the newest entry that counted there.
    const found = harmed((rows) => {
      const { record, leaf } = rowOf(rows, 'buckets', (row) => row.scope === scope);
      rows.put('buckets', record, leaf - 1);
    });
    expect(found.join('\n')).toMatch(new RegExp(`row-(older|untold) buckets ${scope.replaceAll('/', '.')}`));
  });

  it('of breakers, no entry tells', () => {
    const found = harmed((rows) => {
      rows.put('buckets', { scope: 'breaker:station', packed: Uint8Array.of(1) }, -1);
    });
    expect(found).toEqual([]);
  });
});
