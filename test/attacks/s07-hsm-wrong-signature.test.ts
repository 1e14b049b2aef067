import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HsmStation } from '../faults/hsm-station.ts';
import { FaultyToken, noFaultyToken } from '../signers/pkcs11/faulty-token.ts';
import { leaves } from './attempt.ts';

const skipped = noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`;

describe.skipIf(noFaultyToken !== undefined)(
  `S7: an HSM that answers with another than the right signature${skipped}`,
  () => {
    let token: FaultyToken;
    let hsm: HsmStation;
    beforeAll(() => {
      token = new FaultyToken(['a1', 'b2', 'c3']);
    });
    afterAll(() => token.close());
    beforeEach(async () => {
      token.faulty.cue();
      hsm = await HsmStation.open(token);
    });
    afterEach(() => hsm.close());

    const asks = {
      Ethereum: { wallet: 'hot-1', pay: () => hsm.pay() },
      Bitcoin: { wallet: 'till', pay: () => hsm.payBitcoin() },
    } as const;

    for (const [chain, { wallet, pay }] of Object.entries(asks)) {
      it.each([
        ['another key’s', 'other-key c3'],
        ['of other bytes', 'other-bytes'],
        ['with a bit of s turned', 'wrong-signature'],
        ['of 63 bytes', 'short'],
        ['of 65 bytes', 'long'],
        ['of none', 'empty'],
        ['with r of 0', 'zero-r'],
        ['with s of 0', 'zero-s'],
        ['with r beyond the group', 'beyond'],
      ])(`S7: ${chain}: %s: nothing is released, the wallet is frozen, and nobody is asked again`, async (_, fault) => {
        token.faulty.cue(`C_Sign ${fault}`);
        const id = await pay();
        const ended = await hsm.settled(id);
        expect(ended).toMatchObject({ state: 'UNCERTAIN', blockedBy: 'signature-wrong', signed: null, sealed: null });
        const { freezes } = hsm.station.custody.operators.station();
        expect(freezes).toMatchObject([{ scope: `wallet:${wallet}`, active: true }]);
        expect(leaves(hsm.station).filter(({ kind }) => kind === 'transaction-signed')).toEqual([]);

        token.faulty.cue();
        token.faulty.forget();
        hsm.station.wake();
        await hsm.station.settle();
        expect(token.faulty.calls('C_Sign')).toEqual([]);
        // Once people have looked, the same bytes are signed.
        await hsm.station.custody.operators.thaw(`wallet:${wallet}`, 'ops-1', 'the token was changed');
        await hsm.station.settle();
        await hsm.expectSigned(id);
      });

      it(`S7: ${chain}: with s in the upper half: it is normalised, and released`, async () => {
        token.faulty.cue('C_Sign high-s');
        const id = await pay();
        await hsm.station.settle();
        await hsm.expectSigned(id);
      });
    }

    it('S7: Bitcoin: one wrong input of two: none is released', async () => {
      token.faulty.cue('C_Sign after 1 other-key c3');
      const id = await hsm.payBitcoin();
      expect(await hsm.settled(id)).toMatchObject({ state: 'UNCERTAIN', blockedBy: 'signature-wrong', signed: null });
    });

    it('S7: what the module prints in the child’s name is discarded, and the child with it', async () => {
      token.faulty.cue(
        `C_Sign count 1 print {"v":1,"id":3,"result":"signatures","items":[{"signature":"${'11'.repeat(10)}"}]}`,
      );
      const id = await hsm.pay();
      expect(await hsm.settled(id)).toMatchObject({ state: 'UNCERTAIN', signed: null });
      await hsm.revived();
      await hsm.expectSigned(id);
    });
  },
);
