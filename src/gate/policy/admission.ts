import { Malformed, shown } from '../../domain/index.ts';
import { Members } from '../document.ts';
import { listed, otherLoosens } from './change.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

/** Who vouches for first factors: a key that policy pins. */
export interface Admission {
  readonly issuer: string;
  readonly kid: string;
  /** Public JWK, members as text. */
  readonly jwk: Readonly<Record<string, string>>;
}

export interface AdmissionPart {
  readonly admission: readonly Admission[];
}

export const admissionSection: Section<AdmissionPart> = {
  title: 'Admission',
  parse(top) {
    const admission = top.list('admission', parseAdmission);
    keyed(admission, (a) => a.kid, top.at('admission'));
    return { admission };
  },
  changes: (was, will) =>
    listed('admission', byKid(was), byKid(will), {
      say: ({ issuer, jwk }) => `${issuer} ${keyOf(jwk)}`,
      added: 'looser',
      removed: 'tighter',
      kept: (member, old, fresh) => [
        ...otherLoosens(`${member}.issuer`, old.issuer, fresh.issuer),
        ...otherLoosens(`${member}.jwk`, keyOf(old.jwk), keyOf(fresh.jwk)),
      ],
    }),
  say: ({ admission }) =>
    admission.length === 0
      ? ['Nobody vouches for first factors: no account can enrol one.']
      : admission.map(
          ({ issuer, kid, jwk }) => `${issuer} vouches for first factors, with its key ${kid}, ${keyOf(jwk)}.`,
        ),
};

const byKid = ({ admission }: AdmissionPart): [string, Admission][] => admission.map((a) => [a.kid, a]);

const keyOf = (jwk: Admission['jwk']): string => ['crv', 'x', 'y'].flatMap((name) => jwk[name] ?? []).join(' ');

function parseAdmission(value: unknown, place: string): Admission {
  const of = new Members(value, place);
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
  const admission = { issuer: parseName(of, 'issuer'), kid: parseName(of, 'kid'), jwk: Object.freeze(key) };
  of.done();
  return admission;
}

/** It goes into journal leaves and on to screens (S10). */
function parseName(of: Members, member: string): string {
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
