import { describe, expect, it } from 'vitest';
import { breakerOf } from '../../bench/breaker.ts';
import type {
  AccountId,
  Address,
  AssetId,
  FreezeScope,
  Reason,
  WalletId,
  WitnessedMs,
} from '../../src/domain/index.ts';
import { BreakerCounts, breakerRows, refusalSighting, type Sighting, type Trip } from '../../src/gate/breaker.ts';
import type { BreakerPolicy } from '../../src/gate/policy/breaker.ts';
import { alicesAddress, ether, mallorysAddress, tokenAsset } from '../custody/station.ts';

const account = (name: string) => name as AccountId;
const paid = (to: Address, name: string, first = false): Sighting => ({
  kind: 'authorization',
  account: account(name),
  destination: to,
  first,
});
const outflow = (name: string, amount: bigint, asset: AssetId = ether): Sighting => ({
  kind: 'payment',
  wallet: 'hot' as WalletId,
  account: account(name),
  asset,
  amount,
});

/** A station's rows, one commit a sighting unless told otherwise; what trips stays frozen until it is thawed. */
class Bench {
  readonly rows = new Map<string, Uint8Array>();
  readonly frozen = new Set<FreezeScope>();
  readonly rules: readonly BreakerPolicy[];

  constructor(...rules: readonly string[]) {
    this.rules = breakerOf(`breaker: [${rules.map((rule) => `{ ${rule} }`).join(', ')}]`);
  }

  see(...sightings: readonly Sighting[]): Trip[] {
    const counts = new BreakerCounts((row) => this.rows.get(row), 1_000_000_000 as WitnessedMs);
    const trips = sightings.flatMap((sighting) => {
      const named = new Set(breakerRows(this.rules, sighting));
      const seen = counts.see(this.rules, sighting, (scope) => this.frozen.has(scope));
      for (const row of counts.changed().keys()) if (sightings.length === 1) expect(named).toContain(row);
      return seen;
    });
    for (const [row, packed] of counts.changed()) this.rows.set(row, packed);
    for (const { scope } of trips) this.frozen.add(scope);
    return trips;
  }

  explain(sighting: Sighting) {
    return new BreakerCounts((row) => this.rows.get(row), 1_000_000_000 as WitnessedMs).explain(this.rules, sighting);
  }
}

