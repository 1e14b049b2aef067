import { Address, OutScript, Transaction } from '@scure/btc-signer';
import { formatEther, type Hex } from 'viem';
import { type TransactionServiceClient, TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import type { WithdrawalServiceClient } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { WithdrawalServiceService } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { broadcast } from '../exchange/broadcast.ts';
import { buildPsbt } from '../exchange/build-psbt.ts';
import { buildTransfer } from '../exchange/build-transaction.ts';
import { Coins } from '../exchange/coins.ts';
import type { Customer } from '../exchange/customer.ts';
import { requestSignature, untilSettled } from '../exchange/sign.ts';
import { call } from '../exchange/station-client.ts';
import { regtest, WatchedWallet } from '../exchange/watched-wallet.ts';
import { prepare, type WithdrawalOrder, withdraw } from '../exchange/withdraw.ts';
import type { EmulatedStation } from './emulated-station.ts';
import type { LocalChain } from './local-chain.ts';
import { madeUp } from './made-up.ts';
import { tell } from './narrator.ts';
import { interpreted } from './script-interpreter.ts';

export interface HsmChapter {
  readonly station: EmulatedStation;
  readonly chain: LocalChain;
  readonly withdrawals: WithdrawalServiceClient;
  readonly transactions: TransactionServiceClient;
  readonly alice: Customer;
  /** A withdrawal of Alice's on Ethereum, which was paid from the Ledger's wallet. */
  readonly order: WithdrawalOrder;
  /** An address of hers on Bitcoin, CAIP-10; ripe, as the order's is. */
  readonly bitcoinAddress: string;
  readonly expectRefusal: (what: string, run: () => Promise<unknown>) => Promise<void>;
}

/** Hot wallets: the same gate, and behind it keys that sign without a person. Tells why, where this machine has no HSM. */
export async function playHsm(chapter: HsmChapter): Promise<void> {
  const { hsm, noHsm } = chapter.station;
  if (hsm === undefined) {
    tell.step(`Left out: ${noHsm}`);
    return;
  }
  tell.step('SoftHSM2 stands in for an HSM. Its keys were made in the token; nobody presses a button here.');
  await payEther(chapter, hsm.wallet);
  await payBitcoin(chapter, hsm.bitcoinWallet);
}

type Hsm = NonNullable<EmulatedStation['hsm']>;

async function payEther(chapter: HsmChapter, wallet: Hsm['wallet']): Promise<void> {
  const { chain, withdrawals, transactions, alice, order, expectRefusal } = chapter;
  const own = addressIn(wallet.address) as Hex;
  const alices = addressIn(order.destination) as Hex;
  const value = BigInt(order.amount);
  await chain.fund(own, 10n * value);
  const unsigned = await buildTransfer(chain.url, own, { to: alices, value });
  tell.step(`Whoever stole a session of the withdrawal service asks ${wallet.id} to pay, by night:`);
  await expectRefusal('Authorize a withdrawal of Alice’s with no attestation', async () => {
    const { intent } = await prepare(withdrawals, alice.account, { ...order, id: 'hsm-stolen' });
    await call(withdrawals, WithdrawalServiceService.authorizeWithdrawal, {
      intent: intent?.canonical ?? Buffer.alloc(0),
      attestations: [],
    });
  });
  await expectRefusal('Ask for the signature all the same', () =>
    requestSignature(transactions, wallet.id, unsigned, ['hsm-stolen']),
  );
  await expectRefusal('Have it pay what the Ledger’s wallet paid already', () =>
    requestSignature(transactions, wallet.id, unsigned, [order.id]),
  );
  const id = 'withdrawal-hsm';
  await withdraw(withdrawals, alice, { ...order, id });
  tell.good(`Alice approves ${formatEther(value)} ETH to her address: ${id}`);
  const { signed, took } = await signedBy(transactions, wallet.id, unsigned, id);
  const before = await chain.balanceOf(alices);
  const { status, blockNumber } = await broadcast(chain.url, signed);
  const grown = (await chain.balanceOf(alices)) - before;
  if (status !== 'success' || grown !== value) throw new Error(`the balance grew by ${grown} wei`);
  tell.good(
    `signed ${took} ms after it was asked for, and mined in block ${blockNumber}: ${formatEther(grown)} ETH more`,
  );
}

async function payBitcoin(chapter: HsmChapter, wallet: Hsm['bitcoinWallet']): Promise<void> {
  const { withdrawals, transactions, alice, bitcoinAddress: destination } = chapter;
  const amount = 10_000_000n;
  const asset = `${wallet.chain}/slip44:1`;
  const coins = new Coins(new WatchedWallet(wallet.descriptor));
  const script = OutScript.encode(Address(regtest).decode(addressIn(wallet.address)));
  for (const n of [0, 1]) coins.saw(madeUp(script, 8_000_000n, n));
  const payments = [{ address: addressIn(destination), amount }];
  const change = coins.nextChange;
  const { psbt, spent, fee } = buildPsbt({ network: regtest, coins: coins.free, payments, change, feeRate: 12n });
  const id = 'withdrawal-btc-hsm';
  await withdraw(withdrawals, alice, { id, asset, amount: `${amount}`, destination, maxFee: '5000' });
  tell.good(`Alice approves 0.1 TBTC: ${id}. ${wallet.id} is one key, and so one address: change comes back to it`);
  const { signed, took } = await signedBy(transactions, wallet.id, psbt, id);
  const found = interpreted(
    signed,
    spent.map(({ place, amount }) => ({ script: place.script, amount })),
  );
  if (found.some((said) => said !== 'ok')) throw new Error(`the script interpreter says: ${found.join(', ')}`);
  const paid = Transaction.fromRaw(signed, { allowUnknownOutputs: true });
  const back = paid.getOutput(1);
  if (Buffer.compare(back.script ?? Buffer.alloc(0), script) !== 0) throw new Error('the change went elsewhere');
  tell.good(
    `signed after ${took} ms: ${spent.length} inputs, ${fee} satoshi of fee; bitcore-lib’s interpreter takes it`,
  );
}

/** Nobody is before the device, so it is waited for. */
async function signedBy(
  transactions: TransactionServiceClient,
  wallet: string,
  unsigned: Uint8Array,
  withdrawal: string,
): Promise<{ signed: Uint8Array; took: number }> {
  const asked = performance.now();
  const { id } = await requestSignature(transactions, wallet, unsigned, [withdrawal]);
  const { state, signed } = await untilSettled(transactions, id);
  if (state !== TransactionState.SIGNED) throw new Error(`the transaction ended as ${state}`);
  return { signed, took: Math.ceil(performance.now() - asked) };
}

/** An address without its chain. */
const addressIn = (caip10: string): string => caip10.slice(caip10.lastIndexOf(':') + 1);
