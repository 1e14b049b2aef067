import { secp256k1 as noble } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import secp256k1 from 'secp256k1/bindings.js';
import { keccak256, recoverTransactionAddress, parseTransaction as viemParse } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { faultOf } from '../../../src/chains/ethereum/assembled.ts';
import { encodeSigned, encodeUnsigned } from '../../../src/chains/ethereum/encode.ts';
import { addressOfKey, assembleSigned, decodeUnsigned } from '../../../src/chains/ethereum/index.ts';
import { order } from '../../../src/chains/ethereum/key.ts';
import type { Transaction } from '../../../src/chains/ethereum/transaction.ts';
import { type Assembled, toHex } from '../../../src/domain/index.ts';
import {
  foreignKey,
  hex,
  payment,
  recipient,
  testKey,
  testPublicKey,
  token,
  tokenPayment,
  transactions,
} from './samples.ts';

const pinned = hex(testPublicKey);
const wide = (n: bigint) => n.toString(16).padStart(64, '0');

function digestOf(bytes: Uint8Array): Uint8Array {
  return hex(keccak256(bytes));
}

/** r ‖ s over the bytes; libsecp256k1 signs low-S, deterministically (RFC 6979). */
function sign(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  return secp256k1.ecdsaSign(digestOf(bytes), key).signature;
}

function assemble(bytes: Uint8Array, signature = sign(bytes, testKey)): Assembled {
  return assembleSigned(bytes, signature, testPublicKey);
}

const wrong = (message: string) =>
  expect.objectContaining({ ok: false, reason: 'signature-wrong', message: expect.stringContaining(message) });

const kinds: [string, Transaction][] = [
  ['legacy', { ...without(payment), type: 'legacy', gasPrice: 7n }],
  [
    'EIP-2930',
    { ...without(payment), type: 'eip2930', gasPrice: 7n, accessList: [{ address: token, storageKeys: [] }] },
  ],
  ['EIP-1559', payment],
  ['a token', tokenPayment],
];

function without({ chainId, nonce, gasLimit, to, value, data }: Transaction) {
  return { chainId, nonce, gasLimit, to, value, data };
}

