import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onScreen } from '../../src/custody/chain.ts';
import { Keyring, sealedUnder, sealingKeyId } from '../../src/custody/seal.ts';
import { registrableOn, registrationOf } from '../../src/custody/wallet-registration.ts';
import {
  type ChainId,
  type DerivedScriptWallet,
  Malformed,
  parseChainId,
  parseWalletId,
  Refusal,
} from '../../src/domain/index.ts';
import { parseLeaf } from '../../src/journal/leaf.ts';
import { mainnet, regtest, seeds, signet, testnet4, walletOf } from '../chains/bitcoin/wallets.ts';
import { findings, tamper } from './audit-station.ts';
import { BitcoinStation, bitcoin, coin, payees, to } from './bitcoin-station.ts';
import { chain, type TestStation, walletId } from './station.ts';
import { accountKey, TestDevice } from './test-device.ts';

const who = 'olivia';
let station: TestStation;
let devices: Record<'fake' | 'fake-2' | 'fake-3', TestDevice>;
let inPolicy: DerivedScriptWallet;
let opened: BitcoinStation;

beforeEach(async () => {
  devices = {
    fake: new TestDevice('fake', seeds.abandon),
    'fake-2': new TestDevice('fake-2', seeds.glory),
    'fake-3': new TestDevice('fake-3', seeds.zoo),
  };
  opened = await BitcoinStation.open({
    signer: devices.fake,
    otherSigners: [devices['fake-2'], devices['fake-3']],
  });
  ({ station } = opened);
  inPolicy = opened.wallet('btc-multi');
});
afterEach(() => station.close());

const wallets = () => station.custody.wallets;
/** Not in policy; of the same keys as one that is, unless told otherwise. */
const other = (threshold = 1, id = 'later'): DerivedScriptWallet => {
  const made = walletOf({ script: 'wsh-sortedmulti', chain: regtest, threshold });
  const signers = ['fake', 'fake-2', 'fake-3'];
  return { ...made, id: parseWalletId(id, 'id'), keys: made.keys.map((k, i) => ({ ...k, signer: signers[i] ?? '' })) };
};
const single = (): DerivedScriptWallet => {
  const found = station.policy.wallets.get(parseWalletId('btc-1', 'id'));
  if (found?.kind !== 'script' || !found.derives) throw new Error('policy has no wallet btc-1');
  return found;
};
/** What a permit would take along. */
const inFull = (wallet: DerivedScriptWallet, signer = 'fake'): Uint8Array | undefined =>
  registrationOf(
    { store: station.store, sealing: new Keyring(station.sealingKeys), reading: (read) => read() },
    wallet,
    signer,
  );

