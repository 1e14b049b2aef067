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
import { parseChainId, shown } from './domain/index.ts';
import { TimeServiceService } from './generated/portcullis/dev/v1/time.ts';
import { parseSpeculosUrl } from './signers/ledger/transport.ts';
import { SimulatedTime } from './simulated-time.ts';
import { stationLog } from './station-log.ts';

// The emulated station: simulated time, an emulated Ledger, test networks only. Started by `portcullis dev`.

const path = "m/44'/60'/0'/0/0";

const options = {
  json: { type: 'boolean' },
  seed: { type: 'string' },
  quiet: { type: 'boolean' },
  chain: { type: 'string' },
  ledger: { type: 'string' },
} as const;

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

async function main(things: AsyncDisposableStack): Promise<void> {
  const { values } = parseArgs({ options, strict: true });
  const chain = parseChainId(values.chain ?? 'eip155:31337', '--chain');
  const log = values.quiet === true ? () => {} : stationLog;
  const ledger = values.ledger === undefined ? await emulatedLedger(values.seed, things) : speculos(values.ledger);
  const publicKey = await publicKeyOf(ledger);
  const scratch = mkdtempSync(join(tmpdir(), 'portcullis-dev-'));
  things.defer(() => rmSync(scratch, { recursive: true, force: true }));
  const folder = join(scratch, 'station');
  const time = new SimulatedTime();
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
    config: configDocument(ledger),
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
  things.defer(() => station.close());
  const announcement: Announcement = {
    station: station.station,
    address: `localhost:${station.api.port}`,
    operatorsAddress: `localhost:${station.api.operatorsPort}`,
    folder,
    config: join(folder, 'config.yaml'),
    certificates: join(folder, takeAway),
    ledger,
    wallet,
    admission: { key: admission.file, issuer: 'admission.sample.example', kid: 'sample-1' },
    rpId: 'approve.sample.example',
    origin: 'https://approve.sample.example',
    verifierKey: station.verifierKey,
  };
  process.stdout.write(values.json === true ? `${JSON.stringify(announcement)}\n` : welcome(announcement));
}

async function emulatedLedger(seed: string | undefined, things: AsyncDisposableStack): Promise<string> {
  const emulator = await startEmulator({ model: 'nanosp', apiPort: 0, ...(seed === undefined ? {} : { seed }) });
  things.defer(() => emulator.close());
  return emulator.apiUrl;
}

/** With --ledger URL: whatever answers there, such as Speculos; on this machine only. */
function speculos(url: string): string {
  const { origin, port } = parseSpeculosUrl(url, '--ledger');
  return `${origin}:${port}`;
}

/** Asks the Ledger for its key, as hex of the compressed point. */
async function publicKeyOf(ledger: string): Promise<string> {
  const getAddress = 'e002000015058000002c8000003c800000000000000000000000';
  const answer = await fetch(`${ledger}/apdu`, {
    method: 'POST',
    body: JSON.stringify({ data: getAddress }),
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  });
  const { data } = (await answer.json()) as { data: string };
  const point = data.slice(2, 2 + 130);
  if (!/^04[0-9a-f]{128}$/.test(point)) {
    throw new Error(`the Ledger at ${ledger} answered ${shown(data)} instead of its key`);
  }
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

const things = new AsyncDisposableStack();

async function end(code: number): Promise<void> {
  await things.disposeAsync().catch((error: unknown) => stationLog('stop-failed', { error: String(error) }));
  process.exit(code);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(0));
// With a listener of its own, Node does not open its inspector to whoever can send the signal.
process.on('SIGUSR1', () => {});

main(things).catch((error: unknown) => {
  process.stderr.write(`portcullis dev: ${error instanceof Error ? error.message : String(error)}\n`);
  return end(1);
});
