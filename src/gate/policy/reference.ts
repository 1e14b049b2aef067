import { Malformed } from '../../domain/index.ts';
import { moreTightens, otherLoosens, whole } from './change.ts';
import { lasting } from './english.ts';
import type { Section } from './section.ts';

/** The currency of limits that count several assets together; prices are the operators' (design §8). */
export interface ReferencePolicy {
  /** Such as `USD`. */
  readonly currency: string;
  /** Its base unit: 2 for cents. */
  readonly decimals: number;
  /** A price table older than this, in witnessed ms, counts for nothing; then only base-unit limits and ceilings hold. */
  readonly pricesLast: number;
}

export interface ReferencePart {
  readonly reference: ReferencePolicy | undefined;
}

export const referenceSection: Section<ReferencePart> = {
  title: 'Reference currency',
  parse(top) {
    if (!top.has('reference')) return { reference: undefined };
    const of = top.members('reference');
    const currency = of.text('currency');
    if (!/^[A-Z]{3,8}$/.test(currency)) throw new Malformed(of.at('currency'), 'expected 3 to 8 capital letters');
    const reference = { currency, decimals: of.count('decimals', 0, 18), pricesLast: of.duration('prices_last') };
    of.done();
    return { reference };
  },
  changes: (was, will) =>
    whole('reference', was.reference, will.reference, {
      say: sayReference,
      comes: 'tighter',
      goes: 'looser',
      kept: (old, fresh) => [
        // What was counted in another currency does not count in this one.
        ...otherLoosens('reference.currency', old.currency, fresh.currency),
        ...otherLoosens('reference.decimals', old.decimals, fresh.decimals),
        // While prices are too old, no limit in the currency refuses anything.
        ...moreTightens('reference.prices_last', old.pricesLast, fresh.pricesLast, lasting),
      ],
    }),
  say: ({ reference }) =>
    reference === undefined ? ['No limit counts in a reference currency.'] : [`${sayReference(reference)}.`],
};

function sayReference({ currency, decimals, pricesLast }: ReferencePolicy): string {
  return `What counts several assets together counts in ${currency} with ${decimals} decimals, at the operators' prices; they count for ${lasting(pricesLast)}, and while they are older only what is in an asset's own units holds`;
}
