import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EmulatedStation } from '../../simulators/demo/emulated-station.ts';
import type { Customer } from '../../simulators/exchange/customer.ts';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { makeStation } from '../../src/cli/init.ts';
import { accountKey, bitcoinWallet } from '../../src/dev-ledgers.ts';
import { parseChainId } from '../../src/domain/index.ts';
import { takeAway } from '../../src/main-network.ts';
import { Exchange } from '../e2e/exchange.ts';
import { freePort } from './machine.ts';

const sepolia = 'eip155:11155111';
const regtest = 'bip122:0f9188f13cb7b2c71f2a335e3a4fc328';
const daemon = fileURLToPath(new URL('../../src/daemon.ts', import.meta.url));
const emulatedConfig = 'emulated.yaml';

export const ports = { api: 7443, operators: 7444 } as const;
/** The config of the station in the guest. */
export const configName = 'config.yaml';
/** The same station with a signer that no wallet is on: its devices are listed, and nobody is asked for a key. */
export const doctorName = 'doctor.yaml';
/** The same station with the signer of eth-1 alone: the others' processes take half a minute to start in the guest. */
export const aloneName = 'alone.yaml';

/** How long a person may take on each device: the second's is what a test waits for. */
const reviews = { 'ledger-1': '10m', 'ledger-2': '15s', 'ledger-btc': '10m' } as const;

/** URLs of the emulators that have the wallets' keys. */
export type Emulators = Readonly<Record<'eth-1' | 'eth-2' | 'btc-1', string>>;

interface Parts {
  readonly folder: string;
  readonly emulators: Emulators;
  readonly announcement: EmulatedStation;
  readonly addresses: FoundedStation['addresses'];
}

/**
 * A station of the real daemon's, on real time, in which what ripens takes a second. It is founded, and has its customers enrolled, on
 * this machine, where that is quick, with its Ledgers driven over Speculos' REST; then it is carried into the guest.
 */
export class FoundedStation {
  readonly #folder: string;
  readonly #emulators: Emulators;
  readonly announcement: EmulatedStation;
  /** Of the Ethereum wallets, by their ids. */
  readonly addresses: Readonly<Record<'eth-1' | 'eth-2', string>>;

  private constructor({ folder, emulators, announcement, addresses }: Parts) {
    this.#folder = folder;
    this.#emulators = emulators;
    this.announcement = announcement;
    this.addresses = addresses;
  }

