import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Address,
  hour,
  parseStationName,
  parseWalletId,
  transactionId,
  type WithdrawalId,
  walletStatementBytes,
} from '../../src/domain/index.ts';
import { outpointOf } from '../chains/bitcoin/requests.ts';
import { findings } from '../custody/audit-station.ts';
import { BitcoinStation, bitcoin, coin, payees, to } from '../custody/bitcoin-station.ts';
import { FakeSigner } from '../custody/fake-signer.ts';
import { type Customer, chain, TestStation, walletId } from '../custody/station.ts';
import { live, setWall } from './attempt.ts';

// A3, I4: what a restored station's wallets used before is known to people alone; what they state of it, and what waits for it.

const quorum = ['olivia', 'omar'];
const cold = `${chain}:0x90F79bf6EB2c4f870365E785982E1f101E93b906` as Address;
const bare = (address: Address) => address.slice(chain.length + 1) as `0x${string}`;
const treasury = `treasury: [{ address: '${cold}', label: Cold wallet, evacuation: true }]\n`;

let station: TestStation;

const statement = (wallet: string, of: { nextNonce?: number; spent?: readonly string[] }): Uint8Array =>
  walletStatementBytes({
    station: parseStationName(station.store.look({}).station.name, 'station'),
    wallet: parseWalletId(wallet, 'wallet'),
    nextNonce: of.nextNonce,
    spent: of.spent ?? [],
  });
const stated = (wallet: string, of: Parameters<typeof statement>[1], who = quorum) =>
  station.operators.act(who, 'restored', `wallet:${wallet}`, statement(wallet, of));
async function thawed(scope = 'station'): Promise<void> {
  await station.operators.act(quorum, 'thaw', scope);
  await station.deliver();
  station.time.pass(hour);
  await station.running.timekeeper.tick();
  await station.settle();
}
const state = (id: string): string => station.custody.withdrawals.get(id as WithdrawalId).state;
const clean = (): void => expect(findings(station.file, { stateKey: station.stateKey })).toEqual([]);
afterEach(() => station.close());

