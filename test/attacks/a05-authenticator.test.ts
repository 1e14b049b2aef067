import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Deviation } from '../../simulators/authenticator/deviation.ts';
import { parseAccountId, type Reason } from '../../src/domain/index.ts';
import { type Customer, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { deviceOf, furtherFactor, prepareFactor, restartUnder } from './people.ts';

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
