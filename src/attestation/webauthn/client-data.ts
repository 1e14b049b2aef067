import { Refusal, shown } from '../../domain/index.ts';
import { parseJsonObject } from '../json.ts';

/** Some hundred bytes in practice: four short members, and what browsers add to keep verifiers from comparing templates. */
const maxLength = 8192;

export interface ExpectedClientData {
  readonly type: 'webauthn.get' | 'webauthn.create';
  /** Exact origins, such as `https://approve.example.com`. */
  readonly origins: readonly string[];
  /** Whether this is the base64url of the challenge that was set. */
  readonly challenge: (answered: string) => boolean;
}

/**
 * The client data's part of WebAuthn L3 §7.1 and §7.2, in their order. Members that nobody knows are left alone (§5.8.1: more
 * may come). Throws `Refusal`.
 */
export function checkClientData(bytes: Uint8Array, expected: ExpectedClientData): void {
  if (bytes.length > maxLength) throw wrong(`is longer than ${maxLength} bytes`);
  // "Let JSONtext be the result of running UTF-8 decode": here without mercy. Browsers write neither BOM nor bad UTF-8.
  const parsed = parseJsonObject(bytes);
  if (!parsed.ok) throw wrong(parsed.problem);
  const { type, challenge, origin, crossOrigin, topOrigin, tokenBinding } = parsed.value;

  // "Verify that the value of C.type is the string webauthn.get" (webauthn.create).
  if (type !== expected.type) throw wrong(`has the type ${show(type)}, expected ${expected.type}`);

  // "Verify that the value of C.challenge equals the base64url encoding of pkOptions.challenge."
  if (typeof challenge !== 'string' || !expected.challenge(challenge)) {
    throw new Refusal(
      'challenge-mismatch',
      `the client data answers the challenge ${show(challenge)}, not the one that was set`,
    );
  }

  // "Verify that the value of C.origin is an origin expected by the Relying Party" (§13.4.9: by exact comparison).
  if (!expected.origins.some((accepted) => accepted === origin)) {
    throw new Refusal('origin-mismatch', `the origin ${show(origin)} is not one of ${expected.origins.join(', ')}`);
  }

  // "If C.crossOrigin is present and set to true, verify that the Relying Party expects …": it never does (A5).
  if (crossOrigin !== undefined && crossOrigin !== false) {
    throw new Refusal(
      'cross-origin',
      `the client data has crossOrigin ${show(crossOrigin)}; it must be false or absent`,
    );
  }

  // "If C.topOrigin is present, verify that the Relying Party expects …": neither.
  if (topOrigin !== undefined) {
    throw new Refusal('cross-origin', `the page was framed by ${show(topOrigin)}; approve on a top-level page`);
  }

  // §5.8.1 reserves the name: no channel of the station is token-bound, so nobody could check it.
  if (tokenBinding !== undefined) throw wrong('has a tokenBinding, which no longer exists');
}

function show(value: unknown): string {
  return typeof value === 'string' ? shown(value) : value === undefined ? 'absent' : shown(JSON.stringify(value));
}

function wrong(message: string): Refusal {
  return new Refusal('attestation-invalid', `the client data ${message}`);
}
