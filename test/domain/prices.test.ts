import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AssetId, encodePrices, Malformed, parsePrices, worth } from '../../src/domain/index.ts';

const ether = 'eip155:1/slip44:60' as AssetId;
const bytes = (of: Record<string, string>): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)))));
const document = { type: 'portcullis/prices/v1', currency: 'USD', decimals: '2', [ether]: '300025' };

describe('a price document', () => {
  it('is read as it was written', () => {
    const written = encodePrices({ currency: 'USD', decimals: 2, prices: { [ether]: '300025.5' } });
    const prices = parsePrices(written);
    expect(prices).toMatchObject({ currency: 'USD', decimals: 2 });
    expect(prices.of.get(ether)).toEqual({ digits: 3_000_255n, places: 1 });
  });

  it.each<[string, Record<string, string>]>([
    ['another type', { ...document, type: 'portcullis/prices/v2' }],
    ['no type', { currency: 'USD', decimals: '2' }],
    ['no currency', { type: document.type, decimals: '2' }],
    ['a currency in small letters', { ...document, currency: 'usd' }],
    ['decimals with a sign', { ...document, decimals: '+2' }],
    ['too many decimals', { ...document, decimals: '19' }],
    ['a member that is no asset', { ...document, comment: 'today' }],
    ['a price of nothing', { ...document, [ether]: '0' }],
    ['a price of nothing, at length', { ...document, [ether]: '0.00' }],
    ['a negative price', { ...document, [ether]: '-1' }],
    ['an exponent', { ...document, [ether]: '3e5' }],
    ['a leading zero', { ...document, [ether]: '01' }],
    ['a trailing zero', { ...document, [ether]: '1.50' }],
    ['no digit before the point', { ...document, [ether]: '.5' }],
    ['no digit after the point', { ...document, [ether]: '5.' }],
    ['an endless price', { ...document, [ether]: '9'.repeat(37) }],
  ])('with %s is refused', (_, wrong) => {
    expect(() => parsePrices(bytes(wrong))).toThrow(Malformed);
  });

  it('that is not canonical is refused: the digest that operators sign is of one spelling', () => {
    expect(() => parsePrices(new TextEncoder().encode(JSON.stringify(document)))).toThrow('canonical');
  });
});

describe('what an amount is worth', () => {
  it('S3: is exact and rounded up, so that no split of a payment counts for less', () => {
    const price = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.bigInt({ min: 1n, max: 10n ** 9n }));
    fc.assert(
      fc.property(
        price,
        fc.integer({ min: 0, max: 24 }),
        fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }),
        ([whole, part], decimals, amount) => {
          const text = `${whole}.${part.toString().padStart(10, '0').replace(/0+$/, '')}`;
          const prices = parsePrices(encodePrices({ currency: 'USD', decimals: 2, prices: { [ether]: text } }));
          const value = worth(prices, ether, amount, decimals) ?? -1n;
          const exact = amount * (whole * 10n ** 10n + part);
          const unit = 10n ** BigInt(decimals + 10);
          expect(value * unit >= exact && (value - 1n) * unit < exact).toBe(true);
        },
      ),
    );
  });

  it('is not known of an asset that has no price', () => {
    const prices = parsePrices(bytes(document));
    expect(worth(prices, ether, 10n ** 18n, 18)).toBe(300_025n);
    expect(worth(prices, ether, 1n, 18)).toBe(1n);
    expect(worth(prices, 'eip155:1/slip44:61' as AssetId, 1n, 18)).toBeUndefined();
  });
});
