import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import { AdmissionAuthority } from '../../simulators/exchange/admission-authority.ts';
import { Courier } from '../../simulators/exchange/courier.ts';
import { Customer } from '../../simulators/exchange/customer.ts';
import { enrol } from '../../simulators/exchange/enrol.ts';
import { connect } from '../../simulators/exchange/station-client.ts';
import { whitelist } from '../../simulators/exchange/whitelist.ts';
import { makeStation } from '../../src/cli/init.ts';
import { accountAddress } from '../../src/custody/chain.ts';
import { walletOfKeys, walletText } from '../../src/custody/wallet-document.ts';
import {
  type AccountWallet,
  parseChainId,
  parseWalletId,
  type TokenScriptWallet,
  type Wallet,
} from '../../src/domain/index.ts';
import { DestinationServiceClient } from '../../src/generated/portcullis/v1/destination.ts';
import { FactorServiceClient } from '../../src/generated/portcullis/v1/factor.ts';
import { TransactionServiceClient } from '../../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceClient } from '../../src/generated/portcullis/v1/withdrawal.ts';
import { takeAway } from '../../src/main-network.ts';
import { regtest } from '../chains/bitcoin/wallets.ts';
import type { SoftHsm } from '../softhsm.ts';
import { chainId } from './exchange.ts';

const ethereum = parseChainId(`eip155:${chainId}`, 'chain');
const origin = 'http://localhost:7490';
const daemon = fileURLToPath(new URL('../../src/daemon.ts', import.meta.url));

/** What a withdrawal service has open, on one life of the station. */
export interface Service {
  readonly withdrawals: WithdrawalServiceClient;
  readonly transactions: TransactionServiceClient;
}

/**
 * The daemon itself, a process on the machine's own time, whose wallets are keys of two SoftHSM2 tokens: `hot`, an Ethereum account, and
 * `vault`, 2-of-2 on Bitcoin. What policy lets ripen is ripe as soon as it was announced.
 */
export class HsmDaemon {
  readonly hot: AccountWallet;
  readonly vault: TokenScriptWallet;
  readonly #scratch = mkdtempSync(join(tmpdir(), 'portcullis-hsm-'));
  readonly #authority: AdmissionAuthority;
  readonly #admissionKey: string;
  readonly #token: SoftHsm;
  #child: ChildProcess | undefined;
  #open:
    | (Service & { factors: FactorServiceClient; destinations: DestinationServiceClient; courier: Courier })
    | undefined;

