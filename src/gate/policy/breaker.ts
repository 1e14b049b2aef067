import { Malformed } from '../../domain/index.ts';
import type { Members } from '../document.ts';
import { demands } from './change.ts';
import { keyed } from './keyed.ts';
import { type LimitWindow, windowNames } from './limits.ts';
import type { Section } from './section.ts';

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
 * | `outflow-share` | percent of a wallet's outflow of an asset that one account had, once it paid ten accounts | wallet |
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

/** Accounts that a wallet has paid before one's share of its outflow means anything. */
export const payersBeforeShare = 10;

/** What each watch may be set to at most: of accounts that pay a destination, so many are kept in its row; a share is in percent. */
function mostAbove(watch: BreakerWatch): number {
  if (watch === 'shared-destination') return 1_000;
  return watch === 'outflow-share' ? 99 : 1_000_000;
}

/** `shared-destination-hour-destination`. */
export function breakerName({ watch, window, freeze }: BreakerPolicy): string {
  return `${watch}-${window}-${freeze}`;
}

export interface BreakerPart {
  readonly breaker: readonly BreakerPolicy[];
}

export const breakerSection: Section<BreakerPart> = {
  title: 'Circuit breaker',
  parse(top) {
    const breaker = top.has('breaker') ? top.memberList('breaker', parseBreaker) : [];
    keyed(breaker, breakerName, top.at('breaker'));
    return { breaker };
  },
  changes: (was, will) =>
    demands('breaker', was.breaker, will.breaker, {
      name: ({ watch, window, above, freeze }) => `${watch} ${window} ${above} ${freeze}`,
      say: sayBreaker,
      met: (rule, by) => by.some((other) => covers(other, rule)),
    }),
  say: ({ breaker }) =>
    breaker.length === 0 ? ['Nothing freezes by itself.'] : breaker.map((rule) => `${sayBreaker(rule)}.`),
};

/**
 * Whether `other` freezes the same as `rule`, and as soon. What it freezes is part of what it counts under, so that one which freezes
 * more instead starts counting from zero: for a window it would let pass what this one had nearly stopped.
 */
function covers(other: BreakerPolicy, rule: BreakerPolicy): boolean {
  return (
    other.watch === rule.watch &&
    other.window === rule.window &&
    other.above <= rule.above &&
    other.freeze === rule.freeze
  );
}

const watched: Readonly<Record<BreakerWatch, (above: number) => string>> = {
  refusals: (above) => `more than ${above} requests of one account were refused`,
  'client-refusals': (above) => `more than ${above} requests under one client certificate were refused`,
  'attestation-failures': (above) => `more than ${above} attestations of one account did not verify`,
  'shared-destination': (above) => `more than ${above} accounts paid one destination`,
  'first-withdrawals': (above) => `more than ${above} accounts made their first withdrawal`,
  'outflow-share': (above) => `one account had more than ${above} percent of a wallet's outflow`,
  'device-refusals': (above) => `more than ${above} reviews were refused on a wallet's device`,
};

function sayBreaker(rule: BreakerPolicy): string {
  const { watch, above, freeze } = rule;
  return `When within ${windowOf(rule)} ${watched[watch](above)}, the ${freeze} is frozen`;
}

/** Why it froze something, as the freeze says. */
export function tripped(rule: BreakerPolicy): string {
  return `breaker: ${watched[rule.watch](rule.above)} within ${windowOf(rule)}`;
}

const windowOf = ({ window }: BreakerPolicy): string => `a${window === 'hour' ? 'n' : ''} ${window}`;

function parseBreaker(of: Members): BreakerPolicy {
  const watch = of.oneOf('watch', breakerWatches);
  const rule = {
    watch,
    window: of.oneOf('window', windowNames),
    above: of.count('above', 0, mostAbove(watch)),
    freeze: of.oneOf('freeze', breakerFreezes),
  };
  if (rule.freeze !== 'station' && !knows[rule.watch].includes(rule.freeze)) {
    throw new Malformed(of.at('freeze'), `${rule.watch} names no ${rule.freeze}`);
  }
  return rule;
}
