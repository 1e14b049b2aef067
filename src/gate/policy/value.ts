import type { AssetId } from '../../domain/index.ts';
import type { AssetsPart } from './assets.ts';
import { inUnits } from './english.ts';
import type { ReferencePart } from './reference.ts';

/** `1.5 ETH`, `20000 USD`: undefined is the reference currency. */
export function amountOf(amount: bigint, asset: AssetId | undefined, of: AssetsPart & ReferencePart): string {
  if (asset === undefined) {
    const { reference } = of;
    return reference === undefined ? String(amount) : `${inUnits(amount, reference.decimals)} ${reference.currency}`;
  }
  const known = of.assets.get(asset);
  return known === undefined
    ? `${amount} base units of ${asset}`
    : `${inUnits(amount, known.decimals)} ${known.symbol}`;
}

/** How a document names what is counted: an asset, or the reference currency where it names none. */
export const unitName = (asset: AssetId | undefined): string => asset ?? 'reference';
