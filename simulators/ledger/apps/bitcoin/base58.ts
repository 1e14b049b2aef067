import { bytesToNumberBE, concatBytes, equalBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

const checksum = (bytes: Uint8Array): Uint8Array => sha256(sha256(bytes)).subarray(0, 4);

/** Base 58 with the four bytes of a double SHA-256 at the end: legacy addresses, extended keys. */
export function encodeBase58(payload: Uint8Array): string {
  const bytes = concatBytes(payload, checksum(payload));
  let text = '';
  for (let number = bytesToNumberBE(bytes); number > 0n; number /= 58n) text = alphabet[Number(number % 58n)] + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return alphabet.charAt(0).repeat(zeros) + text;
}

/** The payload; undefined where a letter or the checksum is wrong. */
export function decodeBase58(text: string): Uint8Array | undefined {
  let number = 0n;
  for (const letter of text) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) return undefined;
    number = number * 58n + BigInt(digit);
  }
  const hex = number === 0n ? '' : number.toString(16);
  const zeros = text.match(/^1*/)?.[0].length ?? 0;
  const bytes = concatBytes(new Uint8Array(zeros), Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
  const payload = bytes.slice(0, -4);
  return bytes.length > 4 && equalBytes(checksum(payload), bytes.subarray(-4)) ? payload : undefined;
}
