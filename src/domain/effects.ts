import type { Address, AssetId, ChainId } from './caip.ts';
import type { Reason } from './reasons.ts';

/** One payment that a transaction makes. */
export interface Payment {
  readonly asset: AssetId;
  readonly destination: Address;
  /** Base units of `asset`. */
  readonly amount: bigint;
  /** Share of the fee that this payment bears: a weight, in the chain's own measure. */
  readonly weight: bigint;
}

/** What unsigned bytes would do, all of it. */
export interface Effects {
  readonly chain: ChainId;
  readonly payments: readonly Payment[];
  /** The most that the chain can take for including the transaction, in base units of its native asset. */
  readonly maxFee: bigint;
  /** EVM: per gas, wei. Compared with policy's ceiling. */
  readonly feeRate: bigint;
  /** EVM: the part of `feeRate` offered to the block's proposer; equal to `feeRate` where the type has no such field. */
  readonly priorityFeeRate: bigint;
  readonly anchor: Anchor;
  readonly accessListEntries: number;
}

/** What all versions of a payment spend, so that at most one can confirm. */
export interface Anchor {
  /** Ethereum: `nonce:7`. Within a wallet, one anchor belongs to one payment set for ever. */
  readonly id: string;
  readonly nonce: number;
}

/** Decoded whole, or refused. */
export type Decoded =
  | { readonly ok: true; readonly effects: Effects /** What the key signs: 32 bytes. */; readonly digest: Uint8Array }
  | { readonly ok: false; readonly reason: Reason; readonly message: string };
