import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { operatorCeremony } from '../simulators/authenticator/operator-key.ts';
import { type EmulatorOptions, startEmulator } from '../simulators/ledger/emulator.ts';
import { bind } from './api/service.ts';
import { addressOfKey } from './chains/ethereum/index.ts';
import { makeStation } from './cli/init.ts';
import { composeStation } from './compose.ts';
import { loadConfig } from './config.ts';
import {
  entryText,
  operatorCreationOptions,
  operatorEntry,
  operatorOrigin,
  operatorPort,
} from './custody/operator-key.ts';
import {
  type Announcement,
  announcedHsm,
  clientFilesIn,
  configDocument,
  policyDocument,
  welcome,
} from './dev-documents.ts';
import { makeHsm } from './dev-hsm.ts';
import { accountKey, automate, bitcoinWallet, speculos } from './dev-ledgers.ts';
import { parseChainId, parseOperatorName } from './domain/index.ts';
import { parseOrigin } from './gate/policy/origins.ts';
import { TimeServiceService } from './generated/portcullis/dev/v1/time.ts';
import { takeAway } from './main-network.ts';
import { SimulatedTime } from './simulated-time.ts';
import { stationLog } from './station-log.ts';

// The emulated station: simulated time, emulated Ledgers, an HSM in software, test networks only. Started by `portcullis dev`.

const options = {
  json: { type: 'boolean' },
  seed: { type: 'string' },
  quiet: { type: 'boolean' },
  chain: { type: 'string' },
  ledger: { type: 'string' },
  'bitcoin-chain': { type: 'string' },
  'bitcoin-ledger': { type: 'string' },
  'auto-approve': { type: 'boolean' },
  approve: { type: 'string' },
  approvals: { type: 'string' },
  'mfa-service': { type: 'boolean' },
} as const;

/** Bitcoin's regtest. */
const regtest = 'bip122:0f9188f13cb7b2c71f2a335e3a4fc328';

/** Where `npm run exchange` serves its page. */
const sampleApprovals = 'http://localhost:7490';

