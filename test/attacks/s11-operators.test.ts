import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { policyHash } from '../../src/custody/founding.ts';
import type { ActId, WithdrawalId } from '../../src/domain/index.ts';
import { parsePolicy } from '../../src/gate/policy.ts';
import { type Customer, ether, TestStation } from '../custody/station.ts';
import { leaves, live, refused } from './attempt.ts';

const bands = (document: string): string => `${document}bands: [{ asset: '${ether}', above: '1', operators: 2 }]\n`;

describe('S11: one operator against the others', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({ operators: {}, policy: bands });
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const state = (id: ActId) => station.custody.acts.get(id).act.state;
  const frozen = () => station.custody.operators.station().freezes.map(({ scope }) => scope);
  const suspended = () =>
    station.custody.operators
      .station()
      .operators?.people.filter((p) => p.suspended !== undefined)
      .map((p) => p.name);

  it('S11: suspending the others lowers no quorum: whoever is left alone decides nothing', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'mine now');
    await station.operators.sign('olivia', 'operators', 'suspend:oscar', 'mine now');
    expect(suspended()).toEqual(['omar', 'oscar']);
    expect(station.custody.operators.station().operators?.quorum).toBe(2);
    const { act } = await station.operators.sign('olivia', 'thaw', 'station');
    expect(state(act.id)).toBe('OPEN');
    await station.operators.ripen();
    expect(state(act.id)).toBe('EXPIRED');
    expect(frozen()).toEqual(['station']);
  });

  it('S11: a suspended operator signs nothing, not even a freeze, and suspends nobody', async () => {
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'lost the key');
    for (const [verb, subject, why] of [
      ['freeze', 'station', 'drill'],
      ['operators', 'suspend:olivia', 'revenge'],
      ['epoch', 'factors', ''],
    ] as const)
      await refused(station, () => station.operators.sign('omar', verb, subject, why), 'operator-suspended', 'act');
  });

  it('S11: a signature that was made before its operator was suspended does not complete a quorum', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act } = await station.operators.sign('omar', 'thaw', 'station');
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'lost the key');
    const second = await station.operators.sign('oscar', 'thaw', 'station');
    expect(second).toMatchObject({ act: { id: act.id, state: 'OPEN' }, waiting: { reason: 'quorum-missing' } });
    const third = await station.operators.sign('olivia', 'thaw', 'station');
    expect(third.act.state).toBe('ANNOUNCING');
    const [effective] = [
      await station.operators.ripen(),
      leaves(station).find((l) => l.kind === 'act-effective' && l.fields['act'] === act.id),
    ].slice(1);
    expect(effective).toMatchObject({ fields: { operators: 'oscar olivia' } });
  });

  it('S11: nor does it count when the act takes effect: then the act waits for another', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act } = await station.operators.act(['omar', 'oscar'], 'thaw', 'station');
    await station.deliver();
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'lost the key');
    station.passDay();
    await live(station, 2_000);
    expect(state(act.id)).toBe('RIPENING');
    expect(frozen()).toEqual(['station']);
    const view = await station.operators.sign('olivia', 'thaw', 'station');
    expect(view.act).toMatchObject({ id: act.id, state: 'DONE' });
    expect(frozen()).toEqual([]);
  });

  it('S11: nor at the device: what operators approved waits for others when one of them is suspended', async () => {
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    for (const id of ['w-1', 'w-2']) {
      await alice.authorize(id);
      await station.operators.act(['omar', 'oscar'], 'approve', `withdrawal:${id}`);
    }
    const { id } = await station.sign(['w-1']);
    await station.settle();
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'lost the key');
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'quorum-missing' });
    await refused(station, () => station.sign(['w-2'], station.payment({ nonce: 1 })), 'quorum-missing', 'transaction');
    expect(station.signer.seen).toEqual([]);
    // The two who are left approve anew, up to the device. An intent of the same second would be the one that was signed before.
    station.time.pass(1_000);
    const again = await station.operators.act(['olivia', 'oscar'], 'approve', 'withdrawal:w-1');
    expect(again.act.state).toBe('DONE');
    await station.settle();
    expect(station.custody.transactions.get(id)).toMatchObject({ blockedBy: null, state: 'SIGNED' });
    const { act } = await station.operators.act(['olivia', 'oscar'], 'approve', 'withdrawal:w-2');
    expect(station.custody.withdrawals.get('w-2' as WithdrawalId)).toMatchObject({ state: 'AUTHORIZED', act: act.id });
    await station.sign(['w-2'], station.payment({ nonce: 1 }));
  });

  it('S11: reinstating takes a quorum without the suspended one, and ripens', async () => {
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'lost the key');
    await refused(
      station,
      () => station.operators.sign('omar', 'operators', 'reinstate:omar'),
      'operator-suspended',
      'act',
    );
    await station.operators.act(['olivia', 'oscar'], 'operators', 'reinstate:omar');
    expect(suspended()).toEqual(['omar']);
    await station.operators.ripen();
    expect(suspended()).toEqual([]);
    expect((await station.operators.sign('omar', 'freeze', 'station', 'drill')).act.state).toBe('DONE');
  });

  it('S11: approvals of one suspension do not undo the next', async () => {
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'first');
    await station.operators.act(['olivia', 'oscar'], 'operators', 'reinstate:omar');
    await station.operators.ripen();
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'first');
    const old = leaves(station).find((l) => l.kind === 'operator-acted' && l.fields['subject'] === 'reinstate:omar');
    const fresh = await station.operators.sign('oscar', 'operators', 'reinstate:omar');
    expect(fresh.act.id).not.toBe(old?.fields['act']);
    expect(fresh.act).toMatchObject({ state: 'OPEN', operators: ['oscar'] });
  });

  it('S11: where one suspended all others, the recovery quorum reinstates them, and nothing else', async () => {
    for (const name of ['omar', 'oscar'])
      await station.operators.sign('olivia', 'operators', `suspend:${name}`, 'mine');
    await refused(
      station,
      () => station.operators.sign('rita', 'freeze', 'station', 'drill'),
      'operator-unknown',
      'act',
    );
    await station.operators.act(['rita', 'rolf'], 'operators', 'reinstate:omar');
    await station.operators.ripen();
    expect(suspended()).toEqual(['oscar']);
    // One of each quorum is neither.
    await station.operators.act(['olivia', 'rita'], 'operators', 'reinstate:oscar');
    await station.operators.ripen();
    expect(suspended()).toEqual(['oscar']);
  });

  it('S11: one operator neither suspends the recovery quorum nor refuses it away: it suspends the one, then reinstates', async () => {
    const suspend = (by: string, whom: string) => station.operators.sign(by, 'operators', `suspend:${whom}`, 'mine');
    for (const name of ['omar', 'oscar']) await suspend('olivia', name);
    for (const name of ['rita', 'rolf', 'rosa']) expect((await suspend('olivia', name)).act.state).toBe('OPEN');
    expect(suspended()).toEqual(['omar', 'oscar']);

    const { act: first } = await station.operators.act(['rita', 'rolf'], 'operators', 'reinstate:omar');
    await station.operators.sign('olivia', 'refuse', `act:${first.id}`);
    expect(state(first.id)).toBe('REFUSED');
    expect((await suspend('rita', 'olivia')).act.state).toBe('OPEN');
    expect((await suspend('rolf', 'olivia')).act.state).toBe('DONE');
    station.time.pass(1_000);
    const { act: second } = await station.operators.act(['rita', 'rolf'], 'operators', 'reinstate:omar');
    await expect(station.operators.sign('olivia', 'refuse', `act:${second.id}`)).rejects.toMatchObject({
      reason: 'operator-suspended',
    });
    await station.operators.ripen();
    expect(state(second.id)).toBe('DONE');
  });

  it('S11: a quorum of operators suspends one of the recovery quorum, whose acts are bounded as theirs are', async () => {
    await station.operators.act(['olivia', 'omar'], 'operators', 'suspend:rita', 'her key is lost');
    expect(suspended()).toEqual(['rita']);
    for (let i = 0; i < 16; i++) await station.operators.sign('rolf', 'operators', 'suspend:omar', `why ${i}`);
    await refused(
      station,
      () => station.operators.sign('rolf', 'operators', 'suspend:omar', 'once more'),
      'act-limit',
      'act',
    );
  });

  it('S11: nobody whom policy does not name is suspended, and nobody twice', async () => {
    const suspend = (name: string) => () => station.operators.sign('olivia', 'operators', `suspend:${name}`, 'why');
    await refused(station, suspend('mallory'), 'operator-unknown', 'none');
    await refused(station, suspend('Omar'), 'malformed', 'none');
    await suspend('omar')();
    await refused(station, suspend('omar'), 'operator-suspended', 'none');
    await refused(station, () => station.operators.prepare('operators', 'remove:omar'), 'malformed', 'none');
  });

  it('S11: an act lapses when another policy takes effect; a freeze does not rest on any', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act } = await station.operators.act(['omar', 'oscar'], 'thaw', 'station');
    await station.deliver();
    const freeze = await station.operators.prepare('freeze', 'account:bob', 'drill');
    const thaw = await station.operators.prepare('thaw', 'station');

    const document = station.store.policy(station.policyHash) ?? '';
    const changed = `${document}# another policy\n`;
    const hash = policyHash(changed);
    const record = { ...station.store.look({}).station, policy: hash };
    const write = { table: 'station', record } as const;
    await station.store.decide({}, () => ({ result: undefined, writes: [write] }));
    await station.stop();
    Object.defineProperty(station, 'policyHash', { value: hash });
    Object.defineProperty(station, 'policy', { value: parsePolicy(parse(changed)) });
    station.start();

    station.passDay();
    const anew = await station.operators.sign('omar', 'thaw', 'station');
    expect(anew.act).toMatchObject({ state: 'OPEN', operators: ['omar'], base: hash });
    await live(station, 2_000);
    expect(state(act.id)).toBe('LAPSED');
    expect(state(anew.act.id)).toBe('OPEN');
    expect(frozen()).toEqual(['station']);
    const submit = (prepared: typeof freeze, payload: string) =>
      station.custody.acts.submit({
        intent: prepared.intent.bytes,
        attestation: station.operators.named('olivia').sign(prepared.intent),
        payload: new TextEncoder().encode(payload),
      });
    await expect(submit(thaw, '')).rejects.toMatchObject({ reason: 'act-lapsed' });
  });
});
