import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { leaves, refused } from './attempt.ts';
import { destinationIntent, deviceOf, furtherFactor, prepareFactor, restartUnder } from './people.ts';

describe('A14: what a thief attested, after the thief’s factor is revoked', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  /** Her last factor's revocation froze the account: what holds without that is looked at here. */
  const thaw = () => station.custody.operators.thaw('account:alice', 'ops-1', 'a test');

  const states = () =>
    Object.fromEntries(station.custody.factors.list(alice.account).map((f) => [f.record.id, f.state]));

  it('A14: a factor and a destination that still ripen go with it, at once, and each leaves its proof', async () => {
    const stolen = await furtherFactor(alice, deviceOf('thief'));
    await alice.list('entry-2', mallorysAddress);
    await station.deliver();
    const size = station.custody.journal.size();
    const { cancelled } = await station.custody.factors.revoke(alice.credential);
    expect(cancelled).toEqual([`factor ${stolen.credential}`, 'destination entry-2']);
    expect(leaves(station, size).map((leaf) => leaf.kind)).toEqual([
      'factor-revoked',
      'factor-revoked',
      'destination-removed',
      'frozen',
    ]);
    expect(states()).toEqual({ [alice.credential]: 'removed', [stolen.credential]: 'cancelled' });
    await station.restart();
    await thaw();
    station.passDay();
    await refused(
      station,
      () => stolen.authorize('w-1', { destination: mallorysAddress }),
      'destination-unlisted',
      'withdrawal',
    );
    await refused(station, () => stolen.authorize('w-1'), 'factor-revoked', 'withdrawal');
  });

  it('A14: it reaches what a ripening factor’s factors attested, however far', async () => {
    const second = await furtherFactor(alice, deviceOf('second'));
    station.passDay();
    const third = await furtherFactor(second, deviceOf('third'));
    const { intent } = { intent: await destinationIntent(second, 'entry-2', mallorysAddress) };
    await station.custody.destinations.add({ intent: intent.bytes, attestations: [second.attest(intent.digest)] });
    // The second is ripe, so that it stays when the first goes; what the second attested goes with the second.
    expect((await station.custody.factors.revoke(alice.credential)).cancelled).toEqual([]);
    expect((await station.custody.factors.revoke(second.credential)).cancelled).toEqual([
      `factor ${third.credential}`,
      'destination entry-2',
    ]);
  });

  /** A factor that two others attest, announced. */
  const attestedBy = async (name: string, one: Customer, other: Customer): Promise<Customer> => {
    const device = deviceOf(name);
    const { intent, registration, credential } = await prepareFactor(station, alice.account, device, one.credential);
    const attestations = [one, other].map((by) => by.attest(intent.digest));
    const approval = { kind: 'attestations', attestations } as const;
    await station.custody.factors.add({ intent: intent.bytes, registration, approval });
    await station.deliver();
    return new Customer(station, alice.account, device, credential);
  };

  it('A14: what two factors attested goes with either of them, and with it what rests on it, however far', async () => {
    const second = await furtherFactor(alice, deviceOf('second'));
    station.passDay();
    for (const [i, revoked] of [second, alice].entries()) {
      const other = revoked === second ? alice : await furtherFactor(alice, deviceOf('another'));
      if (other !== alice) station.passDay();
      const by = revoked === second ? [alice, second] : [other, alice];
      const third = await attestedBy(`third ${i}`, by[0] ?? alice, by[1] ?? alice);
      const { record } =
        station.custody.factors.list(alice.account).find((f) => f.record.id === third.credential) ?? {};
      expect(record?.attestedBy).toEqual(by.map((one) => one.credential));
      const { cancelled } = await station.custody.factors.revoke(revoked.credential);
      expect(cancelled).toEqual([`factor ${third.credential}`]);
    }
  });

  it('A14: where a longer delay makes a whole chain wait again, all of it goes with its first, and what its last listed', async () => {
    const chain = [alice];
    for (const name of ['second', 'third']) {
      chain.push(await furtherFactor(chain.at(-1) ?? alice, deviceOf(name)));
      station.passDay();
    }
    const last = chain.at(-1) ?? alice;
    await last.list('entry-2', mallorysAddress);
    await station.deliver();
    await restartUnder(station, (d) => d.replace('factor: 24h', 'factor: 30d'));
    const { cancelled } = await station.custody.factors.revoke(alice.credential);
    expect(cancelled).toEqual([...chain.slice(1).map((f) => `factor ${f.credential}`), 'destination entry-2']);
  });

  it('A14: a withdrawal that it authorized ends, unless a transaction pays it already', async () => {
    await alice.authorize('w-1');
    await alice.authorize('w-2');
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    await station.sign(['w-1']);
    await station.settle();
    expect((await station.custody.factors.revoke(alice.credential)).cancelled).toEqual(['withdrawal w-2']);
    await thaw();
    await refused(
      station,
      () => station.sign(['w-2'], station.payment({ nonce: 1 })),
      'withdrawal-not-payable',
      'transaction',
    );
    // And that transaction is not sent: its approval no longer stands.
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    expect(station.signer.seen).toEqual([]);
  });
});
