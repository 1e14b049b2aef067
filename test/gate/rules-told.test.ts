import { describe, expect, it } from 'vitest';
import {
  type AccountId,
  type ActId,
  type ActRecord,
  Buckets,
  day,
  digestOf,
  type Effects,
  type EntryId,
  type FactorId,
  formatInstant,
  hour,
  minute,
  type OperatorName,
  parseChainId,
  second,
  type WallMs,
  type WithdrawalId,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type {
  ActDemands,
  EffectCase,
  Evidence,
  OperatorCase,
  TransactionCase,
  WithdrawalCase,
} from '../../src/gate/cases.ts';
import { decideWithdrawal } from '../../src/gate/decide.ts';
import { completed, noDemand } from '../../src/gate/demand.ts';
import type { BandPolicy } from '../../src/gate/policy/bands.ts';
import type { LimitPolicy } from '../../src/gate/policy/limits.ts';
import type { Policy } from '../../src/gate/policy.ts';
import { type Judgement, pass, type Rule } from '../../src/gate/rule.ts';
import { actJoinedOnce } from '../../src/gate/rules/act-joined-once.ts';
import { actRipe } from '../../src/gate/rules/act-ripe.ts';
import { factorAdmitted } from '../../src/gate/rules/admission.ts';
import { amountWithinCeiling } from '../../src/gate/rules/amount-within-ceiling.ts';
import { changeWithinGap, lockPassed, nonceInWindow, othersAnchorsLeft } from '../../src/gate/rules/anchor-holds.ts';
import { bandRules } from '../../src/gate/rules/bands.ts';
import { destinationNotDenied } from '../../src/gate/rules/destination-denied.ts';
import { destinationNew } from '../../src/gate/rules/destination-new.ts';
import { destinationRipe, destinationsStand } from '../../src/gate/rules/destination-stands.ts';
import { evacuates, notFrozenUnlessEvacuating } from '../../src/gate/rules/evacuation.ts';
import { factorsUsable, factorUsable } from '../../src/gate/rules/evidence-genuine.ts';
import { evidenceForWallet, evidenceSufficient, factorDemand } from '../../src/gate/rules/evidence-sufficient.ts';
import { feeCeilingWithinPolicy } from '../../src/gate/rules/fee-ceiling.ts';
import { feeWithinApproved } from '../../src/gate/rules/fees-bounded.ts';
import { quorumOf } from '../../src/gate/rules/holds.ts';
import { intentFresh } from '../../src/gate/rules/intent-fresh.ts';
import { limitName, limitRules, walletLimitRules } from '../../src/gate/rules/limits.ts';
import { paymentsMatch } from '../../src/gate/rules/payments-match.ts';
import { quorumPresent } from '../../src/gate/rules/quorum-present.ts';
import { accountNotRecovering, recovering } from '../../src/gate/rules/recovering.ts';
import { movesNothingElsewhere } from '../../src/gate/rules/treasury-moves.ts';
import { withinHours } from '../../src/gate/rules/within-hours.ts';
import type { TreasuryCase } from '../../src/gate/treasury-case.ts';
import { alicesAddress, ether, mallorysAddress, tokenAsset } from '../custody/station.ts';
import {
  anchor,
  destinationCase,
  effects,
  entry,
  evidence,
  factor,
  factorCase,
  factorIntent,
  listed,
  mfaToken,
  moment,
  now,
  paid,
  policyOf,
  transactionCase,
  w,
  withdrawalCase,
  withdrawalIntent,
} from './hand-made.ts';
import { regtest, wholePolicy } from './whole-policy.ts';

// What rules say, word for word, and with which values: clients, operators and the journal rest on both.

const words = (judgement: Judgement): string =>
  judgement.passed ? judgement.explanation : `${judgement.reason}: ${judgement.message}`;
const details = (judgement: Judgement): unknown => (judgement.passed ? undefined : judgement.details);
const back = (ms: number): WitnessedMs => (w - ms) as WitnessedMs;
const inMs = (ms: number): string => formatInstant((now + ms) as WallMs);
const withPolicy = (of: Partial<Policy>): Policy => ({ ...policyOf(), ...of });
const one = 10n ** 18n;

describe('what a rule of a withdrawal says', () => {
  it('of amounts and fees: the ceiling, in the details', () => {
    const over = withdrawalCase({
      intent: withdrawalIntent({ amount: '100000000000000000001', max_fee: '10000000000000001' }),
    });
    expect(details(amountWithinCeiling.judge(over))).toEqual({ ceiling: '100000000000000000000' });
    const fee = feeCeilingWithinPolicy.judge(over);
    expect(words(fee)).toMatch(
      /^fee-ceiling-above-policy: the fee ceiling 10000000000000001 is above policy’s [0-9]+ on eip155:31337$/,
    );
    expect(details(fee)).toEqual({ ceiling: /’s ([0-9]+) on/.exec(words(fee))?.[1] });
  });

  it('of an intent that expired: when', () => {
    const late = intentFresh.judge(withdrawalCase({ now: (now + 300_000) as WallMs }));
    expect(details(late)).toEqual({ expires: inMs(300_000) });
  });

  it('of denied destinations: whether any are', () => {
    const denying = (...denied: (typeof alicesAddress)[]) =>
      words(destinationNotDenied.judge(withdrawalCase({ policy: withPolicy({ denied: new Set(denied) }) })));
    expect(denying()).toBe('policy denies no destination');
    expect(denying(mallorysAddress)).toBe('policy does not deny the destination');
    expect(denying(mallorysAddress, alicesAddress)).toBe(
      `destination-denied: policy denies payments to ${alicesAddress}`,
    );
  });

  it('of a destination that is listed: as which entry', () => {
    const again = destinationNew.judge(destinationCase({ listed: listed() }));
    expect(words(again)).toBe('destination-listed: the destination is listed already, as entry entry-1');
    expect(details(again)).toEqual({ entry: 'entry-1' });
  });

  it('D2: of a destination that is not ripe: why, and when it would be', () => {
    const ripe = (of: Parameters<typeof listed>[0]) => destinationRipe.judge(withdrawalCase({ listed: listed(of) }));
    expect(words(ripe({}))).toBe(`entry entry-1 is ripe: W ${w} is past 0 + ${day} ms`);
    expect(words(ripe({ d0: 2 * day }))).toBe(`entry entry-1 is ripe: W ${w} is past 0 + ${2 * day} ms`);
    expect(words(ripe({ d0: hour }))).toBe(`entry entry-1 is ripe: W ${w} is past 0 + ${day} ms`);
    const waits = (judgement: Judgement, why: string, ms: number): void => {
      expect(words(judgement)).toBe(`destination-unripe: ${why}: not before ${inMs(ms)}`);
      expect(details(judgement)).toEqual({ not_before: inMs(ms) });
    };
    waits(ripe({ w0: back(hour) }), `${alicesAddress} is still ripening`, 23 * hour);
    waits(ripe({ w0: back(day - 1) }), `${alicesAddress} is still ripening`, second);
    const undelivered = `${alicesAddress} ripens only once its notice has been delivered`;
    waits(ripe({ state: 'announcing' }), undelivered, day);
    waits(ripe({ w0: null }), undelivered, day);
    waits(ripe({ d0: null }), undelivered, day);
    waits(ripe({ epoch: 0 }), `${alicesAddress} was whitelisted before all factors were revoked`, day);
    for (const state of ['removed', 'cancelled'] as const)
      waits(ripe({ state }), `${alicesAddress} is not listed`, day);
    const none = withdrawalCase({ listed: { listing: undefined, entry: undefined } });
    waits(destinationRipe.judge(none), 'the destination is not listed', day);
  });

  it('D4: of a destination that was listed anew: that its entry is gone', () => {
    const of = (entryId: string) =>
      destinationsStand.judge(
        transactionCase({ withdrawals: [{ ...paid(), listed: listed({ entry: entryId as EntryId }) }] }),
      );
    expect(words(of('entry-1'))).toBe('every destination is still listed, and ripe');
    expect(words(of('entry-2'))).toBe(
      'destination-withdrawn: entry entry-1 of withdrawal w-1 is no longer on the whitelist',
    );
    const none = transactionCase({ withdrawals: [{ ...paid(), listed: { listing: undefined, entry: undefined } }] });
    expect(words(destinationsStand.judge(none))).toMatch(/^destination-withdrawn/);
  });

  it('of bands: what is above them takes, and how they are named', () => {
    const band = (of: Partial<BandPolicy> = {}): BandPolicy => ({
      asset: ether,
      above: 10n,
      operators: 0,
      evidence: noDemand,
      ...of,
    });
    const rule = (of: Partial<BandPolicy>): Rule<WithdrawalCase> =>
      bandRules(withPolicy({ bands: [band(of)] }))[0] ?? expect.fail('a rule');
    const judged = (of: Partial<BandPolicy>, amount = '11') =>
      rule(of).judge(withdrawalCase({ intent: withdrawalIntent({ amount }) }));
    const evidence = completed({ ...noDemand, classes: 2 });
    expect(rule({}).name).toBe(`band-${ether}-10`);
    expect(rule({ asset: undefined }).name).toBe('band-reference-10');
    expect(words(judged({ operators: 1 }, '10'))).toBe('10 is not above 10 base units of ETH');
    expect(words(judged({ asset: tokenAsset, operators: 1 }))).toBe(
      `the band above 10 base units of TST does not apply: it pays ${ether}`,
    );
    expect(words(judged({ evidence }))).toBe(
      '11 is above 10 base units of ETH: it takes evidence of 2 different classes',
    );
    const held = judged({ operators: 2 });
    expect(words(held)).toBe('withdrawal-held: 11 is above 10 base units of ETH: it takes 2 operator(s)');
    expect(details(held)).toEqual({ above: '10', operators: '2' });
    expect(words(judged({ operators: 2, evidence }))).toBe(
      'withdrawal-held: 11 is above 10 base units of ETH: it takes 2 operator(s) and evidence of 2 different classes',
    );
  });

  it('of hours: the time as it is, and as it would have to be', () => {
    const hours = { days: [4, 0], from: 7 * 60 + 5, to: 20 * 60, action: 'refuse' } as const;
    const at = (text: string, of: Partial<Policy> = { hours }) =>
      withinHours.judge(withdrawalCase({ now: Date.parse(text) as WallMs, policy: withPolicy(of) }));
    const open = 'policy’s hours are 07:05 to 20:00 UTC on Thursday, Sunday';
    expect(words(at('2022-01-20T12:34:56Z'))).toBe(`it is Thursday 12:34 UTC, ${open}`);
    expect(words(at('2022-01-20T07:05:00Z'))).toBe(`it is Thursday 07:05 UTC, ${open}`);
    const early = at('2022-01-20T07:04:59Z');
    expect(words(early)).toBe(`outside-hours: it is Thursday 07:04 UTC, ${open}`);
    expect(details(early)).toEqual({ from: '07:05', to: '20:00' });
    expect(words(at('2022-01-21T12:00:00Z'))).toBe(`outside-hours: it is Friday 12:00 UTC, ${open}`);
    const held = at('2022-01-20T20:00:00Z', { hours: { ...hours, action: 'hold' } });
    expect(words(held)).toBe(`withdrawal-held: it is Thursday 20:00 UTC, ${open}; operators can approve it`);
    // Where nobody is founded, one would have to be.
    expect(details(held)).toEqual({ from: '07:05', to: '20:00', operators: '1' });
    expect(quorumOf(policyOf())).toBe(1);
  });
});

describe('what a rule of limits says', () => {
  const limit = (of: Partial<LimitPolicy> = {}): LimitPolicy => ({
    scope: 'account',
    window: 'day',
    asset: ether,
    most: one,
    young: undefined,
    action: 'refuse',
    ...of,
  });
  const reference = { currency: 'USD', decimals: 2, pricesLast: day };

  it.each<[string, Partial<LimitPolicy>]>([
    [`limit-account-day-${ether}`, {}],
    [`limit-wallet-week-${ether}`, { scope: 'wallet', window: 'week' }],
    [
      `limit-station-hour-young-account-${ether}-hold`,
      { scope: 'station', window: 'hour', young: 'account', action: 'hold' },
    ],
    ['limit-account-day-young-destination-USD', { asset: undefined, young: 'destination' }],
  ])('is named %s', (name, of) => {
    expect(limitName(limit(of), withPolicy({ reference }))).toBe(name);
  });

  it('is named after the reference currency, or as that where there is none', () => {
    expect(limitName(limit({ asset: undefined }), policyOf())).toBe('limit-account-day-reference');
  });

  const wallet = limit({ scope: 'wallet' });

  it('those of a wallet judge transactions, all others authorizations; each is made once', () => {
    const policy = withPolicy({ limits: [limit(), wallet, limit({ scope: 'station' })] });
    expect(limitRules(policy).map(({ name }) => name)).toEqual([
      `limit-account-day-${ether}`,
      `limit-station-day-${ether}`,
    ]);
    expect(walletLimitRules(policy).map(({ name }) => name)).toEqual([`limit-wallet-day-${ether}`]);
    expect(limitRules(policy)).toBe(limitRules(policy));
    expect(walletLimitRules(policy)).toBe(walletLimitRules(policy));
  });

  it('of a wallet: what it counts, and what it does not', () => {
    const judged = (of: Partial<Parameters<typeof transactionCase>[0]> = {}, counting = wallet) => {
      const policy = withPolicy({ limits: [counting] });
      const [rule] = walletLimitRules(policy);
      return rule?.judge(transactionCase({ policy, ...of })) ?? expect.fail('a rule');
    };
    const counted = 'the wallet’s limits counted it when its anchor was taken';
    expect(words(judged({ phase: 'again' }))).toBe(counted);
    expect(words(judged({ anchor: anchor() }))).toBe(counted);
    expect(words(judged())).toBe(`wallet: 0 of ${one} base units of ETH used within the day, with this ${one}`);
    expect(words(judged({ withdrawals: [] }))).toBe('does not count towards the wallet’s day: it pays nothing');
    expect(words(judged({ withdrawals: [paid({ amount: 0n })] }))).toBe(
      'does not count towards the wallet’s day: it pays nothing',
    );
    expect(words(judged({}, limit({ scope: 'wallet', asset: tokenAsset })))).toBe(
      `does not count towards the wallet’s day: it pays ${ether}`,
    );
    const over = judged({ walletCounted: Buckets.empty.add(ether, 1n, w) });
    expect(words(over)).toMatch(/^limit-exceeded: wallet: 1 of /);
    expect(details(over)).toMatchObject({ scope: 'wallet', used: '1', left: String(one - 1n) });
  });

  it('of an account: what it does not count', () => {
    const policy = withPolicy({ limits: [limit({ asset: tokenAsset })] });
    const [rule] = limitRules(policy);
    expect(words(rule?.judge(withdrawalCase({ policy })) ?? pass(''))).toBe(
      `does not count towards the account’s day: it pays ${ether}`,
    );
  });
});

describe('what a rule of evidence says', () => {
  it('A1: how much there is, and how much it takes', () => {
    const judged = (...of: readonly Evidence[]) => evidenceSufficient.judge({ policy: policyOf(), evidence: of });
    const passkey = evidence();
    const hardware = evidence({ id: 'H'.repeat(43) as FactorId, class: 'hardware' });
    const codes = evidence({ id: 'C'.repeat(43) as FactorId, kind: 'totp', class: 'totp' });
    const takes = 'and it takes one WebAuthn assertion';
    expect(words(judged(passkey))).toBe(`the evidence is 1 webauthn, ${takes}`);
    expect(words(judged(passkey, hardware, codes, mfaToken('mfa.example')))).toBe(
      `the evidence is 2 webauthn (1 hardware), 1 totp and 1 mfa-service, ${takes}`,
    );
    expect(details(judged(codes))).toEqual({ takes: 'one WebAuthn assertion', has: '1 totp' });
    expect(details(judged(mfaToken('mfa.example')))).toEqual({ takes: 'one WebAuthn assertion', has: '1 mfa-service' });
    expect(details(judged())).toEqual({ takes: 'one WebAuthn assertion', has: 'none' });
  });

  it('A8: that a factor is ripe, or when it will be', () => {
    const of = (record: Parameters<typeof factor>[0]) => factorUsable(factor(record), 'alice' as AccountId, moment());
    expect(words(of({}))).toBe(`the factor is ripe: W ${w} is past 0 + ${day} ms`);
    expect(words(of({ d0: 3 * day }))).toBe(`the factor is ripe: W ${w} is past 0 + ${3 * day} ms`);
    expect(words(of({ admission: 'recovery' }))).toBe(`the factor is ripe: W ${w} is past 0 + ${3 * day} ms`);
    const early = of({ w0: back(hour) });
    expect(words(early)).toBe(`factor-unripe: the factor is still ripening: not before ${inMs(23 * hour)}`);
    expect(details(early)).toEqual({ not_before: inMs(23 * hour) });
    const undelivered = 'factor-unripe: the factor ripens only once its notice has been delivered';
    for (const record of [{ state: 'announcing' }, { w0: null }, { d0: null }] as const)
      expect(words(of(record))).toBe(undelivered);
    expect(words(factorsUsable.judge(withdrawalCase()))).toBe('every factor is enrolled for the account, and ripe');
  });

  it('A8: a further factor takes as much as the account has: a secret of codes is no passkey, nor is what is not ripe', () => {
    const policy = withPolicy({
      evidence: {
        ...completed({ ...noDemand, webauthn: 3, classes: 2 }),
        accepts: ['device', 'hardware', 'totp', 'mfa-service'],
      },
    });
    const id = (letter: string) => letter.repeat(43) as FactorId;
    const passkey = factor({ id: id('P') });
    const hardware = factor({ id: id('H'), class: 'hardware' });
    const codes = factor({ id: id('C'), kind: 'totp', class: 'totp' });
    const demand = (factors: Parameters<typeof factorDemand>[1]['factors'], usesService = false, from = policy) =>
      factorDemand('alice' as AccountId, { ...moment({ policy: from }), factors, usesService });
    expect(demand([codes])).toMatchObject({ webauthn: 1, enrolments: 1, assertions: 1 });
    expect(demand([codes, codes])).toMatchObject({ webauthn: 1, enrolments: 2, classes: 1 });
    expect(demand([passkey, codes])).toMatchObject({ webauthn: 1, enrolments: 2, classes: 2, assertions: 2 });
    expect(demand([passkey, hardware])).toMatchObject({ webauthn: 2, hardware: 0, enrolments: 2, classes: 1 });
    expect(demand([passkey], true)).toMatchObject({ webauthn: 1, classes: 2, assertions: 2, enrolments: 1 });
    expect(demand([passkey, factor({ id: id('Q'), w0: back(0) })])).toMatchObject({ webauthn: 1, enrolments: 1 });
    const noTokens = { ...policy, evidence: { ...policy.evidence, accepts: ['device'] as const } };
    expect(demand([passkey], true, noTokens)).toMatchObject({ classes: 1, assertions: 1 });
  });

  it('of a wallet: what it takes', () => {
    const { wallet } = transactionCase();
    if (wallet === undefined) throw new Error('a wallet');
    const taking = (evidence_: typeof noDemand) =>
      withPolicy({
        walletDemands: new Map([[wallet.id, { evidence: evidence_, above: new Map(), orOperators: false }]]),
      });
    expect(words(evidenceForWallet.judge(transactionCase()))).toBe('the wallet takes no evidence of its own');
    const policy = taking(completed({ ...noDemand, webauthn: 1 }));
    expect(words(evidenceForWallet.judge(transactionCase({ policy })))).toBe(
      `each withdrawal has what ${wallet.id} takes: one WebAuthn assertion`,
    );
    expect(words(evidenceForWallet.judge(transactionCase({ policy, wallet: undefined })))).toBe(
      'the wallet takes no evidence of its own',
    );
    const more = taking(completed({ ...noDemand, webauthn: 2 }));
    const refused = evidenceForWallet.judge(transactionCase({ policy: more }));
    expect(words(refused)).toBe('attestation-insufficient: needs one more WebAuthn assertion');
    expect(details(refused)).toEqual({
      withdrawal: 'w-1',
      wallet: wallet.id,
      has: '1 webauthn',
      takes: '2 WebAuthn assertions by different factors',
    });
  });

  it('A8: a token of a service beside the factor that the intent names does not stand in its way', () => {
    const { evidence: takes } = policyOf();
    const policy = withPolicy({ evidence: { ...takes, accepts: ['device', 'mfa-service'] } });
    const intent = factorIntent({ attested_by: factor().id });
    const attested = (...of: readonly Evidence[]) =>
      factorAdmitted.judge(factorCase({ policy, intent, evidence: of, factors: [factor()], everEnrolled: 1 }));
    expect(words(attested(mfaToken('mfa.example'), evidence()))).toBe(
      'attested by as much as a payment takes, as far as the account has it',
    );
    expect(words(attested(mfaToken('mfa.example')))).toBe(
      'attestation-invalid: the attestation is not by the factor that the intent names',
    );
  });
});

describe('A8: an account recovers', () => {
  const lost = (of: Parameters<typeof factor>[0] = {}) =>
    factor({ admission: 'recovery', w0: back(hour), d0: 3 * day, ...of });
  const left = (...factors: ReturnType<typeof factor>[]) => recovering(factors, moment());

  it('until the last of the factors with which it does is ripe', () => {
    expect(left()).toBeUndefined();
    expect(left(factor(), factor({ w0: back(hour) }))).toBeUndefined();
    expect(left(lost())).toBe(3 * day - hour);
    expect(left(lost({ w0: back(3 * day - 1) }))).toBe(1);
    expect(left(lost({ w0: back(3 * day) }))).toBeUndefined();
    expect(left(lost({ w0: back(2 * hour) }), lost(), lost({ w0: back(3 * hour) }))).toBe(3 * day - hour);
  });

  it('as long as policy says at least, while its notice waits', () => {
    expect(left(lost({ state: 'announcing', w0: null, d0: null }))).toBe(3 * day);
    expect(left(lost({ w0: null }))).toBeUndefined();
    expect(left(lost({ d0: null }))).toBeUndefined();
    const soon = { ...moment(), w: 1 as WitnessedMs };
    expect(recovering([lost({ w0: null })], soon)).toBeUndefined();
    expect(recovering([lost({ d0: null, w0: 0 as WitnessedMs })], soon)).toBeUndefined();
  });

  it('by no factor that died, nor one of before all were revoked', () => {
    for (const state of ['cancelled', 'revoked', 'removed'] as const)
      expect(left(lost({ state } as Parameters<typeof factor>[0]))).toBeUndefined();
    expect(left(lost({ epoch: 0 }))).toBeUndefined();
  });

  it('and is added nothing to meanwhile', () => {
    const judged = (...factors: ReturnType<typeof factor>[]) => accountNotRecovering.judge({ ...moment(), factors });
    expect(words(judged())).toBe('the account does not recover');
    const refused = judged(lost({ w0: back(3 * day - 1) }));
    expect(words(refused)).toBe(
      `account-recovering: the account recovers: nothing is added to it before ${inMs(second)}`,
    );
    expect(details(refused)).toEqual({ not_before: inMs(second) });
  });
});

describe('what a rule of acts says', () => {
  const act = (of: Partial<ActRecord> = {}): ActRecord =>
    ({
      id: 'a'.repeat(64) as ActId,
      state: 'RIPENING',
      operators: ['omar'],
      w0: back(day),
      d0: day,
      base: digestOf(),
      ...of,
    }) as ActRecord;
  const demands = (of: Partial<ActDemands> = {}): ActDemands => ({
    signatures: 2,
    tightens: false,
    whileSuspect: false,
    recovery: false,
    delay: day,
    ...of,
  });
  const effect = (of: Partial<EffectCase> = {}): EffectCase => ({
    ...moment(),
    act: act(),
    signatures: [],
    demands: demands(),
    subject: pass('it stands'),
    ...of,
  });

  it('I3: that it is ripe, or when it will be', () => {
    const ripe = (of: Partial<ActRecord>, delay: number | undefined = day) =>
      actRipe.judge(effect({ act: act(of), demands: demands({ delay }) }));
    expect(words(actRipe.judge(effect({ demands: demands({ delay: undefined }) })))).toBe('it acts at once');
    expect(words(ripe({}))).toBe(`it is ripe: W ${w} is past ${w - day} + ${day} ms`);
    expect(words(ripe({ d0: hour }))).toBe(`it is ripe: W ${w} is past ${w - day} + ${day} ms`);
    expect(words(ripe({ d0: day }, hour))).toBe(`it is ripe: W ${w} is past ${w - day} + ${day} ms`);
    const early = ripe({ w0: back(day - 90 * minute - 1) });
    expect(words(early)).toBe(`act-unripe: it is still ripening: not before ${inMs(90 * minute + second)}`);
    expect(details(early)).toEqual({ not_before: inMs(90 * minute + second) });
    const undelivered = 'act-unripe: it ripens only once its notice has been delivered to the operators';
    for (const other of [{ state: 'OPEN' }, { state: 'DONE' }, { w0: null }, { d0: null }] as const)
      expect(words(ripe(other))).toBe(undelivered);
  });

  it('S5: that an operator signed before, under which act', () => {
    const signed = (name: string, operators: string[]) =>
      actJoinedOnce.judge({
        act: act({ operators: operators as OperatorName[] }),
        signature: { operator: name as OperatorName, verification: {}, record: undefined },
      } as unknown as OperatorCase);
    expect(words(signed('olivia', ['omar']))).toBe('1 operator(s) signed before');
    const again = signed('omar', ['olivia', 'omar']);
    expect(words(again)).toBe('already-approved: operator omar has signed this act already');
    expect(details(again)).toEqual({ act: 'a'.repeat(64) });
  });

  it('S5: how many signed, and how many have to; and that nobody can where nobody is founded', () => {
    expect(words(quorumPresent.judge(effect({ demands: demands({ recovery: true }) })))).toBe(
      'operators-unfounded: the policy in force founds no operators',
    );
    const quorum = { quorum: 2, people: [] };
    const policy = withPolicy({
      operators: { ...quorum, recovery: quorum } as unknown as NonNullable<Policy['operators']>,
    });
    const missing = quorumPresent.judge(effect({ policy }));
    expect(words(missing)).toBe('quorum-missing: 0 operator(s) in good standing signed, 2 are needed');
    expect(details(missing)).toEqual({ signed: '0', needed: '2' });
  });

  it('design §4: nothing is an evacuation of nothing', () => {
    const treasury = [{ address: alicesAddress, label: 'cold', evacuation: true }] as unknown as Policy['treasury'];
    const payment = { asset: ether, destination: alicesAddress, amount: 1n, weight: 1n };
    expect(evacuates([payment], { treasury })).toBe(true);
    expect(evacuates([], { treasury })).toBe(false);
    const freezes = [{ scope: 'station', active: true, who: 'o', why: 'w', since: now }] as const;
    const of = (kind: TreasuryCase['kind']) =>
      words(
        notFrozenUnlessEvacuating.judge({
          ...moment({ policy: withPolicy({ treasury }), freezes }),
          kind,
          effects: effects({ payments: [payment] }),
        } as unknown as TreasuryCase),
      );
    expect(of('transfer')).toBe('an evacuation to policy’s cold wallets goes on under a freeze');
    expect(of('void')).toBe(`frozen: station has been frozen since ${formatInstant(now)}`);
    expect(evacuates([payment, { ...payment, destination: mallorysAddress }], { treasury })).toBe(false);
  });
});

describe('what a rule of a transaction says', () => {
  const change = (...indexes: number[]) =>
    indexes.map((index) => ({ index, amount: 1n })) as unknown as Effects['change'];
  const onBitcoin = wholePolicy();

  it('E7: of nonces: the one that would be next', () => {
    const at = (nonce: number, of: Partial<TransactionCase> = {}) =>
      nonceInWindow.judge(transactionCase({ effects: { ...effects(), nonce }, ...of }));
    expect(words(at(0))).toBe('nonce 0 is within 4 of the wallet’s next, 0');
    expect(words(at(9, { phase: 'again' }))).toBe('nonce 9 is held already');
    expect(words(at(9, { anchor: anchor() }))).toBe('nonce 9 is held already');
    const far = at(4);
    expect(words(far)).toBe('nonce-out-of-window: nonce 4 is not below 0 + 4');
    expect(details(far)).toEqual({ next_nonce: '0' });
    const none = at(0, { wallet: undefined });
    expect(words(none)).toBe('nonce-used: nonce 0 is below the wallet’s first, Infinity');
    expect(details(none)).toEqual({ next_nonce: 'Infinity' });
    const { nonce: _, ...bitcoin } = effects();
    expect(words(nonceInWindow.judge(transactionCase({ effects: bitcoin as Effects })))).toBe(
      'its chain has no nonces',
    );
  });

  it('B7: of another payment’s anchor: whose it is', () => {
    const of = (phase: TransactionCase['phase'], ...otherAnchors: TransactionCase['otherAnchors']) =>
      othersAnchorsLeft.judge({ phase, otherAnchors });
    expect(words(of('first'))).toBe('it spends no other payment’s anchor');
    expect(words(of('again', anchor()))).toBe('it was permitted before');
    const taken = of('first', anchor());
    const { anchor: at, transaction } = anchor();
    expect(words(taken)).toBe(`outpoint-used: ${at} is the anchor of transaction ${transaction}`);
    expect(details(taken)).toEqual({ anchor: at, transaction });
  });

  it('B1: of change: how far ahead it is', () => {
    const of = (indexes: number[], more: Partial<TransactionCase> = {}) =>
      changeWithinGap.judge(
        transactionCase({
          policy: onBitcoin,
          effects: { ...effects(), chain: parseChainId(regtest, 'chain'), change: change(...indexes) },
          ...more,
        }),
      );
    expect(words(of([]))).toBe('nothing of it is change');
    expect(words(of([99], { phase: 'again' }))).toBe('its change was looked at when it was permitted');
    expect(words(of([0]))).toBe('change at 0 is within 20 of the wallet’s next, 0');
    expect(words(of([19, 3]))).toBe('change at 19 is within 20 of the wallet’s next, 0');
    const far = of([3, 20, 4]);
    expect(words(far)).toBe('change-beyond-gap: change at /1/20 is not below 0 + 20');
    expect(details(far)).toEqual({ next_change: '0' });
    const walletState = { nextChange: 5 } as unknown as NonNullable<TransactionCase['walletState']>;
    expect(words(of([24], { walletState }))).toBe('change at 24 is within 20 of the wallet’s next, 5');
    expect(details(of([25], { walletState }))).toEqual({ next_change: '5' });
    // A chain that policy does not name lets nothing lie ahead.
    expect(words(of([0], { policy: policyOf() }))).toBe('change-beyond-gap: change at /1/0 is not below 0 + 0');
  });

  it('B9: of locks: when it could be mined', () => {
    const of = (lock: Effects['lock'], more: Partial<TransactionCase> = {}) =>
      words(
        lockPassed.judge(
          transactionCase({
            policy: onBitcoin,
            effects: { ...effects(), chain: parseChainId(regtest, 'chain'), lock } as Effects,
            ...more,
          }),
        ),
      );
    const seconds = now / 1000;
    expect(of(undefined)).toBe('nothing keeps it from being mined');
    expect(of({ kind: 'time', until: seconds + 9 }, { phase: 'again' })).toBe(
      'its lock was looked at when it was permitted',
    );
    expect(of({ kind: 'time', until: seconds })).toBe(`its lock, ${seconds} s since 1970, has passed`);
    expect(of({ kind: 'time', until: seconds + 1 })).toBe(
      `transaction-locked: it cannot be mined before ${seconds + 1} s since 1970`,
    );
    const block = (until: number) => ({ kind: 'block', until }) as unknown as Effects['lock'];
    expect(of(block(900_000))).toBe('its lock, block 900000, is within policy’s 900000');
    expect(of(block(900_001))).toBe('transaction-locked: it cannot be mined before block 900001, policy allows 900000');
    expect(of(block(1), { policy: policyOf() })).toBe(
      'transaction-locked: it cannot be mined before block 1, policy allows 0',
    );
  });
});

describe('what a rule of payments and fees says', () => {
  const pay = (amount: bigint) => ({ asset: ether, destination: alicesAddress, amount, weight: 1n });
  const two = [paid({ amount: 5n }), paid({ id: 'w-2' as WithdrawalId, amount: 6n })];

  it('I2: of several that do not match, how many', () => {
    const of = (payments: bigint[], withdrawals = two) =>
      words(paymentsMatch.judge(transactionCase({ effects: effects({ payments: payments.map(pay) }), withdrawals })));
    expect(of([7n, 8n])).toBe('payment-unmatched: 2 payment(s) pay no withdrawal, 2 withdrawal(s) are not paid');
    expect(of([5n, 6n, 7n])).toBe('payment-unmatched: 1 payment(s) pay no withdrawal, 0 withdrawal(s) are not paid');
    expect(of([5n])).toBe('payment-unmatched: 0 payment(s) pay no withdrawal, 1 withdrawal(s) are not paid');
    expect(of([7n])).toBe('payment-unmatched: 1 payment(s) pay no withdrawal, 2 withdrawal(s) are not paid');
    expect(of([7n, 8n], two.slice(0, 1))).toBe(
      'payment-unmatched: 2 payment(s) pay no withdrawal, 1 withdrawal(s) are not paid',
    );
    expect(of([])).toMatch(/^payment-unmatched: 0 payment/);
    expect(of([5n, 6n])).toBe('2 payment(s) match 2 withdrawal(s), one to one');
    expect(of([5n, 7n])).toMatch(/^amount-mismatch: the transaction pays 7, withdrawal w-2 was approved for 6/);
  });

  it('E5: of a share of the fee above what its owner approved: whose, and how much', () => {
    const over = feeWithinApproved.judge(transactionCase({ effects: effects({ maxFee: 10n ** 15n + 1n }) }));
    expect(words(over)).toBe(
      `fee-above-approved: the fee of withdrawal w-1 can reach ${10n ** 15n + 1n}, its owner approved ${10n ** 15n}`,
    );
    expect(details(over)).toEqual({ withdrawal: 'w-1', fee: String(10n ** 15n + 1n), max_fee: String(10n ** 15n) });
    expect(words(feeWithinApproved.judge(transactionCase()))).toBe(
      `the fee can reach ${10n ** 15n}, within what was approved`,
    );
    const unmatched = transactionCase({ withdrawals: [] });
    expect(words(feeWithinApproved.judge(unmatched))).toMatch(/^fee-above-approved: the fee of payment 0 can reach/);
    // E9: what policy says that the chain may add counts.
    const policy = wholePolicy();
    expect(words(feeWithinApproved.judge(transactionCase({ policy })))).toContain(
      `can reach ${10n ** 15n + 1_000n}, its`,
    );
  });

  it('I1: of a void on Bitcoin, that everything comes back to its own change', () => {
    const wallet = [...wholePolicy().wallets.values()].find(({ kind }) => kind === 'script');
    const of = (payments: bigint[], change: number) =>
      words(
        movesNothingElsewhere.judge({
          ...moment(),
          kind: 'void',
          wallet,
          effects: { ...effects({ payments: payments.map(pay) }), change: Array.from({ length: change }, () => ({})) },
        } as unknown as TreasuryCase),
      );
    const differs = 'void-differs: a void sends everything back to change of vault and pays nobody';
    expect(of([], 1)).toBe('all of it comes back to its own wallet');
    expect(of([], 0)).toBe(differs);
    expect(of([0n], 1)).toBe(differs);
    expect(of([0n], 0)).toBe(differs);
  });

  it('I1: of a void of no wallet, that it pays nothing to nobody', () => {
    const of = (wallet: TransactionCase['wallet'], payments: readonly ReturnType<typeof pay>[]) =>
      words(
        movesNothingElsewhere.judge({
          ...moment(),
          kind: 'void',
          wallet,
          effects: effects({ payments }),
        } as unknown as TreasuryCase),
      );
    const { wallet } = transactionCase();
    if (wallet === undefined) throw new Error('a wallet');
    expect(of(undefined, [pay(0n)])).toBe('void-differs: a void pays zero to its own wallet and does nothing else');
    expect(of(wallet, [pay(0n)])).toBe(`void-differs: a void pays zero to ${wallet.address} and does nothing else`);
    expect(of(wallet, [{ ...pay(0n), destination: wallet.address }])).toBe('it pays nothing to its own wallet');
  });
});

describe('what the gate decides', () => {
  it('I6: says of each rule of an approved withdrawal why it passed', () => {
    const { outcomes } = decideWithdrawal(withdrawalCase({ listed: { ...listed(), entry: entry() } }));
    expect(outcomes.map(({ judgement }) => judgement.passed && judgement.explanation.length > 10)).not.toContain(false);
  });
});
