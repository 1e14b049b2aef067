import { describe, expect, it } from 'vitest';
import { historyWith } from '../../src/custody/history.ts';
import type { WithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { TestStation } from './station.ts';

describe('a history', () => {
  it('keeps its first 8 and its newest 24, however long it grows', () => {
    let history: string[] = [];
    for (let i = 0; i < 32; i++) history = historyWith(history, [String(i)]);
    expect(history).toHaveLength(32);
    for (let i = 32; i < 1_000; i++) history = historyWith(history, [String(i)]);
    expect(history.map(Number)).toEqual([
      ...Array.from({ length: 8 }, (_, i) => i),
      ...Array.from({ length: 24 }, (_, i) => 976 + i),
    ]);
    expect(historyWith(history, ['1000', '1001']).slice(-2)).toEqual(['1000', '1001']);
  });

  it('I5: of a transaction whose device timed out a hundred times still makes a receipt, of permit, last attempt and signature', async () => {
    const station = await TestStation.open();
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    station.signer.behaviour = () => ({ kind: 'uncertain', reason: 'device-timeout', message: 'a test' });
    const { id } = await station.sign(['w-1']);
    await station.settle();
    for (let i = 1; i < 100; i++) {
      station.wake();
      await station.settle();
    }
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'UNCERTAIN', attempts: 100 });
    expect(station.custody.transactions.get(id).history).toHaveLength(32);
    station.signer.behaviour = (_permit, signed) => signed;
    station.wake();
    await station.settle();
    const first = station.custody.transactions.get(id);
    expect(first).toMatchObject({ state: 'SIGNED', attempts: 101 });
    const again = await station.sign(['w-1'], station.payment({ maxFeePerGas: 30_000_000_000n }), id);
    await station.settle();

    const receipt = await station.custody.journal.receipt('w-1' as WithdrawalId);
    expect(verifyReceipt(receipt, station.verifierKey).map((f) => f.what)).toEqual([
      'log',
      'station',
      'approved',
      'attested',
      'ripe',
      'enrolled',
      'permitted',
      'signed',
      'permitted',
      'signed',
    ]);
    const { leaves }: { leaves: { leaf: string }[] } = JSON.parse(new TextDecoder().decode(receipt));
    const told = leaves.map(({ leaf }) => JSON.parse(leaf)).filter((l) => l.transaction === id);
    expect(told.filter((l) => l.kind === 'transaction-sent').map((l) => l.attempt)).toContain('101');
    expect(told.map((l) => l.kind)).toEqual(
      expect.arrayContaining(['transaction-permitted', 'transaction-signed', 'transaction-replaced']),
    );
    expect(leaves.length).toBeLessThan(60);
    expect(station.custody.transactions.get(again.id).state).toBe('SIGNED');
    await station.close();
  });
});
