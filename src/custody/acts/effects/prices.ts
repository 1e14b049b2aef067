import { chainOfAsset, Malformed, type PriceRecord, type Prices, parsePrices } from '../../../domain/index.ts';
import type { Policy } from '../../../gate/policy.ts';
import { chainOf } from '../../chain.ts';
import type { Effect } from '../effect.ts';

/** As much as comes in one request. */
const pricesMost = 48 * 1024;
/** How many prices a sentence names. */
const toldMost = 8;

/** What assets are worth for limits in the reference currency: a document that a quorum signs, at once. Its age counts from then. */
export const pricesEffect: Effect = {
  verb: 'policy',
  form: 'prices',
  payload: { most: pricesMost },
  ask(subject, payload, { station }) {
    if (subject !== 'prices') return undefined;
    const prices = parsePrices(payload, 'payload');
    checkCounts(prices, station.policy);
    return {
      rows: [],
      tightens: false,
      whileSuspect: false,
      recovery: false,
      stoppedBy: [],
      personal: false,
      approved: () => payload,
      describe: () => `Set the prices of ${prices.of.size} asset(s) in ${prices.currency}: ${told(prices)}`,
      signatures: () => station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => undefined,
      apply(facts, by) {
        const record: PriceRecord = { key: 'prices', document: payload, act: by.act, since: facts.w };
        return { writes: [{ table: 'prices', record }], leaves: [] };
      },
    };
  },
};

/** D7: a table that no limit would ever look at would count for nothing while people believe that it does. */
function checkCounts({ currency, decimals, of }: Prices, { reference, chains }: Policy): void {
  if (reference !== undefined && (currency !== reference.currency || decimals !== reference.decimals)) {
    const wanted = `${reference.currency} with ${reference.decimals} decimals`;
    throw new Malformed('payload', `policy counts in ${wanted}, these prices are in ${currency} with ${decimals}`);
  }
  for (const asset of of.keys()) {
    const chain = chainOfAsset(asset);
    if (chains.has(chain)) chainOf(chain, 'payload').canonicalAsset(asset, 'payload');
  }
}

function told({ of, decimals }: Prices): string {
  const each = [...of].slice(0, toldMost).map(([asset, { digits, places }]) => {
    const text = String(digits).padStart(places + decimals + 1, '0');
    const at = text.length - places - decimals;
    return `${asset} at ${text.slice(0, at)}${at === text.length ? '' : `.${text.slice(at)}`}`;
  });
  return [...each, ...(of.size > toldMost ? [`and ${of.size - toldMost} more`] : [])].join(', ');
}
