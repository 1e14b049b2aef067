import { NETWORK, p2wpkh, TEST_NETWORK } from '@scure/btc-signer';
import { parseTransaction, recoverTransactionAddress } from 'viem';
import { expect } from 'vitest';
import { interpreted } from '../../simulators/demo/script-interpreter.ts';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import {
  formatDescriptor,
  type ScriptWallet,
  type TransactionRecord,
  type Wallet,
  type WalletId,
  type WithdrawalId,
} from '../../src/domain/index.ts';
import type { Readiness, Signer } from '../../src/signers/signer.ts';
import type { Permit } from '../../src/store/permit.ts';
import { leaves } from '../attacks/attempt.ts';
import { placeAt, psbtOf } from '../chains/bitcoin/requests.ts';
import { regtest } from '../chains/bitcoin/wallets.ts';
import { bitcoin, payees, to, withBitcoin } from '../custody/bitcoin-station.ts';
import { FakeSigner } from '../custody/fake-signer.ts';
import { type Customer, chain, TestStation, walletId } from '../custody/station.ts';
import type { HandTimers } from '../signers/hand-timers.ts';
import { backOff, changed, type FaultyToken } from '../signers/pkcs11/faulty-token.ts';

const till = 'till' as WalletId;
const coin = { branch: 0, index: 0, amount: 40_000n };
const price = 20_000n;

/** A PKCS#11 signer in the place of the test station's fake one: a new one at each start of the station, its permits remembered. */
class HsmSigner extends FakeSigner {
  override attended = false;
  readonly #create: () => Signer;
  #signer: Signer | undefined;

  constructor(create: () => Signer) {
    super('hsm');
    this.#create = create;
    this.concurrency = this.real.concurrency;
  }

  get real(): Signer {
    this.#signer ??= this.#create();
    return this.#signer;
  }

  override check(wallet: Wallet): Promise<Readiness> {
    return this.real.check(wallet);
  }

  override sign(permit: Permit) {
    this.seen.push(permit);
    return this.real.sign(permit);
  }

  override onChange(listener: () => void): () => void {
    return this.real.onChange(listener);
  }

  override async close(): Promise<void> {
    const signer = this.#signer;
    this.#signer = undefined;
    await signer?.close();
  }
}

/**
 * A whole station whose wallets are keys of a SoftHSM2 token, behind a module that misbehaves on cue: `hot-1`, an Ethereum account
 * (key a1), and `till`, `wpkh` on Bitcoin's regtest (key b2). The token has one key more, c3, which is no wallet's.
 */
export class HsmStation {
  readonly token: FaultyToken;
  readonly station: TestStation;
  readonly #signer: HsmSigner;
  readonly #timers: () => HandTimers;
  alice!: Customer;

  private constructor(token: FaultyToken, station: TestStation, signer: HsmSigner, timers: () => HandTimers) {
    this.token = token;
    this.station = station;
    this.#signer = signer;
    this.#timers = timers;
  }

  /** A customer whose passkey and whose destinations on both chains are ripe, and a token that is ready. */
  static async open(token: FaultyToken): Promise<HsmStation> {
    let timers: HandTimers | undefined;
    const signer = new HsmSigner(() => {
      const made = token.signer();
      timers = made.timers;
      return made.signer;
    });
    const station = await TestStation.open({ signer, policy: (document) => withHsm(document, token) });
    const opened = new HsmStation(token, station, signer, () => {
      if (timers === undefined) throw new Error('the signer was not started');
      return timers;
    });
    opened.alice = await station.ripeCustomer('alice');
    await opened.alice.list('entry-bitcoin', payees.wpkh);
    await station.deliver();
    station.passDay();
    await station.settle();
    return opened;
  }

  get timers(): HandTimers {
    return this.#timers();
  }

  get faulty() {
    return this.token.faulty;
  }

  /** Every permit that the signer got. */
  get permits(): readonly Permit[] {
    return this.#signer.seen;
  }

  /** What health tells of a wallet. */
  readiness(id: WalletId = walletId): Readiness {
    const wallet = this.station.policy.wallets.get(id);
    if (wallet === undefined) throw new Error(`no wallet ${id}`);
    return this.station.running.dispatch.readiness(wallet);
  }

  /** Authorizes a withdrawal of ether, and has it paid at this nonce. It has not ended when this returns. */
  async pay(nonce = 0): Promise<TransactionRecord['id']> {
    await this.authorize(nonce);
    return this.send(nonce);
  }

  async authorize(nonce: number): Promise<void> {
    await this.alice.authorize(`w-${nonce}`, { amount: 10n ** 15n });
  }

  async send(nonce: number): Promise<TransactionRecord['id']> {
    const unsigned = this.station.payment({ nonce, value: 10n ** 15n });
    return (await this.station.sign([`w-${nonce}`], unsigned)).id;
  }

