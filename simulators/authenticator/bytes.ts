import { createHash } from 'node:crypto';

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

export function fromBase64url(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}

/** A copy with the last bit of its last byte flipped. */
export function flipped(bytes: Uint8Array): Uint8Array {
  const last = bytes.length - 1;
  return Uint8Array.from(bytes, (byte, i) => (i === last ? byte ^ 1 : byte));
}
