import { verifyAssertion, verifyMfaToken } from '../attestation/index.ts';
import {
  type AccountId,
  type Assertion,
  type Attestation,
  type CodeRecord,
  type Digest,
  type ExpectedPayment,
  type FactorId,
  type FactorRecord,
  type OneTimeCode,
  type Reason,
  Refusal,
  type ServiceToken,
  type StationName,
  type Verification,
  type VerifiedToken,
  type WallMs,
} from '../domain/index.ts';
import type { Evidence } from '../gate/cases.ts';
import type { Policy } from '../gate/policy.ts';
import { factorUsable, type Present, pieceUsable } from '../gate/rules/evidence-genuine.ts';
import { codesAlone } from '../gate/rules/evidence-sufficient.ts';
import type { Facts, RowKey } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';
import { codesAfterUse, sameCodes, verifyCode } from './codes.ts';
import type { Models } from './models.ts';

/**
 * An attestation, verified before the deciding transaction, with the factor row that verification relied on. The decision
 * compares: if the row changed meanwhile, it decides nothing.
 */
export interface Checked {
  readonly attestation: Attestation;
  readonly evidence: Evidence;
  /** Accepted before: then its counter was compared already, and what came after it may have moved on. */
  readonly kept: boolean;
  /** What a one-time code was held against. */
  readonly code?: CodeRecord | undefined;
}

/** What attestations are verified against. */
export interface Approved {
  readonly digest: Digest;
  readonly account: AccountId;
  readonly policy: Policy;
  readonly factorOf: (id: FactorId) => FactorRecord | undefined;
  /** What a browser may have shown of it; undefined: no browser may confirm it. */
  readonly payment: ExpectedPayment | undefined;
  /** Which authenticators are still what they were enrolled as. */
  readonly models: Models;
  readonly codeOf: (id: FactorId) => CodeRecord | undefined;
  /** Opens a code's sealed secret. */
  readonly secretOf: (record: CodeRecord) => Uint8Array;
  readonly present: () => { readonly station: StationName; readonly now: WallMs };
  /** What factors are held against. */
  readonly standing: () => Present;
}

/** `kept`: accepted before, and judged again; what is used once was used then. */
export function checkAttestations(attestations: readonly Attestation[], of: Approved, kept = false): Checked[] {
  const others = attestations.filter((attestation) => attestation.kind !== 'totp');
  const checked = new Map(others.map((attestation) => [attestation, evidenceOf(attestation, of, kept)]));
  const codes = attestations.filter((attestation) => attestation.kind === 'totp');
  const hindered = codes.length === 0 ? undefined : hindrance(codes, [...checked.values()], of, kept);
  return attestations.map((attestation) => {
    if (attestation.kind === 'totp') return checkedCode(attestation, of, kept, hindered);
    return { attestation, evidence: checked.get(attestation) ?? evidenceOf(attestation, of, kept), kept };
  });
}

/**
 * A6: why no one-time code of a request is looked at, if so. It names no payment, so that it never comes alone; and what comes with
 * it has to stand, so that nobody without another factor of the account learns of a code, or locks its owner out by wrong ones.
 */
function hindrance(
  codes: readonly OneTimeCode[],
  others: readonly Evidence[],
  { account, policy, standing }: Approved,
  kept: boolean,
): Failed | undefined {
  if (others.length === 0) return refused('attestation-insufficient', codesAlone(policy.evidence.accepts));
  if (new Set(codes.map(({ factor }) => factor)).size !== codes.length)
    return refused('attestation-invalid', 'several one-time codes are of the same factor');
  for (const evidence of others) {
    const { verification } = evidence;
    if (verification.genuine !== true) return verification;
    // What is kept was usable when it was accepted; how it stands now is the gate's to say.
    const judgement = kept ? undefined : pieceUsable(evidence, account, standing());
    if (judgement?.passed === false) return failed(judgement);
  }
  return undefined;
}

type Said = Pick<Failed, 'reason' | 'message' | 'details'>;

function failed({ reason, message, details }: Said): Failed {
  return { genuine: false, reason, message, ...(details === undefined ? {} : { details }) };
}