describe('I4: of an account, after a restore', () => {
  let alice: Customer;
  let signer: FakeSigner;
  beforeEach(async () => {
    signer = new FakeSigner();
    station = await TestStation.open({
      operators: { delays: { thaw: '1h' } },
      signer,
      policy: (document) => `${document.replace("first_nonce: '0'", "first_nonce: '2'")}${treasury}`,
    });
    alice = await station.ripeCustomer('alice');
  });

  const pay = (id: string, nonce: number) => station.sign([id], station.payment({ nonce }));
  const wallet = () => station.custody.operators.station().wallets[0];

  it('what is stated below what the station itself knows loosens nothing', async () => {
    await alice.authorize('w-1');
    await pay('w-1', 2);
    await alice.authorize('w-2');
    await pay('w-2', 3);
    await station.settle();
    await station.restore(station.backup());
    await stated(walletId, { nextNonce: 2 });
    expect(wallet()).toMatchObject({ nextNonce: 4, readiness: { ready: true } });
    await thawed();
    await alice.authorize('w-3');
    for (const nonce of [2, 3]) {
      const other = station.payment({ nonce, maxFeePerGas: 21n * 10n ** 9n });
      await expect(station.sign(['w-3'], other)).rejects.toMatchObject({ reason: 'nonce-used' });
    }
    expect(signer.seen).toHaveLength(2);
    await pay('w-3', 4);
    await station.settle();
    expect(state('w-3')).toBe('SIGNED');
    clean();
  });

  it.each(['PERMITTED', 'DECLINED'] as const)(
    'of what was %s in the backup the station does not know whether the former one signed it: a quorum’s word that it confirmed is taken',
    async (was) => {
      await alice.authorize('w-1');
      signer.behaviour = async (_, signed) =>
        was === 'DECLINED' ? { kind: 'declined', reason: 'device-refused', message: 'no' } : signed;
      if (was === 'PERMITTED') signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
      const { id } = await pay('w-1', 2);
      await station.settle();
      expect(station.custody.transactions.get(id)).toMatchObject({ state: was });
      const backup = station.backup();
      // The former station: it is signed, sent, and confirms.
      signer.readiness = { ready: true, device: 'fake' };
      signer.behaviour = async (_, signed) => signed;
      if (was === 'DECLINED') await station.custody.transactions.retry(id);
      station.wake();
      await station.settle();
      expect(station.custody.transactions.get(id)).toMatchObject({ state: 'SIGNED' });
      await station.restore(backup);
      await stated(walletId, { nextNonce: 3 });
      // So that it is not signed again.
      await station.operators.act(quorum, 'epoch', 'factors');
      await thawed();
      expect(station.custody.transactions.get(id)).toMatchObject({ state: was });
      const [account] = station.policy.wallets.values();
      const own = bare(account?.address ?? cold);
      const nothing = station.payment({ to: own, nonce: 2, value: 0n, maxFeePerGas: 60n * 10n ** 9n });
      await station.operators.act(quorum, 'void', `transaction:${id}`, nothing);
      await station.settle();
      expect(station.custody.transactions.get(transactionId(walletId, nothing))).toMatchObject({
        state: 'SIGNED',
      });
      const { act } = await station.operators.act(quorum, 'void', `confirmed:${id}`);
      expect(act.state).toBe('DONE');
      expect(state('w-1')).toBe('SIGNED');
      clean();
    },
  );

  it('no statement goes below the wallet’s first nonce', async () => {
    await station.restore(station.backup());
    await expect(stated(walletId, { nextNonce: 1 })).rejects.toThrow(/below the wallet’s first, 2/);
    await expect(stated(walletId, { nextNonce: 0 })).rejects.toThrow(/below the wallet’s first, 2/);
    expect((await stated(walletId, { nextNonce: 2 })).act.state).toBe('DONE');
  });

  it('takes a quorum of operators: one of them, or one twice, or one who is suspended, does not do', async () => {
    await station.restore(station.backup());
    await station.operators.sign('oscar', 'operators', 'suspend:omar', 'his key was stolen');
    await stated(walletId, { nextNonce: 5 }, ['olivia']);
    await stated(walletId, { nextNonce: 5 }, ['olivia']).catch(() => {});
    await stated(walletId, { nextNonce: 5 }, ['omar']).catch(() => {});
    // Nor does the recovery quorum, which stands in for operators and does not know what was sent.
    for (const name of ['rita', 'rolf']) await stated(walletId, { nextNonce: 5 }, [name]).catch(() => {});
    // Another number is another act.
    await stated(walletId, { nextNonce: 6 }, ['oscar']);
    expect(wallet()).toMatchObject({ readiness: { reason: 'wallet-unstated' } });
    expect((await stated(walletId, { nextNonce: 5 }, ['oscar'])).act.state).toBe('DONE');
    expect(wallet()).toMatchObject({ nextNonce: 5, readiness: { ready: true } });
    clean();
  });

  it('can be stated while the clock is suspect, as after a restore on a machine whose clock is wrong; nothing is signed then', async () => {
    await live(station, 3_000);
    await station.restore(station.backup());
    setWall(station, -hour);
    await stated(walletId, { nextNonce: 5 });
    expect(wallet()).toMatchObject({ nextNonce: 5, readiness: { ready: true } });
    expect(station.custody.operators.station().clockSuspect).toBe(true);
  });

  it('stated too high, it is stated again, and what was not used is used then', async () => {
    await station.restore(station.backup());
    await stated(walletId, { nextNonce: 5 });
    await thawed();
    await alice.authorize('w-1');
    await expect(pay('w-1', 3)).rejects.toMatchObject({ reason: 'nonce-used' });
    await stated(walletId, { nextNonce: 3 });
    await expect(pay('w-1', 2)).rejects.toMatchObject({ reason: 'nonce-used' });
    await pay('w-1', 3);
    await station.settle();
    expect(state('w-1')).toBe('SIGNED');
    clean();
  });

  it('I7: a signature that was withheld stays so until the wallet’s use is stated; then it goes out, and no device is asked again', async () => {
    signer.behaviour = async (_, signed) => {
      await station.operators.sign('olivia', 'freeze', 'account:alice', 'a test');
      return signed;
    };
    await alice.authorize('w-1');
    const { id } = await pay('w-1', 2);
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('WITHHELD');
    await station.restore(station.backup());
    await thawed('account:alice');
    await thawed();
    await station.settle();
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'WITHHELD', signed: null });
    await stated(walletId, { nextNonce: 3 });
    await station.settle();
    station.wake();
    await station.settle();
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'SIGNED' });
    expect(signer.seen).toHaveLength(1);
    clean();
  });

  it('operators’ own transfers and voids wait for the statement, too, evacuations as well', async () => {
    await alice.authorize('w-1');
    const { id } = await pay('w-1', 2);
    await station.settle();
    await station.restore(station.backup());
    const away = station.payment({ to: bare(cold), nonce: 3 });
    const evacuate = () => station.operators.act(quorum, 'transfer', `wallet:${walletId}`, away);
    const [account] = station.policy.wallets.values();
    const own = bare(account?.address ?? cold);
    const nothing = station.payment({ to: own, nonce: 2, value: 0n, maxFeePerGas: 40n * 10n ** 9n });
    const empty = () => station.operators.act(quorum, 'void', `transaction:${id}`, nothing);
    for (const attempt of [evacuate, empty])
      await expect(attempt()).rejects.toMatchObject({ reason: 'wallet-unstated' });
    expect(signer.seen).toHaveLength(1);
    await stated(walletId, { nextNonce: 3 });
    await evacuate();
    await station.settle();
    expect(station.custody.transactions.get(transactionId(walletId, away)).state).toBe('SIGNED');
    await thawed();
    await empty();
    await station.settle();
    expect(station.custody.transactions.get(transactionId(walletId, nothing))).toMatchObject({
      state: 'SIGNED',
      anchor: 'nonce:2',
    });
    clean();
  });

  it('what operators permitted before keeps their word of the generation of then', async () => {
    signer.readiness = { ready: false, reason: 'device-missing', message: 'a test' };
    const away = station.payment({ to: bare(cold), nonce: 2 });
    await station.operators.act(quorum, 'transfer', `wallet:${walletId}`, away);
    await station.settle();
    await station.restore(station.backup());
    signer.readiness = { ready: true, device: 'fake' };
    signer.changed();
    await station.settle();
    const transaction = () => station.custody.transactions.get(transactionId(walletId, away));
    expect(transaction()).toMatchObject({ state: 'PERMITTED', blockedBy: 'wallet-unstated' });
    await stated(walletId, { nextNonce: 3 });
    await station.settle();
    expect(transaction()).toMatchObject({ state: 'SIGNED' });
    clean();
  });
});

