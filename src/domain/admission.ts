import { canonicalBytes, parseCanonical } from './canonical.ts';
import {
  type AccountId,
  type Digest,
  type FactorId,
  parseAccountId,
  parseDigest,
  parseFactorId,
  parseStationName,
  type StationName,
} from './ids.ts';
import { type AuthenticatorClass, authenticatorClasses } from './intent.ts';
import { Malformed, shown } from './refusal.ts';

/** `first`: of an account that never had one. `recovery`: in the place of those that an account had. */
export const admittedAs = ['first', 'recovery'] as const;
export type AdmittedAs = (typeof admittedAs)[number];

/** What operators approve when they admit a factor: formats.md, "Admission by operators". */
export interface Admission {
  readonly station: StationName;
  readonly account: AccountId;
  readonly credential: FactorId;
  /** SHA-256 of the COSE key. */
  readonly key: Digest;
  readonly class: AuthenticatorClass;
  readonly as: AdmittedAs;
}

const type = 'portcullis/admission/v1';

/** Its canonical bytes: an operator's intent has their digest. */
export function admissionBytes({ as, class: kind, ...of }: Admission): Uint8Array {
  const { station, account, credential, key } = of;
  return canonicalBytes({ type, station, account, credential, key, class: kind, as });
}

/** The inverse, strictly. Throws `Malformed`. */
export function parseAdmission(bytes: Uint8Array, field = 'admission'): Admission {
  const { type: told, station, account, credential, key, class: kind, as, ...others } = parseCanonical(bytes, field);
  if (told !== type) throw new Malformed(`${field}.type`, `expected ${type}, got ${shown(told)}`);
  const [other] = Object.keys(others);
  if (other !== undefined) throw new Malformed(field, `${shown(other)} is not a member of ${type}`);
  return {
    station: parseStationName(station ?? '', `${field}.station`),
    account: parseAccountId(account ?? '', `${field}.account`),
    credential: parseFactorId(credential ?? '', `${field}.credential`),
    key: parseDigest(key ?? '', `${field}.key`),
    class: oneOf(authenticatorClasses, kind, `${field}.class`),
    as: oneOf(admittedAs, as, `${field}.as`),
  };
}

function oneOf<T extends string>(values: readonly T[], value: string | undefined, field: string): T {
  const found = values.find((known) => known === value);
  if (found === undefined) throw new Malformed(field, `expected one of ${values.join(', ')}, got ${shown(value)}`);
  return found;
}
