import type { DestinationRecord, FactorRecord, WithdrawalRecord } from '../domain/index.ts';
import { factorDelay } from '../gate/policy/ripening.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Facts, LookupKey } from '../store/facts.ts';
import type { TableName } from '../store/tables.ts';
import type { Write } from '../store/verdict.ts';
import { historyWith } from './history.ts';
import { Reservations } from './reservations.ts';
import { stillRipening } from './ripened.ts';
import { type Station, toldBy } from './station.ts';
import { endWithdrawal } from './withdrawals.ts';

/** What a cancellation changes, its leaves numbered from `position` on. */
export interface Cancellation {
  readonly cancelled: readonly string[];
  readonly writes: readonly Write[];
  readonly removals: readonly (readonly [TableName, ...string[]])[];
  readonly leaves: readonly LeafDraft[];
}

/** Everything of an account that a revocation or an objection may cancel. */
export function accountLookups(account: string): LookupKey[] {
  return [
    ['factorsLive', account],
    ['destinationsLive', account],
    ['withdrawalsOfAccount', account, 'HELD'],
    ['withdrawalsOfAccount', account, 'AUTHORIZED'],
  ];
}

/** Factors that these attested, and that those attested, as far as they still ripen (A14). */
export function attestedTransitively(
  station: Station,
  facts: Facts,
  account: string,
  from: ReadonlySet<string>,
): FactorRecord[] {
  const factors = facts.all('factorsLive', account);
  const reached = new Set(from);
  const found: FactorRecord[] = [];
  for (let grew = true; grew; ) {
    grew = false;
    for (const factor of factors) {
      if (reached.has(factor.id) || !factor.attestedBy.some((by) => reached.has(by))) continue;
      if (!stillRipening(factor, factorDelay(factor, station.policy), facts)) continue;
      reached.add(factor.id);
      found.push(factor);
      grew = true;
    }
  }
  return found;
}

/**
 * Cancels factors and destinations that still ripen, and withdrawals that no transaction pays yet: what these reserved goes back,
 * where the decision named `accountReservedRows`.
 */
export function cancelAll(
  facts: Facts,
  position: number,
  by: string,
  of: {
    readonly factors: readonly FactorRecord[];
    readonly destinations: readonly DestinationRecord[];
    readonly withdrawals: readonly WithdrawalRecord[];
  },
): Cancellation {
  const cancelled: string[] = [];
  const writes: Write[] = [];
  const removals: [TableName, ...string[]][] = [];
  const leaves: LeafDraft[] = [];
  const told = (history: readonly string[]): string[] => historyWith(history, toldBy(facts, position + leaves.length));
  for (const factor of of.factors) {
    cancelled.push(`factor ${factor.id}`);
    writes.push({
      table: 'factors',
      record: { ...factor, state: 'cancelled', history: told(factor.history) },
      leaf: position + leaves.length,
    });
    leaves.push({
      kind: 'factor-revoked',
      fields: { intent: factor.digest, by },
      personal: { account: factor.account, factor: factor.id },
    });
  }
  for (const entry of of.destinations) {
    cancelled.push(`destination ${entry.entry}`);
    writes.push({
      table: 'destinations',
      record: { ...entry, state: 'cancelled', history: told(entry.history) },
      leaf: position + leaves.length,
    });
    removals.push(['listings', entry.account, entry.destination]);
    leaves.push({
      kind: 'destination-removed',
      fields: { entry: entry.entry, by },
      personal: { account: entry.account },
    });
  }
  const reservations = new Reservations(facts);
  for (const withdrawal of of.withdrawals) {
    cancelled.push(`withdrawal ${withdrawal.id}`);
    const ended = endWithdrawal(withdrawal, 'cancel', by, facts, position + leaves.length, reservations);
    writes.push(...(ended.writes ?? []));
    leaves.push(...(ended.leaves ?? []));
  }
  writes.push(...reservations.writes());
  return { cancelled, writes, removals, leaves };
}
