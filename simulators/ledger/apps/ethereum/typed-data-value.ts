import { bytesToHex, bytesToNumberBE } from '@noble/curves/utils.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { StatusError, status } from '../../os/status.ts';
import { displayed } from './address.ts';
import type { Base } from './typed-data-type.ts';

/** EIP-712 encodeData of one atomic or dynamic value: 32 bytes. The host sends numbers without leading zeros. */
export function encodeValue(base: Base, value: Uint8Array): Uint8Array {
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

/** As the screen shows it. */
export function showValue(base: Base, value: Uint8Array): string {
  switch (base.kind) {
    case 'string':
      return new TextDecoder().decode(value);
    case 'address':
      return displayed(value);
    case 'bool':
      return value.some((byte) => byte !== 0) ? 'true' : 'false';
    case 'uint':
      return number(value).toString();
    case 'int':
      return BigInt.asIntN(256, number(encodeValue(base, value))).toString();
    default:
      return `0x${bytesToHex(value)}`;
  }
}

const number = (value: Uint8Array): bigint => (value.length === 0 ? 0n : bytesToNumberBE(value));

function padded(value: Uint8Array, zeros: 'start' | 'end', fill = 0): Uint8Array {
  if (value.length > 32) throw new StatusError(status.incorrectData, `a value of ${value.length} bytes`);
  const out = new Uint8Array(32).fill(fill);
  out.set(value, zeros === 'start' ? 32 - value.length : 0);
  return out;
}
