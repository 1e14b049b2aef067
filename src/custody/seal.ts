import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { TransactionId } from '../domain/index.ts';

/**
 * formats.md, "Sealing": AES-256-GCM, a fresh 12-byte nonce, the transaction's id as associated data. Output: a version byte,
 * nonce, ciphertext, 16-byte tag.
 */
export function seal(key: Uint8Array, transaction: TransactionId, plain: Uint8Array, nonce: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(`portcullis/seal/v1\0${transaction}`));
  return new Uint8Array(
    Buffer.concat([Uint8Array.of(1), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  );
}

/** The inverse of `seal`; throws if the bytes were not sealed under this key for this transaction. */
export function unseal(key: Uint8Array, transaction: TransactionId, sealed: Uint8Array): Uint8Array {
  if (sealed[0] !== 1 || sealed.length < 29) throw new Error('sealed bytes of an unknown version');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13));
  decipher.setAAD(Buffer.from(`portcullis/seal/v1\0${transaction}`));
  decipher.setAuthTag(sealed.subarray(-16));
  return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()]));
}
