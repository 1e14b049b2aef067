import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Config, journalPlace, loadConfig, loadPolicy } from '../config.ts';
import { policyHash } from '../custody/founding.ts';
import { type Inspection, inspectStation } from '../custody/inspection.ts';
import { verifierKeyOf } from '../custody/journal-key.ts';
import type { SealingState } from '../custody/sealed.ts';
import { reasons, signersOf, type Wallet, type WallMs } from '../domain/index.ts';
import { readKey } from '../key-source.ts';
import { machineTime } from '../machine-time.ts';
import { atStake, judgeMainNetworks, mainNetworks, takeAway, takeAwayLeft } from '../main-network.ts';
import { readSealingKeys } from '../sealing-keys.ts';
import type { SignerConfig } from '../signer-config.ts';
import { type Probed, probeSigner } from '../signer-probe.ts';
import { surveyUsb } from '../usb-survey.ts';
import { openJournalKey, Vaults } from '../vaults.ts';
import { checkBackup } from './backup-check.ts';
import { checkAuthorities, checkCertificates } from './certificate-check.ts';
import { printable } from './client.ts';
import { type Command, readArguments } from './command.ts';
import type { Diagnosis } from './diagnosis.ts';
import { unfounded } from './founding-policy.ts';
import { checkMetadata } from './metadata-check.ts';
import { checkModule } from './module-check.ts';
import { checkPublished } from './published-check.ts';
import { sealedLine } from './sealed-line.ts';
import { checkUsb, type Survey } from './usb-check.ts';

type Policy = ReturnType<typeof loadPolicy>['policy'];

/** Asks a signer about itself, and about the wallets that are on it. */
export type Probe = (signer: SignerConfig, wallets: readonly Wallet[]) => Promise<Probed>;

