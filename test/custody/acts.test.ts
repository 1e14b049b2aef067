import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { audit } from '../../src/custody/audit/audit.ts';
import { foundStation } from '../../src/custody/founding.ts';
import { day, hour, type WithdrawalId } from '../../src/domain/index.ts';
import { parsePolicy } from '../../src/gate/policy.ts';
import { leaves, live, setWall } from '../attacks/attempt.ts';
import { alicesAddress, chain, ether, mallorysAddress, TestStation, walletId } from './station.ts';

/** The whole database says of itself what the journal says. */
async function expectClean(station: TestStation): Promise<void> {
  await station.stop();
  const found: unknown[] = [];
  audit({ file: station.file, stateKey: station.stateKey, logKey: station.verifierKey }, (f) => found.push(f));
  expect(found).toEqual([]);
  station.start();
}

const kinds = (station: TestStation, from: number) => leaves(station, from).map((leaf) => leaf.kind);

describe('operators’ acts', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open({ operators: {} });
  });
  afterEach(() => station.close());

  const freezes = () => station.custody.operators.station().freezes;
  const get = (id: Parameters<typeof station.custody.acts.get>[0]) => station.custody.acts.get(id);

  it('I3: one operator freezes, at once, and the journal says who and why', async () => {
    const size = station.custody.journal.size();
    const { act } = await station.operators.sign('olivia', 'freeze', 'station', 'something is wrong');
    expect(act).toMatchObject({ state: 'DONE', operators: ['olivia'] });
    expect(freezes()).toMatchObject([{ scope: 'station', active: true, who: 'olivia', why: 'something is wrong' }]);
    expect(leaves(station, size)).toMatchObject([
      { kind: 'operator-acted', fields: { operator: 'olivia', verb: 'freeze', subject: 'station', act: act.id } },
      { kind: 'act-effective', fields: { act: act.id, operators: 'olivia', w0: '', d0: '' } },
      { kind: 'frozen', fields: { scope: 'station', who: 'olivia', why: 'something is wrong' } },
    ]);
    await expectClean(station);
  });

  it('I3: a thaw takes a quorum, is announced, and ripens in witnessed time from its delivery', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const size = station.custody.journal.size();
    const prepared = await station.operators.prepare('thaw', 'station');
    expect(prepared).toMatchObject({ signatures: 2, delay: day, open: undefined, rpId: 'localhost' });
    expect(prepared.description).toMatch(/^Lift the freeze of station, which olivia made at 20.*: drill$/);
    const first = await station.operators.sign('omar', 'thaw', 'station');
    expect(first).toMatchObject({ act: { state: 'OPEN' }, signatures: 2, waiting: { reason: 'quorum-missing' } });
    const { act } = await station.operators.sign('oscar', 'thaw', 'station');
    expect(act).toMatchObject({ id: first.act.id, state: 'ANNOUNCING', operators: ['omar', 'oscar'] });
    const [, notice] = station.custody.notices.waiting(-1, 10);
    expect(notice).toMatchObject({ account: null, kind: 'act-announced', subject: act.id });
    expect(notice?.text).toContain('Lift the freeze of station');

    // F6: nothing ripens unannounced.
    station.passDay();
    await live(station, 2_000);
    expect(get(act.id).act.state).toBe('ANNOUNCING');
    await station.deliver();
    expect(get(act.id).act).toMatchObject({ state: 'RIPENING', d0: day });
    station.time.pass(day - 5_000);
    await live(station, 2_000);
    expect(get(act.id).act.state).toBe('RIPENING');
    expect(freezes()).toHaveLength(1);
    await live(station, 4_000);
    expect(get(act.id).act.state).toBe('DONE');
    expect(freezes()).toEqual([]);
    expect(kinds(station, size).filter((kind) => kind !== 'refused')).toEqual([
      'operator-acted',
      'operator-acted',
      'act-announced',
      'act-ripening',
      'act-effective',
      'thawed',
    ]);
    await expectClean(station);
  });

  it('I3: one operator refuses what ripens, at once', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act } = await station.operators.act(['omar', 'oscar'], 'thaw', 'station');
    await station.deliver();
    const refusal = await station.operators.sign('olivia', 'refuse', `act:${act.id}`);
    expect(refusal.act.state).toBe('DONE');
    expect(get(act.id).act.state).toBe('REFUSED');
    await station.operators.ripen();
    expect(freezes()).toHaveLength(1);
    await expect(station.operators.sign('omar', 'refuse', `act:${act.id}`)).rejects.toMatchObject({
      reason: 'act-settled',
    });
    await expectClean(station);
  });

  it('A13: the notice of an act that was refused sets nothing ripening', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act } = await station.operators.act(['omar', 'oscar'], 'thaw', 'station');
    await station.operators.sign('olivia', 'refuse', `act:${act.id}`);
    await station.deliver();
    expect(get(act.id).act).toMatchObject({ state: 'REFUSED', w0: null });
  });

  it('a signature that came before is answered with its act, and counts once', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { intent } = await station.operators.prepare('thaw', 'station');
    const request = {
      intent: intent.bytes,
      attestation: station.operators.named('omar').sign(intent),
      payload: new Uint8Array(),
    };
    const first = await station.custody.acts.submit(request);
    const size = station.custody.journal.size();
    const again = await station.custody.acts.submit(request);
    expect(again.act).toEqual(first.act);
    expect(station.custody.journal.size()).toBe(size);
  });

  it('two operators may sign the very same intent', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { intent } = await station.operators.prepare('thaw', 'station');
    const submit = (name: string) =>
      station.custody.acts.submit({
        intent: intent.bytes,
        attestation: station.operators.named(name).sign(intent),
        payload: new Uint8Array(),
      });
    await submit('omar');
    expect((await submit('oscar')).act.state).toBe('ANNOUNCING');
  });

  it('I9: what was signed and could not be done is done at the next second', async () => {
    const exec = station.db.exec.bind(station.db);
    let commits = 0;
    station.db.exec = (sql) => {
      if (sql === 'COMMIT' && ++commits === 2) throw Object.assign(new Error('injected'), { code: 'SQLITE_FULL' });
      exec(sql);
      return station.db;
    };
    await expect(station.operators.sign('olivia', 'freeze', 'station', 'drill')).rejects.toMatchObject({
      reason: 'storage-failed',
    });
    station.db.exec = exec;
    expect(station.custody.acts.list({ unsettled: true, limit: 10 })).toMatchObject([{ act: { state: 'OPEN' } }]);
    await station.restart();
    await live(station, 1_000);
    expect(freezes()).toMatchObject([{ scope: 'station', who: 'olivia' }]);
  });

  it('I4: an act takes effect once, whoever tries at the same time', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act } = await station.operators.act(['omar', 'oscar'], 'thaw', 'station');
    await station.deliver();
    await live(station, 2_000);
    station.passDay();
    // A decision of the same turn comes first, so that the others wait for one another.
    const first = station.store.decide({}, () => ({ result: undefined }));
    await Promise.all([first, ...[1, 2, 3].map(() => station.running.timekeeper.tick())]);
    const told = leaves(station).filter((leaf) => leaf.kind === 'act-effective' && leaf.fields['act'] === act.id);
    expect(told).toHaveLength(1);
    expect(kinds(station, 0)).not.toContain('act-ended');
    expect(get(act.id).act.state).toBe('DONE');
    expect(freezes()).toEqual([]);
  });

  it('operators who sign in the same turn all count', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const first = station.store.decide({}, () => ({ result: undefined }));
    const views = await Promise.all([
      first,
      station.operators.sign('omar', 'thaw', 'station'),
      station.operators.sign('oscar', 'thaw', 'station'),
    ]);
    const [act] = station.custody.acts.list({ unsettled: true, limit: 10 });
    expect(views).toHaveLength(3);
    expect(act?.act).toMatchObject({ state: 'ANNOUNCING', operators: ['omar', 'oscar'] });
  });

  it('an act without its quorum expires, and on a suspect clock nothing ends', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    await live(station, 1_000);
    const { act } = await station.operators.sign('omar', 'thaw', 'station');
    setWall(station, 25 * hour);
    await live(station, 2_000);
    expect(get(act.id).act.state).toBe('OPEN');
    setWall(station, -25 * hour);
    await station.operators.act(['omar', 'oscar'], 'clock', 'acknowledge');
    station.passDay();
    // Overdue already, whether or not it has been ended.
    const fresh = await station.operators.sign('oscar', 'thaw', 'station');
    expect(fresh.act).toMatchObject({ state: 'OPEN', operators: ['oscar'] });
    expect(fresh.act.id).not.toBe(act.id);
    await live(station, 1_000);
    expect(get(act.id).act.state).toBe('EXPIRED');
    expect(get(fresh.act.id).act.state).toBe('OPEN');
  });

  it('A9: the epoch, raised by a quorum in one write, ends every factor and every authorization in flight', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    const one = await station.operators.sign('olivia', 'epoch', 'factors');
    expect(one.act.state).toBe('OPEN');
    expect(station.store.look({}).station.factorEpoch).toBe(1);
    const { act } = await station.operators.sign('omar', 'epoch', 'factors');
    expect(act.state).toBe('DONE');
    expect(station.store.look({}).station.factorEpoch).toBe(2);
    await expect(station.sign(['w-1'])).rejects.toMatchObject({ reason: 'factor-revoked' });
    await expect(alice.authorize('w-2')).rejects.toMatchObject({ reason: 'destination-unripe' });
    expect(station.custody.factors.list(alice.account)).toMatchObject([{ state: 'cancelled' }]);
    expect(station.custody.destinations.list(alice.account)).toMatchObject([{ state: 'cancelled' }]);
    // What named the epoch of before is not carried over: a second raise is a second act.
    const again = await station.operators.sign('olivia', 'epoch', 'factors');
    expect(again.act).toMatchObject({ state: 'OPEN', operators: ['olivia'] });
    await expectClean(station);
  });

  it('I6: a suspect clock is acknowledged by a quorum alone; whatever was prepared before is void', async () => {
    const alice = await station.ripeCustomer('alice');
    await live(station, 1_000);
    const before = await alice.prepare('w-1');
    setWall(station, -hour);
    await live(station, 1_000);
    expect(station.custody.operators.station().clockSuspect).toBe(true);
    await station.operators.sign('olivia', 'clock', 'acknowledge');
    expect(station.custody.operators.station().clockSuspect).toBe(true);
    const { act } = await station.operators.sign('omar', 'clock', 'acknowledge');
    expect(act.state).toBe('DONE');
    expect(station.custody.operators.station().clockSuspect).toBe(false);
    await expect(
      station.custody.withdrawals.authorize({
        intent: before.intent.bytes,
        attestations: [alice.attest(before.intent.digest)],
      }),
    ).rejects.toMatchObject({ reason: 'ticket-invalid' });
    await expect(station.operators.sign('olivia', 'clock', 'acknowledge')).rejects.toMatchObject({
      reason: 'not-found',
    });
    await expectClean(station);
  });

  it('I6: a quorum vouches for a gap, never for more than the wall clock says passed unseen', async () => {
    await live(station, 2_000);
    const w = station.custody.operators.station().w;
    await expect(station.operators.prepare('clock', `vouch:${hour}`)).rejects.toMatchObject({
      reason: 'act-subject-changed',
    });
    station.time.pass(3 * hour);
    Object.assign(station.time, { mono: 1_000, uptime: 1_000, bootId: '00000000-0000-4000-8000-000000000002' });
    await live(station, 1_000);
    const seen = station.custody.operators.station().w;
    expect(seen).toBeLessThan(w + hour);
    await expect(station.operators.prepare('clock', `vouch:${3 * hour}`)).rejects.toMatchObject({
      reason: 'act-subject-changed',
    });
    await station.operators.sign('olivia', 'clock', `vouch:${2 * hour}`);
    expect(station.custody.operators.station().w).toBe(seen);
    const { act } = await station.operators.sign('oscar', 'clock', `vouch:${2 * hour}`);
    expect(act.state).toBe('DONE');
    expect(station.custody.operators.station().w).toBe(seen + 2 * hour);
    await live(station, 40_000);
    expect(station.custody.operators.station().w).toBe(seen + 2 * hour + 40_000);
    await expectClean(station);
  });

  it('I3: a freeze works on a suspect clock and on a frozen station; nothing that loosens does', async () => {
    await live(station, 1_000);
    await station.operators.sign('olivia', 'freeze', 'station', 'first');
    setWall(station, -hour);
    await live(station, 1_000);
    const { act } = await station.operators.sign('omar', 'freeze', `wallet:${walletId}`, 'second');
    expect(act.state).toBe('DONE');
    expect((await station.operators.sign('omar', 'operators', 'suspend:oscar', 'gone')).act.state).toBe('DONE');
    await expect(station.operators.sign('olivia', 'thaw', 'station')).rejects.toMatchObject({
      reason: 'clock-suspect',
    });
    expect(freezes()).toHaveLength(2);
  });

  it('D7: a freeze of what policy does not name, or names otherwise, is refused', async () => {
    for (const scope of ['wallet:none', 'chain:eip155:1', `asset:${chain}/slip44:61`, 'planet:earth', 'station:']) {
      await expect(station.operators.prepare('freeze', scope, 'x'), scope).rejects.toMatchObject({
        reason: 'malformed',
      });
    }
    const lower = alicesAddress.toLowerCase();
    await expect(station.operators.prepare('freeze', `destination:${lower}`, 'x')).rejects.toMatchObject({
      reason: 'address-not-canonical',
    });
    for (const scope of ['account:alice', `asset:${ether}`, `destination:${mallorysAddress}`, `chain:${chain}`]) {
      await station.operators.sign('olivia', 'freeze', scope, 'drill');
    }
    expect(freezes()).toHaveLength(4);
    // The account is a person's: the log has a commitment.
    const told = leaves(station).filter((leaf) => leaf.kind === 'operator-acted' || leaf.kind === 'frozen');
    expect(JSON.stringify(told)).not.toContain('alice');
    expect(JSON.stringify(told)).not.toContain(mallorysAddress);
    await expectClean(station);
  });

  it('A13: an objection freezes, tells the operators, and names what is past cancelling', async () => {
    const alice = await station.ripeCustomer('alice');
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    await alice.authorize('w-1');
    await alice.authorize('w-2');
    await station.sign(['w-1']);
    await station.settle();
    const notice = station.custody.notices.waiting(-1, 10).find((n) => n.subject === 'w-1');
    const reported = await station.custody.notices.report(notice?.token ?? '');
    expect(reported).toEqual({ account: 'alice', cancelled: ['withdrawal w-2'], disputed: ['withdrawal w-1'] });
    const told = station.custody.notices.waiting(-1, 10).find((n) => n.kind === 'frozen');
    expect(told).toMatchObject({ account: null, subject: 'account:alice' });
    expect(told?.text).toContain('withdrawal w-1');
    expect(told?.text).toContain('withdrawal w-2');
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    expect(station.signer.seen).toEqual([]);
    expect(station.custody.withdrawals.get('w-1' as WithdrawalId).state).toBe('COMMITTED');
    await expect(station.custody.notices.report(told?.token ?? '')).rejects.toMatchObject({ reason: 'not-found' });
    await expectClean(station);
  });

  it('the station shows its people, how they stand, and every freeze', async () => {
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'lost the key');
    expect(station.custody.operators.station().operators).toMatchObject({
      quorum: 2,
      recoveryQuorum: 2,
      people: [
        { name: 'olivia', recovery: false, suspended: undefined },
        { name: 'omar', recovery: false, suspended: { by: 'olivia', why: 'lost the key' } },
        { name: 'oscar', recovery: false, suspended: undefined },
        { name: 'rita', recovery: true },
        { name: 'rolf', recovery: true },
        { name: 'rosa', recovery: true },
      ],
    });
  });

  it('an act is told to whoever watches it', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act } = await station.operators.sign('omar', 'thaw', 'station');
    const states: string[] = [];
    const unwatch = station.custody.acts.watch([act.id], (record) => states.push(record.state));
    await station.operators.sign('oscar', 'thaw', 'station');
    await station.operators.ripen();
    unwatch();
    expect(states).toEqual(['OPEN', 'OPEN', 'ANNOUNCING', 'RIPENING', 'DONE']);
  });
});

