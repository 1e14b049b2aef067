import { type AssetId, parseAssetId } from './caip.ts';
import { canonicalBytes, type Flat, parseCanonical } from './canonical.ts';
import { Malformed, shown } from './refusal.ts';
import type { WitnessedMs } from './time.ts';

/** A decimal fraction, exactly: `digits` ÷ 10^`places`. */
interface Price {
  readonly digits: bigint;
  readonly places: number;
}

/** What assets are worth, as operators said (formats.md, "Prices"). */
export interface Prices {
  /** Such as `USD`. */
  readonly currency: string;
  /** Of its base unit: 2 for cents. */
  readonly decimals: number;
  /** Base units of the currency for one whole unit of the asset. */
  readonly of: ReadonlyMap<AssetId, Price>;
}

/** The operators' table, and the W from which its age counts. */
export interface PricesInForce {
  readonly prices: Prices;
  readonly since: WitnessedMs;
}

const type = 'portcullis/prices/v1';
/** Some five thousand assets. */
const mostBytes = 512 * 1024;

/** Parses a price document strictly: canonical by RFC 8785, members closed, every price positive and in its one spelling. */
export function parsePrices(bytes: Uint8Array, field = 'prices'): Prices {
  if (bytes.length > mostBytes) throw new Malformed(field, `is longer than ${mostBytes} bytes`);
  const { type: told, currency, decimals, ...assets } = parseCanonical(bytes, field);
  if (told !== type) throw new Malformed(`${field}.type`, `expected ${type}, got ${shown(told)}`);
  if (currency === undefined || !/^[A-Z]{3,8}$/.test(currency))
    throw new Malformed(`${field}.currency`, `expected 3 to 8 capital letters, got ${shown(currency)}`);
  if (decimals === undefined || !/^(?:0|[1-9]|1[0-8])$/.test(decimals))
    throw new Malformed(`${field}.decimals`, `expected 0 to 18, got ${shown(decimals)}`);
  const of = new Map<AssetId, Price>();
  for (const [name, value] of Object.entries(assets)) {
    of.set(parseAssetId(name, field), parsePrice(value, `${field}[${shown(name)}]`));
  }
  return { currency, decimals: Number(decimals), of };
}

/** The document's bytes; `prices` are decimal strings by asset. */
export function encodePrices(of: {
  readonly currency: string;
  readonly decimals: number;
  readonly prices: Flat;
}): Uint8Array {
  return canonicalBytes({ ...of.prices, type, currency: of.currency, decimals: String(of.decimals) });
}

/** `300025`, `0.0125`: more than nothing, no leading zero, no trailing one after the point, at most 36 digits on either side. */
function parsePrice(value: string, field: string): Price {
  const match = /^(0|[1-9][0-9]{0,35})(?:\.([0-9]{0,35}[1-9]))?$/.exec(value);
  const digits = BigInt(match === null ? 0 : `${match[1]}${match[2] ?? ''}`);
  if (match === null || digits === 0n) {
    throw new Malformed(field, `expected a positive decimal such as 300025 or 0.0125, got ${shown(value)}`);
  }
  return { digits, places: match[2]?.length ?? 0 };
}

/**
 * What `amount` base units of an asset are worth, in base units of the currency, rounded up: nothing paid counts for nothing.
 * `decimals` are the asset's. Undefined where the table has no price for it.
 */
export function worth(prices: Prices, asset: AssetId, amount: bigint, decimals: number): bigint | undefined {
  const price = prices.of.get(asset);
  if (price === undefined) return undefined;
  const whole = 10n ** BigInt(decimals + price.places);
  return (amount * price.digits + whole - 1n) / whole;
}