  static async found(emulators: Emulators): Promise<FoundedStation> {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-hid-station-'));
    const station = join(folder, 'station');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const admission = join(folder, 'admission.pem');
    writeFileSync(admission, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    const keys = { 'eth-1': await accountKey(emulators['eth-1']), 'eth-2': await accountKey(emulators['eth-2']) };
    const bitcoin = await bitcoinWallet(emulators['btc-1'], parseChainId(regtest, 'chain'));
    const wallets = Object.entries(keys).map(([id, key], i) => ethereumEntry(id, `ledger-${i + 1}`, key));
    const policy = join(folder, 'policy.yaml');
    writeFileSync(policy, policyDocument(publicKey.export({ format: 'jwk' }).x ?? '', [...wallets, bitcoin.entry]));
    const made = await makeStation({
      folder: station,
      policy,
      trustDomain: undefined,
      names: [],
      config: configDocument('0.0.0.0', ports, usbSigners),
    });
    const others = {
      [doctorName]: '  - { name: any, kind: ledger, transport: hid }',
      [aloneName]: usbSigner('ledger-1'),
    };
    for (const [name, signers] of Object.entries(others))
      writeFileSync(join(station, name), configDocument('0.0.0.0', ports, signers));
    const { entry: _, ...wallet } = bitcoin;
    const addresses = { 'eth-1': addressOfKey(keys['eth-1']), 'eth-2': addressOfKey(keys['eth-2']) };
    const announcement: EmulatedStation = {
      station: made.station,
      address: '',
      operatorsAddress: '',
      config: join(station, emulatedConfig),
      certificates: join(station, takeAway),
      clients: {},
      ports: { api: 0, operators: 0, ledger: 0, bitcoinLedger: 0 },
      ledger: emulators['eth-1'],
      wallet: { id: 'eth-1', chain: sepolia, address: `${sepolia}:${addresses['eth-1']}` },
      bitcoin: { ledger: emulators['btc-1'], wallet },
      operators: {},
      admission: { key: admission, issuer: 'admission.sample.example', kid: 'sample-1' },
      rpId: 'localhost',
      origin: 'http://localhost:7490',
      verifierKey: made.journalKey,
      // Its time is the machine's: what ripens in a second has ripened after two.
      pass: async () => {
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        return new Date();
      },
      operator: () => Promise.reject(new Error('this station has no operators')),
      portcullis: () => Promise.reject(new Error('it is not running where this is asked')),
      close: async () => undefined,
    };
    return new FoundedStation({ folder, emulators, announcement, addresses });
  }

  /** Customers with a ripe passkey and a ripe address each (CAIP-10), by account. It runs on this machine meanwhile. */
  async customers(addresses: Readonly<Record<string, string>>): Promise<Customer[]> {
    const listening = { api: await freePort(), operators: await freePort() };
    const config = join(this.#folder, 'station', emulatedConfig);
    writeFileSync(config, configDocument('127.0.0.1', listening, emulatedSigners(this.#emulators)));
    const process_ = spawn(process.execPath, [daemon, '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => process_.once('close', resolve));
    try {
      await serving(process_, ended);
      const address = `localhost:${listening.api}`;
      const operatorsAddress = `localhost:${listening.operators}`;
      const exchange = new Exchange({ ...this.announcement, address, operatorsAddress });
      try {
        return await exchange.customers(addresses);
      } finally {
        await exchange.close();
      }
    } finally {
      process_.kill('SIGTERM');
      await ended;
      rmSync(config);
    }
  }

  /** All that belongs to the station itself, by its path within its folder. */
  *files(): Iterable<{ readonly path: string; readonly content: Buffer }> {
    const station = join(this.#folder, 'station');
    for (const file of readdirSync(station, { recursive: true, withFileTypes: true })) {
      const path = relative(station, join(file.parentPath, file.name));
      if (file.isFile() && !path.startsWith(`${takeAway}/`)) yield { path, content: readFileSync(join(station, path)) };
    }
  }

  async remove(): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function serving(station: ReturnType<typeof spawn>, ended: Promise<number | null>): Promise<void> {
  const said: string[] = [];
  const { stdout, stderr } = station;
  if (stdout === null || stderr === null) throw new Error('the station has no output');
  await Promise.race([
    new Promise<void>((resolve) => {
      for (const stream of [stdout, stderr])
        createInterface({ input: stream }).on('line', (line) => {
          said.push(line);
          if (line.includes('"event":"serving"')) resolve();
        });
    }),
    ended.then((code) => {
      throw new Error(`the station ended with ${code} before it served:\n${said.join('\n')}`);
    }),
  ]);
}

function ethereumEntry(id: string, signer: string, key: string): string {
  const address = `${sepolia}:${addressOfKey(key)}`;
  return `{ id: ${id}, chain: '${sepolia}', signer: ${signer}, path: "m/44'/60'/0'/0/0", address: '${address}', public_key: '${key}', first_nonce: '0' }`;
}

const policyDocument = (admission: string, wallets: readonly string[]): string => `version: 1
trust_domain: hid.example
approvals: { rp_id: localhost, origins: ['http://localhost:7490'] }
ripening: { factor: 1s, destination: 1s }
evidence: { webauthn: 1, accepts: [device, synced] }
admission:
  - { issuer: admission.sample.example, kid: sample-1, jwk: { kty: OKP, crv: Ed25519, x: '${admission}' } }
chains:
  - { chain: '${sepolia}', max_fee: '10000000000000000', max_fee_per_gas: '500000000000', access_list_entries: 0 }
  - { chain: '${regtest}', max_fee: '1000000', max_fee_per_kvb: '500000', change_gap: 20 }
assets:
  - { asset: '${sepolia}/slip44:60', symbol: ETH, decimals: 18, max_payment: '100000000000000000000' }
  - { asset: '${regtest}/slip44:1', symbol: TBTC, decimals: 8, max_payment: '10000000000' }
wallets:
${wallets.map((entry) => `  - ${entry}`).join('\n')}
nonce_window: 8
`;

const usbSigner = (name: keyof typeof reviews): string =>
  `  - { name: ${name}, kind: ledger, transport: hid, review: ${reviews[name]} }`;
const usbSigners = (['ledger-1', 'ledger-2', 'ledger-btc'] as const).map(usbSigner).join('\n');

const emulatedSigners = (emulators: Emulators): string =>
  Object.entries({ 'ledger-1': emulators['eth-1'], 'ledger-2': emulators['eth-2'], 'ledger-btc': emulators['btc-1'] })
    .map(([name, url]) => `  - { name: ${name}, kind: ledger, transport: speculos, url: '${url}', review: 1m }`)
    .join('\n');

const configDocument = (
  address: string,
  { api, operators }: { readonly api: number; readonly operators: number },
  signers: string,
): string => `version: 1
data: data
policy: policy.yaml
keys: { state: keys/state.key, journal: keys/journal.pem, sealing: [{ file: keys/sealing.key }] }
tls: { ca: keys/ca.pem, certificate: keys/server.pem, key: keys/server.key }
listen: ${address}:${api}
operators_listen: ${address}:${operators}
signers:
${signers}
`;
