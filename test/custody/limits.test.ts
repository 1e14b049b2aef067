import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audit } from '../../src/custody/audit/audit.ts';
import {
  type ActId,
  Buckets,
  day,
  encodePrices,
  hour,
  minute,
  parseWithdrawalId,
  type WithdrawalRecord,
} from '../../src/domain/index.ts';
import { leaves, refused } from '../attacks/attempt.ts';
import { restartUnder } from '../attacks/people.ts';
import { alicesAddress, type Customer, ether, mallorysAddress, TestStation, walletId } from './station.ts';

const one = 10n ** 18n;
const eth = (n: number): string => String(BigInt(n) * one);

/** Members of a policy, added to the test policy. */
const limits =
  (...lines: string[]) =>
  (document: string): string =>
    `${document}limits:\n${lines.map((l) => `  - { ${l} }\n`).join('')}`;
const perAccount = (most: number, rest = ''): string =>
  `scope: account, window: day, asset: '${ether}', most: '${eth(most)}'${rest}`;

describe('limits', () => {
  let station: TestStation;
  let alice: Customer;
  const open = async (...lines: string[]) => {
    station = await TestStation.open({ operators: {}, policy: limits(...lines) });
    alice = await station.ripeCustomer('alice');
  };
  afterEach(() => station.close());

  const used = (scope: string, thing: string = ether, window: 'hour' | 'day' | 'week' = 'day'): bigint => {
    const row = station.store.read('buckets', scope);
    return row === undefined ? 0n : Buckets.parse(row.packed).within(thing, window, station.store.look({}).w);
  };
  const get = (id: string): WithdrawalRecord => station.custody.withdrawals.get(parseWithdrawalId(id, 'id'));

  it('S3: are reserved in the commit that authorizes; what is refused reserves nothing', async () => {
    await open(
      perAccount(2),
      `scope: asset, window: day, asset: '${ether}', most: '${eth(9)}'`,
      `scope: station, window: week, asset: '${ether}', most: '${eth(9)}'`,
    );
    await alice.authorize('w-1');
    expect([used('account:alice'), used(`asset:${ether}`), used('station', ether, 'week')]).toEqual([one, one, one]);
    await alice.authorize('w-2');
    const refusal = await refused(station, () => alice.authorize('w-3'), 'limit-exceeded', 'withdrawal');
    expect(refusal.details).toMatchObject({ limit: eth(2), used: eth(2), would_be: eth(3), left: '0', window: 'day' });
    expect(used('account:alice')).toBe(2n * one);
  });

  it('I9: survive a restart, with what they hold', async () => {
    await open(perAccount(2));
    await alice.authorize('w-1');
    await station.restart();
    await alice.authorize('w-2');
    await station.restart();
    await refused(station, () => alice.authorize('w-3'), 'limit-exceeded', 'withdrawal');
    station.time.pass(day + hour);
    expect((await alice.authorize('w-4')).state).toBe('AUTHORIZED');
  });

  it('S3: asking again for the same withdrawal reserves nothing more', async () => {
    await open(perAccount(2));
    const { intent } = await alice.prepare('w-1');
    const request = { intent: intent.bytes, attestations: [alice.attest(intent.digest)] };
    await station.custody.withdrawals.authorize(request);
    await station.custody.withdrawals.authorize(request);
    expect(used('account:alice')).toBe(one);
  });

  it('S3: two that come together count together', async () => {
    await open(`scope: station, window: day, asset: '${ether}', most: '${eth(1)}'`);
    const bob = await station.ripeCustomer('bob', mallorysAddress);
    const both = await Promise.allSettled([
      alice.authorize('w-1'),
      bob.authorize('w-2', { destination: mallorysAddress }),
    ]);
    expect(both.map((o) => o.status)).toEqual(['fulfilled', 'rejected']);
    expect(both[1]).toMatchObject({ reason: { reason: 'limit-exceeded' } });
    expect(used('station')).toBe(one);
  });

  it('a withdrawal that ends unpaid gives back what it reserved, to the bucket that it came from', async () => {
    await open(perAccount(5), `scope: station, window: hour, asset: '${ether}', most: '${eth(9)}'`);
    await alice.authorize('w-1', { amount: 2n * one });
    station.time.pass(10 * minute);
    await alice.authorize('w-2', { amount: 3n * one });
    await station.custody.withdrawals.cancel(parseWithdrawalId('w-1', 'id'));
    expect([used('account:alice'), used('station', ether, 'hour')]).toEqual([3n * one, 3n * one]);
    // Cancelled again, it gives nothing back again.
    await station.custody.withdrawals.cancel(parseWithdrawalId('w-1', 'id'));
    expect(used('account:alice')).toBe(3n * one);
    // What is left is w-2's, where it was put: it leaves the hour's window with that bucket.
    station.time.pass(56 * minute);
    expect(used('station', ether, 'hour')).toBe(3n * one);
    station.time.pass(10 * minute);
    expect(used('station', ether, 'hour')).toBe(0n);
  });

  it('what expires, is refused by an operator, or is cancelled by a revocation or an objection, gives back as well', async () => {
    await open(perAccount(9), `scope: asset, window: week, asset: '${ether}', most: '${eth(9)}'`);
    const left = () => [used('account:alice'), used(`asset:${ether}`, ether, 'week')];
    const reserve = async (...ids: string[]) => {
      for (const id of ids) await alice.authorize(id);
      expect(left()).toEqual([BigInt(ids.length) * one, BigInt(ids.length) * one]);
    };
    await reserve('w-1', 'w-2', 'w-3');
    await station.operators.sign('olivia', 'refuse', 'withdrawal:w-1');
    expect(left()).toEqual([2n * one, 2n * one]);
    station.time.pass(day);
    await station.running.timekeeper.sweep();
    expect([get('w-1').state, get('w-2').state, get('w-3').state]).toEqual(['CANCELLED', 'EXPIRED', 'EXPIRED']);
    expect(left()).toEqual([0n, 0n]);
    await reserve('w-4', 'w-5');
    const notices = station.custody.notices.waiting(-1, 100);
    const { token } = notices.find(({ subject }) => subject === 'w-5') ?? { token: '' };
    await station.custody.notices.report(token);
    expect(get('w-4').state).toBe('CANCELLED');
    expect(left()).toEqual([0n, 0n]);
  });

  it('a revoked factor’s withdrawals give back as well', async () => {
    await open(perAccount(9));
    await alice.authorize('w-1');
    await alice.authorize('w-2');
    await station.custody.factors.revoke(alice.credential);
    expect([get('w-1').state, get('w-2').state]).toEqual(['CANCELLED', 'CANCELLED']);
    expect(used('account:alice')).toBe(0n);
  });

  it('I4: from COMMITTED on nothing is given back', async () => {
    await open(perAccount(9), `scope: wallet, window: day, asset: '${ether}', most: '${eth(1)}'`);
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    await expect(station.custody.withdrawals.cancel(parseWithdrawalId('w-1', 'id'))).rejects.toMatchObject({
      reason: 'withdrawal-not-cancellable',
    });
    await station.custody.factors.revoke(alice.credential);
    expect([used('account:alice'), used(`wallet:${walletId}`)]).toEqual([one, one]);
  });

  it('S3: only what was counted goes back: a limit that came later loses nothing by it', async () => {
    await open(perAccount(9));
    await alice.authorize('w-1');
    const station_ = `scope: station, window: day, asset: '${ether}', most: '${eth(9)}'`;
    const member = limits(perAccount(9), station_);
    await restartUnder(station, member);
    await alice.authorize('w-2');
    expect(used('station')).toBe(one);
    await station.custody.withdrawals.cancel(parseWithdrawalId('w-1', 'id'));
    expect([used('account:alice'), used('station')]).toEqual([one, one]);
  });

  it('a window that policy adds later has counted from before', async () => {
    await open(perAccount(9));
    await alice.authorize('w-1', { amount: 3n * one });
    await restartUnder(station, limits(`scope: account, window: week, asset: '${ether}', most: '${eth(3)}'`));
    await refused(station, () => alice.authorize('w-2'), 'limit-exceeded', 'withdrawal');
  });

  it('S3: a wallet’s are counted when a transaction takes its anchor, and once', async () => {
    await open(`scope: wallet, window: day, asset: '${ether}', most: '${eth(1)}'`);
    station.signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'no' });
    await alice.authorize('w-1');
    await alice.authorize('w-2');
    expect(used(`wallet:${walletId}`)).toBe(0n);
    const first = await station.sign(['w-1']);
    await station.settle();
    expect(station.custody.transactions.get(first.id).state).toBe('DECLINED');
    expect(used(`wallet:${walletId}`)).toBe(one);
    station.signer.behaviour = (_permit, signed) => signed;
    await station.custody.transactions.retry(first.id);
    await station.settle();
    await station.sign(['w-1'], station.payment({ maxFeePerGas: 30_000_000_000n }), first.id);
    await station.settle();
    expect(used(`wallet:${walletId}`)).toBe(one);
    const second = () => station.sign(['w-2'], station.payment({ nonce: 1 }));
    const refusal = await refused(station, second, 'limit-exceeded', 'transaction');
    expect(refusal.details).toMatchObject({ scope: 'wallet', used: eth(1), would_be: eth(2) });
    station.time.pass(hour);
    expect(get('w-2').state).toBe('AUTHORIZED');
  });

  it('S3: authorizations inline count together, and with nothing permitted nothing is reserved', async () => {
    await open(perAccount(1), `scope: wallet, window: day, asset: '${ether}', most: '${eth(9)}'`);
    const { intent } = await alice.prepare('w-1');
    const inline = (unsigned: Uint8Array) => ({
      wallet: walletId,
      unsigned,
      pays: [parseWithdrawalId('w-1', 'id')],
      replaces: undefined,
      authorizations: [{ intent: intent.bytes, attestations: [alice.attest(intent.digest)] }],
    });
    await refused(
      station,
      () => station.custody.transactions.sign(inline(station.payment({ value: 2n * one }))),
      'amount-mismatch',
      'transaction',
    );
    await station.custody.transactions.sign(inline(station.payment()));
    await station.settle();
    expect([used('account:alice'), used(`wallet:${walletId}`)]).toEqual([one, one]);
    expect(get('w-1').state).toBe('SIGNED');
  });

  it('Prepare shows every limit, with its values', async () => {
    await open(perAccount(2), `scope: station, window: hour, asset: '${ether}', most: '${eth(1)}', action: hold`);
    await alice.authorize('w-1');
    const { rules, held } = await alice.prepare('w-2', { amount: 2n * one });
    const of = (name: string) => rules.find(({ rule }) => rule.startsWith(name));
    expect(of('limit-account-day')).toMatchObject({
      passed: false,
      refusal: { reason: 'limit-exceeded', details: { limit: eth(2), used: eth(1), would_be: eth(3), left: eth(1) } },
    });
    expect(of('limit-station-hour')).toMatchObject({
      passed: false,
      holds: true,
      explanation: expect.stringContaining('operators can approve'),
    });
    // Refused as well, so not held.
    expect(held).toBeUndefined();
    expect((await alice.prepare('w-2')).held).toEqual({ operators: 2, by: [`limit-station-hour-${ether}-hold`] });
  });

  it('count in reference currency by the operators’ prices, as long as these are fresh', async () => {
    station = await TestStation.open({
      policy: (document) =>
        `${document}reference: { currency: USD, decimals: 2, prices_last: 24h }\nlimits:\n  - { scope: account, window: week, most: '500000' }\n`,
    });
    alice = await station.ripeCustomer('alice');
    const document = encodePrices({ currency: 'USD', decimals: 2, prices: { [ether]: '300025' } });
    const set = () =>
      station.store.decide({}, (facts) => ({
        result: undefined,
        writes: [
          { table: 'prices', record: { key: 'prices', document, act: '0'.repeat(64) as ActId, since: facts.w } },
        ],
      }));
    await set();
    expect(await alice.authorize('w-1')).toMatchObject({ reserved: 300_025n, counted: ['account USD.2'] });
    await refused(station, () => alice.authorize('w-2'), 'limit-exceeded', 'withdrawal');
    station.time.pass(day + minute);
    // Stale: only ceilings in base units are left, and the record keeps that nothing was counted.
    expect(await alice.authorize('w-3')).toMatchObject({ reserved: null, counted: [] });
    await set();
    await refused(station, () => alice.authorize('w-4'), 'limit-exceeded', 'withdrawal');
    await station.custody.withdrawals.cancel(parseWithdrawalId('w-3', 'id'));
    expect(used('account:alice', 'USD.2', 'week')).toBe(300_025n);
    await station.custody.withdrawals.cancel(parseWithdrawalId('w-1', 'id'));
    expect(used('account:alice', 'USD.2', 'week')).toBe(0n);
  });

  it('an account remembers when it first withdrew', async () => {
    await open(perAccount(9));
    expect(station.store.read('accounts', 'alice')?.firstPaid).toBeNull();
    await alice.authorize('w-1');
    const first = station.store.read('accounts', 'alice')?.firstPaid;
    expect(first).toBe(get('w-1').reservedAt);
    station.time.pass(hour);
    await alice.authorize('w-2');
    expect(station.store.read('accounts', 'alice')?.firstPaid).toBe(first);
  });
});

