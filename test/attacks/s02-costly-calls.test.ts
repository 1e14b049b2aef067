import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WithdrawalId } from '../../src/domain/index.ts';
import { type Customer, TestStation, walletId } from '../custody/station.ts';

describe('S2: calls that cost the station more than their caller', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  it('S2: a transaction that names more withdrawals than it pays is refused before any of them is looked at', async () => {
    const names = ['w-1', 'w-2', 'w-3'] as WithdrawalId[];
    for (const name of names) await alice.authorize(name);
    const read = vi.spyOn(station.store, 'read');
    const request = { wallet: walletId, unsigned: station.payment(), pays: names, replaces: undefined };
    await expect(station.custody.transactions.explain(request)).rejects.toMatchObject({ reason: 'payment-unmatched' });
    await expect(station.sign(names)).rejects.toMatchObject({ reason: 'payment-unmatched' });
    expect(read.mock.calls.map(([table]) => table)).not.toContain('withdrawals');
  });

  it('S2: authorizations beyond the withdrawals that it names are refused before any is verified', async () => {
    const { intent } = await alice.prepare('w-1');
    const authorization = { intent: intent.bytes, attestations: [alice.attest(intent.digest)] };
    const read = vi.spyOn(station.store, 'read');
    const request = { wallet: walletId, unsigned: station.payment(), pays: ['w-1' as WithdrawalId] };
    await expect(
      station.custody.transactions.sign({
        ...request,
        replaces: undefined,
        authorizations: [authorization, authorization],
      }),
    ).rejects.toMatchObject({ reason: 'malformed' });
    expect(read.mock.calls.map(([table]) => table)).not.toContain('factors');
  });
});
