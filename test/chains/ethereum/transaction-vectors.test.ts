import { describe, expect, test } from 'vitest';
import { decodeUnsigned } from '../../../src/chains/ethereum/index.ts';
import { decodeRlp, encodeRlp, joined, type Rlp } from '../../../src/chains/ethereum/rlp.ts';
import { maxAmount } from '../../../src/domain/index.ts';
import { hex } from './samples.ts';
import { membersOf, readVectors, textOf, vectorsMissing, whySkipped } from './vectors.ts';

/** The newest fork of the vectors. */
const fork = 'Cancun';

interface Vector {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly valid: boolean;
}

function read(): Vector[] {
  const { vectors } = Object.fromEntries(membersOf(readVectors('transaction-tests.json')));
  return membersOf(vectors).map(([name, vector]) => {
    const valid = Object.fromEntries(membersOf(Object.fromEntries(membersOf(vector))['valid']));
    return { name, bytes: hex(textOf(vector, 'txbytes')), valid: valid[fork] === true };
  });
}

/**
 * The unsigned transaction whose signature a vector carries, by cutting the last three fields off: nothing of what is left is
 * judged here. Undefined where the bytes have no such shape.
 */
function stripped(bytes: Uint8Array): Uint8Array | undefined {
  const typed = (bytes[0] ?? 0) < 0x80;
  let fields: Rlp;
  try {
    fields = decodeRlp(typed ? bytes.subarray(1) : bytes);
  } catch {
    return undefined;
  }
  if (fields instanceof Uint8Array || fields.length < 4) return undefined;
  const body = fields.slice(0, -3);
  // Most legacy vectors are older than EIP-155: their bodies are judged as if for chain 1.
  return typed
    ? joined([bytes.subarray(0, 1), encodeRlp(body)])
    : encodeRlp([...body, Uint8Array.of(1), new Uint8Array(), new Uint8Array()]);
}

/** For what it does, not for how it is encoded. */
const refusedForWhatItDoes = ['contract-creation', 'call-refused', 'destination-mismatch'];

/** EIP-155 hashes (v, r, s) = (chain id, 0, 0): with r = s = 0 a legacy transaction is the unsigned one for chain v. */
const unsignedInTruth = [
  'ttRSValue/TransactionWithRSvalue0',
  ...[2, 3, 4, 5, 6].map((n) => `ttSignature/ZeroSigTransaction${n}`),
];

/** Nonces are bounded by what a double holds, well above any in use and below EIP-2681's bound. */
const beyondOurBounds = ['ttNonce/TransactionWithHighNonce64Minus2'];

/** What these test is wrong in the signature alone; the transaction under it is as good as any. */
const aboutSignatures = /^(ttRSValue|ttSignature|ttVValue)\//;
const wrongElsewhere = [
  // Gas below the intrinsic cost is a rule of the fork, not of the bytes: it is never mined, and voided.
  'ttGasLimit/NotEnoughGasLimit',
  // Its v, 137, is of chain 51; the vectors are of chain 1.
  'ttWrongRLP/tr201506052141PYTHON',
];

describe.skipIf(vectorsMissing)(`ethereum/tests TransactionTests${whySkipped}`, () => {
  const vectors = vectorsMissing ? [] : read();

  test('E6: no signed transaction, valid or not, is taken for an unsigned one', () => {
    expect(vectors.length).toBe(209);
    const taken = vectors.filter(({ bytes }) => decodeUnsigned(bytes).ok).map(({ name }) => name);
    expect(taken.toSorted()).toEqual(unsignedInTruth.toSorted());
  });

  test('each valid transaction without its signature is decoded, or refused for what it does', () => {
    const outcomes: Record<string, number> = {};
    for (const { name, bytes, valid } of vectors) {
      if (!valid || beyondOurBounds.includes(name)) continue;
      const unsigned = stripped(bytes);
      if (unsigned === undefined) throw new Error(`${name} is not a transaction`);
      const decoded = decodeUnsigned(unsigned);
      const outcome = decoded.ok ? 'decoded' : decoded.reason;
      expect(['decoded', ...refusedForWhatItDoes], `${name}: ${decoded.ok || decoded.message}`).toContain(outcome);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    expect(outcomes).toEqual({ decoded: 36, 'call-refused': 7, 'contract-creation': 6 });
  });

  test('E6: no transaction that is invalid in its unsigned part is accepted', () => {
    const accepted: string[] = [];
    for (const { name, bytes, valid } of vectors) {
      const unsigned = stripped(bytes);
      if (valid || unsigned === undefined) continue;
      const decoded = decodeUnsigned(unsigned);
      // A fee beyond 2^256 is decoded exactly, and above every ceiling (E5).
      if (decoded.ok && decoded.effects.maxFee <= maxAmount) accepted.push(name);
    }
    expect(accepted.filter((name) => !aboutSignatures.test(name))).toEqual(wrongElsewhere);
  });
});
