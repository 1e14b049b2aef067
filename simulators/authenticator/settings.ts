import type { Attester } from './attester.ts';

/** How the simulated device and the page that it is used on behave. */
export interface AuthenticatorSettings {
  /** Origin of the page, e.g. `https://approve.example.com`. */
  readonly origin: string;
  /**
   * 32 bytes or more that all keys and ids are derived from. A seeded authenticator repeats itself byte for byte: its
   * keys are test keys and must never approve anything real. Without a seed the keys are random.
   */
  readonly seed?: Uint8Array;
  /** Model of the device, as a UUID. Default: all zeros. */
  readonly aaguid?: string;
  /** `synced`: BE and BS set; `syncable`: BE only; `device-bound`: neither. Default `device-bound`. */
  readonly backup?: 'device-bound' | 'syncable' | 'synced';
  /** Whether the device verifies its user (PIN, biometry). Default true. */
  readonly verifiesUser?: boolean;
  /** `moving`: one more with each assertion; `zero`: none. Default `moving`, `zero` where it is synced. */
  readonly counter?: 'moving' | 'zero';
  /** COSE numbers of what the device can do, of −7 (ES256), −8 (EdDSA), −35 (ES384) and −257 (RS256). Default −7 and −8. */
  readonly algorithms?: readonly number[];
  /**
   * Who vouches for the device where a page asks for attestation `direct` (attester.ts); kept in no file. Default: nobody, so that the
   * attestation is `none`.
   */
  readonly attests?: Attester | undefined;
}
