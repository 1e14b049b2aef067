import { moreTightens } from './change.ts';
import { lasting } from './english.ts';
import { type EvidencePart, enrolmentEased } from './evidence.ts';
import type { Section } from './section.ts';

export interface RipeningPart {
  /** ms of witnessed time. */
  readonly ripening: { readonly factor: number; readonly destination: number };
}

export const ripeningSection: Section<RipeningPart, EvidencePart> = {
  title: 'Ripening',
  parse(top) {
    const of = top.members('ripening');
    const ripening = { factor: of.duration('factor'), destination: of.duration('destination') };
    of.done();
    return { ripening };
  },
  changes: (was, will) => [
    ...moreTightens('ripening.factor', was.ripening.factor, will.ripening.factor, lasting).map((change) =>
      enrolmentEased(change, will),
    ),
    ...moreTightens('ripening.destination', was.ripening.destination, will.ripening.destination, lasting),
  ],
  say: ({ ripening: { factor, destination } }) => [
    `A new factor counts ${lasting(factor)} after its notice was delivered.`,
    `A new destination can be paid ${lasting(destination)} after its notice was delivered.`,
  ],
};
