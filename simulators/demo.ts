import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createPublicClient, formatEther, type Hex, hexToBytes, http, serializeTransaction } from 'viem';
import { DestinationServiceClient } from '../src/generated/portcullis/v1/destination.ts';
import { FactorServiceClient } from '../src/generated/portcullis/v1/factor.ts';
import { JournalServiceClient, JournalServiceService } from '../src/generated/portcullis/v1/journal.ts';
import { TransactionServiceClient, TransactionState } from '../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceClient, WithdrawalServiceService } from '../src/generated/portcullis/v1/withdrawal.ts';
import { Authenticator } from './authenticator/authenticator.ts';
import { tryAttacks } from './demo/attacks.ts';
import { playBitcoin } from './demo/bitcoin.ts';
import { type EmulatedStation, startEmulatedStation } from './demo/emulated-station.ts';
import { playHsm } from './demo/hsm.ts';
import { approveOnLedger } from './demo/ledger-operator.ts';
import { type LocalChain, startLocalChain } from './demo/local-chain.ts';
import { tell } from './demo/narrator.ts';
import { playOperators } from './demo/operators.ts';
import { AdmissionAuthority } from './exchange/admission-authority.ts';
import { broadcast } from './exchange/broadcast.ts';
import { buildTransfer } from './exchange/build-transaction.ts';
import { Courier } from './exchange/courier.ts';
import { Customer } from './exchange/customer.ts';
import { enrol } from './exchange/enrol.ts';
import { requestSignature, untilSettled } from './exchange/sign.ts';
import { call, connect, Refused } from './exchange/station-client.ts';
import { whitelist } from './exchange/whitelist.ts';
import { prepare, type WithdrawalOrder } from './exchange/withdraw.ts';

// The main job, end to end, narrated: `npm run demo`.

const oneEther = 10n ** 18n;
/** Sepolia's: the local node answers to it, so that the Ledger knows the coin by name. */
const chainId = 11_155_111;
const aDay = 24 * 60 * 60 + 1;
/** Public test accounts: everyone knows their keys. */
const alicesAddress: Hex = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const thiefsAddress: Hex = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC';

async function main(): Promise<void> {
  const chain = await startLocalChain(chainId);
  try {
    const station = await startEmulatedStation(`eip155:${chainId}`);
    try {
      await play(station, chain);
    } finally {
      await station.close();
    }
  } finally {
    await chain.close();
  }
}

