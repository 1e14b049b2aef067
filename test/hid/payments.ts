import { buildPsbt } from '../../simulators/exchange/build-psbt.ts';
import { Coins } from '../../simulators/exchange/coins.ts';
import { requestSignature } from '../../simulators/exchange/sign.ts';
import { regtest, WatchedWallet } from '../../simulators/exchange/watched-wallet.ts';
import { withdraw } from '../../simulators/exchange/withdraw.ts';
import type { Transaction } from '../../src/generated/portcullis/v1/transaction.ts';
import { previousOf } from '../chains/bitcoin/requests.ts';
import { payees } from '../custody/bitcoin-station.ts';
import type { Bench } from './bench.ts';

const amount = 25_000_000n;

/** Authorizes bob's withdrawal of a quarter of a coin, and asks for a signature that pays it. */
export async function payBitcoin({ exchange, bob }: Bench, id: string): Promise<Transaction> {
  const { wallet } = exchange.station.bitcoin;
  const watched = new WatchedWallet(wallet.descriptor);
  const coins = new Coins(watched);
  coins.saw(previousOf(watched.place(0, 0).script, 2n * amount, 0, 0, false));
  const asset = `${wallet.chain}/slip44:1`;
  await withdraw(exchange.withdrawals, bob, {
    id,
    asset,
    amount: `${amount}`,
    destination: payees.wpkh,
    maxFee: '5000',
  });
  const payments = [{ address: payees.wpkh.slice(wallet.chain.length + 1), amount }];
  const { psbt } = buildPsbt({ network: regtest, coins: coins.free, payments, change: coins.nextChange, feeRate: 10n });
  return requestSignature(exchange.transactions, wallet.id, psbt, [id]);
}
