import type { Payment, WithdrawalRecord } from '../../domain/index.ts';
import type { TransactionCase } from '../cases.ts';
import { matchPayments } from '../matching.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';

/**
 * I2: every payment of the transaction pays exactly one approved withdrawal, and every withdrawal is paid by exactly one:
 * same asset, same destination, same amount, nothing over. Where one pair is left over, the refusal names what differs.
 */
export const paymentsMatch: Rule<TransactionCase> = {
  name: 'payments-match',
  judge({ effects, withdrawals }) {
    const { paid, unpaid } = matchPayments(effects.payments, withdrawals);
    const unmatched = effects.payments.filter((_, i) => paid[i] === undefined);
    const [payment] = unmatched;
    const withdrawal = unpaid[0]?.record;
    if (payment === undefined && withdrawal === undefined && effects.payments.length > 0) {
      return pass(`${effects.payments.length} payment(s) match ${withdrawals.length} withdrawal(s), one to one`);
    }
    if (payment !== undefined && withdrawal !== undefined && unmatched.length === 1 && unpaid.length === 1) {
      return difference(payment, withdrawal);
    }
    return refuse(
      'payment-unmatched',
      `${unmatched.length} payment(s) pay no withdrawal, ${unpaid.length} withdrawal(s) are not paid`,
    );
  },
};

function difference(payment: Payment, withdrawal: WithdrawalRecord): Judgement {
  const of = `withdrawal ${withdrawal.id}`;
  if (payment.asset !== withdrawal.asset) {
    return refuse(
      'asset-mismatch',
      `the transaction pays ${payment.asset}, ${of} was approved for ${withdrawal.asset}`,
    );
  }
  if (payment.destination !== withdrawal.destination) {
    return refuse(
      'destination-mismatch',
      `the transaction pays ${payment.destination}, ${of} was approved for ${withdrawal.destination}`,
    );
  }
  return refuse(
    'amount-mismatch',
    `the transaction pays ${payment.amount}, ${of} was approved for ${withdrawal.amount}`,
  );
}
