import { describe, expect, it } from 'vitest';
import {
  type AccountId,
  type Address,
  type AssetId,
  Buckets,
  day,
  encodePrices,
  type FactorId,
  hour,
  minute,
  type OperatorName,
  type PricesInForce,
  parsePrices,
  type TransactionId,
  type WallMs,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type { Evidence, TransactionCase, WithdrawalCase } from '../../src/gate/cases.ts';
import { thingOf } from '../../src/gate/counting.ts';
import { decideDestination, decideTransaction, decideWithdrawal, explainWithdrawal } from '../../src/gate/decide.ts';
import { completed, noDemand } from '../../src/gate/demand.ts';
import type { BandPolicy } from '../../src/gate/policy/bands.ts';
import type { LimitPolicy } from '../../src/gate/policy/limits.ts';
import type { Policy } from '../../src/gate/policy.ts';
import type { Verdict } from '../../src/gate/rule.ts';
import { batchWithinPolicy } from '../../src/gate/rules/batch-within-policy.ts';
import { alicesAddress, ether, mallorysAddress, tokenAsset } from '../custody/station.ts';
import {
  accountRecord,
  anchor,
  destinationCase,
  effects,
  evidence,
  listed,
  paid,
  policyOf,
  transaction,
  transactionCase,
  w,
  withdrawalCase,
  withdrawalIntent,
} from './hand-made.ts';

const one = 10n ** 18n;
const reference = { currency: 'USD', decimals: 2, pricesLast: day };

function limit(of: Partial<LimitPolicy> = {}): LimitPolicy {
  return { scope: 'account', window: 'day', asset: ether, most: 3n * one, young: undefined, action: 'refuse', ...of };
}

function policyWith(of: Partial<Policy>): Policy {
  const policy = policyOf((d) => d.replace('accepts: [device, synced]', 'accepts: [device, synced, totp]'));
  return { ...policy, ...of };
}

const operators = {
  rpId: 'localhost',
  origins: [],
  quorum: 2,
  people: ['olivia', 'omar', 'oscar'].map((name) => ({
    name: name as OperatorName,
    credential: 'A'.repeat(43) as FactorId,
    key: '',
    class: 'device' as const,
    backupEligible: false,
  })),
  recovery: { quorum: 2, people: [] },
  delays: { policy: day, thaw: day, reinstate: day },
  openFor: day,
} satisfies Policy['operators'];

/** Ether at 3000.25 dollars, set so long ago, ms. */
function prices(
  ago: number,
  of: Partial<Record<string, string>> = { [ether]: '300025' },
  currency = 'USD',
  decimals = 2,
): PricesInForce {
  const table: Record<string, string> = {};
  for (const [asset, price] of Object.entries(of)) if (price !== undefined) table[asset] = price;
  return { prices: parsePrices(encodePrices({ currency, decimals, prices: table })), since: (w - ago) as WitnessedMs };
}

/** Buckets that hold `amount` of what a limit counts, added so long ago, ms. */
function used(policy: Policy, of: LimitPolicy, amount: bigint, ago = 0): Buckets {
  return Buckets.empty.add(thingOf(of, policy), amount, (w - ago) as WitnessedMs);
}

const none = { account: Buckets.empty, asset: Buckets.empty, station: Buckets.empty };

function limited(
  limits: readonly LimitPolicy[],
  of: Partial<WithdrawalCase> & { policy?: Policy } = {},
): WithdrawalCase {
  return withdrawalCase({ ...of, policy: policyWith({ operators, reference, limits, ...(of.policy ?? {}) }) });
}

const outcome = (verdict: Verdict, rule: string) => verdict.outcomes.find((o) => o.rule.startsWith(rule))?.judgement;

describe('S3: limits of an authorization', () => {
  const of = limit();
  const policy = policyWith({ operators, reference, limits: [of] });
  const decided = (amount: bigint, ago = 0) =>
    decideWithdrawal(withdrawalCase({ policy, counted: { ...none, account: used(policy, of, amount, ago) } }));

  it('S3: what is used and this payment together stay within the limit, exactly', () => {
    expect(decideWithdrawal(withdrawalCase({ policy })).approved).toBe(true);
    expect(decided(2n * one).approved).toBe(true);
    const refused = decided(2n * one + 1n);
    expect(refused).toMatchObject({ approved: false, held: undefined, refusal: { reason: 'limit-exceeded' } });
    expect(refused.refusal?.details).toMatchObject({
      scope: 'account',
      window: 'day',
      unit: ether,
      limit: String(3n * one),
      used: String(2n * one + 1n),
      would_be: String(3n * one + 1n),
      left: String(one - 1n),
    });
  });

  it('S3: only what was paid within the window counts', () => {
    expect(decided(3n * one, 23 * hour).refusal?.reason).toBe('limit-exceeded');
    expect(decided(3n * one, 25 * hour + 1).approved).toBe(true);
  });

  it('S3: says when it would pass, and that is when it passes', () => {
    const refused = decided(3n * one, 5 * hour);
    const at = Date.parse(refused.refusal?.details['not_before'] ?? '') as WallMs;
    const { now } = withdrawalCase();
    const later = (ms: number) =>
      decideWithdrawal(
        withdrawalCase({
          policy,
          w: (w + ms) as WitnessedMs,
          counted: { ...none, account: used(policy, of, 3n * one, 5 * hour) },
        }),
      );
    expect(at - now).toBeGreaterThan(18 * hour);
    expect(later(at - now - 1_000).refusal?.reason).toBe('limit-exceeded');
    expect(later(at - now).approved).toBe(true);
    // What is larger than the limit never passes.
    const huge = withdrawalIntent({ amount: String(4n * one) });
    expect(decideWithdrawal(withdrawalCase({ policy, intent: huge })).refusal?.details).not.toHaveProperty(
      'not_before',
    );
  });

  it.each(['account', 'asset', 'station'] as const)('S3: each scope has its own count: %s', (scope) => {
    const own = limit({ scope });
    const within = policyWith({ reference, limits: [own] });
    const full = used(within, own, 3n * one);
    for (const where of ['account', 'asset', 'station'] as const) {
      const verdict = decideWithdrawal(withdrawalCase({ policy: within, counted: { ...none, [where]: full } }));
      expect(verdict.approved).toBe(where !== scope);
    }
  });

  it('S3: another asset does not count, and a limit of nothing can be met by nothing', () => {
    const tokens = limit({ asset: tokenAsset, most: 1n });
    const verdict = decideWithdrawal(limited([tokens]));
    expect(verdict.approved).toBe(true);
    expect(outcome(verdict, 'limit-account-day')).toMatchObject({
      passed: true,
      explanation: expect.stringContaining('does not count'),
    });
  });

  it('explains every limit with its values, by the same objects', () => {
    const limits = [limit({ window: 'hour' }), limit({ window: 'week', most: 1n }), limit({ scope: 'station' })];
    const explained = explainWithdrawal(limited(limits));
    expect(explained.outcomes.map((o) => o.rule).filter((rule) => rule.startsWith('limit-'))).toEqual([
      `limit-account-hour-${ether}`,
      `limit-account-week-${ether}`,
      `limit-station-day-${ether}`,
    ]);
    expect(outcome(explained, 'limit-account-hour')).toMatchObject({
      explanation: expect.stringContaining(`0 of ${3n * one}`),
    });
    expect(explained.refusal?.reason).toBe('limit-exceeded');
  });

  it('a limit that holds takes the quorum; one that refuses as well wins', () => {
    const holds = limit({ most: 1n, action: 'hold' });
    const verdict = decideWithdrawal(limited([holds]));
    expect(verdict).toMatchObject({
      approved: false,
      refusal: undefined,
      held: { operators: 2, by: [`limit-account-day-${ether}-hold`] },
    });
    expect(decideWithdrawal(limited([holds, limit({ most: 1n, window: 'hour' })]))).toMatchObject({
      held: undefined,
      refusal: { reason: 'limit-exceeded' },
    });
    // What is refused for another reason is not held either.
    expect(decideWithdrawal(limited([holds], { evidence: [] }))).toMatchObject({
      held: undefined,
      refusal: { reason: 'attestation-missing' },
    });
  });
});

describe('S3: limits in reference currency', () => {
  const dollars = limit({ asset: undefined, most: 500_000n });
  const decided = (of: Partial<WithdrawalCase>, more: Partial<Policy> = {}) =>
    decideWithdrawal(
      limited([dollars], { ...of, policy: policyWith({ operators, reference, limits: [dollars], ...more }) }),
    );

  it('count what a payment is worth, rounded up', () => {
    const counted = (amount: bigint) => ({ ...none, account: used(policyWith({ reference }), dollars, amount) });
    expect(decided({ prices: prices(0), counted: counted(199_975n) }).approved).toBe(true);
    const refused = decided({ prices: prices(0), counted: counted(199_976n) });
    expect(refused.refusal).toMatchObject({
      reason: 'limit-exceeded',
      details: { used: '199976', would_be: '500001', unit: 'USD' },
    });
    const dust = withdrawalIntent({ amount: '1' });
    expect(decided({ prices: prices(0), intent: dust, counted: counted(500_000n) }).refusal?.reason).toBe(
      'limit-exceeded',
    );
  });

  it.each<[string, PricesInForce | undefined, Partial<Policy>]>([
    ['no prices', undefined, {}],
    ['prices older than policy counts them', prices(day + 1), {}],
    ['no price of the asset', prices(0, { [tokenAsset]: '1' }), {}],
    ['prices in another currency', prices(0, { [ether]: '300025' }, 'EUR'), {}],
    ['prices with other decimals', prices(0, { [ether]: '300025' }, 'USD', 3), {}],
  ])('count nothing with %s, and say so: base-unit limits and ceilings stand', (_, table, more) => {
    const full = { ...none, account: used(policyWith({ reference }), dollars, 500_000n) };
    const verdict = decided({ prices: table, counted: full }, more);
    expect(verdict.approved).toBe(true);
    expect(outcome(verdict, 'limit-account-day-USD')).toMatchObject({
      explanation: expect.stringContaining('does not count'),
    });
    const both = { limits: [dollars, limit({ most: one - 1n })] };
    expect(decided({ prices: table, counted: full }, both).refusal?.reason).toBe('limit-exceeded');
    const above = withdrawalIntent({ amount: String(101n * one) });
    expect(decided({ prices: table, intent: above }).refusal?.reason).toBe('amount-above-ceiling');
  });

  it('count prices as long as policy says, to the ms', () => {
    const full = { ...none, account: used(policyWith({ reference }), dollars, 500_000n) };
    expect(decided({ prices: prices(day), counted: full }).refusal?.reason).toBe('limit-exceeded');
  });
});

describe('S3, A10: young payments', () => {
  const youth = { destination: 3 * day, account: 5 * day };
  const decided = (young: LimitPolicy['young'], of: Partial<WithdrawalCase>) => {
    const small = limit({ young, most: 1n });
    return decideWithdrawal(limited([small], { ...of, policy: policyWith({ reference, youth, limits: [small] }) }))
      .approved;
  };
  const since = (ms: number) => accountRecord({ since: (w - ms) as WitnessedMs });
  /** Ripe since so long, ms. */
  const ripe = (ms: number) => listed({ w0: (w - day - ms) as WitnessedMs, d0: day });

  it('A10: an account is young for as long as policy says after its first factor', () => {
    expect(decided('account', { account: since(5 * day - 1) })).toBe(false);
    expect(decided('account', { account: since(5 * day) })).toBe(true);
    expect(decided('account', { account: undefined })).toBe(false);
  });

  it('S3: a destination is young for as long as policy says after it ripened', () => {
    expect(decided('destination', { listed: ripe(3 * day - 1) })).toBe(false);
    expect(decided('destination', { listed: ripe(3 * day) })).toBe(true);
  });

  it('D6: a longer delay makes it younger', () => {
    const small = limit({ young: 'destination', most: 1n });
    const policy = policyWith({
      youth,
      limits: [small],
      ripening: { factor: day, destination: 2 * day, recovery: 3 * day },
    });
    const at = (ms: number) => decideWithdrawal(withdrawalCase({ policy, listed: ripe(ms) })).approved;
    expect(at(4 * day - 1)).toBe(false);
    expect(at(4 * day)).toBe(true);
  });
});

describe('A10: a wallet’s limits', () => {
  const of = limit({ scope: 'wallet', young: 'account', most: 3n * one });
  const policy = policyWith({ reference, limits: [of] });
  const young = accountRecord({ since: w });
  const case_ = (more: Partial<TransactionCase>): TransactionCase =>
    transactionCase({ policy, withdrawals: [{ ...paid(), account: young }], ...more });

  it('A10: young accounts share one limit a wallet; others do not count', () => {
    expect(decideTransaction(case_({})).approved).toBe(true);
    const walletCounted = used(policy, of, 2n * one + 1n);
    const refused = decideTransaction(case_({ walletCounted }));
    expect(refused.refusal).toMatchObject({
      reason: 'limit-exceeded',
      details: { scope: 'wallet', used: String(2n * one + 1n) },
    });
    expect(decideTransaction(case_({ walletCounted, withdrawals: [paid()] })).approved).toBe(true);
  });

  it('S3: the payments of one batch count together', () => {
    const many = [1, 2, 3, 4].map((i) => ({
      ...paid({}, withdrawalIntent({ withdrawal: `w-${i}` })),
      account: young,
    }));
    const payment = { asset: ether, destination: alicesAddress, amount: one, weight: 1n };
    const batch = (count: number) =>
      decideTransaction(
        case_({
          withdrawals: many.slice(0, count),
          effects: effects({ payments: many.slice(0, count).map(() => payment) }),
        }),
      );
    expect(batch(3).approved).toBe(true);
    expect(batch(4).refusal?.reason).toBe('limit-exceeded');
  });

  it('what was counted with an anchor is not counted again, by a replacement or on the way to the device', () => {
    const walletCounted = used(policy, of, 3n * one);
    const held = anchor({ transaction: transaction().id });
    const committed = [{ ...paid({ state: 'COMMITTED', anchor: 'nonce:0', wallet: held.wallet }), account: young }];
    const replaces = transaction({ maxFee: 1n });
    const other = {
      ...case_({ walletCounted, anchor: held, withdrawals: committed, replaces }),
      id: 'd'.repeat(64) as TransactionId,
    };
    expect(decideTransaction(other).approved).toBe(true);
    expect(
      decideTransaction(case_({ walletCounted, anchor: held, withdrawals: committed, phase: 'again' })).approved,
    ).toBe(true);
    expect(decideTransaction(case_({ walletCounted })).refusal?.reason).toBe('limit-exceeded');
  });
});

describe('bands', () => {
  const band = (of: Partial<BandPolicy>): BandPolicy => ({
    asset: ether,
    above: one,
    operators: 0,
    evidence: noDemand,
    ...of,
  });
  const classes = (count: number) => completed({ ...noDemand, classes: count });
  const decided = (bands: readonly BandPolicy[], of: Partial<WithdrawalCase> = {}) =>
    decideWithdrawal(withdrawalCase({ ...of, policy: policyWith({ operators, reference, bands }) }));
  const above = { intent: withdrawalIntent({ amount: String(one + 1n) }) };
  const two: Evidence[] = [evidence(), evidence({ id: 'B'.repeat(43) as FactorId, class: 'totp' })];

  it('above it, so many operators as the highest one that applies demands', () => {
    const bands = [band({ operators: 1 }), band({ operators: 3, above: 2n * one })];
    expect(decided(bands).approved).toBe(true);
    expect(decided(bands, above)).toMatchObject({
      refusal: undefined,
      held: { operators: 1, by: [`band-${ether}-${one}`] },
    });
    const more = { intent: withdrawalIntent({ amount: String(2n * one + 1n) }) };
    expect(decided(bands, more).held).toMatchObject({ operators: 3, by: { length: 2 } });
    expect(decided([band({ asset: tokenAsset, operators: 1 })], above).approved).toBe(true);
  });

  it('A5: above it, more evidence, beside what every approval takes', () => {
    const bands = [band({ evidence: classes(2) })];
    expect(decided(bands).approved).toBe(true);
    expect(decided(bands, above).refusal).toMatchObject({
      reason: 'attestation-insufficient',
      message: 'needs one more factor of a class other than webauthn',
    });
    expect(decided(bands, { ...above, evidence: two }).approved).toBe(true);
    // The rule of the band says it without refusing: it is the evidence that does not suffice.
    const told = decided(bands, above).outcomes.find(({ rule }) => rule.startsWith('band-'))?.judgement;
    expect(told).toMatchObject({
      passed: true,
      explanation: expect.stringContaining('evidence of 2 different classes'),
    });
  });

  it('A5: of several bands that apply, what each demands has to be there; what is missing is told at once', () => {
    const bands = [band({ evidence: classes(2) }), band({ above: 1n, evidence: { ...noDemand, webauthn: 2 } })];
    expect(decided(bands, above).refusal?.message).toBe(
      'needs one more WebAuthn assertion; needs one more factor of a class other than webauthn',
    );
    expect(decided(bands, { ...above, evidence: two }).refusal?.message).toBe('needs one more WebAuthn assertion');
    const three = [...two, evidence({ id: 'C'.repeat(43) as FactorId, class: 'synced' })];
    expect(decided(bands, { ...above, evidence: three }).approved).toBe(true);
  });

  it('D4: the bands are judged again before a signature, by what the payment was worth when it was authorized', () => {
    const judged = (bands: readonly BandPolicy[], reserved: bigint | null, evidence_: Evidence[]) =>
      decideTransaction(
        transactionCase({
          policy: policyWith({ reference, bands }),
          withdrawals: [{ ...paid({ reserved }), evidence: evidence_ }],
        }),
      ).refusal?.reason;
    const dollars = [band({ asset: undefined, above: 100n, evidence: classes(2) })];
    expect(judged(dollars, 101n, [evidence()])).toBe('attestation-insufficient');
    expect(judged(dollars, 101n, two)).toBeUndefined();
    expect(judged(dollars, 100n, [evidence()])).toBeUndefined();
    expect(judged(dollars, null, [evidence()])).toBeUndefined();
    const ethers = [band({ above: one - 1n, evidence: classes(2) })];
    expect(judged(ethers, null, [evidence()])).toBe('attestation-insufficient');
    expect(judged([band({ ...ethers[0], asset: tokenAsset })], null, [evidence()])).toBeUndefined();
  });

  it('in reference currency applies as long as there is a price', () => {
    const dollars = [band({ asset: undefined, above: 300_024n, operators: 2 })];
    expect(decided(dollars, { prices: prices(0) }).held?.operators).toBe(2);
    expect(decided(dollars, { prices: prices(2 * day) }).approved).toBe(true);
  });
});

describe('hours', () => {
  const hours = { days: [1, 2, 3, 4, 5], from: 9 * 60, to: 17 * 60, action: 'refuse' as const };
  const decided = (at: string, action: 'refuse' | 'hold' = 'refuse') => {
    const now = Date.parse(at) as WallMs;
    const issued = at.replace('.999Z', 'Z');
    const expires = new Date(now + 5 * minute).toISOString().replace(/\.\d+Z/, 'Z');
    const intent = withdrawalIntent({ issued, expires, pay_by: expires });
    return decideWithdrawal(
      withdrawalCase({ now, intent, policy: policyWith({ operators, hours: { ...hours, action } }) }),
    );
  };

  it('are UTC: from the first minute to before the last, on the days named', () => {
    expect(decided('2022-01-20T09:00:00Z').approved).toBe(true);
    expect(decided('2022-01-20T16:59:59Z').approved).toBe(true);
    for (const outside of [
      '2022-01-20T08:59:59Z',
      '2022-01-20T17:00:00Z',
      '2022-01-22T12:00:00Z',
      '2022-01-23T12:00:00Z',
    ]) {
      expect(decided(outside).refusal).toMatchObject({
        reason: 'outside-hours',
        details: { from: '09:00', to: '17:00' },
      });
    }
  });

  it('hold, if policy says so', () => {
    expect(decided('2022-01-22T12:00:00Z', 'hold')).toMatchObject({
      refusal: undefined,
      held: { operators: 2, by: ['within-hours'] },
    });
    expect(decided('2022-01-20T12:00:00Z', 'hold').approved).toBe(true);
  });
});

describe('denied destinations', () => {
  const denying = (address: Address) => policyWith({ denied: new Set([address]) });

  it('are neither listed, nor authorized, nor paid', () => {
    expect(decideDestination(destinationCase({ policy: denying(mallorysAddress) })).refusal?.reason).toBe(
      'destination-denied',
    );
    expect(decideDestination(destinationCase({ policy: denying(alicesAddress) })).approved).toBe(true);
    expect(decideWithdrawal(withdrawalCase({ policy: denying(alicesAddress) })).refusal?.reason).toBe(
      'destination-denied',
    );
    for (const phase of ['first', 'again'] as const) {
      const held = phase === 'again' ? { anchor: anchor() } : {};
      expect(
        decideTransaction(transactionCase({ policy: denying(alicesAddress), phase, ...held })).refusal?.reason,
      ).toBe('destination-denied');
    }
    expect(decideTransaction(transactionCase({ policy: denying(mallorysAddress) })).approved).toBe(true);
  });
});

describe('the size of a batch', () => {
  it('is policy’s, where an anchor is taken', () => {
    const payment = { asset: ether as AssetId, destination: alicesAddress, amount: one, weight: 1n };
    const withdrawals = [paid(), paid({ account: 'alice' as AccountId }, withdrawalIntent({ withdrawal: 'w-2' }))];
    const of = { withdrawals, effects: effects({ payments: [payment, payment] }) };
    expect(decideTransaction(transactionCase({ policy: policyWith({ batchMost: 2 }), ...of })).approved).toBe(true);
    expect(decideTransaction(transactionCase({ policy: policyWith({ batchMost: 1 }), ...of })).refusal).toMatchObject({
      reason: 'batch-too-large',
      details: { limit: '1' },
    });
    // A replacement makes exactly the same payments: it is judged by its anchor's first version.
    const later = { policy: policyWith({ batchMost: 1 }), ...of };
    expect(batchWithinPolicy.judge(transactionCase(later)).passed).toBe(false);
    expect(batchWithinPolicy.judge(transactionCase({ ...later, anchor: anchor() })).passed).toBe(true);
    expect(batchWithinPolicy.judge(transactionCase({ ...later, phase: 'again' })).passed).toBe(true);
  });
});
