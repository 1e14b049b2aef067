import { describe, expect, it } from 'vitest';
import { PriceBook, Reservations } from '../../src/custody/reservations.ts';
import {
  Buckets,
  type ClockRecord,
  encodePrices,
  hour,
  type PriceRecord,
  type StationRecord,
  type WalletId,
  type WithdrawalRecord,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type { CountedPayment } from '../../src/gate/counting.ts';
import type { LimitPolicy, LimitScope } from '../../src/gate/policy/limits.ts';
import { Facts, factId } from '../../src/store/facts.ts';
import { moment, now, paid, policyOf } from '../gate/hand-made.ts';
import { ether } from './station.ts';

const one = 10n ** 18n;
const at = (10 * hour) as WitnessedMs;

function factsWith(rows: Readonly<Record<string, unknown>>): Facts {
  const station: StationRecord = moment().station;
  const clock = { w: at } as ClockRecord;
  return new Facts(station, clock, now, 0, new Map(Object.entries(rows)), new Map());
}

const limit = (scope: LimitScope): LimitPolicy => ({
  scope,
  window: 'day',
  asset: ether,
  most: 9n * one,
  young: undefined,
  action: 'refuse',
});
const policy = { ...policyOf(), limits: [limit('account'), limit('station'), limit('wallet')] };
const payment: CountedPayment = {
  asset: ether,
  amount: one,
  worth: { known: false, why: '' },
  young: { account: false, destination: false },
};
const rows = (...scopes: string[]) => Object.fromEntries(scopes.map((s) => [factId(['buckets', s]), undefined]));
const { record } = paid();

describe('reservations', () => {
  it('S3: of several withdrawals in one commit count together, and are written once', () => {
    const reservations = new Reservations(factsWith(rows('account:alice', 'station', 'wallet:hot-1')));
    for (const expected of [0n, one, 2n * one]) {
      const { account, station, asset } = reservations.counted(policy, record);
      expect([account, station, asset].map((b) => b.within(ether, 'day', at))).toEqual([expected, expected, 0n]);
      expect(reservations.authorize(policy, record, payment, 0)).toEqual([`account ${ether}`, `station ${ether}`]);
      reservations.permit(policy, 'hot-1' as WalletId, payment, 1);
    }
    const written = reservations.writes().map(({ record: row }) => row as { scope: string; packed: Uint8Array });
    expect(written.map(({ scope }) => scope).sort()).toEqual(['account:alice', 'station', 'wallet:hot-1']);
    for (const { packed } of written) expect(Buckets.parse(packed).within(ether, 'day', at)).toBe(3n * one);
  });

  it('I1: a row that a limit counts in, and that the decision did not name, is a mistake and not an empty one', () => {
    const reservations = new Reservations(factsWith(rows('station')));
    expect(() => reservations.counted(policy, record)).toThrow('did not name');
    expect(() => reservations.ofWallet(policy, 'hot-1' as WalletId)).toThrow('did not name');
    expect(() =>
      new PriceBook().inForce(factsWith({}), { ...policy, reference: { currency: 'USD', decimals: 2, pricesLast: 1 } }),
    ).toThrow('did not name');
  });

  it('go back together; to a row that the decision did not name, not at all', () => {
    const full = Buckets.empty.add(ether, 3n * one, at).pack();
    const ended: WithdrawalRecord = { ...record, reservedAt: at, counted: [`account ${ether}`, `station ${ether}`] };
    const reservations = new Reservations(
      factsWith({ [factId(['buckets', 'station'])]: { scope: 'station', packed: full } }),
    );
    reservations.giveBack(ended);
    reservations.giveBack(ended);
    const [write, ...more] = reservations.writes();
    expect(more).toEqual([]);
    expect(write).toMatchObject({ table: 'buckets', record: { scope: 'station' } });
    expect(
      reservations.counted({ ...policy, limits: [limit('station')] }, record).station.within(ether, 'day', at),
    ).toBe(one);
  });
});

describe('prices in force', () => {
  it('are read anew when operators set others', () => {
    const book = new PriceBook();
    const reference = { currency: 'USD', decimals: 2, pricesLast: hour };
    const withPrice = (price: string): unknown => {
      const document = encodePrices({ currency: 'USD', decimals: 2, prices: { [ether]: price } });
      const row = { key: 'prices', document, since: at } as PriceRecord;
      return book
        .inForce(factsWith({ [factId(['prices', 'prices'])]: row }), { ...policy, reference })
        ?.prices.of.get(ether);
    };
    expect(withPrice('1')).toEqual({ digits: 1n, places: 0 });
    expect(withPrice('2')).toEqual({ digits: 2n, places: 0 });
    expect(
      book.inForce(factsWith({ [factId(['prices', 'prices'])]: undefined }), { ...policy, reference }),
    ).toBeUndefined();
    expect(book.inForce(factsWith({}), policy)).toBeUndefined();
  });
});
