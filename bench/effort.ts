/** How much is done: enough to be believed, or so little that a test can wait for it. */
export interface Effort {
  readonly rounds: number;
  /** Customers, wallets, and calls in flight at most. */
  readonly slots: number;
  /** Withdrawals a round at 64 in flight; fewer at less. */
  readonly count: number;
  /** For each bare part, ms a round. */
  readonly bareMs: number;
}

export const full: Effort = { rounds: 3, slots: 64, count: 512, bareMs: 300 };
export const tiny: Effort = { rounds: 1, slots: 2, count: 8, bareMs: 5 };
