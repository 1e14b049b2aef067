import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Malformed, parseChainId, referenceOfAddress } from '../../../src/domain/index.ts';
import { addressOf, mainnet, masterOf, seeds, testnet4 } from '../../chains/bitcoin/wallets.ts';
import { backOff, deadlines, type Held, hold, several, single } from './emulated.ts';
import { testPath, testWallet } from './wallet.ts';

const sepolia = parseChainId('eip155:11155111', 'chain');
const accountPath = "m/84'/1'/0'";
const noRegistration = { branch: 0, index: 0, registration: null } as const;

let device: Held;
let held: Held[];
async function take(...args: Parameters<typeof hold>): Promise<Held> {
  device = await hold(...args);
  held.push(device);
  return device;
}
beforeEach(() => {
  held = [];
});
afterEach(() => Promise.all(held.map((one) => one.close())));

const registered = async ({ signer, operator }: Held): Promise<Uint8Array> => {
  const registering = signer.register(several);
  await operator.sees('Review account\nto register');
  await operator.select(/^Register account/);
  const registration = await registering;
  if (registration.kind !== 'registered') throw new Error(registration.message);
  return registration.hmac;
};

describe('a key is read from the one device that is connected, and nothing is shown', () => {
  it('an account’s extended key, of Bitcoin', async () => {
    const { signer, operator } = await take('device-1', 'glory');
    const before = await operator.events();
    expect(await signer.readKey(testnet4, { kind: 'derived', path: accountPath })).toEqual({
      kind: 'extended',
      device: 'Ledger, Bitcoin Test 2.4.6',
      fingerprint: 'f5acc2fd',
      xpub: masterOf(seeds.glory, testnet4).derive(accountPath).publicExtendedKey,
    });
    expect(await operator.events()).toEqual(before);
  });

  it('an address’s key, of Ethereum', async () => {
    const { signer } = await take('ledger', 'glory', 'ethereum');
    expect(await signer.readKey(sepolia, { kind: 'derived', path: testPath })).toEqual({
      kind: 'account',
      device: 'Ledger, Ethereum 1.22.0',
      address: referenceOfAddress(testWallet.address),
      publicKey: testWallet.publicKey,
    });
  });

  it('not from one in another app, or that is locked or gone', async () => {
    const { signer, operator } = await take('device-1', 'glory');
    expect(await signer.readKey(sepolia, { kind: 'derived', path: testPath })).toMatchObject({
      kind: 'failed',
      reason: 'device-wrong-app',
    });
    await operator.fault({ kind: 'lock' });
    expect(await signer.readKey(testnet4, { kind: 'derived', path: accountPath })).toMatchObject({
      kind: 'failed',
      reason: 'device-locked',
    });
    await operator.fault({ kind: 'unplug' });
    expect(await signer.readKey(testnet4, { kind: 'derived', path: accountPath })).toMatchObject({
      kind: 'failed',
      reason: 'device-missing',
    });
  });

  it('not where it would have to ask a person, where the library would misread the path, or of the main chain', async () => {
    const { signer } = await take('device-1', 'glory');
    for (const path of ["m/84'/0'/0'", "m/84'/1'/101'", 'm/84h/1h/0h', "m/84'/1'", 'm']) {
      await expect(signer.readKey(testnet4, { kind: 'derived', path: path }), path).rejects.toThrow(Malformed);
    }
    await expect(signer.readKey(mainnet, { kind: 'derived', path: "m/84'/0'/0'" })).rejects.toThrow(
      'test networks only',
    );
    await expect(
      signer.readKey(parseChainId('bip122:11111111111111111111111111111111', 'chain'), {
        kind: 'derived',
        path: accountPath,
      }),
    ).rejects.toThrow('no app of a Ledger signs');
  });
});

