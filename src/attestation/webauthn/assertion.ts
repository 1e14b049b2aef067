import type {
  Assertion,
  AuthenticatorClass,
  Digest,
  ExpectedPayment,
  FactorRecord,
  Verification,
  VerifiedAssertion,
} from '../../domain/index.ts';
import { Refusal, sha256, shown } from '../../domain/index.ts';
import { checkAuthenticatorData, parseAuthenticatorData } from './authenticator-data.ts';
import { checkClientData } from './client-data.ts';
import { verifiesUnder } from './cose-key.ts';
import { KeyCache } from './key-cache.ts';

export interface ExpectedAssertion {
  /** Of the intent: its 32 bytes are the challenge. */
  readonly digest: Digest;
  /** The factor as it is enrolled. */
  readonly factor: Pick<FactorRecord, 'id' | 'coseKey' | 'signCount' | 'backupEligible' | 'backupState'> & {
    readonly class: AuthenticatorClass;
  };
  readonly rpId: string;
  /** Exact origins, such as `https://approve.example.com`. */
  readonly origins: readonly string[];
  /** Whether the authenticator must have verified its user. */
  readonly userVerification: boolean;
  /** The payment that the browser may have shown itself (payment.ts); absent: it may not. */
  readonly payment?: ExpectedPayment | undefined;
  /** Whether the authenticator must count its signatures; absent: it may always say 0. */
  readonly movingCounter?: boolean;
  /** Whether a credential that is backed up is refused. */
  readonly notBackedUp?: boolean;
}

/** Some KiB of native memory each: the customers of a busy hour, not all of them. */
const keys = new KeyCache(4096);

/**
 * Whether the assertion is the factor's, for exactly this intent: WebAuthn L3 §7.2, synchronously, ~0.15 ms with a known key.
 * Steps are cited by their words, since their numbers differ between drafts. Never throws for anything in `assertion` or in
 * `factor.coseKey`: whatever doesn't verify comes back with its reason.
 */
export function verifyAssertion(assertion: Assertion, expected: ExpectedAssertion): Verification<VerifiedAssertion> {
  try {
    return genuine(assertion, expected);
  } catch (error) {
    if (error instanceof Refusal) return { genuine: false, reason: error.reason, message: error.message };
    throw error;
  }
}

function genuine(
  assertion: Assertion,
  { digest, factor, rpId, origins, userVerification, payment, movingCounter, notBackedUp }: ExpectedAssertion,
): Verification<VerifiedAssertion> {
  // "Let credentialRecord be the credential record …  whose id equals credential.rawId."
  if (assertion.credential !== factor.id) {
    throw new Refusal(
      'credential-mismatch',
      `the assertion is by credential ${shown(assertion.credential)}, expected ${shown(factor.id)}`,
    );
  }

  // "Let JSONtext be …" to "If C.topOrigin is present": see client-data.ts.
  const challenge = Buffer.from(digest, 'hex').toString('base64url');
  const ceremony = checkClientData(assertion.clientData, {
    type: 'webauthn.get',
    origins,
    challenge: (answered) => answered === challenge,
    payment: payment === undefined ? undefined : { ...payment, rpId },
  });

  // "Verify that the rpIdHash …" to "If the BE bit … is not set, verify that the BS bit is not set".
  const data = parseAuthenticatorData(assertion.authenticatorData);
  // §6.1: attested credential data are a registration's; an assertion has none.
  if (data.attested !== undefined) {
    throw new Refusal(
      'attestation-invalid',
      'the authenticator data carry attested credential data, which only a registration does',
    );
  }
  // Secure Payment Confirmation asks for user verification always ("Steps to respond to a payment request").
  checkAuthenticatorData(data, { rpId, userVerification: userVerification || ceremony === 'payment.get' });

  // "Compare currentBe … with credentialRecord.backupEligible": it never changes. BS may (policy judges it).
  if (data.backupEligible !== factor.backupEligible) {
    const [now, then] = data.backupEligible ? ['can', 'could not'] : ['can’t', 'could'];
    throw new Refusal(
      'backup-state-invalid',
      `the credential ${now} be backed up, and ${then} when it was enrolled (BE changed)`,
    );
  }
  if (notBackedUp === true && data.backupState) {
    throw new Refusal(
      'backup-state-invalid',
      `the credential is backed up (BS is set), which policy does not allow for class ${factor.class}`,
    );
  }

  // "Let hash be the result of computing a hash over the cData using SHA-256. Using credentialRecord.publicKey, verify that
  // sig is a valid signature over the binary concatenation of authData and hash."
  const message = Buffer.concat([assertion.authenticatorData, sha256(assertion.clientData)]);
  if (!verifiesUnder(keys.get(factor.coseKey), message, assertion.signature)) {
    throw new Refusal(
      'signature-invalid',
      'the signature is not the credential’s over these client and authenticator data',
    );
  }

  // "If authData.signCount is nonzero or credentialRecord.signCount is nonzero": where it was 0 and isn't now, it has grown. Here less
  // or equal is refused, since it may be a copy of the key. After the signature, so that nobody else can make an authenticator look copied.
  const counts = movingCounter === true || factor.signCount !== 0;
  if (counts && data.signCount <= factor.signCount) {
    const why = factor.signCount === 0 ? ', as policy wants of its class' : '';
    throw new Refusal(
      'counter-regressed',
      `the authenticator’s counter is ${data.signCount}, and was ${factor.signCount} before; it must have grown${why}`,
    );
  }

  return {
    genuine: true,
    evidence: {
      kind: 'webauthn',
      factor: factor.id,
      class: factor.class,
      ceremony: ceremony === 'payment.get' ? 'payment.get' : 'webauthn.get',
      userVerified: data.userVerified,
      signCount: data.signCount,
      backupState: data.backupState,
    },
  };
}
