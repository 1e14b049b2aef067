import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HsmStation } from '../faults/hsm-station.ts';
import { FaultyToken, noFaultyToken, poll } from '../signers/pkcs11/faulty-token.ts';

const skipped = noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`;

describe.skipIf(noFaultyToken !== undefined)(
  `S6: another token, or another key, in the place of the wallet’s${skipped}`,
  () => {
    let token: FaultyToken;
    let hsm: HsmStation;
    beforeEach(async () => {
      token = new FaultyToken(['a1', 'b2']);
      hsm = await HsmStation.open(token);
    });
    afterEach(async () => {
      await hsm.close();
      token.close();
    });

    /** Something is done while the station is down, and it asks anew. */
    const after = async (change: () => void) => {
      await hsm.station.stop();
      change();
      token.faulty.forget();
      hsm.station.start();
      await hsm.station.settle();
    };
    const refused = async (reason: string, message: RegExp) => {
      expect(hsm.readiness()).toMatchObject({ ready: false, reason, message: expect.stringMatching(message) });
      const id = await hsm.pay();
      hsm.station.wake();
      expect(await hsm.settled(id)).toMatchObject({ state: 'PERMITTED', blockedBy: reason, signed: null });
      expect(token.faulty.calls('C_Sign')).toEqual([]);
    };

    it('S6: a token of the same label, with another key under the same CKA_ID: nothing is signed', async () => {
      await after(() => {
        token.replace();
        token.makeKey('a1');
      });
      await refused('hsm-key-unfit', /another key/);
    });

    it('S6: a token of the same label, without the key', async () => {
      await after(() => token.replace());
      await refused('hsm-key-unfit', /not on the token/);
    });

    it('S6: a token of another label', async () => {
      await after(() => {
        token.pull();
        token.makeToken('other');
      });
      await refused('device-missing', /label test/);
    });

    it('S6: two tokens of one label: neither is chosen', async () => {
      await after(() => token.makeToken());
      await refused('hsm-key-unfit', /2 tokens/);
    });

    it('S6: a second key under the CKA_ID', async () => {
      await after(() => void token.makeKey('a1'));
      await refused('hsm-key-unfit', /more than one/);
    });

    it.each([
      ['extractable', '0x162', '01', /CKA_EXTRACTABLE/],
      ['not sensitive', '0x103', '00', /CKA_SENSITIVE/],
      ['not for signing', '0x108', '00', /CKA_SIGN/],
    ])('S6: the key is %s', async (_, type, value, why) => {
      await after(() => token.faulty.cue(`C_GetAttributeValue attribute ${type} ${value}`));
      await refused('hsm-key-unfit', why);
    });

    it('S6: a key that was made extractable, in a real token', async () => {
      await after(() => {
        token.replace();
        token.makeKey('a1', ['--extractable']);
      });
      await refused('hsm-key-unfit', /CKA_EXTRACTABLE/);
    });

    it('S6: swapped while the station runs, and a session was dropped: the new one’s key is looked at before it signs', async () => {
      token.faulty.cue('C_SignInit rv 0x32', 'C_GetSlotList empty');
      const id = await hsm.pay();
      expect(await hsm.settled(id)).toMatchObject({ state: 'UNCERTAIN', blockedBy: 'device-missing' });
      token.replace();
      token.makeKey('a1');
      token.faulty.forget();
      token.faulty.cue();
      await hsm.better(poll);
      expect(await hsm.settled(id)).toMatchObject({ state: 'UNCERTAIN', signed: null });
      expect(hsm.readiness()).toMatchObject({ ready: false, reason: 'hsm-key-unfit' });
      expect(token.faulty.calls('C_Sign')).toEqual([]);
    });
  },
);
