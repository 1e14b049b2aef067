import { createHmac } from 'node:crypto';
import { type CodeAlgorithm, second, type WallMs } from '../domain/index.ts';
import { sameSecret } from './mac.ts';

/** The codes that the station accepts: what every authenticator app makes. */
export const codeDigits = 6;
/** RFC 6238 §4.1, X, with T0 = 0: a code's time step, ms. */
export const codePeriod = 30 * second;
/** RFC 6238 §5.2: steps before and after the present one whose codes count, for a phone whose clock is off. */
export const codeWindow = 1;
/** RFC 4226 §4, R6: 160 bits are recommended. */
export const codeSecretBytes = 20;

/** RFC 4226 §5.3: the code of a moving factor, decimal with leading zeros. */
export function hotp(algorithm: CodeAlgorithm, secret: Uint8Array, counter: number, digits = codeDigits): string {
  const moving = Buffer.alloc(8);
  moving.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac(algorithm, secret).update(moving).digest();
  // The low four bits of the last byte say where the four bytes lie; their top bit is left out, for signs differ by machine.
  const truncated = mac.readUInt32BE(mac.readUInt8(mac.length - 1) & 0x0f) & 0x7fffffff;
  return String(truncated % 10 ** digits).padStart(digits, '0');
}

/** RFC 6238 §4.2, T: the time step that a moment lies in. */
export function codeStep(at: WallMs): number {
  return Math.floor(at / codePeriod);
}

/** A code is of a step, was used before, or is of none. */
export type CodeCheck =
  | { readonly found: 'step'; readonly step: number }
  | { readonly found: 'used'; readonly step: number }
  | { readonly found: 'nothing' };

/**
 * Holds a code against the steps of the window around `now`. `lastStep` is the newest that was used: only later ones count
 * (RFC 6238 §5.2). Where two steps happen to have the same code, the earlier is used. Each step is compared, whatever was found,
 * in constant time.
 */
export function checkCode(
  code: string,
  of: {
    readonly algorithm: CodeAlgorithm;
    readonly secret: Uint8Array;
    readonly lastStep: number;
    readonly now: WallMs;
  },
): CodeCheck {
  const said = Buffer.from(code);
  const present = codeStep(of.now);
  let result: CodeCheck = { found: 'nothing' };
  for (let step = present + codeWindow; step >= Math.max(0, present - codeWindow); step--) {
    if (!sameSecret(Buffer.from(hotp(of.algorithm, of.secret, step)), said)) continue;
    if (step > of.lastStep) result = { found: 'step', step };
    else if (result.found === 'nothing') result = { found: 'used', step };
  }
  return result;
}
