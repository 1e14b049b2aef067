import { describe, expect, it } from 'vitest';
import { decodeUnsigned } from '../../src/chains/bitcoin/index.ts';
import { psbtOf } from '../chains/bitcoin/requests.ts';
import { coins, effectsOf, honest, own, refuses } from './bitcoin.ts';

const wallet = own('wpkh');
const final = 0xffff_ffff;
const withSequences = (first: number, second: number) =>
  coins.map((coin, i) => ({ ...coin, sequence: i === 0 ? first : second }));

describe('B9: a transaction that is signed now and mined later', () => {
  it.each([
    ['0 blocks', 0],
    ['144 blocks', 144],
    ['a time', 0x0040_0001],
    ['bits that BIP-68 gives no meaning', 0x7fff_0000],
    ['all but the highest bit', 0x7fff_ffff],
  ])('a relative lock of %s, in either input', (_what, sequence) => {
    for (const [i, sequences] of [
      [0, withSequences(sequence, 0xffff_fffd)],
      [1, withSequences(final, sequence)],
    ] as const)
      refuses(wallet, { ...honest, coins: sequences }, 'transaction-locked', `Input ${i} has the sequence`);
  });

  it('in version 1 a sequence locks nothing', () => {
    expect(effectsOf(wallet, { ...honest, version: 1, coins: withSequences(144, final) }).lock).toBeUndefined();
  });

  it.each([
    [1, { kind: 'height', until: 1 }],
    [900_000, { kind: 'height', until: 900_000 }],
    [499_999_999, { kind: 'height', until: 499_999_999 }],
    [500_000_000, { kind: 'time', until: 500_000_000 }],
    [0xffff_ffff, { kind: 'time', until: 0xffff_ffff }],
  ])('nLockTime %i is told to the gate, which bounds it', (lockTime, lock) => {
    expect(effectsOf(wallet, { ...honest, lockTime }).lock).toEqual(lock);
    // One input that isn't final is enough.
    expect(effectsOf(wallet, { ...honest, lockTime, coins: withSequences(final, 0xffff_fffe) }).lock).toEqual(lock);
  });

  it('nLockTime holds nothing where every input is final, or where it is 0', () => {
    expect(
      effectsOf(wallet, { ...honest, lockTime: 900_000, coins: withSequences(final, final) }).lock,
    ).toBeUndefined();
    expect(effectsOf(wallet, { ...honest, lockTime: 0 }).lock).toBeUndefined();
  });
});

describe('B9: what a PSBT of version 2 requires of the lock time (BIP-370)', () => {
  it('is the lock time', () => {
    const required = {
      input: (input: object, i: number) => ({ ...input, ...(i === 0 ? { requiredHeightLocktime: 900_000 } : {}) }),
    };
    const { lock } = effectsOfVersion2(required);
    expect(lock).toEqual({ kind: 'height', until: 900_000 });
  });
});

function effectsOfVersion2(changes: Parameters<typeof psbtOf>[3]) {
  const result = decodeUnsigned(psbtOf(wallet, honest, 2, changes), wallet);
  if (!result.ok) throw new Error(result.message);
  return result.effects;
}
