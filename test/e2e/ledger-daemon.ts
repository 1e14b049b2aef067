import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import { operatorCeremony } from '../../simulators/authenticator/operator-key.ts';
import { AdmissionAuthority } from '../../simulators/exchange/admission-authority.ts';
import { Courier } from '../../simulators/exchange/courier.ts';
import { Customer } from '../../simulators/exchange/customer.ts';
import { enrol } from '../../simulators/exchange/enrol.ts';
import { connect } from '../../simulators/exchange/station-client.ts';
import { whitelist } from '../../simulators/exchange/whitelist.ts';
import { type Emulator, startEmulator } from '../../simulators/ledger/emulator.ts';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { makeStation } from '../../src/cli/init.ts';
import {
  entryText,
  operatorCreationOptions,
  operatorEntry,
  operatorOrigin,
  operatorPort,
} from '../../src/custody/operator-key.ts';
import { accountKey } from '../../src/dev-ledgers.ts';
import { parseOperatorName } from '../../src/domain/index.ts';
import { DestinationServiceClient } from '../../src/generated/portcullis/v1/destination.ts';
import { FactorServiceClient } from '../../src/generated/portcullis/v1/factor.ts';
import { JournalServiceClient } from '../../src/generated/portcullis/v1/journal.ts';
import { TransactionServiceClient } from '../../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceClient } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { takeAway } from '../../src/main-network.ts';
import { type Ran, ran } from '../cli/station.ts';
import { chainId, payee } from './exchange.ts';

const chain = `eip155:${chainId}`;
const origin = 'http://localhost:7490';
const daemon = fileURLToPath(new URL('../../src/daemon.ts', import.meta.url));
const approveAll = new URL('../../simulators/ledger/approve-all.json', import.meta.url);

/** What an exchange has open, on one life of the station. */
export interface Open {
  readonly withdrawals: WithdrawalServiceClient;
  readonly transactions: TransactionServiceClient;
  readonly journal: JournalServiceClient;
  readonly courier: Courier;
}

/**
 * The daemon itself, a process on the machine's own time, whose wallet `hot-1` is on an emulated Ledger that approves by itself. It has
 * operators, any two of three, with test keys in software, and a second place for its checkpoints. What policy lets ripen is ripe as soon
 * as it was announced.
 */
