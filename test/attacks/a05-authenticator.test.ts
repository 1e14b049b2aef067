import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import type { Deviation } from '../../simulators/authenticator/deviation.ts';
import { parseAccountId, type Reason } from '../../src/domain/index.ts';
import { type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { destinationIntent, deviceOf, furtherFactor, prepareFactor, restartUnder } from './people.ts';

describe('A5: an assertion that policy or WebAuthn does not allow', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const attacks: readonly [string, Deviation, Reason][] = [
    ['UV missing', { userVerified: false }, 'user-not-verified'],
    ['UP missing', { userPresent: false }, 'user-not-present'],
    ['BE changed', { backupEligible: true }, 'backup-state-invalid'],
    ['BS without BE', { backedUp: true }, 'backup-state-invalid'],
    ['counter gone back', { counter: 0 }, 'counter-regressed'],
    ['counter standing still', { counter: 1 }, 'counter-regressed'],
    ['foreign origin', { origin: 'https://approve.example.evil.example' }, 'origin-mismatch'],
    ['origin of the login page', { origin: 'https://www.approve.example' }, 'origin-mismatch'],
    ['origin without TLS', { origin: 'http://approve.example' }, 'origin-mismatch'],
    ['foreign RP', { hashedRpId: 'evil.example' }, 'rp-mismatch'],
    ['in an iframe', { crossOrigin: true }, 'cross-origin'],
    ['in an iframe of a named page', { crossOrigin: true, topOrigin: 'https://evil.example' }, 'cross-origin'],
    ['another ceremony', { type: 'webauthn.create' }, 'attestation-invalid'],
    ['a signature that was touched', { tamper: 'signature' }, 'signature-invalid'],
    ['authenticator data that were touched', { tamper: 'authenticatorData' }, 'signature-invalid'],
    ['client data that were touched', { tamper: 'clientDataJSON' }, 'signature-invalid'],
    ['another credential’s id', { id: 'A'.repeat(43) }, 'factor-unknown'],
  ];
  for (const [what, deviation, reason] of attacks) {
    it(`A5: ${what}: ${reason}`, async () => {
      await refused(station, () => alice.authorize('w-1', {}, deviation), reason, 'withdrawal');
      // The customer is none the worse for it.
      expect((await alice.authorize('w-1')).state).toBe('AUTHORIZED');
    });
  }

  it('A5: the id of another of the account’s factors does not make it theirs', async () => {
    const second = await furtherFactor(alice, deviceOf('second'));
    station.passDay();
    const swapped = () => alice.authorize('w-1', {}, { id: second.credential });
    await refused(station, swapped, 'signature-invalid', 'withdrawal');
  });

  it('A5: a counter that went back after a restart is still seen', async () => {
    await alice.authorize('w-1');
    await station.restart();
    await refused(station, () => alice.authorize('w-2', {}, { counter: 2 }), 'counter-regressed', 'withdrawal');
  });
});

describe('A5: a synced passkey where policy wants a device’s own key', () => {
  const deviceOnly = (document: string): string => document.replace('[device, synced]', '[device]');
  let station: TestStation;
  afterEach(() => station.close());

  it('A5: it is not enrolled', async () => {
    station = await TestStation.open({ policy: deviceOnly });
    for (const backup of ['synced', 'syncable'] as const) {
      await refused(
        station,
        () => station.enrol(`alice-${backup}`, deviceOf('phone', { backup })),
        'factor-class-refused',
        'factor',
      );
    }
  });

  it('A5: it approves nothing any more once policy wants that, nor is what it approved signed', async () => {
    station = await TestStation.open();
    const alice = await station.enrol('alice', deviceOf('phone', { backup: 'synced' }));
    station.passDay();
    await alice.list('entry-1');
    await station.deliver();
    station.passDay();
    await alice.authorize('w-1');
    await restartUnder(station, deviceOnly);
    await refused(station, () => alice.authorize('w-2'), 'factor-class-refused', 'withdrawal');
    await refused(station, () => station.sign(['w-1']), 'factor-class-refused', 'transaction');
  });

  it('A5: a device cannot call itself hardware: no root is pinned that would vouch for it', async () => {
    station = await TestStation.open({ policy: (d) => d.replace('[device, synced]', '[hardware]') });
    await refused(station, () => station.enrol('alice'), 'factor-class-refused', 'factor');
    const prepared = await prepareFactor(station, parseAccountId('bob', 'account'), deviceOf('bob'), undefined);
    expect(prepared.class).toBe('device');
  });
});

