import type { Reason, Wallet } from '../domain/index.ts';
import type { Permit } from '../store/permit.ts';

/** How an attempt to sign ended. There is no fourth way: whatever is unknown is uncertain. */
export type Outcome =
  | {
      readonly kind: 'signed';
      /** r ‖ s, 64 bytes, as the device gave them. Unverified: chains/ judges them against the permit (I7). */
      readonly signature: Uint8Array;
    }
  /** The device, or the person before it, said no. Nothing was signed. */
  | { readonly kind: 'declined'; readonly reason: Reason; readonly message: string }
  /** Timed out, unplugged, crashed: a signature may exist. */
  | { readonly kind: 'uncertain'; readonly reason: Reason; readonly message: string };

/** Whether a wallet's key can be asked now. */
export type Readiness =
  | { readonly ready: true; readonly device: string }
  | { readonly ready: false; readonly reason: Reason; readonly message: string };

/**
 * What holds a wallet's key. `sign` takes a permit and nothing else; one thing at a time goes to a device, and while it
 * shows a review, nothing does: `check` waits for its turn.
 */
export interface Signer {
  readonly name: string;
  /** True where a person decides on the device: then a transaction is SENT by a commit of its own before it sees a byte. */
  readonly attended: boolean;
  /** Asks the device whether it is there, unlocked, in the right app and version, and holds the wallet's pinned key. */
  check(wallet: Wallet): Promise<Readiness>;
  sign(permit: Permit): Promise<Outcome>;
  /** Calls back when it may be worth asking again: a device was plugged in, a child restarted. Returns the unsubscriber. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}