export const doctor: Command = {
  name: 'doctor',
  summary: 'say what is wrong with a station, and how to mend it',
  help: `Usage: portcullis doctor --config FILE

Looks at the Node that runs it, the config, the policy, files' permissions, keys, certificates, the database, the clock and the
devices, and at what a station for a main network must have. A line each: "ok", "WRONG" and how to mend it, or "hint" and what would be
better. Changes nothing; its exit code is 1 if anything is wrong. Devices are
asked only while the station isn't running.`,
  async run(args, output) {
    const file = readArguments(args, { options: ['config'] }).required('config');
    let wrong = 0;
    for await (const { what, found, mend, hint = false } of diagnose(file, probeSigner, surveyUsb)) {
      const word = hint ? 'hint ' : 'WRONG';
      output.out(`${mend === undefined ? 'ok   ' : word} ${what}: ${printable(found)}`);
      if (mend === undefined) continue;
      if (!hint) wrong++;
      output.out(`      ${printable(mend)}`);
    }
    output.out(wrong === 0 ? 'nothing is wrong' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`);
    return wrong === 0 ? 0 : 1;
  },
};

/** Looks at everything that can be looked at; what depends on something broken is left out. */
export async function* diagnose(file: string, probe: Probe, survey: Survey): AsyncGenerator<Diagnosis> {
  yield { what: 'node', found: process.versions.node };
  const loaded = attempt('config', () => loadConfig(file), 'Correct the config at the place that is named.');
  yield loaded.diagnosis ?? { what: 'config', found: file };
  const config = loaded.value;
  if (config === undefined) return;
  yield* checkFiles(config);
  yield* checkCertificates(config.tls, Date.now());

  const read = attempt('policy', () => loadPolicy(config.policy), 'Correct the policy at the place that is named.');
  const vaults = new Vaults(config.signers, () => {});
  try {
    yield* diagnoseKeys(config, read, vaults, probe, survey);
  } finally {
    await vaults.close();
  }
}

async function* diagnoseKeys(
  config: Config,
  read: Attempt<ReturnType<typeof loadPolicy>>,
  vaults: Vaults,
  probe: Probe,
  survey: Survey,
): AsyncGenerator<Diagnosis> {
  const { journal } = config.keys;
  const keys = await attemptLater(
    'keys',
    async () => ({
      state: await readKey(config.keys.state, 'config.keys.state', vaults),
      journal: await Promise.all(
        journal.map((source, i) => openJournalKey(source, 'doctor', journalPlace(journal, i), vaults)),
      ),
    }),
    'Restore the key from where it is kept safe; of an HSM, see what it says.',
  );
  const named = read.value?.policy.clients?.authorities;
  if (named !== undefined) yield* checkAuthorities(config.tls.ca, named);
  for (const { diagnosis } of [read, keys]) if (diagnosis !== undefined) yield diagnosis;
  if (keys.value === undefined) return;
  const { state } = keys.value;
  const journalKeys = keys.value.journal;
  const sealing = await attemptLater(
    'sealing keys',
    () => readSealingKeys(config.keys.sealing, vaults),
    'Restore the key from where it is kept safe. Credentials are at hand to units of systemd alone: ask by "portcullis status".',
  );
  if (sealing.diagnosis !== undefined) yield sealing.diagnosis;
  const inspected = attempt(
    'database',
    () => inspectStation(config.database, state, sealing.value),
    'Make a station with "portcullis init", run the release that wrote it, or restore a backup.',
  );
  if (inspected.diagnosis !== undefined) yield inspected.diagnosis;
  const station = inspected.value;
  if (station === undefined) return;
  yield* checkDatabase(station);
  const origin = station.station?.origin ?? '-';
  const ownKeys = journalKeys.map(({ verifier }) => verifierKeyOf(origin, verifier.publicKey));
  yield checkJournalKey(station, ownKeys);
  const published = await attemptLater(
    'published',
    () => checkPublished(config, ownKeys, vaults),
    'Run "portcullis verify"; of an HSM, see what it says.',
  );
  yield published.diagnosis ?? published.value ?? { what: 'published', found: 'not looked at' };
  if (station.sealing !== undefined) yield* checkSealing(station.sealing);
  yield* checkClock(station);
  if (read.value === undefined) return;
  const { document, policy } = read.value;
  yield checkPolicy(policyHash(document), station);
  yield* checkNetworks(policy, config, station);
  yield checkBackup(config, station, Date.now() as WallMs, mainNetworks(policy).length > 0);
  yield checkOperators(policy);
  yield* checkMetadata(config, policy, Date.now() as WallMs, station.station?.metadata ?? 0);
  const wallets = [...policy.wallets.values()];
  yield* checkStated(wallets, station);
  const onUsb = config.signers.filter((signer) => signer.kind === 'ledger' && signer.transport.kind === 'hid');
  if (!station.running && onUsb.length > 0) {
    const needed = wallets.flatMap(signersOf).some((name) => onUsb.some((signer) => signer.name === name));
    yield* checkUsb(survey, needed);
  }
  yield* checkSigners(config, wallets, station.running, probe);
}

interface Attempt<T> {
  readonly value?: T;
  readonly diagnosis?: Diagnosis;
}

function attempt<T>(what: string, look: () => T, mend: string): Attempt<T> {
  try {
    return { value: look() };
  } catch (error) {
    return { diagnosis: { what, found: error instanceof Error ? error.message : String(error), mend } };
  }
}

async function attemptLater<T>(what: string, look: () => Promise<T>, mend: string): Promise<Attempt<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    return { diagnosis: { what, found: error instanceof Error ? error.message : String(error), mend } };
  }
}

function* checkFiles(config: Config): Generator<Diagnosis> {
  const { state } = config.keys;
  const folders = state.kind === 'file' ? [dirname(state.file)] : [];
  const closed = [config.data, ...folders, config.database].filter((path) => existsSync(path));
  const open = closed.filter((path) => (statSync(path).mode & 0o077) !== 0);
  yield open.length === 0
    ? { what: 'permissions', found: 'data and keys are their owner’s alone' }
    : { what: 'permissions', found: `others may use ${open.join(', ')}`, mend: `Run: chmod go= ${open.join(' ')}` };
  const away = takeAwayLeft(config);
  if (away === undefined) return;
  const mend = 'Carry it to another machine and delete it here: whoever has the CA’s key can be any client.';
  yield { what: takeAway, found: `${away} is still on the station`, mend };
}

function* checkDatabase({ damage, station, running, frozen }: Inspection): Generator<Diagnosis> {
  yield damage.length === 0
    ? { what: 'database', found: running ? 'sound; the station is running' : 'sound; the station is not running' }
    : { what: 'database', found: damage.join('; '), mend: 'Stop the station and restore a backup.' };
  if (station === undefined) {
    const mend =
      'Restore the station’s own state key; if it is, run "portcullis verify": another hand wrote the database.';
    yield { what: 'state key', found: 'the station’s row fails its authentication code', mend };
  } else yield { what: 'station', found: station.name };
  if (frozen.length > 0) {
    const mend = 'When the reason is gone, "portcullis thaw SCOPE".';
    yield { what: 'freezes', found: `in force on ${frozen.join(', ')}`, mend };
  }
}

/** After a restore: what only people know of a wallet, and it signs nothing before. */
function* checkStated(wallets: readonly Wallet[], { stated }: Inspection): Generator<Diagnosis> {
  if (stated === undefined) return;
  for (const { id } of wallets) {
    if (stated.has(id)) continue;
    const found = 'nobody has stated what it used before the station was restored';
    yield { what: `wallet ${id}`, found, mend: reasons['wallet-unstated'].remedy };
  }
}

function checkJournalKey({ station, journalKey }: Inspection, own: readonly string[]): Diagnosis {
  if (station === undefined || own.some((key) => key === journalKey))
    return { what: 'journal key', found: own.join(', ') };
  const mend = 'Restore the station’s own journal key: with this one, no auditor would believe its checkpoints.';
  return { what: 'journal key', found: `it is not ${journalKey ?? 'known'}, which the journal names`, mend };
}

function* checkSealing({ current, former }: SealingState): Generator<Diagnosis> {
  yield { what: 'sealing key', found: current };
  for (const { key, missing, sealed } of former) {
    const what = 'sealing key';
    const found = sealedLine(key, missing, sealed);
    if (missing) yield { what, found, mend: reasons['sealing-key-missing'].remedy };
    else yield { what, found };
  }
}

function* checkClock({ clock }: Inspection): Generator<Diagnosis> {
  const reading = attempt('clock', () => machineTime().read(), 'Run on Linux with /proc mounted.');
  if (reading.diagnosis !== undefined) yield reading.diagnosis;
  if (reading.value === undefined || clock === undefined) return;
  const { wall, bootId } = reading.value;
  const behind = clock.highWater - wall;
  const booted = bootId === clock.bootId ? 'same boot as last seen' : 'booted since last seen';
  if (clock.suspect || behind > 2_000) {
    const found =
      behind > 2_000 ? `it is ${Math.ceil(behind / 1_000)} s behind the latest time seen` : 'the station suspects it';
    yield { what: 'clock', found, mend: 'Set the machine’s time right, then "portcullis clock acknowledge".' };
  } else yield { what: 'clock', found: `${new Date(wall).toISOString()}, ${booted}` };
}

function checkPolicy(hash: string, { station, policies }: Inspection): Diagnosis {
  if (station === undefined || station.policy === hash) return { what: 'policy', found: hash };
  // What `run` does with a policy that was in force before: the station could not write the file, and does so then.
  if (policies.includes(hash) && policies.includes(station.policy))
    return {
      what: 'policy',
      found: `${station.policy}; the file has a former one, ${hash}, until the next start writes it`,
    };
  const { remedy } = reasons['policy-changed'];
  return { what: 'policy', found: `the file has ${hash}, in force is ${station.policy}`, mend: remedy };
}

/** What a main-network station must have, a line each: first what it does not start without. */
function* checkNetworks(policy: Policy, config: Config, { station, delivered }: Inspection): Generator<Diagnosis> {
  yield { what: 'networks', found: [...policy.chains.keys()].join(', ') };
  const main = mainNetworks(policy);
  if (main.length === 0) return;
  const simulated = station?.origin.startsWith('portcullis/simulated/') ?? false;
  for (const { name, demand, ok, found, mend } of judgeMainNetworks(atStake(policy, config, simulated))) {
    const what = `main network: ${name}`;
    if (ok) yield { what, found };
    else if (demand === 'advised') yield { what, found, mend, hint: true };
    else yield { what, found, mend: `${mend} "portcullis run" does not start without.` };
  }
  const what = 'main network: courier';
  yield delivered
    ? { what, found: 'it had notices accepted for delivery' }
    : {
        what,
        found: 'it never acknowledged a notice',
        mend: 'Run a courier: nothing ripens before its notice was accepted for delivery, and customers would hear of nothing.',
        hint: true,
      };
}

function checkOperators({ operators }: Policy): Diagnosis {
  if (operators === undefined) return { what: 'operators', found: unfounded };
  const { quorum, people, recovery } = operators;
  const found = `${quorum} of ${people.length} decide; recovery ${recovery.quorum} of ${recovery.people.length}`;
  return { what: 'operators', found };
}

async function* checkSigners(
  config: Config,
  wallets: readonly Wallet[],
  running: boolean,
  probe: Probe,
): AsyncGenerator<Diagnosis> {
  for (const wallet of wallets) {
    for (const signer of signersOf(wallet)) {
      if (config.signers.some(({ name }) => name === signer)) continue;
      const found = `its signer ${signer} is not in the config`;
      yield { what: `wallet ${wallet.id}`, found, mend: 'Add it under signers.' };
    }
  }
  for (const signer of config.signers) {
    const own = wallets.filter((wallet) => signersOf(wallet).includes(signer.name));
    const what = `signer ${signer.name}`;
    const module = signer.kind === 'pkcs11' ? checkModule(what, signer.module) : undefined;
    if (module !== undefined) yield module;
    if (own.length === 0) yield { what, found: 'no wallet of the policy is on it' };
    else if (running) yield { what, found: 'the running station has it: "portcullis status" tells of it' };
    if (running || (own.length === 0 && signer.kind === 'ledger')) continue;
    const mend = 'Correct what it names. Credentials are at hand to units of systemd alone.';
    const probed = await attemptLater(what, () => probe(signer, own), mend);
    if (probed.diagnosis !== undefined) yield probed.diagnosis;
    if (probed.value !== undefined) yield* checkProbed(what, own, probed.value);
  }
}

function* checkProbed(what: string, own: readonly Wallet[], { token, wallets }: Probed): Generator<Diagnosis> {
  if (token !== undefined && 'kind' in token) {
    yield { what, found: `${token.reason}: ${token.message}`, mend: reasons[token.reason].remedy };
    return;
  }
  if (token !== undefined) {
    const { device, label, serial, sessions } = token;
    yield { what, found: `token ${label} (${serial}), ${device}; sessions: ${sessions}` };
  }
  yield* readiness(own, wallets);
}

function* readiness(wallets: readonly Wallet[], answers: Probed['wallets']): Generator<Diagnosis> {
  for (const [i, { id }] of wallets.entries()) {
    const answer = answers[i];
    const what = `wallet ${id}`;
    if (answer === undefined)
      yield { what, found: 'its signer said nothing of it', mend: reasons['signer-failed'].remedy };
    else if (answer.ready) yield { what, found: answer.device };
    else yield { what, found: `${answer.reason}: ${answer.message}`, mend: reasons[answer.reason].remedy };
  }
}
