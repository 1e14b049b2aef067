import type { Digest, TransactionId, Wallet } from '../domain/index.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { RowKey } from './facts.ts';
import type { Records, TableName } from './tables.ts';

/** A row to be written whole; `leaf` is the position, in the verdict's leaves, of the entry that tells of it. */
export type Write = {
  [T in TableName]: { readonly table: T; readonly record: Records[T]; readonly leaf?: number };
}[TableName];

/** What a decision says is to happen. All of it is committed at once, or none of it. */
export interface Verdict<R> {
  readonly result: R;
  readonly writes?: readonly Write[];
  /** Rows to be forgotten, each by its table and key. */
  readonly removals?: readonly (readonly [TableName, ...string[]])[];
  readonly leaves?: readonly LeafDraft[];
  /** A policy's document, to be kept under its hash for as long as decisions name it. */
  readonly policy?: { readonly hash: Digest; readonly document: string };
  /** Asks for leave to sign this transaction. Given only if the commit left it in a state that may be sent. */
  readonly permit?: PermitRequest;
}

export interface PermitRequest {
  readonly transaction: TransactionId;
  readonly wallet: Wallet;
  /** Which of the wallet's signers it goes to. */
  readonly signer: string;
  /** Proof that the device was shown the wallet's policy and took it (32 bytes); null where it needs none. */
  readonly registration: Uint8Array | null;
  readonly tokenDescriptors: readonly string[];
  /** `Permit.digests`, of the very bytes of the transaction's row. */
  readonly digests: readonly Uint8Array[];
  /** What the decision relied on, where `Committed.reliance` is to tell whether it still stands. */
  readonly relied?: readonly RowKey[];
}
