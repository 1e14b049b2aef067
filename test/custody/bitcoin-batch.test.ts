import { Transaction } from '@scure/btc-signer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Address, TransactionRecord, WithdrawalId } from '../../src/domain/index.ts';
import { feeShares } from '../../src/gate/rules/fees-bounded.ts';
import { refused } from '../attacks/attempt.ts';
import { type Coin, type Request, recipients, type Wanted } from '../chains/bitcoin/requests.ts';
import { BitcoinStation, type BitcoinWallet, bitcoin, coin, payees, to } from './bitcoin-station.ts';
import type { Customer, TestStation } from './station.ts';

const accounts = { alice: payees.wpkh, bob: payees.tr, carol: payees.pkh, dave: payees.sh } as const;
type Name = keyof typeof accounts;

/** Bytes of an output with its length, times 4 (BIP-141): what of the transaction's weight is the payment's own. */
const weightOf = (script: Uint8Array): bigint => BigInt(4 * (8 + 1 + script.length));

function paidBy(raw: Uint8Array | null): { readonly script: string; readonly amount: bigint | undefined }[] {
  if (raw === null) throw new Error('nothing was released');
  const transaction = Transaction.fromRaw(raw, { allowUnknownOutputs: true });
  return Array.from({ length: transaction.outputsLength }, (_, i) => {
    const { script, amount } = transaction.getOutput(i);
    return { script: Buffer.from(script ?? []).toString('hex'), amount };
  });
}

