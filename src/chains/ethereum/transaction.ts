import { Refusal, toHex } from '../../domain/index.ts';
import { decodeRlp, type Rlp, undecodable } from './rlp.ts';

/** One entry of an access list (EIP-2930): an address of 20 bytes and storage keys of 32. */
export interface AccessEntry {
  readonly address: Uint8Array;
  readonly storageKeys: readonly Uint8Array[];
}

interface Common {
  readonly chainId: number;
  readonly nonce: number;
  readonly gasLimit: bigint;
  /** 20 bytes. */
  readonly to: Uint8Array;
  /** Wei. */
  readonly value: bigint;
  readonly data: Uint8Array;
}

/** EIP-155. Fees here and below are wei per gas. */
export interface LegacyTransaction extends Common {
  readonly type: 'legacy';
  readonly gasPrice: bigint;
}

export interface AccessListTransaction extends Common {
  readonly type: 'eip2930';
  readonly gasPrice: bigint;
  readonly accessList: readonly AccessEntry[];
}

export interface FeeMarketTransaction extends Common {
  readonly type: 'eip1559';
  readonly maxPriorityFeePerGas: bigint;
  readonly maxFeePerGas: bigint;
  readonly accessList: readonly AccessEntry[];
}

/** A transaction that is yet to be signed. */
export type Transaction = LegacyTransaction | AccessListTransaction | FeeMarketTransaction;

/** Nodes relay nothing larger (geth, `txMaxSize`: 4 slots of 32 KiB); it also bounds the work that one request can ask for. */
export const largest = 128 * 1024;

const max64 = 2n ** 64n - 1n;
const max256 = 2n ** 256n - 1n;
/**
 * Chain ids and nonces are numbers here. EIP-2681 ends nonces at 2^64 - 2, EIP-2294 chain ids near 2^63; what doubles hold
 * exactly is far beyond either in use, and less than both.
 */
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Reads unsigned bytes: legacy with EIP-155's chain id, EIP-2930 or EIP-1559 (EIP-2718 envelopes 1 and 2), each field in its
 * bounds. Throws Refusal: `transaction-undecodable`, `transaction-type-refused`, `transaction-signed-already`,
 * `chain-mismatch` (no chain id), `contract-creation`, `priority-fee-above-max`.
 */
export function parseTransaction(bytes: Uint8Array): Transaction {
  const [first] = bytes;
  if (first === undefined) throw undecodable('it is empty');
  if (bytes.length > largest) throw undecodable(`it has ${bytes.length} bytes, more than ${largest}`);
  // EIP-2718: up to 0x7f a type, from 0xc0 a legacy transaction's list, the rest neither.
  if (first >= 0x80) return parseLegacy(fieldsOf(bytes));
  switch (first) {
    case 1:
      return parseAccessList(fieldsOf(bytes.subarray(1)));
    case 2:
      return parseFeeMarket(fieldsOf(bytes.subarray(1)));
    default:
      throw new Refusal('transaction-type-refused', `Transactions of type ${first} are not signed here.`);
  }
}

function parseLegacy(fields: readonly Rlp[]): LegacyTransaction {
  if (fields.length === 6) {
    throw new Refusal(
      'chain-mismatch',
      'The transaction names no chain (it predates EIP-155): any chain would take it.',
    );
  }
  const [nonce, gasPrice, gasLimit, to, value, data, chainId, r, s] = fields;
  expectFields(fields, 9);
  // EIP-155: what is hashed for signing ends in (chain id, 0, 0), where the signed transaction has (v, r, s).
  if (integer(r, 'r', max256) !== 0n || integer(s, 's', max256) !== 0n) throw signedAlready();
  return {
    type: 'legacy',
    ...common({ chainId, nonce, gasLimit, to, value, data }),
    gasPrice: integer(gasPrice, 'gasPrice', max256),
  };
}

/** rlp([chainId, nonce, gasPrice, gasLimit, to, value, data, accessList]) */
function parseAccessList(fields: readonly Rlp[]): AccessListTransaction {
  if (fields.length === 11) throw signedAlready();
  const [chainId, nonce, gasPrice, gasLimit, to, value, data, accessList] = fields;
  expectFields(fields, 8);
  return {
    type: 'eip2930',
    ...common({ chainId, nonce, gasLimit, to, value, data }),
    gasPrice: integer(gasPrice, 'gasPrice', max256),
    accessList: accessEntries(accessList),
  };
}

