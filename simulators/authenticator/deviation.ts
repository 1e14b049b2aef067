/** What one ceremony does other than an honest browser and authenticator would: the attacks that a verifier must see. */
export interface Deviation {
  /** In the client data. */
  readonly type?: string;
  /** In the client data; base64url. */
  readonly challenge?: string;
  /** In the client data. */
  readonly origin?: string;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  /** Further members of the client data, or other values for its members. */
  readonly clientData?: Readonly<Record<string, unknown>>;
  /** Of the payment that the browser showed: further members, or other values; undefined leaves one out. */
  readonly payment?: Readonly<Record<string, unknown>>;
  /** Whose hash goes into the authenticator data. */
  readonly hashedRpId?: string;
  readonly userPresent?: boolean;
  /** The UV flag; also lifts the rule that an authenticator that can't verify refuses `required`. */
  readonly userVerified?: boolean;
  readonly backupEligible?: boolean;
  readonly backedUp?: boolean;
  /** Sign counter, 0 to 2^32 − 1; the authenticator's own goes on untouched. */
  readonly counter?: number;
  /** `id` of the answer where it should equal `rawId`; base64url. */
  readonly id?: string;
  /**
   * After signing: the last bit of that member is flipped; the client data get a space that changes no meaning; or an
   * ES256 signature is replaced by its twin (r, n − s), which is valid too.
   */
  readonly tamper?: 'signature' | 'authenticatorData' | 'clientDataJSON' | 'mirrored-signature';
}
