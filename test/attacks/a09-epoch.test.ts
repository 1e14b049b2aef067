import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCreationOptions } from '../../simulators/authenticator/options.ts';
import { type AccountId, type FactorId, hour, minute, type WithdrawalId } from '../../src/domain/index.ts';
import { approveImport, chunkOf, OldPasskey, send } from '../custody/importing.ts';
import { Customer, ether, mallorysAddress, TestStation } from '../custody/station.ts';
import { leaves, refused } from './attempt.ts';
import { deviceOf, furtherFactor, prepareFactor } from './people.ts';

const two = ['olivia', 'omar'] as const;
const one = 10n ** 18n;

describe('A9: every factor of every customer is compromised', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    // From two ether on a withdrawal is held for an operator.
    const policy = (d: string) => `${d}bands: [{ asset: '${ether}', above: '${2n * one - 1n}', operators: 1 }]\n`;
    station = await TestStation.open({ operators: {}, policy });
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const raise = () => station.operators.act(two, 'epoch', 'factors');
  const state = (id: string) => station.custody.withdrawals.get(id as WithdrawalId).state;
  /** Rows that SQLite has changed since the database was opened. */
  const changes = (): number => {
    const row = station.db.prepare<[], { n: number }>('SELECT total_changes() AS n').get();
    return row?.n ?? Number.NaN;
  };

  it('A9: one act of a quorum, journalled, ends factors, destinations and authorizations in flight; operators keep theirs', async () => {
    const second = await furtherFactor(alice, deviceOf('second'));
    await alice.list('entry-2', mallorysAddress);
    await station.deliver();
    await alice.authorize('w-1');
    await alice.authorize('w-2', { amount: 2n * one });
    expect([state('w-1'), state('w-2')]).toEqual(['AUTHORIZED', 'HELD']);
    const size = station.custody.journal.size();
    const { act } = await raise();
    expect(act.state).toBe('DONE');
    expect(leaves(station, size).map((leaf) => leaf.kind)).toEqual([
      'operator-acted',
      'operator-acted',
      'act-effective',
      'epoch-raised',
    ]);
    // At once, and before anything of theirs was written: dead to whoever looks, and to whoever asks.
    const ended = () => {
      expect(station.custody.factors.list(alice.account).map((f) => f.state)).toEqual(['cancelled', 'cancelled']);
      expect(station.custody.destinations.list(alice.account).map((d) => d.state)).toEqual(['cancelled', 'cancelled']);
      expect([state('w-1'), state('w-2')]).toEqual(['CANCELLED', 'CANCELLED']);
      expect(station.custody.acts.held(10)).toEqual([]);
    };
    ended();
    await refused(station, () => station.sign(['w-1']), 'factor-revoked', 'transaction');
    await expect(station.operators.prepare('approve', 'withdrawal:w-2')).rejects.toMatchObject({
      reason: 'act-subject-changed',
    });
    await refused(station, () => alice.authorize('w-3'), 'destination-unripe', 'withdrawal');
    expect(second.account).toBe(alice.account);
    await station.restart();
    ended();
    // The sweep writes it down, and gives back what they had reserved.
    const swept = station.custody.journal.size();
    await station.running.timekeeper.tick(minute);
    const told = leaves(station, swept).filter((leaf) => leaf.kind === 'withdrawal-ended');
    expect(told.map(({ fields }) => [fields['withdrawal'], fields['state'], fields['by']])).toEqual([
      ['w-1', 'CANCELLED', 'epoch'],
      ['w-2', 'CANCELLED', 'epoch'],
    ]);
    await station.running.timekeeper.tick(minute);
    expect(leaves(station, swept).filter((leaf) => leaf.kind === 'withdrawal-ended')).toHaveLength(2);
    ended();
    // Operators go on.
    await station.operators.sign('oscar', 'freeze', 'station', 'drill');
    expect(station.custody.operators.station().freezes.map(({ scope }) => scope)).toEqual(['station']);
  });

  it('A9: whoever enrolled before only recovers: neither a voucher nor a dead factor lets another in', async () => {
    await raise();
    const prepared = await prepareFactor(station, alice.account, deviceOf('new'), undefined);
    const { credential, key, intent, registration } = prepared;
    const jws = await station.voucher({ account: 'alice', credential, key, station: prepared.station });
    const vouched = () =>
      station.custody.factors.add({ intent: intent.bytes, registration, approval: { kind: 'voucher', jws } });
    await refused(station, vouched, 'voucher-not-first', 'factor');
    const further = await prepareFactor(station, alice.account, deviceOf('new'), alice.credential);
    const attestations = [alice.attest(further.intent.digest)];
    const attested = () =>
      station.custody.factors.add({
        intent: further.intent.bytes,
        registration: further.registration,
        approval: { kind: 'attestations', attestations },
      });
    await refused(station, attested, 'factor-revoked', 'factor');
    // To revoke what is dead already takes nothing more away, and freezes nobody.
    await station.custody.factors.revoke(alice.credential);
    expect(station.custody.operators.station().freezes).toEqual([]);
    const options = parseCreationOptions(await station.custody.factors.begin(alice.account));
    // The device that holds the dead one may make the new one: most people have no other.
    expect(options.excludeCredentials ?? []).toEqual([]);
    const response = new TextEncoder().encode(JSON.stringify(deviceOf('new').create(options)));
    const { act } = await station.operators.act(two, 'admit', 'account:alice', response);
    expect(act.state).toBe('DONE');
    expect(station.store.read('factors', credential)).toMatchObject({ admission: 'recovery', epoch: 2 });
    expect(station.custody.operators.account(alice.account).recoversUntil).toBeGreaterThan(station.time.wall);
    await station.deliver();
    station.time.pass(72 * hour);
    expect(station.custody.factors.list(alice.account).at(-1)?.state).toBe('ripe');
    // A recovery that the epoch ended keeps nothing from being added any more.
    const again = parseCreationOptions(await station.custody.factors.begin(alice.account));
    const newer = new TextEncoder().encode(JSON.stringify(deviceOf('newer').create(again)));
    await station.operators.act(two, 'admit', 'account:alice', newer);
    await raise();
    expect(station.custody.operators.account(alice.account).recoversUntil).toBeUndefined();
  });

  it('A9: what an account may have at most does not keep it from recovering, and what the epoch ended takes none of its room', async () => {
    const names = ['bob', 'carol'] as const;
    const chunks = names.map((name) =>
      chunkOf(...Array.from({ length: 32 }, (_, i) => new OldPasskey(name, deviceOf(`${name}’s ${i}`)).line())),
    );
    const act = await approveImport(station, ...chunks);
    for (const [i, chunk] of chunks.entries()) await send(station, act, i, chunk);
    const recover = async (name: string) => {
      const device = deviceOf(`${name}’s new one`);
      const made = device.create(parseCreationOptions(await station.custody.factors.begin(name as AccountId)));
      const response = new TextEncoder().encode(JSON.stringify(made));
      const admitted = await station.operators.act(two, 'admit', `account:${name}`, response);
      expect(admitted.act.state).toBe('DONE');
      await station.deliver();
      station.time.pass(73 * hour);
      return new Customer(station, name, device, made.id as FactorId);
    };
    // All that it has may be live, heaped up by a thief.
    await recover('carol');
    await raise();
    const bob = await recover('bob');
    await furtherFactor(bob, deviceOf('bob’s second'));
    const states = station.custody.factors.list(bob.account).map((f) => f.state);
    expect(states).toEqual([...Array.from({ length: 32 }, () => 'cancelled'), 'ripe', 'pending']);
  });

  it('A9: a million factors are ended by as few writes as one: counted, not timed', { timeout: 300_000 }, async () => {
    const few = changes();
    await raise();
    const cost = changes() - few;
    expect(cost).toBeGreaterThan(0);
    expect(cost).toBeLessThan(60);
    // Written by hand under codes that nobody reads: whatever would look at them one by one would find them forged.
    const others: Record<string, string> = {
      id: "'factor-of-nobody-' || i",
      account: "'account-' || i",
      state: "'pending'",
      intent: "X''",
      evidence: "X''",
    };
    const columns = station.db.prepare<[], { name: string }>("SELECT name FROM pragma_table_info('factors')").all();
    station.db.exec(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
      INSERT INTO factors SELECT ${columns.map(({ name }) => others[name] ?? name).join(', ')}
      FROM n, (SELECT * FROM factors LIMIT 1)`);
    const [{ n } = { n: 0 }] = station.db.prepare<[], { n: number }>('SELECT count(*) AS n FROM factors').all();
    expect(n).toBe(1_000_001);
    const many = changes();
    await raise();
    // The tree over the journal takes a node more or less, as its size comes.
    expect(Math.abs(changes() - many - cost)).toBeLessThan(8);
    expect(station.store.read('station', 'station')?.factorEpoch).toBe(3);
    expect(station.store.tampered).toBeUndefined();
  });
});