describe('S3: what the breaker counts', () => {
  it('each destination, and each rule, for itself: one that trips takes nothing from another', () => {
    const bench = new Bench(
      'watch: shared-destination, window: hour, above: 1, freeze: destination',
      'watch: shared-destination, window: hour, above: 3, freeze: station',
    );
    expect(bench.see(paid(alicesAddress, 'a'))).toEqual([]);
    expect(bench.see(paid(mallorysAddress, 'a'))).toEqual([]);
    expect(bench.see(paid(mallorysAddress, 'b'))).toMatchObject([
      { scope: `destination:${mallorysAddress}`, count: 2 },
    ]);
    bench.frozen.clear();
    expect(bench.see(paid(mallorysAddress, 'c'))).toEqual([]);
    // The fourth account of the day: the second trip of the one rule, and the first of the other.
    expect(bench.see(paid(mallorysAddress, 'd')).map((trip) => trip.scope)).toEqual([
      `destination:${mallorysAddress}`,
      'station',
    ]);
  });

  it('all of one commit together, and trips once', () => {
    const rule = 'watch: first-withdrawals, window: hour, above: 1, freeze: station';
    const trips = new Bench(rule).see(...['a', 'b', 'c', 'd', 'e'].map((name) => paid(alicesAddress, name, true)));
    expect(trips).toMatchObject([{ scope: 'station', count: 2 }]);
    expect(new Bench(rule).see(...['a', 'b', 'c'].map((name) => paid(alicesAddress, name)))).toEqual([]);
  });

  it('nothing that a freeze stops: neither of what it names, nor of the station', () => {
    const bench = new Bench('watch: shared-destination, window: hour, above: 1, freeze: destination');
    for (const scope of ['station', `destination:${alicesAddress}`] as const) {
      bench.frozen.add(scope);
      for (const name of ['a', 'b', 'c']) expect(bench.see(paid(alicesAddress, name))).toEqual([]);
      bench.frozen.clear();
      expect(bench.see(paid(alicesAddress, 'd')), scope).toEqual([]);
      bench.rows.clear();
    }
  });

  it('a share of each asset by itself, once ten accounts were paid; after a trip the account starts from nothing', () => {
    const bench = new Bench('watch: outflow-share, window: day, above: 50, freeze: account');
    for (let i = 0; i < 9; i++) expect(bench.see(outflow(`a-${i}`, 10n))).toEqual([]);
    expect(bench.see(outflow('a-0', 1_000n))).toEqual([]);
    // The tenth account: now shares mean something, and each is judged when it is paid.
    expect(bench.see(outflow('a-9', 10n))).toEqual([]);
    expect(bench.see(outflow('a-0', 1n, tokenAsset))).toEqual([]);
    expect(bench.see(outflow('a-0', 1n))).toMatchObject([
      { scope: 'account:a-0', count: 91, of: { wallet: 'hot', asset: ether } },
    ]);
    bench.frozen.clear();
    expect(bench.see(outflow('a-0', 100n))).toEqual([]);
  });

  it('exactly: half is not more than 50 percent', () => {
    const bench = new Bench('watch: outflow-share, window: day, above: 50, freeze: account');
    for (let i = 0; i < 10; i++) bench.see(outflow(`a-${i}`, 10n));
    expect(bench.see(outflow('whale', 100n))).toEqual([]);
    expect(bench.see(outflow('whale', 1n))).toHaveLength(1);
  });

  it('explains itself by the objects that judge, and counts nothing by it', () => {
    const bench = new Bench('watch: shared-destination, window: hour, above: 1, freeze: destination');
    bench.see(paid(alicesAddress, 'a'));
    for (let i = 0; i < 3; i++) {
      const { outcomes } = bench.explain(paid(alicesAddress, 'b'));
      expect(outcomes).toMatchObject([
        { rule: 'shared-destination-hour-destination', judgement: { passed: false, reason: 'frozen' } },
      ]);
    }
    expect(bench.explain(paid(alicesAddress, 'a')).outcomes[0]?.judgement).toMatchObject({ passed: true });
    expect(bench.see(paid(alicesAddress, 'b'))).toHaveLength(1);
  });
});

describe('which refusals count', () => {
  const of = { account: account('alice'), client: 'exchange' };
  const sighting = (reason: Reason, details = {}) => refusalSighting({ reason, details }, of);

  it('S13: none that tells of the station, or of a limit of everyone', () => {
    const station: readonly Reason[] = ['frozen', 'clock-suspect', 'outside-hours', 'storage-failed', 'not-found'];
    for (const reason of station) expect(sighting(reason), reason).toBeUndefined();
    for (const scope of ['station', 'asset', 'wallet']) expect(sighting('limit-exceeded', { scope })).toBeUndefined();
    expect(sighting('limit-exceeded', { scope: 'account' })).toMatchObject({ attestation: false });
  });

  it('S3: only an attestation that came is one that failed', () => {
    expect(sighting('signature-invalid')).toMatchObject({ ...of, attestation: true });
    expect(sighting('attestation-missing')).toMatchObject({ ...of, attestation: false });
    const bench = new Bench('watch: attestation-failures, window: hour, above: 0, freeze: account');
    const [missing, invalid] = [sighting('attestation-missing'), sighting('signature-invalid')];
    if (missing === undefined || invalid === undefined) throw new Error('both count');
    expect(bench.see(missing)).toEqual([]);
    expect(bench.see(invalid)).toHaveLength(1);
  });
});

describe('a policy’s rules', () => {
  const rule = 'watch: shared-destination, window: hour, above: 5, freeze: destination';

  it('of one watch, window and freeze stand once: two would count twice', () => {
    expect(() => new Bench(rule, rule.replace('5', '6'))).toThrow('stands twice');
  });

  it('are bounded by what is kept: a row is of one size, and no share is above the whole', () => {
    expect(() => new Bench(rule.replace('5', '1001'))).toThrow();
    expect(new Bench(rule.replace('5', '1000')).rules).toHaveLength(1);
    expect(() => new Bench('watch: outflow-share, window: day, above: 100, freeze: account')).toThrow();
  });
});
