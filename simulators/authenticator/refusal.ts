/** What a browser or an authenticator says when it won't: the DOMException names of WebAuthn L3. */
export type RefusalName = 'InvalidStateError' | 'NotAllowedError' | 'NotSupportedError' | 'SecurityError' | 'TypeError';

/** The simulated browser or authenticator refuses. */
export class AuthenticatorError extends Error {
  readonly reason: RefusalName;

  constructor(reason: RefusalName, message: string) {
    super(message);
    this.name = 'AuthenticatorError';
    this.reason = reason;
  }
}
