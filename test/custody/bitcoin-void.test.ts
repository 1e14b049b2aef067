import { Transaction } from '@scure/btc-signer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transactionId } from '../../src/domain/index.ts';
import { outpointOf } from '../chains/bitcoin/requests.ts';
import { BitcoinStation, bitcoin, coin, payees, to } from './bitcoin-station.ts';
import type { FakeSigner } from './fake-signer.ts';

describe('a void beside whose anchor another payment takes one', () => {
  let of: BitcoinStation;
  beforeEach(async () => {
    of = await BitcoinStation.open({ operators: {} });
  });
  afterEach(() => of.close());

  it('I4: goes on: its anchor still is its own', async () => {
    const [alice] = await of.customers({ alice: payees.wpkh });
    const authorize = (id: string) =>
      alice?.authorize(id, { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 100_000n });
    const coins = [coin(0), coin(1)].sort((a, b) => (outpointOf(of.wallet(), a) < outpointOf(of.wallet(), b) ? -1 : 1));
    const [low, high] = coins;
    if (low === undefined || high === undefined) throw new Error('no coin');
    await authorize('w-1');
    await authorize('w-2');
    const one = await of.settled(
      await of.pay(['w-1'], { coins: [high], outputs: [to(payees.wpkh, 50_000n), { index: 0, amount: 99_945_000n }] }),
    );
    expect(one.state).toBe('SIGNED');
    const signer = of.station.signer as FakeSigner;
    signer.readiness = { ready: false, reason: 'device-missing', message: 'a test' };
    // High spends the anchor, low pays more fee.
    const psbt = of.psbt({ coins: [low, high], outputs: [{ index: 1, amount: 199_980_000n }] });
    await of.station.operators.act(['olivia', 'omar'], 'void', `transaction:${one.id}`, psbt);
    const id = transactionId(of.wallet().id, Transaction.fromPSBT(psbt).unsignedTx);
    expect(await of.settled({ id })).toMatchObject({ kind: 'void', state: 'PERMITTED', anchor: one.anchor });
    // Another withdrawal is paid out of the other coin.
    await of.pay(['w-2'], { coins: [low], outputs: [to(payees.wpkh, 50_000n), { index: 2, amount: 99_945_000n }] });
    signer.readiness = { ready: true, device: 'fake' };
    signer.changed();
    expect(await of.settled({ id })).toMatchObject({ state: 'SIGNED', blockedBy: null });
  });
});
