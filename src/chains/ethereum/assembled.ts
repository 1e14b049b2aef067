import { keccak_256 } from '@noble/hashes/sha3.js';
import type { TransactionSerializable } from 'viem';
// Not its whole: that takes twice as long to load.
import { parseTransaction, serializeTransaction } from 'viem/utils';
import { equalBytes, toHex } from '../../domain/index.ts';
import { type Recovered, recover } from './key.ts';
import type { AccessEntry, Transaction } from './transaction.ts';

/**
 * I7, the last look before release: reads the assembled bytes by another decoder (viem) than the one that the decision was
 * made with, and compares each field with the permitted transaction; encodes what it read by another encoder, and recovers
 * the sender's key (33 bytes, compressed) over that. Returns what is wrong, or undefined.
 *
 * `known`: a recovery that was made already. It stands for this one only where digest, signature and parity as they were read here are
 * the very same. The curve is libsecp256k1 here too: viem's own recovery is 40 times slower, and the tests hold the two against each
 * other.
 */
export function faultOf(
  raw: Uint8Array,
  permitted: Transaction,
  publicKey: Uint8Array,
  known?: Recovered,
): string | undefined {
  let read: ReturnType<typeof parseTransaction>;
  let digest: Uint8Array;
  try {
    read = parseTransaction(hexOf(raw));
    digest = keccak_256(bytesOf(serializeTransaction(unsignedOf(read))));
  } catch (error) {
    return `it cannot be decoded again: ${error instanceof Error ? error.name : 'unknown error'}`;
  }

  const expected = flat(permitted);
  const found = flatRead(read);
  for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    if (expected[name] !== found[name]) return `its ${name} differs from the permitted one`;
  }

  const { r, s, yParity } = read;
  if (r === undefined || s === undefined || yParity === undefined) return 'it carries no signature';
  const signature = bytesOf(`0x${r.slice(2).padStart(64, '0')}${s.slice(2).padStart(64, '0')}`);
  const sender = signature.length === 64 ? recoverOnce({ digest, signature, parity: yParity }, known) : undefined;
  if (sender === undefined || !equalBytes(sender, publicKey)) return 'its sender is not the wallet';
  return undefined;
}

function recoverOnce(
  { digest, signature, parity }: Omit<Recovered, 'key'>,
  known: Recovered | undefined,
): Uint8Array | undefined {
  if (
    known !== undefined &&
    parity === known.parity &&
    equalBytes(digest, known.digest) &&
    equalBytes(signature, known.signature)
  )
    return known.key;
  return recover(digest, signature, parity);
}

type Fields = Readonly<Record<string, string>>;

function flat(transaction: Transaction): Fields {
  const { type, chainId, nonce, gasLimit, to, value, data } = transaction;
  const shared = { type, chainId: `${chainId}`, nonce: `${nonce}`, gasLimit: `${gasLimit}`, to: hexOf(to) };
  const common = { ...shared, value: `${value}`, data: hexOf(data) };
  switch (type) {
    case 'legacy':
      return { ...common, gasPrice: `${transaction.gasPrice}` };
    case 'eip2930':
      return { ...common, gasPrice: `${transaction.gasPrice}`, accessList: flatEntries(transaction.accessList) };
    case 'eip1559':
      return {
        ...common,
        maxPriorityFeePerGas: `${transaction.maxPriorityFeePerGas}`,
        maxFeePerGas: `${transaction.maxFeePerGas}`,
        accessList: flatEntries(transaction.accessList),
      };
  }
}

/** viem leaves out what is 0 or empty. */
function flatRead(read: ReturnType<typeof parseTransaction>): Fields {
  const common = {
    type: read.type ?? 'none',
    chainId: `${read.chainId ?? 0}`,
    nonce: `${read.nonce ?? 0}`,
    gasLimit: `${read.gas ?? 0n}`,
    to: read.to?.toLowerCase() ?? '0x',
    value: `${read.value ?? 0n}`,
    data: read.data ?? '0x',
  };
  switch (read.type) {
    case 'legacy':
      return { ...common, gasPrice: `${read.gasPrice ?? 0n}` };
    case 'eip2930':
      return { ...common, gasPrice: `${read.gasPrice ?? 0n}`, accessList: JSON.stringify(read.accessList ?? []) };
    case 'eip1559':
      return {
        ...common,
        maxPriorityFeePerGas: `${read.maxPriorityFeePerGas ?? 0n}`,
        maxFeePerGas: `${read.maxFeePerGas ?? 0n}`,
        accessList: JSON.stringify(read.accessList ?? []),
      };
    default:
      return common;
  }
}

function flatEntries(entries: readonly AccessEntry[]): string {
  return JSON.stringify(
    entries.map(({ address, storageKeys }) => ({ address: hexOf(address), storageKeys: storageKeys.map(hexOf) })),
  );
}

function unsignedOf(read: ReturnType<typeof parseTransaction>): TransactionSerializable {
  const { r: _r, s: _s, v: _v, yParity: _yParity, ...unsigned } = read;
  return unsigned;
}

function hexOf(bytes: Uint8Array): `0x${string}` {
  return `0x${toHex(bytes)}`;
}

function bytesOf(hex: `0x${string}`): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
}