describe('I4: of coins, after a restore', () => {
  let of: BitcoinStation;
  let alice: Customer;
  beforeEach(async () => {
    of = await BitcoinStation.open({ operators: { delays: { thaw: '1h' } } });
    ({ station } = of);
    const [first] = await of.customers({ alice: payees.wpkh });
    if (first === undefined) throw new Error('nobody was enrolled');
    alice = first;
  });

  const authorize = (id: string) =>
    alice.authorize(id, { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 100_000n });
  const request = (n: number, change: number) => ({
    coins: [coin(n)],
    outputs: [to(payees.wpkh, 50_000n), { index: change, amount: 99_945_000n }],
  });
  const outpoint = (n: number): string => outpointOf(of.wallet(), coin(n)).slice('outpoint:'.length);

  it('none that operators stated to be spent is an input again; others are, once something was stated', async () => {
    await station.restore(station.backup());
    await thawed();
    await authorize('w-1');
    await expect(of.pay(['w-1'], request(0, 0))).rejects.toMatchObject({ reason: 'wallet-unstated' });
    await expect(stated('btc-1', { nextNonce: 3 })).rejects.toThrow(/states a next_nonce/);
    await stated('btc-1', { spent: [outpoint(0), outpoint(1)] });
    for (const n of [0, 1])
      await expect(of.pay(['w-1'], request(n, 0))).rejects.toMatchObject({ reason: 'nonce-used' });
    // More can be stated later, and takes nothing back.
    await stated('btc-1', { spent: [outpoint(1), outpoint(2)] });
    clean();
    for (const n of [0, 1, 2])
      await expect(of.pay(['w-1'], request(n, 0))).rejects.toMatchObject({ reason: 'nonce-used' });
    // Of another wallet nothing was stated.
    expect(station.custody.operators.station().wallets).toMatchObject([
      { id: 'hot-1', readiness: { reason: 'wallet-unstated' } },
      { id: 'btc-1', readiness: { ready: true } },
      { id: 'btc-tr', readiness: { reason: 'wallet-unstated' } },
      { id: 'btc-multi', readiness: { reason: 'wallet-unstated' } },
    ]);
    const paid = await of.settled(await of.pay(['w-1'], request(3, 0)));
    expect(paid.state).toBe('SIGNED');
    clean();
  });

  it('S5: whoever is to sign a statement reads each outpoint of it', async () => {
    await station.restore(station.backup());
    const { details } = await station.operators.prepare(
      'restored',
      'wallet:btc-1',
      statement('btc-1', { spent: [outpoint(0), outpoint(1)] }),
    );
    expect(details).toEqual([outpoint(0), outpoint(1)].sort().map((one) => `spent ${one}`));
  });

  it('one statement names some seven hundred, and what is too long for an entry of the journal is refused', async () => {
    await station.restore(station.backup());
    const spent = (count: number) => Array.from({ length: count }, (_, i) => `${'ab'.repeat(32)}:${i}`);
    await expect(stated('btc-1', { spent: spent(760) })).rejects.toMatchObject({ reason: 'malformed' });
    expect((await stated('btc-1', { spent: spent(700) })).act.state).toBe('DONE');
    clean();
  });

  it('that a wallet spent nothing is a statement, too', async () => {
    await station.restore(station.backup());
    await thawed();
    await stated('btc-1', { spent: [] });
    await authorize('w-1');
    expect((await of.settled(await of.pay(['w-1'], request(0, 0)))).state).toBe('SIGNED');
    clean();
  });

  it('a coin that a payment of the backup has stays that payment’s, though it is stated to be spent', async () => {
    await authorize('w-1');
    const first = await of.settled(await of.pay(['w-1'], request(0, 0)));
    await station.restore(station.backup());
    await thawed();
    await stated('btc-1', { spent: [outpoint(0)] });
    expect(await of.settled(await of.pay(['w-1'], request(0, 0)))).toMatchObject({ id: first.id, state: 'SIGNED' });
    await authorize('w-2');
    await expect(of.pay(['w-2'], request(0, 1))).rejects.toMatchObject({ reason: 'nonce-used' });
    // Neither is it paid with another coin.
    await expect(of.pay(['w-1'], request(1, 1))).rejects.toMatchObject({ reason: 'anchor-taken' });
    clean();
  });
});
