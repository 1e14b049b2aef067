import { createRequire } from 'node:module';
import { hexToBytes } from '@noble/curves/utils.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { RawTx } from '@scure/btc-signer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { BitcoinAccount } from './bitcoin-account.ts';
import { mapsOf, policyOf } from './bitcoin-client.ts';
import { BitcoinPayment } from './bitcoin-payment.ts';
import { Operator } from './operator.ts';

// CommonJS only: their ES modules lack file endings.
const require = createRequire(import.meta.url);
const { default: SpeculosHttpTransport } = require('@ledgerhq/hw-transport-node-speculos-http');
const { default: Btc } = require('@ledgerhq/hw-app-btc');
const { AppClient } = require('ledger-bitcoin');

const elsewhere = hexToBytes('0014c0cebcd6c3d3ca8c75dc5ec62ebe55330ef910e2');
const plan = {
  coins: [
    { amount: 1_000_000n, change: false, index: 2 },
    { amount: 500_000n, change: true, index: 7 },
  ],
  outputs: [
    { amount: 900_000n, script: elsewhere },
    { amount: 590_000n, own: { change: true, index: 5 } },
  ],
};

let emulator: Emulator;
let operator: Operator;
let transport: InstanceType<typeof SpeculosHttpTransport>;

beforeEach(async () => {
  emulator = await startEmulator({ model: 'nanosp', apiPort: 0, app: 'bitcoin' });
  operator = new Operator(emulator.apiUrl);
  const { hostname, port } = new URL(emulator.apiUrl);
  transport = await SpeculosHttpTransport.open({ baseURL: `http://${hostname}`, apiPort: port });
});

afterEach(async () => {
  await transport.close();
  await emulator.close();
});

async function approve(): Promise<void> {
  await operator.sees('Review transaction\nto send bitcoin');
  await operator.select(/^Sign transaction/);
}

describe('Ledger’s own npm clients sign on it unmodified', () => {
  it.each(['pkh', 'sh(wpkh)', 'wpkh', 'tr'] as const)('ledger-bitcoin: %s', async (kind) => {
    const payment = new BitcoinPayment(new BitcoinAccount(kind), plan);
    const signing = new AppClient(transport).signPsbt(Buffer.from(payment.psbt), policyOf(payment.account), null);
    await approve();
    const signatures = await signing;
    expect(signatures).toHaveLength(2);
    for (const [i, signature] of signatures) expect(payment.verifies(i, signature)).toBe(true);
  });

  it('ledger-bitcoin: a multisignature account, once it is registered', async () => {
    const payment = new BitcoinPayment(new BitcoinAccount('wsh(sortedmulti)'), plan);
    const client = new AppClient(transport);
    const policy = policyOf(payment.account, 'Cold storage');
    const registering = client.registerWallet(policy);
    await operator.sees('Review account\nto register');
    await operator.select(/^Register account/);
    const [, hmac] = await registering;
    const signing = client.signPsbt(Buffer.from(payment.psbt), policy, hmac);
    await approve();
    for (const [i, signature] of await signing) expect(payment.verifies(i, signature)).toBe(true);
  });

  it('hw-app-btc: signPsbtBuffer gives the signatures in a PSBT, or the transaction', async () => {
    const account = new BitcoinAccount('wpkh');
    const payment = new BitcoinPayment(account, plan);
    const known = plan.coins.map(({ change, index }) => {
      const pubkey = Buffer.from(account.publicKey(change, index));
      const hash = Buffer.from(ripemd160(sha256(pubkey))).toString('hex');
      return [hash, { pubkey, path: [...account.path, change ? 1 : 0, index] }] as const;
    });
    const btc = new Btc({ transport, currency: 'bitcoin' });
    const options = { accountPath: "84'/0'/0'", addressFormat: 'bech32', knownAddressDerivations: new Map(known) };
    const first = btc.signPsbtBuffer(Buffer.from(payment.psbt), { ...options, finalizePsbt: false });
    await approve();
    const { inputMaps } = mapsOf((await first).psbt);
    for (const [i, map] of inputMaps.entries()) {
      const [[key, signature] = ['', Buffer.of()]] = [...map].filter(([field]) => field.startsWith('02'));
      expect(payment.verifies(i, { pubkey: Buffer.from(key.slice(2), 'hex'), signature })).toBe(true);
    }
    const second = btc.signPsbtBuffer(Buffer.from(payment.psbt), { ...options, finalizePsbt: true });
    await approve();
    const { witnesses } = RawTx.decode(hexToBytes((await second).tx));
    for (const [i, [signature, pubkey] = []] of (witnesses ?? []).entries()) {
      if (signature === undefined || pubkey === undefined) throw new Error(`input ${i} is not signed`);
      expect(payment.verifies(i, { pubkey: Buffer.from(pubkey), signature: Buffer.from(signature) })).toBe(true);
    }
    expect(witnesses).toHaveLength(2);
  });
});
