import { lessTightens } from './change.ts';
import type { Section } from './section.ts';

/** What bounds every transaction, on whatever chain. */
export interface BoundsPart {
  /** How far above a wallet's next nonce a new transaction may be. */
  readonly nonceWindow: number;
  /** The most payments that one transaction may make. */
  readonly batchMost: number;
}

const batchMostDefault = 500;

export const boundsSection: Section<BoundsPart> = {
  title: 'Transactions',
  parse: (top) => ({
    nonceWindow: top.count('nonce_window', 1, 1_000),
    batchMost: top.has('batch_most') ? top.count('batch_most', 1, batchMostDefault) : batchMostDefault,
  }),
  changes: (was, will) => [
    ...lessTightens('nonce_window', was.nonceWindow, will.nonceWindow),
    ...lessTightens('batch_most', was.batchMost, will.batchMost),
  ],
  say: ({ nonceWindow, batchMost }) => [
    `A transaction's nonce is the wallet's next, or at most ${nonceWindow - 1} above it.`,
    `One transaction makes at most ${batchMost} payments.`,
  ],
};
