import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmulator } from '../simulators/ledger/emulator.ts';
import { bind } from './api/service.ts';
import { addressOfKey } from './chains/ethereum/index.ts';
import { makeStation, takeAway } from './cli/init.ts';
import { composeStation } from './compose.ts';
import { loadConfig } from './config.ts';
import { parseChainId } from './domain/index.ts';
import { TimeServiceService } from './generated/portcullis/dev/v1/time.ts';
import { SimulatedTime } from './simulated-time.ts';
import { stationLog } from './station-log.ts';

// The emulated station: simulated time, an emulated Ledger, test networks only. Started by `portcullis dev`.

const path = "m/44'/60'/0'/0/0";

/** What an integrator needs to know of the station that came up; with --json it is the line that is printed. */
interface Announcement {
  readonly station: string;
  readonly address: string;
  readonly operatorsAddress: string;
  readonly folder: string;
  readonly config: string;
  readonly certificates: string;
  readonly ledger: string;
  readonly wallet: { readonly id: string; readonly address: string; readonly chain: string };
  readonly admission: { readonly key: string; readonly issuer: string; readonly kid: string };
  readonly rpId: string;
  readonly origin: string;
  readonly verifierKey: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean' },
      seed: { type: 'string' },
      quiet: { type: 'boolean' },
      chain: { type: 'string' },
      ledger: { type: 'string' },
    },
    strict: true,
  });
  const chain = parseChainId(values.chain ?? 'eip155:31337', '--chain');
  const log = values.quiet === true ? () => {} : stationLog;
  const ledger =
    values.ledger === undefined ? await emulatedLedger(values.seed) : { url: values.ledger, close: async () => {} };
  const scratch = mkdtempSync(join(tmpdir(), 'portcullis-dev-'));
  const folder = join(scratch, 'station');
  const time = new SimulatedTime();
  const publicKey = await publicKeyOf(ledger.url);
  const wallet = { id: 'hot-1', address: `${chain}:${addressOfKey(publicKey)}`, chain };
  const admission = writeAdmissionKey(scratch);
  const policyFile = join(scratch, 'policy.yaml');
  writeFileSync(policyFile, policyDocument(chain, wallet.address, publicKey, admission.x));
  await makeStation({
    folder,
    policy: policyFile,
    trustDomain: undefined,
    names: [],
    time,
    config: configDocument(ledger.url),
    clients: [['dev', 'dev']],
  });

  const station = await composeStation({
    config: loadConfig(join(folder, 'config.yaml')),
    time,
    log,
    retryAfter: 1_000,
    extraServices: ({ timekeeper }) => [
      bind(
        TimeServiceService,
        { advanceTime: ['dev'] },
        {
          advanceTime: async ({ seconds }) => {
            time.advance(Number(seconds) * 1_000);
            await timekeeper.sweep();
            return { now: new Date(time.read().wall) };
          },
        },
      ),
    ],
    onFatal: (error) => {
      stationLog('fatal', { error: error.message });
      process.exit(70);
    },
  });

  const end = async (): Promise<void> => {
    await station.close();
    await ledger.close();
    rmSync(scratch, { recursive: true });
  };
  stopOnSignal(end);
  const announcement: Announcement = {
    station: station.station,
    address: `localhost:${station.api.port}`,
    operatorsAddress: `localhost:${station.api.operatorsPort}`,
    folder,
    config: join(folder, 'config.yaml'),
    certificates: join(folder, takeAway),
    ledger: ledger.url,
    wallet,
    admission: { key: admission.file, issuer: 'admission.sample.example', kid: 'sample-1' },
    rpId: 'approve.sample.example',
    origin: 'https://approve.sample.example',
    verifierKey: station.verifierKey,
  };
  process.stdout.write(values.json === true ? `${JSON.stringify(announcement)}\n` : welcome(announcement));
}

/** Our own emulator; with --ledger URL it is whatever answers there, such as Speculos. */
async function emulatedLedger(seed: string | undefined): Promise<{ url: string; close(): Promise<void> }> {
  const emulator = await startEmulator({ model: 'nanosp', apiPort: 0, ...(seed === undefined ? {} : { seed }) });
  return { url: emulator.apiUrl, close: () => emulator.close() };
}

