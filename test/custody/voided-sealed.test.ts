import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealedUnder, sealingKeyId } from '../../src/custody/seal.ts';
import { BitcoinStation, bitcoin, coin, payees, to } from './bitcoin-station.ts';
import type { FakeSigner } from './fake-signer.ts';

describe('a signature that was withheld and then voided', () => {
  let of: BitcoinStation;
  beforeEach(async () => {
    of = await BitcoinStation.open({ operators: {} });
  });
  afterEach(() => of.close());

  it('holds up no change of the sealing key', async () => {
    const { station } = of;
    const [alice] = await of.customers({ alice: payees.wpkh });
    await alice?.authorize('w-1', { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 100_000n });
    const signer = station.signer as FakeSigner;
    signer.behaviour = async (_permit, signed) => {
      await station.operators.sign('olivia', 'freeze', 'account:alice', 'a test');
      return signed;
    };
    const outputs = [to(payees.wpkh, 50_000n), { index: 0, amount: 99_945_000n }];
    const { id } = await of.pay(['w-1'], { coins: [coin(0)], outputs });
    expect(await of.settled({ id })).toMatchObject({ state: 'WITHHELD' });
    signer.behaviour = (_permit, signed) => signed;
    const back = of.psbt({ coins: [coin(0)], outputs: [{ index: 1, amount: 99_980_000n }] });
    await station.operators.act(['olivia', 'omar'], 'void', `transaction:${id}`, back);
    const voided = await of.settled({ id });
    expect(voided.state).toBe('VOIDED');
    const now = new Uint8Array(32).fill(9);
    station.laters.length = 0;
    station.sealingKeys = [now, ...station.sealingKeys];
    await station.restart();
    for (let i = 0; i < 20 && station.laters.length > 0; i++) {
      station.laters.shift()?.();
      await station.store.decide({}, () => ({ result: undefined }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(station.events).not.toContain('not-sealed-anew');
    const { sealed } = station.custody.transactions.get(id);
    expect(sealed === null || sealedUnder(sealed) === sealingKeyId(now)).toBe(true);
    expect(station.custody.operators.station().sealing.former.map((key) => key.sealed)).toEqual([0]);
  });
});