  /** Makes a second token beside this one, and the keys. */
  constructor(token: SoftHsm) {
    this.#token = token;
    token.makeToken('second');
    const one = token.makeKey('e1');
    const [first, second] = [token.label, 'second'].map((label, i) => {
      const id = `b${i + 1}`;
      token.toolOf(label, '--keypairgen', '--key-type', 'EC:secp256k1', '--id', id);
      const point = token.toolOf(label, '--read-object', '--type', 'pubkey', '--id', id).subarray(-65);
      const publicKey = `0${2 + ((point[64] ?? 0) & 1)}${point.subarray(1, 33).toString('hex')}`;
      return { signer: `hsm-${i + 1}`, id, publicKey };
    });
    if (first === undefined || second === undefined) throw new Error('no keys were made');
    this.hot = {
      kind: 'account',
      id: parseWalletId('hot', 'wallet'),
      chain: ethereum,
      signer: 'hsm-1',
      key: { kind: 'token', id: 'e1' },
      address: accountAddress(ethereum, one),
      publicKey: one,
      firstNonce: 0,
    };
    const id = parseWalletId('vault', 'wallet');
    const of = { id, chain: regtest, derives: false, script: 'wsh-sortedmulti', threshold: 2 } as const;
    this.vault = walletOfKeys({ ...of, keys: [first, second] });
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const key = join(this.#scratch, 'admission.pem');
    writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    this.#admissionKey = publicKey.export({ format: 'jwk' }).x ?? '';
    this.#authority = new AdmissionAuthority(key, 'admission.test', 'test-1');
  }

  get #folder(): string {
    return join(this.#scratch, 'station');
  }

  async found(): Promise<void> {
    const policy = join(this.#scratch, 'policy.yaml');
    writeFileSync(policy, policyDocument([this.hot, this.vault], this.#admissionKey));
    writeFileSync(join(this.#scratch, 'pin'), this.#token.pin, { mode: 0o600 });
    const config = configDocument(this.#token, join(this.#scratch, 'pin'));
    await makeStation({ folder: this.#folder, policy, trustDomain: undefined, names: [], config });
  }

  /** Starts it, and resolves when it serves. */
  async start(): Promise<Service> {
    const child = spawn(process.execPath, [daemon, '--config', join(this.#folder, 'config.yaml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    const { port } = await new Promise<{ port: number }>((resolve, reject) => {
      const said: string[] = [];
      createInterface({ input: child.stderr }).on('line', (line) => {
        said.push(line);
        if (line.includes('"event":"serving"')) resolve(JSON.parse(line));
      });
      child.once('exit', (code) => reject(new Error(`the daemon ended with ${code}: ${said.join('\n')}`)));
    });
    const station = { address: `localhost:${port}`, certificates: join(this.#folder, takeAway) };
    const service = { role: 'withdrawals', name: 'service' } as const;
    const open = {
      factors: connect(FactorServiceClient, station, service),
      destinations: connect(DestinationServiceClient, station, service),
      withdrawals: connect(WithdrawalServiceClient, station, service),
      transactions: connect(TransactionServiceClient, station, service),
      courier: new Courier(station, () => {}),
    };
    this.#open = open;
    return open;
  }

  /** With a passkey and these addresses (CAIP-10), which were announced and so are ripe. */
  async customer(account: string, addresses: readonly string[]): Promise<Customer> {
    if (this.#open === undefined) throw new Error('it was not started');
    const { factors, destinations, courier } = this.#open;
    const customer = new Customer(account, new Authenticator({ origin }));
    await enrol(factors, customer, this.#authority, new Date());
    await courier.empty();
    for (const [i, address] of addresses.entries()) await whitelist(destinations, customer, `e-${i}`, address, 'mine');
    await courier.empty();
    return customer;
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    for (const client of Object.values(this.#open ?? {})) client.close();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#scratch, { recursive: true });
  }
}

const policyDocument = (wallets: readonly Wallet[], admissionKey: string): string => `version: 1
trust_domain: station.test
approvals: { rp_id: localhost, origins: ['${origin}'] }
ripening: { factor: 0s, destination: 0s }
evidence: { webauthn: 1, accepts: [device, synced] }
admission:
  - { issuer: admission.test, kid: test-1, jwk: { kty: OKP, crv: Ed25519, x: '${admissionKey}' } }
chains:
  - { chain: '${ethereum}', max_fee: '10000000000000000', max_fee_per_gas: '500000000000', access_list_entries: 0 }
  - { chain: '${regtest}', max_fee: '2000000', max_fee_per_kvb: '1000000', change_gap: 20 }
assets:
  - { asset: '${ethereum}/slip44:60', symbol: ETH, decimals: 18, max_payment: '100000000000000000000' }
  - { asset: '${regtest}/slip44:1', symbol: TBTC, decimals: 8, max_payment: '2100000000000000' }
wallets:
${wallets.map((wallet) => `  - ${walletText(wallet)}\n`).join('')}nonce_window: 32
`;

function configDocument({ module, environment, label }: SoftHsm, pin: string): string {
  const signers = [label, 'second'].map(
    (of, i) =>
      `  - { name: hsm-${i + 1}, kind: pkcs11, module: ${module}, token: { label: ${of} }, pin: { file: ${pin} }, environment: ${JSON.stringify(environment)} }\n`,
  );
  return `version: 1
data: data
policy: policy.yaml
keys: { state: keys/state.key, journal: keys/journal.pem, sealing: [{ file: keys/sealing.key }] }
tls: { ca: keys/ca.pem, certificate: keys/server.pem, key: keys/server.key }
listen: 127.0.0.1:0
operators_listen: 127.0.0.1:0
signers:
${signers.join('')}`;
}
