/** RFC 4648 §5 without padding, the one spelling that WebAuthn and JOSE use. */
export function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/**
 * The bytes that a text spells, or undefined where it isn't their one spelling: padding, another alphabet, white space and
 * left-over bits (RFC 4648 §3.5) all fail, so that no two texts stand for the same bytes.
 */
export function fromBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined;
}
