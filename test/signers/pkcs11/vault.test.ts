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

  it('F4: a PIN that was refused is not tried again, nor by a child that is restarted', async () => {
    const timers = new HandTimers();
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
    const [login] = hsm.faulty.calls('C_Login');
    process.kill(login?.pid ?? 0, 'SIGKILL');
    await timers.goOff(backOff);
    await refused();
    expect(hsm.faulty.calls('C_Login')).toHaveLength(1);
  });
});