describe('I7: a signature is checked before it is released', () => {
  it.each(kinds)('the right one makes the transaction that a node takes (%s)', async (_, transaction) => {
    const bytes = encodeUnsigned(transaction);
    const assembled = assemble(bytes);
    if (!assembled.ok) throw new Error(assembled.message);
    const raw = `0x${toHex(assembled.raw)}` as const;
    expect(assembled.hash).toBe(keccak256(raw));
    expect(decodeUnsigned(assembled.raw)).toMatchObject({ ok: false, reason: 'transaction-signed-already' });

    // The independent cross-checks: viem and noble.
    const account = privateKeyToAccount(`0x${toHex(testKey)}`);
    const read = viemParse(raw);
    expect(await account.signTransaction(unsignedOf(read))).toBe(raw);
    expect(await recoverTransactionAddress({ serializedTransaction: asTyped(raw) })).toBe(addressOfKey(testPublicKey));
  });

  // EIP-155, "Example": v = 37 on chain 1.
  it('makes EIP-155’s own example', () => {
    const key = hex('46'.repeat(32));
    const bytes = hex('ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080');
    const assembled = assembleSigned(bytes, sign(bytes, key), toHex(secp256k1.publicKeyCreate(key)));
    expect(assembled.ok && toHex(assembled.raw)).toBe(
      'f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025' +
        'a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276' +
        'a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
    );
  });

  it('finds the parity for any transaction, as noble does; legacy v is exact for the largest chain id', () => {
    fc.assert(
      fc.property(transactions, (transaction) => {
        const bytes = encodeUnsigned(transaction);
        const { signature, recid } = secp256k1.ecdsaSign(digestOf(bytes), testKey);
        const assembled = assembleSigned(bytes, signature, testPublicKey);
        const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map((half) => BigInt(`0x${toHex(half)}`));
        if (r === undefined || s === undefined) throw new Error('unreachable');
        expect(assembled).toMatchObject({ ok: true, raw: encodeSigned(transaction, { r, s, parity: recid }) });
        const point = new noble.Signature(r, s, recid).recoverPublicKey(digestOf(bytes));
        expect(point.toHex(true)).toBe(testPublicKey);
      }),
      { numRuns: 60 },
    );
  });

  const bytes = encodeUnsigned(payment);
  const good = sign(bytes, testKey);
  const [r, s] = [toHex(good.subarray(0, 32)), toHex(good.subarray(32))];

  it.each([
    ['nothing', new Uint8Array()],
    ['63 bytes', good.subarray(0, 63)],
    ['65 bytes', Uint8Array.of(...good, 0)],
  ])('S7: %s are no signature', (_, signature) => {
    expect(assemble(bytes, signature)).toEqual(wrong('not 64'));
  });

  it.each([
    ['r = 0', `${wide(0n)}${s}`],
    ['r = n', `${wide(order)}${s}`],
    ['s = 0', `${r}${wide(0n)}`],
    ['s = n', `${r}${wide(order)}`],
    ['s = 2^256 - 1', `${r}${'f'.repeat(64)}`],
  ])('S7: out of range: %s', (_, signature) => {
    expect(assemble(bytes, hex(signature))).toEqual(wrong('out of range'));
  });

  it('S7: a high s is refused, though it verifies', () => {
    const high = hex(r + wide(order - BigInt(`0x${s}`)));
    expect(assemble(bytes, high)).toEqual(wrong('upper half'));
    expect(noble.verify(high, digestOf(bytes), pinned, { prehash: false, lowS: false })).toBe(true);
  });

  it('S7: the largest low s passes the range check, the next does not', () => {
    expect(assemble(bytes, hex(r + wide(order / 2n)))).toEqual(wrong('not by the wallet'));
    expect(assemble(bytes, hex(r + wide(order / 2n + 1n)))).toEqual(wrong('upper half'));
  });

  it('S7: another key’s signature is refused', () => {
    expect(assemble(bytes, sign(bytes, foreignKey))).toEqual(wrong('not by the wallet'));
  });

  it('S7: a signature of other bytes is refused', () => {
    const other = encodeUnsigned({ ...payment, nonce: payment.nonce + 1 });
    expect(assemble(bytes, sign(other, testKey))).toEqual(wrong('not by the wallet'));
  });

  it('S7: any other 64 bytes are refused, and none make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (signature) => {
        expect(assemble(bytes, signature)).toMatchObject({ ok: false, reason: 'signature-wrong' });
      }),
    );
    fc.assert(
      fc.property(fc.nat(63), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const signature = good.map((byte, i) => (i === at ? byte ^ flip : byte));
        expect(assemble(bytes, signature)).toMatchObject({ ok: false, reason: 'signature-wrong' });
      }),
    );
  });

  it('throws where the bytes were never permitted, or the key is none', () => {
    expect(() => assemble(bytes.subarray(1))).toThrow(expect.objectContaining({ reason: 'transaction-undecodable' }));
    for (const key of ['', testPublicKey.toUpperCase(), `04${testPublicKey.slice(2)}`, `02${'f'.repeat(64)}`]) {
      expect(() => assembleSigned(bytes, good, key)).toThrow(expect.objectContaining({ field: 'public_key' }));
      expect(() => addressOfKey(key)).toThrow(expect.objectContaining({ field: 'public_key' }));
    }
  });
});

