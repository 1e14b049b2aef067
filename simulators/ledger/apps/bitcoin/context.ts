import type { Os } from '../../os/app.ts';
import type { Host } from './host.ts';
import type { Network } from './network.ts';
import type { Reader } from './reader.ts';
import type { Reviews } from './review.ts';

/** What a command works with. */
export interface Context {
  readonly os: Os;
  readonly network: Network;
  readonly host: Host;
  readonly reviews: Reviews;
}

/** An instruction: reads its data, asks the host and the person as it goes, and gives what precedes 9000. */
export type Command = (context: Context, data: Reader) => Promise<Uint8Array | Signed>;

/** A result that is a signature: it goes out as the faults in force would have it. */
export interface Signed {
  readonly signature: Uint8Array;
}
