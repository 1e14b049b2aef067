import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audited, findings, tamper } from './audit-station.ts';
import { type Customer, mallorysAddress, TestStation } from './station.ts';

describe('the audit of a station that lived', () => {
  let station: TestStation;
  let alice: Customer;

  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    await alice.list('entry-2', mallorysAddress);
    const { id } = await alice.authorize('w-2');
    await station.custody.withdrawals.cancel(id);
    await station.custody.operators.freeze('account:alice', 'ann', 'drill');
    await station.custody.operators.thaw('account:alice', 'ann', 'over');
    await station.custody.operators.acknowledgeClock('ann', 'looked at');
    await station.custody.factors.revoke(alice.credential);
  });
  afterEach(() => station.close());

  const keys = (): { stateKey: Uint8Array; logKey: string } => ({
    stateKey: station.stateKey,
    logKey: station.verifierKey,
  });

  it('finds nothing, beside the running station and after it', async () => {
    expect(findings(station.file, keys())).toEqual([]);
    const { note } = await station.custody.journal.checkpoint(undefined);
    const checkpoint = new TextEncoder().encode(note);
    const { result } = audited(station.file, { ...keys(), checkpoint });
    expect(result.size).toBe(station.store.size);
    expect(result.consistentWith).toBe(station.store.size);
    await station.restart();
    expect(findings(station.file, { ...keys(), checkpoint })).toEqual([]);
  });

  it('A3: finds a station whose voided intents were revived, by the acknowledgement that voided them', () => {
    tamper(station.file, 'UPDATE station SET leaf = 0');
    expect(findings(station.file)).toEqual(['row-older station station']);
  });

  it('D4: misses every row that was deleted, but for those that no entry can name', () => {
    for (const table of [
      'factors',
      'destinations',
      'withdrawals',
      'transactions',
      'anchors',
      'freezes',
      'accounts',
      'notices',
      'wallets',
    ]) {
      tamper(station.file, `CREATE TABLE kept AS SELECT * FROM ${table}`, `DELETE FROM ${table}`);
      const found = findings(station.file, keys());
      tamper(station.file, `INSERT INTO ${table} SELECT * FROM kept`, 'DROP TABLE kept');
      expect(
        found
          .filter((f) => !f.startsWith('schema-altered') && !f.startsWith('row-contradicts '))
          .every((f) => f.startsWith(`row-missing ${table} `)),
        found.join(),
      ).toBe(true);
      expect(
        found.some((f) => f.startsWith(`row-missing ${table} `)),
        table,
      ).toBe(true);
    }
    expect(findings(station.file, keys())).toEqual([]);
  });
});
