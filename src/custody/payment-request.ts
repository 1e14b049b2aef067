import { paymentRequest } from '../attestation/index.ts';
import type { FactorRecord, Sealed, WithdrawalIntent } from '../domain/index.ts';
import type { Moment } from '../gate/cases.ts';
import { paymentOf } from '../gate/payment.ts';
import { factorUsable } from '../gate/rules/evidence-genuine.ts';

/** What a page asks a browser with, so that it shows a withdrawal itself; undefined: policy, or the account's factors, don't let one. */
export function paymentRequestFor(
  { intent, digest }: Sealed<WithdrawalIntent>,
  factors: readonly FactorRecord[],
  moment: Moment,
): string | undefined {
  const shown = paymentOf(intent, moment.policy);
  const credentials = factors
    .filter((factor) => factor.kind === 'webauthn' && factorUsable(factor, intent.account, moment).passed)
    .map(({ id }) => id);
  if (shown === undefined || credentials.length === 0) return undefined;
  return paymentRequest({ digest, rpId: moment.policy.rpId, credentials, shown });
}
