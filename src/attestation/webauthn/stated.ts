import type { Certificate } from '../x509/certificate.ts';
import type { AttestedCredential } from './authenticator-data.ts';
import type { CborMap } from './cbor.ts';
import type { CredentialKey } from './cose-key.ts';

/** What an attestation statement is about, and what of it is read already. */
export interface Stated {
  readonly statement: CborMap;
  readonly authData: Uint8Array;
  readonly clientDataHash: Uint8Array;
  readonly credential: AttestedCredential;
  readonly key: CredentialKey;
  /** The authenticator data's first 32 bytes. */
  readonly rpIdHash: Uint8Array;
}

/** A statement that is genuine in itself; whether anybody trusts the authority that stands behind it, it can't say. */
export interface Statement {
  readonly format: string;
  /** Of the key that signed it, followed by those that vouch for it; empty where there is none. */
  readonly chain: readonly Certificate[];
  /** Why the credential's key is not one that hardware keeps, where the statement itself says so. */
  readonly softness?: string | undefined;
}