describe('A5: what policy wants of a class of authenticators', () => {
  const use = (members: string) => (document: string) => `${document}authenticators_use: { ${members} }\n`;
  let station: TestStation;
  afterEach(() => station.close());

  async function ripe(account: string, device: Authenticator): Promise<Customer> {
    const customer = await station.enrol(account, device);
    station.passDay();
    await customer.list(`entry-${account}`);
    await station.deliver();
    station.passDay();
    return customer;
  }

  it('A5: a counter that always says 0 is refused where policy wants it to move', async () => {
    station = await TestStation.open({ policy: use('moving_counter: [device]') });
    const still = await station.enrol('still', deviceOf('still', { counter: 'zero' }));
    station.passDay();
    await refused(station, () => still.list('entry-still'), 'counter-regressed', 'destination');
    // Of another class it is not asked; one that moves approves.
    await ripe('synced', deviceOf('synced', { backup: 'synced' }));
    const moving = await ripe('moving', deviceOf('moving'));
    expect((await moving.authorize('w-1')).state).toBe('AUTHORIZED');
    await refused(station, () => moving.authorize('w-2', {}, { counter: 0 }), 'counter-regressed', 'withdrawal');
  });

  it('A5: what was approved before policy wanted that is signed: a counter is compared once', async () => {
    station = await TestStation.open();
    const still = await ripe('alice', deviceOf('still', { counter: 'zero' }));
    await still.authorize('w-1');
    await restartUnder(station, use('moving_counter: [device]'));
    await refused(station, () => still.authorize('w-2'), 'counter-regressed', 'withdrawal');
    expect((await station.sign(['w-1'])).state).toBe('PERMITTED');
  });

  it('A5: a passkey that is backed up is refused where policy wants it not to be, and what it approved', async () => {
    station = await TestStation.open();
    const synced = await ripe('alice', deviceOf('phone', { backup: 'synced' }));
    await synced.authorize('w-1');
    await restartUnder(station, use('not_backed_up: [synced]'));
    await refused(station, () => synced.authorize('w-2'), 'backup-state-invalid', 'withdrawal');
    await refused(station, () => station.sign(['w-1']), 'backup-state-invalid', 'transaction');
    // One that could be, and isn't, approves.
    expect((await synced.authorize('w-3', {}, { backedUp: false })).state).toBe('AUTHORIZED');
  });

  const unverified = use('unverified: [device]');
  const withoutUser = { verifiesUser: false } as const;

  it('A5: one that can’t verify its user is enrolled only where policy lets its class', async () => {
    station = await TestStation.open({ policy: unverified });
    const options = JSON.parse(await station.custody.factors.begin(parseAccountId('alice', 'account')));
    expect(options.authenticatorSelection.userVerification).toBe('preferred');
    await station.enrol('alice', deviceOf('key', withoutUser));
    const synced = station.enrol('bob', deviceOf('phone', { ...withoutUser, backup: 'synced' }));
    await expect(synced).rejects.toMatchObject({ reason: 'user-not-verified' });
    await restartUnder(station, (d) => d);
    await expect(station.enrol('carol', deviceOf('key', withoutUser))).rejects.toThrow('user verification is required');
  });

  it('A5: by itself it approves nothing: no withdrawal, destination or factor', async () => {
    station = await TestStation.open({ policy: unverified });
    const alice = await station.ripeCustomer('alice');
    const silent = { userVerified: false };
    await refused(station, () => alice.authorize('w-1', {}, silent), 'user-not-verified', 'withdrawal');
    const { digest, bytes } = await destinationIntent(alice, 'entry-2', mallorysAddress);
    const list = () =>
      station.custody.destinations.add({ intent: bytes, attestations: [alice.attest(digest, silent)] });
    await refused(station, list, 'user-not-verified', 'destination');
    const second = await prepareFactor(station, alice.account, deviceOf('second'), alice.credential);
    const attestations = [alice.attest(second.intent.digest, silent)];
    const enrol = () =>
      station.custody.factors.add({
        intent: second.intent.bytes,
        registration: second.registration,
        approval: { kind: 'attestations', attestations },
      });
    await refused(station, enrol, 'user-not-verified', 'factor');
  });

  it('A5: it adds to one that verified its user, as long as policy lets its class', async () => {
    const two = (document: string): string => document.replace('webauthn: 1', 'webauthn: 2');
    station = await TestStation.open({ policy: unverified });
    const alice = await station.ripeCustomer('alice');
    const second = await furtherFactor(alice, deviceOf('second'));
    station.passDay();
    await restartUnder(station, (d) => two(unverified(d)));
    const { intent } = await alice.prepare('w-1');
    const both = (first: Deviation, other: Deviation) => () =>
      station.custody.withdrawals.authorize({
        intent: intent.bytes,
        attestations: [alice.attest(intent.digest, first), second.attest(intent.digest, other)],
      });
    const silent = { userVerified: false };
    await refused(station, both(silent, silent), 'user-not-verified', 'withdrawal');
    expect((await both({}, silent)()).state).toBe('AUTHORIZED');
    await restartUnder(station, two);
    await refused(station, () => station.sign(['w-1']), 'user-not-verified', 'transaction');
    await restartUnder(station, (d) => two(unverified(d)));
    expect((await station.sign(['w-1'])).state).toBe('PERMITTED');
  });
});