async function play(station: EmulatedStation, chain: LocalChain): Promise<void> {
  const service = { role: 'withdrawals', name: 'service' } as const;
  const factors = connect(FactorServiceClient, station, service);
  const destinations = connect(DestinationServiceClient, station, service);
  const withdrawals = connect(WithdrawalServiceClient, station, service);
  const transactions = connect(TransactionServiceClient, station, service);
  const journal = connect(JournalServiceClient, station, { role: 'auditors', name: 'auditor' });
  const authority = new AdmissionAuthority(station.admission.key, station.admission.issuer, station.admission.kid);
  const courier = new Courier(station, (notice) =>
    tell.message(`notice to ${notice.account || 'the operators'}`, notice.text),
  );
  const on = (address: Hex): string => `${station.wallet.chain}:${address}`;
  const hot = station.wallet.address.slice(station.wallet.chain.length + 1) as Hex;

  tell.act(1, 'An emulated station starts');
  tell.step('Time is simulated, the Ledger is emulated, the keys are test keys: nothing of worth is here.');
  tell.step(`Station ${station.station}, gRPC over mutual TLS on ${station.address}.`);
  tell.step(`Hot wallet ${hot} on the Ledger; a local EVM node, ${chain.version}, with Sepolia’s chain id.`);
  await chain.fund(hot, 100n * oneEther);

  tell.act(2, 'Alice enrols a passkey');
  const alice = newCustomer('alice', station);
  const bob = newCustomer('bob', station);
  const carol = newCustomer('carol', station);
  const now = await station.pass(0);
  for (const customer of [alice, bob, carol]) await enrol(factors, customer, authority, now);
  tell.step('The admission authority vouched that it is her account’s first factor. She is told of it:');
  await courier.empty();
  await expectRefusal('Alice whitelists an address with it at once', () =>
    whitelist(destinations, alice, 'alice-cold', on(alicesAddress), 'cold storage'),
  );
  tell.step(`24 hours pass. It is now ${(await station.pass(aDay)).toISOString()}.`);

  tell.act(3, 'Alice whitelists an address');
  await whitelist(destinations, alice, 'alice-cold', on(alicesAddress), 'cold storage');
  await courier.empty();
  const order: WithdrawalOrder = {
    id: 'withdrawal-1',
    asset: `${station.wallet.chain}/slip44:60`,
    amount: oneEther.toString(),
    destination: on(alicesAddress),
    maxFee: (oneEther / 1000n).toString(),
  };
  await expectRefusal('A withdrawal to it now', async () => {
    const { intent, rpId } = await prepare(withdrawals, alice.account, { ...order, id: 'too-early' });
    await call(withdrawals, WithdrawalServiceService.authorizeWithdrawal, {
      intent: intent?.canonical ?? Buffer.alloc(0),
      attestations: [alice.approve(intent, rpId)],
    });
  });
  tell.step(`24 hours pass. It is now ${(await station.pass(aDay)).toISOString()}.`);

  tell.act(4, 'Alice withdraws 1 ETH');
  const { intent, rpId } = await prepare(withdrawals, alice.account, order);
  if (intent === undefined) throw new Error('the station prepared no intent');
  tell.step('What her passkey signs, and nothing else:');
  for (const [name, value] of Object.entries(JSON.parse(intent.canonical.toString()))) tell.detail(`${name}: ${value}`);
  const attestation = alice.approve(intent, rpId);
  const { withdrawal } = await call(withdrawals, WithdrawalServiceService.authorizeWithdrawal, {
    intent: intent.canonical,
    attestations: [attestation],
  });
  tell.good(`authorized as ${withdrawal?.id}`);
  await courier.empty();
  const unsigned = await buildTransfer(chain.url, hot, { to: alicesAddress, value: oneEther });
  const requested = await requestSignature(transactions, station.wallet.id, unsigned, [order.id]);
  tell.step(
    `The withdrawal service asks for the signature of transaction ${requested.id.slice(0, 16)}…; the operator sees:`,
  );
  const [signed] = await Promise.all([untilSettled(transactions, requested.id), approveOnLedger(station.ledger)]);
  if (signed.state !== TransactionState.SIGNED) throw new Error(`the transaction ended as ${signed.state}`);
  tell.good(`signed: 0x${signed.signed.toString('hex').slice(0, 64)}…`);

  tell.act(5, 'It is broadcast and mined');
  const before = await chain.balanceOf(alicesAddress);
  const mined = await broadcast(chain.url, signed.signed);
  const grown = (await chain.balanceOf(alicesAddress)) - before;
  if (mined.status !== 'success' || grown !== oneEther) throw new Error(`the balance grew by ${grown} wei`);
  tell.good(`block ${mined.blockNumber}, ${mined.transactionHash}`);
  tell.good(`Alice’s balance has grown by exactly ${formatEther(grown)} ETH.`);

  tell.act(6, 'The station’s people');
  await playOperators({ station, withdrawals, courier, alice, order, expectRefusal });

  tell.act(7, 'The attacks of January 2022, by a withdrawal service that was taken over');
  const refusals = await tryAttacks({
    withdrawals,
    transactions,
    rpId,
    wallet: station.wallet.id,
    alice,
    bob,
    order,
    strangers: on(thiefsAddress),
    paid: { id: order.id, attestation, intent },
    transfer: (to, value, ahead = 0) =>
      transferBytes(chain, hot, to.slice(to.lastIndexOf(':') + 1) as Hex, value, ahead),
  });
  const stolen = await chain.balanceOf(thiefsAddress);
  tell.good(`${refusals.length} attacks, ${refusals.length} refusals, and nothing was signed.`);
  if (stolen !== 10_000n * oneEther) throw new Error('the thief’s balance has changed');

  tell.step('Alice was told of whatever was approved in her name:');
  await courier.empty();

  tell.act(8, 'Bitcoin: three withdrawals in one transaction');
  const people = { alice, bob, carol };
  const exchange = { station, destinations, withdrawals, transactions, courier, expectRefusal };
  const bitcoinAddress = await playBitcoin({ ...exchange, ...people });

  tell.act(9, 'Hot wallets: an HSM signs, and nobody presses a button');
  await playHsm({ ...exchange, chain, alice, order, bitcoinAddress });

  tell.act(10, 'Proof that needs no station: Alice’s receipt');
  await playReceipt(station, journal, order.id, mined.transactionHash);

  tell.act(11, 'The journal is checked from outside');
  const { checkpoint } = await call(journal, JournalServiceService.getCheckpoint, { consistentWithSize: 0n });
  tell.step('The signed head of the log; its origin says that the time was simulated:');
  for (const line of checkpoint.trimEnd().split('\n')) tell.detail(line);
  const kept = join(dirname(station.admission.key), 'checkpoint.txt');
  await writeFile(kept, checkpoint);
  const pinned = ['--log-key', station.verifierKey, '--checkpoint', kept];
  const { code, output } = await station.portcullis('verify', '--config', station.config, ...pinned);
  for (const line of output.trimEnd().split('\n')) tell.detail(line);
  if (code !== 0) throw new Error('portcullis verify found something');
  tell.good('portcullis verify recomputed every leaf, node, root and row, and found nothing wrong.');
  tell.blank();
  for (const client of [factors, destinations, withdrawals, transactions, journal]) client.close();
  courier.close();
}

