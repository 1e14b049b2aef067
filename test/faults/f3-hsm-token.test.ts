import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FaultyToken, noFaultyToken, poll, sign } from '../signers/pkcs11/faulty-token.ts';
import { HsmStation } from './hsm-station.ts';

const skipped = noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`;

describe.skipIf(noFaultyToken !== undefined)(
  `F3: a token that goes away or hangs, in a whole station${skipped}`,
  () => {
    let token: FaultyToken;
    let hsm: HsmStation;
    beforeAll(() => {
      token = new FaultyToken(['a1', 'b2', 'c3']);
    });
    afterAll(() => token.close());
    beforeEach(async () => {
      token.faulty.cue();
      token.faulty.forget();
      hsm = await HsmStation.open(token);
    });
    afterEach(() => hsm.close());

    it('F3: gone before a signature: it waits, health says why, and it is signed by itself when the token is back', async () => {
      await hsm.station.stop();
      token.pull();
      hsm.station.start();
      await hsm.station.settle();
      expect(hsm.readiness()).toMatchObject({ ready: false, reason: 'device-missing' });
      const id = await hsm.pay();
      expect(await hsm.settled(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'device-missing' });
      token.plug();
      await hsm.better(poll);
      await hsm.expectSigned(id);
    });

    it.each(['C_SignInit', 'C_Sign'])(
      'F3: gone during a signature, at %s: uncertain, then the same bytes',
      async (name) => {
        token.faulty.cue(`${name} rv 0x32`, 'C_GetSlotList empty');
        const ids = [await hsm.pay(), await hsm.payBitcoin()];
        for (const id of ids) expect(await hsm.settled(id)).toMatchObject({ state: 'UNCERTAIN', signed: null });
        expect(hsm.readiness()).toMatchObject({ ready: false, reason: 'device-missing' });
        token.faulty.cue();
        await hsm.better(poll);
        for (const id of ids) await hsm.expectSigned(id);
      },
    );

    it('F3: gone after a signature: what was signed stays signed, and the next waits', async () => {
      const first = await hsm.pay(0);
      await hsm.station.settle();
      token.faulty.cue('C_SignInit rv 0x32', 'C_GetSlotList empty');
      const second = await hsm.pay(1);
      await hsm.station.settle();
      await hsm.expectSigned(first);
      expect(hsm.station.custody.transactions.get(second)).toMatchObject({ state: 'UNCERTAIN', signed: null });
    });

    it('F3: hangs: at its deadline it is uncertain, and the next child signs the same bytes', async () => {
      token.faulty.cue('C_Sign count 1 hang');
      const id = await hsm.pay();
      await token.faulty.called('C_Sign', 'hang');
      await hsm.timers.goOff(sign);
      expect(await hsm.settled(id)).toMatchObject({ state: 'UNCERTAIN', blockedBy: 'device-timeout', signed: null });
      await hsm.revived();
      await hsm.expectSigned(id);
    });

    it.each(['close', 'close-all'])(
      'F3: an idle session was dropped (%s): signed at once, nothing is uncertain',
      async (fault) => {
        token.faulty.cue(`C_SignInit count 1 ${fault}`);
        const id = await hsm.pay();
        await hsm.station.settle();
        await hsm.expectSigned(id);
        expect(hsm.ends(id)).toEqual(['permitted', 'sent', 'signed']);
      },
    );
  },
);
