import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, createApi } from '../../src/api/server.ts';
import { parseLeaf } from '../../src/journal/leaf.ts';
import { makeCa, trustDomain } from '../certificates.ts';
import { tamper } from '../custody/audit-station.ts';
import { TestStation } from '../custody/station.ts';
import { emptyFolder, ran } from './station.ts';

let station: TestStation;
let api: Api;
const folder = emptyFolder();
const at = (name: string): string => join(folder, name);
const show = (...args: string[]) => ran('journal', 'show', ...args);
const local = (...args: string[]) => show('--data', station.folder, ...args);
const remote = (...args: string[]) =>
  show(
    '--address',
    `localhost:${api.port}`,
    '--ca',
    at('ca.pem'),
    '--cert',
    at('auditors.pem'),
    '--key',
    at('auditors.key'),
    ...args,
  );

beforeAll(async () => {
  station = await TestStation.open({ operators: {} });
  const alice = await station.ripeCustomer('alice');
  await alice.authorize('w-1');
  await station.sign(['w-1']);
  await station.settle();
  station.passDay();
  station.passDay();
  await station.operators.sign('olivia', 'freeze', 'account:alice', 'her phone was stolen');
  await station.operators.act(['olivia', 'omar'], 'thaw', 'account:alice');
  await expect(alice.authorize('w-2')).rejects.toThrow();
  const ca = await makeCa();
  const { cert, key } = await ca.issueServer();
  api = await createApi({
    custody: station.custody,
    tls: { ca: ca.certificate, cert, key },
    clients: undefined,
    trustDomain,
    listen: { host: '127.0.0.1', port: 0 },
    operatorsListen: { host: '127.0.0.1', port: 0 },
    log: () => {},
  });
  writeFileSync(at('ca.pem'), ca.certificate);
  const own = await ca.issue({ role: 'auditors', name: 'test' });
  writeFileSync(at('auditors.pem'), own.cert);
  writeFileSync(at('auditors.key'), own.key, { mode: 0o600 });
});
afterAll(async () => {
  await api.close(1_000);
  await station.close();
});

describe('journal show', () => {
  it('tells each entry on a line: its number, its time, what happened, who, and about whom', async () => {
    const { code, out, err } = await local('--since', '0');
    expect([code, err]).toEqual([0, '']);
    const lines = out.split('\n');
    expect(lines).toHaveLength(station.custody.journal.size());
    expect(lines[0]).toMatch(/^ 0 {2}2022-01-17T00:46:00Z {2}the station was founded, on simulated time/);
    expect(out).toContain(
      'withdrawal w-1 was authorized: 1000000000000000000 base units of eip155:31337/slip44:60 from account alice to eip155:31337:0x7099',
    );
    expect(out).toContain('was permitted at nonce:0 of wallet hot-1 for w-1');
    expect(out).toContain('olivia froze account alice: her phone was stolen');
    expect(out).toContain('operator omar signed "thaw account:alice" (act ');
    expect(out).toMatch(/a request was refused, frozen: withdrawal w-2, \d+ base units of \S+ from account alice/);
    expect(out).not.toMatch(/commit:|\(committed\)|undefined/);
  });

  it('begins a day ago by the station’s own time unless told otherwise, by an age or an entry’s number', async () => {
    const all = (await local('--since', '30d')).out.split('\n');
    expect(all).toHaveLength(station.custody.journal.size());
    const lately = (await local()).out.split('\n');
    expect(lately[0]).toContain('operator olivia signed "freeze account:alice"');
    expect(all.slice(-lately.length)).toEqual(lately);
    expect((await local('--since', '5')).out.split('\n')).toEqual(all.slice(5));
    expect(await local('--since', 'yesterday')).toMatchObject({ code: 2 });
  });

  it('shows only the kinds and the account that were asked for', async () => {
    const frozen = await local('--since', '0', '--kind', 'frozen', '--kind', 'act-announced');
    expect(frozen.out.split('\n').map((line) => line.replace(/^.*?Z {2}|[0-9a-f]{64}/g, ''))).toEqual([
      'olivia froze account alice: her phone was stolen',
      'act  has its quorum, and is announced',
    ]);
    const hers = (await local('--since', '0', '--account', 'alice')).out.split('\n');
    expect(hers.some((line) => line.includes('thaw account:alice'))).toBe(true);
    expect(hers.every((line) => line.includes('alice'))).toBe(true);
    expect((await local('--since', '0', '--account', 'bob')).out).toBe('');
    expect(await local('--kind', 'frosen')).toMatchObject({ code: 2 });
  });

  it('from the station itself shows what the log has, and says what was committed', async () => {
    const { code, out } = await remote('--since', '0');
    expect(code).toBe(0);
    expect(out.split('\n')).toHaveLength(station.custody.journal.size());
    expect(out).toContain('olivia froze account (committed): her phone was stolen');
    expect(out).not.toMatch(/account:?.alice/);
    expect((await remote()).out.split('\n')).toHaveLength((await local()).out.split('\n').length);
    expect(await remote('--account', 'alice')).toMatchObject({ code: 2 });
  });

  it('with --json, prints the entries as they are', async () => {
    const { out } = await local('--since', '0', '--json');
    const leaves = station.custody.journal.entries(0, 1_000).map(({ leaf }) => new TextDecoder().decode(leaf));
    expect(out.split('\n')).toEqual(leaves);
    for (const line of out.split('\n')) expect(() => parseLeaf(new TextEncoder().encode(line))).not.toThrow();
  });

  it('erasing what opens a commitment erases the person; an opening that opens nothing is not believed', async () => {
    await station.stop();
    tamper(station.file, "UPDATE openings SET value = 'bob' WHERE field = 'account'");
    const forged = await local('--since', '0', '--kind', 'frozen');
    expect(forged.out).toContain('olivia froze account (committed)');
    tamper(station.file, 'DELETE FROM openings');
    expect((await local('--since', '0')).out).not.toMatch(/account:?.(alice|bob)/);
    station.start();
  });

  it('S10: nothing that came from outside moves a terminal’s cursor or turns its text about', async () => {
    await station.stop();
    tamper(
      station.file,
      `UPDATE leaves SET bytes = CAST(replace(CAST(bytes AS TEXT), 'her phone was stolen', 'x' || char(0x202e) || 'y') AS BLOB)`,
    );
    const { out } = await local('--kind', 'frozen');
    expect(out).toContain('x\\u{202e}y');
    expect((await local('--kind', 'frozen', '--json')).out).toContain('x\\u202ey');
    station.start();
  });

  it('needs one place to read from', async () => {
    expect(await show()).toMatchObject({ code: 2 });
    expect(await show('--data', 'a', '--config', 'b')).toMatchObject({ code: 2 });
    expect(await local('--cert', 'x')).toMatchObject({ code: 2 });
    expect(await show('--data', emptyFolder())).toMatchObject({ code: 1 });
    expect(await ran('journal', 'hide')).toMatchObject({ code: 2 });
  });
});
