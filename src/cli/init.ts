import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { loadConfig, loadPolicy, loadPolicyText } from '../config.ts';
import { foundStation, journalOrigin, newStationId } from '../custody/founding.ts';
import { verifierKeyOf } from '../custody/journal-key.ts';
import { certificatesIn, fingerprint, Malformed, type TimeSource, toHex } from '../domain/index.ts';
import { machineTime } from '../machine-time.ts';
import { atStake, lacking, mainNetworks, takeAway } from '../main-network.ts';
import { type Authority, createAuthority, issueClient, issueServer } from './certificates.ts';
import { type Command, CommandFailed, readArguments } from './command.ts';
import { foundingPolicy, ownAuthority, unfounded } from './founding-policy.ts';
import { makeFolder, writeFile, writeIssued } from './private-file.ts';

const defaultDomain = 'station.example';

const clients: readonly (readonly [role: string, name: string])[] = [
  ['withdrawals', 'service'],
  ['operators', 'operator'],
  ['courier', 'courier'],
  ['auditors', 'auditor'],
];

export const init: Command = {
  name: 'init',
  summary: 'make a station',
  help: `Usage: portcullis init --print-policy [--trust-domain NAME]
       portcullis init DIR [--policy FILE] [--trust-domain NAME] [--name HOST]…

Makes a station in the new folder DIR: its config and founding policy, its database, its keys in a folder apart from the data,
and in ${takeAway}/ the CA's key and the clients' certificates, which must be taken to other machines. The station is founded on its
policy as it is; to have one of your own, print the policy into a file, fill it in, and give it with --policy.
  --print-policy       prints the policy that is founded without --policy, and makes nothing
  --policy FILE        the founding policy; without it, one for the test network Sepolia, which names no wallet yet
  --trust-domain NAME  the domain in clients' certificates, if no policy says it (default: ${defaultDomain})
  --name HOST          a further name or IP address that clients will call the station by; may be given more than once

It overwrites nothing, and where it fails it leaves nothing behind.`,
  async run(args, output) {
    if (args.includes('--print-policy')) {
      const asked = readArguments(args, { options: ['trust-domain'], flags: ['print-policy'] });
      output.out(foundingPolicy(asked.value('trust-domain') ?? defaultDomain).replace(/\n$/, ''));
      return 0;
    }
    const given = readArguments(args, { options: ['policy', 'trust-domain'], many: ['name'], positionals: ['DIR'] });
    const [dir = ''] = given.positionals;
    const made = await makeStation({
      folder: resolve(dir),
      policy: given.value('policy'),
      trustDomain: given.value('trust-domain'),
      names: given.values('name'),
    });
    const near = relative('', resolve(dir));
    const shown = near.startsWith('..') ? resolve(dir) : near;
    const away = join(shown, takeAway);
    for (const line of [
      `made the station ${made.station} in ${shown}`,
      '',
      `TAKE ${away} AWAY. It holds the CA's key, with which anyone can make themselves a client of any role, and the`,
      'clients’ keys. Carry it to a machine that is not the station, hand each client its own folder, keep the CA’s key',
      'offline, and delete it here. "portcullis doctor" complains until it is gone.',
      '',
      `The journal's key, for auditors to pin (also in ${join(away, 'journal.vkey')}):`,
      `  ${made.journalKey}`,
      '',
      `The policy, ${join(shown, 'policy.yaml')}, is in force as it is: once it was edited the station does not start`,
      '(policy-changed). To found a station on a policy of your own:',
      '  portcullis init --print-policy > FILE, fill it in, portcullis init NEW-DIR --policy FILE',
      '',
      ...founded(made.policy, loadConfig(join(resolve(dir), 'config.yaml'))),
      '',
      `Next: look through ${join(shown, 'config.yaml')}, then`,
      `  portcullis doctor --config ${join(shown, 'config.yaml')}`,
      `  portcullis run --config ${join(shown, 'config.yaml')}`,
    ]) {
      output.out(line);
    }
    return 0;
  },
};

type Policy = ReturnType<typeof loadPolicy>['policy'];

/** Who decides on the station, and what stands in the way of running it. */
function founded(policy: Policy, config: ReturnType<typeof loadConfig>): string[] {
  const { operators } = policy;
  const missing = lacking(atStake(policy, config, false));
  const main = mainNetworks(policy).join(', ');
  return [
    operators === undefined
      ? `Operators: ${unfounded}. To found some: "portcullis operator enroll", and policy's operators.`
      : `Operators: any ${operators.quorum} of ${operators.people.map(({ name }) => name).join(', ')}; recovery: any ${operators.recovery.quorum} of ${operators.recovery.people.map(({ name }) => name).join(', ')}.`,
    ...(missing.length === 0
      ? []
      : [`IT WILL NOT RUN YET: the policy names ${main}, and a station for a main network lacks:`]),
    ...missing.map((one) => `  - ${one}`),
  ];
}

export interface StationRequest {
  /** Absolute; must not exist. */
  readonly folder: string;
  /** A policy file, or undefined for the founding policy for a test network. */
  readonly policy: string | undefined;
  readonly trustDomain: string | undefined;
  /** What clients may call the station by, beside this machine's own names. */
  readonly names: readonly string[];
  /** An emulated station's simulation; the machine's time where absent. */
  readonly time?: TimeSource;
  /** The config document, if not the one that `init` writes. */
  readonly config?: string;
  /** Client certificates to make beside the usual ones. */
  readonly clients?: readonly (readonly [role: string, name: string])[];
}

