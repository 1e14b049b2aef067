import { type FactorRecord, formatInstant, ripeness, second, type WallMs } from '../../domain/index.ts';
import type { Moment } from '../cases.ts';
import { factorDelay } from '../policy/ripening.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** How long an account still recovers at least, ms of witnessed time; undefined where it does not. */
export function recovering(
  factors: readonly FactorRecord[],
  of: Pick<Moment, 'policy' | 'station' | 'w'>,
): number | undefined {
  const { policy, station, w } = of;
  const left = factors
    .filter(({ admission, epoch }) => admission === 'recovery' && epoch === station.factorEpoch)
    .flatMap((factor) => {
      const { state, w0, d0 } = factor;
      const delay = factorDelay(factor, policy);
      if (state === 'announcing') return [delay];
      if (state !== 'pending' || w0 === null || d0 === null) return [];
      const at = ripeness({ state, w0, d0 }, delay, w);
      return at.ripe ? [] : [at.remaining];
    });
  return left.length === 0 ? undefined : Math.max(...left);
}

/**
 * A8: while an account recovers, nothing else is added to it: neither by whoever has what its owner lost, nor by whoever talked
 * operators into the recovery. What stood before goes on.
 */
export const accountNotRecovering: Rule<Moment & { readonly factors: readonly FactorRecord[] }> = {
  name: 'account-not-recovering',
  judge(of) {
    const remaining = recovering(of.factors, of);
    if (remaining === undefined) return pass('the account does not recover');
    const notBefore = formatInstant((of.now + Math.ceil(remaining / second) * second) as WallMs);
    return refuse('account-recovering', `the account recovers: nothing is added to it before ${notBefore}`, {
      not_before: notBefore,
    });
  },
};