export class LedgerDaemon {
  readonly #scratch = mkdtempSync(join(tmpdir(), 'portcullis-ledger-'));
  readonly folder = join(this.#scratch, 'station');
  readonly config = join(this.folder, 'config.yaml');
  /** Where its checkpoints are kept besides. */
  readonly kept = join(this.#scratch, 'elsewhere', 'checkpoint');
  /** An age identity that its backups are for. */
  readonly identity = join(this.#scratch, 'elsewhere', 'identity.txt');
  readonly #clients = join(this.#scratch, 'clients');
  #ledger: Emulator | undefined;
  #child: ChildProcess | undefined;
  #operatorsPort = 0;
  #clientsOpen: { close(): void }[] = [];

  async found(): Promise<void> {
    mkdirSync(join(this.#scratch, 'elsewhere'), { mode: 0o700 });
    writeFileSync(this.kept, '');
    const identity = await generateX25519Identity();
    writeFileSync(this.identity, `# a test identity\n${identity}\n`, { mode: 0o600 });
    this.#ledger = await startEmulator({
      model: 'nanosp',
      apiPort: 0,
      automation: JSON.parse(readFileSync(approveAll, 'utf8')),
    });
    const publicKey = await accountKey(this.#ledger.apiUrl);
    const policy = join(this.#scratch, 'policy.yaml');
    const people = [await this.#people(['olivia', 'omar', 'oscar']), await this.#people(['rita', 'rolf', 'rosa'])];
    writeFileSync(policy, policyDocument(publicKey, this.#admission(), people));
    const recipient = await identityToRecipient(identity);
    const config = configDocument(this.#ledger.apiUrl, recipient, this.kept);
    await makeStation({ folder: this.folder, policy, trustDomain: undefined, names: [], config });
    renameSync(join(this.folder, takeAway), this.#clients);
  }

  /** Starts it, and resolves when it serves. */
  async start(): Promise<Open> {
    const child = spawn(process.execPath, [daemon, '--config', this.config], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    const { port, operators_port } = await new Promise<{ port: number; operators_port: number }>((resolve, reject) => {
      const said: string[] = [];
      createInterface({ input: child.stderr }).on('line', (line) => {
        said.push(line);
        if (line.includes('"event":"serving"')) resolve(JSON.parse(line));
      });
      child.once('exit', (code) => reject(new Error(`the daemon ended with ${code}: ${said.join('\n')}`)));
    });
    this.#operatorsPort = operators_port;
    const station = { address: `localhost:${port}`, certificates: this.#clients };
    const service = { role: 'withdrawals', name: 'service' } as const;
    const open = {
      withdrawals: connect(WithdrawalServiceClient, station, service),
      transactions: connect(TransactionServiceClient, station, service),
      journal: connect(JournalServiceClient, station, { role: 'auditors', name: 'auditor' }),
      courier: new Courier(station, () => {}),
    };
    this.#clientsOpen = Object.values(open);
    this.#factors = connect(FactorServiceClient, station, service);
    this.#destinations = connect(DestinationServiceClient, station, service);
    this.#clientsOpen.push(this.#factors, this.#destinations);
    return open;
  }

  #factors: FactorServiceClient | undefined;
  #destinations: DestinationServiceClient | undefined;

  /** With a passkey and an address, which were announced and so are ripe. */
  async customer(account: string, { courier }: Open): Promise<Customer> {
    const [factors, destinations] = [this.#factors, this.#destinations];
    if (factors === undefined || destinations === undefined) throw new Error('it was not started');
    const authority = new AdmissionAuthority(join(this.#scratch, 'admission.pem'), 'admission.test', 'test-1');
    const customer = new Customer(account, new Authenticator({ origin }));
    await enrol(factors, customer, authority, new Date());
    await courier.empty();
    await whitelist(destinations, customer, `e-${account}`, payee, 'mine');
    await courier.empty();
    return customer;
  }

  /** A command of `portcullis` that calls the running station as an operators' client. */
  calling(...args: string[]): Promise<Ran> {
    const of = (name: string): string => join(this.#clients, 'operators', name);
    const by = ['--ca', of('ca.pem'), '--cert', of('operator.pem'), '--key', of('operator.key')];
    return ran(...args, '--address', `localhost:${this.#operatorsPort}`, ...by);
  }

  /** The same by one of the people, who signs. */
  operator(name: string, ...args: string[]): Promise<Ran> {
    return this.calling(...args, '--software', join(this.#scratch, `${name}.json`));
  }

  async stop(): Promise<void> {
    for (const client of this.#clientsOpen) client.close();
    this.#clientsOpen = [];
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  /** The disk is lost: the database, its journal's files. */
  lose(): void {
    const data = join(this.folder, 'data');
    rmSync(data, { recursive: true });
    mkdirSync(data, { mode: 0o700 });
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#ledger?.close();
    rmSync(this.#scratch, { recursive: true });
  }

  /** Writes the admission authority's key; returns its public half. */
  #admission(): string {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
    writeFileSync(join(this.#scratch, 'admission.pem'), pem, { mode: 0o600 });
    return publicKey.export({ format: 'jwk' }).x ?? '';
  }

  /** Entries of policy. */
  #people(names: readonly string[]): Promise<string[]> {
    return Promise.all(
      names.map(async (told) => {
        const name = parseOperatorName(told, 'name');
        const challenge = new Uint8Array(randomBytes(32));
        const of = operatorOrigin(operatorPort);
        const request = { kind: 'create', origin: of, options: operatorCreationOptions(name, challenge) };
        const file = join(this.#scratch, `${name}.json`);
        const registration = Buffer.from(operatorCeremony(file, JSON.stringify(request)));
        return entryText(await operatorEntry(name, registration, { challenge, origin: of }));
      }),
    );
  }
}

const policyDocument = (
  publicKey: string,
  admissionKey: string,
  [people = [], recovery = []]: string[][],
): string => `version: 1
trust_domain: station.test
approvals: { rp_id: localhost, origins: ['${origin}'] }
ripening: { factor: 0s, destination: 0s }
evidence: { webauthn: 1, accepts: [device, synced] }
admission:
  - { issuer: admission.test, kid: test-1, jwk: { kty: OKP, crv: Ed25519, x: '${admissionKey}' } }
chains:
  - { chain: '${chain}', max_fee: '10000000000000000', max_fee_per_gas: '500000000000', access_list_entries: 0 }
assets:
  - { asset: '${chain}/slip44:60', symbol: ETH, decimals: 18, max_payment: '100000000000000000000' }
wallets:
  - { id: hot-1, chain: '${chain}', signer: ledger, path: "m/44'/60'/0'/0/0", address: '${chain}:${addressOfKey(publicKey)}', public_key: '${publicKey}', first_nonce: '0' }
nonce_window: 32
operators:
  rp_id: localhost
  origins: ['${operatorOrigin(operatorPort)}']
  quorum: 2
  people:
${people.map((entry) => `    ${entry}`).join('\n')}
  recovery:
    quorum: 2
    people:
${recovery.map((entry) => `      ${entry}`).join('\n')}
  delays: { policy: 0s, thaw: 0s, reinstate: 0s }
  open_for: 24h
`;

const configDocument = (ledger: string, recipient: string, kept: string): string => `version: 1
data: data
policy: policy.yaml
keys: { state: keys/state.key, journal: keys/journal.pem, sealing: [{ file: keys/sealing.key }] }
tls: { ca: keys/ca.pem, certificate: keys/server.pem, key: keys/server.key }
listen: 127.0.0.1:0
operators_listen: 127.0.0.1:0
journal: { kept: ['${kept}'] }
backup: { recipients: [${recipient}] }
signers:
  - { name: ledger, kind: ledger, transport: speculos, url: '${ledger}', review: 5m }
`;
