import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyHash } from '../../src/custody/founding.ts';
import { type ActId, hour } from '../../src/domain/index.ts';
import { type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';

const looser = (d: string): string => d.replace('nonce_window: 4', 'nonce_window: 9');
const tighter = (d: string): string => d.replace('nonce_window: 4', 'nonce_window: 3');

describe('S11: a policy against the one that came after it', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({ operators: {} });
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const inForce = () => station.store.look({}).station.policy;
  const state = (id: ActId) => station.custody.acts.get(id).act.state;
  const propose = (change: (d: string) => string, names = ['olivia', 'omar']) =>
    station.operators.act(names, 'policy', 'document', station.document(change));

  it('S11: P1, looser, ripens; P2, tighter, takes effect meanwhile: P1 lapses', async () => {
    const p1 = await propose(looser);
    expect(p1.act.state).toBe('ANNOUNCING');
    await station.deliver();
    await propose(tighter);
    expect(inForce()).toBe(policyHash(station.document(tighter)));
    await station.operators.ripen();
    expect(state(p1.act.id)).toBe('LAPSED');
    expect(inForce()).toBe(policyHash(station.document(tighter)));
  });

  it('S11: a signature for P1 that was made before P2 took effect counts for nothing after it', async () => {
    const { intent } = await station.operators.prepare('policy', 'document', station.document(looser));
    await propose(tighter);
    const attestation = station.operators.named('olivia').sign(intent);
    const payload = new TextEncoder().encode(station.document(looser));
    await expect(station.custody.acts.submit({ intent: intent.bytes, attestation, payload })).rejects.toMatchObject({
      reason: 'act-lapsed',
    });
  });

  it('S5: one operator changes no policy, not even to tighten it, and not by signing twice', async () => {
    await station.operators.sign('olivia', 'policy', 'document', station.document(tighter));
    station.time.pass(1_000);
    await expect(
      station.operators.sign('olivia', 'policy', 'document', station.document(tighter)),
    ).rejects.toMatchObject({ reason: 'already-approved' });
    expect(inForce()).toBe(station.policyHash);
  });

  it('S5: operators who signed one document put no other in force', async () => {
    const { intent } = await station.operators.prepare('policy', 'document', station.document(tighter));
    const attestation = station.operators.named('olivia').sign(intent);
    const payload = new TextEncoder().encode(station.document(looser));
    await expect(station.custody.acts.submit({ intent: intent.bytes, attestation, payload })).rejects.toMatchObject({
      reason: 'act-subject-changed',
    });
  });

  it('S11: a quorum does not take the others away at once: it ripens, and whoever is to go refuses it', async () => {
    const mallory = (d: string): string => d.replace(/, \{ name: oscar[^}]*\}/, '');
    expect(station.document(mallory)).not.toContain('oscar');
    const act = await propose(mallory);
    expect(act.act.state).toBe('ANNOUNCING');
    await station.operators.sign('oscar', 'refuse', `act:${act.act.id}`);
    await station.operators.ripen();
    expect(inForce()).toBe(station.policyHash);
  });

  it('S11: whom a new policy does not name signs nothing any more', async () => {
    await propose((d) => d.replace(/, \{ name: oscar[^}]*\}/, ''));
    await station.operators.ripen();
    await expect(station.operators.sign('oscar', 'freeze', 'station', 'still here')).rejects.toMatchObject({
      reason: 'operator-unknown',
    });
  });

  it('D6: a delay that operators shorten frees nothing before its old delay has passed', async () => {
    await alice.list('entry-2', mallorysAddress);
    await propose((d) => d.replace('destination: 24h', 'destination: 1h'));
    const pay = () => alice.authorize('w-1', { destination: mallorysAddress });
    // The entry is announced only now: its 24 hours begin after the policy's were waited out.
    station.time.pass(hour);
    for (const notice of station.custody.notices.waiting(-1, 1_000))
      if (notice.kind === 'act-announced') await station.custody.notices.acknowledge(notice.id);
    station.passDay();
    await station.running.timekeeper.tick();
    expect(station.running.policyDocument()).toContain('destination: 1h');
    await station.deliver();
    const entry = station.store.read('destinations', 'entry-2');
    expect(entry?.d0).toBe(hour);
    await refused(station, pay, 'destination-unripe', 'withdrawal');
  });
});

describe('D6: shortened while something is pending', () => {
  it('D6: what was pending under the old delay waits it out under the new policy', async () => {
    const station = await TestStation.open({ operators: { delays: { policy: '1h' } } });
    const alice = await station.ripeCustomer('alice');
    await alice.list('entry-2', mallorysAddress);
    await station.deliver();
    await station.operators.act(
      ['olivia', 'omar'],
      'policy',
      'document',
      station.document((d) => d.replace('destination: 24h', 'destination: 1h')),
    );
    await station.deliver();
    station.time.pass(2 * hour);
    await station.running.timekeeper.tick();
    expect(station.running.policyDocument()).toContain('destination: 1h');
    const pay = () => alice.authorize('w-1', { destination: mallorysAddress });
    await refused(station, pay, 'destination-unripe', 'withdrawal');
    station.time.pass(23 * hour);
    expect((await pay()).state).toBe('AUTHORIZED');
    await station.close();
  });
});
