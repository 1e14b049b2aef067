import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { type Address, parseWithdrawalId, type WithdrawalId } from '../../src/domain/index.ts';
import { deviceOf, prepareFactor } from '../attacks/people.ts';
import { type Customer, chain, mallorysAddress, TestStation, walletId } from './station.ts';

const reasonOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'done',
    (error: { reason: string }) => error.reason,
  );

describe('S3: the circuit breaker counts', () => {
  let station: TestStation;
  afterEach(() => station.close());
  const open = async (rule: string): Promise<void> => {
    station = await TestStation.open({ policy: (document) => `${document}breaker: [{ ${rule} }]\n` });
  };
  const frozen = () => station.custody.operators.station().freezes.map((f) => f.scope);
  const sign = (customer: Customer, id: string, nonce: number, of: { maxFeePerGas?: bigint } = {}) =>
    customer.prepare(id).then(({ intent }) =>
      station.custody.transactions.sign({
        wallet: walletId,
        unsigned: station.payment({ nonce, ...of }),
        pays: [id as WithdrawalId],
        replaces: undefined,
        authorizations: [{ intent: intent.bytes, attestations: [customer.attest(intent.digest)] }],
      }),
    );

  it('what is authorized with its transaction: it is permitted, and its device sees nothing of it', async () => {
    await open('watch: first-withdrawals, window: hour, above: 0, freeze: station');
    const alice = await station.ripeCustomer('alice');
    const { id } = await sign(alice, 'w-1', 0);
    await station.settle();
    expect(frozen()).toEqual(['station']);
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'frozen' });
    expect(station.signer.seen).toEqual([]);
  });

  it('two first withdrawals of one account as one', async () => {
    await open('watch: first-withdrawals, window: hour, above: 1, freeze: station');
    const alice = await station.ripeCustomer('alice');
    await sign(alice, 'w-1', 0);
    await sign(alice, 'w-2', 1);
    expect(frozen()).toEqual([]);
  });

  it('a replacement for nothing more: it makes the same payment', async () => {
    await open('watch: outflow-share, window: day, above: 99, freeze: account');
    const alice = await station.ripeCustomer('alice');
    const { id } = await sign(alice, 'w-1', 0);
    await station.settle();
    const packed = () => station.db.prepare("SELECT * FROM buckets WHERE scope LIKE 'breaker:%'").all();
    const before = packed();
    expect(before).toHaveLength(3);
    await station.sign(['w-1'], station.payment({ maxFeePerGas: 30_000_000_000n }), id);
    expect(packed()).toEqual(before);
  });

  it('refused destinations and factors of an account', async () => {
    await open('watch: refusals, window: hour, above: 1, freeze: account');
    const alice = await station.ripeCustomer('alice');
    const other = await station.ripeCustomer('other', mallorysAddress);
    const elsewhere = `${chain}:0x90F79bf6EB2c4f870365E785982E1f101E93b906` as Address;
    const prepared = await station.custody.destinations.prepare({
      entry: 'e-2' as never,
      account: alice.account,
      destination: elsewhere,
      label: '',
      lifetime: undefined,
    });
    const add = () => station.custody.destinations.add({ intent: prepared.intent.bytes, attestations: [] });
    expect(await reasonOf(add())).toBe('attestation-missing');
    expect(await reasonOf(add())).toBe('attestation-missing');
    expect(frozen()).toEqual(['account:alice']);
    expect(await reasonOf(other.authorize('w-other', { destination: mallorysAddress }))).toBe('done');
  });

  it('a factor that nobody approves', async () => {
    await open('watch: refusals, window: hour, above: 1, freeze: account');
    const alice = await station.ripeCustomer('alice');
    const { intent, registration } = await prepareFactor(station, alice.account, deviceOf('thief'), alice.credential);
    const add = () => station.custody.factors.add({ intent: intent.bytes, registration, approval: undefined });
    expect(await reasonOf(add())).not.toBe('done');
    expect(frozen()).toEqual([]);
    expect(await reasonOf(add())).not.toBe('done');
    expect(frozen()).toEqual(['account:alice']);
  });

  it('what a client may not cancel, or retry, under its name', async () => {
    await open('watch: client-refusals, window: hour, above: 1, freeze: station');
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    const { id } = await station.sign(['w-1']);
    await station.settle();
    const cancel = station.custody.withdrawalsOf('exchange').cancel(parseWithdrawalId('w-1', 'id'));
    expect(await reasonOf(cancel)).toBe('withdrawal-not-cancellable');
    expect(frozen()).toEqual([]);
    expect(await reasonOf(station.custody.transactionsOf('exchange').retry(id))).toBe('transaction-not-retryable');
    expect(frozen()).toEqual(['station']);
  });

  it('S13: refusals beyond their rate, and a disk that was full loses none of them', async () => {
    await open('watch: refusals, window: hour, above: 75, freeze: account');
    const alice = await station.ripeCustomer('alice');
    const { intent } = await alice.prepare('w');
    const refuse = async (count: number): Promise<void> => {
      const { authorize } = station.custody.withdrawalsOf('exchange');
      for (let i = 0; i < count; i++) await reasonOf(authorize({ intent: intent.bytes, attestations: [] }));
    };
    await refuse(70);
    const exec = station.db.exec.bind(station.db);
    station.db.exec = (sql) => {
      if (sql === 'COMMIT') throw new Database.SqliteError('injected', 'SQLITE_FULL');
      exec(sql);
      return station.db;
    };
    await expect(station.running.timekeeper.sweep()).rejects.toMatchObject({ reason: 'storage-failed' });
    station.db.exec = exec;
    await refuse(5);
    expect(frozen()).toEqual([]);
    await refuse(1);
    expect(frozen()).toEqual(['account:alice']);
  });
});
