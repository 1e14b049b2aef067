import {
  checkCode,
  codeSecretBytes,
  codeStep,
  codeWindow,
  enrolmentLifetime,
  otpauthUri,
  toBase64url,
} from '../attestation/index.ts';
import {
  type AccountId,
  type CodeRecord,
  type Digest,
  digestOf,
  domainTag,
  type FactorId,
  type FactorIntent,
  Malformed,
  Refusal,
  second,
  sha256,
  type WallMs,
} from '../domain/index.ts';
import type { Station } from './station.ts';

/** A secret of one-time codes that is about to become a factor, in the members that a passkey's registration has. */
export interface CodeRegistration {
  readonly credential: FactorId;
  readonly class: 'totp';
  /** No key: SHA-256 of a domain tag and the secret, which names it without giving it away. */
  readonly coseKey: Uint8Array;
  /** SHA-256 of that. */
  readonly key: Digest;
  readonly signCount: 0;
  readonly backupEligible: false;
  readonly backupState: false;
  readonly aaguid: '';
  readonly secret: Uint8Array;
}

/** What a client sends back of an enrolment that it began. */
export interface CodeEnrolment {
  readonly enrolment: Uint8Array;
  /** A present code, which shows that the customer's app has the secret; asked for when the intent is prepared. */
  readonly code?: string;
}

/** What every authenticator app makes codes by. */
const algorithm = 'sha1';
const credentialBytes = 16;
const secondsBytes = 6;
const epochBytes = 8;

/** formats.md, "Code enrolment": issued seconds u48be ‖ ticket epoch u64be ‖ credential (16 bytes) ‖ secret (20 bytes). */
export function enrolmentBytes(now: WallMs, epoch: number, credential: Uint8Array, secret: Uint8Array): Uint8Array {
  const stated = Buffer.alloc(secondsBytes + epochBytes);
  stated.writeUIntBE(Math.floor(now / second), 0, secondsBytes);
  stated.writeBigUInt64BE(BigInt(epoch), secondsBytes);
  return new Uint8Array(Buffer.concat([stated, credential, secret]));
}

/** formats.md, "Code enrolment": what a secret is named by, in the place of a key. */
export function secretName(secret: Uint8Array): Uint8Array {
  return sha256(domainTag('portcullis/code-secret/v1'), secret);
}

/** A secret that the station made, sealed for the account, so that beginning to enrol costs it no row. */
export function beginCode(
  station: Station,
  account: AccountId,
): { readonly uri: string; readonly enrolment: Uint8Array } {
  const { now, station: record } = station.look({});
  const secret = station.random.bytes(codeSecretBytes);
  const plain = enrolmentBytes(now, record.ticketEpoch, station.random.bytes(credentialBytes), secret);
  return {
    uri: otpauthUri({ issuer: station.policy.rpId, account, secret, algorithm }),
    enrolment: station.seal('code-enrolment', account, plain),
  };
}

/** Opens an enrolment, if it was begun here for this account, in this ticket epoch, a quarter of an hour ago at most. */
export function openCode(station: Station, account: AccountId, { enrolment, code }: CodeEnrolment): CodeRegistration {
  const plain = Buffer.from(unsealed(station, account, enrolment));
  const { now, station: record } = station.look({});
  const age = now - plain.readUIntBE(0, secondsBytes) * second;
  const epoch = plain.readBigUInt64BE(secondsBytes);
  if (epoch !== BigInt(record.ticketEpoch) || age < 0 || age > enrolmentLifetime)
    throw new Malformed('enrollment', 'has expired: begin anew');
  const credential = toBase64url(plain.subarray(secondsBytes + epochBytes, -codeSecretBytes)) as FactorId;
  const secret = new Uint8Array(plain.subarray(-codeSecretBytes));
  // Who has the blob's answer has the secret: there is nothing to guess, and so nothing to count.
  if (code !== undefined && checkCode(code, { algorithm, secret, lastStep: -1, now }).found !== 'step')
    throw new Refusal(
      'code-wrong',
      'the code is none that the new secret makes now: scan it again, or set the app’s clock',
    );
  const coseKey = secretName(secret);
  const key = digestOf(coseKey);
  const plainly = { signCount: 0, backupEligible: false, backupState: false, aaguid: '' } as const;
  return { credential, class: 'totp', coseKey, key, ...plainly, secret };
}

function unsealed(station: Station, account: AccountId, enrolment: Uint8Array): Uint8Array {
  try {
    return station.sealing.unseal('code-enrolment', account, enrolment);
  } catch {
    // Damaged, another account's, or under a key that went: the customer begins anew in any case.
    throw new Malformed('enrollment', 'was not begun at this station for this account');
  }
}

/** The row that its codes are checked by. Every code that could have been shown while its intent was prepared is used. */
export function codeRecord(
  station: Station,
  { credential, secret }: CodeRegistration,
  intent: FactorIntent,
): CodeRecord {
  return {
    factor: credential,
    secret: station.seal('code-secret', credential, secret),
    algorithm,
    lastStep: codeStep(intent.issued as WallMs) + codeWindow,
    failures: 0,
    lockedUntil: null,
  };
}
