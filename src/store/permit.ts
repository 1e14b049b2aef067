import type { TransactionId, Wallet } from '../domain/index.ts';

/**
 * Leave to have exactly these bytes signed by exactly this wallet's key. Only a commit of the store makes one (I1): the
 * object itself is the proof, so a copy of it proves nothing.
 */
export interface Permit {
  readonly transaction: TransactionId;
  readonly wallet: Wallet;
  /** The one of the wallet's signers that is asked. */
  readonly signer: string;
  /** Canonical unsigned transaction. */
  readonly unsigned: Uint8Array;
  /** Bitcoin: around it, what the signer needs to know of its inputs; null elsewhere. */
  readonly psbt: Uint8Array | null;
  /**
   * What an automatic signer signs, 32 bytes each: Ethereum's one; on Bitcoin one for each input, in their order. Of a signer with a
   * person before it none: its device computes its own, from what it shows.
   */
  readonly digests: readonly Uint8Array[];
  /** Bitcoin: proof that the device knows the wallet's policy, 32 bytes; null where it needs none. */
  readonly registration: Uint8Array | null;
  /** What the device needs to show a token by name: Ledger's signed descriptors, hex. Display only. */
  readonly tokenDescriptors: readonly string[];
}

const minted = new WeakSet<Permit>();
let mintTaken = false;

/** True only for the very object that a commit returned. */
export function isPermit(value: unknown): value is Permit {
  return typeof value === 'object' && value !== null && minted.has(value as Permit);
}

/**
 * Hands the mint to its one holder, the store's commit, which takes it while its module loads. Anyone who asks later
 * gets an error instead.
 */
export function takeMint(): (permit: Permit) => Permit {
  if (mintTaken) throw new Error('permits have a mint already: only the commit of the store makes them');
  mintTaken = true;
  return (permit) => {
    const frozen = Object.freeze({
      ...permit,
      wallet: Object.freeze({ ...permit.wallet }),
      unsigned: permit.unsigned.slice(),
      psbt: permit.psbt?.slice() ?? null,
      digests: Object.freeze(permit.digests.map((digest) => digest.slice())),
      registration: permit.registration?.slice() ?? null,
    });
    minted.add(frozen);
    return frozen;
  };
}
