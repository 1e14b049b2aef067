import { Malformed, shown } from '../../domain/index.ts';
import type { Members } from '../document.ts';

/** A public key as policies pin it: a JWK (RFC 7517) of Ed25519 or P-256, members as text. */
export type PolicyJwk = Readonly<Record<string, string>>;

/** Of the document's member `jwk`, and no more than its kind of key has. Throws `Malformed`. */
export function parseJwk(of: Members): PolicyJwk {
  const jwk = of.members('jwk');
  const kty = jwk.oneOf('kty', ['OKP', 'EC']);
  const key: Record<string, string> =
    kty === 'OKP'
      ? { kty, crv: jwk.oneOf('crv', ['Ed25519']), x: parseCoordinate(jwk, 'x') }
      : {
          kty,
          crv: jwk.oneOf('crv', ['P-256']),
          x: parseCoordinate(jwk, 'x'),
          y: parseCoordinate(jwk, 'y'),
        };
  jwk.done();
  return Object.freeze(key);
}

/** Its curve and coordinates: the same for the same key, and for no other. */
export const sayJwk = (jwk: PolicyJwk): string => ['crv', 'x', 'y'].flatMap((name) => jwk[name] ?? []).join(' ');

/** Of an issuer or a key. It goes into journal leaves and on to screens (S10). */
export function parseKeyName(of: Members, member: string): string {
  const value = of.text(member);
  if (!/^[\x21-\x7e]{1,128}$/.test(value))
    throw new Malformed(of.at(member), `expected 1 to 128 printable ASCII characters, got ${shown(value)}`);
  return value;
}

/** RFC 7518 §6.2.1.2, RFC 8037 §2: 32 bytes in base64url, for either curve. */
function parseCoordinate(of: Members, member: string): string {
  const value = of.text(member);
  if (!/^[A-Za-z0-9_-]{43}$/.test(value))
    throw new Malformed(of.at(member), `expected 32 bytes in base64url, got ${shown(value)}`);
  return value;
}
