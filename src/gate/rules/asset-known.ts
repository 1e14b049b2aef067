import type { Moment, WithdrawalCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** The asset is one that policy names, on a chain that policy names. */
export const assetKnown: Rule<Moment & Pick<WithdrawalCase, 'intent'>> = {
  name: 'asset-known',
  judge({ policy, intent: { intent } }) {
    const known = policy.assets.get(intent.asset);
    if (known !== undefined) return pass(`policy names ${known.symbol}, ${intent.asset}`);
    return refuse('asset-unknown', `policy does not name ${intent.asset}`);
  },
};