function checkedCode(attestation: OneTimeCode, of: Approved, kept: boolean, hindered: Failed | undefined): Checked {
  const factor = of.factorOf(attestation.factor);
  const judged = (verification: Verification, code?: CodeRecord): Checked => ({
    attestation,
    evidence: { verification, factor },
    kept,
    code,
  });
  if (factor === undefined) return judged(unknownFactor);
  const code = of.codeOf(factor.id);
  if (code === undefined) return judged(refused('attestation-invalid', 'the factor has no one-time codes'));
  if (hindered !== undefined) return judged(hindered);
  // Its step was used when it was accepted: who judges it again can only ask whether the factor still stands.
  if (kept) return judged({ genuine: true, evidence: { kind: 'totp', factor: factor.id, step: 0 } });
  const standing = of.standing();
  const usable = factorUsable(factor, of.account, standing);
  if (!usable.passed) return judged(failed(usable));
  return judged(verifyCode(attestation.code, code, { ...standing, secret: () => of.secretOf(code) }), code);
}

const unknownFactor: Failed = {
  genuine: false,
  reason: 'factor-unknown',
  message: 'the attestation was made by a factor that is not enrolled',
};

function evidenceOf(attestation: Assertion | ServiceToken, of: Approved, kept: boolean): Evidence {
  const id = factorNamed(attestation);
  const factor = id === undefined ? undefined : of.factorOf(id);
  if (id !== undefined && factor === undefined) return { verification: unknownFactor, factor };
  return { verification: verify(attestation, factor, of, kept), factor };
}

function verify(
  attestation: Assertion | ServiceToken,
  factor: FactorRecord | undefined,
  { digest, account, policy, payment, present, models }: Approved,
  kept: boolean,
): Verification {
  switch (attestation.kind) {
    case 'webauthn': {
      if (factor === undefined || factor.class === 'totp')
        return refused('attestation-invalid', 'the factor is no WebAuthn credential');
      const flaw = models.flawOf(factor, policy);
      if (flaw !== undefined)
        return refused('authenticator-revoked', `the authenticator is not accepted any more: ${flaw}`);
      const { unverified, movingCounter, notBackedUp } = policy.authenticatorsUse;
      return verifyAssertion(attestation, {
        digest,
        factor: { ...factor, class: factor.class, signCount: kept ? 0 : factor.signCount },
        rpId: policy.rpId,
        origins: policy.origins,
        userVerification: !unverified.includes(factor.class),
        payment,
        movingCounter: !kept && movingCounter.includes(factor.class),
        notBackedUp: notBackedUp.includes(factor.class),
      });
    }
    case 'mfa-token': {
      const { station, now } = present();
      const expected = { keys: policy.attesters, station, account, digest };
      return verifyMfaToken(attestation.token, { ...expected, now: kept ? 'kept' : now });
    }
  }
}

type Failed = Extract<Verification, { genuine: false }>;

const refused = (reason: Reason, message: string): Failed => ({ genuine: false, reason, message });

/** The enrolled factor that an attestation names; a token names none. */
export function factorNamed(attestation: Attestation): FactorId | undefined {
  switch (attestation.kind) {
    case 'webauthn':
      return attestation.credential;
    case 'totp':
      return attestation.factor;
    case 'mfa-token':
      return undefined;
  }
}

/** The factors that attested, each once, in the order of their attestations. */
export function attesters(attestations: readonly Attestation[]): FactorId[] {
  return [...new Set(attestations.flatMap((a) => factorNamed(a) ?? []))];
}

/** The rows that deciding on these attestations reads. */
export function evidenceRows(attestations: readonly Attestation[]): RowKey[] {
  const codes = attestations.flatMap((a): RowKey[] => (a.kind === 'totp' ? [['codes', a.factor]] : []));
  return [...attesters(attestations).map((id): RowKey => ['factors', id]), ...codes];
}

/** A token is used once, whatever it approves: the key under which it is spent. */
export function tokenKey({ issuer, jti }: Pick<VerifiedToken, 'issuer' | 'jti'>): string {
  return `mfa:${issuer}:${jti}`;
}

/** The tokens among evidence, those that verified. */
export function tokensOf(evidence: readonly Evidence[]): VerifiedToken[] {
  return evidence.flatMap(({ verification }) =>
    verification.genuine === true && verification.evidence.kind === 'mfa-token' ? [verification.evidence] : [],
  );
}

/** The MFA services whose tokens attest, each once, as leaves tell them. */
export function servicesOf(evidence: readonly Evidence[]): string {
  return [...new Set(tokensOf(evidence).map(({ issuer }) => issuer))].join(' ');
}