describe('payments of one PSBT', () => {
  let of: BitcoinStation;
  let station: TestStation;
  let people: ReadonlyMap<string, Customer>;
  beforeEach(async () => {
    of = await BitcoinStation.open({ operators: {}, policy: (d) => `${d}${held}` });
    station = of.station;
    people = new Map((await of.customers(accounts)).map((customer) => [customer.account, customer]));
  });
  afterEach(() => of.close());

  /** Above it, an operator approves a payment. */
  const held = `bands:\n  - { asset: '${bitcoin}', above: '50000000', operators: 1 }\n`;

  const person = (name: Name): Customer => {
    const customer = people.get(name);
    if (customer === undefined) throw new Error(`there is no ${name}`);
    return customer;
  };
  const prepare = (name: Name, id: string, amount: bigint, maxFee = 100_000n) =>
    person(name).prepare(id, { asset: bitcoin, amount, destination: accounts[name], maxFee });
  const authorize = (name: Name, id: string, amount: bigint, maxFee = 100_000n) =>
    person(name).authorize(id, { asset: bitcoin, amount, destination: accounts[name], maxFee });
  const given = async (name: Name, id: string, amount: bigint) => {
    const { intent } = await prepare(name, id, amount);
    return { intent: intent.bytes, attestations: [person(name).attest(intent.digest)] };
  };
  const stateOf = (id: string) => station.store.read('withdrawals', id)?.state;
  /** One coin of a bitcoin, these payments, and the rest back at `/1/change`. */
  const request = (
    payments: readonly Wanted[],
    fee: bigint,
    change = 0,
    coins: readonly Coin[] = [coin(0)],
  ): Request => {
    const total = coins.reduce((sum, { amount }) => sum + amount, 0n);
    const paid = payments.reduce((sum, { amount }) => sum + amount, 0n);
    return { coins, outputs: [...payments, { index: change, amount: total - paid - fee }] };
  };
  const three = [to(payees.wpkh, 50_000n), to(payees.tr, 60_000n), to(payees.pkh, 70_000n)];

  it.each<BitcoinWallet>(['btc-1', 'btc-tr'])('I2: one from %s is signed as it was asked for', async (wallet) => {
    await authorize('alice', 'w-1', 50_000n);
    const [one] = three;
    if (one === undefined) throw new Error('no payment');
    const signed = await of.settled(await of.pay(['w-1'], request([one], 5_000n), { wallet }));
    expect(signed).toMatchObject({ state: 'SIGNED', maxFee: 5_000n, pays: ['w-1'], wallet });
    const [payment, change] = paidBy(signed.signed);
    expect(payment).toEqual({ script: Buffer.from(recipients.wpkh).toString('hex'), amount: 50_000n });
    expect(change?.amount).toBe(100_000_000n - 55_000n);
    expect(stateOf('w-1')).toBe('SIGNED');
  });

  it('three are permitted and signed as one, with one look at the device', async () => {
    await authorize('alice', 'w-1', 50_000n);
    await authorize('bob', 'w-2', 60_000n);
    await authorize('carol', 'w-3', 70_000n);
    // In whatever order they are named: an output says which it is.
    const signed = await of.settled(await of.pay(['w-3', 'w-1', 'w-2'], request(three, 9_000n)));
    expect(station.signer.seen).toHaveLength(1);
    expect(
      paidBy(signed.signed)
        .slice(0, 3)
        .map(({ amount }) => amount),
    ).toEqual([50_000n, 60_000n, 70_000n]);
    const rows = ['w-1', 'w-2', 'w-3'].map((id) => station.store.read('withdrawals', id));
    expect(new Set(rows.map((row) => row?.anchor))).toEqual(new Set([signed.anchor]));
    for (const row of rows) expect(row).toMatchObject({ state: 'SIGNED', transaction: signed.id, wallet: 'btc-1' });
  });

  describe('share its fee by weight, what is left over with the first', () => {
    const weights = [recipients.wpkh, recipients.tr, recipients.pkh].map(weightOf);
    const total = weights.reduce((sum, weight) => sum + weight, 0n);
    const fee = 9_001n;
    const floors = weights.map((weight) => (fee * weight) / total);
    const first = fee - (floors[1] ?? 0n) - (floors[2] ?? 0n);
    const shares = [first, floors[1] ?? 0n, floors[2] ?? 0n];
    const names: readonly Name[] = ['alice', 'bob', 'carol'];
    const amounts = [50_000n, 60_000n, 70_000n];

    const approve = async (ceilings: readonly bigint[]) => {
      for (const [i, ceiling] of ceilings.entries())
        await authorize(names[i] ?? 'alice', `w-${i + 1}`, amounts[i] ?? 0n, ceiling);
    };
    const ask = () => of.pay(['w-1', 'w-2', 'w-3'], request(three, fee));

    it('and each share may be all that its owner approved', async () => {
      expect(first).toBeGreaterThan(floors[0] ?? 0n);
      expect(feeShares(fee, weights)).toEqual(shares);
      await approve(shares);
      expect(await of.settled(await ask())).toMatchObject({ state: 'SIGNED', maxFee: fee });
    });

    it.each([0, 1, 2])('I2: and nobody pays one satoshi more: the refusal names the withdrawal (%i)', async (low) => {
      await approve(shares.map((share, i) => (i === low ? share - 1n : share)));
      const refusal = await refused(station, ask, 'fee-above-approved', 'transaction');
      expect(refusal.details).toMatchObject({ withdrawal: `w-${low + 1}`, fee: String(shares[low]) });
      for (const id of ['w-1', 'w-2', 'w-3']) expect(stateOf(id)).toBe('AUTHORIZED');
    });
  });

  it('two hundred are signed as one: one permit, one prompt, one anchor', async () => {
    const names: readonly Name[] = ['alice', 'bob', 'carol', 'dave'];
    const scripts = [recipients.wpkh, recipients.tr, recipients.pkh, recipients.sh];
    const ids = Array.from({ length: 200 }, (_, i) => `w-${i}`);
    for (const [i, id] of ids.entries()) await authorize(names[i % 4] ?? 'alice', id, 10_000n + BigInt(i));
    const outputs = ids.map((_, i) => ({ script: scripts[i % 4] ?? recipients.wpkh, amount: 10_000n + BigInt(i) }));
    const signed = await of.settled(await of.pay(ids, request(outputs, 70_000n, 0, [coin(0), coin(1)])));
    expect(signed.state).toBe('SIGNED');
    expect(station.signer.seen).toHaveLength(1);
    expect(
      paidBy(signed.signed)
        .slice(0, 200)
        .map(({ amount }) => amount),
    ).toEqual(outputs.map(({ amount }) => amount));
    for (const id of ids)
      expect(station.store.read('withdrawals', id)).toMatchObject({ state: 'SIGNED', anchor: signed.anchor });
  }, 120_000);

  describe('are permitted all or none', () => {
    it('B6: an output for two of them, one of them for two outputs, an output for none', async () => {
      await authorize('alice', 'w-1', 50_000n);
      await authorize('alice', 'w-2', 50_000n);
      const one = to(payees.wpkh, 50_000n);
      const ask = (ids: readonly string[], payments: readonly Wanted[]) => () => of.pay(ids, request(payments, 5_000n));
      await refused(station, ask(['w-1', 'w-2'], [one]), 'payment-unmatched', 'transaction');
      await refused(station, ask(['w-1'], [one, one]), 'payment-unmatched', 'transaction');
      await refused(station, ask(['w-1', 'w-2'], [one, to(payees.wpkh, 50_001n)]), 'amount-mismatch', 'transaction');
      await refused(station, ask(['w-1', 'w-2'], [one, to(payees.tr, 50_000n)]), 'destination-mismatch', 'transaction');
      // Alike as they are, each has its own output.
      expect((await of.settled(await of.pay(['w-1', 'w-2'], request([one, one], 5_000n)))).state).toBe('SIGNED');
    });

    it('a member that is held for operators is settled first, and the others wait with it', async () => {
      await authorize('alice', 'w-1', 50_000n);
      expect((await authorize('bob', 'w-2', 60_000_000n)).state).toBe('HELD');
      const both = [to(payees.wpkh, 50_000n), to(payees.tr, 60_000_000n)];
      const ask = () => of.pay(['w-1', 'w-2'], request(both, 5_000n));
      const refusal = await refused(station, ask, 'withdrawal-held', 'transaction');
      expect(refusal.details).toMatchObject({ withdrawal: 'w-2', operators: '1' });
      expect(stateOf('w-1')).toBe('AUTHORIZED');
      await station.operators.act(['olivia'], 'approve', 'withdrawal:w-2');
      expect(stateOf('w-2')).toBe('AUTHORIZED');
      expect((await of.settled(await ask())).state).toBe('SIGNED');
    });

    it('I4: one that another transaction pays already takes none of the others along', async () => {
      await authorize('alice', 'w-1', 50_000n);
      await authorize('bob', 'w-2', 60_000n);
      await of.settled(await of.pay(['w-1'], request([to(payees.wpkh, 50_000n)], 5_000n)));
      const both = [to(payees.wpkh, 50_000n), to(payees.tr, 60_000n)];
      const ask = (coins: readonly Coin[]) => () => of.pay(['w-1', 'w-2'], request(both, 9_000n, 0, coins));
      await refused(station, ask([coin(1)]), 'anchor-taken', 'transaction');
      await refused(station, ask([coin(0)]), 'nonce-used', 'transaction');
      await refused(station, ask([coin(1), coin(0)]), 'nonce-used', 'transaction');
      expect(stateOf('w-2')).toBe('AUTHORIZED');
    });
  });

  describe('that come with their authorizations', () => {
    const both = [to(payees.wpkh, 50_000n), to(payees.tr, 60_000n)];

    it('are authorized and permitted in one commit', async () => {
      const authorizations = [await given('alice', 'w-1', 50_000n), await given('bob', 'w-2', 60_000n)];
      const before = station.store.size;
      const asked = await of.pay(['w-1', 'w-2'], request(both, 5_000n), { authorizations });
      expect(asked.history).toEqual([String(before + 2)]);
      expect(await of.settled(asked)).toMatchObject({ state: 'SIGNED', pays: ['w-1', 'w-2'] });
    });

    it('beside one that was authorized before, too', async () => {
      await authorize('alice', 'w-1', 50_000n);
      const authorizations = [await given('bob', 'w-2', 60_000n)];
      const asked = await of.pay(['w-1', 'w-2'], request(both, 5_000n), { authorizations });
      expect((await of.settled(asked)).state).toBe('SIGNED');
    });

    it('I4: are not authorized where one of them is refused, or would be held', async () => {
      const good = await given('alice', 'w-1', 50_000n);
      const wrong = { ...(await given('bob', 'w-2', 60_000n)), attestations: good.attestations };
      const ask =
        (authorizations: readonly (typeof good)[], payments = both) =>
        () =>
          of.pay(['w-1', 'w-2'], request(payments, 5_000n), { authorizations });
      await refused(station, ask([good, wrong]), 'challenge-mismatch', 'transaction');
      const large = await given('bob', 'w-2', 60_000_000n);
      const payments = [to(payees.wpkh, 50_000n), to(payees.tr, 60_000_000n)];
      await refused(station, ask([good, large], payments), 'withdrawal-held', 'transaction');
      expect([stateOf('w-1'), stateOf('w-2')]).toEqual([undefined, undefined]);
      const right = await given('bob', 'w-2', 60_000n);
      expect((await of.settled(await ask([good, right])())).state).toBe('SIGNED');
    });
  });

  it('A3: the same transaction in another PSBT is the same transaction, and prompts nobody', async () => {
    await authorize('alice', 'w-1', 50_000n);
    const asking = request([to(payees.wpkh, 50_000n)], 5_000n);
    const first = await of.pay(['w-1'], asking);
    const signed = await of.settled(first);
    // BIP-370's form of it, which other software would write.
    const other = of.psbt(asking, { version: 2 });
    expect(Buffer.compare(other, of.psbt(asking))).not.toBe(0);
    expect(await of.sign(['w-1'], other)).toEqual(signed);
    expect(await of.sign(['w-9'], other)).toEqual(signed);
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
    expect(station.signer.seen[0]?.psbt).toEqual(station.store.read('transactions', first.id)?.psbt);
  });

  it('I9: what waits for its device goes there after a restart, from the PSBT that was kept', async () => {
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'in a drawer' };
    await authorize('alice', 'w-1', 50_000n);
    const asked = await of.pay(['w-1'], request([to(payees.wpkh, 50_000n)], 5_000n), { version: 2 });
    expect(await of.settled(asked)).toMatchObject({ state: 'PERMITTED', blockedBy: 'device-missing' });
    await station.restart();
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    expect((await of.settled(asked)).state).toBe('SIGNED');
  });

  it('S12: a signature finished under a freeze is released by the thaw, the same one', async () => {
    station.signer.behaviour = async (_permit, signed) => {
      await station.operators.sign('olivia', 'freeze', `account:bob`, 'a test');
      return signed;
    };
    await authorize('alice', 'w-1', 50_000n);
    await authorize('bob', 'w-2', 60_000n);
    const both = [to(payees.wpkh, 50_000n), to(payees.tr, 60_000n)];
    const asked = await of.pay(['w-1', 'w-2'], request(both, 5_000n));
    // One of its two customers is frozen: that stops the whole transaction.
    expect(await of.settled(asked)).toMatchObject({ state: 'WITHHELD', signed: null, blockedBy: 'frozen' });
    expect(stateOf('w-1')).toBe('COMMITTED');
    await station.restart();
    expect((await of.settled(asked)).signed).toBeNull();
    await station.operators.act(['olivia', 'omar'], 'thaw', 'account:bob');
    await station.operators.ripen();
    const released = await of.settled(asked);
    expect(released.state).toBe('SIGNED');
    expect(paidBy(released.signed)).toHaveLength(3);
    expect(station.signer.seen).toHaveLength(1);
  });

  it('B1: change goes at most the gap beyond the highest index that was seen, across a restart', async () => {
    const pay = async (n: number, change: number): Promise<TransactionRecord> => {
      await authorize('alice', `w-${n}`, 50_000n);
      return of.pay([`w-${n}`], request([to(payees.wpkh, 50_000n)], 5_000n, change, [coin(n)]));
    };
    const next = () => station.store.read('wallets', 'btc-1')?.nextChange;
    await authorize('alice', 'w-9', 50_000n);
    const far = (index: number) => () => of.pay(['w-9'], request([to(payees.wpkh, 50_000n)], 5_000n, index, [coin(9)]));
    expect((await refused(station, far(20), 'change-beyond-gap', 'transaction')).details['next_change']).toBe('0');
    await pay(0, 19);
    expect(next()).toBe(20);
    await pay(1, 3);
    expect(next()).toBe(20);
    await station.settle();
    await station.restart();
    await refused(station, far(40), 'change-beyond-gap', 'transaction');
    await far(39)();
    expect(next()).toBe(40);
  });

  it('B9: what cannot be mined yet waits to be asked for when it can', async () => {
    await authorize('alice', 'w-1', 50_000n);
    const locked = (lockTime: number) => () =>
      of.pay(['w-1'], { ...request([to(payees.wpkh, 50_000n)], 5_000n), lockTime });
    const now = Math.floor(station.time.wall / 1_000);
    await refused(station, locked(900_001), 'transaction-locked', 'transaction');
    await refused(station, locked(now + 60), 'transaction-locked', 'transaction');
    expect((await of.settled(await locked(900_000)())).state).toBe('SIGNED');
  });

  it('I4: another wallet’s coins pay nothing that this one pays', async () => {
    await authorize('alice', 'w-1', 50_000n);
    await of.settled(await of.pay(['w-1'], request([to(payees.wpkh, 50_000n)], 5_000n)));
    const elsewhere = () => of.pay(['w-1'], request([to(payees.wpkh, 50_000n)], 9_000n), { wallet: 'btc-tr' });
    await refused(station, elsewhere, 'anchor-taken', 'transaction');
  });

  it('explains what it would do', async () => {
    await authorize('alice', 'w-1', 50_000n);
    const { effects, rules } = await station.custody.transactions.explain({
      wallet: of.wallet().id,
      unsigned: of.psbt(request([to(payees.wpkh, 50_000n)], 5_000n)),
      pays: ['w-1' as WithdrawalId],
      replaces: undefined,
    });
    expect(effects).toMatchObject({
      payments: [{ destination: payees.wpkh satisfies Address, amount: 50_000n }],
      change: [{ index: 0, amount: 99_945_000n }],
      maxFee: 5_000n,
    });
    expect(rules.every((rule) => rule.passed)).toBe(true);
  });
});
