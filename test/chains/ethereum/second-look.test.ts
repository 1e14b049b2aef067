import { keccak_256 } from '@noble/hashes/sha3.js';
import secp256k1 from 'secp256k1/bindings.js';
import { expect, it, vi } from 'vitest';
import * as assembled from '../../../src/chains/ethereum/assembled.ts';
import * as encode from '../../../src/chains/ethereum/encode.ts';
import { assembleSigned, decodeUnsigned } from '../../../src/chains/ethereum/index.ts';
import { bytesOf, testKey, testPublicKey } from './samples.ts';

// Two checks that nothing can fail while the rest is right. Here the rest is made wrong.
vi.mock('../../../src/chains/ethereum/encode.ts', { spy: true });
vi.mock('../../../src/chains/ethereum/assembled.ts', { spy: true });

const bytes = bytesOf({});

it('E6: bytes that encode again to others are refused, however well they were read', () => {
  expect(decodeUnsigned(bytes).ok).toBe(true);
  vi.mocked(encode.encodeUnsigned).mockReturnValueOnce(Uint8Array.of(...bytes.subarray(0, -1), 0xc1));
  expect(decodeUnsigned(bytes)).toMatchObject({
    ok: false,
    reason: 'transaction-undecodable',
    message: expect.stringContaining('encoding it again'),
  });
});

it('I7: an assembled transaction with a fault is not released, however good the signature', () => {
  const decoded = decodeUnsigned(bytes);
  if (!decoded.ok) throw new Error(decoded.message);
  const { signature } = secp256k1.ecdsaSign(keccak_256(bytes), testKey);
  expect(assembleSigned(bytes, signature, testPublicKey).ok).toBe(true);
  vi.mocked(assembled.faultOf).mockReturnValueOnce('its value differs from the permitted one');
  expect(assembleSigned(bytes, signature, testPublicKey)).toEqual({
    ok: false,
    reason: 'signature-wrong',
    message: 'The signature was discarded: of the assembled transaction, its value differs from the permitted one.',
  });
});

it('I7: what is assembled otherwise than it was permitted is not released', () => {
  const decoded = decodeUnsigned(bytes);
  if (!decoded.ok) throw new Error(decoded.message);
  const { signature } = secp256k1.ecdsaSign(keccak_256(bytes), testKey);
  vi.mocked(encode.encodeSigned).mockReturnValueOnce(bytesOf({ value: 2n }));
  expect(assembleSigned(bytes, signature, testPublicKey)).toMatchObject({ ok: false, reason: 'signature-wrong' });
});
