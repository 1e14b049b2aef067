import type { Address } from '../../domain/index.ts';
import type { Moment, TransactionCase } from '../cases.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';

function judge(destinations: readonly Address[], { policy: { denied } }: Pick<Moment, 'policy'>): Judgement {
  const found = destinations.find((destination) => denied.has(destination));
  if (found !== undefined) return refuse('destination-denied', `policy denies payments to ${found}`);
  return pass(denied.size === 0 ? 'policy denies no destination' : 'policy does not deny the destination');
}

/** Neither listed nor paid, whoever asks. Exact bytes: the policy's are in their chain's one form (D7). */
export const destinationNotDenied: Rule<
  Moment & { readonly intent: { readonly intent: { readonly destination: Address } } }
> = {
  name: 'destination-not-denied',
  judge: (of) => judge([of.intent.intent.destination], of),
};

/** A list that was imported since stops what was authorized before, too. */
export const destinationsNotDenied: Rule<TransactionCase> = {
  name: 'destination-not-denied',
  judge: (of) =>
    judge(
      of.effects.payments.map((p) => p.destination),
      of,
    ),
};
