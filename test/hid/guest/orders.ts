// What the tests ask of the guest's agent, and what it says: JSON objects, one a line. The guest calls the tests, and each
// order is answered under its id.

export type Order =
  /** Makes a Ledger that answers what the emulator at this port of the host's says. */
  | { readonly order: 'ledger'; readonly slot: number; readonly emulator: number }
  | { readonly order: 'plug'; readonly slot: number; readonly productId: number; readonly product: string }
  | { readonly order: 'unplug'; readonly slot: number }
  /** Pulls the cable after so many reports of the next answer. */
  | { readonly order: 'cut'; readonly slot: number; readonly reports: number }
  /** Starts a process that goes on; its output and its end are told as they come. */
  | { readonly order: 'start'; readonly name: string; readonly argv: readonly string[]; readonly as: Account }
  | { readonly order: 'signal'; readonly name: string; readonly signal: 'SIGTERM' | 'SIGKILL' }
  /** Runs a process to its end; answered with its exit code and what it printed. */
  | { readonly order: 'run'; readonly argv: readonly string[]; readonly as: Account }
  /** Writes a file that belongs to this user alone; base64. */
  | { readonly order: 'put'; readonly path: string; readonly content: string; readonly as: Account };

/** root, or the user that a station runs as (etc/passwd of the guest). */
export type Account = 'root' | 'station';

export interface Done {
  readonly id: number;
  readonly error?: string;
  /** Of `run`. */
  readonly code?: number;
  /** Of `run` what was printed, of `plug` the device's file. */
  readonly output?: string;
}

export type Told =
  | { readonly told: 'line'; readonly name: string; readonly line: string }
  | { readonly told: 'end'; readonly name: string; readonly code: number | null; readonly signal: string | null };
