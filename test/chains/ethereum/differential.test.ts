import fc from 'fast-check';
import { Transaction as MicroTransaction } from 'micro-eth-signer';
import { parseTransaction as viemParse } from 'viem';
import { describe, expect, it } from 'vitest';
import { encodeUnsigned } from '../../../src/chains/ethereum/encode.ts';
import { decodeUnsigned } from '../../../src/chains/ethereum/index.ts';
import { type AccessEntry, parseTransaction, type Transaction } from '../../../src/chains/ethereum/transaction.ts';
import { maxAmount, toHex } from '../../../src/domain/index.ts';
import { mutated, transactions } from './samples.ts';

// E6: the daemon's own decoder against viem and micro-eth-signer. What it takes, both read as the same transaction; what it
// calls undecodable, neither reads as an unsigned transaction whose encoding these bytes are, beyond bounds that are named.

const hexOf = (bytes: Uint8Array): `0x${string}` => `0x${toHex(bytes)}`;
const entriesOf = (entries: readonly AccessEntry[]) =>
  entries.map(({ address, storageKeys }) => ({ address: hexOf(address), storageKeys: storageKeys.map(hexOf) }));

/** A transaction in the one shape in which the three are compared. */
function ours(transaction: Transaction) {
  const feeMarket = transaction.type === 'eip1559';
  return {
    type: transaction.type,
    chainId: BigInt(transaction.chainId),
    nonce: BigInt(transaction.nonce),
    gasLimit: transaction.gasLimit,
    to: hexOf(transaction.to),
    value: transaction.value,
    data: hexOf(transaction.data),
    fees: feeMarket ? [transaction.maxPriorityFeePerGas, transaction.maxFeePerGas] : [transaction.gasPrice],
    accessList: transaction.type === 'legacy' ? [] : entriesOf(transaction.accessList),
  };
}

function viems(bytes: Uint8Array) {
  const read = viemParse(hexOf(bytes));
  return {
    type: read.type,
    chainId: BigInt(read.chainId ?? 0),
    nonce: BigInt(read.nonce ?? 0),
    gasLimit: read.gas ?? 0n,
    to: read.to,
    value: read.value ?? 0n,
    data: read.data ?? '0x',
    fees: read.type === 'eip1559' ? [read.maxPriorityFeePerGas ?? 0n, read.maxFeePerGas ?? 0n] : [read.gasPrice ?? 0n],
    accessList: read.accessList ?? [],
  };
}

function micros(bytes: Uint8Array) {
  const { type, raw } = MicroTransaction.fromBytes(bytes);
  // Its addresses are EIP-55; case is compared nowhere here.
  const fields: Readonly<Record<string, unknown>> = { ...raw };
  const accessList = 'accessList' in raw && Array.isArray(raw.accessList) ? raw.accessList : [];
  return {
    type,
    chainId: fields['chainId'],
    nonce: fields['nonce'],
    gasLimit: fields['gasLimit'],
    to: typeof fields['to'] === 'string' ? fields['to'].toLowerCase() : fields['to'],
    value: fields['value'],
    data: fields['data'],
    fees: type === 'eip1559' ? [fields['maxPriorityFeePerGas'], fields['maxFeePerGas']] : [fields['gasPrice']],
    accessList: accessList.map((entry) => ({ ...entry, address: entry.address.toLowerCase() })),
  };
}

/** micro-eth-signer refuses the product beyond 2^256, which the gate refuses here (E5). */
const feeOverflows = (transaction: Transaction) =>
  transaction.type === 'eip1559' && transaction.gasLimit * transaction.maxFeePerGas > maxAmount;

function agree(bytes: Uint8Array): void {
  const transaction = parseTransaction(bytes);
  const expected = ours(transaction);
  expect(viems(bytes)).toEqual(expected);
  if (!feeOverflows(transaction)) expect(micros(bytes)).toEqual(expected);
}

/** Whether a library reads the bytes as an unsigned transaction in bounds, and would write the same ones. */
function readByMicro(bytes: Uint8Array): boolean {
  try {
    const transaction = MicroTransaction.fromBytes(bytes);
    const { chainId, nonce } = micros(bytes);
    const inBounds = [chainId, nonce].every((n) => typeof n === 'bigint' && n <= BigInt(Number.MAX_SAFE_INTEGER));
    return (
      inBounds &&
      toHex(transaction.toBytes({ includeSignature: false })) === toHex(bytes) &&
      /^0x[0-9a-f]{40}$/.test(String(micros(bytes).to))
    );
  } catch {
    return false;
  }
}

describe('E6: three decoders agree', () => {
  it('on every transaction that ours takes', () => {
    fc.assert(
      fc.property(transactions, (transaction) => {
        agree(encodeUnsigned(transaction));
      }),
      { numRuns: 500 },
    );
  });

  it('on bytes near to a transaction: what ours takes, the others read alike', () => {
    let taken = 0;
    fc.assert(
      fc.property(mutated, (bytes) => {
        if (!decodeUnsigned(bytes).ok) return;
        taken++;
        agree(bytes);
      }),
      { numRuns: 4_000 },
    );
    // Else the property would hold for want of cases.
    expect(taken).toBeGreaterThan(100);
  });

  it('on bytes near to a transaction: what micro-eth-signer reads whole, ours does not call undecodable', () => {
    let read = 0;
    fc.assert(
      fc.property(mutated, (bytes) => {
        if (!readByMicro(bytes)) return;
        read++;
        const decoded = decodeUnsigned(bytes);
        expect(decoded.ok ? 'ok' : decoded.reason).not.toBe('transaction-undecodable');
      }),
      { numRuns: 4_000 },
    );
    expect(read).toBeGreaterThan(100);
  });
});