it('an act whose delay is short takes effect once that has passed, though it was tried while its notice was on its way', async () => {
  const station = await TestStation.open({ operators: { delays: { thaw: '2s' } } });
  await station.operators.sign('olivia', 'freeze', 'station', 'a test');
  await station.operators.act(['olivia', 'omar'], 'thaw', 'station');
  await live(station, 3_000);
  expect(station.custody.operators.station().freezes).toHaveLength(1);
  await station.deliver();
  await live(station, 3_000);
  expect(station.custody.operators.station().freezes).toEqual([]);
  await station.close();
});

describe('where operators are founded', () => {
  it('S5: one certificate speaks for nobody', async () => {
    const station = await TestStation.open({ operators: {} });
    const { operators } = station.custody;
    for (const call of [
      () => operators.freeze('station', 'ops-1', 'drill'),
      () => operators.thaw('station', 'ops-1', 'drill'),
      () => operators.acknowledgeClock('ops-1', 'drill'),
    ])
      await expect(call()).rejects.toMatchObject({ reason: 'operators-founded' });
    await station.close();
  });

  it('where they are not, there are no acts', async () => {
    const station = await TestStation.open();
    await expect(station.operators.prepare('freeze', 'station', 'drill')).rejects.toMatchObject({
      reason: 'operators-unfounded',
    });
    expect(station.custody.operators.station().operators).toBeUndefined();
    await station.close();
  });

  it('S11: a key that does not parse founds no station and starts none: it would silently be nobody’s', async () => {
    const spoil = (document: string) => document.replace(/(name: omar, credential: \S+ key: )\w{8}/, '$1AAAAAAAA');
    await expect(TestStation.open({ operators: {}, policy: spoil })).rejects.toThrow('policy.operators.omar.key');
    const station = await TestStation.open({ operators: {} });
    const document = station.store.policy(station.policyHash) ?? '';
    const spoilt = parsePolicy(parse(spoil(document)));
    expect(() =>
      foundStation({
        file: ':memory:',
        stateKey: station.stateKey,
        policyDocument: document,
        policy: spoilt,
        reading: station.time.read(),
        simulated: true,
        journalKey: station.verifierKey,
        stationId: station.stationId,
      }),
    ).toThrow('policy.operators.omar.key');
    await station.stop();
    const policy = Object.getOwnPropertyDescriptor(station, 'policy') ?? {};
    Object.defineProperty(station, 'policy', { ...policy, value: spoilt });
    expect(() => station.start()).toThrow('policy.operators.omar.key');
    Object.defineProperty(station, 'policy', policy);
    station.db.close();
    rmSync(station.folder, { recursive: true });
  });
});
