import { createRequire } from 'node:module';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { HDKey } from '@scure/bip32';
import { p2ms, p2wpkh, p2wsh } from '@scure/btc-signer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { Operator } from './operator.ts';

// CommonJS only.
const require = createRequire(import.meta.url);
const { default: SpeculosHttpTransport } = require('@ledgerhq/hw-transport-node-speculos-http');
const { default: Btc } = require('@ledgerhq/hw-app-btc');
const { AppClient, DefaultWalletPolicy, WalletPolicy } = require('ledger-bitcoin');

let emulator: Emulator;
let operator: Operator;
let transport: InstanceType<typeof SpeculosHttpTransport>;

beforeEach(async () => {
  emulator = await startEmulator({ model: 'nanosp', app: 'bitcoin', apiPort: 0 });
  operator = new Operator(emulator.apiUrl);
  const { hostname, port } = new URL(emulator.apiUrl);
  transport = await SpeculosHttpTransport.open({ baseURL: `http://${hostname}`, apiPort: port });
});

afterEach(async () => {
  await transport.close();
  await emulator.close();
});

/** Account 84'/0'/0' of Speculos' default seed. */
const account = HDKey.fromExtendedKey(
  'xpub6DUYn4moKgHkK2d7bXX3mHTPb6XQwRVFRMdZ6ZwLS5u3nonGVpJiFeZiQkHutwdFqxKP75jex8gvVm7ed4euYeDtMnoiF1Cz1z4CeBJYWin',
);
const keyAt = (key: HDKey, branch: number, index: number): Uint8Array =>
  key.deriveChild(branch).deriveChild(index).publicKey ?? new Uint8Array(0);
const addressAt = (branch: number, index: number) => p2wpkh(keyAt(account, branch, index)).address;

/** Whether a signature of a message is the key's (Bitcoin's signed messages). */
function signs(key: Uint8Array, message: string, rs: Uint8Array): boolean {
  const text = new TextEncoder().encode(message);
  const head = new TextEncoder().encode('\x18Bitcoin Signed Message:\n');
  const digest = sha256(sha256(concatBytes(head, Uint8Array.of(text.length), text)));
  return secp256k1.verify(rs, digest, key, { prehash: false });
}

describe('ledger-bitcoin works on it unmodified', () => {
  let client: InstanceType<typeof AppClient>;
  beforeEach(() => {
    client = new AppClient(transport);
  });

  it('reads the fingerprint and keys', async () => {
    expect(await client.getMasterFingerprint()).toBe('f5acc2fd');
    expect(await client.getExtendedPubkey("m/84'/0'/0'")).toBe(account.publicExtendedKey);
    const shown = client.getExtendedPubkey("m/84'/0'/0'", true);
    await operator.sees('Confirm public key');
    await operator.select(/^Approve public key/);
    expect(await shown).toBe(account.publicExtendedKey);
  });

  it('gives the addresses of a default policy', async () => {
    const policy = new DefaultWalletPolicy('wpkh(@0/**)', `[f5acc2fd/84'/0'/0']${account.publicExtendedKey}`);
    expect(await client.getWalletAddress(policy, null, 1, 12, false)).toBe(addressAt(1, 12));
    const shown = client.getWalletAddress(policy, null, 0, 3, true);
    await operator.sees('Verify bitcoin\naddress');
    await operator.select(/^Cancel/);
    await expect(shown).rejects.toMatchObject({ statusCode: 0x6985 });
  });

  it('registers a policy of five keys, and gives its addresses', async () => {
    const own = HDKey.fromExtendedKey(await client.getExtendedPubkey("m/48'/0'/0'/2'"));
    const others = [1, 2, 3, 4].map((i) => HDKey.fromMasterSeed(new Uint8Array(32).fill(i)));
    const keys = [...others.slice(0, 2), own, ...others.slice(2)];
    const texts = keys.map((key) => (key === own ? `[f5acc2fd/48'/0'/0'/2']` : '') + key.publicExtendedKey);
    const policy = new WalletPolicy('Treasury', 'wsh(sortedmulti(3,@0/**,@1/**,@2/**,@3/**,@4/**))', texts);
    const registering = client.registerWallet(policy);
    await operator.sees('Review account\nto register');
    await operator.select(/^Register account/);
    const [id, hmac] = await registering;
    expect(bytesToHex(id)).toBe(bytesToHex(policy.getId()));
    const expected = p2wsh(p2ms(3, keys.map((key) => keyAt(key, 0, 7)).sort(Buffer.compare)));
    expect(await client.getWalletAddress(policy, hmac, 0, 7, false)).toBe(expected.address);
  });

  it('signs a message', async () => {
    const message = 'a'.repeat(200);
    const signing = client.signMessage(Buffer.from(message), "m/84'/0'/0'/0/0");
    await operator.sees('Review message');
    await operator.select(/^Sign message/);
    const signature = Buffer.from(await signing, 'base64');
    expect(signs(keyAt(account, 0, 0), message, signature.subarray(1))).toBe(true);
  });
});

describe('hw-app-btc works on it unmodified', () => {
  let btc: InstanceType<typeof Btc>;
  beforeEach(() => {
    btc = new Btc({ transport, currency: 'bitcoin' });
  });

  it('reads an account’s key', async () => {
    expect(await btc.getWalletXpub({ path: "84'/0'/0'", xpubVersion: 0x0488b21e })).toBe(account.publicExtendedKey);
  });

  it('gives and shows an address', async () => {
    const asking = btc.getWalletPublicKey("84'/0'/0'/0/0", { verify: true, format: 'bech32' });
    await operator.sees('Verify bitcoin\naddress');
    await operator.select(/^Confirm/);
    expect(await asking).toMatchObject({ bitcoinAddress: addressAt(0, 0) });
  });

  it('signs a message', async () => {
    const signing = btc.signMessage("84'/0'/0'/0/0", Buffer.from('hello custody').toString('hex'));
    await operator.sees('Review message');
    await operator.select(/^Sign message/);
    const { r, s } = await signing;
    expect(signs(keyAt(account, 0, 0), 'hello custody', hexToBytes(r + s))).toBe(true);
  });
});
