import { createHmac, hash } from 'node:crypto';

export function sha256(data: Uint8Array): Uint8Array {
  return Uint8Array.from(hash('sha256', data, 'buffer'));
}

/** SHA-256, then RIPEMD-160: 20 bytes. */
export function hash160(data: Uint8Array): Uint8Array {
  return Uint8Array.from(hash('ripemd160', hash('sha256', data, 'buffer'), 'buffer'));
}

export function hmacSha512(key: Uint8Array, data: Uint8Array): Uint8Array {
  return Uint8Array.from(createHmac('sha512', key).update(data).digest());
}

/** BIP-340's tagged hash: SHA-256 of SHA-256(tag) twice and the message. */
export function taggedHash(tag: string): (message: Uint8Array) => Uint8Array {
  const name = sha256(new TextEncoder().encode(tag));
  return (message) => sha256(Uint8Array.of(...name, ...name, ...message));
}
