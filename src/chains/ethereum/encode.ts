import { encodeRlp, integerBytes, joined, type Rlp } from './rlp.ts';
import type { AccessEntry, Transaction } from './transaction.ts';

/** A signature in the form that Ethereum carries. */
export interface RecoverableSignature {
  readonly r: bigint;
  readonly s: bigint;
  /** 0 or 1: which of the two points with this x the nonce point was. */
  readonly parity: number;
}

/** The bytes whose Keccak-256 is signed: EIP-155 §"Specification", EIP-2930 and EIP-1559 with their type in front. */
export function encodeUnsigned(transaction: Transaction): Uint8Array {
  const fields = bodyOf(transaction);
  return transaction.type === 'legacy'
    ? encodeRlp([...fields, integer(transaction.chainId), integer(0), integer(0)])
    : enveloped(transaction, fields);
}

/** The bytes that a node takes. */
export function encodeSigned(transaction: Transaction, signature: RecoverableSignature): Uint8Array {
  const { r, s, parity } = signature;
  const fields = bodyOf(transaction);
  // EIP-155: v = chain id × 2 + 35 + parity. In bigint: twice the largest chain id is not exact as a double.
  return transaction.type === 'legacy'
    ? encodeRlp([...fields, integer(BigInt(transaction.chainId) * 2n + 35n + BigInt(parity)), integer(r), integer(s)])
    : enveloped(transaction, [...fields, integer(parity), integer(r), integer(s)]);
}

function bodyOf(transaction: Transaction): readonly Rlp[] {
  const { chainId, nonce, gasLimit, to, value, data } = transaction;
  const end = [integer(gasLimit), to, integer(value), data];
  switch (transaction.type) {
    case 'legacy':
      return [integer(nonce), integer(transaction.gasPrice), ...end];
    case 'eip2930':
      return [integer(chainId), integer(nonce), integer(transaction.gasPrice), ...end, entries(transaction.accessList)];
    case 'eip1559':
      return [
        integer(chainId),
        integer(nonce),
        integer(transaction.maxPriorityFeePerGas),
        integer(transaction.maxFeePerGas),
        ...end,
        entries(transaction.accessList),
      ];
  }
}

/** EIP-2718: type ‖ payload. */
function enveloped(transaction: Transaction, fields: readonly Rlp[]): Uint8Array {
  return joined([Uint8Array.of(transaction.type === 'eip2930' ? 1 : 2), encodeRlp(fields)]);
}

function entries(accessList: readonly AccessEntry[]): Rlp {
  return accessList.map(({ address, storageKeys }) => [address, storageKeys]);
}

function integer(value: bigint | number): Uint8Array {
  return integerBytes(BigInt(value));
}
