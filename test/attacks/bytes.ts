import { keccak_256 } from '@noble/hashes/sha3.js';
import { serializeTransaction, type TransactionSerializable } from 'viem';
import type { Address } from '../../src/domain/index.ts';

export type Hex = `0x${string}`;

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replace(/^0x/, ''), 'hex'));
}

export function hexOf(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}

/** The chain's own spelling of a CAIP-10 address. */
export function plain(address: Address | string): Hex {
  return `0x${address.slice(-40)}`;
}

/** One ABI word: an address or a number. */
export function word(value: bigint | string): string {
  const hex = typeof value === 'string' ? plain(value).slice(2).toLowerCase() : value.toString(16);
  return hex.padStart(64, '0');
}

/** A call by its Solidity signature, the words as they come. */
export function call(signature: string, ...words: readonly string[]): Hex {
  const selector = hexOf(keccak_256(new TextEncoder().encode(signature))).slice(0, 10);
  return `0x${selector.slice(2)}${words.join('')}`;
}

/** Unsigned bytes of a transaction of whatever type. */
export function unsignedOf(transaction: TransactionSerializable): Uint8Array {
  return bytesOf(serializeTransaction(transaction));
}
