import { describe, expect, it } from 'vitest';
import {
  type AssetId,
  Buckets,
  day,
  encodePrices,
  hour,
  type PricesInForce,
  parsePrices,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import { countedPayment, shareOf, standing, thingOf, thingsCounted, unitOf } from '../../src/gate/counting.ts';
import type { LimitPolicy } from '../../src/gate/policy/limits.ts';
import type { Policy } from '../../src/gate/policy.ts';
import { ether, tokenAsset } from '../custody/station.ts';
import { accountRecord, entry, now, w } from './hand-made.ts';
import { wholePolicy } from './whole-policy.ts';

const policy = wholePolicy();
const prices = (
  of: { currency?: string; decimals?: number; prices?: Record<string, string>; since?: number } = {},
): PricesInForce => ({
  prices: parsePrices(
    encodePrices({ currency: 'USD', decimals: 2, prices: { [ether]: '300000' }, ...of } as Parameters<
      typeof encodePrices
    >[0]),
  ),
  since: (of.since ?? w) as WitnessedMs,
});
const base = {
  policy,
  w,
  asset: ether,
  amount: 10n ** 18n,
  prices: prices(),
  account: accountRecord(),
  entry: entry(),
};
const counted = (of: Partial<typeof base> | { account: undefined } | { entry: undefined } | { prices: undefined }) =>
  countedPayment({ ...base, ...of });

describe('S3: what limits count of a payment', () => {
  it('A10: an account is young until exactly as long after its first factor as policy says, and where nothing is known of it', () => {
    const young = (since: number) => counted({ account: accountRecord({ since: since as WitnessedMs }) }).young.account;
    expect(young(w - 3 * day)).toBe(false);
    expect(young(w - 3 * day + 1)).toBe(true);
    expect(counted({ account: undefined }).young.account).toBe(true);
  });

  it('D6: a destination is young from when it ripened by the longer delay, or as long as it is not ripe or not known', () => {
    const young = (of: Parameters<typeof entry>[0]) => counted({ entry: entry(of) }).young.destination;
    // Ripe a day after its notice; young for two more.
    expect(young({ w0: (w - 3 * day) as WitnessedMs, d0: day })).toBe(false);
    expect(young({ w0: (w - 3 * day + 1) as WitnessedMs, d0: day })).toBe(true);
    expect(young({ w0: (w - 3 * day) as WitnessedMs, d0: hour })).toBe(false);
    expect(young({ w0: (w - 3 * day) as WitnessedMs, d0: 2 * day })).toBe(true);
    expect(young({ w0: null, d0: day })).toBe(true);
    expect(young({ w0: 0 as WitnessedMs, d0: null })).toBe(true);
    expect(counted({ entry: undefined }).young.destination).toBe(true);
  });

  it('its worth, where prices are in the policy’s currency and not too old', () => {
    expect(counted({}).worth).toEqual({ known: true, value: 300_000n });
    expect(counted({ prices: prices({ since: w - day }) }).worth).toEqual({ known: true, value: 300_000n });
  });

  const without: Policy = { ...policy, reference: undefined };
  it.each<[Parameters<typeof counted>[0], string]>([
    [{ policy: without }, 'policy names no reference currency'],
    [{ prices: undefined }, 'operators have set no prices'],
    [{ prices: prices({ currency: 'EUR' }) }, 'the prices are not in USD with 2 decimals'],
    [{ prices: prices({ decimals: 3 }) }, 'the prices are not in USD with 2 decimals'],
    [{ prices: prices({ since: w - day - 1 }) }, 'the prices are 24 h old, and policy counts them for 24 h'],
    [{ prices: prices({ since: w - 5 * day }) }, 'the prices are 120 h old, and policy counts them for 24 h'],
    [{ asset: tokenAsset }, `there is no price of ${tokenAsset}`],
    [{ asset: 'eip155:31337/slip44:1' as AssetId }, 'there is no price of eip155:31337/slip44:1'],
    // What policy does not know has no decimals, whatever its price.
    [
      {
        asset: 'eip155:31337/slip44:1' as AssetId,
        prices: prices({ prices: { 'eip155:31337/slip44:1': '1' } }),
      },
      'there is no price of eip155:31337/slip44:1',
    ],
  ])('or why it is not known: %#, %s', (of, why) => {
    expect(counted(of).worth).toEqual({ known: false, why });
  });

  it('of its own asset only, and of what is young only where the limit says so', () => {
    const of = (asset: AssetId | undefined, young?: 'account' | 'destination') =>
      shareOf({ asset, young }, counted({ prices: prices() }));
    expect(of(ether)).toEqual({ counts: true, amount: 10n ** 18n });
    expect(of(undefined)).toEqual({ counts: true, amount: 300_000n });
    expect(of(tokenAsset)).toEqual({ counts: false, why: `it pays ${ether}` });
    expect(of(ether, 'account')).toEqual({ counts: false, why: 'its account is no longer young' });
    expect(of(ether, 'destination')).toEqual({ counts: false, why: 'its destination is no longer young' });
    expect(shareOf({ asset: ether, young: 'account' }, counted({ account: undefined }))).toEqual({
      counts: true,
      amount: 10n ** 18n,
    });
    expect(shareOf({ asset: undefined, young: undefined }, counted({ prices: undefined }))).toEqual({
      counts: false,
      why: 'operators have set no prices',
    });
  });

  it('under names that tell assets, currencies and what is young apart', () => {
    const of = (asset: AssetId | undefined, young: LimitPolicy['young'] = undefined, from = policy) =>
      thingOf({ asset, young }, from);
    expect(of(ether)).toBe(ether);
    expect(of(ether, 'account')).toBe(`${ether}+account`);
    expect(of(undefined, 'destination')).toBe('USD.2+destination');
    expect(of(undefined, undefined, without)).toBe('.');
  });

  it('each thing once, of the scope alone, and nothing of nothing', () => {
    const limits = (...of: Partial<LimitPolicy>[]): Policy => ({
      ...policy,
      limits: of.map((one) => ({
        scope: 'account',
        window: 'day',
        asset: ether,
        most: 1n,
        young: undefined,
        action: 'refuse',
        ...one,
      })),
    });
    const things = (from: Policy, of: Parameters<typeof counted>[0] = {}) => [
      ...thingsCounted(from, 'account', counted({ policy: from, ...of })),
    ];
    expect(things(limits({}, { window: 'hour' }, { scope: 'wallet', asset: undefined }))).toEqual([
      [ether, 10n ** 18n],
    ]);
    expect(things(limits({ asset: undefined }, { young: 'account' }, { asset: tokenAsset }))).toEqual([
      ['USD.2', 300_000n],
    ]);
    expect(things(limits({}, { asset: undefined }), { amount: 0n })).toEqual([]);
  });

  it('in units that people know', () => {
    expect(unitOf(ether, policy)).toBe('base units of ETH');
    expect(unitOf('eip155:31337/slip44:1' as AssetId, policy)).toBe('base units of eip155:31337/slip44:1');
    expect(unitOf(undefined, policy)).toBe('base units of USD (2 decimals)');
    expect(unitOf(undefined, without)).toBe('base units of reference currency (0 decimals)');
  });

  describe('as a limit would stand', () => {
    const limit = (of: Partial<LimitPolicy> = {}): LimitPolicy => ({
      scope: 'account',
      window: 'day',
      asset: ether,
      most: 10n,
      young: undefined,
      action: 'refuse',
      ...of,
    });
    const of = { policy, w, now };
    const used = (amount: bigint) => Buckets.empty.add(ether, amount, (w - hour) as WitnessedMs);
    const whole = { limit: '10', window: 'day', scope: 'account', unit: ether };

    it('within it', () => {
      expect(standing(limit(), Buckets.empty, 10n, of)).toEqual({
        used: 0n,
        wouldBe: 10n,
        within: true,
        details: { ...whole, used: '0', would_be: '10', left: '10' },
        told: '0 of 10 base units of ETH used within the day, with this 10',
      });
    });

    it('above it, and when it would pass', () => {
      const notBefore = '2022-01-21T12:00:00Z';
      for (const [before, amount] of [
        [1n, 10n],
        [4n, 7n],
      ] as const)
        expect(standing(limit(), used(before), amount, of)).toEqual({
          used: before,
          wouldBe: 11n,
          within: false,
          details: {
            ...whole,
            used: String(before),
            would_be: '11',
            left: String(10n - before),
            not_before: notBefore,
          },
          told: `${before} of 10 base units of ETH used within the day, with this 11: at most ${10n - before} now, this not before ${notBefore}`,
        });
    });

    it('above it by itself, which no time changes', () => {
      expect(standing(limit(), Buckets.empty, 11n, of)).toEqual({
        used: 0n,
        wouldBe: 11n,
        within: false,
        details: { ...whole, used: '0', would_be: '11', left: '10' },
        told: '0 of 10 base units of ETH used within the day, with this 11: at most 10 now',
      });
    });

    it('used up by more than it allows, since policy was tightened', () => {
      expect(standing(limit({ most: 3n }), used(4n), 1n, of)).toMatchObject({
        within: false,
        details: { left: '0', used: '4' },
      });
    });

    it('in reference currency, or in none', () => {
      const unitIn = (from: Policy) =>
        standing(limit({ asset: undefined }), Buckets.empty, 1n, { ...of, policy: from }).details['unit'];
      expect(unitIn(policy)).toBe('USD');
      expect(unitIn(without)).toBe('');
    });
  });
});
