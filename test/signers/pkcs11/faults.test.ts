import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseTransactionId } from '../../../src/domain/index.ts';
import type { Pkcs11SignerOptions } from '../../../src/signers/pkcs11/signer.ts';
import type { Outcome, Signer } from '../../../src/signers/signer.ts';
import { type Permit, takeMint } from '../../../src/store/permit.ts';
import type { HandTimers } from '../hand-timers.ts';
import type { FaultyModule } from './faulty-module.ts';
import { backOff, changed, FaultyToken, identify, noFaultyToken, poll, sign } from './faulty-token.ts';

/** util-linux's is on every Debian. */
const noSetpriv = process.env['CI'] !== undefined || existsSync('/usr/bin/setpriv') ? undefined : 'no /usr/bin/setpriv';
function isThere(pid: number): boolean {
  try {
    // A process that ended and that nobody asks after is there all the same, as a zombie.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const mint = takeMint();
const skipped = noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`;

describe.skipIf(noFaultyToken !== undefined)(`a PKCS#11 module that fails${skipped}`, () => {
  let token: FaultyToken;
  let faulty: FaultyModule;
  let signer: Signer;
  let timers: HandTimers;
  let log: string[];
  beforeAll(() => {
    token = new FaultyToken(['a1', 'b2']);
    faulty = token.faulty;
  });
  afterAll(() => token.close());
  beforeEach(() => {
    faulty.cue();
    faulty.forget();
  });
  afterEach(() => signer.close());

  const start = (more: Partial<Pkcs11SignerOptions> = {}) => {
    ({ signer, timers, log } = token.signer(more));
  };

  function permit(digests: readonly Uint8Array[] = [new Uint8Array(randomBytes(32))], key = 'a1'): Permit {
    return mint({
      transaction: parseTransactionId('11'.repeat(32), 'transaction'),
      wallet: token.wallet(key),
      signer: 'hsm',
      unsigned: new Uint8Array(1),
      psbt: null,
      digests,
      registration: null,
      tokenDescriptors: [],
    });
  }

  const isSigned = ({ digests: [digest = new Uint8Array()] }: Permit, outcome: Outcome): boolean =>
    outcome.kind === 'signed' &&
    secp256k1.verify(outcome.signature, digest, Buffer.from(token.publicKey('a1'), 'hex'), {
      prehash: false,
      lowS: true,
    });
  const check = () => signer.check(token.wallet('a1'));
  /** The child is started again after so many restarts before. */
  const restarted = async (restarts = 0) => {
    const again = changed(signer);
    await timers.goOff(backOff + restarts);
    await again;
  };
  const pids = () => new Set(faulty.calls().map(({ pid }) => pid)).size;

  describe('while it is loaded', () => {
    it.each([
      ['load', 'segv', /SIGSEGV/],
      ['C_GetFunctionList', 'segv', /SIGSEGV/],
      ['C_Initialize', 'segv', /SIGSEGV/],
      ['C_Initialize', 'abort', /SIGABRT/],
      ['C_GetSlotList', 'exit', /closed its output|exit 0/],
      ['C_Login', 'segv', /SIGSEGV/],
    ])('F4: %s %s: the wallet is unavailable, the child is started again, and is ready', async (name, fault, why) => {
      faulty.cue(`${name} count 1 ${fault}`);
      start();
      expect(await check()).toMatchObject({ ready: false, reason: 'signer-failed' });
      expect(log.join('\n')).toMatch(why);
      await restarted();
      expect(await check()).toMatchObject({ ready: true });
    });

    it('F4: hangs: it is killed at its deadline', async () => {
      faulty.cue('C_Initialize count 1 hang');
      start();
      const asked = check();
      await faulty.called('C_Initialize', 'hang');
      await timers.goOff(identify);
      expect(await asked).toMatchObject({ ready: false, reason: 'device-timeout' });
      await restarted();
      expect(await check()).toMatchObject({ ready: true });
    });

    it('F4: fails with CKR_GENERAL_ERROR: it says so, and is asked again', async () => {
      faulty.cue('C_Initialize count 1 rv 0x5');
      start();
      expect(await check()).toMatchObject({
        ready: false,
        reason: 'signer-failed',
        message: expect.stringContaining('CKR_GENERAL_ERROR'),
      });
      const news = changed(signer);
      await timers.goOff(poll);
      await news;
      expect(await check()).toMatchObject({ ready: true });
    });

    it('F4: crashes each time: each restart waits longer, until one lives', async () => {
      faulty.cue('C_Initialize count 4 segv');
      start();
      for (let restarts = 0; restarts < 4; restarts++) {
        expect(await check()).toMatchObject({ ready: false, reason: 'signer-failed' });
        await restarted(restarts);
      }
      expect(await check()).toMatchObject({ ready: true });
      expect(pids()).toBe(5);
    });

    it('F4: leaves a process of its own behind: it ends with the child, and another takes its place', async () => {
      faulty.cue('C_GetSlotList count 1 fork');
      start();
      await check();
      const { pid: left } = await faulty.called('C_GetSlotList', 'forked');
      const pid = faulty.calls('C_Initialize')[0]?.pid ?? 0;
      process.kill(pid, 'SIGSEGV');
      await restarted();
      expect(log.join('\n')).toMatch(/SIGSEGV/);
      expect(isThere(left)).toBe(false);
      expect(await check()).toMatchObject({ ready: true });
    });

    it('F4: the PIN in what it writes into the log is left out', async () => {
      faulty.cue(`C_GetSlotList count 1 mutter C_Login(1, 1, "${token.pin}", 4)`);
      start();
      await check();
      expect(log.join('\n')).toContain('C_Login(1, 1, \\"(the PIN)\\", 4)');
      expect(log.join('\n')).not.toContain(token.pin);
    });

    it.skipIf(noSetpriv !== undefined)(
      `F4: hangs while the daemon is killed: it does not outlive that${noSetpriv === undefined ? '' : ` (skipped: ${noSetpriv})`}`,
      async () => {
        start();
        await check();
        faulty.cue('C_Sign hang');
        const asked = JSON.stringify({
          module: faulty.module,
          environment: token.bothEnvironments,
          pin: token.pin,
          label: token.label,
          publicKey: token.publicKey('a1'),
        });
        const daemon = spawn(process.execPath, [fileURLToPath(new URL('daemon-to-kill.ts', import.meta.url)), asked]);
        const { pid } = await faulty.called('C_Sign', 'hang');
        expect(pid).not.toBe(daemon.pid);
        daemon.kill('SIGKILL');
        while (isThere(pid)) await new Promise((resolve) => setImmediate(resolve));
      },
    );

    it('F4: what it prints is no answer', async () => {
      // Killed while it logs in, SoftHSM2 would leave its token's file empty (docs/hsm.md): it never gets there.
      const forged = '{"v":1,"id":1,"result":"failure","reason":"hsm-pin-locked","message":"x"}';
      faulty.cue(`C_Initialize count 1 print ${forged}`, 'C_GetSlotList count 1 hang');
      start();
      expect(await check()).not.toMatchObject({ ready: true });
      expect(log.join('\n')).toMatch(/broke the protocol/);
    });
  });

  describe('while it signs', () => {
    it.each([
      ['segv', /SIGSEGV/],
      ['abort', /SIGABRT/],
      ['exit', /closed its output|exit 0/],
    ])('F4: %s: it is uncertain, and the same bytes are signed by the child that follows', async (fault, why) => {
      start();
      await check();
      faulty.cue(`C_Sign count 1 ${fault}`);
      const asked = permit();
      expect(await signer.sign(asked)).toMatchObject({ kind: 'uncertain', reason: 'device-lost' });
      expect(log.join('\n')).toMatch(why);
      await restarted();
      expect(isSigned(asked, await signer.sign(asked))).toBe(true);
    });

    it('F3: hangs: at its deadline it is uncertain, the child is killed, and the next one signs', async () => {
      start();
      await check();
      faulty.cue('C_Sign count 1 hang');
      const asked = permit();
      const signing = signer.sign(asked);
      const { pid } = await faulty.called('C_Sign', 'hang');
      await timers.goOff(sign);
      expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'device-timeout' });
      await restarted();
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(isSigned(asked, await signer.sign(asked))).toBe(true);
    });

    it('F3: gives CKR_FUNCTION_FAILED: it is uncertain, the child lives, and signs when asked again', async () => {
      start();
      await check();
      faulty.cue('C_Sign count 1 rv 0x6');
      const asked = permit();
      expect(await signer.sign(asked)).toMatchObject({ kind: 'uncertain', reason: 'signer-failed' });
      expect(isSigned(asked, await signer.sign(asked))).toBe(true);
      expect(pids()).toBe(1);
    });

    it('F4: one of many fails: the others are signed', async () => {
      start();
      await check();
      faulty.cue('C_Sign after 5 count 1 rv 0x6');
      const asked = Array.from({ length: 12 }, () => permit());
      const outcomes = await Promise.all(asked.map((one) => signer.sign(one)));
      expect(outcomes.filter(({ kind }) => kind === 'uncertain')).toHaveLength(1);
      const signed = outcomes.filter((outcome, i) => isSigned(asked[i] ?? permit(), outcome));
      expect(signed).toHaveLength(11);
    });

    it.each([
      ['close', 'the session'],
      ['close-all', 'all sessions, and the login with them'],
    ])(
      'F3: the device dropped (%s) %s while nothing was asked: it is opened anew, and nobody notices',
      async (fault) => {
        start();
        await check();
        for (const name of ['C_SignInit', 'C_Sign']) {
          faulty.cue(`${name} count 1 ${fault}`);
          const asked = permit();
          expect(isSigned(asked, await signer.sign(asked))).toBe(true);
        }
        faulty.cue(`C_GetSessionInfo count 1 ${fault}`);
        expect(await check()).toMatchObject({ ready: true });
        expect(pids()).toBe(1);
      },
    );

    it('F3: drops each session at once: it is not tried for ever', async () => {
      start();
      await check();
      faulty.cue('C_SignInit close-all');
      faulty.forget();
      expect(await signer.sign(permit())).toMatchObject({ kind: 'uncertain', reason: 'signer-failed' });
      expect(faulty.calls('C_Login').length).toBeLessThanOrEqual(2);
    });
  });

  describe('a token that goes away', () => {
    it('F3: before a signature: it is missing, and is found again by itself', async () => {
      start();
      faulty.cue('C_GetSlotList empty');
      expect(await check()).toMatchObject({ ready: false, reason: 'device-missing' });
      expect(await signer.sign(permit())).toMatchObject({ kind: 'uncertain', reason: 'device-missing' });
      faulty.cue();
      const news = changed(signer);
      await timers.goOff(poll);
      await news;
      const asked = permit();
      expect(isSigned(asked, await signer.sign(asked))).toBe(true);
    });

    it.each([
      ['CKR_DEVICE_REMOVED', '0x32'],
      ['CKR_TOKEN_NOT_PRESENT', '0xe0'],
    ])('F3: during a signature (%s): it is uncertain, and the same bytes are signed once it is back', async (_, rv) => {
      start();
      await check();
      faulty.cue(`* rv ${rv}`);
      const asked = permit();
      expect(await signer.sign(asked)).toMatchObject({ kind: 'uncertain', reason: 'device-missing' });
      faulty.cue();
      const news = changed(signer);
      await timers.goOff(poll);
      await news;
      expect(isSigned(asked, await signer.sign(asked))).toBe(true);
    });

    it('F3: after a signature: the next is uncertain, what was signed stays signed', async () => {
      start();
      await check();
      const first = permit();
      expect(isSigned(first, await signer.sign(first))).toBe(true);
      faulty.cue('* rv 0x32');
      expect(await signer.sign(permit())).toMatchObject({ kind: 'uncertain', reason: 'device-missing' });
    });

    it('F3: was not there when the module was loaded: it is found once it is there', async () => {
      token.pull();
      start();
      expect(await check()).toMatchObject({ ready: false, reason: 'device-missing' });
      token.plug();
      const news = changed(signer);
      await timers.goOff(poll);
      await news;
      const asked = permit();
      expect(isSigned(asked, await signer.sign(asked))).toBe(true);
    });
  });

  describe('sessions', () => {
    it('F4: leaked until CKR_SESSION_COUNT: it says so, and a new child has none', async () => {
      start();
      // The module closes nothing, and its device takes three.
      const leaky = ['C_CloseSession rv 0', 'C_OpenSession limit 3'];
      faulty.cue(...leaky);
      await check();
      const outcomes: Outcome[] = [];
      for (let i = 0; i < 3; i++) {
        faulty.cue('C_SignInit count 1 rv 0xb3', ...leaky);
        outcomes.push(await signer.sign(permit()));
      }
      expect(outcomes.map(({ kind }) => kind)).toEqual(['signed', 'signed', 'uncertain']);
      expect(outcomes[2]).toMatchObject({ message: expect.stringContaining('CKR_SESSION_COUNT') });
      await restarted();
      const asked = permit();
      expect(isSigned(asked, await signer.sign(asked))).toBe(true);
      expect(pids()).toBe(2);
    });
  });

  describe('a PIN that is refused', () => {
    it.each([
      ['wrong', '0xa0', 'hsm-pin-refused'],
      ['locked', '0xa4', 'hsm-pin-locked'],
      ['expired', '0xa3', 'hsm-pin-refused'],
    ])(
      'F4: %s: it is said, and never tried again: not by a check, a signature, nor a child that is restarted',
      async (...of) => {
        const [, rv, reason] = of;
        faulty.cue(`C_Login rv ${rv}`);
        start();
        expect(await check()).toMatchObject({ ready: false, reason });
        expect(await check()).toMatchObject({ ready: false, reason });
        expect(await signer.sign(permit())).toMatchObject({ kind: 'uncertain', reason });
        const [call] = faulty.calls('C_Login');
        process.kill(call?.pid ?? 0, 'SIGKILL');
        await restarted();
        expect(await check()).toMatchObject({ ready: false, reason });
        expect(await signer.sign(permit())).toMatchObject({ kind: 'uncertain', reason });
        expect(faulty.calls('C_Login')).toHaveLength(1);
      },
    );

    it.each([
      ['locked', '0x00040000', 'hsm-pin-locked', 'is locked'],
      ['wrong all but once', '0x00020000', 'hsm-pin-refused', 'it is not tried'],
    ])('F4: that the token says was %s is not tried at all', async (_, flag, reason, message) => {
      faulty.cue(`C_GetTokenInfo flags ${flag}`);
      start();
      expect(await check()).toMatchObject({ ready: false, reason, message: expect.stringContaining(message) });
      expect(await signer.sign(permit())).toMatchObject({ kind: 'uncertain', reason });
      expect(faulty.calls('C_Login')).toEqual([]);
    });

    it('F4: that was wrong before, but not all but once, is tried', async () => {
      faulty.cue('C_GetTokenInfo flags 0x00010000');
      start();
      expect(await check()).toMatchObject({ ready: true });
    });

    it('F4: of several children, one alone tries it', async () => {
      faulty.cue('C_Login rv 0xa0');
      start({ processes: 3 });
      const asked = await Promise.all([check(), check(), signer.sign(permit()), signer.sign(permit()), check()]);
      for (const one of asked) expect(one).toMatchObject({ reason: 'hsm-pin-refused' });
      expect(faulty.calls('C_Login')).toHaveLength(1);
    });

    it('F4: and the module crashes over it, before it is told: it is not tried by the child that follows', async () => {
      faulty.cue('C_Login rv 0xa0', 'C_CloseSession segv', 'C_GetSessionInfo segv');
      start();
      expect(await check()).toMatchObject({ ready: false });
      expect(await check()).toMatchObject({ ready: false, reason: 'hsm-pin-refused' });
      expect(faulty.calls('C_Login')).toHaveLength(1);
    });

    it('F4: a real token’s, with a real wrong PIN', async () => {
      start({ pin: '4321' });
      expect(await check()).toMatchObject({ ready: false, reason: 'hsm-pin-refused' });
      expect(await check()).toMatchObject({ ready: false, reason: 'hsm-pin-refused' });
      expect(faulty.calls('C_Login').map(({ outcome }) => outcome)).toEqual(['0xa0']);
    });
  });
});