/** What one file and a pinned key prove to anybody; and that a changed one proves nothing. */
async function playReceipt(
  station: EmulatedStation,
  journal: JournalServiceClient,
  withdrawal: string,
  mined: string,
): Promise<void> {
  const { receipt } = await call(journal, JournalServiceService.getReceipt, { withdrawalId: withdrawal });
  const file = join(dirname(station.admission.key), `${withdrawal}.receipt`);
  const verify = async (bytes: Uint8Array): Promise<Awaited<ReturnType<EmulatedStation['portcullis']>>> => {
    await writeFile(file, bytes);
    return station.portcullis('verify', 'receipt', file, '--log-key', station.verifierKey);
  };
  const { code, output } = await verify(receipt);
  if (code !== 0) throw new Error(`the receipt proves nothing: ${output}`);
  tell.message(`portcullis verify receipt ${withdrawal}.receipt --log-key …`, output.trimEnd());
  if (!output.includes(mined)) throw new Error('the receipt is of another transaction than was mined');
  tell.good('Its transaction is the one that was mined.');
  const changed = await verify(Buffer.from(receipt.toString().replace(String(oneEther), String(oneEther * 2n))));
  if (changed.code !== 1) throw new Error('a changed receipt was believed');
  const [, reason = '', message = ''] = /: ([a-z-]+): (.*)/.exec(changed.output) ?? [];
  tell.refused('The same file, with 2 ETH in the place of 1', reason, message);
}

function newCustomer(account: string, station: EmulatedStation): Customer {
  return new Customer(account, new Authenticator({ origin: station.origin }));
}

async function expectRefusal(what: string, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell.refused(what, error.reason, error.message);
    return;
  }
  throw new Error(`the station let it through: ${what}`);
}

async function transferBytes(chain: LocalChain, from: Hex, to: Hex, value: bigint, ahead: number): Promise<Uint8Array> {
  const node = createPublicClient({ transport: http(chain.url) });
  const [chainId, nonce, { maxFeePerGas, maxPriorityFeePerGas }] = await Promise.all([
    node.getChainId(),
    node.getTransactionCount({ address: from }),
    node.estimateFeesPerGas(),
  ]);
  const fees = { maxFeePerGas, maxPriorityFeePerGas };
  return hexToBytes(
    serializeTransaction({ type: 'eip1559', chainId, nonce: nonce + ahead, gas: 21_000n, ...fees, to, value }),
  );
}

const started = performance.now();
main().then(
  () => process.stdout.write(`Done in ${((performance.now() - started) / 1000).toFixed(1)} s.\n`),
  (error: unknown) => {
    process.stderr.write(
      `\nThe demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  },
);
