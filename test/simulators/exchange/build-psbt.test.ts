import { Transaction } from '@scure/btc-signer';
import { describe, expect, it } from 'vitest';
import { type Batch, type BuiltPsbt, buildPsbt } from '../../../simulators/exchange/build-psbt.ts';
import { Coins } from '../../../simulators/exchange/coins.ts';
import { regtest, WatchedWallet } from '../../../simulators/exchange/watched-wallet.ts';
import { decodeUnsigned } from '../../../src/chains/bitcoin/index.ts';
import { type Effects, formatDescriptor } from '../../../src/domain/index.ts';
import { previousOf, txidOf } from '../../chains/bitcoin/requests.ts';
import { addressOf, regtest as regtestId, tokenWalletOf, walletOf } from '../../chains/bitcoin/wallets.ts';

const wallet = walletOf({ script: 'wpkh', chain: regtestId });
const watched = new WatchedWallet(wallet.descriptor);
const payee = 'bcrt1q5xs6rgdp5xs6rgdp5xs6rgdp5xs6rgdpa854mc';

/** Paid to the wallet by transactions of others, one each. */
function coinsOf(...amounts: bigint[]): Coins {
  const coins = new Coins(watched);
  for (const [i, amount] of amounts.entries()) coins.saw(previousOf(watched.place(0, i).script, amount, 1, i, i === 1));
  return coins;
}

/** What the station sees in it. */
function effectsOf({ psbt }: BuiltPsbt): Effects {
  const decoded = decodeUnsigned(psbt, wallet);
  if (!decoded.ok) throw new Error(`${decoded.reason}: ${decoded.message}`);
  return decoded.effects;
}

const batch = (coins: Coins, more: Partial<Batch> = {}): Batch => ({
  network: regtest,
  coins: coins.free,
  payments: [
    { address: payee, amount: 30_000n },
    { address: payee, amount: 20_000n },
  ],
  change: coins.nextChange,
  feeRate: 10n,
  ...more,
});

describe('the sample’s wallet, which can’t sign', () => {
  it('derives the addresses of its descriptor, checksum or none, steps hardened by h or apostrophe', () => {
    for (const branch of [0, 1] as const)
      for (const index of [0, 1, 19])
        expect(watched.place(branch, index).address).toBe(addressOf(wallet, branch, index));
    const [body = ''] = wallet.descriptor.replaceAll("'", 'h').split('#');
    expect(new WatchedWallet(body).place(1, 3)).toEqual(watched.place(1, 3));
  });

  it('of one key that derives nothing, as an HSM has, is one place wherever it is asked for, and no derivation is needed', () => {
    const hsm = tokenWalletOf({ script: 'wpkh', chain: regtestId });
    const watched = new WatchedWallet(hsm.descriptor);
    expect(watched.place(1, 7)).toEqual(watched.place(0, 0));
    expect(`${regtestId}:${watched.place(0, 0).address}`).toBe(hsm.address);
    const coins = new Coins(watched);
    for (const i of [0, 1]) coins.saw(previousOf(watched.place(0, 0).script, 40_000n, 1, i, false));
    const { psbt, fee } = buildPsbt(batch(coins));
    const decoded = decodeUnsigned(psbt, hsm);
    expect(decoded).toMatchObject({ ok: true, effects: { change: [{ index: 0, amount: 30_000n - fee }] } });
  });

  it('says which descriptors it does not know', () => {
    const other = formatDescriptor({ ...wallet, script: 'tr' });
    expect(() => new WatchedWallet(other)).toThrow('wpkh');
  });
});

describe('the sample’s coins', () => {
  it('are what was paid to the wallet and is not spent or put aside', () => {
    const coins = coinsOf(100_000n, 90_000n);
    const [first, second] = coins.free;
    if (first === undefined || second === undefined) throw new Error('nothing was paid');
    expect([first, second].map(({ amount, vout }) => [amount, vout])).toEqual([
      [100_000n, 1],
      [90_000n, 1],
    ]);
    expect(first.txid).toBe(txidOf(first.previous));
    coins.reserve([first]);
    expect(coins.free).toEqual([second]);
    const { psbt } = buildPsbt(batch(coins));
    coins.saw(Transaction.fromPSBT(psbt).unsignedTx);
    // Its change is there, and the next change lies behind it.
    expect(coins.free.map(({ place }) => [place.branch, place.index])).toEqual([[1, 0]]);
    expect(coins.nextChange.index).toBe(1);
  });
});

describe('the sample’s PSBT', () => {
  it('does what the station takes it to do: pays each withdrawal by an output of its own, the rest is change and fee', () => {
    const coins = coinsOf(40_000n, 30_000n, 900_000n);
    const built = buildPsbt(batch(coins));
    const { spent, fee } = built;
    const effects = effectsOf(built);
    expect(effects.payments.map(({ amount }) => amount)).toEqual([30_000n, 20_000n]);
    expect(effects.change).toEqual([{ index: 0, amount: 70_000n - 50_000n - fee }]);
    expect(effects.maxFee).toBe(fee);
    expect(effects.anchors).toHaveLength(2);
    expect(spent).toHaveLength(2);
  });

  it('pays the fee rate, by the station’s own estimate, and not much more', () => {
    for (const feeRate of [1n, 10n, 57n]) {
      const coins = coinsOf(40_000n, 300_000n);
      const effects = effectsOf(buildPsbt(batch(coins, { feeRate })));
      expect(effects.feeRate).toBeGreaterThanOrEqual(feeRate * 1000n);
      expect(effects.feeRate).toBeLessThan(feeRate * 1030n);
    }
  });

  it('is replaceable by BIP-125: the same payments at a higher rate, on the same coins', () => {
    const coins = coinsOf(40_000n, 300_000n);
    const first = buildPsbt(batch(coins));
    const second = buildPsbt(batch(coins, { coins: first.spent, feeRate: 20n }));
    const sequences = Array.from({ length: 2 }, (_, i) => Transaction.fromPSBT(second.psbt).getInput(i).sequence);
    expect(sequences).toEqual([0xffff_fffd, 0xffff_fffd]);
    const [before, after] = [first, second].map(effectsOf);
    expect(after?.anchors).toEqual(before?.anchors);
    expect(after?.payments).toEqual(before?.payments);
    expect(after?.maxFee).toBeGreaterThan(before?.maxFee ?? 0n);
  });

  it('has no change where too little is left, and is not built where the coins are short', () => {
    const effects = effectsOf(buildPsbt(batch(coinsOf(52_500n))));
    expect(effects).toMatchObject({ change: [], maxFee: 2_500n });
    expect(() => buildPsbt(batch(coinsOf(50_000n)))).toThrow('short');
  });
});
