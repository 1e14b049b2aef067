import type { ChainId, KeyPlace, Reason, ScriptWallet, Wallet } from '../domain/index.ts';
import type { Permit } from '../store/permit.ts';

/** How an attempt to sign ended. There is no fourth way: whatever is unknown is uncertain. */
export type Outcome =
  | {
      readonly kind: 'signed';
      /**
       * As the device gave it: on Ethereum r ‖ s, on Bitcoin what `encodeSignatures` writes. Unverified: chains/ judges it
       * against the permit (I7).
       */
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

/** Nothing came of it; nothing is signed by what these belong to. */
export interface Failed {
  readonly kind: 'failed';
  readonly reason: Reason;
  readonly message: string;
}

/** A key that a device gave, to make a wallet of it. */
export type KeyReading =
  | {
      readonly kind: 'account';
      readonly device: string;
      /** As the device spells it. */
      readonly address: string;
      /** Compressed, hex. */
      readonly publicKey: string;
    }
  | {
      readonly kind: 'extended';
      readonly device: string;
      /** The master key's, 8 lowercase hex digits. */
      readonly fingerprint: string;
      /** As the device spells it: `xpub…` or `tpub…`. */
      readonly xpub: string;
    }
  | {
      readonly kind: 'token';
      readonly device: string;
      /** CKA_ID, lowercase hex. */
      readonly id: string;
      /** Compressed, hex. */
      readonly publicKey: string;
      /** As the token has them: `CKA_SENSITIVE true`. */
      readonly attributes: readonly string[];
    }
  | Failed;

/** A pair to be made. */
export interface NewKey {
  /** CKA_ID, lowercase hex. */
  readonly id: string;
  /** CKA_LABEL: for people only. */
  readonly label: string;
}

/** What a device gave for a policy that a person took on its screen: 32 bytes, a secret. */
export type PolicyRegistration = { readonly kind: 'registered'; readonly hmac: Uint8Array } | Failed;

/**
 * An address that a person compared on a device's screen, as the device spells it. A Ledger writes those of every test network
 * of Bitcoin's as testnet's.
 */
export type AddressReview = { readonly kind: 'shown'; readonly address: string } | Failed;

/** Which of a script wallet's addresses: `/branch/index`, 0 to receive, 1 for change. */
export interface AddressPlace {
  readonly branch: 0 | 1;
  readonly index: number;
  /** What `register` gave for the wallet; null where its policy needs none. */
  readonly registration: Uint8Array | null;
}

/**
 * What holds a wallet's key. `sign` takes a permit and nothing else; one thing at a time goes to a device, and while it
 * shows a review, nothing does: everything waits for its turn.
 */
export interface Signer {
  readonly name: string;
  /** True where a person decides on the device: then a transaction is SENT by a commit of its own before it sees a byte. */
  readonly attended: boolean;
  /** How many permits it takes at once; 1 where a person looks at each. */
  readonly concurrency: number;
  /** Asks the device whether it is there, unlocked, in the right app and version, and holds the wallet's pinned key. */
  check(wallet: Wallet): Promise<Readiness>;
  sign(permit: Permit): Promise<Outcome>;
  /** Where its keys are: wallets have them there, and only there. */
  readonly keys: KeyPlace['kind'];
  /**
   * The key at a path of the one device that is connected: an address's on Ethereum, an account's extended key on Bitcoin; or a pair
   * on a token, of whichever chain. Nothing is shown. Throws `Malformed` over a place of the other kind, and over a path at which the
   * device would have to ask a person.
   */
  readKey(chain: ChainId, place: KeyPlace): Promise<KeyReading>;
  /** Makes a pair on its token that never leaves it. Throws `Malformed` where keys come from a device's seed. */
  createKey(key: NewKey): Promise<KeyReading>;
  /** Whether its device signs for a wallet only with what `register` gave for it. */
  needsRegistration(wallet: Wallet): boolean;
  /** Has a person take a wallet of several keys on the device that holds this signer's key. Throws `Malformed`. */
  register(wallet: ScriptWallet): Promise<PolicyRegistration>;
  /** Has a person compare an address of a wallet's on the device. A wallet of one address ignores the place. Throws `Malformed`. */
  showAddress(wallet: Wallet, place: AddressPlace): Promise<AddressReview>;
  /** Calls back when it may be worth asking again: a device was plugged in, a child restarted. Returns the unsubscriber. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}
