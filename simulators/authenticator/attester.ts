import type { Cbor } from './cbor.ts';

/** What a new credential's attestation is about. */
export interface Attested {
  readonly authData: Uint8Array;
  readonly clientDataHash: Uint8Array;
  readonly credential: {
    readonly id: Uint8Array;
    /** COSE algorithm number. */
    readonly cose: number;
    readonly coseKey: Uint8Array;
    sign(message: Uint8Array): Uint8Array;
  };
}

/** Vouches for a device: an attestation statement (WebAuthn L3 §8) over what it made. */
export type Attester = (made: Attested) => { readonly fmt: string; readonly attStmt: ReadonlyMap<string, Cbor> };

/** §8.2, self attestation: the credential's own key, which proves no more than none does. */
export const selfAttests: Attester = ({ authData, clientDataHash, credential }) => ({
  fmt: 'packed',
  attStmt: new Map<string, Cbor>([
    ['alg', credential.cose],
    ['sig', credential.sign(new Uint8Array(Buffer.concat([authData, clientDataHash])))],
  ]),
});

/** §8.2, by a batch's key: `chain` is its certificate, then those that vouch for it, DER; `sign` gives ES256 signatures in DER. */
export function packedBy(chain: readonly Uint8Array[], sign: (message: Uint8Array) => Uint8Array): Attester {
  return ({ authData, clientDataHash }) => ({
    fmt: 'packed',
    attStmt: new Map<string, Cbor>([
      ['alg', -7],
      ['sig', sign(new Uint8Array(Buffer.concat([authData, clientDataHash])))],
      ['x5c', chain],
    ]),
  });
}
