import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transaction as RawTransaction } from '@scure/btc-signer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attacksOn } from '../../simulators/demo/bitcoin-attacks.ts';
import { interpreted } from '../../simulators/demo/script-interpreter.ts';
import { type BuiltPsbt, buildPsbt } from '../../simulators/exchange/build-psbt.ts';
import { Coins } from '../../simulators/exchange/coins.ts';
import type { Customer } from '../../simulators/exchange/customer.ts';
import { requestSignature } from '../../simulators/exchange/sign.ts';
import { call, connect } from '../../simulators/exchange/station-client.ts';
import { regtest, WatchedWallet } from '../../simulators/exchange/watched-wallet.ts';
import { withdraw } from '../../simulators/exchange/withdraw.ts';
import { JournalServiceClient, JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import {
  type Transaction,
  TransactionServiceService,
  TransactionState,
} from '../../src/generated/portcullis/v1/transaction.ts';
import { previousOf } from '../chains/bitcoin/requests.ts';
import { payees } from '../custody/bitcoin-station.ts';
import { bitcoinSpeculos, Device, Exchange } from './exchange.ts';

/** By account, whom it pays and how much, satoshi. */
const people = {
  alice: { to: payees.wpkh, amount: 10_000_000n },
  bob: { to: payees.tr, amount: 20_000_000n },
  carol: { to: payees.pkh, amount: 30_000_000n },
} as const;
const payments = Object.values(people).map(({ to, amount }) => ({
  address: to.slice(to.lastIndexOf(':') + 1),
  amount,
}));

describe('withdrawals on Bitcoin, over gRPC, through the signer’s process, on a Ledger', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bitcoin-'));
  let exchange: Exchange;
  let device: Device;
  let customers: Customer[];
  let coins: Coins;
  /** The first version of the batch, and what it was signed as. */
  let batch: BuiltPsbt;
  let first: Transaction;
  beforeAll(async () => {
    exchange = await Exchange.open();
    const { ledger, wallet } = exchange.station.bitcoin;
    device = new Device(ledger);
    customers = await exchange.customers(
      Object.fromEntries(Object.entries(people).map(([account, { to }]) => [account, to])),
    );
    const watched = new WatchedWallet(wallet.descriptor);
    coins = new Coins(watched);
    for (const [i, amount] of [40_000_000n, 50_000_000n, 100_000_000n].entries())
      coins.saw(previousOf(watched.place(0, i).script, amount, i, i, i === 1));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await exchange.close();
  });

  const authorize = async (ids: readonly string[]): Promise<void> => {
    const asset = `${exchange.station.bitcoin.wallet.chain}/slip44:1`;
    for (const [i, customer] of customers.entries()) {
      const { to, amount } = people[customer.account as keyof typeof people];
      const order = { asset, amount: `${amount}`, destination: to, maxFee: '5000' };
      await withdraw(exchange.withdrawals, customer, { ...order, id: ids[i] ?? '' });
    }
  };
  const build = (feeRate: bigint, of = coins.free): BuiltPsbt =>
    buildPsbt({ network: regtest, coins: of, payments, change: coins.nextChange, feeRate });
  const sign = (psbt: Uint8Array, ids: readonly string[], replaces?: string): Promise<Transaction> =>
    requestSignature(exchange.transactions, exchange.station.bitcoin.wallet.id, psbt, ids, replaces);
  const ids = ['b-1', 'b-2', 'b-3'];

  it('B1, B2, B3, B5, B6: what a service that was taken over would put into a batch is refused', async () => {
    await authorize(ids);
    batch = build(12n);
    coins.reserve(batch.spent);
    const thiefs = Buffer.from(`0014${'66'.repeat(20)}`, 'hex');
    const refusals = [];
    for (const [, psbt] of attacksOn(batch.psbt, thiefs))
      refusals.push(await sign(psbt, ids).then(String, ({ reason }) => reason));
    expect(refusals).toEqual([
      'payment-unmatched',
      'fee-above-ceiling',
      'payment-unmatched',
      'input-foreign',
      'sighash-refused',
    ]);
  });

  it('I2, I7: three are paid by one transaction, shown as approved, signed with one approval', async () => {
    const asked = await sign(batch.psbt, ids);
    const screens = await device.review('Sign transaction');
    for (const amount of ['0.1', '0.2', '0.3']) expect(screens).toContain(`Amount\n${amount} TEST`);
    expect(screens.filter((screen) => screen.startsWith('Transaction output'))).toHaveLength(3);
    first = await exchange.until(asked.id, TransactionState.SIGNED);
    expect(first.signedBy).toEqual(['ledger-btc']);
    expect(verified(first, batch)).toEqual(['ok', 'ok']);
    // Asking again prompts nobody.
    expect((await sign(batch.psbt, ids)).signed).toEqual(first.signed);
  });

  it('I4: its fee is raised by BIP-125: the same payments, the same coins, approved again on the device', async () => {
    await expect(sign(build(24n, coins.free).psbt, ids, first.id)).rejects.toMatchObject({
      reason: 'anchor-taken',
    });
    await expect(sign(build(11n, batch.spent).psbt, ids, first.id)).rejects.toMatchObject({
      reason: 'replacement-underpriced',
    });
    const raised = build(24n, batch.spent);
    const asked = await sign(raised.psbt, ids, first.id);
    await device.review('Sign transaction');
    const second = await exchange.until(asked.id, TransactionState.SIGNED);
    expect(second).toMatchObject({ replaces: first.id, anchor: first.anchor, withdrawalIds: ids });
    expect(verified(second, raised)).toEqual(['ok', 'ok']);
    expect((await exchange.get(first.id)).state).toBe(TransactionState.REPLACED);
    coins.saw(second.signed);
  });

  it('its change is there to spend: refused on the device, then signed when it is asked for again', async () => {
    const next = ['c-1', 'c-2', 'c-3'];
    await authorize(next);
    const built = build(12n, [...coins.free].reverse());
    expect(built.spent[0]?.place).toMatchObject({ branch: 1, index: 0 });
    const asked = await sign(built.psbt, next);
    await device.review('Reject transaction');
    expect((await exchange.until(asked.id, TransactionState.DECLINED)).declinedBy).toEqual(['ledger-btc']);
    await call(exchange.transactions, TransactionServiceService.retryTransaction, { transactionId: asked.id });
    await device.review('Sign transaction');
    expect(verified(await exchange.until(asked.id, TransactionState.SIGNED), built)).toEqual(['ok', 'ok']);
  });

  it('I5: a receipt says whom it paid, to whoever has the log’s key; portcullis verify finds nothing', async () => {
    const journal = connect(JournalServiceClient, exchange.station, { role: 'auditors', name: 'auditor' });
    const { receipt } = await call(journal, JournalServiceService.getReceipt, { withdrawalId: 'b-2' });
    journal.close();
    const file = join(folder, 'b-2.receipt');
    writeFileSync(file, receipt);
    const { portcullis, config, verifierKey } = exchange.station;
    const said = await portcullis('verify', 'receipt', file, '--log-key', verifierKey);
    expect(said).toMatchObject({ code: 0, output: expect.stringContaining(people.bob.to) });
    expect(said.output).toContain('What was released is exactly that transaction, signed by the keys of wallet');
    const verify = await portcullis('verify', '--config', config);
    expect(verify).toMatchObject({ code: 0, output: expect.stringContaining('nothing was found') });
  });

  describe.skipIf(bitcoinSpeculos !== undefined)('with faults (a real Speculos has none on request)', () => {
    it('S7: a wrong signature is not released, and the wallet is frozen', async () => {
      const last = ['d-1', 'd-2', 'd-3'];
      await authorize(last);
      coins.saw(previousOf(coins.nextChange.script, 90_000_000n, 0, 9, false));
      await device.fault('wrong-signature');
      const asked = await sign(build(12n, coins.free.slice(-1)).psbt, last);
      await device.review('Sign transaction');
      const uncertain = await exchange.until(asked.id, TransactionState.UNCERTAIN);
      expect(uncertain).toMatchObject({ blockedBy: 'signature-wrong', signedBy: [] });
      expect(uncertain.signed).toHaveLength(0);
    });
  });
});

/** What an independent interpreter of scripts has against each input of a signed transaction that pays as it should. */
function verified({ signed }: Transaction, { spent }: BuiltPsbt): string[] {
  const transaction = RawTransaction.fromRaw(signed, { allowUnknownOutputs: true });
  const amounts = Array.from({ length: transaction.outputsLength }, (_, i) => transaction.getOutput(i).amount);
  expect(amounts.slice(0, 3)).toEqual(payments.map(({ amount }) => amount));
  return interpreted(
    signed,
    spent.map(({ place, amount }) => ({ script: place.script, amount })),
  );
}
