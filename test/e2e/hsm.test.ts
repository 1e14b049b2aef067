import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Transaction as RawTransaction } from '@scure/btc-signer';
import { bytesToHex, parseTransaction, recoverTransactionAddress, type TransactionSerializedEIP1559 } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interpreted } from '../../simulators/demo/script-interpreter.ts';
import { buildPsbt } from '../../simulators/exchange/build-psbt.ts';
import { Coins } from '../../simulators/exchange/coins.ts';
import type { Customer } from '../../simulators/exchange/customer.ts';
import { requestSignature, untilSettled } from '../../simulators/exchange/sign.ts';
import { call, connect } from '../../simulators/exchange/station-client.ts';
import { regtest, WatchedWallet } from '../../simulators/exchange/watched-wallet.ts';
import { withdraw } from '../../simulators/exchange/withdraw.ts';
import { OperatorServiceClient, OperatorServiceService } from '../../src/generated/portcullis/v1/operator.ts';
import { type Transaction, TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import { placeAt, previousOf, psbtOf } from '../chains/bitcoin/requests.ts';
import { payees, to } from '../custody/bitcoin-station.ts';
import { noSoftHsm, SoftHsm } from '../softhsm.ts';
import { Exchange, oneEther, transferOf } from './exchange.ts';
import { HsmDaemon, type Service } from './hsm-daemon.ts';

const skipped = noSoftHsm === undefined ? '' : ` (skipped: ${noSoftHsm})`;
const amount = 10_000_000n;

/** Who signed these bytes of Ethereum's, CAIP-10. */
async function payerOf({ signed }: Pick<Transaction, 'signed'>, chain: string): Promise<string> {
  const serializedTransaction = bytesToHex(signed) as TransactionSerializedEIP1559;
  return `${chain}:${await recoverTransactionAddress({ serializedTransaction })}`;
}

/** Waits until the token is missed, before or after the transaction was sent to it. */
async function missed(transactions: Service['transactions'], id: string): Promise<void> {
  const stream = transactions.watchTransactions({ transactionIds: [id] });
  try {
    for await (const { transaction } of stream) if (transaction?.blockedBy === 'device-missing') return;
  } finally {
    stream.cancel();
  }
  throw new Error(`the station stopped telling of ${id}`);
}

describe.skipIf(noSoftHsm !== undefined)(`the emulated station’s HSM, over gRPC${skipped}`, () => {
  let exchange: Exchange;
  let hsm: NonNullable<Exchange['station']['hsm']>;
  let alice: Customer;
  beforeAll(async () => {
    exchange = await Exchange.open();
    const found = exchange.station.hsm;
    if (found === undefined) throw new Error(`it has none: ${exchange.station.noHsm}`);
    hsm = found;
    const [first] = await exchange.customers({ alice: exchange.destination });
    if (first === undefined) throw new Error('nobody was enrolled');
    alice = first;
  });
  afterAll(() => exchange.close());

  it('made its keys in the token, which never tells them, as another program sees it; only its owner reads the PIN', () => {
    expect(statSync(hsm.pin).mode & 0o777).toBe(0o600);
    const login = ['--token-label', hsm.token, '--login', '--pin', readFileSync(hsm.pin, 'utf8').trim()];
    const env = { PATH: process.env['PATH'], ...hsm.environment };
    const seen = execFileSync('pkcs11-tool', ['--module', hsm.module, ...login, '-O'], { env, encoding: 'utf8' });
    const access = [...seen.matchAll(/^ {2}Access: +(.*sensitive.*)$/gm)].map(([, told]) => told);
    expect(access).toEqual(Array(2).fill('sensitive, always sensitive, never extractable, local'));
  });

  it('I1: signs nothing that nobody approved', async () => {
    const asked = requestSignature(exchange.transactions, hsm.wallet.id, exchange.transfer(0), ['never']);
    await expect(asked).rejects.toMatchObject({ reason: 'withdrawal-unknown' });
  });

  it('I1, I7: signs for Ethereum, and nobody presses a button', async () => {
    const asked = await exchange.pay(alice, 'w-1', hsm.wallet.id);
    const signed = await untilSettled(exchange.transactions, asked.id);
    expect(signed).toMatchObject({ state: TransactionState.SIGNED, signedBy: ['hsm'] });
    expect(await payerOf(signed, hsm.wallet.chain)).toBe(hsm.wallet.address);
  });

  it('F3: pulled, its wallet says why it is not ready; put back, what waited is signed with the same bytes', async () => {
    const station = { ...exchange.station, address: exchange.station.operatorsAddress };
    const operators = connect(OperatorServiceClient, station, { role: 'operators', name: 'operator' });
    const wallet = async () => {
      const { wallets } = await call(operators, OperatorServiceService.getStation, {});
      return wallets.find(({ wallet }) => wallet === hsm.wallet.id);
    };
    expect(await wallet()).toMatchObject({ ready: true, reason: '' });
    const tokens = join(dirname(hsm.environment['SOFTHSM2_CONF'] ?? ''), 'tokens');
    const [token = ''] = readdirSync(tokens);
    renameSync(join(tokens, token), join(tokens, '..', 'pulled'));
    const asked = await exchange.pay(alice, 'w-2', hsm.wallet.id);
    await missed(exchange.transactions, asked.id);
    expect(await wallet()).toMatchObject({ ready: false, reason: 'device-missing' });
    renameSync(join(tokens, '..', 'pulled'), join(tokens, token));
    const signed = await exchange.until(asked.id, TransactionState.SIGNED);
    expect(signed.unsigned).toEqual(asked.unsigned);
    expect(await payerOf(signed, hsm.wallet.chain)).toBe(hsm.wallet.address);
    expect(await wallet()).toMatchObject({ ready: true, reason: '' });
    operators.close();
  });

  it('B1, I7: signs for Bitcoin: several inputs, and change comes back to the one address', async () => {
    const { id: wallet, chain, descriptor, address } = hsm.bitcoinWallet;
    const [bob] = await exchange.customers({ bob: payees.tr });
    if (bob === undefined) throw new Error('nobody was enrolled');
    const coins = new Coins(new WatchedWallet(descriptor));
    const { script } = coins.nextChange;
    expect(`${chain}:${coins.nextChange.address}`).toBe(address);
    for (const i of [0, 1, 2]) coins.saw(previousOf(script, 4_000_000n, i, i, i === 1));
    const payments = [{ address: payees.tr.slice(chain.length + 1), amount }];
    const built = buildPsbt({ network: regtest, coins: coins.free, payments, change: coins.nextChange, feeRate: 10n });
    const order = { id: 'w-btc', asset: `${chain}/slip44:1`, amount: `${amount}`, destination: payees.tr };
    await withdraw(exchange.withdrawals, bob, { ...order, maxFee: '5000' });
    const asked = await requestSignature(exchange.transactions, wallet, built.psbt, [order.id]);
    const { state, signed } = await untilSettled(exchange.transactions, asked.id);
    expect(state).toBe(TransactionState.SIGNED);
    const spent = built.spent.map(({ place, amount: held }) => ({ script: place.script, amount: held }));
    expect(interpreted(signed, spent)).toEqual(['ok', 'ok', 'ok']);
    const raw = RawTransaction.fromRaw(signed, { allowUnknownOutputs: true });
    expect(raw.getOutput(0).amount).toBe(amount);
    expect(raw.getOutput(1)).toMatchObject({ script, amount: 12_000_000n - amount - built.fee });
  });
});

describe.skipIf(noSoftHsm !== undefined)(`the daemon, on two tokens, killed at its work${skipped}`, () => {
  let token: SoftHsm;
  let daemon: HsmDaemon;
  let service: Service;
  let alice: Customer;
  beforeAll(async () => {
    token = new SoftHsm();
    daemon = new HsmDaemon(token);
    await daemon.found();
    service = await daemon.start();
    alice = await daemon.customer('alice', [`${daemon.hot.chain}:${payee}`, payees.wpkh]);
  });
  afterAll(async () => {
    await daemon.close();
    token.close();
  });

  const payee = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
  const authorize = (id: string): Promise<unknown> =>
    withdraw(service.withdrawals, alice, {
      id,
      asset: `${daemon.hot.chain}/slip44:60`,
      amount: `${oneEther}`,
      destination: `${daemon.hot.chain}:${payee}`,
      maxFee: `${oneEther / 1000n}`,
    });
  const send = (nonce: number): Promise<Transaction> =>
    requestSignature(service.transactions, daemon.hot.id, transferOf(nonce), [`w-${nonce}`]);
  /** Asks for 2-of-2 on Bitcoin: what was asked for, and what it spends. */
  const payBitcoin = async (id: string, salt: number) => {
    const coin = { branch: 0, index: 0, amount: 8_000_000n };
    const [asset, maxFee] = [`${daemon.vault.chain}/slip44:1`, '100000'];
    await withdraw(service.withdrawals, alice, { id, asset, amount: `${amount}`, destination: payees.wpkh, maxFee });
    const change = { index: 0, amount: 5_950_000n };
    const coins = [0, 1].map((i) => ({ ...coin, salt: salt + i }));
    const psbt = psbtOf(daemon.vault, { coins, outputs: [to(payees.wpkh, amount), change] });
    const { script } = placeAt(daemon.vault, 0, 0);
    const asked = await requestSignature(service.transactions, daemon.vault.id, psbt, [id]);
    return { asked, spent: coins.map(() => ({ script, amount: coin.amount })), script };
  };

  it('I7: 2-of-2 on Bitcoin: each token signs every input, and change comes back to the one address', async () => {
    const { asked, spent, script } = await payBitcoin('b-1', 0);
    const signed = await untilSettled(service.transactions, asked.id);
    expect(signed.state).toBe(TransactionState.SIGNED);
    // In the order in which they were done.
    expect(signed.signedBy.toSorted()).toEqual(['hsm-1', 'hsm-2']);
    expect(interpreted(signed.signed, spent)).toEqual(['ok', 'ok']);
    const raw = RawTransaction.fromRaw(signed.signed, { allowUnknownOutputs: true });
    expect(raw.getOutput(1)).toMatchObject({ script, amount: 5_950_000n });
  });

  it('I4, I9: killed while payments are signed: after the restart each is signed, once, as it was asked for', async () => {
    const nonces = Array.from({ length: 12 }, (_, nonce) => nonce);
    for (const nonce of nonces) await authorize(`w-${nonce}`);
    // It dies with the first answer: others are before the token, on their way, or not yet there.
    const sent = nonces.map(send);
    await Promise.any(sent);
    await daemon.kill();
    const answered = (await Promise.allSettled(sent)).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    service = await daemon.start();
    // What was acknowledged goes on by itself.
    const resumed = new Map<string, Transaction>();
    for (const { id } of answered) resumed.set(id, await untilSettled(service.transactions, id));
    expect(resumed.size).toBeGreaterThan(0);
    for (const nonce of nonces) {
      const { id } = await send(nonce);
      const transaction = await untilSettled(service.transactions, id);
      expect(transaction).toMatchObject({ state: TransactionState.SIGNED, withdrawalIds: [`w-${nonce}`] });
      expect(transaction.signed).toEqual(resumed.get(id)?.signed ?? transaction.signed);
      expect(parseTransaction(bytesToHex(transaction.signed))).toMatchObject({ nonce, value: oneEther });
      expect(await payerOf(transaction, daemon.hot.chain)).toBe(daemon.hot.address);
    }
  });

  it('I9, F3: killed while the tokens are pulled: started without them, it signs once they are back', async () => {
    token.pull();
    const { asked, spent } = await payBitcoin('b-2', 2);
    await daemon.kill();
    service = await daemon.start();
    await missed(service.transactions, asked.id);
    token.plug();
    const signed = await untilSettled(service.transactions, asked.id);
    expect(signed.unsigned).toEqual(asked.unsigned);
    expect(interpreted(signed.signed, spent)).toEqual(['ok', 'ok']);
  }, 90_000);
});