describe('a wallet of several keys is registered', () => {
  it('by a person who takes it: the device then knows its addresses', async () => {
    const one = await take('device-1', 'abandon');
    const hmac = await registered(one);
    expect(hmac).toHaveLength(32);
    for (const [branch, index] of [
      [0, 0],
      [1, 60_000],
    ] as const) {
      const showing = one.signer.showAddress(several, { branch, index, registration: hmac });
      await one.operator.sees('Verify bitcoin\naddress');
      await one.operator.select(/^Confirm/);
      expect(await showing).toEqual({ kind: 'shown', address: addressOf(several, branch, index) });
    }
  });

  it('not where they refuse', async () => {
    const { signer, operator } = await take('device-1', 'abandon');
    const registering = signer.register(several);
    await operator.sees('Review account\nto register');
    await operator.select(/^Reject/);
    expect(await registering).toMatchObject({ kind: 'failed', reason: 'device-refused' });
  });

  it('not on a device that has another of the wallet’s keys, or none', async () => {
    const { signer, operator } = await take('device-1', 'glory');
    expect(await signer.register(several)).toMatchObject({ kind: 'failed', reason: 'device-foreign' });
    expect(await operator.screen()).not.toMatch(/^Review/);
  });

  it('not where it has one key, as every device knows that', async () => {
    const { signer } = await take('device-1', 'glory');
    await expect(signer.register(single('wpkh'))).rejects.toThrow('every device knows its policy');
  });

  it('F3: a person who does not decide in time ends it; what nobody waits for any more is not asked again', async () => {
    const { signer, operator, timers } = await take('device-1', 'abandon');
    const registering = signer.register(several);
    await operator.sees('Review account\nto register');
    await timers.goOff(deadlines.sign);
    expect(await registering).toMatchObject({ kind: 'failed', reason: 'device-timeout' });
    expect(
      timers.set.filter((milliseconds) => milliseconds !== backOff && milliseconds !== deadlines.identify),
    ).toEqual([]);
  });
});

describe('an address is compared on the device', () => {
  it('of each script of one key', async () => {
    const { signer, operator } = await take('device-1', 'glory');
    for (const script of ['pkh', 'sh-wpkh', 'wpkh', 'tr'] as const) {
      const showing = signer.showAddress(single(script), { branch: 1, index: 7, registration: null });
      await operator.sees('Verify bitcoin\naddress');
      await operator.select(/^Confirm/);
      expect(await showing, script).toEqual({ kind: 'shown', address: addressOf(single(script), 1, 7) });
    }
  });

  it('of a wallet on Ethereum', async () => {
    const { signer, operator } = await take('ledger', 'glory', 'ethereum');
    const showing = signer.showAddress(testWallet, noRegistration);
    await operator.sees(/^Verify/);
    await operator.select(/^Confirm/);
    expect(await showing).toEqual({ kind: 'shown', address: referenceOfAddress(testWallet.address) });
  });

  it('not where a person finds another one', async () => {
    const { signer, operator } = await take('device-1', 'glory');
    const showing = signer.showAddress(single('tr'), noRegistration);
    await operator.sees('Verify bitcoin\naddress');
    await operator.select(/^Cancel/);
    expect(await showing).toMatchObject({ kind: 'failed', reason: 'device-refused' });
  });

  it('S6: not on another device, and not by another’s registration', async () => {
    const { signer, operator } = await take('device-1', 'abandon');
    expect(await signer.showAddress(single('wpkh'), noRegistration)).toMatchObject({
      kind: 'failed',
      reason: 'device-foreign',
    });
    const foreign = { ...noRegistration, registration: new Uint8Array(32) };
    expect(await signer.showAddress(several, foreign)).toMatchObject({ kind: 'failed', reason: 'device-cannot-show' });
    await expect(signer.showAddress(several, noRegistration)).rejects.toThrow('once it is registered there');
    expect(await operator.screen()).not.toMatch(/^Verify/);
  });

  it('while it is on the screen, nothing else is sent: a check waits', async () => {
    const { signer, operator } = await take('device-1', 'glory');
    const showing = signer.showAddress(single('wpkh'), noRegistration);
    await operator.sees('Verify bitcoin\naddress');
    const order: string[] = [];
    const checking = signer.check(single('wpkh')).then(() => order.push('check'));
    await operator.select(/^Confirm/);
    await showing.then(() => order.push('address'));
    await checking;
    expect(order).toEqual(['address', 'check']);
  });
});
