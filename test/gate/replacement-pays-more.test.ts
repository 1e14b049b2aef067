import { describe, expect, it } from 'vitest';
import type { TransactionId, TransactionRecord, TransactionState } from '../../src/domain/index.ts';
import type { Judgement } from '../../src/gate/rule.ts';
import { replacementPaysMore, takesThePlaceForMore } from '../../src/gate/rules/replacement-pays-more.ts';
import { effects, transaction, transactionCase } from './hand-made.ts';

const before = 'e'.repeat(64) as TransactionId;

describe('what takes a transaction’s place', () => {
  const replacing = (maxFee: bigint, old: Partial<TransactionRecord>): Judgement =>
    replacementPaysMore.judge({
      ...transactionCase(),
      effects: effects({ maxFee }),
      replaces: transaction({ maxFee: 100n, ...old }),
    });
  const voiding = (maxFee: bigint, old: Partial<TransactionRecord>, id = 'd'.repeat(64)): Judgement =>
    takesThePlaceForMore.judge({
      phase: 'first',
      id,
      effects: effects({ maxFee }),
      newest: transaction({ maxFee: 100n, ...old }),
    });
  const underpriced = (judgement: Judgement): void =>
    expect(judgement).toMatchObject({
      passed: false,
      reason: 'replacement-underpriced',
      details: { transaction: transaction().id, max_fee: '100' },
    });

  it.each([replacing, voiding])('pays more than one that was released, by whatever it is', (judged) => {
    for (const replaces of [null, before]) {
      underpriced(judged(99n, { state: 'SIGNED', replaces }));
      underpriced(judged(100n, { state: 'SIGNED', replaces }));
      expect(judged(101n, { state: 'SIGNED', replaces }).passed).toBe(true);
    }
  });

  const unreleased: readonly TransactionState[] = ['DECLINED', 'UNCERTAIN', 'WITHHELD', 'PERMITTED'];
  it.each(unreleased)('pays what it likes in the place of the first version, %s', (state) => {
    for (const judged of [replacing, voiding])
      for (const fee of [1n, 100n, 101n]) expect(judged(fee, { state, replaces: null }).passed).toBe(true);
  });

  it.each(unreleased)('pays no less than a later version, %s: one before that may be in every node', (state) => {
    for (const judged of [replacing, voiding]) {
      underpriced(judged(99n, { state, replaces: before }));
      for (const fee of [100n, 101n]) expect(judged(fee, { state, replaces: before }).passed).toBe(true);
    }
  });

  it('is looked at once, and what replaces nothing pays what it likes', () => {
    const of = { ...transactionCase(), effects: effects({ maxFee: 1n }) };
    expect(replacementPaysMore.judge({ ...of, replaces: undefined }).passed).toBe(true);
    const old = transaction({ maxFee: 100n, state: 'SIGNED' });
    expect(replacementPaysMore.judge({ ...of, phase: 'again', replaces: old }).passed).toBe(true);
    const later = { phase: 'again' as const, id: 'd'.repeat(64), effects: of.effects, newest: old };
    expect(takesThePlaceForMore.judge(later).passed).toBe(true);
    // The same bytes once more before their device.
    expect(voiding(1n, { state: 'SIGNED' }, old.id).passed).toBe(true);
    expect(takesThePlaceForMore.judge({ ...later, phase: 'first', newest: undefined }).passed).toBe(true);
  });
});
