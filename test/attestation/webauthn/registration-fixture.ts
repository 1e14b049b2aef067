import {
  AT,
  authenticatorData,
  base64url,
  bytes,
  clientData,
  es256,
  type Json,
  rpId,
  type TestCredential,
  UP,
  UV,
  utf8,
} from './credential.ts';

export const aaguid = '000102030405060708090a0b0c0d0e0f';

export function attested({ id, coseKey }: TestCredential): Uint8Array {
  const credential = Buffer.from(id, 'base64url');
  return bytes(aaguid, Uint8Array.of(credential.length >> 8, credential.length & 0xff), credential, coseKey);
}

/** `{fmt, attStmt, authData}` as CBOR. */
export function attestationObject(authData: Uint8Array, fmt = '646e6f6e65', attStmt = 'a0'): Uint8Array {
  const long = authData.length > 255;
  const length = long ? Uint8Array.of(authData.length >> 8, authData.length & 0xff) : Uint8Array.of(authData.length);
  const members = bytes('a363666d74', fmt, '6761747453746d74', attStmt);
  return bytes(members, '686175746844617461', long ? '59' : '58', length, authData);
}

export interface Parts {
  readonly credential?: TestCredential;
  readonly flags?: number;
  readonly rp?: string;
  readonly data?: Uint8Array;
  readonly object?: Uint8Array;
  readonly client?: Json;
  readonly outer?: Json;
  readonly inner?: Json;
  /** What happens to the attestation object on its way. */
  readonly change?: (object: Uint8Array) => Uint8Array;
}

/** A RegistrationResponseJSON that is in order but for what its parts say. */
export function registration(parts: Parts = {}): Uint8Array {
  const { credential = es256, flags = UP | UV, rp = rpId } = parts;
  const data = parts.data ?? authenticatorData({ rp, flags: flags | AT, signCount: 5, rest: attested(credential) });
  const { change = (object) => object } = parts;
  return utf8(
    JSON.stringify({
      id: credential.id,
      rawId: credential.id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        clientDataJSON: base64url(clientData({ type: 'webauthn.create', ...parts.client })),
        attestationObject: base64url(change(parts.object ?? attestationObject(data))),
        transports: ['internal'],
        publicKeyAlgorithm: -7,
        publicKey: '',
        authenticatorData: '',
        ...parts.inner,
      },
      ...parts.outer,
    }),
  );
}
