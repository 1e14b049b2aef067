import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmulatedStation } from '../../simulators/demo/emulated-station.ts';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { makeStation, takeAway } from '../../src/cli/init.ts';
import { accountKey, bitcoinWallet } from '../../src/dev-ledgers.ts';
import { parseChainId } from '../../src/domain/index.ts';
import type { Told } from './guest/orders.ts';
import type { Machine } from './machine.ts';

export const sepolia = 'eip155:11155111';
export const regtest = 'bip122:0f9188f13cb7b2c71f2a335e3a4fc328';

/** Where the guest has it. */
export const config = '/station/config.yaml';
/** The same station with a signer that no wallet is on: its devices are listed, and nobody is asked for a key. */
export const doctorConfig = '/station/doctor.yaml';
export const node = '/usr/local/bin/node';
export const ports = { api: 7443, operators: 7444 } as const;

/** How long a person may take on each device: the second's is what a test waits for. */
const reviews = { 'ledger-1': '10m', 'ledger-2': '30s', 'ledger-btc': '10m' } as const;

export interface StationOptions {
  /** The devices of the wallets eth-1, eth-2 and btc-1: their emulators. */
  readonly ledgers: Readonly<Record<'eth-1' | 'eth-2' | 'btc-1', string>>;
  /** Ports of this machine that lead to the guest's. */
  readonly forwarded: typeof ports | { readonly api: number; readonly operators: number };
}

/** A station of the real daemon's, on real time, that lives in the guest; what ripens takes a second. */
export class GuestStation {
  readonly #machine: Machine;
  readonly #folder: string;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  readonly announcement: EmulatedStation;
  readonly addresses: Readonly<Record<'eth-1' | 'eth-2', string>>;
  #ended: { readonly code: number | null; readonly signal: string | null } | undefined;

  private constructor(
    machine: Machine,
    folder: string,
    announcement: EmulatedStation,
    addresses: GuestStation['addresses'],
  ) {
    this.#machine = machine;
    this.#folder = folder;
    this.announcement = announcement;
    this.addresses = addresses;
    machine.onTold((told) => this.#hear(told));
  }

  /** Founds it here, where that is quick, and carries it over: keys, policy and database, each the station's alone. */
  static async found(machine: Machine, { ledgers, forwarded }: StationOptions): Promise<GuestStation> {
    const scratch = mkdtempSync(join(tmpdir(), 'portcullis-hid-station-'));
    const folder = join(scratch, 'station');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const admission = join(scratch, 'admission.pem');
    writeFileSync(admission, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    const keys = { 'eth-1': await accountKey(ledgers['eth-1']), 'eth-2': await accountKey(ledgers['eth-2']) };
    const bitcoin = await bitcoinWallet(ledgers['btc-1'], parseChainId(regtest, 'chain'));
    const wallets = Object.entries(keys).map(([id, key], i) => ethereumEntry(id, `ledger-${i + 1}`, key));
    const policy = join(scratch, 'policy.yaml');
    writeFileSync(policy, policyDocument(publicKey.export({ format: 'jwk' }).x ?? '', [...wallets, bitcoin.entry]));
    const made = await makeStation({
      folder,
      policy,
      trustDomain: undefined,
      names: [],
      config: configDocument(ownSigners),
    });
    for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(file.parentPath, file.name).slice(folder.length);
      if (!file.isFile() || path.startsWith(`/${takeAway}`)) continue;
      const content = readFileSync(join(folder, path)).toString('base64');
      await machine.order({ order: 'put', path: `/station${path}`, content, as: 'station' });
    }
    const alone = Buffer.from(configDocument('  - { name: any, kind: ledger, transport: hid }')).toString('base64');
    await machine.order({ order: 'put', path: doctorConfig, content: alone, as: 'station' });
    const { entry: _, ...wallet } = bitcoin;
    const certificates = join(folder, takeAway);
    const announcement: EmulatedStation = {
      station: made.station,
      address: `localhost:${forwarded.api}`,
      operatorsAddress: `localhost:${forwarded.operators}`,
      config,
      certificates,
      clients: {},
      ports: { ...forwarded, ledger: 0, bitcoinLedger: 0 },
      ledger: ledgers['eth-1'],
      wallet: { id: 'eth-1', chain: sepolia, address: `${sepolia}:${addressOfKey(keys['eth-1'])}` },
      bitcoin: { ledger: ledgers['btc-1'], wallet },
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
      portcullis: async (...args) => {
        const { code = -1, output = '' } = await machine.order({
          order: 'run',
          argv: [node, 'src/cli/main.ts', ...args],
          as: 'station',
        });
        return { code, output };
      },
      close: async () => rmSync(scratch, { recursive: true, force: true }),
    };
    const addresses = { 'eth-1': addressOfKey(keys['eth-1']), 'eth-2': addressOfKey(keys['eth-2']) };
    return new GuestStation(machine, folder, announcement, addresses);
  }

  /** Where it was founded: clients' certificates lie there. */
  get folder(): string {
    return this.#folder;
  }

  /** All that it logged since it was started last. */
  get log(): readonly string[] {
    return this.#lines;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    this.#lines.length = 0;
    this.#ended = undefined;
    await this.#machine.order({
      order: 'start',
      name: 'station',
      argv: [node, 'src/daemon.ts', '--config', config],
      as: 'station',
    });
    await this.logs(/"event":"serving"/);
  }

  /** Ends it as systemd does; resolves to how it ended. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<{ code: number | null; signal: string | null }> {
    await this.#machine.order({ order: 'signal', name: 'station', signal });
    return this.#until(() => this.#ended);
  }

  /** Resolves to the first line, from that number on, that is so; fails where the daemon ends before. */
  logs(line: RegExp, from = 0): Promise<string> {
    return this.#until(() => {
      const found = this.#lines.slice(from).find((one) => line.test(one));
      if (found === undefined && this.#ended !== undefined) {
        throw new Error(`the station ended before it said ${line}:\n${this.#lines.join('\n')}`);
      }
      return found;
    });
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #hear(told: Told): void {
    if (told.name !== 'station') return;
    if (told.told === 'line') this.#lines.push(told.line);
    else this.#ended = told;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
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

const ownSigners = Object.entries(reviews)
  .map(([name, review]) => `  - { name: ${name}, kind: ledger, transport: hid, review: ${review} }`)
  .join('\n');

const configDocument = (signers: string): string => `version: 1
data: data
policy: policy.yaml
keys: { state: keys/state.key, journal: keys/journal.pem, sealing: [{ file: keys/sealing.key }] }
tls: { ca: keys/ca.pem, certificate: keys/server.pem, key: keys/server.key }
listen: 0.0.0.0:${ports.api}
operators_listen: 0.0.0.0:${ports.operators}
signers:
${signers}
`;
