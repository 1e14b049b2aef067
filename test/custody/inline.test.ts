import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authorization } from '../../src/custody/custody.ts';
import type { TransactionRecord, WithdrawalId } from '../../src/domain/index.ts';
import { type Customer, TestStation, walletId } from './station.ts';

describe('a transaction that brings its withdrawal’s authorization', () => {
  let station: TestStation;
  let alice: Customer;
  let authorization: Authorization;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    const { intent } = await alice.prepare('w-1');
    authorization = { intent: intent.bytes, attestations: [alice.attest(intent.digest)] };
  });
  afterEach(() => station.close());

  const sign = (unsigned = station.payment(), authorizations = [authorization]): Promise<TransactionRecord> =>
    station.custody.transactions.sign({
      wallet: walletId,
      unsigned,
      pays: ['w-1' as WithdrawalId],
      replaces: undefined,
      authorizations,
    });
  const stateOf = (): string | undefined => station.store.read('withdrawals', 'w-1')?.state;

  it('I4: is authorized and permitted in one commit, each with its leaf, and signed once', async () => {
    const before = station.store.size;
    const { id } = await sign();
    expect(stateOf()).toBe('COMMITTED');
    const record = station.store.read('withdrawals', 'w-1');
    expect(record?.history).toEqual([String(before), String(before + 1)]);
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('SIGNED');
    expect(stateOf()).toBe('SIGNED');
  });

  it('A3: the same authorization again, alone or with another transaction, authorizes nothing more', async () => {
    await sign();
    await station.settle();
    const again = await station.custody.withdrawals.authorize(authorization);
    expect(again.state).toBe('SIGNED');
    await expect(sign(station.payment({ nonce: 1 }))).rejects.toMatchObject({ reason: 'anchor-taken' });
    expect(station.signer.seen).toHaveLength(1);
  });

  it('A3: two at once with one authorization: one is permitted', async () => {
    const both = await Promise.allSettled([sign(), sign(station.payment({ nonce: 1 }))]);
    expect(both.map((s) => s.status)).toEqual(['fulfilled', 'rejected']);
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
  });

  it('I4: a refused transaction spends nothing of it', async () => {
    await expect(sign(station.payment({ value: 2n }))).rejects.toMatchObject({ reason: 'amount-mismatch' });
    expect(stateOf()).toBeUndefined();
    await sign();
    expect(stateOf()).toBe('COMMITTED');
  });

  it('I1: without evidence, or with evidence for something else, nothing is permitted', async () => {
    const { intent } = await alice.prepare('w-1', { amount: 2n });
    const none = { ...authorization, attestations: [] };
    const other = { ...authorization, attestations: [alice.attest(intent.digest)] };
    await expect(sign(station.payment(), [none])).rejects.toMatchObject({ reason: 'attestation-missing' });
    await expect(sign(station.payment(), [other])).rejects.toMatchObject({ reason: 'challenge-mismatch' });
    expect(stateOf()).toBeUndefined();
    expect(station.signer.seen).toEqual([]);
  });
});