/** Asks the emulated Ledger for its key, as hex of the compressed point. */
async function publicKeyOf(ledger: string): Promise<string> {
  const getAddress = 'e002000015058000002c8000003c800000000000000000000000';
  const answer = await fetch(`${ledger}/apdu`, { method: 'POST', body: JSON.stringify({ data: getAddress }) });
  const { data } = (await answer.json()) as { data: string };
  const point = data.slice(2, 2 + 130);
  if (!/^04[0-9a-f]{128}$/.test(point))
    throw new Error(`the emulated Ledger answered ${data.slice(0, 40)} instead of its key`);
  return `${Number.parseInt(point.slice(-1), 16) % 2 === 0 ? '02' : '03'}${point.slice(2, 66)}`;
}

/** The sample admission authority's key lies outside the station, as a real one would. */
function writeAdmissionKey(scratch: string): { file: string; x: string } {
  const folder = join(scratch, 'admission-authority');
  mkdirSync(folder, { mode: 0o700 });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const file = join(folder, 'key.pem');
  writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  return { file, x: publicKey.export({ format: 'jwk' }).x ?? '' };
}

function policyDocument(chain: string, address: string, publicKey: string, admissionKey: string): string {
  return `# The policy of an emulated station: a local test network, a wallet on an emulated Ledger.
version: 1
trust_domain: sample.example
approvals:
  rp_id: approve.sample.example
  origins: ['https://approve.sample.example']
ripening: { factor: 24h, destination: 24h }
evidence: { webauthn: 1, classes: [device, synced] }
admission:
  - { issuer: admission.sample.example, kid: sample-1, jwk: { kty: OKP, crv: Ed25519, x: '${admissionKey}' } }
chains:
  - { chain: '${chain}', max_fee: '10000000000000000', max_fee_per_gas: '500000000000', access_list_entries: 0 }
assets:
  - { asset: '${chain}/slip44:60', symbol: ETH, decimals: 18, max_payment: '100000000000000000000' }
wallets:
  - { id: hot-1, chain: '${chain}', signer: ledger, path: "${path}", address: '${address}', public_key: '${publicKey}', first_nonce: '0' }
nonce_window: 8
`;
}

function configDocument(ledger: string): string {
  return `version: 1
data: data
policy: policy.yaml
keys: { state: keys/state.key, journal: keys/journal.pem }
tls: { ca: keys/ca.pem, certificate: keys/server.pem, key: keys/server.key }
listen: 127.0.0.1:0
operators_listen: 127.0.0.1:0
signers:
  - { name: ledger, kind: ledger, transport: speculos, url: '${ledger}', review: 5m }
`;
}

function welcome(a: Announcement): string {
  const shown = (role: string, name: string): string =>
    `--ca $S/${role}/ca.pem --cert $S/${role}/${name}.pem --key $S/${role}/${name}.key`;
  return `An emulated station is running. Its time is simulated, its Ledger is an emulator: it guards nothing of worth.

  station       ${a.station}
  gRPC          ${a.address}   (mutual TLS; certificates of each role under ${a.certificates})
  operators     ${a.operatorsAddress}
  Ledger        ${a.ledger}   (Speculos' REST interface)
  wallet        ${a.wallet.id}, ${a.wallet.address}
  config        ${a.config}
  journal key   ${a.verifierKey}

Try, in another terminal:

  S=${a.certificates}
  npx portcullis status --address ${a.operatorsAddress} ${shown('operators', 'operator')}
  npx portcullis advance 24h --address ${a.address} ${shown('dev', 'dev')}
  npx portcullis verify --config ${a.config}

Ctrl-C ends it, and it leaves nothing behind.
`;
}

function stopOnSignal(end: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      end().then(
        () => process.exit(0),
        (error: unknown) => {
          stationLog('stop-failed', { error: String(error) });
          process.exit(1);
        },
      );
    });
  }
}

main().catch((error: unknown) => {
  stationLog('start-failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exit(1);
});
