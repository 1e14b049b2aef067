import { fromBase64url } from '../../attestation/base64url.ts';
import { verifyAssertion } from '../../attestation/index.ts';
import { parseCoseKey } from '../../attestation/webauthn/cose-key.ts';
import {
  type ActRecord,
  type Assertion,
  type Digest,
  type FactorId,
  isFormer,
  Malformed,
  type OperatorIntent,
  type OperatorName,
  type OperatorRecord,
  type OperatorVerb,
  parseIntent,
  Refusal,
  type Sealed,
  type StationName,
  type Verification,
} from '../../domain/index.ts';
import type { OperatorSignature } from '../../gate/cases.ts';
import type { OperatorPolicy, OperatorsPolicy } from '../../gate/policy/people.ts';
import type { Policy } from '../../gate/policy.ts';
import type { Facts, RowKey } from '../../store/facts.ts';
import { decodeEvidence, encodeEvidence } from '../kept-evidence.ts';

/** One operator's signature as it is kept with its act. */
export interface KeptSignature {
  readonly operator: OperatorName;
  /** The exact canonical bytes of their own intent. */
  readonly intent: Uint8Array;
  readonly assertion: Assertion;
}

/** A signature that was verified outside the decision, with the row that verification relied on. */
export interface CheckedSignature {
  readonly operator: OperatorName;
  readonly verification: Verification;
  /** The counter that it was held against; undefined where it was kept, and its counter compared when it came. */
  readonly counted: { readonly credential: string; readonly signCount: number } | undefined;
}

const type = 'portcullis/operators-evidence/v1';
const text = new TextDecoder();
const utf8 = new TextEncoder();

/** formats.md, "Operators' evidence". */
export function encodeSignatures(signatures: readonly KeptSignature[]): Uint8Array {
  const list = signatures.map(({ operator, intent, assertion }) => ({
    operator,
    intent: text.decode(intent),
    evidence: JSON.parse(text.decode(encodeEvidence([assertion]))),
  }));
  return utf8.encode(JSON.stringify({ type, signatures: list }));
}

/** The inverse. What is stored is under a MAC, so anything unexpected here is the program's mistake. */
export function decodeSignatures(bytes: Uint8Array): KeptSignature[] {
  const parsed: { type: string; signatures: { operator: string; intent: string; evidence: unknown }[] } = JSON.parse(
    text.decode(bytes),
  );
  if (parsed.type !== type) throw new Error('kept operators’ evidence is of an unknown version');
  return parsed.signatures.map(({ operator, intent, evidence }) => {
    const [assertion] = decodeEvidence(utf8.encode(JSON.stringify(evidence)));
    if (assertion?.kind !== 'webauthn') throw new Error('a kept signature has no evidence');
    return { operator: operator as OperatorName, intent: utf8.encode(intent), assertion };
  });
}

/** Everyone whom policy names: operators, and the people of the recovery quorum. */
export function peopleOf(operators: OperatorsPolicy | undefined): readonly OperatorPolicy[] {
  return operators === undefined ? [] : [...operators.people, ...operators.recovery.people];
}

/** The person whose credential it is. */
export function personWith(operators: OperatorsPolicy | undefined, credential: FactorId): OperatorPolicy | undefined {
  return peopleOf(operators).find((person) => person.credential === credential);
}

/** Verifies an assertion as the person's, for the intent of this digest. `record` undefined: the counter was compared before. */
export function verifySignature(
  assertion: Assertion,
  digest: Digest,
  person: OperatorPolicy,
  operators: Pick<OperatorsPolicy, 'rpId' | 'origins'>,
  record: OperatorRecord | undefined,
): Verification {
  const coseKey = fromBase64url(person.key);
  if (coseKey === undefined)
    return { genuine: false, reason: 'attestation-invalid', message: 'policy’s key is damaged' };
  // Policy may have given the name another key: then the counter is another's.
  const counts = record?.credential === person.credential;
  return verifyAssertion(assertion, {
    digest,
    factor: {
      id: person.credential,
      coseKey,
      class: person.class,
      backupEligible: person.backupEligible,
      signCount: counts ? record.signCount : 0,
      backupState: counts ? record.backupState : false,
    },
    rpId: operators.rpId,
    origins: operators.origins,
    userVerification: true,
  });
}

