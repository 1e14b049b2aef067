import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { objectBytesMost, objectsMost } from '../../../src/signers/pkcs11/protocol.ts';
import { Vault } from '../../../src/signers/pkcs11/vault.ts';
import { HandTimers } from '../hand-timers.ts';
import { backOff, FaultyToken, noFaultyToken } from './faulty-token.ts';

const skipped = noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.skipIf(noFaultyToken !== undefined)(`what the station keeps in a token besides keys${skipped}`, () => {
  let hsm: FaultyToken;
  let vault: Vault;
  let timers: HandTimers;
  beforeAll(() => {
    hsm = new FaultyToken();
  });
  afterAll(() => hsm.close());
  afterEach(() => vault.close());

  const open = (): void => {
    timers = new HandTimers();
    vault = new Vault({
      module: hsm.faulty.module,
      token: { by: 'label', value: hsm.label },
      pin: hsm.pin,
      environment: hsm.bothEnvironments,
      deadline: 20_000,
      backOff: () => backOff,
      timers,
      log: () => undefined,
    });
  };
  const read = async (label: string) =>
    (await vault.readData(label)).map((one) => new TextDecoder().decode(one)).sort();

  it('is read by its label, and what comes instead of another takes its place', async () => {
    open();
    expect(await read('a')).toEqual([]);
    await vault.keepData('a', bytes('one'), []);
    await vault.keepData('a', bytes('two'), []);
    await vault.keepData('b', bytes('one'), []);
    expect(await read('a')).toEqual(['one', 'two']);
    await vault.keepData('a', bytes('three'), [bytes('one'), bytes('not there')]);
    expect(await read('a')).toEqual(['three', 'two']);
    // The same again is no second object, and is not dropped for itself.
    await vault.keepData('a', bytes('three'), [bytes('three'), bytes('two')]);
    expect([await read('a'), await read('b')]).toEqual([['three'], ['one']]);
    // For whoever looks from outside, logged in.
    expect(hsm.tool('--read-object', '--type', 'data', '--label', 'a').toString()).toBe('three');
    const listed = hsm.tool('--list-objects', '--type', 'data').toString();
    expect(listed.match(/application: +'portcullis'/g)).toHaveLength(2);
    expect(listed).toMatch(/private/);
  });

  it('I9: is there whenever the module crashes: the old one, or both, and the next time the new one alone', async () => {
    open();
    await vault.keepData('crash', bytes('old'), []);
    hsm.faulty.cue('C_CreateObject count 1 segv');
    await expect(vault.keepData('crash', bytes('new'), [bytes('old')])).rejects.toMatchObject({
      reason: 'signer-failed',
    });
    await timers.goOff(backOff);
    expect(await read('crash')).toEqual(['old']);
    hsm.faulty.cue('C_DestroyObject count 1 segv');
    await expect(vault.keepData('crash', bytes('new'), [bytes('old')])).rejects.toMatchObject({
      reason: 'signer-failed',
    });
    await timers.goOff(backOff);
    expect(await read('crash')).toEqual(['new', 'old']);
    await vault.keepData('crash', bytes('new'), [bytes('old')]);
    expect(await read('crash')).toEqual(['new']);
  });

  it('is refused where the token says no, and where there is more than the station ever puts there', async () => {
    open();
    hsm.faulty.cue('C_CreateObject count 1 rv 0x31');
    await expect(vault.keepData('full', bytes('one'), [])).rejects.toMatchObject({
      message: expect.stringContaining('CKR_DEVICE_MEMORY'),
    });
    for (let i = 0; i < objectsMost; i++) await vault.keepData('full', bytes(`log ${i}`), []);
    await expect(vault.keepData('full', bytes('one more'), [])).rejects.toMatchObject({
      message: expect.stringContaining(`more than ${objectsMost} data objects full`),
    });
    await vault.keepData('full', bytes('instead'), [bytes('log 0')]);
    expect(await read('full')).toHaveLength(objectsMost);
    const most = new Uint8Array(objectBytesMost).fill(0x61);
    await vault.keepData('large', most, []);
    expect(await vault.readData('large')).toEqual([most]);
  });
});
