import { toBase64url } from '../attestation/base64url.ts';
import {
  type DestinationRecord,
  type FactorRecord,
  Refusal,
  type TransactionRecord,
  toHex,
  type WithdrawalId,
  type WithdrawalRecord,
} from '../domain/index.ts';
import { parseLeaf } from '../journal/leaf.ts';
import { inclusionProof } from '../journal/merkle.ts';
import type { ReceiptDocument } from '../journal/receipt-document.ts';
import type { Head } from './heads.ts';
import { encodeEvidence } from './kept-evidence.ts';
import type { Station } from './station.ts';

/**
 * formats.md, "Receipt": every leaf that tells of one withdrawal, each proven to one checkpoint, the openings of their
 * commitments, and the evidence itself: who approved what, to where, ripe since when, under which policy, signed as what.
 * `journal/receipt.ts` verifies it. What it tells of is read at once; the checkpoint must be of a journal that was read later.
 */
export function receiptOf(station: Station, id: WithdrawalId): (head: Head) => Uint8Array {
  const { store } = station;
  const withdrawal = store.read('withdrawals', id);
  if (withdrawal === undefined) throw new Refusal('not-found', `there is no withdrawal ${id}`);
  const entry = store.read('destinations', withdrawal.entry);
  if (entry === undefined) throw new Error(`entry ${withdrawal.entry} is gone: restore the station from a backup`);
  const factors = factorsBehind(station, [...withdrawal.factors, ...entry.attestedBy]);
  const transactions = versions(station, withdrawal.transaction);
  return (head) => proven(station, { withdrawal, entry, factors, transactions }, head);
}

/** The rows that a receipt shows. */
interface Gathered {
  readonly withdrawal: WithdrawalRecord;
  readonly entry: DestinationRecord;
  readonly factors: readonly FactorRecord[];
  readonly transactions: readonly TransactionRecord[];
}

function proven(
  station: Station,
  { withdrawal, entry, factors, transactions }: Gathered,
  { note: checkpoint, size }: Head,
): Uint8Array {
  const { store } = station;
  const told = [withdrawal, ...factors, entry, ...transactions];
  // Entries 0 and 1 found the station and put its first policy in force; the journal's later keys are named further on.
  const { journalKeyLeaves } = store.look({}).station;
  const indexes = [...new Set(['0', '1', ...journalKeyLeaves, ...told.flatMap((record) => record.history)])]
    .map(Number)
    .sort((a, b) => a - b);
  const text = new TextDecoder();
  const policies = new Set<string>();
  const leaves = indexes.map((index) => {
    const bytes = store.log.leaf(index);
    if (bytes === undefined) throw new Error(`journal entry ${index} is gone: restore the journal from a backup`);
    const { policy } = parseLeaf(bytes).fields;
    if (policy !== undefined) policies.add(policy);
    return {
      index,
      leaf: text.decode(bytes),
      proof: inclusionProof(index, size, store.log.readNode).map(toHex),
      openings: store.log.openings(index).map(({ field, salt, value }) => ({ field, salt: toHex(salt), value })),
    };
  });
  const receipt: ReceiptDocument = {
    type: 'portcullis/receipt/v1',
    checkpoint,
    leaves,
    intent: text.decode(withdrawal.intent),
    evidence: JSON.parse(text.decode(withdrawal.evidence)),
    destination: { intent: text.decode(entry.intent), evidence: JSON.parse(text.decode(entry.evidence)) },
    factors: factors.map(shownFactor),
    policies: [...policies].map((hash) => policyDocument(station, hash)),
    transactions: transactions.map(({ id: transaction, wallet, unsigned, psbt, signed }) => ({
      id: transaction,
      wallet,
      unsigned: toHex(unsigned),
      psbt: psbt === null ? '' : Buffer.from(psbt).toString('base64'),
      signed: signed === null ? '' : toHex(signed),
    })),
  };
  return new TextEncoder().encode(JSON.stringify(receipt));
}

/** Every version of the payment, oldest first: any of them may be the one that confirmed. */
function versions(station: Station, newest: TransactionRecord['id'] | null): TransactionRecord[] {
  const found: TransactionRecord[] = [];
  for (let id = newest; id !== null; ) {
    const record = station.store.read('transactions', id);
    if (record === undefined) throw new Error(`transaction ${id} is gone: restore the station from a backup`);
    found.unshift(record);
    id = record.replaces;
  }
  return found;
}

/** The factors that approved the payment or its destination, and those that attested these, up to the ones with a voucher. */
function factorsBehind(station: Station, ids: readonly string[]): FactorRecord[] {
  const wanted = new Set(ids);
  const found: FactorRecord[] = [];
  for (const id of wanted) {
    const factor = station.store.read('factors', id);
    if (factor === undefined) throw new Error(`factor ${id} is gone: restore the station from a backup`);
    found.push(factor);
    for (const by of factor.attestedBy) wanted.add(by);
  }
  return found;
}

function shownFactor(factor: FactorRecord): ReceiptDocument['factors'][number] {
  const text = new TextDecoder();
  const kept = text.decode(factor.evidence);
  const admitted = factor.admission === 'voucher';
  return {
    credential: factor.id,
    class: factor.class,
    cose_key: toBase64url(factor.coseKey),
    intent: text.decode(factor.intent),
    evidence: JSON.parse(admitted ? text.decode(encodeEvidence([])) : kept),
    voucher: admitted ? kept : '',
  };
}

function policyDocument(station: Station, hash: string): string {
  const document = station.store.policy(hash);
  if (document === undefined) throw new Error(`the policy ${hash} is gone: restore the station from a backup`);
  return document;
}
