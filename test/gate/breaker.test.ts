import { describe, expect, it } from 'vitest';
import { breakerOf } from '../../bench/breaker.ts';
import {
  type AccountId,
  type Address,
  type AssetId,
  Buckets,
  type Flat,
  type FreezeScope,
  type Reason,
  type WalletId,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import { BreakerCounts, breakerRows, refusalSighting, type Sighting, type Trip } from '../../src/gate/breaker.ts';
import { type BreakerPolicy, breakerWatches } from '../../src/gate/policy/breaker.ts';
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

describe('S3: each watch', () => {
  const alice = account('alice');
  const wallet = 'hot' as WalletId;
  const refused = { kind: 'refusal', account: alice, client: 'exchange', attestation: false } as const;
  const failed = { ...refused, attestation: true } as const;
  const device = { kind: 'device-refusal', wallet } as const;
  const first = paid(alicesAddress, 'alice', true);
  const again = paid(alicesAddress, 'alice');
  const accountRow = 'breaker:account:alice';
  const clientRow = 'breaker:client:exchange';
  const shares = ['breaker:wallet:hot', 'breaker:payers:hot', 'breaker:payer:hot:alice'];

  /** What happens; the watches that see it, each with the rows that it counts in and what a trip of it is about. */
  const seen: readonly [Sighting, Readonly<Record<string, { readonly rows: readonly string[]; readonly of: Flat }>>][] =
    [
      [
        refused,
        {
          refusals: { rows: [accountRow], of: {} },
          'client-refusals': { rows: [clientRow], of: { client: 'exchange' } },
        },
      ],
      [
        failed,
        {
          refusals: { rows: [accountRow], of: {} },
          'client-refusals': { rows: [clientRow], of: { client: 'exchange' } },
          'attestation-failures': { rows: [accountRow], of: {} },
        },
      ],
      [
        { kind: 'refusal', client: 'exchange', attestation: true },
        { 'client-refusals': { rows: [clientRow], of: { client: 'exchange' } } },
      ],
      [
        { kind: 'refusal', account: alice, attestation: true },
        { refusals: { rows: [accountRow], of: {} }, 'attestation-failures': { rows: [accountRow], of: {} } },
      ],
      [{ kind: 'refusal', attestation: true }, {}],
      [
        first,
        {
          'shared-destination': { rows: [`breaker:destination:${alicesAddress}`], of: {} },
          'first-withdrawals': { rows: ['breaker:station'], of: {} },
        },
      ],
      [again, { 'shared-destination': { rows: [`breaker:destination:${alicesAddress}`], of: {} } }],
      [outflow('alice', 90n), { 'outflow-share': { rows: shares, of: { wallet: 'hot', asset: ether } } }],
      [device, { 'device-refusals': { rows: ['breaker:wallet:hot'], of: {} } }],
    ];

  /** Of one watch, in a station whose wallet has paid enough accounts for a share to mean anything. */
  const benchOf = (watch: string, above = 0): Bench => {
    const bench = new Bench(`watch: ${watch}, window: hour, above: ${above}, freeze: station`);
    if (watch === 'outflow-share') for (let i = 0; i < 10; i++) bench.see(outflow(`a-${i}`, 1n));
    bench.frozen.clear();
    return bench;
  };

  it.each(breakerWatches)('%s sees what it is of and nothing else, in the rows that it names', (watch) => {
    for (const [sighting, watches] of seen) {
      const bench = benchOf(watch);
      const found = watches[watch];
      // What a rule of this watch alone reads; a failed attestation is a refusal, so that the row of the account is read for either.
      const rows = breakerRows(bench.rules, sighting);
      if (found !== undefined) expect(rows, sighting.kind).toEqual(found.rows);
      else if (watch !== 'attestation-failures') expect(rows).toEqual([]);
      const { outcomes } = bench.explain(sighting);
      expect(outcomes.map(({ rule }) => rule)).toEqual(found === undefined ? [] : [`${watch}-hour-station`]);
      const trips = bench.see(sighting);
      expect(trips.map(({ scope, of }) => ({ scope, of }))).toEqual(
        found === undefined ? [] : [{ scope: 'station', of: found.of }],
      );
    }
  });

  it('without rules nothing is read, counted or explained', () => {
    for (const [sighting] of seen) {
      const counts = new BreakerCounts(() => expect.fail('read'), 0 as WitnessedMs);
      expect(breakerRows([], sighting)).toEqual([]);
      expect(counts.see([], sighting, () => false)).toEqual([]);
      expect(counts.changed().size).toBe(0);
      expect(counts.explain([], sighting).outcomes).toEqual([]);
    }
  });

  it('starts from nothing after it tripped', () => {
    for (const [watch, sighting] of [
      ['refusals', refused],
      ['client-refusals', refused],
      ['attestation-failures', failed],
      ['first-withdrawals', first],
      ['device-refusals', device],
    ] as const) {
      const bench = benchOf(watch, 1);
      for (let round = 0; round < 2; round++) {
        expect(bench.see(sighting), watch).toEqual([]);
        expect(bench.see(sighting), watch).toMatchObject([{ count: 2 }]);
        bench.frozen.clear();
      }
    }
  });

  it.each([
    ['refusals', 'account', refused, 'account:alice', 'more than 0 requests of one account were refused'],
    [
      'attestation-failures',
      'account',
      failed,
      'account:alice',
      'more than 0 attestations of one account did not verify',
    ],
    [
      'shared-destination',
      'destination',
      again,
      `destination:${alicesAddress}`,
      'more than 0 accounts paid one destination',
    ],
    ['device-refusals', 'wallet', device, 'wallet:hot', "more than 0 reviews were refused on a wallet's device"],
  ] as const)('%s freezes the %s that it was of, and says why', (watch, freeze, sighting, scope, why) => {
    const bench = new Bench(`watch: ${watch}, window: day, above: 0, freeze: ${freeze}`);
    const [rule] = bench.rules;
    expect(bench.explain(sighting).refusal).toMatchObject({
      message: `${scope}: 1 within the day, with this; above 0 it is frozen`,
      details: { scope },
    });
    expect(bench.see(sighting)).toEqual([{ rule, scope, why: `breaker: ${why} within a day`, count: 1, of: {} }]);
  });

  it('of a share freezes the wallet, or the account', () => {
    for (const [freeze, scope] of [
      ['wallet', 'wallet:hot'],
      ['account', 'account:alice'],
    ] as const) {
      const bench = new Bench(`watch: outflow-share, window: hour, above: 50, freeze: ${freeze}`);
      for (let i = 0; i < 10; i++) expect(bench.see(outflow(`a-${i}`, 1n))).toEqual([]);
      expect(bench.see(outflow('alice', 30n))).toMatchObject([
        { scope, count: 75, why: "breaker: one account had more than 50 percent of a wallet's outflow within an hour" },
      ]);
    }
  });

  it('names no thing of another: what freezes accounts sees nothing that has none', () => {
    const bench = new Bench('watch: refusals, window: hour, above: 0, freeze: account');
    expect(bench.see({ kind: 'refusal', client: 'exchange', attestation: false })).toEqual([]);
    expect(bench.see(device)).toEqual([]);
  });

  it('counts under the names that formats.md gives', () => {
    for (const [watch, sighting, row, thing] of [
      ['refusals', refused, accountRow, 'refusals hour station'],
      ['device-refusals', device, 'breaker:wallet:hot', 'device-refusals hour station'],
      ['outflow-share', outflow('alice', 1n), 'breaker:payer:hot:alice', `outflow-share hour station ${ether}`],
    ] as const) {
      const bench = benchOf(watch, 50);
      bench.see(sighting);
      const packed = bench.rows.get(row) ?? expect.fail(row);
      expect(Buckets.parse(packed).within(thing, 'hour', 1_000_000_000 as WitnessedMs)).toBe(1n);
    }
  });

  it('explains with what the same decision counted already', () => {
    for (const [watch, sighting] of [
      ['refusals', refused],
      ['shared-destination', again],
    ] as const) {
      const { rules } = benchOf(watch, 5);
      const counts = new BreakerCounts(() => undefined, 0 as WitnessedMs);
      counts.see(rules, sighting, () => false);
      const other = watch === 'refusals' ? sighting : paid(alicesAddress, 'bob');
      expect(counts.explain(rules, other).outcomes).toMatchObject([
        { judgement: { passed: true, explanation: 'station: 2 within the hour, with this; above 5 it is frozen' } },
      ]);
    }
  });

  it('reads each row once in a decision', () => {
    const reads: string[] = [];
    const { rules } = benchOf('shared-destination', 5);
    const more = benchOf('refusals', 5).rules;
    const counts = new BreakerCounts((row) => {
      reads.push(row);
      return undefined;
    }, 0 as WitnessedMs);
    for (let i = 0; i < 3; i++) {
      counts.see(rules, again, () => false);
      counts.see(more, refused, () => false);
    }
    expect(reads).toEqual([`breaker:destination:${alicesAddress}`, accountRow]);
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
    expect(sighting('removal-limit', { scope: 'station' })).toBeUndefined();
    expect(sighting('removal-limit', { scope: 'account' })).toMatchObject({ attestation: false });
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