/** What a kept signature has to say to count for something. */
export interface Expected {
  readonly verb: OperatorVerb;
  readonly subject: string;
  readonly digest: Digest;
  /** The policy that it has to have been decided on; undefined where it counts under whatever policy came after. */
  readonly base: Digest | undefined;
}

/**
 * D4: rows are not evidence. What was kept with an act is verified again, whole, under the keys of the policy in force: each
 * operator's own intent for exactly this, and their assertion over it.
 */
export function checkKept(
  act: Pick<ActRecord, 'evidence'>,
  expected: Expected,
  policy: Policy,
  station: StationName,
  generations: 'this one' | 'former too' = 'this one',
): CheckedSignature[] {
  return decodeSignatures(act.evidence).map((kept) => ({
    operator: kept.operator,
    verification: verifyKept(kept, expected, policy, (named) => {
      return named === station || (generations === 'former too' && isFormer(named, station));
    }),
    counted: undefined,
  }));
}

function verifyKept(
  kept: KeptSignature,
  expected: Expected,
  policy: Policy,
  ofStation: (named: StationName) => boolean,
): Verification {
  const wrong = (message: string): Verification => ({ genuine: false, reason: 'challenge-mismatch', message });
  const { operators } = policy;
  const person = peopleOf(operators).find(({ name }) => name === kept.operator);
  if (operators === undefined || person === undefined) {
    const message = `policy names no operator ${kept.operator} any more`;
    return { genuine: false, reason: 'operator-unknown', message };
  }
  let sealed: Sealed<OperatorIntent>;
  try {
    sealed = parseIntent(kept.intent, 'portcullis/operator/v1');
  } catch (error) {
    if (error instanceof Refusal) return wrong(error.message);
    throw error;
  }
  const said = sealed.intent;
  const same =
    said.verb === expected.verb &&
    said.subject === expected.subject &&
    said.digest === expected.digest &&
    (expected.base === undefined || said.base === expected.base) &&
    ofStation(said.station);
  if (!same) return wrong(`what operator ${kept.operator} signed is something else`);
  return verifySignature(kept.assertion, sealed.digest, person, operators, undefined);
}

/** The rows that say how the signers stand. */
export function operatorRows(checked: readonly Pick<CheckedSignature, 'operator'>[]): RowKey[] {
  return checked.map(({ operator }) => ['operators', operator]);
}

/** The same signatures with the operators as the decision sees them. Throws if a counter that was relied on has moved. */
export function signaturesNow(checked: readonly CheckedSignature[], facts: Facts): OperatorSignature[] {
  return checked.map(({ operator, verification, counted }) => {
    const record = facts.get('operators', operator);
    const same =
      counted === undefined ||
      (counted.credential === (record?.credential ?? '') && counted.signCount === (record?.signCount ?? 0));
    if (!same) throw new Refusal('changed-meanwhile', 'the operator’s key was used meanwhile: ask again');
    return { operator, verification, record };
  });
}

/** An operator of whom nothing is remembered yet: in good standing. */
export function newOperator(person: OperatorPolicy): OperatorRecord {
  return {
    name: person.name,
    credential: person.credential,
    signCount: 0,
    backupState: false,
    suspended: false,
    by: '',
    why: '',
    since: 0 as OperatorRecord['since'],
    history: [],
  };
}

/** An operator's row after a genuine signature. */
export function operatorAfterUse(
  person: OperatorPolicy,
  verification: Verification,
  record: OperatorRecord | undefined,
): OperatorRecord {
  const standing = record ?? newOperator(person);
  if (verification.genuine !== true || verification.evidence.kind !== 'webauthn') return standing;
  const { signCount, backupState } = verification.evidence;
  return { ...standing, credential: person.credential, signCount, backupState };
}

/** At the start and before a policy takes effect: a key that does not parse would silently be nobody's. */
export function checkOperatorKeys(policy: Policy): void {
  for (const { name, key } of peopleOf(policy.operators)) {
    const place = `policy.operators.${name}.key`;
    const bytes = fromBase64url(key);
    if (bytes === undefined) throw new Malformed(place, 'is not base64url in its one spelling');
    try {
      parseCoseKey(bytes);
    } catch (error) {
      if (error instanceof Refusal) throw new Malformed(place, error.message);
      throw error;
    }
  }
}
