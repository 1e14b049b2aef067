import { Members } from '../document.ts';
import { listed, otherLoosens } from './change.ts';
import { type PolicyJwk, parseJwk, parseKeyName, sayJwk } from './jwk.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

/** Who vouches for first factors: a key that policy pins. */
export interface Admission {
  readonly issuer: string;
  readonly kid: string;
  readonly jwk: PolicyJwk;
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
      say: ({ issuer, jwk }) => `${issuer} ${sayJwk(jwk)}`,
      added: 'looser',
      removed: 'tighter',
      kept: (member, old, fresh) => [
        ...otherLoosens(`${member}.issuer`, old.issuer, fresh.issuer),
        ...otherLoosens(`${member}.jwk`, sayJwk(old.jwk), sayJwk(fresh.jwk)),
      ],
    }),
  say: ({ admission }) =>
    admission.length === 0
      ? ['Nobody vouches for first factors: no account can enrol one.']
      : admission.map(
          ({ issuer, kid, jwk }) => `${issuer} vouches for first factors, with its key ${kid}, ${sayJwk(jwk)}.`,
        ),
};

const byKid = ({ admission }: AdmissionPart): [string, Admission][] => admission.map((a) => [a.kid, a]);

function parseAdmission(value: unknown, place: string): Admission {
  const of = new Members(value, place);
  const jwk = parseJwk(of);
  const admission = { issuer: parseKeyName(of, 'issuer'), kid: parseKeyName(of, 'kid'), jwk };
  of.done();
  return admission;
}
