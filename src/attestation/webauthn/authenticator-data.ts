import { type Digest, digestOf, Refusal, toHex } from '../../domain/index.ts';
import { asCborMap, readCbor } from './cbor.ts';

/** WebAuthn L3 §6.1. */
export interface AuthenticatorData {
  /** SHA-256 of the RP ID that the authenticator saw. */
  readonly rpIdHash: Digest;
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly backupEligible: boolean;
  readonly backupState: boolean;
  readonly signCount: number;
  /** Of a registration. */
  readonly attested: AttestedCredential | undefined;
}

/** WebAuthn L3 §6.5.1. */
export interface AttestedCredential {
  /** 16 bytes as lowercase hex. */
  readonly aaguid: string;
  readonly id: Uint8Array;
  /** The exact bytes of the COSE_Key. */
  readonly coseKey: Uint8Array;
}

const UP = 0x01;
const UV = 0x04;
const BE = 0x08;
const BS = 0x10;
const AT = 0x40;
const ED = 0x80;
const HEADER = 37;
/** A credential id (1023 bytes), a key and some extensions fit in. */
const maxLength = 4096;
/** WebAuthn L3 §7.1: "Verify that the credentialId is ≤ 1023 bytes". §4: at least 16. */
const credentialIdLength = { least: 16, most: 1023 } as const;

/**
 * Authenticator data that end where they say: attested data and extensions exactly where the flags announce them, nothing
 * after. What extensions say is not used. Throws `Refusal` `attestation-invalid`.
 */
export function parseAuthenticatorData(bytes: Uint8Array): AuthenticatorData {
  if (bytes.length < HEADER || bytes.length > maxLength) {
    throw wrong(`must be ${HEADER} to ${maxLength} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(32);
  let end = HEADER;
  let attested: AttestedCredential | undefined;
  if (flags & AT) ({ attested, end } = readAttested(bytes, view));
  if (flags & ED) {
    const extensions = readCbor(bytes, end, 'the extension data');
    asCborMap(extensions.value, 'the extension data');
    end = extensions.end;
  }
  if (end !== bytes.length) throw wrong(`have ${bytes.length - end} bytes that their flags do not announce`);
  return {
    rpIdHash: toHex(bytes.subarray(0, 32)) as Digest,
    userPresent: (flags & UP) !== 0,
    userVerified: (flags & UV) !== 0,
    backupEligible: (flags & BE) !== 0,
    backupState: (flags & BS) !== 0,
    signCount: view.getUint32(33),
    attested,
  };
}

function readAttested(bytes: Uint8Array, view: DataView): { attested: AttestedCredential; end: number } {
  const idStart = HEADER + 18;
  if (bytes.length < idStart) throw wrong('end inside the attested credential data');
  const idLength = view.getUint16(HEADER + 16);
  if (idLength < credentialIdLength.least || idLength > credentialIdLength.most) {
    throw wrong(
      `have a credential id of ${idLength} bytes; it must have ${credentialIdLength.least} to ${credentialIdLength.most}`,
    );
  }
  const keyStart = idStart + idLength;
  const { end } = readCbor(bytes, keyStart, 'the credential’s public key');
  return {
    attested: {
      aaguid: toHex(bytes.subarray(HEADER, HEADER + 16)),
      id: bytes.slice(idStart, keyStart),
      coseKey: bytes.slice(keyStart, end),
    },
    end,
  };
}

/** What both ceremonies want of the flags (WebAuthn L3 §7.1, §7.2: from "Verify that the rpIdHash" on). Throws `Refusal`. */
export function checkAuthenticatorData(
  data: AuthenticatorData,
  expected: { readonly rpId: string; readonly userVerification: boolean },
): void {
  if (data.rpIdHash !== digestOf(Buffer.from(expected.rpId))) {
    throw new Refusal('rp-mismatch', `the authenticator answered another relying party than ${expected.rpId}`);
  }
  if (!data.userPresent) {
    throw new Refusal('user-not-present', 'the authenticator says that nobody was present (UP is not set)');
  }
  if (expected.userVerification && !data.userVerified) {
    throw new Refusal(
      'user-not-verified',
      'the authenticator did not verify its user, and policy wants it (UV is not set)',
    );
  }
  if (data.backupState && !data.backupEligible) {
    throw new Refusal('backup-state-invalid', 'the credential says that it is backed up and can’t be (BS without BE)');
  }
}

function wrong(message: string): Refusal {
  return new Refusal('attestation-invalid', `the authenticator data ${message}`);
}
