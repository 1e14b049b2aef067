import { Address, OutScript, Transaction } from '@scure/btc-signer';
import type { DestinationServiceClient } from '../../src/generated/portcullis/v1/destination.ts';
import { type TransactionServiceClient, TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import type { WithdrawalServiceClient } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { buildPsbt, type Payment } from '../exchange/build-psbt.ts';
import { Coins } from '../exchange/coins.ts';
import type { Courier } from '../exchange/courier.ts';
import type { Customer } from '../exchange/customer.ts';
import { requestSignature, untilSettled } from '../exchange/sign.ts';
import { regtest, WatchedWallet } from '../exchange/watched-wallet.ts';
import { whitelist } from '../exchange/whitelist.ts';
import { withdraw } from '../exchange/withdraw.ts';
import { attacksOn } from './bitcoin-attacks.ts';
import type { EmulatedStation } from './emulated-station.ts';
import { approveOnLedger } from './ledger-operator.ts';
import { madeUp } from './made-up.ts';
import { tell } from './narrator.ts';
import { interpreted } from './script-interpreter.ts';

export interface BitcoinChapter {
  readonly station: EmulatedStation;
  readonly destinations: DestinationServiceClient;
  readonly withdrawals: WithdrawalServiceClient;
  readonly transactions: TransactionServiceClient;
  readonly courier: Courier;
  readonly alice: Customer;
  readonly bob: Customer;
  readonly carol: Customer;
  readonly expectRefusal: (what: string, run: () => Promise<unknown>) => Promise<void>;
}

const aDay = 24 * 60 * 60 + 1;
const oneBitcoin = 100_000_000n;

/** Nobody has their keys: addresses of a witness program, of taproot, and of the oldest kind. */
const scripts = {
  alice: `0014${'a1'.repeat(20)}`,
  bob: '512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
  carol: `76a914${'ca'.repeat(20)}88ac`,
};
const thiefs = Buffer.from(`0014${'66'.repeat(20)}`, 'hex');

/** Whitelist, ripen, a batch, and what a service that was taken over would have put into it. Returns Alice's address, CAIP-10. */
export async function playBitcoin(chapter: BitcoinChapter): Promise<string> {
  const { station, destinations, withdrawals, transactions, courier, expectRefusal } = chapter;
  const { wallet, ledger } = station.bitcoin;
  const asset = `${wallet.chain}/slip44:1`;
  const orders = (['alice', 'bob', 'carol'] as const).map((name, i) => ({
    customer: chapter[name],
    address: Address(regtest).encode(OutScript.decode(Buffer.from(scripts[name], 'hex'))),
    id: `withdrawal-btc-${i + 1}`,
    amount: (oneBitcoin * BigInt(i + 1)) / 10n,
  }));
  tell.step('A second Ledger has the app Bitcoin Test open. The wallet of its key, on regtest:');
  tell.detail(wallet.descriptor);
  for (const { customer, address } of orders) {
    await whitelist(destinations, customer, `${customer.account}-btc`, `${wallet.chain}:${address}`, 'my bitcoin');
    tell.step(`${titled(customer.account)} whitelists ${address}`);
  }
  await courier.empty();
  tell.step(`24 hours pass. It is now ${(await station.pass(aDay)).toISOString()}.`);
  for (const { customer, address, id, amount } of orders) {
    const destination = `${wallet.chain}:${address}`;
    await withdraw(withdrawals, customer, { id, asset, amount: `${amount}`, destination, maxFee: '5000' });
    tell.good(`${titled(customer.account)} approves ${inBitcoin(amount)}, and a share of the fee up to 0.00005: ${id}`);
  }

  const watched = new WatchedWallet(wallet.descriptor);
  const coins = new Coins(watched);
  for (const [i, amount] of [40_000_000n, 50_000_000n, oneBitcoin].entries())
    coins.saw(madeUp(watched.place(0, i).script, amount, i));
  const ids = orders.map(({ id }) => id);
  const payments: Payment[] = orders.map(({ address, amount }) => ({ address, amount }));
  const batch = { network: regtest, payments, change: coins.nextChange, feeRate: 12n };
  const { psbt, spent, fee } = buildPsbt({ ...batch, coins: coins.free });
  coins.reserve(spent);
  tell.step(`One PSBT pays all three: ${spent.length} inputs, 3 payments, change, ${fee} satoshi of fee.`);
  tell.step('First, what a withdrawal service that was taken over would rather have signed:');
  for (const [what, bytes] of attacksOn(psbt, thiefs))
    await expectRefusal(what, () => requestSignature(transactions, wallet.id, bytes, ids));

  const requested = await requestSignature(transactions, wallet.id, psbt, ids);
  tell.step('Then the honest one. The operator sees (the app spells every test network’s addresses tb1):');
  const [signed] = await Promise.all([untilSettled(transactions, requested.id), approveOnLedger(ledger)]);
  if (signed.state !== TransactionState.SIGNED) throw new Error(`the transaction ended as ${signed.state}`);
  const { id } = Transaction.fromRaw(signed.signed, { allowUnknownOutputs: true });
  tell.good(`signed: ${id}, ${signed.signed.length} bytes, for three withdrawals with one approval`);
  const found = interpreted(
    signed.signed,
    spent.map(({ place, amount }) => ({ script: place.script, amount })),
  );
  for (const [i, said] of found.entries()) {
    if (said !== 'ok') throw new Error(`the script interpreter says of input ${i}: ${said}`);
    tell.good(`input ${i}: another library’s script interpreter (bitcore-lib) runs its scripts, and they hold`);
  }
  const again = buildPsbt({ ...batch, coins: coins.free });
  await expectRefusal('The three that were just paid are asked for again, on other coins of the wallet', () =>
    requestSignature(transactions, wallet.id, again.psbt, ids),
  );
  return `${wallet.chain}:${orders[0]?.address}`;
}

function inBitcoin(satoshi: bigint): string {
  return `${Number(satoshi) / 1e8} TBTC`;
}

const titled = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