async function main(things: AsyncDisposableStack): Promise<void> {
  const { values } = parseArgs({ options, strict: true });
  const chain = parseChainId(values.chain ?? 'eip155:31337', '--chain');
  const approvals = approvalsOrigin(values.approvals ?? sampleApprovals);
  const log = values.quiet === true ? () => {} : stationLog;
  const bitcoinChain = parseChainId(values['bitcoin-chain'] ?? regtest, '--bitcoin-chain');
  const scratch = mkdtempSync(join(tmpdir(), 'portcullis-dev-'));
  // At the very end: what is interrupted while it starts would else make it again.
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const hsmLog = (line: string): void => log('signer', { signer: 'hsm', line });
  const making = makeHsm(join(scratch, 'hsm'), [chain, bitcoinChain], hsmLog);
  things.defer(async () => void (await making));
  const emulated = (app: AppWord) => emulatedLedger(app, values.seed, things);
  const ledger = values.ledger === undefined ? await emulated('ethereum') : speculos(values.ledger, '--ledger');
  const told = values['bitcoin-ledger'];
  const bitcoinLedger = told === undefined ? await emulated('bitcoin-test') : speculos(told, '--bitcoin-ledger');
  const rules = approvalRules(values);
  const publicKey = await accountKey(ledger);
  const { entry, ...ofBitcoin } = await bitcoinWallet(bitcoinLedger, bitcoinChain);
  if (rules !== undefined) for (const device of [ledger, bitcoinLedger]) await automate(device, rules);
  const folder = join(scratch, 'station');
  const time = new SimulatedTime();
  const wallet = { id: 'hot-1', address: `${chain}:${addressOfKey(publicKey)}`, chain };
  const admission = writeKey(scratch, 'admission-authority');
  const mfa = values['mfa-service'] === true ? writeKey(scratch, 'mfa-service') : undefined;
  const policyFile = join(scratch, 'policy.yaml');
  const operators = await foundPeople(scratch, ['olivia', 'omar', 'oscar']);
  const recovery = await foundPeople(scratch, ['rita', 'rolf', 'rosa']);
  const made = await making;
  const hsm = 'missing' in made ? undefined : made;
  writeFileSync(
    policyFile,
    policyDocument({
      chain,
      approvals,
      address: wallet.address,
      publicKey,
      bitcoin: { chain: bitcoinChain, wallet: entry },
      hsm,
      admissionKey: admission.x,
      mfaKey: mfa?.x,
      operators: operators.entries,
      recovery: recovery.entries,
    }),
  );
  await makeStation({
    folder,
    policy: policyFile,
    trustDomain: undefined,
    names: [],
    time,
    config: configDocument(ledger, bitcoinLedger, hsm),
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
            // What ripened meanwhile takes effect before the answer, not at the next second.
            await timekeeper.tick(0);
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
    clients: clientFilesIn(join(folder, takeAway)),
    ports: {
      api: station.api.port,
      operators: station.api.operatorsPort,
      ledger: portOf(ledger),
      bitcoinLedger: portOf(bitcoinLedger),
    },
    ledger,
    wallet,
    bitcoin: { ledger: bitcoinLedger, wallet: ofBitcoin },
    ...('missing' in made ? { noHsm: made.missing } : { hsm: announcedHsm(made) }),
    operators: operators.files,
    recovery: recovery.files,
    admission: { key: admission.file, issuer: 'admission.sample.example', kid: 'sample-1' },
    ...(mfa === undefined ? {} : { mfa: { key: mfa.file, issuer: 'mfa.sample.example', kid: 'sample-1' } }),
    rpId: approvals.rpId,
    origin: approvals.origin,
    verifierKey: station.verifierKey,
  };
  const announced = join(scratch, 'station.json');
  writeFileSync(announced, `${JSON.stringify(announcement)}\n`, { mode: 0o600 });
  process.stdout.write(
    values.json === true || rules !== undefined
      ? `${JSON.stringify(announcement)}\n`
      : welcome(announcement, announced),
  );
}

/** The exact origin of the customers' approvals page; its host is the relying party that their passkeys are made for. */
function approvalsOrigin(value: string): { rpId: string; origin: string } {
  const rpId = URL.parse(value)?.hostname ?? '';
  return { rpId, origin: parseOrigin(value, '--approvals', rpId) };
}

type AppWord = NonNullable<EmulatorOptions['app']>;

/** Without a person before the device: the rules by which it is pressed, in Speculos' automation format. */
function approvalRules(values: { 'auto-approve'?: boolean; approve?: string }): string | undefined {
  const all = values['auto-approve'] === true;
  if (all && values.approve !== undefined) throw new Error('--auto-approve and --approve exclude each other');
  if (all) return readFileSync(new URL('../simulators/ledger/approve-all.json', import.meta.url), 'utf8');
  return values.approve === undefined ? undefined : readFileSync(values.approve, 'utf8');
}

async function emulatedLedger(app: AppWord, seed: string | undefined, things: AsyncDisposableStack): Promise<string> {
  const emulator = await startEmulator({ model: 'nanosp', app, apiPort: 0, ...(seed === undefined ? {} : { seed }) });
  things.defer(() => emulator.close());
  return emulator.apiUrl;
}

const portOf = (url: string): number => Number(new URL(url).port);

/** The sample admission authority's key lies outside the station, as a real one would. */
function writeKey(scratch: string, whose: string): { file: string; x: string } {
  const folder = join(scratch, whose);
  mkdirSync(folder, { mode: 0o700 });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const file = join(folder, 'key.pem');
  writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  return { file, x: publicKey.export({ format: 'jwk' }).x ?? '' };
}

/** The station's people, with keys in software, and their entries in policy. */
async function foundPeople(
  scratch: string,
  names: readonly string[],
): Promise<{ files: Record<string, string>; entries: string[] }> {
  const folder = join(scratch, 'operators');
  mkdirSync(folder, { mode: 0o700, recursive: true });
  const files: Record<string, string> = {};
  const entries: string[] = [];
  const origin = operatorOrigin(operatorPort);
  for (const told of names) {
    const name = parseOperatorName(told, 'name');
    const file = join(folder, `${name}.json`);
    const challenge = new Uint8Array(randomBytes(32));
    const options = operatorCreationOptions(name, challenge);
    const registration = Buffer.from(operatorCeremony(file, JSON.stringify({ kind: 'create', origin, options })));
    entries.push(entryText(await operatorEntry(name, registration, { challenge, origin })));
    files[name] = file;
  }
  return { files, entries };
}

const things = new AsyncDisposableStack();

async function end(code: number): Promise<void> {
  await things.disposeAsync().catch((error: unknown) => stationLog('stop-failed', { error: String(error) }));
  process.exit(code);
}

let ending = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second one, as a group of processes gets from whoever signals it whole, would leave test keys behind.
    if (!ending) void end(0);
    ending = true;
  });
}
// With a listener of its own, Node does not open its inspector to whoever can send the signal.
process.on('SIGUSR1', () => {});

main(things).catch((error: unknown) => {
  process.stderr.write(`portcullis dev: ${error instanceof Error ? error.message : String(error)}\n`);
  return end(1);
});
