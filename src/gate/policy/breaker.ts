import { Malformed } from '../../domain/index.ts';
import type { Members } from '../document.ts';
import { type LimitWindow, limitWindows } from './limits.ts';

/**
 * What the circuit breaker counts within a window, and what it freezes when the count goes above:
 *
 * | watch | counts | for each |
 * |---|---|---|
 * | `refusals` | refusals by rule | account |
 * | `client-refusals` | refusals by rule | client certificate |
 * | `attestation-failures` | attestations that did not verify | account |
 * | `shared-destination` | accounts that pay it | destination |
 * | `first-withdrawals` | accounts' first withdrawals | station |
 * | `outflow-share` | percent of a wallet's outflow that one account had, once it paid ten accounts | wallet |
 * | `device-refusals` | reviews that a person refused on the device | wallet |
 */
export const breakerWatches = [
  'refusals',
  'client-refusals',
  'attestation-failures',
  'shared-destination',
  'first-withdrawals',
  'outflow-share',
  'device-refusals',
] as const;
export type BreakerWatch = (typeof breakerWatches)[number];

export const breakerFreezes = ['station', 'wallet', 'account', 'destination'] as const;
export type BreakerFreeze = (typeof breakerFreezes)[number];

export interface BreakerPolicy {
  readonly watch: BreakerWatch;
  readonly window: LimitWindow;
  readonly above: number;
  readonly freeze: BreakerFreeze;
}

/** What each watch knows, and so can freeze, besides the station. */
const knows: Readonly<Record<BreakerWatch, readonly BreakerFreeze[]>> = {
  refusals: ['account'],
  'client-refusals': [],
  'attestation-failures': ['account'],
  'shared-destination': ['destination'],
  'first-withdrawals': [],
  'outflow-share': ['wallet', 'account'],
  'device-refusals': ['wallet'],
};

export function parseBreaker(of: Members): BreakerPolicy {
  const rule = {
    watch: of.oneOf('watch', breakerWatches),
    window: of.oneOf('window', Object.keys(limitWindows) as LimitWindow[]),
    above: of.count('above', 0, 1_000_000),
    freeze: of.oneOf('freeze', breakerFreezes),
  };
  if (rule.freeze !== 'station' && !knows[rule.watch].includes(rule.freeze)) {
    throw new Malformed(of.at('freeze'), `${rule.watch} names no ${rule.freeze}`);
  }
  return rule;
}
