import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/signers/signer.ts';
import { testKey } from '../custody/fake-signer.ts';
import { type Customer, TestStation, walletId } from '../custody/station.ts';
import { leaves, refused } from './attempt.ts';
import { bytesOf } from './bytes.ts';

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function signature(digest: Uint8Array, key = testKey): Uint8Array {
  return secp256k1.sign(digest, key, { prehash: false });
}

function half(bytes: Uint8Array, at: 0 | 32): bigint {
  return BigInt(`0x${Buffer.from(bytes.subarray(at, at + 32)).toString('hex')}`);
}

function joined(r: bigint, s: bigint): Uint8Array {
  return bytesOf(r.toString(16).padStart(64, '0') + s.toString(16).padStart(64, '0'));
}

describe('S7: a signer that answers with something other than the right signature', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
  });
  afterEach(() => station.close());

  const answers: readonly [string, (unsigned: Uint8Array) => Uint8Array][] = [
    ['another key’s signature', (unsigned) => signature(keccak_256(unsigned), new Uint8Array(32).fill(0x22))],
    [
      'a high-s one',
      (unsigned) => {
        const low = signature(keccak_256(unsigned));
        return joined(half(low, 0), order - half(low, 32));
      },
    ],
    ['a signature of other bytes', () => signature(keccak_256(station.payment({ value: 2n * 10n ** 18n })))],
    [
      'a signature of the bytes themselves, hashed otherwise',
      (unsigned) => signature(keccak_256(keccak_256(unsigned))),
    ],
    ['63 bytes', (unsigned) => signature(keccak_256(unsigned)).slice(0, 63)],
    ['65 bytes', (unsigned) => Uint8Array.of(...signature(keccak_256(unsigned)), 0)],
    ['nothing', () => new Uint8Array()],
    ['r of 0', (unsigned) => joined(0n, half(signature(keccak_256(unsigned)), 32))],
    ['s of 0', (unsigned) => joined(half(signature(keccak_256(unsigned)), 0), 0n)],
    ['r beyond the group', (unsigned) => joined(order, half(signature(keccak_256(unsigned)), 32))],
    ['the unsigned bytes', (unsigned) => unsigned.slice(0, 64)],
  ];
  for (const [what, answer] of answers) {
    it(`S7: ${what}: nothing is released, and the wallet is frozen`, async () => {
      const size = station.custody.journal.size();
      station.signer.behaviour = (permit) => ({ kind: 'signed', signature: answer(permit.unsigned) });
      const { id } = await station.sign(['w-1']);
      await station.settle();

      const ended = station.custody.transactions.get(id);
      expect(ended).toMatchObject({ state: 'UNCERTAIN', blockedBy: 'signature-wrong', signed: null, sealed: null });
      const [withdrawal] = ended.pays;
      expect(station.store.read('withdrawals', withdrawal ?? '')?.state).toBe('COMMITTED');
      expect(leaves(station, size).map((leaf) => [leaf.kind, leaf.fields['reason'] ?? leaf.fields['scope']])).toEqual([
        ['transaction-permitted', undefined],
        ['transaction-sent', undefined],
        ['transaction-uncertain', 'signature-wrong'],
        ['frozen', `wallet:${walletId}`],
      ]);
      expect(station.custody.operators.station().freezes).toMatchObject([
        { scope: `wallet:${walletId}`, active: true },
      ]);

      // Whatever answered is not asked again by itself, nor for anyone else, nor after a restart.
      station.signer.behaviour = (_permit, signed) => signed;
      station.wake();
      station.signer.changed();
      await station.settle();
      await station.restart();
      await station.settle();
      expect(station.signer.seen).toHaveLength(1);
      await alice.authorize('w-2');
      await refused(station, () => station.sign(['w-2'], station.payment({ nonce: 1 })), 'frozen', 'transaction');
    });
  }

  it('S7: once people have thawed the wallet, the same bytes go out again, and the right signature is released', async () => {
    station.signer.behaviour = () => ({ kind: 'signed', signature: new Uint8Array(64) });
    const { id } = await station.sign(['w-1']);
    await station.settle();
    station.signer.behaviour = (_permit, signed) => signed;
    await station.custody.operators.thaw(`wallet:${walletId}`, 'ops-1', 'the device was changed');
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('SIGNED');
    expect(station.signer.seen[1]?.unsigned).toEqual(station.signer.seen[0]?.unsigned);
  });

  it('S7: an answer of no known kind, or an error, releases nothing and loses nothing', async () => {
    const answersOfNoKind: (() => Outcome)[] = [
      () => JSON.parse('{"kind":"approved","reason":"signer-failed","message":"?"}'),
      () => {
        throw new Error('the child lost its mind');
      },
    ];
    for (const answer of answersOfNoKind) {
      station.signer.behaviour = answer;
      const { id } = await station.sign(['w-1']);
      station.wake();
      await station.settle();
      expect(station.custody.transactions.get(id)).toMatchObject({ state: 'UNCERTAIN', signed: null });
    }
  });

  it('S7: a permit that is only a copy is no permit', async () => {
    await station.sign(['w-1']);
    await station.settle();
    const [permit] = station.signer.seen;
    if (permit === undefined) throw new Error('the device saw nothing');
    await expect(station.signer.sign({ ...permit })).rejects.toThrow('I1');
  });
});
