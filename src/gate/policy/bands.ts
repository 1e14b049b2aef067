import { type AssetId, Malformed, parsePositiveAmount } from '../../domain/index.ts';
import { allOf, atLeast, type EvidenceDemand, sayDemand } from '../demand.ts';
import type { Members } from '../document.ts';
import type { AssetsPart } from './assets.ts';
import { demands } from './change.ts';
import { type Demanding, enrolmentDemand, parseDemand } from './demand.ts';
import { counted, together } from './english.ts';
import { keyed } from './keyed.ts';
import { optionalAsset } from './limits.ts';
import type { ReferencePart } from './reference.ts';
import type { Section } from './section.ts';
import { amountOf, unitName } from './value.ts';

/** Above this amount a payment needs more: operators, or more evidence. */
export interface BandPolicy {
  /** Base units of this asset, or of the reference currency where undefined. */
  readonly asset: AssetId | undefined;
  readonly above: bigint;
  readonly operators: number;
  /** Beside what every approval takes. */
  readonly evidence: EvidenceDemand;
}

export interface BandsPart {
  readonly bands: readonly BandPolicy[];
}

type Context = AssetsPart & ReferencePart;

export const bandsSection: Section<BandsPart, Context & Demanding> = {
  title: 'Bands',
  parse(top) {
    const bands = top.has('bands') ? top.memberList('bands', parseBand) : [];
    keyed(bands, bandKey, top.at('bands'));
    return { bands };
  },
  changes: (was, will) =>
    demands('bands', was.bands, will.bands, {
      name: bandKey,
      say: (band) => sayBand(band, will),
      met: (band, by) => {
        const lower = by.filter(({ asset, above }) => asset === band.asset && above <= band.above);
        // An asset that is taken off the list is not paid at all. What its bands demanded, a further factor took, too (A8).
        if (band.asset !== undefined && !will.assets.has(band.asset))
          return atLeast(enrolmentDemand(will), band.evidence);
        return (
          most(lower.map((b) => b.operators)) >= band.operators &&
          atLeast(allOf(lower.map((b) => b.evidence)), band.evidence)
        );
      },
    }),
  say: (policy) =>
    policy.bands.length === 0
      ? ['No amount takes more than the customer’s own approval.']
      : policy.bands.map((band) => `${sayBand(band, policy)}.`),
};

const bandKey = ({ asset, above }: BandPolicy): string => `${unitName(asset)} above ${above}`;

const most = (counts: readonly number[]): number => Math.max(0, ...counts);

function sayBand({ asset, above, operators, evidence }: BandPolicy, of: Context): string {
  const takes = [
    ...(operators > 0 ? [`the approval of ${counted(operators, 'operator')}`] : []),
    ...(evidence.assertions > 0 ? [sayDemand(evidence)] : []),
  ];
  return `A payment above ${amountOf(above, asset, of)} takes ${together(takes)}`;
}

function parseBand(of: Members): BandPolicy {
  const band = {
    asset: optionalAsset(of),
    above: parsePositiveAmount(of.text('above'), of.at('above')),
    operators: of.has('operators') ? of.count('operators', 1, 32) : 0,
    evidence: parseDemand(of),
  };
  if (band.operators === 0 && band.evidence.assertions === 0)
    throw new Malformed(of.place, 'demands neither operators nor evidence');
  return band;
}
