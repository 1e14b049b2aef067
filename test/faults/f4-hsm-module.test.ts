import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FaultyToken, identify, noFaultyToken } from '../signers/pkcs11/faulty-token.ts';
import { HsmStation } from './hsm-station.ts';

const skipped = noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`;

describe.skipIf(noFaultyToken !== undefined)(`F4: an HSM’s module that fails, in a whole station${skipped}`, () => {
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

  it('signs for both chains where nothing fails', async () => {
    const ids = [await hsm.pay(), await hsm.payBitcoin()];
    await hsm.station.settle();
    for (const id of ids) {
      await hsm.expectSigned(id);
      expect(hsm.ends(id)).toEqual(['permitted', 'sent', 'signed']);
    }
    expect(hsm.readiness()).toMatchObject({ ready: true });
  });

  it.each(['segv', 'abort'])('F4: %s at a signature: uncertain, and then the same bytes are signed', async (fault) => {
    token.faulty.cue(`C_Sign count 1 ${fault}`);
    const id = await hsm.pay();
    expect(await hsm.settled(id)).toMatchObject({ state: 'UNCERTAIN', blockedBy: 'device-lost', signed: null });
    expect(hsm.readiness()).toMatchObject({ ready: false, reason: 'device-lost' });
    await hsm.revived();
    await hsm.expectSigned(id);
    expect(hsm.readiness()).toMatchObject({ ready: true });
  });

  it('F4: segv between the inputs of one transaction: no half of it is released, and then the whole', async () => {
    token.faulty.cue('C_Sign after 1 count 1 segv');
    const id = await hsm.payBitcoin();
    expect(await hsm.settled(id)).toMatchObject({ state: 'UNCERTAIN', signed: null });
    await hsm.revived();
    await hsm.expectSigned(id);
  });

  it('F4: while the module is down, what is asked for waits, and is signed when it is back', async () => {
    token.faulty.cue('C_Sign count 1 segv', 'C_Initialize count 2 segv');
    const first = await hsm.pay(0);
    await hsm.station.settle();
    const second = await hsm.pay(1);
    expect(await hsm.settled(second)).toMatchObject({
      signed: null,
      state: expect.stringMatching(/PERMITTED|UNCERTAIN/),
    });
    await hsm.revived();
    expect(hsm.readiness()).toMatchObject({ ready: false, reason: 'signer-failed' });
    await hsm.revived();
    await hsm.revived();
    for (const id of [first, second]) await hsm.expectSigned(id);
  });

  it('F4: a PIN that was refused is tried once, however much waits for it', async () => {
    await hsm.station.stop();
    token.faulty.cue('C_Login rv 0xa4');
    token.faulty.forget();
    hsm.station.start();
    await hsm.station.settle();
    expect(hsm.readiness()).toMatchObject({ ready: false, reason: 'hsm-pin-locked' });
    const id = await hsm.pay();
    hsm.station.wake();
    expect(await hsm.settled(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'hsm-pin-locked' });
    expect(token.faulty.calls('C_Login')).toHaveLength(1);
    // People had it unlocked, and started the station anew.
    token.faulty.cue();
    await hsm.station.restart();
    await hsm.station.settle();
    await hsm.expectSigned(id);
  });

  it('F4: hangs at the start: the daemon lives, health says why, and what came before goes on later', async () => {
    await hsm.station.stop();
    token.faulty.cue('C_Initialize count 1 hang');
    hsm.station.start();
    await token.faulty.called('C_Initialize', 'hang');
    const id = await hsm.pay();
    await hsm.timers.goOff(identify);
    await hsm.station.settle();
    expect(hsm.readiness()).toMatchObject({ ready: false, message: expect.stringContaining('in time') });
    await hsm.revived();
    await hsm.expectSigned(id);
  });

  const many = 48;

  it.each(['SIGSEGV', 'SIGKILL'] as const)(
    'F4: %s of the child under load: nothing is lost, nothing doubled',
    async (signal) => {
      const nonces = Array.from({ length: many }, (_, nonce) => nonce);
      for (const nonce of nonces) await hsm.authorize(nonce);
      // Twice, in the midst of a signature: the fifth, and the second of the child that follows; so do others of its batch.
      token.faulty.cue('C_Sign after 6 count 1 hang', 'C_Sign after 4 count 1 hang');
      const sent = Promise.all(nonces.map((nonce) => hsm.send(nonce)));
      for (const times of [1, 2]) {
        const { pid } = await token.faulty.called('C_Sign', 'hang', times);
        const revived = hsm.restarted();
        process.kill(pid, signal);
        await revived;
      }
      const ids = await sent;
      for (let round = 0; round < 8; round++) {
        hsm.station.wake();
        await hsm.station.settle();
      }

      for (const id of ids) await hsm.expectSigned(id);
      expect(new Set(ids).size).toBe(many);
      expect(ids.map((id) => hsm.nonceOf(id))).toEqual(nonces);
      // It did strike: some were uncertain, and no few.
      const uncertain = ids.filter((id) => hsm.ends(id).includes('uncertain'));
      expect(uncertain.length).toBeGreaterThan(4);
      expect(hsm.station.custody.operators.station().freezes).toEqual([]);
      expect(hsm.station.fatal).toEqual([]);
    },
    90_000,
  );
});
