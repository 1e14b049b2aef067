import { describe, expect, it } from 'vitest';
import {
  decideDestination,
  decideFactor,
  decideTransaction,
  decideWithdrawal,
  explainDestination,
  explainWithdrawal,
} from '../../src/gate/decide.ts';
import { decide, hold, pass, type Rule, refuse } from '../../src/gate/rule.ts';
import { destinationCase, effects, factorCase, transactionCase, withdrawalCase } from './hand-made.ts';

const yes: Rule<unknown> = { name: 'yes', judge: () => pass('yes') };
const no = (name: string): Rule<unknown> => ({ name, judge: () => refuse('malformed', name) });

describe('a verdict', () => {
  it('I1: no rules approve nothing', () => {
    expect(decide([], {})).toEqual({ approved: false, outcomes: [], refusal: undefined });
  });

  it('I1: every rule must pass; the first refusal is the one that is told, and every outcome is kept', () => {
    expect(decide([yes], {}).approved).toBe(true);
    const verdict = decide([yes, no('first'), yes, no('second')], {});
    expect(verdict.approved).toBe(false);
    expect(verdict.refusal?.message).toBe('first');
    expect(verdict.outcomes.map((o) => o.rule)).toEqual(['yes', 'first', 'yes', 'second']);
  });

  it('I1: what is held is not approved; what is refused as well is not held', () => {
    const held = (name: string, operators: number): Rule<unknown> => ({ name, judge: () => hold(operators, name) });
    expect(decide([yes, held('one', 1), held('two', 2)], {})).toMatchObject({
      approved: false,
      refusal: undefined,
      held: { operators: 2, by: ['one', 'two'] },
    });
    expect(decide([held('one', 1), no('first')], {})).toMatchObject({
      approved: false,
      held: undefined,
      refusal: { message: 'first' },
    });
    // A hold that asks for nobody could be settled by nobody.
    expect(decide([held('none', 0)], {})).toMatchObject({
      approved: false,
      held: undefined,
      refusal: { message: 'none' },
    });
    for (const operators of [-1, Number.NaN]) expect(decide([held('odd', operators)], {}).refusal?.message).toBe('odd');
    expect(decide([yes], {}).held).toBeUndefined();
  });

  it('I1: a rule that comes to no judgement refuses', () => {
    const broken: Rule<unknown> = { name: 'broken', judge: () => JSON.parse('{"explanation":"hm"}') };
    expect(decide([yes, broken], {}).approved).toBe(false);
    expect(decide([yes, broken], {}).refusal).toBeUndefined();
    const asking: Rule<unknown> = { name: 'asking', judge: () => JSON.parse('{"operators":2}') };
    expect(decide([asking], {})).toMatchObject({ approved: false, held: undefined });
  });

  it('I1: a rule that throws yields no verdict', () => {
    const broken: Rule<unknown> = {
      name: 'broken',
      judge: () => {
        throw new Error('cannot tell');
      },
    };
    expect(() => decide([yes, broken], {})).toThrow('cannot tell');
  });
});

describe('what the gate decides', () => {
  it('approves what every rule passes', () => {
    expect(decideWithdrawal(withdrawalCase())).toMatchObject({ approved: true, refusal: undefined });
    expect(decideDestination(destinationCase())).toMatchObject({ approved: true, refusal: undefined });
    expect(decideFactor(factorCase())).toMatchObject({ approved: true, refusal: undefined });
    expect(decideTransaction(transactionCase())).toMatchObject({ approved: true, refusal: undefined });
  });

  const names = (verdict: { outcomes: readonly { rule: string }[] }): string[] => verdict.outcomes.map((o) => o.rule);

  it('judges a withdrawal by these rules, in this order', () => {
    expect(names(decideWithdrawal(withdrawalCase()))).toEqual([
      'not-frozen',
      'clock-trusted',
      'intent-for-this-station',
      'asset-known',
      'amount-within-ceiling',
      'fee-ceiling-within-policy',
      'destination-not-denied',
      'destination-listed',
      'destination-ripe',
      'within-hours',
      'intent-prepared-here',
      'intent-fresh',
      'pay-by-ahead',
      'evidence-genuine',
      'factors-usable',
      'evidence-sufficient',
      'second-factor-only',
      'user-verified',
      'evidence-unspent',
      'tokens-unspent',
    ]);
  });

  it('judges a destination, a factor and a transaction by these', () => {
    expect(names(decideDestination(destinationCase()))).toEqual([
      'not-frozen',
      'clock-trusted',
      'intent-for-this-station',
      'account-not-recovering',
      'destination-not-denied',
      'destination-new',
      'intent-prepared-here',
      'intent-fresh',
      'evidence-genuine',
      'factors-usable',
      'evidence-sufficient',
      'second-factor-only',
      'user-verified',
      'evidence-unspent',
      'tokens-unspent',
    ]);
    expect(names(decideFactor(factorCase()))).toEqual([
      'not-frozen',
      'clock-trusted',
      'intent-for-this-station',
      'account-not-recovering',
      'factor-class-accepted',
      'intent-prepared-here',
      'intent-fresh',
      'factor-new',
      'factor-admitted',
      'codes-come-second',
      'user-verified',
      'evidence-unspent',
      'tokens-unspent',
    ]);
    expect(names(decideTransaction(transactionCase()))).toEqual([
      'not-frozen',
      'clock-trusted',
      'wallet-known',
      'wallet-stated',
      'chain-matches',
      'assets-registered',
      'access-list-within-policy',
      'data-fee-bounded',
      'fee-within-policy',
      'batch-within-policy',
      'destination-not-denied',
      'checkpoint-cosigned',
      'payments-match',
      'anchor-holds',
      'others-anchors-left',
      'replacement-pays-more',
      'nonce-in-window',
      'change-within-gap',
      'lock-passed',
      'fee-within-approved',
      'pay-by-ahead',
      'approvals-stand',
      'users-verified',
      'evidence-sufficient',
      'evidence-for-wallet',
      'operators-approved',
      'destinations-stand',
    ]);
  });

  it('explains by the same rules as it decides: what is explained to refuse does refuse, with the same words', () => {
    const withdrawal = withdrawalCase({ clockSuspect: true });
    const explained = explainWithdrawal(withdrawal).outcomes;
    expect(decideWithdrawal(withdrawal).outcomes.slice(0, explained.length)).toEqual(explained);
    expect(explained.some((o) => !o.judgement.passed)).toBe(true);
    const destination = destinationCase({ clockSuspect: true });
    const told = explainDestination(destination).outcomes;
    expect(decideDestination(destination).outcomes.slice(0, told.length)).toEqual(told);
  });

  it('decides alike, asked twice: it keeps nothing and reads no clock', () => {
    const of = transactionCase({ effects: effects({ maxFee: 10n ** 16n }) });
    expect(decideTransaction(of)).toEqual(decideTransaction(of));
  });
});
