import { bytesToHex, bytesToNumberBE } from '@noble/curves/utils.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { StatusError, status } from '../../os/status.ts';
import { displayed } from './address.ts';
import type { Base } from './typed-data-type.ts';

const addressLength = 20;

/** EIP-712 encodeData of one atomic or dynamic value: 32 bytes. The host sends numbers without leading zeros. */
export function encodeValue(base: Base, value: Uint8Array): Uint8Array {
  requireLength(base, value.length);
  switch (base.kind) {
    case 'string':
    case 'bytes':
      return keccak_256(value);
    case 'bytes-fixed':
      return padded(value, 'end');
    case 'int':
      return padded(value, 'start', value.length === base.size && (value[0] ?? 0) >= 0x80 ? 0xff : 0);
    case 'address':
    case 'uint':
    case 'bool':
      return padded(value, 'start');
    case 'struct':
      throw new StatusError(status.incorrectData, 'a struct where a value is due');
  }
}

function requireLength({ kind }: Base, length: number): void {
  const wrong =
    (kind === 'address' && length !== addressLength) ||
    (kind === 'bool' && length !== 1) ||
    (kind === 'int' && length === 0);
  if (wrong) throw new StatusError(status.incorrectData, `${kind} of ${length} bytes`);
}

/** The app formats a value into a buffer of 100 characters, the last of which ends the text. */
const longestText = 99;

/** As the screen shows it. */
export function showValue(base: Base, value: Uint8Array): string {
  switch (base.kind) {
    case 'string':
      return value.length > longestText ? `${decoded(value.subarray(0, longestText - 3))}...` : decoded(value);
    case 'address':
      return displayed(value);
    case 'bool':
      return value.some((byte) => byte !== 0) ? 'true' : 'false';
    case 'uint':
      return number(value).toString();
    case 'int':
      return BigInt.asIntN(256, number(encodeValue(base, value))).toString();
    default:
      return showBytes(value);
  }
}

const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What is cut off gives way to dots, in place of the last three characters of the buffer. */
function showBytes(value: Uint8Array): string {
  const shown = Math.floor((longestText - 2) / 2);
  const text = `0x${bytesToHex(value.subarray(0, shown)).toUpperCase()}`;
  return value.length > shown ? `${text.slice(0, longestText - 3)}...` : text;
}

const number = (value: Uint8Array): bigint => (value.length === 0 ? 0n : bytesToNumberBE(value));

function padded(value: Uint8Array, zeros: 'start' | 'end', fill = 0): Uint8Array {
  if (value.length > 32) throw new StatusError(status.incorrectData, `a value of ${value.length} bytes`);
  const out = new Uint8Array(32).fill(fill);
  out.set(value, zeros === 'start' ? 32 - value.length : 0);
  return out;
}
