import type { Payment } from '../domain/index.ts';
import type { PaidWithdrawal } from './cases.ts';

/** What of payments and withdrawals belongs together: same asset, same destination, same amount. */
export interface Matching {
  /** The withdrawal that each payment pays, in the order of the payments; undefined where none does. */
  readonly paid: readonly (PaidWithdrawal | undefined)[];
  /** Withdrawals that no payment pays. */
  readonly unpaid: readonly PaidWithdrawal[];
}

/** One to one (B6): no withdrawal is paid by two payments. In one pass, so that a payment of a batch of 200 costs what one costs. */
export function matchPayments(payments: readonly Payment[], withdrawals: readonly PaidWithdrawal[]): Matching {
  const waiting = new Map<string, PaidWithdrawal[]>();
  for (const withdrawal of withdrawals) {
    const name = nameOf(withdrawal.record);
    const alike = waiting.get(name);
    if (alike === undefined) waiting.set(name, [withdrawal]);
    else alike.push(withdrawal);
  }
  const paid = payments.map((payment) => waiting.get(nameOf(payment))?.shift());
  return { paid, unpaid: [...waiting.values()].flat() };
}

function nameOf({ asset, destination, amount }: Pick<Payment, 'asset' | 'destination' | 'amount'>): string {
  return `${asset} ${destination} ${amount}`;
}