/** rlp([chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value, data, accessList]) */
function parseFeeMarket(fields: readonly Rlp[]): FeeMarketTransaction {
  if (fields.length === 12) throw signedAlready();
  const [chainId, nonce, priority, most, gasLimit, to, value, data, accessList] = fields;
  expectFields(fields, 9);
  const maxPriorityFeePerGas = integer(priority, 'maxPriorityFeePerGas', max256);
  const maxFeePerGas = integer(most, 'maxFeePerGas', max256);
  if (maxPriorityFeePerGas > maxFeePerGas) {
    throw new Refusal(
      'priority-fee-above-max',
      `The priority fee, ${maxPriorityFeePerGas} wei per gas, is above the maximum fee, ${maxFeePerGas}.`,
    );
  }
  return {
    type: 'eip1559',
    ...common({ chainId, nonce, gasLimit, to, value, data }),
    maxPriorityFeePerGas,
    maxFeePerGas,
    accessList: accessEntries(accessList),
  };
}

function common(fields: { readonly [Name in keyof Common]: Rlp | undefined }): Common {
  const chainId = Number(integer(fields.chainId, 'chainId', maxSafe));
  if (chainId === 0) throw new Refusal('chain-mismatch', 'The transaction names chain 0, which is none.');
  const to = string(fields.to, 'to');
  if (to.length === 0)
    throw new Refusal('contract-creation', 'The transaction has no recipient: it creates a contract.');
  if (to.length !== 20) throw undecodable(`to has ${to.length} bytes, not 20`);
  return {
    chainId,
    nonce: Number(integer(fields.nonce, 'nonce', maxSafe)),
    gasLimit: integer(fields.gasLimit, 'gasLimit', max64),
    to,
    value: integer(fields.value, 'value', max256),
    data: string(fields.data, 'data'),
  };
}

function accessEntries(item: Rlp | undefined): AccessEntry[] {
  return list(item, 'accessList').map((entry, i) => {
    const name = `accessList[${i}]`;
    const parts = list(entry, name);
    if (parts.length !== 2) throw undecodable(`${name} has ${parts.length} parts, not 2`);
    const [address, keys] = parts;
    return {
      address: sized(address, `${name}.address`, 20),
      storageKeys: list(keys, `${name}.storageKeys`).map((key, k) => sized(key, `${name}.storageKeys[${k}]`, 32)),
    };
  });
}

function fieldsOf(bytes: Uint8Array): readonly Rlp[] {
  return list(decodeRlp(bytes), 'the transaction');
}

function expectFields(fields: readonly Rlp[], count: number): void {
  if (fields.length !== count) throw undecodable(`it has ${fields.length} fields, not ${count}`);
}

function signedAlready(): Refusal {
  return new Refusal('transaction-signed-already', 'The transaction carries a signature: send the unsigned one.');
}

function string(item: Rlp | undefined, name: string): Uint8Array {
  if (!(item instanceof Uint8Array)) throw undecodable(`${name} is a list where bytes belong`);
  return item;
}

function list(item: Rlp | undefined, name: string): readonly Rlp[] {
  if (item === undefined || item instanceof Uint8Array) throw undecodable(`${name} is not a list`);
  return item;
}

function sized(item: Rlp | undefined, name: string, size: number): Uint8Array {
  const bytes = string(item, name);
  if (bytes.length !== size) throw undecodable(`${name} has ${bytes.length} bytes, not ${size}`);
  return bytes;
}

/** Yellow Paper, appendix B: an integer is big-endian without leading zeros, and 0 is the empty string. */
function integer(item: Rlp | undefined, name: string, most: bigint): bigint {
  const bytes = string(item, name);
  if (bytes[0] === 0) throw undecodable(`${name} has leading zeros`);
  if (bytes.length > 32) throw undecodable(`${name} has ${bytes.length} bytes, more than 32`);
  const value = bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
  if (value > most) throw undecodable(`${name} is ${value}, more than ${most}`);
  return value;
}
