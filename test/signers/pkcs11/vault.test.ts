import { verify } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Vault } from '../../../src/signers/pkcs11/vault.ts';
import { HandTimers } from '../hand-timers.ts';
import { backOff, FaultyToken, noFaultyToken } from './faulty-token.ts';

const skipped = noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`;

describe.skipIf(noFaultyToken !== undefined)(`the station’s own keys in a module that fails${skipped}`, () => {
  let hsm: FaultyToken;
  let vault: Vault;
  beforeAll(() => {
    hsm = new FaultyToken();
  });
  afterAll(() => hsm.close());
  afterEach(() => vault.close());

  it('S7: a signature that is not the key’s is not given out for a checkpoint', async () => {
    hsm.tool('--keypairgen', '--key-type', 'EC:edwards25519', '--id', '0b', '--usage-sign');
    vault = new Vault({
      module: hsm.faulty.module,
      token: { by: 'label', value: hsm.label },
      pin: hsm.pin,
      environment: hsm.bothEnvironments,
      deadline: 20_000,
      timers: new HandTimers(),
      log: () => undefined,
    });
    const publicKey = await vault.noteKey('0b');
    const message = new Uint8Array(Buffer.from('a checkpoint'));
    hsm.faulty.cue('C_Sign count 1 wrong-signature');
    await expect(vault.signNote('0b', publicKey, message)).rejects.toMatchObject({ reason: 'signature-wrong' });
    expect(verify(null, message, publicKey, await vault.signNote('0b', publicKey, message))).toBe(true);
  });

  it('F4: a PIN that was refused is not tried again, nor by a child that is restarted', async () => {
    const timers = new HandTimers();
    const before = hsm.faulty.calls('C_Login').length;
    vault = new Vault({
      module: hsm.faulty.module,
      token: { by: 'label', value: hsm.label },
      pin: '98765432',
      environment: hsm.bothEnvironments,
      deadline: 20_000,
      backOff: () => backOff,
      timers,
      log: () => undefined,
    });
    const refused = () => expect(vault.noteKey('0b')).rejects.toMatchObject({ reason: 'hsm-pin-refused' });
    await refused();
    const [login] = hsm.faulty.calls('C_Login').slice(before);
    process.kill(login?.pid ?? 0, 'SIGKILL');
    await timers.goOff(backOff);
    await refused();
    expect(hsm.faulty.calls('C_Login')).toHaveLength(before + 1);
  });
});
