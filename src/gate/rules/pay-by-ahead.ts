import { formatInstant, type WithdrawalIntent } from '../../domain/index.ts';
import type { Moment, TransactionCase, WithdrawalCase } from '../cases.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';

function judge(intent: WithdrawalIntent, { now }: Pick<Moment, 'now'>): Judgement {
  if (intent.payBy > now)
    return pass(`withdrawal ${intent.withdrawal} may be first signed until ${formatInstant(intent.payBy)}`);
  return refuse(
    'pay-by-passed',
    `withdrawal ${intent.withdrawal} had to be first signed by ${formatInstant(intent.payBy)}`,
  );
}

export const payByAhead: Rule<Pick<WithdrawalCase, 'intent' | 'now'>> = {
  name: 'pay-by-ahead',
  judge: (of) => judge(of.intent.intent, of),
};

/** `pay_by` bounds the first permit of an anchor: neither a replacement nor a resumption. */
export const payByAheadOfAll: Rule<TransactionCase> = {
  name: 'pay-by-ahead',
  judge(of) {
    if (of.phase === 'again') return pass('a transaction that was permitted in time may be finished later');
    if (of.anchor !== undefined) return pass('a replacement is not bound by it');
    const judgements = of.withdrawals.map((w) => judge(w.intent.intent, of));
    return judgements.find((j) => !j.passed) ?? pass('every withdrawal may still be first signed');
  },
};
