import { fromBase64url, toBase64url } from '../attestation/base64url.ts';
import { verifyAssertion } from '../attestation/index.ts';
import { type Attestation, type Digest, type FactorId, type FactorRecord, Refusal } from '../domain/index.ts';
import type { Evidence } from '../gate/cases.ts';
import type { Policy } from '../gate/policy.ts';
import type { Facts } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';

/**
 * An attestation, verified before the deciding transaction, with the factor row that verification relied on. The decision
 * compares: if the row changed meanwhile, it decides nothing.
 */
export interface Checked {
  readonly attestation: Attestation;
  readonly evidence: Evidence;
  /** Accepted before: then its counter was compared already, and what came after it may have moved on. */
  readonly kept: boolean;
}

export function checkAttestations(
  attestations: readonly Attestation[],
  digest: Digest,
  policy: Policy,
  factorOf: (id: FactorId) => FactorRecord | undefined,
  kept = false,
): Checked[] {
  return attestations.map((attestation) => {
    const factor = factorOf(attestation.credential);
    if (factor === undefined) {
      const message = 'the attestation was made by a factor that is not enrolled';
      return {
        attestation,
        evidence: { verification: { genuine: false, reason: 'factor-unknown', message }, factor },
        kept,
      };
    }
    const verification = verifyAssertion(attestation, {
      digest,
      factor: kept ? { ...factor, signCount: 0 } : factor,
      rpId: policy.rpId,
      origins: policy.origins,
      userVerification: true,
    });
    return { attestation, evidence: { verification, factor }, kept };
  });
}

/** The factors that attested, each once, in the order of their attestations. */
export function attesters(attestations: readonly Attestation[]): FactorId[] {
  return [...new Set(attestations.map((a) => a.credential))];
}

/** The same evidence with the factors as the decision sees them. Throws if a row that was relied on has changed. */
export function evidenceNow(checked: readonly Checked[], facts: Facts): Evidence[] {
  return checked.map(({ attestation, evidence, kept }) => {
    const factor = facts.get('factors', attestation.credential);
    const before = evidence.factor;
    const same =
      factor === undefined || before === undefined
        ? factor === before
        : (kept || factor.signCount === before.signCount) && Buffer.compare(factor.coseKey, before.coseKey) === 0;
    if (!same)
      throw new Refusal('changed-meanwhile', 'the factor was used or changed while this was decided: ask again');
    return { verification: evidence.verification, factor };
  });
}

/** What using the factors leaves in their rows: the moving counter and the backup state. */
export function factorsAfterUse(evidence: readonly Evidence[]): Write[] {
  const used = new Map<FactorId, FactorRecord>();
  for (const { verification, factor } of evidence) {
    if (verification.genuine !== true || factor === undefined) continue;
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

/** formats.md, "Evidence": the attestations as they came, as JSON, kept with what they approved. */
export function encodeEvidence(attestations: readonly Attestation[]): Uint8Array {
  const list = attestations.map((a) => ({
    kind: a.kind,
    credential: a.credential,
    authenticator_data: toBase64url(a.authenticatorData),
    client_data: toBase64url(a.clientData),
    signature: toBase64url(a.signature),
  }));
  return new TextEncoder().encode(JSON.stringify({ type: 'portcullis/evidence/v1', attestations: list }));
}

/** The inverse. What is stored is under a MAC, so anything unexpected here is the program's mistake. */
export function decodeEvidence(bytes: Uint8Array): Attestation[] {
  const parsed: { type: string; attestations: Record<string, string>[] } = JSON.parse(new TextDecoder().decode(bytes));
  if (parsed.type !== 'portcullis/evidence/v1') throw new Error('kept evidence is of an unknown version');
  const bytesOf = (text: string | undefined): Uint8Array => {
    const value = text === undefined ? undefined : fromBase64url(text);
    if (value === undefined) throw new Error('kept evidence is damaged');
    return value;
  };
  return parsed.attestations.map((a) => ({
    kind: 'webauthn',
    credential: (a['credential'] ?? '') as FactorId,
    authenticatorData: bytesOf(a['authenticator_data']),
    clientData: bytesOf(a['client_data']),
    signature: bytesOf(a['signature']),
  }));
}
