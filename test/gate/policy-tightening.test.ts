import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AssetId,
  Buckets,
  day,
  encodePrices,
  type FactorClass,
  type FactorId,
  formatInstant,
  hour,
  type OperatorName,
  parsePrices,
  type WalletId,
  type WallMs,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type { Evidence, Moment, OperatorSignature } from '../../src/gate/cases.ts';
import { decideDestination, decideFactor, decideTransaction, decideWithdrawal } from '../../src/gate/decide.ts';
import { onlyTightens, type Policy, policyChanges } from '../../src/gate/policy.ts';
import type { Verdict } from '../../src/gate/rule.ts';
import { alicesAddress, ether, mallorysAddress, tokenAsset } from '../custody/station.ts';
import {
  accountRecord,
  destinationCase,
  effects,
  evidence,
  factorCase,
  factorIntent,
  listed,
  mfaToken,
  now,
  paid,
  transactionCase,
  w,
  withdrawalCase,
  withdrawalIntent,
} from './hand-made.ts';
import { type Json, wholePolicy } from './whole-policy.ts';

/** What each member of the whole policy may be instead: near what the requests below come up against. */
const otherwise: Readonly<Record<string, readonly (Json | undefined)[]>> = {
  'ripening.factor': ['24h', '36h', '72h'],
  'ripening.destination': ['24h', '36h', '72h'],
  'ripening.recovery': ['73h', '96h', '120h'],
  'evidence.webauthn': [0, 1, 2],
  'evidence.assertions': [1, 2, 3],
  'evidence.classes': [undefined, 2, 3],
  'evidence.enrolments': [1, 2],
  'evidence.hardware': [undefined, 1],
  'evidence.accepts': [
    ['device'],
    ['device', 'synced'],
    ['device', 'synced', 'hardware'],
    ['device', 'totp'],
    ['device', 'hardware', 'mfa-service'],
    ['device', 'synced', 'hardware', 'totp', 'mfa-service'],
  ],
  'chains[0].max_fee': ['1000000000000000', '3000000000000000'],
  'chains[0].max_fee_per_gas': ['1000000000', '3000000000'],
  'chains[0].data_fee': [undefined, '1000', '1000000000000000'],
  'chains[0].access_list_entries': [0, 1, 2, 3],
  'assets[0].max_payment': ['1000000000000000000', '3000000000000000000'],
  'assets[1].max_payment': ['1', '3000000'],
  'assets[0].decimals': [17, 18, 19],
  'wallets[0].first_nonce': ['0', '1', '3'],
  'wallets[0].id': ['hot', 'warm'],
  'clients.wallets': [undefined],
  nonce_window: [1, 3, 6],
  batch_most: [1, 2, undefined],
  'limits[0].most': ['1000000000000000000', '4000000000000000000'],
  'limits[0].window': ['hour', 'week'],
  'limits[0].scope': ['account', 'wallet'],
  'limits[0].asset': [ether, tokenAsset, undefined],
  'limits[1].action': ['refuse', 'hold'],
  'limits[1].most': ['100', '400000', '900000'],
  'limits[2].most': ['1', '3000000000000000000', '5000000000000000000'],
  'limits[2]': [undefined],
  'limits[3].young': ['account', 'destination', undefined],
  'limits[3]': [undefined],
  'young.destination': ['1h', '200h'],
  'young.account': ['1h', '300h'],
  'reference.prices_last': ['1h', '30h'],
  'reference.currency': ['USD', 'EUR'],
  'bands[0].above': ['500000000000000000', '1500000000000000000'],
  'bands[0].operators': [1, 2, 3],
  'bands[0].classes': [2],
  'bands[0].webauthn': [1, 2],
  'bands[0].hardware': [1],
  'bands[1].above': ['100', '600000'],
  'bands[1].classes': [undefined, 2, 3],
  'bands[1].enrolments': [undefined, 1, 2],
  'wallets[0].evidence': [
    undefined,
    { classes: 2 },
    { hardware: 1 },
    { assertions: 2, webauthn: 1 },
    { classes: 2, or_operators: true },
    { classes: 2, above: [{ asset: ether, amount: '1000000' }] },
    { classes: 2, above: [{ asset: ether, amount: '1500000000000000000' }], or_operators: true },
    { assertions: 2, above: [{ asset: tokenAsset, amount: '1000000000000000000' }] },
  ],
  wallets: [[]],
  'bands[0]': [undefined],
  'hours.days': [['mon'], ['thu'], ['mon', 'thu', 'fri', 'sat', 'sun']],
  'hours.from': ['00:00', '11:00', '12:30'],
  'hours.to': ['13:00', '24:00'],
  'hours.action': ['hold', 'refuse'],
  hours: [undefined],
  denied: [[], [alicesAddress], [alicesAddress, mallorysAddress]],
  'operators.quorum': [1, 2, 3],
};

