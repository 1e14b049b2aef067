import type { Context } from '../context.ts';
import type { Policy } from '../policy/policy.ts';
import type { SigningKey } from './own-keys.ts';
import type { PsbtMaps } from './psbt-map.ts';
import type { TransactionFrame } from './sighash.ts';

/** What is to be signed, as far as it is known once the global map has been read. */
export interface Psbt {
  readonly context: Context;
  readonly frame: TransactionFrame;
  readonly inputs: PsbtMaps;
  readonly outputs: PsbtMaps;
  /** The account that signs. */
  readonly policy: Policy;
  /** By a person, under its name; a default policy isn't. */
  readonly registered: boolean;
  readonly ownKeys: readonly SigningKey[];
}
