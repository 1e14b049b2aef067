import type { FactorClass } from '../../domain/index.ts';
import type { Evidence, TransactionCase, WithdrawalCase } from '../cases.ts';
import { countedPayment, type Share, shareOf, unitOf } from '../counting.ts';
import type { BandPolicy } from '../policy/bands.ts';
import type { Policy } from '../policy.ts';
import { hold, type Judgement, pass, type Rule, refuse } from '../rule.ts';
import { madeOnce } from './limits.ts';

const made = new WeakMap<Policy, readonly Rule<WithdrawalCase>[]>();

/** One rule for each band of the policy: above it a payment is held for operators, or takes more classes of factors. */
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
      const classes = band.classes > 0 ? [`factors of ${band.classes} different classes`] : [];
      const above = `${share.amount} is above ${band.above} ${unit}`;
      if (band.operators === 0) return pass(`${above}: it takes ${classes.join()}`);
      const demands = [`${band.operators} operator(s)`, ...classes];
      return hold(band.operators, `${above}: it takes ${demands.join(' and ')}`, { above: String(band.above) });
    },
  };
}

/** How many classes of factors a withdrawal takes; 1 where no band demands more. */
export function classesWanted(of: Omit<WithdrawalCase, 'evidence'>): number {
  return most(of.policy.bands.filter((band) => isAbove(band, requested(band, of))));
}

/** A band's demand for more than one class of factors, of whoever approved. */
export const evidenceOfClasses: Rule<WithdrawalCase> = {
  name: 'evidence-of-classes',
  judge: (of) => enough(of.evidence, classesWanted(of)),
};

/** D4: as judged again before a signature. What it was worth is what it was worth when it was authorized. */
export const classesStand: Rule<TransactionCase> = {
  name: 'evidence-of-classes',
  judge({ withdrawals, policy }) {
    for (const { record, evidence } of withdrawals) {
      const wanted = most(
        policy.bands.filter((band) => {
          const value = band.asset === undefined ? record.reserved : record.asset === band.asset ? record.amount : null;
          return value !== null && value > band.above;
        }),
      );
      const judgement = enough(evidence, wanted);
      if (!judgement.passed) return judgement;
    }
    return pass('every approval is by factors of as many classes as its amount takes');
  },
};

function requested(band: BandPolicy, of: Omit<WithdrawalCase, 'evidence'>): Share {
  const { asset, amount } = of.intent.intent;
  return shareOf(
    { asset: band.asset, young: undefined },
    countedPayment({ ...of, asset, amount, entry: of.listed.entry }),
  );
}

const isAbove = (band: BandPolicy, share: Share): boolean => share.counts && share.amount > band.above;

const most = (bands: readonly BandPolicy[]): number => Math.max(1, ...bands.map((band) => band.classes));

/** Classes of factors whose evidence verified: the same class twice counts once. */
function enough(evidence: readonly Evidence[], wanted: number): Judgement {
  const classes = new Set<FactorClass>();
  for (const { verification, factor } of evidence) {
    if (verification.genuine === true && factor !== undefined) classes.add(factor.class);
  }
  const has = [...classes].sort().join(', ');
  if (classes.size >= wanted || wanted === 1)
    return pass(`factors of ${classes.size} class(es) attest, the amount takes ${wanted}`);
  return refuse(
    'attestation-insufficient',
    `factors of ${classes.size} class(es) attest (${has}), the amount takes ${wanted} different ones`,
    { classes: has, classes_wanted: String(wanted) },
  );
}
