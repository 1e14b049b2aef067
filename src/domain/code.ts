import type { FactorId } from './ids.ts';
import type { WitnessedMs } from './time.ts';

/** RFC 6238 §1.2: HMAC with one of these. Authenticator apps need SHA-1, and HMAC does not rest on what SHA-1 has lost (RFC 6194 §2). */
export const codeAlgorithms = ['sha1', 'sha256', 'sha512'] as const;
export type CodeAlgorithm = (typeof codeAlgorithms)[number];

/** What a factor of kind `totp` is checked by: a row of its own, for it changes with every attempt. */
export interface CodeRecord {
  readonly factor: FactorId;
  /** Sealed (formats.md, "Sealing"). */
  readonly secret: Uint8Array;
  readonly algorithm: CodeAlgorithm;
  /** The newest time step whose code was used: only later ones count. */
  readonly lastStep: number;
  /** Wrong codes since the last right one. */
  readonly failures: number;
  /** W until which no code is looked at; null before there were too many wrong ones. */
  readonly lockedUntil: WitnessedMs | null;
}
