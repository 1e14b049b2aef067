import { afterEach, describe, expect, it } from 'vitest';
import { type Address, type AssetId, day, hour, minute, parseWithdrawalId } from '../../src/domain/index.ts';
import { type Customer, chain, ether, TestStation, tokenAsset } from '../custody/station.ts';
import { live, refused, setWall } from './attempt.ts';

const eth = (n: number): string => `${n}${'0'.repeat(18)}`;
const one = 10n ** 18n;

/** The address of the nth thief: made up, and not of the test mnemonic. */
const addressOf = (n: number): Address => `${chain}:0x${String(n).padStart(40, '0')}` as Address;

describe('S3: a drain: many accounts, small amounts, short time', () => {
  let station: TestStation;
  afterEach(() => station.close());

  const open = async (...limits: string[]): Promise<void> => {
    station = await TestStation.open({
      policy: (document) => `${document}limits:\n${limits.map((limit) => `  - { ${limit} }\n`).join('')}`,
    });
  };
  /** Accounts whose factors were stolen, each with a destination of the thief's that has ripened. */
  const victims = async (count: number): Promise<Customer[]> => {
    const customers: Customer[] = [];
    for (let i = 1; i <= count; i++) customers.push(await station.enrol(`victim-${i}`));
    station.passDay();
    for (const [i, customer] of customers.entries()) await customer.list(`entry-${i}`, addressOf(i + 1));
    await station.deliver();
    station.passDay();
    return customers;
  };
  const drain = (victim: Customer, i: number, of: { amount?: bigint; asset?: AssetId; id?: string } = {}) =>
    victim.authorize(of.id ?? `w-${i}`, { destination: addressOf(i + 1), ...of });
  const pay = (i: number, nonce: number) =>
    station.sign([`w-${i}`], station.payment({ nonce, to: addressOf(i + 1).slice(chain.length + 1) as `0x${string}` }));

  it('S3: what all accounts together withdraw of an asset within an hour is bounded, however it is split', async () => {
    await open(`scope: asset, window: hour, asset: '${ether}', most: '${eth(3)}'`);
    const all = await victims(6);
    for (const [i, victim] of all.slice(0, 3).entries()) await drain(victim, i);
    for (const [i, victim] of all.slice(3).entries()) {
      await refused(station, () => drain(victim, i + 3), 'limit-exceeded', 'withdrawal');
      await refused(station, () => drain(victim, i + 3, { amount: 1n }), 'limit-exceeded', 'withdrawal');
    }
  });

  it('S3: nor does a restart, a clock set forward, or a suspend make room; time that the daemon saw pass does', async () => {
    await open(`scope: station, window: hour, asset: '${ether}', most: '${eth(1)}'`);
    const [one_, two] = await victims(2);
    if (one_ === undefined || two === undefined) throw new Error('no victims');
    await drain(one_, 0);
    await station.restart();
    await refused(station, () => drain(two, 1), 'limit-exceeded', 'withdrawal');
    setWall(station, day);
    const attempt = await drain(two, 1).then(
      () => 'authorized',
      (error: { reason: string }) => error.reason,
    );
    expect(['limit-exceeded', 'clock-suspect']).toContain(attempt);
    setWall(station, -day);
    await station.custody.operators.acknowledgeClock('ops', 'set back');
    await refused(station, () => drain(two, 1), 'limit-exceeded', 'withdrawal');
    await live(station, minute);
    station.time.pass(hour + 5 * minute);
    expect((await drain(two, 1)).state).toBe('AUTHORIZED');
  });

  it('S3: one account’s is bounded over an hour, a day and a week at once', async () => {
    const of = (window: string, most: number) =>
      `scope: account, window: ${window}, asset: '${ether}', most: '${eth(most)}'`;
    await open(of('hour', 1), of('day', 2), of('week', 3));
    const [victim] = await victims(1);
    if (victim === undefined) throw new Error('no victim');
    let id = 0;
    const most = async (): Promise<void> => {
      await drain(victim, 0, { id: `w-${id++}` });
      await refused(station, () => drain(victim, 0, { id: `w-${id++}` }), 'limit-exceeded', 'withdrawal');
    };
    await most();
    station.time.pass(hour + 5 * minute);
    await most();
    station.time.pass(2 * hour);
    await refused(station, () => drain(victim, 0, { id: `w-${id++}` }), 'limit-exceeded', 'withdrawal');
    station.time.pass(day);
    await most();
    station.time.pass(2 * day);
    await refused(station, () => drain(victim, 0, { id: `w-${id++}` }), 'limit-exceeded', 'withdrawal');
    station.time.pass(7 * day);
    await most();
  });

  it('S3: a wallet’s outflow is bounded when it is signed, whatever was authorized before', async () => {
    await open(`scope: wallet, window: day, asset: '${ether}', most: '${eth(2)}'`);
    const all = await victims(3);
    for (const [i, victim] of all.entries()) await drain(victim, i);
    await pay(0, 0);
    await pay(1, 1);
    await refused(station, () => pay(2, 2), 'limit-exceeded', 'transaction');
    await station.restart();
    await refused(station, () => pay(2, 2), 'limit-exceeded', 'transaction');
    expect(station.signer.seen).toHaveLength(2);
  });

  it('S3: nothing that is refused, cancelled or asked again makes room for more than the limit', async () => {
    await open(`scope: station, window: day, asset: '${ether}', most: '${eth(2)}'`);
    const [victim] = await victims(1);
    if (victim === undefined) throw new Error('no victim');
    for (let i = 0; i < 3; i++) {
      await drain(victim, 0, { id: `again-${i}` });
      await station.custody.withdrawals.cancel(parseWithdrawalId(`again-${i}`, 'id'));
      // A second cancellation must not give back what another reserved.
      await station.custody.withdrawals.cancel(parseWithdrawalId(`again-${i}`, 'id'));
    }
    await drain(victim, 0, { id: 'w-1' });
    await station.custody.withdrawals.cancel(parseWithdrawalId('again-0', 'id'));
    await drain(victim, 0, { id: 'w-2' });
    await refused(station, () => drain(victim, 0, { id: 'w-3', amount: 1n }), 'limit-exceeded', 'withdrawal');
    // Paid, it is not given back any more.
    await station.sign(['w-1'], station.payment({ to: addressOf(1).slice(chain.length + 1) as `0x${string}` }));
    await station.settle();
    await expect(station.custody.withdrawals.cancel(parseWithdrawalId('w-1', 'id'))).rejects.toMatchObject({
      reason: 'withdrawal-not-cancellable',
    });
    await refused(station, () => drain(victim, 0, { id: 'w-4', amount: 1n }), 'limit-exceeded', 'withdrawal');
  });

  it('S3: young destinations have a lower limit: a whitelist that was just filled empties no account', async () => {
    await open(
      `scope: account, window: day, asset: '${ether}', most: '${eth(50)}'`,
      `scope: account, window: day, asset: '${ether}', most: '${eth(1)}', young: destination`,
    );
    const [victim] = await victims(1);
    if (victim === undefined) throw new Error('no victim');
    const refusal = await refused(
      station,
      () => drain(victim, 0, { amount: 2n * one }),
      'limit-exceeded',
      'withdrawal',
    );
    expect(refusal.details).toMatchObject({ limit: eth(1) });
    await drain(victim, 0);
    station.time.pass(7 * day);
    expect((await drain(victim, 0, { id: 'later', amount: 40n * one })).state).toBe('AUTHORIZED');
  });

  it('D4: a count that another hand lowered is a forged row: the station freezes', async () => {
    await open(`scope: station, window: day, asset: '${ether}', most: '${eth(1)}'`);
    const [victim] = await victims(1);
    if (victim === undefined) throw new Error('no victim');
    await drain(victim, 0);
    station.db.prepare("UPDATE buckets SET packed = x'01'").run();
    await expect(drain(victim, 0, { id: 'w-2' })).rejects.toMatchObject({ reason: 'fact-tampered' });
    await station.settle();
    await expect(drain(victim, 0, { id: 'w-3' })).rejects.toMatchObject({
      reason: expect.stringMatching(/frozen|fact-tampered/),
    });
  });

  it('S3: each asset counts by itself: what is left of one is nothing for another', async () => {
    await open(
      `scope: station, window: day, asset: '${ether}', most: '${eth(1)}'`,
      `scope: station, window: day, asset: '${tokenAsset}', most: '5'`,
    );
    const [victim] = await victims(1);
    if (victim === undefined) throw new Error('no victim');
    await drain(victim, 0, { asset: tokenAsset, amount: 5n });
    await refused(
      station,
      () => drain(victim, 0, { id: 'w-2', asset: tokenAsset, amount: 1n }),
      'limit-exceeded',
      'withdrawal',
    );
    expect((await drain(victim, 0, { id: 'w-3' })).state).toBe('AUTHORIZED');
  });
});
