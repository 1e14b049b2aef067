import { type KeyObject, sign } from 'node:crypto';

/** A part of a compact JWS: text as it is, anything else as JSON. */
export const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A compact JWS by the key, whatever its header and payload say. */
export function signedToken(header: unknown, payload: unknown, key: KeyObject): string {
  const input = `${part(header)}.${part(payload)}`;
  const signature =
    key.asymmetricKeyType === 'ec'
      ? sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
      : sign(key.asymmetricKeyType === 'rsa' ? 'sha256' : null, Buffer.from(input), key);
  return `${input}.${signature.toString('base64url')}`;
}