/** Builds the whole station beside its place, and moves it there in one rename. */
export async function makeStation(
  request: StationRequest,
): Promise<{ readonly station: string; readonly journalKey: string; readonly policy: Policy }> {
  const { folder } = request;
  if (existsSync(folder))
    throw new CommandFailed(`${folder} exists: name a folder that doesn't, nothing is overwritten`);
  if (!existsSync(dirname(folder))) throw new CommandFailed(`${dirname(folder)} does not exist: make it first`);
  const build = `${folder}.partial-${toHex(randomBytes(6))}`;
  try {
    const made = await buildStation(build, request);
    // rename(2) would replace an empty folder that came to be meanwhile; it holds nothing to lose.
    renameSync(build, folder);
    return made;
  } catch (error) {
    rmSync(build, { recursive: true, force: true });
    if (error instanceof Error && 'syscall' in error) {
      throw new CommandFailed(`could not make ${folder}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

async function buildStation(
  build: string,
  {
    policy: policyFile,
    trustDomain,
    names,
    time = machineTime(),
    config = configDocument,
    clients: more = [],
  }: StationRequest,
): Promise<{ station: string; journalKey: string; policy: Policy }> {
  for (const folder of ['', 'data', 'keys', takeAway]) makeFolder(join(build, folder));
  const policyPath = join(build, 'policy.yaml');
  const template = policyFile === undefined ? foundingPolicy(trustDomain ?? defaultDomain) : loadPolicyText(policyFile);
  // Whose CA it is to be is known once the policy is read, and the policy is whole once there is a CA.
  writeFile(policyPath, template.replaceAll(ownAuthority, 'f'.repeat(64)));
  const asked = loadPolicy(policyPath).policy;
  rmSync(policyPath);
  if (trustDomain !== undefined && trustDomain !== asked.trustDomain) {
    throw new Malformed('--trust-domain', `is not ${asked.trustDomain}, which the policy says`);
  }
  const authority = await createAuthority(asked.trustDomain, Date.now());
  const [print = ''] = certificatesIn(authority.certificate, 'ca').map(fingerprint);
  writeFile(policyPath, template.replaceAll(ownAuthority, print));
  const { document, policy } = loadPolicy(policyPath);
  if (policy.clients !== undefined && policy.clients.authorities.join() !== print) {
    const why = `the station begins with one CA, which init makes: write ['${ownAuthority}'], or leave clients out`;
    throw new Malformed('policy.clients.authorities', why);
  }

  const stateKey = new Uint8Array(randomBytes(32));
  writeFile(join(build, 'keys/state.key'), `${toHex(stateKey)}\n`);
  writeFile(join(build, 'keys/sealing.key'), `${toHex(randomBytes(32))}\n`);
  const journal = generateKeyPairSync('ed25519');
  writeFile(join(build, 'keys/journal.pem'), journal.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  const stationId = newStationId();
  const journalKey = verifierKeyOf(journalOrigin(stationId, time.simulated), journal.publicKey);
  writeFile(join(build, takeAway, 'journal.vkey'), `${journalKey}\n`);
  await writeCertificates(build, authority, names, [...clients, ...more]);

  const file = join(build, 'data/station.db');
  const { station } = foundStation({
    file,
    stateKey,
    policyDocument: document,
    policy,
    reading: time.read(),
    simulated: time.simulated,
    journalKey,
    stationId,
  });
  chmodSync(file, 0o600);
  chmodSync(`${file}.lock`, 0o600);
  writeFile(join(build, 'config.yaml'), config);
  // What was written must be what `run` accepts.
  loadConfig(join(build, 'config.yaml'));
  return { station, journalKey, policy };
}

async function writeCertificates(
  build: string,
  authority: Authority,
  names: readonly string[],
  issued: typeof clients,
): Promise<void> {
  const now = Date.now();
  const server = await issueServer(authority, [...new Set(['localhost', '127.0.0.1', '::1', ...names])], now);
  writeFile(join(build, 'keys/ca.pem'), authority.certificate);
  writeIssued(join(build, 'keys/server'), server);
  writeIssued(join(build, takeAway, 'ca'), authority);
  for (const [role, name] of issued) {
    const folder = join(build, takeAway, role);
    makeFolder(folder);
    writeFile(join(folder, 'ca.pem'), authority.certificate);
    writeIssued(join(folder, name), await issueClient(authority, role, name, now));
  }
}

const configDocument = `# Where the station's things are. What it may sign is in the policy. Paths are relative to this file.
version: 1
data: data # station.db; back it up
policy: policy.yaml

# Only the station's user may read these. Keep them apart from the data and its backups.
keys:
  state: keys/state.key # authenticates every row of the database
  journal: keys/journal.pem # signs the journal's checkpoints
  sealing: # seal secrets in the database; the newest first, former ones until "portcullis doctor" says that they may go
    - file: keys/sealing.key # or "credential: NAME", which systemd loads

tls:
  ca: keys/ca.pem # whose certificates clients must show
  certificate: keys/server.pem
  key: keys/server.key

listen: 127.0.0.1:7443 # withdrawal service, courier, auditors
operators_listen: 127.0.0.1:7444 # operators, so that a freeze gets through when the other is flooded

# The devices that hold the wallets' keys; policy's wallets name them.
signers:
  - name: ledger
    kind: ledger
    transport: hid # USB
    review: 5m # how long a person may take to review a payment on the device
`;