async function refusal(asked: Promise<unknown>): Promise<Refusal> {
  const error = await asked.then(
    () => new Error('it was not refused'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof Refusal) return error;
  throw error;
}

describe('a signer’s key', () => {
  it('is read as the device has it, of either chain', async () => {
    const path = "m/84'/1'/0'";
    const [key] = walletOf({ script: 'wpkh', chain: regtest }).keys;
    const { fingerprint, xpub } = key ?? {};
    expect(await wallets().readKey({ signer: 'fake', chain: regtest, place: { kind: 'derived', path } })).toEqual({
      ...{ kind: 'extended', device: 'Ledger, Bitcoin Test 2.4.6', fingerprint, xpub },
    });
    const account = await wallets().readKey({
      signer: 'fake',
      chain: parseChainId(chain, ''),
      place: { kind: 'derived', path: "m/44'/60'/0'/0/0" },
    });
    expect(account).toMatchObject({ address: `${chain}:${accountKey.address}`, publicKey: accountKey.publicKey });
  });

  it('is no key where the device gives an address that is none', async () => {
    devices.fake.readKey = async () => ({ ...accountKey, kind: 'account', device: '', address: '0x5aaeb6' });
    const asked = wallets().readKey({
      signer: 'fake',
      chain: parseChainId(chain, ''),
      place: { kind: 'derived', path: "m/44'/60'/0'/0/0" },
    });
    expect(await refusal(asked)).toMatchObject({ reason: 'signer-failed' });
  });

  it('a signer that the config lacks is named, with those that it has', async () => {
    const asked = wallets().readKey({
      signer: 'vault',
      chain: regtest,
      place: { kind: 'derived', path: "m/84'/1'/0'" },
    });
    expect((await refusal(asked)).message).toBe('signer: the config names no signer vault, only fake, fake-2, fake-3');
  });

  it('what a signer throws is a reason, and a line of the log', async () => {
    devices.fake.answer = 'throws';
    const asked = wallets().readKey({
      signer: 'fake',
      chain: regtest,
      place: { kind: 'derived', path: "m/84'/1'/0'" },
    });
    expect(await refusal(asked)).toMatchObject({ reason: 'signer-failed', message: 'fake: a test fault' });
    expect(station.events).toContain('signer-failed');
  });
});

describe('registering a wallet on a device', () => {
  it('keeps what the device gave, sealed, and tells nobody; it is found for the wallet by what it says', async () => {
    const registrable = registrableOn(inPolicy, 'fake');
    const told = await wallets().register({ wallet: inPolicy, signer: 'fake', who });
    expect(told).toEqual(registrable);
    const hmac = devices.fake.hmacOf(inPolicy);
    expect(inFull(inPolicy)).toEqual(hmac);
    const bytes = Buffer.concat([station.file, `${station.file}-wal`].map((file) => readFileSync(file)));
    expect(bytes.includes(Buffer.from(hmac))).toBe(false);
    expect(JSON.stringify([told, station.details])).not.toContain(Buffer.from(hmac).toString('hex'));
    // Nothing else is registered by it: no other signer of the wallet, no other wallet of the same keys.
    expect([inFull(inPolicy, 'fake-2'), inFull(other()), inFull(single())]).toEqual([undefined, undefined, undefined]);
    await station.restart();
    expect(inFull(inPolicy)).toEqual(hmac);
  });

  it('I5: leaves an entry that says who, which wallet, which device', async () => {
    const { walletPolicy, fingerprint } = await wallets().register({ wallet: other(), signer: 'fake-2', who });
    const [entry] = station.custody.journal.entries(station.custody.journal.size() - 1, 1);
    const { kind, fields } = parseLeaf(entry?.leaf ?? new Uint8Array());
    expect({ kind, fields }).toEqual({
      kind: 'wallet-registered',
      fields: { wallet: 'later', signer: 'fake-2', fingerprint, wallet_policy: walletPolicy, who },
    });
  });

  it('is done before policy names the wallet, or after: the wallet’s id and keys count', async () => {
    await wallets().register({ wallet: other(2, 'btc-multi'), signer: 'fake', who });
    expect(inFull(inPolicy)).toEqual(devices.fake.hmacOf(inPolicy));
    expect(inFull(other(2, 'renamed'))).toBeUndefined();
    const [view] = station.custody.operators.station().wallets.filter(({ id }) => id === 'btc-multi');
    expect(view?.signers.map(({ signer, registered }) => [signer, registered])).toEqual([
      ['fake', true],
      ['fake-2', false],
      ['fake-3', false],
    ]);
  });

  it('lets a transaction go on that waits for it, without anybody asking again', async () => {
    for (const device of Object.values(devices)) device.registers = true;
    const [alice] = await opened.customers({ alice: payees.wpkh });
    await alice?.authorize('w-1', { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 10_000n });
    const outputs = [to(payees.wpkh, 50_000n), { index: 0, amount: 99_945_000n }];
    const asked = await opened.pay(['w-1'], { coins: [coin(0)], outputs }, { wallet: 'btc-multi' });
    expect(await opened.settled(asked)).toMatchObject({ state: 'PERMITTED', blockedBy: 'wallet-unregistered' });
    for (const signer of ['fake-3', 'fake'] as const) await wallets().register({ wallet: inPolicy, signer, who });
    expect(await opened.settled(asked)).toMatchObject({ state: 'SIGNED' });
    const proofs = [devices.fake, devices['fake-3']].map(({ seen }) => seen.map(({ registration }) => registration));
    expect(proofs).toEqual([[devices.fake.hmacOf(inPolicy)], [devices['fake-3'].hmacOf(inPolicy)]]);
  });

  it('is done again where a device took another’s place: the newest counts', async () => {
    await wallets().register({ wallet: inPolicy, signer: 'fake', who });
    const fresh = new Uint8Array(32).fill(9);
    devices.fake.hmacOf = () => fresh;
    await wallets().register({ wallet: inPolicy, signer: 'fake', who });
    expect(inFull(inPolicy)).toEqual(fresh);
    expect(findings(station.file, { stateKey: station.stateKey, logKey: station.verifierKey })).toEqual([]);
  });

  it('refused on the device: that is told, and nothing is kept', async () => {
    devices['fake-2'].answer = 'refuses';
    const asked = wallets().register({ wallet: inPolicy, signer: 'fake-2', who });
    const { reason, message } = await refusal(asked);
    expect([reason, message]).toEqual(['device-refused', 'fake-2: the device answered 6985']);
    expect(inFull(inPolicy, 'fake-2')).toBeUndefined();
  });

  it('is nothing for a wallet of one key, of an account, or without a key on the signer', async () => {
    const account = station.policy.wallets.get(walletId);
    if (account === undefined) throw new Error('policy has no such wallet');
    for (const wallet of [single(), account])
      expect(await refusal(wallets().register({ wallet, signer: 'fake', who }))).toMatchObject({ field: 'wallet' });
    const foreign = wallets().register({ wallet: single(), signer: 'fake-2', who });
    expect((await refusal(foreign)).message).toBe('signer: wallet btc-1 has no key on fake-2, but on fake');
    expect(devices.fake.asked).toEqual([]);
  });

  it('D4: a row of it that is deleted or forged is found by the audit', async () => {
    const { walletPolicy, fingerprint } = await wallets().register({ wallet: inPolicy, signer: 'fake', who });
    const row = `registrations ${walletPolicy}:${fingerprint}`;
    tamper(station.file, "UPDATE registrations SET signer = 'fake-2'");
    expect(findings(station.file, { stateKey: station.stateKey })).toEqual([
      `row-contradicts ${row}`,
      `row-forged ${row}`,
    ]);
    // Put back as if an earlier entry had told of it.
    tamper(station.file, "UPDATE registrations SET signer = 'fake', leaf = 0");
    expect(findings(station.file)).toEqual([`row-older ${row}`, `row-untold ${row}`]);
    tamper(station.file, 'DELETE FROM registrations');
    expect(findings(station.file)).toEqual([`row-missing ${row}`]);
  });

  it('is sealed anew when the sealing key changed', async () => {
    await wallets().register({ wallet: inPolicy, signer: 'fake', who });
    const before = inFull(inPolicy);
    const fresh = new Uint8Array(randomBytes(32));
    station.sealingKeys = [fresh, ...station.sealingKeys];
    station.laters.length = 0;
    await station.restart();
    expect(station.custody.operators.station().sealing.former).toMatchObject([{ missing: false, sealed: 1 }]);
    for (let left = 5; left > 0 && station.laters.length > 0; left--) {
      station.laters.shift()?.();
      await station.store.decide({}, () => ({ result: undefined }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const key = Object.values(registrableOn(inPolicy, 'fake') ?? {}).join(':');
    expect(sealedUnder(station.store.read('registrations', key)?.hmac ?? new Uint8Array())).toBe(sealingKeyId(fresh));
    expect(inFull(inPolicy)).toEqual(before);
    expect(station.custody.operators.station().sealing.former).toMatchObject([{ missing: false, sealed: 0 }]);
  });
});

describe('without the key that it was sealed under', () => {
  it('a registration says which key is missed, and is not used', async () => {
    await wallets().register({ wallet: inPolicy, signer: 'fake', who });
    const [was = new Uint8Array()] = station.sealingKeys;
    station.sealingKeys = [new Uint8Array(randomBytes(32))];
    await station.restart();
    expect(station.custody.operators.station().sealing.former).toEqual([
      { key: sealingKeyId(was), missing: true, sealed: 1 },
    ]);
    expect(() => inFull(inPolicy)).toThrow(Refusal);
    const [view] = station.custody.operators.station().wallets.filter(({ id }) => id === 'btc-multi');
    expect(view?.signers[0]?.registered).toBe(true);
  });
});

describe('an address as devices spell it', () => {
  it('is the main chain’s own, and testnet’s of every test network', () => {
    const spelt = (chain: ChainId): string => onScreen(walletOf({ script: 'tr', chain }).address);
    expect(spelt(mainnet)).toMatch(/^bc1p/);
    for (const chain of [testnet4, signet, regtest]) expect(spelt(chain)).toMatch(/^tb1p/);
    expect(new Set([testnet4, signet, regtest].map(spelt)).size).toBe(1);
  });
});

describe('showing a wallet’s address on a device', () => {
  const at = (branch: 0 | 1, index: number) => ({ branch, index });

  it('resolves with the address that the station derives, as the device spelt it', async () => {
    const shown = await wallets().showAddress({ wallet: single(), signer: 'fake', ...at(0, 0) });
    expect(shown.address).toBe(single().address);
    // The app writes every test network's addresses as testnet's.
    expect(shown.address).toMatch(/:bcrt1q/);
    expect(shown.shown).toMatch(/^tb1q/);
    const account = station.policy.wallets.get(walletId);
    if (account === undefined) throw new Error('policy has no such wallet');
    const { address, shown: same } = await wallets().showAddress({ wallet: account, signer: 'fake', ...at(0, 0) });
    expect(address.endsWith(`:${same}`)).toBe(true);
  });

  it('a device that shows another address is told as such, with both', async () => {
    devices.fake.answer = 'shows another';
    const asked = await refusal(wallets().showAddress({ wallet: single(), signer: 'fake', ...at(1, 4) }));
    expect(asked.reason).toBe('device-address-differs');
    expect(asked.message).toMatch(/^fake showed tb1q\w+, and btc-1 has tb1q\w+ there$/);
    expect(asked.details['shown']).not.toBe(asked.details['expected']);
    expect(station.events).toContain('device-address-differs');
  });

  it('a wallet of several keys is shown with the proof of its registration, and not before it has one', async () => {
    const show = () => wallets().showAddress({ wallet: inPolicy, signer: 'fake-3', ...at(0, 2) });
    const { reason, message } = await refusal(show());
    expect([reason, message]).toEqual([
      'wallet-unregistered',
      'btc-multi is not registered on fake-3: have it registered there first',
    ]);
    await wallets().register({ wallet: inPolicy, signer: 'fake-3', who });
    await show();
    const proof = Buffer.from(devices['fake-3'].hmacOf(inPolicy)).toString('hex');
    expect(devices['fake-3'].asked.at(-1)).toBe(`show btc-multi /0/2 with ${proof}`);
  });

  it('refuses places that a wallet doesn’t have, before anybody is asked', async () => {
    const account = station.policy.wallets.get(walletId);
    if (account === undefined) throw new Error('policy has no such wallet');
    for (const [wallet, place, field] of [
      [account, at(1, 0), 'branch'],
      [account, at(0, 1), 'index'],
      [single(), at(0, 2 ** 31), 'index'],
    ] as const) {
      const asked = await refusal(wallets().showAddress({ wallet, signer: 'fake', ...place }));
      expect(asked).toBeInstanceOf(Malformed);
      expect(asked).toMatchObject({ field });
    }
    expect(devices.fake.asked).toEqual([]);
  });

  it('refused on the device: that is told', async () => {
    devices.fake.answer = 'refuses';
    const asked = wallets().showAddress({ wallet: single(), signer: 'fake', ...at(0, 0) });
    expect(await refusal(asked)).toMatchObject({ reason: 'device-refused', details: { signer: 'fake' } });
  });
});
