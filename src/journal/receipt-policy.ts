import { createHash } from 'node:crypto';
import { parseDocument } from 'yaml';
import { ReceiptError } from './receipt-error.ts';

/** Where customers approve, as a policy document states it. */
export interface ReceiptApprovals {
  /** SHA-256 of the RP ID, as authenticator data begin with it (WebAuthn L3 §6.1). */
  readonly rpIdHash: Uint8Array;
  readonly origins: readonly string[];
  /** Which pages may ask for payments, and frame those that do; and who is paid (Secure Payment Confirmation). */
  readonly payments: {
    readonly origins: readonly string[];
    readonly topOrigins: readonly string[];
    readonly payee: ReceiptPayee;
  };
}

export interface ReceiptPayee {
  readonly name: string | undefined;
  readonly origin: string | undefined;
}

/** The members of a policy document. The station accepted it as strict YAML 1.2 (core schema) before it hashed it. Throws `ReceiptError`. */
export function policyMembers(policy: string): Readonly<Record<string, unknown>> {
  try {
    const document = parseDocument(policy, { version: '1.2', schema: 'core', merge: false });
    const members = document.errors.length === 0 ? asObject(document.toJS({ maxAliasCount: 0 })) : undefined;
    if (members !== undefined) return members;
  } catch {
    // Told below.
  }
  throw policyDiffers('a policy document is no YAML with members');
}

/** Throws `ReceiptError`. */
export function approvalsOf(policy: string): ReceiptApprovals {
  const members = policyMembers(policy);
  const { rp_id, origins } = asObject(members['approvals']) ?? {};
  if (typeof rp_id !== 'string' || !Array.isArray(origins))
    throw policyDiffers('a policy document does not say where customers approve');
  const shown = asObject(members['payment_confirmation']) ?? {};
  return {
    rpIdHash: createHash('sha256').update(rp_id).digest(),
    origins: textsOf(origins),
    payments: {
      origins: textsOf(shown['origins']),
      topOrigins: textsOf(shown['top_origins']),
      payee: { name: textOf(shown['payee_name']), origin: textOf(shown['payee_origin']) },
    },
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

export function policyDiffers(message: string): ReceiptError {
  return new ReceiptError('policy-differs', message);
}
