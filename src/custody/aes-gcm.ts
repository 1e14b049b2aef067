import { createCipheriv, createDecipheriv } from 'node:crypto';

// NIST SP 800-38D with AES-256, a 96-bit nonce and the whole tag: the one form in which the station uses it.

export const nonceLength = 12;
export const tagLength = 16;
const algorithm = 'aes-256-gcm';

/** Ciphertext ‖ tag. `key`: 32 bytes; `nonce`: 12 bytes that are never used again under this key. */
export function encrypt(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, plain: Uint8Array): Uint8Array {
  checkNonce(nonce);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength }).setAAD(associated);
  return new Uint8Array(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
}

/** The inverse; throws where anything of it is not as it was sealed. */
export function decrypt(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array {
  checkNonce(nonce);
  if (sealed.length < tagLength) throw new RangeError(`sealed bytes end before their tag of ${tagLength} bytes`);
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagLength }).setAAD(associated);
  decipher.setAuthTag(sealed.subarray(-tagLength));
  return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, -tagLength)), decipher.final()]));
}

/** Others are hashed to their counter, or none at all: nothing is sealed with them here. */
function checkNonce({ length }: Uint8Array): void {
  if (length !== nonceLength) throw new RangeError(`a nonce has ${nonceLength} bytes, this one ${length}`);
}
