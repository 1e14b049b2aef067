import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Address,
  hour,
  parseImportedDestination,
  parseImportedFactor,
  type WallMs,
} from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { leaves } from '../attacks/attempt.ts';
import { deviceOf, furtherFactor } from '../attacks/people.ts';
import { findings, tamper } from './audit-station.ts';
import { addressLine, approveImport, chunkOf, OldPasskey, send } from './importing.ts';
import { alicesAddress, mallorysAddress, TestStation } from './station.ts';

describe('bringing in what an exchange has', () => {
  let station: TestStation;
  const alice = new OldPasskey('alice');
  const bob = new OldPasskey('bob');
  const keys = () => ({ stateKey: station.stateKey, logKey: station.verifierKey });
  const factors = (account = alice.account) => station.custody.factors.list(account);
  const destinations = () => station.custody.destinations.list(alice.account);

  beforeEach(async () => {
    station = await TestStation.open({ operators: {} });
  });
  afterEach(() => station.close());

  it('A8: what comes in is announced to its owner, each by itself, ripens from then, and then pays, with a receipt', async () => {
    const chunk = chunkOf(alice.line(), bob.line(), addressLine('alice', alicesAddress, 'my wallet'));
    const act = await approveImport(station, chunk);
    const size = station.custody.journal.size();
    expect(await send(station, act, 0, chunk)).toEqual({ already: false, factors: 2, destinations: 1, skipped: [] });
    expect(leaves(station, size).map(({ kind }) => kind)).toEqual([
      'chunk-imported',
      'factor-added',
      'factor-added',
      'destination-added',
    ]);
    expect(leaves(station, size)[0]?.fields).toMatchObject({ act, factors: '2', destinations: '1', skipped: '0' });
    for (const leaf of leaves(station, size).slice(1))
      expect(leaf.fields).toMatchObject({ admission: 'import', operators: 'olivia omar', act });
    expect(factors()[0]).toMatchObject({
      state: 'announcing',
      record: { admission: 'import', class: 'device', attestedBy: [], backupEligible: false },
    });
    expect(destinations()[0]).toMatchObject({ state: 'announcing', record: { label: 'my wallet', attestedBy: [] } });
    const told = station.custody.notices.waiting(-1, 100).map(({ kind, account }) => `${kind} ${account}`);
    expect(told).toEqual(['factor-added alice', 'factor-added bob', 'destination-added alice']);
    expect(station.store.read('accounts', 'alice')).toMatchObject({ everEnrolled: 1, since: station.store.look({}).w });
    await station.deliver();
    station.time.pass(23 * hour);
    expect(factors()[0]?.state).toBe('pending');
    station.time.pass(hour);
    expect(factors()[0]?.state).toBe('ripe');
    await alice.customer(station).authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    const receipt = await station.custody.journal.receipt('w-1' as never);
    const sentences = verifyReceipt(receipt, station.verifierKey).map(({ sentence }) => sentence);
    const who = `imported by the operators olivia, omar (act ${act})`;
    expect(sentences.filter((sentence) => sentence.includes(who))).toHaveLength(2);
    const other = Buffer.from(receipt).toString().replaceAll('my wallet', 'my waller');
    expect(() => verifyReceipt(new TextEncoder().encode(other), station.verifierKey)).toThrow('destination');
    // Nobody attested what operators imported: evidence beside it is somebody's afterwards.
    const whole = JSON.parse(Buffer.from(receipt).toString());
    for (const evidence of [whole.destination.evidence, whole.factors[0].evidence]) {
      evidence.attestations.push(whole.evidence.attestations[0]);
      const more = new TextEncoder().encode(JSON.stringify(whole));
      expect(() => verifyReceipt(more, station.verifierKey)).toThrow('operators alone');
      evidence.attestations.pop();
    }
    expect(findings(station.file, keys())).toEqual([]);
  });

  it('keeps of each record the act that it came in by, and a code that only the station makes', async () => {
    const chunk = chunkOf(alice.line(), addressLine('alice'));
    const act = await approveImport(station, chunk);
    await send(station, act, 0, chunk);
    const factor = parseImportedFactor(factors()[0]?.record.intent ?? new Uint8Array());
    const entry = parseImportedDestination(destinations()[0]?.record.intent ?? new Uint8Array());
    expect(factor).toMatchObject({ act, record: { credential: alice.credential } });
    expect(entry).toMatchObject({ act, record: { destination: alicesAddress } });
    expect(entry.ticket).not.toBe(factor.ticket);
  });

  it('D4: the audit holds the rows against the entries that tell of them', async () => {
    const chunk = chunkOf(alice.line(), addressLine('alice'));
    await send(station, await approveImport(station, chunk), 0, chunk);
    expect(findings(station.file, keys())).toEqual([]);
    tamper(station.file, "UPDATE factors SET admission = 'operators'");
    expect(findings(station.file).join()).toContain('factors');
    tamper(station.file, "UPDATE factors SET admission = 'import', class = 'hardware'");
    expect(findings(station.file).join()).toContain('factors');
    tamper(
      station.file,
      "UPDATE factors SET class = 'device'",
      `UPDATE destinations SET destination = '${mallorysAddress}'`,
    );
    expect(findings(station.file).join()).toContain('destinations');
    tamper(
      station.file,
      `UPDATE destinations SET destination = '${alicesAddress}'`,
      "DELETE FROM spent WHERE key LIKE 'import:%:0'",
    );
    expect(findings(station.file).join()).toContain('spent');
  });

  it('several passkeys of one account are fine in one import, also over chunks; backup-eligible ones are synced', async () => {
    const synced = new OldPasskey('alice', deviceOf('alice, a phone', { backup: 'syncable' }));
    const one = chunkOf(alice.line());
    const other = chunkOf(synced.line(), addressLine('alice'));
    const act = await approveImport(station, one, other);
    await send(station, act, 0, one);
    await station.deliver();
    await station.restart();
    expect(await send(station, act, 1, other)).toMatchObject({ factors: 1, destinations: 1 });
    expect(factors().map(({ record }) => record.class)).toEqual(['device', 'synced']);
    expect(station.store.read('accounts', 'alice')).toMatchObject({ everEnrolled: 2 });
  });

  it('I4: a chunk comes in once, in its order, also after a restart', async () => {
    const one = chunkOf(alice.line());
    const other = chunkOf(bob.line());
    const act = await approveImport(station, one, other);
    await expect(send(station, act, 1, other)).rejects.toMatchObject({ reason: 'import-out-of-order' });
    await send(station, act, 0, one);
    await station.restart();
    const size = station.custody.journal.size();
    expect(await send(station, act, 0, one)).toEqual({ already: true, factors: 0, destinations: 0, skipped: [] });
    expect(station.custody.journal.size()).toBe(size);
    expect(await send(station, act, 1, other)).toMatchObject({ factors: 1 });
    expect(factors()).toHaveLength(1);
  });

  it('a record that the station’s state refuses is left out, whole, and told; the others come in', async () => {
    await station.enrol('bob');
    const carol = new OldPasskey('carol');
    const chunk = chunkOf(
      bob.line(),
      carol.line(),
      addressLine('bob'),
      addressLine('dave'),
      addressLine('carol'),
      addressLine('carol'),
      carol.line(),
    );
    const act = await approveImport(station, chunk);
    const told = await send(station, act, 0, chunk);
    expect(told).toMatchObject({ factors: 1, destinations: 1 });
    expect(told.skipped.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '1 account-not-new',
      '3 account-not-new',
      '4 account-not-new',
      '6 destination-listed',
      '7 factor-exists',
    ]);
    expect(factors(bob.account)).toHaveLength(1);
    expect(findings(station.file, keys())).toEqual([]);
  });

  it('one wrong line refuses its chunk, with its number', async () => {
    const lower = alicesAddress.toLowerCase() as Address;
    for (const wrong of [
      bob.line({ key: `${bob.key.slice(0, -4)}AAAA` }),
      bob.line({ key: `${bob.key}=` }),
      bob.line({ sign_count: '-1' }),
      bob.line({ backup_eligible: 'yes' }),
      bob.line({ aaguid: 'none' }),
      addressLine('alice', alicesAddress, 'a\nb'),
      ` ${bob.line()}`,
    ]) {
      const chunk = chunkOf(alice.line(), wrong);
      const act = await approveImport(station, chunk);
      const refused = expect(send(station, act, 0, chunk)).rejects;
      await refused.toMatchObject({ reason: 'malformed', message: expect.stringContaining('line 2') });
    }
    const misspelled = chunkOf(alice.line(), addressLine('alice', lower));
    const d7 = await approveImport(station, misspelled);
    await expect(send(station, d7, 0, misspelled)).rejects.toMatchObject({
      reason: 'address-not-canonical',
      message: expect.stringContaining('line 2'),
    });
    const open = chunkOf(alice.line()).subarray(0, -1);
    const act = await approveImport(station, open);
    await expect(send(station, act, 0, open)).rejects.toThrow('newline');
    expect(factors()).toEqual([]);
  });

  it('S2: an account takes no more than any other: 32 passkeys, 1000 addresses', async () => {
    const keys = Array.from({ length: 33 }, (_, i) => new OldPasskey('alice', deviceOf(`number ${i}`)).line());
    const addresses = Array.from({ length: 1_001 }, (_, i) =>
      addressLine('alice', `eip155:11155111:0x${String(i + 1).padStart(40, '0')}` as Address),
    );
    const parts = [keys, ...[0, 1, 2, 3, 4].map((n) => addresses.slice(n * 220, (n + 1) * 220))];
    const chunks = parts.map((lines) => chunkOf(...lines));
    const act = await approveImport(station, ...chunks);
    const told = [];
    for (const [i, chunk] of chunks.entries()) told.push(await send(station, act, i, chunk));
    expect(told.map((one) => one.skipped.map(({ line, reason }) => `${line} ${reason}`))).toEqual([
      ['33 account-limit'],
      [],
      [],
      [],
      [],
      ['121 account-limit'],
    ]);
  });

  it('only classes that policy accepts come in, and nothing on a suspect clock', async () => {
    await station.close();
    const devices = (document: string) => document.replace('accepts: [device, synced]', 'accepts: [device]');
    station = await TestStation.open({ operators: {}, policy: devices });
    const synced = new OldPasskey('bob', deviceOf('a phone', { backup: 'syncable' }));
    const chunk = chunkOf(alice.line(), synced.line());
    const act = await approveImport(station, chunk);
    station.time.wall = (station.time.wall - hour) as WallMs;
    await station.running.timekeeper.tick();
    await expect(send(station, act, 0, chunk)).rejects.toMatchObject({ reason: 'clock-suspect' });
    station.time.wall = (station.time.wall + hour) as WallMs;
    await station.operators.act(['olivia', 'omar'], 'clock', 'acknowledge');
    const told = await send(station, act, 0, chunk);
    expect(told.skipped.map(({ line, reason }) => `${line} ${reason}`)).toEqual(['2 factor-class-refused']);
  });

  it('A8: an address comes in no more once the account’s owner added a factor of their own', async () => {
    const one = chunkOf(alice.line());
    const other = chunkOf(addressLine('alice', mallorysAddress));
    const act = await approveImport(station, one, other);
    await send(station, act, 0, one);
    await station.deliver();
    station.passDay();
    await furtherFactor(alice.customer(station), deviceOf('a further one'));
    const told = await send(station, act, 1, other);
    expect(told.skipped.map(({ reason }) => reason)).toEqual(['account-not-new']);
  });

  it('a denied address stays out, and so does what a freeze names', async () => {
    await station.close();
    const denied = (document: string) => `${document}\ndenied: ['${mallorysAddress}']\n`;
    station = await TestStation.open({ operators: {}, policy: denied });
    const chunk = chunkOf(alice.line(), addressLine('alice', mallorysAddress), bob.line(), addressLine('alice'));
    const act = await approveImport(station, chunk);
    await station.operators.sign('olivia', 'freeze', 'account:bob', 'looks odd');
    await station.operators.sign('olivia', 'freeze', `destination:${alicesAddress}`, 'looks odd');
    const told = await send(station, act, 0, chunk);
    expect(told.skipped.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '2 destination-denied',
      '3 frozen',
      '4 frozen',
    ]);
  });
});