describe('I7: the assembled transaction is decoded again and must equal the permitted one', () => {
  const entry = { address: token, storageKeys: [new Uint8Array(32).fill(1)] };
  const listed: Transaction = { ...payment, accessList: [entry] };

  /** The transaction as it would be released, signed by the wallet's key over what it then says. */
  function signedAs(transaction: Transaction, key = testKey): Uint8Array {
    const { signature, recid } = secp256k1.ecdsaSign(digestOf(encodeUnsigned(transaction)), key);
    const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map((half) => BigInt(`0x${toHex(half)}`));
    return encodeSigned(transaction, { r: r ?? 0n, s: s ?? 0n, parity: recid });
  }

  it('takes each kind as it is', () => {
    for (const [, transaction] of kinds) expect(faultOf(signedAs(transaction), transaction, pinned)).toBeUndefined();
    expect(faultOf(signedAs(listed), listed, pinned)).toBeUndefined();
  });

  it.each<[string, Partial<typeof payment>]>([
    ['chainId', { chainId: 2 }],
    ['nonce', { nonce: 8 }],
    ['maxPriorityFeePerGas', { maxPriorityFeePerGas: 0n }],
    ['maxFeePerGas', { maxFeePerGas: 31n * 10n ** 9n }],
    ['gasLimit', { gasLimit: 21_001n }],
    ['to', { to: token }],
    ['value', { value: 0n }],
    ['data', { data: hex('00') }],
    ['accessList', { accessList: [{ address: recipient, storageKeys: entry.storageKeys }] }],
    ['accessList', { accessList: [{ address: token, storageKeys: [] }] }],
    ['accessList', { accessList: [] }],
  ])('refuses another %s, whoever signed it', (name, changes) => {
    expect(faultOf(signedAs({ ...listed, ...changes }), listed, pinned)).toBe(
      `its ${name} differs from the permitted one`,
    );
  });

  it('refuses another gas price or type', () => {
    for (const type of ['legacy', 'eip2930'] as const) {
      const of = (gasPrice: bigint): Transaction =>
        type === 'legacy'
          ? { ...without(payment), type, gasPrice }
          : { ...without(payment), type, gasPrice, accessList: [] };
      expect(faultOf(signedAs(of(2n)), of(1n), pinned)).toBe('its gasPrice differs from the permitted one');
      expect(faultOf(signedAs(of(1n)), payment, pinned)).toBe('its type differs from the permitted one');
    }
  });

  it('refuses another sender, the wrong parity, and no signature', () => {
    expect(faultOf(signedAs(payment, foreignKey), payment, pinned)).toBe('its sender is not the wallet');
    for (const [, transaction] of kinds) {
      const { signature, recid } = secp256k1.ecdsaSign(digestOf(encodeUnsigned(transaction)), testKey);
      const [r = 0n, s = 0n] = [signature.subarray(0, 32), signature.subarray(32)].map((half) =>
        BigInt(`0x${toHex(half)}`),
      );
      const flipped = encodeSigned(transaction, { r, s, parity: 1 - recid });
      expect(faultOf(flipped, transaction, pinned)).toBe('its sender is not the wallet');
    }
    expect(faultOf(encodeUnsigned(payment), payment, pinned)).toBe('it carries no signature');
  });

  it('takes a recovery that was made before only for the very same digest, signature and parity', () => {
    const raw = signedAs(payment, foreignKey);
    const digest = digestOf(encodeUnsigned(payment));
    const { signature, recid: parity } = secp256k1.ecdsaSign(digest, foreignKey);
    const known = { digest, signature, parity, key: pinned };
    // Told a falsehood about the very same, it believes it: only what was recovered may be told.
    expect(faultOf(raw, payment, pinned, known)).toBeUndefined();
    const others = [
      { ...known, digest: digestOf(encodeUnsigned({ ...payment, nonce: 8 })) },
      { ...known, signature: secp256k1.ecdsaSign(digest, testKey).signature },
      { ...known, parity: 1 - parity },
    ];
    for (const other of others) expect(faultOf(raw, payment, pinned, other)).toBe('its sender is not the wallet');
  });

  it('refuses what the other decoder does not read', () => {
    expect(faultOf(Uint8Array.of(2, 0xc0), payment, pinned)).toMatch(/^it cannot be decoded again/);
    expect(faultOf(new Uint8Array(), payment, pinned)).toMatch(/^it cannot be decoded again/);
    expect(faultOf(Uint8Array.of(...signedAs(payment), 0), payment, pinned)).toMatch(/^it cannot be decoded again/);
  });
});

describe('the address of a key', () => {
  it('is what viem and noble make of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        fc.pre(noble.utils.isValidSecretKey(key));
        const address = addressOfKey(toHex(noble.getPublicKey(key, true)));
        expect(address).toBe(privateKeyToAccount(`0x${toHex(key)}`).address);
      }),
      { numRuns: 20 },
    );
  });
});

function unsignedOf(read: ReturnType<typeof viemParse>) {
  const { r: _r, s: _s, v: _v, yParity: _yParity, ...unsigned } = read;
  return unsigned;
}

/** viem types serialized transactions by their first byte. */
function asTyped(raw: `0x${string}`): Parameters<typeof recoverTransactionAddress>[0]['serializedTransaction'] {
  return raw as `0x02${string}`;
}
