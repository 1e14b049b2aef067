/** A signature algorithm of the simulated authenticator. Signing is deterministic, so that a seeded one repeats itself. */
export interface Algorithm {
  /** COSE algorithm number (RFC 9053). */
  readonly cose: number;
  /** Bytes of seed that `secretKey` wants. */
  readonly seedLength: number;
  secretKey(seed: Uint8Array): Uint8Array;
  /** COSE_Key (RFC 9052 §7), CBOR. */
  coseKey(secret: Uint8Array): Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  spki(secret: Uint8Array): Uint8Array;
  /** A signature in WebAuthn's form (WebAuthn L3 §6.5.5). */
  sign(message: Uint8Array, secret: Uint8Array): Uint8Array;
}