type Changes = Readonly<Record<string, Json | undefined>>;

const someChanges = (most: number): fc.Arbitrary<Changes> =>
  fc
    .uniqueArray(fc.constantFrom(...Object.keys(otherwise)), { maxLength: most })
    .chain((members) =>
      fc.record(Object.fromEntries(members.map((m) => [m, fc.constantFrom(...(otherwise[m] ?? []))]))),
    );

/** The demands of the whole policy are such that hardly anything meets them all. */
const lenient: Changes = {
  'evidence.assertions': undefined,
  'evidence.classes': undefined,
  'evidence.enrolments': undefined,
  'evidence.hardware': undefined,
  'evidence.accepts': ['device', 'synced', 'totp', 'mfa-service'],
  'wallets[0].evidence': undefined,
  'wallets[2].evidence': undefined,
  'bands[1].assertions': undefined,
  'bands[1].enrolments': undefined,
  'bands[1].webauthn': undefined,
  'bands[1].hardware': undefined,
};

function policyWith(changes: Changes): Policy | undefined {
  try {
    return wholePolicy(
      Object.fromEntries(Object.entries({ ...lenient, ...changes }).sort(([a], [b]) => (a < b ? 1 : -1))),
    );
  } catch {
    return undefined; // Not every combination is a policy.
  }
}

const classes: fc.Arbitrary<FactorClass> = fc.constantFrom(
  'device',
  'device',
  'synced',
  'synced',
  'hardware',
  'totp',
  'totp',
);
const age = fc.oneof(
  { weight: 5, arbitrary: fc.constant(9 * day) },
  { weight: 2, arbitrary: fc.constantFrom(0, 20 * hour, 30 * hour, 50 * hour) },
);
const assets: fc.Arbitrary<AssetId> = fc.constantFrom(ether, tokenAsset);
const amounts = fc.constantFrom(1n, 10n ** 6n, 10n ** 18n, 2n * 10n ** 18n, 3n * 10n ** 18n);
const since = (back: number): WitnessedMs => (w - back) as WitnessedMs;

const factors = fc.array(fc.tuple(classes, age), { minLength: 1, maxLength: 3 }).map((made) =>
  made.map(
    ([class_, back], i): Evidence =>
      evidence({
        kind: class_ === 'totp' ? 'totp' : 'webauthn',
        class: class_,
        w0: since(back),
        id: `${i}`.repeat(43) as FactorId,
        coseKey: new Uint8Array([i]),
      }),
  ),
);

const token: Evidence = mfaToken('mfa.example');

function operatorsSignature(name: string): OperatorSignature {
  return { operator: name as OperatorName, verification: evidence().verification, record: undefined };
}

const attested = fc
  .tuple(factors, fc.boolean())
  .map(([made, service]): Evidence[] => (service ? [...made, token] : made));

const buckets = fc
  .array(
    fc.tuple(
      fc.constantFrom(ether, tokenAsset, 'USD.2', `${ether}+destination`, `${ether}+account`),
      amounts,
      fc.constantFrom(0, 2 * hour, 2 * day),
    ),
    { maxLength: 4 },
  )
  .map((added) =>
    [...added]
      .sort(([, , a], [, , b]) => b - a)
      .reduce(
        (all, [thing, amount, back]) =>
          all.add(thing, thing === 'USD.2' ? amount % 300_000n || 1n : amount, since(back)),
        Buckets.empty,
      ),
  );

const prices = fc.option(
  age.map((back) => ({
    prices: parsePrices(
      encodePrices({ currency: 'USD', decimals: 2, prices: { [ether]: '300000', [tokenAsset]: '100' } }),
    ),
    since: since(back),
  })),
  { nil: undefined },
);

// Made once: each makes a policy of its own.
const aWithdrawal = withdrawalCase();
const aTransaction = transactionCase();
const aDestination = destinationCase();
const aFactor = factorCase();

/** A request, decided under one policy or another. */
type Request = (of: Pick<Moment, 'policy'>) => Verdict;

const at = fc.constantFrom(now, now, (now - 11 * hour) as WallMs, (now + 2 * day) as WallMs, (now + 3 * day) as WallMs);

const withdrawals: fc.Arbitrary<Request> = fc
  .record({ factors: attested, asset: assets, amount: amounts, back: age, account: age, counted: buckets, prices, at })
  .map((of) => {
    const intent = withdrawalIntent({
      asset: of.asset,
      amount: String(of.amount),
      issued: formatInstant(of.at),
      expires: formatInstant((of.at + 300_000) as WallMs),
      pay_by: formatInstant((of.at + hour) as WallMs),
    });
    const counted = { account: of.counted, asset: of.counted, station: of.counted };
    return ({ policy }) =>
      decideWithdrawal({
        ...aWithdrawal,
        policy,
        now: of.at,
        intent,
        evidence: of.factors,
        listed: listed({ w0: since(of.back) }),
        account: accountRecord({ since: since(of.account) }),
        prices: of.prices,
        counted,
      });
  });

