import { day, type FactorRecord, Malformed } from '../../domain/index.ts';
import { moreTightens } from './change.ts';
import { type Demanding, enrolmentEased } from './demand.ts';
import { lasting } from './english.ts';
import type { Section } from './section.ts';

export interface RipeningPart {
  /** ms of witnessed time. `recovery`: of a factor with which an account recovers, longer than any other's. */
  readonly ripening: { readonly factor: number; readonly destination: number; readonly recovery: number };
}

/** Where policy does not say how long a recovery takes, and the least where main networks are at stake. */
export const recoveryLeast = 3 * day;

/** How long a factor ripens: one that operators admitted in the place of those that were lost takes longer (A8). */
export function factorDelay({ admission }: Pick<FactorRecord, 'admission'>, { ripening }: RipeningPart): number {
  return admission === 'recovery' ? ripening.recovery : ripening.factor;
}

export const ripeningSection: Section<RipeningPart, RipeningPart & Demanding> = {
  title: 'Ripening',
  parse(top) {
    const of = top.members('ripening');
    const factor = of.duration('factor');
    const recovery = of.has('recovery') ? of.duration('recovery') : Math.max(recoveryLeast, 2 * factor);
    const ripening = { factor, destination: of.duration('destination'), recovery };
    if (recovery <= factor) throw new Malformed(of.at('recovery'), 'is not longer than what any factor waits');
    of.done();
    return { ripening };
  },
  changes: (was, will) => [
    ...moreTightens('ripening.factor', was.ripening.factor, will.ripening.factor, lasting).map((change) =>
      enrolmentEased(change, was, will),
    ),
    ...moreTightens('ripening.destination', was.ripening.destination, will.ripening.destination, lasting),
    ...moreTightens('ripening.recovery', was.ripening.recovery, will.ripening.recovery, lasting).map((change) =>
      enrolmentEased(change, was, will),
    ),
  ],
  say: ({ ripening: { factor, destination, recovery } }) => [
    `A new factor counts ${lasting(factor)} after its notice was delivered.`,
    `A new destination can be paid ${lasting(destination)} after its notice was delivered.`,
    `A factor with which an account recovers counts ${lasting(recovery)} after its notice was delivered; until then nothing else is added to the account.`,
  ],
};
