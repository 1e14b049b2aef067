import type {
  Approval,
  Authorization,
  EvidenceWanted,
  Prepared,
  RefusalView,
  RuleOutcome,
} from '../custody/custody.ts';
import {
  type Assertion,
  type Attestation,
  type FactorId,
  Malformed,
  parseFactorId,
  type Reason,
  type Sealed,
  shown,
} from '../domain/index.ts';
import type {
  Attestation as AttestationMessage,
  EvidenceWanted as EvidenceWantedMessage,
  Intent as IntentMessage,
  Reason as ReasonMessage,
  RuleOutcome as RuleOutcomeMessage,
  WebAuthnAssertion,
} from '../generated/portcullis/v1/evidence.ts';
import { parseBytes, parseIntentBytes, parseList, parseText } from './fields.ts';

/**
 * Bounds of evidence. WebAuthn L3 sets none; authenticator data without extensions is 37 bytes, client data some 300,
 * and the longest signature that COSE algorithms here give, RSA 4096, is 512.
 */
const most = {
  attestations: 8,
  authenticatorData: 1024,
  clientData: 4 * 1024,
  signature: 1024,
  token: 4 * 1024,
} as const;

/** RFC 7515 §3.1: three parts in base64url. Which of them may be what is for attestation/ to say. */
const compactJws = new RegExp(`^[A-Za-z0-9_.-]{1,${most.token}}$`);

/** A credential id and, as base64url can spell one value in several ways, only in the canonical one (RFC 4648 §3.5). */
function parseCredential(assertion: WebAuthnAssertion, field: string): FactorId {
  const id = parseFactorId(assertion.credentialId, `${field}.credential_id`);
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.toString('base64url') !== id) {
    throw new Malformed(`${field}.credential_id`, `expected canonical base64url, got ${shown(id)}`);
  }
  if (assertion.rawId.length === 0) throw new Malformed(`${field}.raw_id`, 'is missing');
  if (!bytes.equals(assertion.rawId)) {
    throw new Malformed(`${field}.raw_id`, 'is not the bytes that credential_id spells', 'credential-mismatch');
  }
  return id;
}

/** Where nothing else will do: an operator signs with a key of their own. */
export function parseAssertion(message: AttestationMessage, field: string): Assertion {
  const attestation = parseAttestation(message, field);
  if (attestation.kind !== 'webauthn') throw new Malformed(`${field}.evidence`, 'is no WebAuthn assertion');
  return attestation;
}

export function parseAttestation({ evidence }: AttestationMessage, field: string): Attestation {
  switch (evidence?.$case) {
    case 'webauthn': {
      const assertion = evidence.value;
      const within = `${field}.webauthn`;
      return {
        kind: 'webauthn',
        credential: parseCredential(assertion, within),
        authenticatorData: parseBytes(
          assertion.authenticatorData,
          most.authenticatorData,
          `${within}.authenticator_data`,
        ),
        clientData: parseBytes(assertion.clientDataJson, most.clientData, `${within}.client_data_json`),
        signature: parseBytes(assertion.signature, most.signature, `${within}.signature`),
      };
    }
    case 'totp': {
      const { factorId, code } = evidence.value;
      return {
        kind: 'totp',
        factor: parseFactorId(factorId, `${field}.totp.factor_id`),
        code: parseText(code, /^[0-9]{6}$/, 'six digits', `${field}.totp.code`),
      };
    }
    case 'mfaToken': {
      const what = `a compact JWS of at most ${most.token} characters`;
      return { kind: 'mfa-token', token: parseText(evidence.value, compactJws, what, `${field}.mfa_token`) };
    }
    default:
      throw new Malformed(`${field}.evidence`, 'is missing, or of a kind that this station does not know');
  }
}

/** An intent and the evidence for it. That there is any is for the gate to ask: `attestation-missing`. */
export function parseAuthorization(
  message: { readonly intent: Uint8Array; readonly attestations: readonly AttestationMessage[] },
  field?: string,
): Authorization {
  const prefix = field === undefined ? '' : `${field}.`;
  return {
    intent: parseIntentBytes(message.intent, `${prefix}intent`),
    attestations: parseList(message.attestations, most.attestations, `${prefix}attestations`, parseAttestation),
  };
}

export function parseApproval(
  approval:
    | { readonly $case: 'voucher'; readonly value: string }
    | { readonly $case: 'attestations'; readonly value: { readonly attestations: readonly AttestationMessage[] } }
    | undefined,
): Approval | undefined {
  switch (approval?.$case) {
    case 'voucher':
      return {
        kind: 'voucher',
        jws: parseText(approval.value, compactJws, `a compact JWS of at most ${most.token} characters`, 'voucher'),
      };
    case 'attestations': {
      const { attestations } = approval.value;
      const field = 'attestations.attestations';
      return {
        kind: 'attestations',
        attestations: parseList(attestations, most.attestations, field, parseAttestation),
      };
    }
    default:
      return undefined;
  }
}

export function intentMessage({ bytes, digest }: Sealed): IntentMessage {
  return { canonical: Buffer.from(bytes), digest: Buffer.from(digest, 'hex') };
}

export function reasonMessage({ reason, message, details }: RefusalView): ReasonMessage {
  return { reason: reason satisfies Reason, message, metadata: { ...details } };
}

export function ruleMessages(rules: readonly RuleOutcome[]): {
  readonly rules: RuleOutcomeMessage[];
  readonly wouldRefuse: ReasonMessage[];
} {
  return {
    rules: rules.map(({ rule, passed, explanation, refusal }) => ({
      rule,
      passed,
      explanation,
      reason: refusal === undefined ? undefined : reasonMessage(refusal),
    })),
    wouldRefuse: rules.flatMap(({ passed, refusal, holds }) =>
      passed || holds === true || refusal === undefined ? [] : [reasonMessage(refusal)],
    ),
  };
}

export function evidenceWantedMessage(wanted: EvidenceWanted): EvidenceWantedMessage {
  const { summary, demand, accepts, factors, services, wallets } = wanted;
  return {
    summary,
    demand: { ...demand },
    accepted: [...accepts],
    factors: factors.map(({ id, kind, class: class_ }) => ({ id, kind, class: class_ })),
    services: [...services],
    wallets: wallets.map(({ wallet, demand: takes, operators }) => ({ wallet, demand: { ...takes }, operators })),
  };
}

/** What the answers of all Prepare methods share. */
export function preparedMessage(prepared: Prepared): {
  readonly intent: IntentMessage;
  readonly credentialIds: string[];
  readonly rpId: string;
  readonly evidenceWanted: EvidenceWantedMessage;
  readonly rules: RuleOutcomeMessage[];
  readonly wouldRefuse: ReasonMessage[];
} {
  return {
    intent: intentMessage(prepared.intent),
    credentialIds: prepared.evidenceWanted.factors.filter(({ kind }) => kind === 'webauthn').map(({ id }) => id),
    rpId: prepared.rpId,
    evidenceWanted: evidenceWantedMessage(prepared.evidenceWanted),
    ...ruleMessages(prepared.rules),
  };
}