/** How many of the attestations are of payments that the browser showed itself, as leaves tell it. */
export function paymentsShown(evidence: readonly Evidence[]): number {
  return evidence.filter(
    ({ verification: v }) => v.genuine && v.evidence.kind === 'webauthn' && v.evidence.ceremony === 'payment.get',
  ).length;
}

/** The MFA services that kept tokens name, for readers who can't verify them; as leaves tell them. */
export function servicesNamed(attestations: readonly Attestation[]): string {
  const names = attestations.flatMap((a) => (a.kind === 'mfa-token' ? [issuerNamed(a.token)] : []));
  return [...new Set(names)].join(' ');
}

function issuerNamed(token: string): string {
  try {
    const { iss }: { iss?: unknown } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return String(iss);
  } catch {
    return 'nobody';
  }
}

/** The rows that say whether the tokens among evidence were used. */
export function tokenRows(checked: readonly Checked[]): RowKey[] {
  return tokensOf(checked.map(({ evidence }) => evidence)).map((token): RowKey => ['spent', tokenKey(token)]);
}

/** A7: the tokens are used up. `by`: what for; `leaf`: the position of the entry that tells of it. */
export function tokensSpent(evidence: readonly Evidence[], by: string, leaf: number): Write[] {
  return tokensOf(evidence).map((token) => ({ table: 'spent', record: { key: tokenKey(token), by }, leaf }));
}

/** Throws if one token is among what approves several things at once: each was judged as if it were alone. */
export function refuseSharedTokens(approvals: readonly (readonly Evidence[])[]): void {
  const keys = approvals.flatMap((evidence) => tokensOf(evidence).map(tokenKey));
  if (new Set(keys).size !== keys.length)
    throw new Refusal('attestation-spent', 'one token of an MFA service came with several withdrawals');
}

/** The factors of which a wrong code was given, each as often as one was. */
export function wrongCodes(checked: readonly Checked[]): FactorId[] {
  return checked.flatMap(({ attestation, evidence: { verification } }) =>
    attestation.kind === 'totp' && verification.genuine === false && verification.reason === 'code-wrong'
      ? [attestation.factor]
      : [],
  );
}

/** The same evidence with the factors as the decision sees them. Throws if a row that was relied on has changed. */
export function evidenceNow(checked: readonly Checked[], facts: Facts): Evidence[] {
  return checked.map(({ attestation, evidence, kept, code }) => {
    const id = factorNamed(attestation);
    const factor = id === undefined ? undefined : facts.get('factors', id);
    const before = evidence.factor;
    const same =
      factor === undefined || before === undefined
        ? factor === before
        : (kept || factor.signCount === before.signCount) && Buffer.compare(factor.coseKey, before.coseKey) === 0;
    // A6: of guesses that come together one is judged, and what the others found is told to nobody.
    const codesSame =
      attestation.kind !== 'totp' || code === undefined || sameCodes(code, facts.get('codes', code.factor));
    if (!same || !codesSame)
      throw new Refusal('changed-meanwhile', 'the factor was used or changed while this was decided: ask again');
    const [token] = kept ? [] : tokensOf([evidence]);
    const spent = token === undefined ? undefined : facts.get('spent', tokenKey(token));
    return { verification: evidence.verification, factor, spent };
  });
}

/** What using the factors leaves in their rows: the moving counter and the backup state, and the step of a code. */
export function factorsAfterUse(evidence: readonly Evidence[], facts: Facts): Write[] {
  return [...countersAfterUse(evidence), ...codesAfterUse(evidence, facts)];
}

function countersAfterUse(evidence: readonly Evidence[]): Write[] {
  const used = new Map<FactorId, FactorRecord>();
  for (const { verification, factor } of evidence) {
    if (verification.genuine !== true || factor === undefined || verification.evidence.kind !== 'webauthn') continue;
    const { signCount, backupState } = verification.evidence;
    const before = used.get(factor.id) ?? factor;
    // One factor may attest twice, in either order: its counter never goes back.
    used.set(factor.id, { ...before, signCount: Math.max(before.signCount, signCount), backupState });
  }
  return evidence.flatMap(({ factor }): Write[] => {
    const record = factor === undefined ? undefined : used.get(factor.id);
    if (factor === undefined || record === undefined) return [];
    used.delete(factor.id);
    if (record.signCount === factor.signCount && record.backupState === factor.backupState) return [];
    return [{ table: 'factors', record }];
  });
}
