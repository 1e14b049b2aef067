import type { WithdrawalRecord } from '../../domain/index.ts';
import type { WithdrawalCase } from '../cases.ts';
import { countedPayment, type Share, shareOf, unitOf } from '../counting.ts';
import { sayDemand } from '../demand.ts';
import type { BandPolicy } from '../policy/bands.ts';
import type { Policy } from '../policy.ts';
import { hold, pass, type Rule } from '../rule.ts';
import { madeOnce } from './limits.ts';

const made = new WeakMap<Policy, readonly Rule<WithdrawalCase>[]>();

/** One rule for each band of the policy: above it a payment is held for operators, or takes more evidence (`evidence-sufficient`). */
export function bandRules(policy: Policy): readonly Rule<WithdrawalCase>[] {
  return madeOnce(made, policy, () => policy.bands.map((band) => bandRule(band, policy)));
}

function bandRule(band: BandPolicy, policy: Policy): Rule<WithdrawalCase> {
  const unit = unitOf(band.asset, policy);
  return {
    name: `band-${band.asset ?? policy.reference?.currency ?? 'reference'}-${band.above}`,
    judge(of) {
      const share = requested(band, of);
      if (!share.counts) return pass(`the band above ${band.above} ${unit} does not apply: ${share.why}`);
      if (share.amount <= band.above) return pass(`${share.amount} is not above ${band.above} ${unit}`);
      const evidence = band.evidence.assertions > 0 ? [sayDemand(band.evidence)] : [];
      const above = `${share.amount} is above ${band.above} ${unit}`;
      if (band.operators === 0) return pass(`${above}: it takes ${evidence.join()}`);
      const demands = [`${band.operators} operator(s)`, ...evidence];
      return hold(band.operators, `${above}: it takes ${demands.join(' and ')}`, { above: String(band.above) });
    },
  };
}

/** The bands that a withdrawal is above. */
export function bandsOf(of: Omit<WithdrawalCase, 'evidence'>): readonly BandPolicy[] {
  return of.policy.bands.filter((band) => {
    const share = requested(band, of);
    return share.counts && share.amount > band.above;
  });
}

/** The bands that an authorized one is above, by what it was worth when it was authorized. */
export function bandsOfPaid(
  { asset, amount, reserved }: Pick<WithdrawalRecord, 'asset' | 'amount' | 'reserved'>,
  { bands }: Policy,
): readonly BandPolicy[] {
  return bands.filter((band) => {
    const value = band.asset === undefined ? reserved : asset === band.asset ? amount : null;
    return value !== null && value > band.above;
  });
}

function requested(band: BandPolicy, of: Omit<WithdrawalCase, 'evidence'>): Share {
  const { asset, amount } = of.intent.intent;
  return shareOf(
    { asset: band.asset, young: undefined },
    countedPayment({ ...of, asset, amount, entry: of.listed.entry }),
  );
}