const transactions: fc.Arbitrary<Request> = fc
  .record({
    amount: amounts,
    count: fc.integer({ min: 1, max: 3 }),
    factors: attested,
    back: age,
    nonce: fc.integer({ min: 0, max: 6 }),
    feeRate: fc.constantFrom(10n ** 9n, 2n * 10n ** 9n, 3n * 10n ** 9n),
    maxFee: fc.constantFrom(10n ** 15n, 2n * 10n ** 15n, 3n * 10n ** 15n),
    accessListEntries: fc.integer({ min: 0, max: 3 }),
    walletCounted: buckets,
    prices,
    reserved: fc.constantFrom(null, 1n, 500_000n),
    approvedBy: fc.constantFrom([], ['olivia'], ['olivia', 'omar']),
  })
  .map((of) => {
    const payments = Array.from({ length: of.count }, () => ({
      asset: ether,
      destination: alicesAddress,
      amount: of.amount,
      weight: 1n,
    }));
    const pays = payments.map((_, i) =>
      paid(
        { reserved: of.reserved },
        withdrawalIntent({ withdrawal: `w-${i}`, amount: String(of.amount), max_fee: String(10n ** 16n) }),
      ),
    );
    return ({ policy }) =>
      decideTransaction({
        ...aTransaction,
        policy,
        wallet: policy.wallets.get('hot' as WalletId),
        effects: effects({
          payments,
          maxFee: of.maxFee,
          feeRate: of.feeRate,
          accessListEntries: of.accessListEntries,
          anchors: [`nonce:${of.nonce}`],
          nonce: of.nonce,
          change: [],
          lock: undefined,
        }),
        withdrawals: pays.map((p) => ({
          ...p,
          evidence: of.factors,
          listed: listed({ w0: since(of.back) }),
          approvals: of.approvedBy.map(operatorsSignature),
        })),
        walletCounted: of.walletCounted,
        prices: of.prices,
      });
  });

const destinations: fc.Arbitrary<Request> = attested.map(
  (of) => (given) => decideDestination({ ...aDestination, ...given, evidence: of }),
);

const enrolments: fc.Arbitrary<Request> = fc
  .record({
    factors,
    by: fc.integer({ min: 1, max: 3 }),
    class_: classes,
    usesService: fc.boolean(),
    service: fc.boolean(),
  })
  .map(({ factors: all, by, class_, usesService, service }) => {
    const records = all.flatMap(({ factor }) => factor ?? []);
    const intent = factorIntent({ class: class_, attested_by: records[0]?.id ?? '' });
    const given = {
      intent,
      factors: records,
      everEnrolled: all.length,
      usesService,
      voucher: { present: false } as const,
    };
    const by_ = [...all.slice(0, by), ...(service ? [token] : [])];
    return (of) => decideFactor({ ...aFactor, ...of, ...given, evidence: by_ });
  });

const requests = fc.oneof(
  { weight: 4, arbitrary: withdrawals },
  { weight: 4, arbitrary: transactions },
  { weight: 1, arbitrary: destinations },
  { weight: 3, arbitrary: enrolments },
);

/** 0: approved; as many operators as would have to approve; more than there could be: refused. */
function strictness({ approved, held }: Verdict): number {
  return approved ? 0 : (held?.operators ?? 1_000);
}

describe('I3: what only tightens', () => {
  it('I3: approves nothing that was refused, and holds nothing for fewer operators', () => {
    let tightened = 0;
    let stricter = 0;
    fc.assert(
      fc.property(
        someChanges(6),
        someChanges(3),
        fc.array(requests, { minLength: 10, maxLength: 20 }),
        (base, more, asked) => {
          const [was, will] = [policyWith(base), policyWith({ ...base, ...more })];
          fc.pre(was !== undefined && will !== undefined);
          if (!onlyTightens(policyChanges(was, will))) return;
          tightened++;
          for (const request of asked) {
            const [before, after] = [request({ policy: was }), request({ policy: will })];
            expect(strictness(after)).toBeGreaterThanOrEqual(strictness(before));
            if (strictness(after) > strictness(before)) stricter++;
          }
        },
      ),
      { numRuns: 1_000 },
    );
    // Else the above would have shown nothing.
    expect(tightened).toBeGreaterThan(100);
    expect(stricter).toBeGreaterThan(10);
  }, 120_000);

  it('a policy has no changes against itself', () => {
    fc.assert(
      fc.property(someChanges(8), (changes) => {
        const [one, other] = [policyWith(changes), policyWith(changes)];
        fc.pre(one !== undefined && other !== undefined);
        expect(policyChanges(one, other)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