  /** Likewise of bitcoin, from two coins. */
  async payBitcoin(id = 'b-0'): Promise<TransactionRecord['id']> {
    await this.alice.authorize(id, { asset: bitcoin, amount: price, destination: payees.wpkh, maxFee: 100_000n });
    const request = { coins: [coin, coin], outputs: [to(payees.wpkh, price), { index: 0, amount: 55_000n }] };
    const { id: transaction } = await this.station.custody.transactions.sign({
      wallet: till,
      unsigned: psbtOf(this.till, request),
      pays: [id as WithdrawalId],
      replaces: undefined,
      authorizations: [],
    });
    return transaction;
  }

  get till(): ScriptWallet {
    const wallet = this.station.policy.wallets.get(till);
    if (wallet?.kind !== 'script') throw new Error('no till');
    return wallet;
  }

  /** As it stands once nothing is on its way. */
  async settled(id: TransactionRecord['id']): Promise<TransactionRecord> {
    await this.station.settle();
    return this.station.custody.transactions.get(id);
  }

  /** The child that died is started again. */
  async restarted(): Promise<void> {
    const again = changed(this.#signer.real);
    // By how many restarts there were since one answered.
    await Promise.race([0, 1, 2, 3].map((restarts) => this.timers.isSet(backOff + restarts)));
    const wait = this.timers.set.find((ms) => ms >= backOff && ms <= backOff + 3);
    await this.timers.goOff(wait ?? backOff);
    await again;
  }

  /** Likewise, and has nothing to do any more. */
  async revived(): Promise<void> {
    await this.restarted();
    await this.station.settle();
  }

  /** The signer's timer goes off, and something is better than it was. */
  async better(ms: number): Promise<void> {
    const news = changed(this.#signer.real);
    await this.timers.goOff(ms);
    await news;
    await this.station.settle();
  }

  /** What the journal says became of a transaction. */
  ends(id: TransactionRecord['id']): readonly string[] {
    return leaves(this.station)
      .filter(({ fields }) => fields['transaction'] === id)
      .map(({ kind }) => kind.replace('transaction-', ''));
  }

  /** That it is signed, once, by the wallet's key, and always was asked for with the same bytes. */
  async expectSigned(id: TransactionRecord['id']): Promise<void> {
    const { state, signed, wallet, pays } = this.station.custody.transactions.get(id);
    expect(state).toBe('SIGNED');
    for (const withdrawal of pays) expect(this.station.store.read('withdrawals', withdrawal)?.state).toBe('SIGNED');
    expect(this.ends(id).filter((end) => end === 'signed')).toHaveLength(1);
    const asked = this.permits.filter(({ transaction }) => transaction === id);
    expect(new Set(asked.map(({ unsigned }) => Buffer.from(unsigned).toString('hex'))).size).toBe(1);
    if (wallet === till) {
      const spent = { script: placeAt(this.till, 0, 0).script, amount: coin.amount };
      expect(interpreted(signed ?? new Uint8Array(), [spent, spent])).toEqual(['ok', 'ok']);
    } else {
      const serializedTransaction = `0x02${Buffer.from(signed ?? [])
        .toString('hex')
        .slice(2)}` as const;
      const signer = await recoverTransactionAddress({ serializedTransaction });
      expect(`${chain}:${signer}`).toBe(this.station.policy.wallets.get(walletId)?.address);
    }
  }

  /** The nonce of what was signed. */
  nonceOf(id: TransactionRecord['id']): number | undefined {
    const { signed } = this.station.custody.transactions.get(id);
    return parseTransaction(`0x${Buffer.from(signed ?? []).toString('hex')}`).nonce;
  }

  async close(): Promise<void> {
    await this.station.close();
  }
}

/** The test policy, of which the Ethereum wallet's key is in the token; and a wallet on Bitcoin. */
function withHsm(document: string, token: FaultyToken): string {
  const [hot, coins] = [token.publicKey('a1'), token.publicKey('b2')];
  const keys = [{ publicKey: coins }];
  const descriptor = formatDescriptor({ derives: false, script: 'wpkh', threshold: 1, keys });
  const { address } = p2wpkh(Buffer.from(coins, 'hex'), { ...NETWORK, ...TEST_NETWORK, bech32: 'bcrt' });
  const wallets = [
    `  - { id: ${walletId}, chain: '${chain}', signer: hsm, key: 'a1', address: '${chain}:${addressOfKey(hot)}', public_key: '${hot}', first_nonce: '0' }\n`,
    `  - { id: ${till}, chain: '${regtest}', descriptor: "${descriptor}", keys: ['b2'], signers: [hsm], address: '${regtest}:${address}' }\n`,
  ];
  return withBitcoin(document).replace(
    /\nwallets:\n[\s\S]*?nonce_window: 4/,
    `\nwallets:\n${wallets.join('')}nonce_window: 64`,
  );
}