describe('holds', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({
      operators: {},
      policy: limits(
        perAccount(1, ', action: hold'),
        `scope: station, window: day, asset: '${ether}', most: '${eth(3)}'`,
      ),
    });
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());
  const get = (id: string): WithdrawalRecord => station.custody.withdrawals.get(parseWithdrawalId(id, 'id'));
  const rule = `limit-account-day-${ether}-hold`;

  it('a withdrawal above a limit that holds is HELD: its evidence is spent, its limits are reserved, and a leaf says why', async () => {
    const { intent } = await alice.prepare('w-1', { amount: 2n * one });
    const request = { intent: intent.bytes, attestations: [alice.attest(intent.digest)] };
    const record = await station.custody.withdrawals.authorize(request);
    expect(record).toMatchObject({
      state: 'HELD',
      operators: 2,
      heldBy: [rule],
      counted: [`account ${ether}`, `station ${ether}`],
    });
    expect(leaves(station).at(-1)).toMatchObject({
      kind: 'withdrawal-held',
      fields: { withdrawal: 'w-1', operators: '2', held_by: rule, amount: eth(2) },
    });
    const text = station.custody.notices.waiting(-1, 100).at(-1)?.text;
    expect(text).toContain('waits until the operators');
    // Asked again, the same answer.
    expect(await station.custody.withdrawals.authorize(request)).toEqual(record);
    await refused(station, () => alice.authorize('w-2', { amount: 2n * one }), 'limit-exceeded', 'withdrawal');
  });

  it('I1: is not signed while it is HELD, nor is a batch that names it; the refusal says what it lacks', async () => {
    await alice.authorize('w-1', { amount: 2n * one });
    const sign = () => station.sign(['w-1'], station.payment({ value: 2n * one }));
    const refusal = await refused(station, sign, 'withdrawal-held', 'transaction');
    expect(refusal.details).toEqual({ withdrawal: 'w-1', operators: '2', held_by: rule });
    await station.operators.act(['olivia', 'omar'], 'approve', 'withdrawal:w-1');
    expect(get('w-1').state).toBe('AUTHORIZED');
    await sign();
    await station.settle();
    expect(get('w-1').state).toBe('SIGNED');
  });

  it('I4: inline it refuses the whole call, spends nothing and reserves nothing: it is settled first', async () => {
    const { intent } = await alice.prepare('w-1', { amount: 2n * one });
    const authorization = { intent: intent.bytes, attestations: [alice.attest(intent.digest)] };
    const inline = () =>
      station.custody.transactions.sign({
        wallet: walletId,
        unsigned: station.payment({ value: 2n * one }),
        pays: [parseWithdrawalId('w-1', 'id')],
        replaces: undefined,
        authorizations: [authorization],
      });
    const refusal = await refused(station, inline, 'withdrawal-held', 'transaction');
    expect(refusal.details).toEqual({ withdrawal: 'w-1', operators: '2', held_by: rule });
    // The very approval is still good by itself.
    expect((await station.custody.withdrawals.authorize(authorization)).state).toBe('HELD');
    await station.operators.act(['olivia', 'omar'], 'approve', 'withdrawal:w-1');
    await inline();
    await station.settle();
    expect(get('w-1').state).toBe('SIGNED');
  });

  it('expires by pay_by, is cancelled by its client and refused by one operator; each gives its limits back', async () => {
    const held = async (id: string) => expect((await alice.authorize(id, { amount: 2n * one })).state).toBe('HELD');
    await held('w-1');
    station.time.pass(day);
    await station.running.timekeeper.sweep();
    expect(get('w-1').state).toBe('EXPIRED');
    await held('w-2');
    await station.custody.withdrawals.cancel(parseWithdrawalId('w-2', 'id'));
    await held('w-3');
    await station.operators.sign('omar', 'refuse', 'withdrawal:w-3');
    expect([get('w-2').state, get('w-3').state]).toEqual(['CANCELLED', 'REFUSED']);
    await held('w-4');
  });

  it('its rows and leaves agree, as an audit sees them', async () => {
    await alice.authorize('w-1', { amount: 2n * one });
    await alice.authorize('w-2', { destination: alicesAddress, amount: 1n });
    await station.custody.withdrawals.cancel(parseWithdrawalId('w-2', 'id'));
    await station.stop();
    const found: unknown[] = [];
    audit({ file: station.file, stateKey: station.stateKey, logKey: station.verifierKey }, (f) => found.push(f));
    expect(found).toEqual([]);
    station.start();
  });
});

describe('a wallet’s limit', () => {
  it('S3: counts together what is permitted in one group of commits', async () => {
    const station = await TestStation.open({
      policy: limits(`scope: wallet, window: day, asset: '${ether}', most: '${eth(1)}'`),
    });
    const alice = await station.ripeCustomer('alice');
    const bob = await station.ripeCustomer('bob', mallorysAddress);
    await alice.authorize('w-1');
    await bob.authorize('w-2', { destination: mallorysAddress });
    const to = mallorysAddress.slice(mallorysAddress.lastIndexOf(':') + 1) as `0x${string}`;
    const outcomes = await Promise.allSettled([
      station.sign(['w-1']),
      station.sign(['w-2'], station.payment({ nonce: 1, to })),
    ]);
    expect(outcomes.map((o) => o.status).sort()).toEqual(['fulfilled', 'rejected']);
    await station.settle();
    expect(leaves(station).filter(({ kind }) => kind === 'transaction-permitted')).toHaveLength(1);
    await station.close();
  });
});
