import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccountId,
  type Address,
  type FreezeScope,
  hour,
  type WalletId,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import { BreakerCounts, type Sighting } from '../../src/gate/breaker.ts';
import type { BreakerPolicy } from '../../src/gate/policy/breaker.ts';
import { onlyTightens, type Policy, policyChanges } from '../../src/gate/policy.ts';
import { alicesAddress, ether, mallorysAddress } from '../custody/station.ts';
import { type Json, wholePolicy } from './whole-policy.ts';

const account = fc.constantFrom('a', 'b', 'c', 'd').map((name) => name as AccountId);
const wallet = 'hot' as WalletId;

const sighting: fc.Arbitrary<Sighting> = fc.oneof(
  fc
    .record({ account, attestation: fc.boolean() })
    .map((of): Sighting => ({ kind: 'refusal', client: 'exchange', ...of })),
  fc
    .record({ account, destination: fc.constantFrom<Address>(alicesAddress, mallorysAddress), first: fc.boolean() })
    .map((of): Sighting => ({ kind: 'authorization', ...of })),
  fc
    .record({ account, amount: fc.constantFrom(1n, 5n, 50n) })
    .map((of): Sighting => ({ kind: 'payment', wallet, asset: ether, ...of })),
  fc.constant<Sighting>({ kind: 'device-refusal', wallet }),
);

const freezes: Readonly<Record<string, readonly string[]>> = {
  refusals: ['account', 'station'],
  'client-refusals': ['station'],
  'attestation-failures': ['account', 'station'],
  'shared-destination': ['destination', 'station'],
  'first-withdrawals': ['station'],
  'device-refusals': ['wallet', 'station'],
};

const rule: fc.Arbitrary<Json> = fc.constantFrom(...Object.keys(freezes)).chain((watch) =>
  fc.record({
    watch: fc.constant(watch),
    window: fc.constantFrom('hour', 'day'),
    above: fc.integer({ min: 1, max: 3 }),
    freeze: fc.constantFrom(...(freezes[watch] ?? [])),
  }),
);

const rules = fc.array(rule, { maxLength: 3 });

/** Rules as another policy may have them: some gone, some lower, some freezing something else, some new. */
const changed = (of: readonly Json[]): fc.Arbitrary<Json[]> =>
  fc
    .tuple(
      fc.tuple(
        ...of.map((one) => {
          const known = one as { readonly watch: string; readonly above: number };
          const freeze = fc.constantFrom(...(freezes[known.watch] ?? []));
          return fc.oneof(
            { weight: 3, arbitrary: fc.constant<Json[]>([one]) },
            { weight: 2, arbitrary: fc.constant<Json[]>([{ ...known, above: Math.max(0, known.above - 1) }]) },
            { weight: 2, arbitrary: freeze.map((f): Json[] => [{ ...known, freeze: f }]) },
            { weight: 1, arbitrary: fc.constant<Json[]>([]) },
          );
        }),
      ),
      fc.array(rule, { maxLength: 1 }),
    )
    .map(([kept, more]) => [...kept.flat(), ...more]);

function policyWith(breaker: Json): Policy | undefined {
  try {
    return wholePolicy({ breaker });
  } catch {
    return undefined; // Two rules of one name are no policy.
  }
}

/** What is frozen after each sighting, first under one policy's rules and then, from the `turn`-th on, under another's. */
function frozenAfter(
  seen: readonly Sighting[],
  turn: number,
  before: readonly BreakerPolicy[],
  after: readonly BreakerPolicy[],
): ReadonlySet<FreezeScope>[] {
  const rows = new Map<string, Uint8Array>();
  const frozen = new Set<FreezeScope>();
  return seen.map((one, i) => {
    const counts = new BreakerCounts((row) => rows.get(row), (200 * hour + i * 60_000) as WitnessedMs);
    for (const { scope } of counts.see(i < turn ? before : after, one, (scope) => frozen.has(scope))) frozen.add(scope);
    for (const [row, packed] of counts.changed()) rows.set(row, packed);
    return new Set(frozen);
  });
}

describe('I3: a breaker that only tightens', () => {
  it('I3, S3: freezes whatever would have been frozen, and as soon, with what was counted before it came', () => {
    let tightened = 0;
    let sooner = 0;
    fc.assert(
      fc.property(
        rules.chain((was) => fc.tuple(fc.constant(was), changed(was))),
        fc.array(sighting, { minLength: 4, maxLength: 24 }),
        fc.nat(8),
        ([before, after], seen, turn) => {
          const [was, will] = [policyWith(before), policyWith(after)];
          fc.pre(was !== undefined && will !== undefined);
          if (!onlyTightens(policyChanges(was, will)) || after.length === 0) return;
          tightened++;
          const one = frozenAfter(seen, turn, was.breaker, was.breaker);
          const other = frozenAfter(seen, turn, was.breaker, will.breaker);
          one.forEach((scopes, i) => {
            const now = other[i] ?? new Set();
            // Under a freeze of the station nothing is counted, nor anything else let through.
            for (const scope of now.has('station') ? [] : scopes) expect(now).toContain(scope);
            if (now.size > scopes.size) sooner++;
          });
        },
      ),
      { numRuns: 4_000 },
    );
    expect(tightened).toBeGreaterThan(200);
    expect(sooner).toBeGreaterThan(50);
  }, 120_000);
});
