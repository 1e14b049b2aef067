import type { Attestation, Intent } from '../../src/generated/portcullis/v1/evidence.ts';
import type { Authenticator } from '../authenticator/authenticator.ts';
import { parseCreationOptions } from '../authenticator/options.ts';
import { attestationOf } from './assertion.ts';

/**
 * A customer with a passkey. In an exchange this is the browser on the approval page: `create` is
 * navigator.credentials.create(), `approve` is navigator.credentials.get() with the intent's digest as its challenge.
 */
export class Customer {
  readonly account: string;
  readonly #passkey: Authenticator;

  constructor(account: string, passkey: Authenticator) {
    this.account = account;
    this.#passkey = passkey;
  }

  /** Makes a passkey; returns RegistrationResponseJSON. */
  create(creationOptionsJson: string): string {
    return JSON.stringify(this.#passkey.create(parseCreationOptions(creationOptionsJson)));
  }

  /** Approves one intent, and nothing else: the passkey signs its digest. */
  approve(intent: Intent | undefined, rpId: string): Attestation {
    if (intent === undefined) throw new Error('there is no intent to approve');
    const assertion = this.#passkey.get({
      challenge: intent.digest.toString('base64url'),
      rpId,
      userVerification: 'required',
    });
    return attestationOf(assertion);
  }
}
