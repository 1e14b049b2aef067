import { readFileSync } from 'node:fs';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Keyring } from '../../src/custody/seal.ts';
import { type FreezeScope, parseEntryId, parseWithdrawalId, type TransactionId } from '../../src/domain/index.ts';
import { testKey } from '../custody/fake-signer.ts';
import { alicesAddress, type Customer, chain, ether, TestStation, walletId } from '../custody/station.ts';
import { leaves, refused } from './attempt.ts';

const scopes: readonly FreezeScope[] = [
  'station',
  `wallet:${walletId}`,
  `chain:${chain}`,
  'account:alice',
  `asset:${ether}`,
  `destination:${alicesAddress}`,
];

describe('S12: a freeze while a signature is being made', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
  });
  afterEach(() => station.close());

  const freeze = (scope: FreezeScope) => station.custody.operators.freeze(scope, 'ops-1', 'something is wrong');
  const thaw = (scope: FreezeScope) => station.custody.operators.thaw(scope, 'ops-1', 'it was nothing');
  const get = (id: TransactionId) => station.custody.transactions.get(id);
  const withdrawal = () => station.custody.withdrawals.get(parseWithdrawalId('w-1', 'id'));

  /** The freeze comes while the device has the bytes. */
  async function frozenAtTheDevice(act: () => Promise<unknown>): Promise<TransactionId> {
    station.signer.behaviour = async (_permit, signed) => {
      await act();
      return signed;
    };
    const { id } = await station.sign(['w-1']);
    await station.settle();
    station.signer.behaviour = (_permit, signed) => signed;
    return id;
  }

  /** The secret half of what a client would need: it must lie nowhere in the clear. */
  function signatureBytes(): Buffer {
    const [permit] = station.signer.seen;
    if (permit === undefined) throw new Error('the device saw nothing');
    return Buffer.from(secp256k1.sign(keccak_256(permit.unsigned), testKey, { prehash: false }));
  }

  function expectNowhere(needle: Buffer): void {
    for (const part of [needle.subarray(0, 32), needle.subarray(32)]) {
      for (const file of [station.file, `${station.file}-wal`]) {
        expect(readFileSync(file).includes(part), `${file} has it`).toBe(false);
        expect(readFileSync(file).includes(Buffer.from(part.toString('hex'))), `${file} has it in hex`).toBe(false);
      }
      const told = leaves(station)
        .map((leaf) => JSON.stringify(leaf))
        .join('\n');
      expect(told).not.toContain(part.toString('hex'));
    }
  }

  for (const scope of scopes) {
    it(`S12: ${scope}: nothing is permitted under it`, async () => {
      await freeze(scope);
      await refused(station, () => station.sign(['w-1']), 'frozen', 'transaction');
      const own: readonly FreezeScope[] = [`wallet:${walletId}`];
      if (!own.includes(scope)) await refused(station, () => alice.authorize('w-2'), 'frozen', 'withdrawal');
    });

    it(`S12: ${scope}: frozen between the permit and the device, the device sees nothing until thaw`, async () => {
      station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
      const { id } = await station.sign(['w-1']);
      await station.settle();
      await freeze(scope);
      station.signer.readiness = { ready: true, device: 'fake' };
      station.signer.changed();
      await station.settle();
      expect(get(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'frozen' });
      await station.restart();
      await station.settle();
      expect(get(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'frozen' });
      expect(station.signer.seen).toEqual([]);
      await thaw(scope);
      await station.settle();
      expect(get(id)).toMatchObject({ state: 'SIGNED', blockedBy: null });
    });

    it(`S12: ${scope}: frozen while the device has it, the signature is withheld until thaw`, async () => {
      const size = station.custody.journal.size();
      const id = await frozenAtTheDevice(() => freeze(scope));
      expect(get(id)).toMatchObject({ state: 'WITHHELD', blockedBy: 'frozen', signed: null });
      expect(withdrawal().state).toBe('COMMITTED');
      expect(leaves(station, size).map((leaf) => leaf.kind)).toEqual([
        'transaction-permitted',
        'transaction-sent',
        'frozen',
        'transaction-withheld',
      ]);
      expectNowhere(signatureBytes());
      const receipt = new TextDecoder().decode(await station.custody.journal.receipt(withdrawal().id));
      expect(receipt).not.toContain(signatureBytes().subarray(0, 32).toString('hex'));

      await station.restart();
      await station.settle();
      expect(get(id)).toMatchObject({ state: 'WITHHELD', signed: null });
      // Asking again prompts nobody and shows nothing.
      expect(await station.sign(['w-1'])).toMatchObject({ id, state: 'WITHHELD', signed: null });
      expectNowhere(signatureBytes());

      await thaw(scope);
      await station.settle();
      const released = get(id);
      expect(released).toMatchObject({ state: 'SIGNED', blockedBy: null, sealed: null });
      expect(Buffer.from(released.signed ?? []).includes(signatureBytes().subarray(0, 32))).toBe(true);
      expect(withdrawal().state).toBe('SIGNED');
      expect(station.signer.seen).toHaveLength(1);
    });
  }

  it('S12: one freeze lifted does not lift the other', async () => {
    const id = await frozenAtTheDevice(async () => {
      await freeze('station');
      await freeze('account:alice');
    });
    await thaw('station');
    await station.settle();
    expect(get(id)).toMatchObject({ state: 'WITHHELD', signed: null });
    await thaw('account:alice');
    await station.settle();
    expect(get(id).state).toBe('SIGNED');
  });

  it('S12: a freeze of someone else holds nothing up', async () => {
    const id = await frozenAtTheDevice(() => freeze('account:bob'));
    expect(get(id).state).toBe('SIGNED');
  });

  it('S12: removing the destination meanwhile withholds it, and no thaw releases it', async () => {
    const id = await frozenAtTheDevice(() => station.custody.destinations.remove(parseEntryId('entry-alice', 'entry')));
    expect(get(id)).toMatchObject({ state: 'WITHHELD', blockedBy: 'destination-withdrawn', signed: null });
    await freeze('station');
    await thaw('station');
    await station.settle();
    await station.restart();
    await station.settle();
    expect(get(id)).toMatchObject({ state: 'WITHHELD', signed: null });
    expectNowhere(signatureBytes());
  });

  it('S12: revoking the factor that approved it meanwhile withholds it', async () => {
    const id = await frozenAtTheDevice(() => station.custody.factors.revoke(alice.credential));
    // It was the account's last: that froze it. A thaw does not bring the approval back.
    expect(get(id)).toMatchObject({ state: 'WITHHELD', blockedBy: 'frozen', signed: null });
    await thaw('account:alice');
    await station.settle();
    expect(get(id)).toMatchObject({ state: 'WITHHELD', blockedBy: 'factor-revoked', signed: null });
  });

  it('S12: what the station sealed cannot be moved to another transaction', async () => {
    const id = await frozenAtTheDevice(() => freeze('station'));
    const { sealed } = get(id);
    if (sealed === null) throw new Error('nothing is sealed');
    const ring = new Keyring(station.sealingKeys);
    expect(ring.unseal('signed-transaction', id, sealed).length).toBeGreaterThan(64);
    expect(() => ring.unseal('signed-transaction', 'f'.repeat(64), sealed)).toThrow();
    expect(() => ring.unseal('code-secret', id, sealed)).toThrow();
  });

  it('S12: two freezes at once, in one turn with the permit: the device sees nothing', async () => {
    const [, signed] = await Promise.allSettled([freeze('station'), station.sign(['w-1'])]);
    await station.settle();
    expect(signed).toMatchObject({ status: 'rejected', reason: { reason: 'frozen' } });
    expect(station.signer.seen).toEqual([]);
  });
});

describe('S12: an operator’s freeze while a signature is being made', () => {
  it('S12: it is withheld, over a restart, until a quorum’s thaw has ripened', async () => {
    const station = await TestStation.open({ operators: {} });
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    station.signer.behaviour = async (_permit, signed) => {
      await station.operators.sign('olivia', 'freeze', 'account:alice', 'something is wrong');
      return signed;
    };
    const { id } = await station.sign(['w-1']);
    await station.settle();
    const state = () => station.custody.transactions.get(id);
    expect(state()).toMatchObject({ state: 'WITHHELD', blockedBy: 'frozen', signed: null });
    await station.restart();
    await station.settle();
    expect(state()).toMatchObject({ state: 'WITHHELD', signed: null });
    await station.operators.act(['omar', 'oscar'], 'thaw', 'account:alice');
    await station.settle();
    expect(state()).toMatchObject({ state: 'WITHHELD', signed: null });
    await station.operators.ripen();
    expect(state()).toMatchObject({ state: 'SIGNED', blockedBy: null, sealed: null });
    expect(station.signer.seen).toHaveLength(1);
    await station.close();
  });
});
