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

/** What comes back to the wallet, proven to be its own by derivation (B1). */
export interface Change {
  /** The last step of its path, `/1/index`. */
  readonly index: number;
  /** Base units of the native asset. */
  readonly amount: bigint;
}

/** What unsigned bytes would do, all of it. */
export interface Effects {
  readonly chain: ChainId;
  readonly payments: readonly Payment[];
  /** Bitcoin: none where a chain has no such thing. */
  readonly change: readonly Change[];
  /** The most that the chain can take for including the transaction, in base units of its native asset. */
  readonly maxFee: bigint;
  /** EVM: per gas, wei. Bitcoin: per 1000 virtual bytes, satoshi, rounded up. Compared with policy's ceiling. */
  readonly feeRate: bigint;
  /** EVM: the part of `feeRate` offered to the block's proposer; equal to `feeRate` where the chain or type has no such field. */
  readonly priorityFeeRate: bigint;
  /**
   * What its versions could have in common, so that at most one confirms: `nonce:7`, or each outpoint that it spends, sorted by
   * (txid, vout), as `outpoint:<txid as shown>:<vout>`. The first is a new payment's anchor. At least one.
   */
  readonly anchors: readonly string[];
  /** EVM. */
  readonly nonce: number | undefined;
  /** Bitcoin: what keeps it from being mined at once (B9): a block's height, or a time in s since 1970. */
  readonly lock: { readonly kind: 'height' | 'time'; readonly until: number } | undefined;
  readonly accessListEntries: number;
}

/** What a decision was made on, and what a signer is given: enough to decode it again. */
export interface UnsignedTransaction {
  /** Canonical unsigned transaction: what its id names. */
  readonly unsigned: Uint8Array;
  /** Bitcoin: a PSBT of the daemon's own making around it, with what signers need to know of its inputs; null elsewhere. */
  readonly psbt: Uint8Array | null;
}

/** Decoded whole, or refused. */
export type Decoded =
  | { readonly ok: true; readonly effects: Effects; readonly transaction: UnsignedTransaction }
  | { readonly ok: false; readonly reason: Reason; readonly message: string };

/** What one signer gave: opaque but to its chain. Ethereum: r ‖ s. Bitcoin: formats.md, "Signatures of inputs". */
export interface SignaturePart {
  /** The signer's name in the station's config. */
  readonly signer: string;
  readonly signature: Uint8Array;
}

/** A signed transaction that may be released, or why what the devices gave is discarded. */
export type Assembled =
  | {
      readonly ok: true;
      /** What a node takes. */
      readonly raw: Uint8Array;
      /** The transaction's name on its chain: `0x…` on Ethereum, the txid on Bitcoin. */
      readonly hash: string;
    }
  | { readonly ok: false; readonly reason: 'signature-wrong'; readonly message: string };

/** Whether signed bytes are a transaction's, with its wallet's signatures; if so, its name on its chain. */
export type Released = { readonly ok: true; readonly hash: string } | { readonly ok: false; readonly fault: string };
