import type { AccountId, CodeAlgorithm } from '../domain/index.ts';
import { codeDigits, codePeriod } from './totp.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 §6, without padding, as authenticator apps read it. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet.charAt((value >> (bits - 5)) & 31);
  }
  return bits === 0 ? text : text + alphabet.charAt((value << (5 - bits)) & 31);
}

/** What an authenticator app scans: the Key Uri Format of Google Authenticator, which all of them read. */
export function otpauthUri(of: {
  readonly issuer: string;
  readonly account: AccountId;
  readonly secret: Uint8Array;
  readonly algorithm: CodeAlgorithm;
}): string {
  const [issuer, account] = [of.issuer, of.account].map(encodeURIComponent);
  const parameters = [
    `secret=${base32(of.secret)}`,
    `issuer=${issuer}`,
    `algorithm=${of.algorithm.toUpperCase()}`,
    `digits=${codeDigits}`,
    `period=${codePeriod / 1_000}`,
  ];
  return `otpauth://totp/${issuer}:${account}?${parameters.join('&')}`;
}
