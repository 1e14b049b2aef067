import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Address, type TransactionId, transactionId, type WithdrawalId } from '../../src/domain/index.ts';
import { leaves } from '../attacks/attempt.ts';
import { findings } from './audit-station.ts';
import { FakeSigner } from './fake-signer.ts';
import { alicesAddress, type Customer, chain, TestStation, walletId } from './station.ts';

const cold = `${chain}:0x90F79bf6EB2c4f870365E785982E1f101E93b906` as Address;
const desk = `${chain}:0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65` as Address;
const treasury = `treasury:
  - { address: '${cold}', label: Cold wallet, evacuation: true }
  - { address: '${desk}', label: Market maker }
`;
const quorum = ['olivia', 'omar'];
const bare = (address: Address) => address.slice(chain.length + 1) as `0x${string}`;

describe('what operators move and void', () => {
  let station: TestStation;
  let signer: FakeSigner;
  let alice: Customer;
  let own: `0x${string}`;

  beforeEach(async () => {
    signer = new FakeSigner();
    station = await TestStation.open({ operators: {}, signer, policy: (document) => document + treasury });
    alice = await station.ripeCustomer('alice');
    const [wallet] = station.policy.wallets.values();
    if (wallet === undefined) throw new Error('the test policy has no wallet');
    own = bare(wallet.address);
  });
  afterEach(() => station.close());

  const absent = (): void => {
    signer.readiness = { ready: false, reason: 'device-missing', message: 'it is in a drawer' };
  };
  const back = (): void => {
    signer.readiness = { ready: true, device: 'fake' };
    signer.changed();
  };
  const transfer = (to: Address, nonce = 0, value = 5n * 10n ** 18n): Uint8Array =>
    station.payment({ to: bare(to), nonce, value });
  const nothing = (nonce = 0, gwei = 40n): Uint8Array =>
    station.payment({ to: own, nonce, value: 0n, maxFeePerGas: gwei * 10n ** 9n });
  const newest = (unsigned: Uint8Array) => station.custody.transactions.get(transactionId(walletId, unsigned));

  it('I1: a transfer to policy’s treasury list is signed, by a quorum and no less', async () => {
    const unsigned = transfer(desk);
    const { act } = await station.operators.sign('olivia', 'transfer', 'wallet:hot-1', unsigned);
    expect(act.state).toBe('OPEN');
    await station.settle();
    expect(signer.seen).toEqual([]);
    const { act: done } = await station.operators.sign('omar', 'transfer', 'wallet:hot-1', unsigned);
    expect(done.state).toBe('DONE');
    await station.settle();
    expect(newest(unsigned)).toMatchObject({ kind: 'transfer', state: 'SIGNED', act: act.id, pays: [] });
  });

  it('I1: no quorum sends it anywhere else', async () => {
    await expect(station.operators.prepare('transfer', 'wallet:hot-1', transfer(alicesAddress))).rejects.toMatchObject({
      reason: 'transfer-elsewhere',
    });
  });

  it('I2: bytes that do more than they say are refused before anyone signs', async () => {
    const creation = station.payment({ to: undefined as never });
    await expect(station.operators.prepare('transfer', 'wallet:hot-1', creation)).rejects.toThrow();
    await expect(station.operators.prepare('transfer', 'wallet:none', transfer(desk))).rejects.toMatchObject({
      reason: 'wallet-unknown',
    });
  });

  it('an evacuation to a cold wallet goes on under a freeze; another transfer waits for the thaw', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'intruders');
    const out = transfer(desk);
    await expect(station.operators.act(quorum, 'transfer', 'wallet:hot-1', out)).rejects.toMatchObject({
      reason: 'frozen',
    });
    const safe = transfer(cold);
    await station.operators.act(quorum, 'transfer', 'wallet:hot-1', safe);
    await station.settle();
    expect(newest(safe)).toMatchObject({ state: 'SIGNED' });
  });

  it('S5: a transfer that operators signed is not sent once one of them was suspended', async () => {
    absent();
    const unsigned = transfer(desk);
    await station.operators.act(quorum, 'transfer', 'wallet:hot-1', unsigned);
    await station.settle();
    await station.operators.sign('oscar', 'operators', 'suspend:omar', 'his key was stolen');
    back();
    await station.settle();
    expect(newest(unsigned)).toMatchObject({ state: 'PERMITTED', blockedBy: 'quorum-missing' });
  });

  it('E7, I4: a removed destination no longer blocks its nonce: a void frees it, and the next payment goes on', async () => {
    absent();
    await alice.authorize('w-1');
    const stuck = await station.sign(['w-1']);
    await station.settle();
    await station.custody.destinations.remove('entry-alice' as never);
    back();
    await station.settle();
    expect(station.custody.transactions.get(stuck.id)).toMatchObject({
      state: 'PERMITTED',
      blockedBy: 'destination-withdrawn',
    });

    const unsigned = nothing();
    await station.operators.act(quorum, 'void', `transaction:${stuck.id}`, unsigned);
    await station.settle();
    expect(station.custody.transactions.get(stuck.id).state).toBe('VOIDED');
    const voided = newest(unsigned);
    expect(voided).toMatchObject({ kind: 'void', state: 'SIGNED', replaces: stuck.id, anchor: 'nonce:0' });
    // Until a quorum states what confirmed, the customer is paid by nothing else.
    expect(station.custody.withdrawals.get('w-1' as WithdrawalId).state).toBe('COMMITTED');
    await expect(station.sign(['w-1'], station.payment({ nonce: 1 }))).rejects.toMatchObject({
      reason: 'anchor-taken',
    });
    await expect(
      station.sign(['w-1'], station.payment({ maxFeePerGas: 45n * 10n ** 9n }), voided.id),
    ).rejects.toMatchObject({
      reason: 'transaction-voided',
    });

    await station.operators.act(quorum, 'void', `confirmed:${voided.id}`);
    expect(station.custody.withdrawals.get('w-1' as WithdrawalId)).toMatchObject({ state: 'VOIDED' });
    // Nothing else would tell the customer that it is not paid.
    const told = station.custody.notices.waiting(-1, 100).filter(({ kind }) => kind === 'withdrawal-voided');
    expect(told).toMatchObject([{ account: 'alice', subject: 'w-1' }]);
    expect(told[0]?.text).toMatch(
      /^Withdrawal w-1 of 1 ETH from your account alice to .* was not paid, and never will be/,
    );
    const leaf = leaves(station).find(({ kind }) => kind === 'withdrawal-voided');
    expect(leaf?.fields['notice']).toBe(told[0]?.id);
    await station.stop();
    expect(findings(station.file, { stateKey: station.stateKey })).toEqual([]);
    station.start();
    await expect(
      station.sign(['w-1'], station.payment({ maxFeePerGas: 45n * 10n ** 9n }), voided.id),
    ).rejects.toMatchObject({
      reason: 'transaction-voided',
    });
  });

  describe('one that was signed and sticks', () => {
    let paid: TransactionId;
    beforeEach(async () => {
      await alice.authorize('w-1');
      paid = (await station.sign(['w-1'])).id;
      await station.settle();
    });

    it('is voided at its own nonce; where the payment confirmed after all, its withdrawal stays paid', async () => {
      const unsigned = nothing();
      await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
      await station.settle();
      await station.operators.act(quorum, 'void', `confirmed:${paid}`);
      expect(station.custody.withdrawals.get('w-1' as WithdrawalId).state).toBe('SIGNED');
      await expect(station.operators.prepare('void', `confirmed:${newest(unsigned).id}`)).resolves.toBeDefined();
    });

    it('I4: not at another nonce, not with a payment in it, and not once another version has its place', async () => {
      for (const wrong of [nothing(1), transfer(desk, 0), transfer(cold, 0)])
        await expect(station.operators.prepare('void', `transaction:${paid}`, wrong)).rejects.toMatchObject({
          reason: 'void-differs',
        });
      const faster = await station.sign(['w-1'], station.payment({ maxFeePerGas: 35n * 10n ** 9n }), paid);
      await expect(station.operators.prepare('void', `transaction:${paid}`, nothing())).rejects.toMatchObject({
        reason: 'anchor-taken',
      });
      await station.settle();
      await expect(station.operators.prepare('void', `transaction:${faster.id}`, nothing())).resolves.toBeDefined();
    });

    it('I4: nobody states that something confirmed where nothing was voided, nor what no device saw', async () => {
      await expect(station.operators.prepare('void', `confirmed:${paid}`)).rejects.toMatchObject({
        reason: 'act-settled',
      });
      absent();
      const unsigned = nothing();
      await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
      await expect(station.operators.prepare('void', `confirmed:${newest(unsigned).id}`)).rejects.toMatchObject({
        reason: 'transaction-not-retryable',
      });
    });

    it('I4: nor what the device refused: the payment may still confirm, and its customer would be paid twice', async () => {
      signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'a person said no' });
      const unsigned = nothing();
      await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
      await station.settle();
      const { id } = newest(unsigned);
      const stated = () => station.operators.prepare('void', `confirmed:${id}`);
      await expect(stated()).rejects.toMatchObject({ reason: 'transaction-not-retryable' });
      // Asked for again, and waiting for its device.
      absent();
      station.time.pass(1_000);
      await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
      expect(newest(unsigned).state).toBe('PERMITTED');
      await expect(stated()).rejects.toMatchObject({ reason: 'transaction-not-retryable' });
      expect(station.custody.withdrawals.get('w-1' as WithdrawalId).state).toBe('SIGNED');
      // Once there is a signature, it may be said.
      signer.behaviour = (_permit, signed) => signed;
      back();
      await station.settle();
      await expect(stated()).resolves.toBeDefined();
    });

    it('I4: a statement is made once: the other one is refused after it', async () => {
      const unsigned = nothing();
      await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
      await station.settle();
      const voided = newest(unsigned);
      await station.operators.act(quorum, 'void', `confirmed:${voided.id}`);
      await expect(station.operators.prepare('void', `confirmed:${paid}`)).rejects.toMatchObject({
        reason: 'act-settled',
      });
    });

    it('nor does it go there by naming itself: it voids what it took the place of', async () => {
      const unsigned = nothing();
      signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'a person said no' });
      await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
      await station.settle();
      const declined = newest(unsigned);
      station.time.pass(1_000);
      await expect(station.operators.prepare('void', `transaction:${declined.id}`, unsigned)).rejects.toMatchObject({
        reason: 'anchor-taken',
      });
    });

    it('that the payment confirmed may be said once more where the void was declined: it changes nothing', async () => {
      const unsigned = nothing();
      signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'a person said no' });
      await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
      await station.settle();
      for (let times = 0; times < 2; times++) {
        station.time.pass(1_000);
        expect((await station.operators.act(quorum, 'void', `confirmed:${paid}`)).act.state).toBe('DONE');
        expect(newest(unsigned).state).toBe('VOIDED');
        expect(station.custody.withdrawals.get('w-1' as WithdrawalId).state).toBe('SIGNED');
      }
    });

    it('a void that is declined on the device goes there again by the same bytes, by a quorum', async () => {
      const unsigned = nothing();
      signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'a person said no' });
      await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
      await station.settle();
      const declined = newest(unsigned);
      expect(declined.state).toBe('DECLINED');
      await expect(station.custody.transactions.retry(declined.id)).rejects.toMatchObject({
        reason: 'transaction-not-retryable',
      });
      signer.behaviour = (_permit, signed) => signed;
      // An operator's signature over one intent counts once, and within a second they prepare the same one.
      station.time.pass(1_000);
      await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
      await station.settle();
      expect(newest(unsigned).state).toBe('SIGNED');
    });
  });

  it('a void that operators are signing waits while what it voids is before its device, and lapses not', async () => {
    signer.behaviour = () => ({ kind: 'uncertain', reason: 'device-lost', message: 'the cable' });
    await alice.authorize('w-1');
    const { id } = await station.sign(['w-1']);
    await station.settle();
    const unsigned = nothing();
    const { act } = await station.operators.sign('olivia', 'void', `transaction:${id}`, unsigned);
    signer.behaviour = async () => {
      expect(station.custody.transactions.get(id).state).toBe('SENT');
      station.time.pass(61_000);
      await station.running.timekeeper.tick();
      const both = await station.operators.sign('omar', 'void', `transaction:${id}`, unsigned);
      expect(both).toMatchObject({ act: { state: 'OPEN' }, waiting: { reason: 'replacement-in-flight' } });
      expect(station.custody.transactions.get(id).state).toBe('SENT');
      return { kind: 'uncertain', reason: 'device-lost', message: 'the cable' };
    };
    station.wake();
    await station.settle();
    signer.behaviour = (_permit, signed) => signed;
    station.time.pass(61_000);
    await station.running.timekeeper.tick();
    await station.settle();
    expect(station.custody.acts.get(act.id).act.state).toBe('DONE');
    expect(newest(unsigned)).toMatchObject({ state: 'SIGNED', replaces: id });
  });

  it('S2: a transfer that waits for signatures lapses when policy takes its wallet away', async () => {
    const { act } = await station.operators.sign('olivia', 'transfer', 'wallet:hot-1', transfer(desk));
    const without = station.document((document) => document.replace(/wallets:\n.*\n/, 'wallets: []\n'));
    await station.operators.act(['omar', 'oscar'], 'policy', 'document', without);
    await station.running.timekeeper.tick();
    expect(station.custody.acts.get(act.id).act.state).toBe('LAPSED');
  });

  it('I9: a void outlives a restart', async () => {
    await alice.authorize('w-1');
    const paid = (await station.sign(['w-1'])).id;
    await station.settle();
    absent();
    const unsigned = nothing();
    await station.operators.act(quorum, 'void', `transaction:${paid}`, unsigned);
    await station.settle();
    back();
    await station.restart();
    await station.settle();
    expect(newest(unsigned).state).toBe('SIGNED');
  });
});
