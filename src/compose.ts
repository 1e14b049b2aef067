import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Api, createApi } from './api/server.ts';
import type { Service } from './api/service.ts';
import { aheadFile, backupFile, type Config, journalPlace, publishedFiles, readMetadata } from './config.ts';
import type { BackupSource } from './custody/backups.ts';
import { type Running, startCustody } from './custody/index.ts';
import { foundIn, objectPublisher } from './custody/kept-object.ts';
import { writeLastBackup } from './custody/last-backup.ts';
import { Models } from './custody/models.ts';
import { Publication } from './custody/publication.ts';
import { logKeys, readPublished } from './custody/published.ts';
import { WitnessedClock } from './custody/witnessed-clock.ts';
import { Malformed, minute, placeKind, second, signersOf, type TimeSource, type Wallet } from './domain/index.ts';
import type { Policy } from './gate/policy.ts';
import { formatVerifierKey, parseVerifierKey } from './journal/note.ts';
import { readKey } from './key-source.ts';
import { openSigner, transportOf } from './open-signer.ts';
import { policyInForce, writePolicyFile } from './policy-file.ts';
import { randomBytesPooled } from './random-pool.ts';
import { Rotation } from './rotation.ts';
import { readSealingKeys } from './sealing-keys.ts';
import { sharedToken } from './shared-token.ts';
import type { SignerConfig } from './signer-config.ts';
import { transportAllowed } from './signers/ledger/transport.ts';
import { pinnedKey } from './signers/ledger/wallet-key.ts';
import type { Signer } from './signers/signer.ts';
import { backupOf } from './store/backup.ts';
import { startCheckpointer } from './store/checkpointer.ts';
import { openDatabase } from './store/database.ts';
import { deriveKeys } from './store/key.ts';
import { Store } from './store/store.ts';
import { writeWhole } from './store/tile-folder.ts';
import { startTiler } from './store/tiler.ts';
import { checkAuthorities, differenceOf, readTls } from './tls-files.ts';
import { openJournalKey, openObject, Vaults } from './vaults.ts';

/** How often an HSM's token keeps another checkpoint, ms: what its flash wears out by. */
const keptEvery = 15 * minute;

/** An event of the station's log: one line of JSON on stderr. Never evidence, never secrets. */
export type StationLog = (event: string, details?: Readonly<Record<string, string | number>>) => void;

export interface Composition {
  readonly config: Config;
  readonly time: TimeSource;
  readonly extraServices?: (running: Running) => readonly Service[];
  /** Throws for a policy that this composition does not run on. */
  readonly allowed?: (policy: Policy) => void;
  readonly log: StationLog;
  /** The process can't go on: the disk may have lost what it acknowledged, or a listener failed. */
  readonly onFatal: (error: Error) => void;
  /** How long to wait before a signer that was not ready is asked again, ms. */
  readonly retryAfter?: number;
}

export interface ComposedStation {
  readonly api: Api;
  readonly running: Running;
  readonly policy: Policy;
  readonly station: string;
  readonly verifierKey: string;
  /** Reads the certificates' files again: new connections are made with what they hold now. */
  reload(): void;
  close(): Promise<void>;
}

/** Puts a station together from its config: both composition roots do, with the machine's time or a simulation's. */
export async function composeStation(composition: Composition): Promise<ComposedStation> {
  const { config, log } = composition;
  const vaults = new Vaults(config.signers, (line) => log('hsm', { line }));
  try {
    return await compose(composition, vaults);
  } catch (error) {
    await vaults.close();
    throw error;
  }
}

async function compose(composition: Composition, vaults: Vaults): Promise<ComposedStation> {
  const { config, time, log } = composition;
  const keys = deriveKeys(await readKey(config.keys.state, 'config.keys.state', vaults));
  const sealing = await readSealingKeys(config.keys.sealing, vaults);
  const metadata = readMetadata(config);
  const tls = readTls(config.tls);
  checkWritable(config.database);
  const { db, close: closeDatabase } = openDatabase(config.database);
  try {
    const clock = new WitnessedClock(time);
    const store = new Store({
      db,
      rowKey: keys.row,
      witness: clock,
      salt: () => randomBytesPooled(32),
      onFatal: composition.onFatal,
      onListenerFailed: (error) => log('listener-failed', { error: String(error) }),
    });
    const record = store.look({}).station;
    const journal = await Promise.all(
      config.keys.journal.map((source, i, all) => openJournalKey(source, record.origin, journalPlace(all, i), vaults)),
    );
    const [verifierKey = '', ...formerKeys] = journal.map(({ verifier }) => formatVerifierKey(verifier));
    const keysNamed = logKeys(store.log, record, [verifierKey, ...formerKeys]);
    const object = config.object === undefined ? undefined : openObject(config.object, vaults);
    const published = readPublished(
      publishedFiles(config),
      { log: store.log, size: () => store.size, station: record },
      keysNamed,
      await foundIn(object),
    );
    const { policy } = policyInForce(config.policy, record.policy, store, log);
    composition.allowed?.(policy);
    checkAuthorities(tls, policy.clients, config.tls.ca);
    checkTime(record.origin, time);
    // What opened the other keys is not needed any more.
    if (object === undefined && config.keys.journal.every(({ kind }) => kind === 'file')) await vaults.close();
    const signers = openSigners(config, policy, log);
    const running = startCustody({
      store,
      policy,
      policyHash: record.policy,
      keys,
      sealing,
      metadata,
      random: { bytes: randomBytesPooled },
      simulated: time.simulated,
      log,
      time,
      clock,
      signers,
      fitting: (asked) => fitting(asked, composition, metadata),
      freeSpace: () => freeSpace(config.database),
      timing: { retryAfter: composition.retryAfter ?? 15 * second, later },
      journal,
      backup: backupFor(config, log),
      published: { keys: keysNamed, behind: published.behind, keep: (note) => writeWhole(aheadFile(config), note) },
    });
    await running.ready;
    let inForce = policy;
    let rotation: Rotation | undefined;
    running.onPolicy((adopted) => {
      inForce = adopted;
      rotation?.adopt(adopted);
    });
    const api = await createApi({
      custody: running.custody,
      tls,
      clients: policy.clients,
      trustDomain: policy.trustDomain,
      listen: config.listen,
      operatorsListen: config.operatorsListen,
      extraServices: composition.extraServices?.(running) ?? [],
      log,
    });
    const doors = new Rotation({ api, files: config.tls, log, policy, tls });
    rotation = doors;
    // Another policy may have taken effect while the listeners opened.
    if (inForce !== policy) doors.adopt(inForce);
    // Not in the turn of the commit: the file is for people, and a start mends it.
    running.onPolicy(() => setImmediate(() => writePolicyFile(config.policy, running.policyDocument(), log)));
    const checkpointer = startCheckpointer(config.database, log);
    const { database: file, tiles: folder, kept } = config;
    const tiler = startTiler({ file, folder, kept, keys: keysNamed });
    const publishing = { journal: running.custody.journal, later, log, behind: running.fallBehind };
    const publications = [new Publication({ ...publishing, tiler })];
    if (object !== undefined) {
      const verifiers = keysNamed.map((key) => parseVerifierKey(key));
      const keeper = objectPublisher(object, store.log, verifiers);
      publications.push(new Publication({ ...publishing, tiler: keeper, every: keptEvery }));
    }
    const ticking = setInterval(() => {
      running.timekeeper.tick().catch((error: unknown) => log('tick-failed', { error: String(error) }));
    }, second);
    return {
      api,
      running,
      policy,
      station: record.name,
      verifierKey,
      reload: () => doors.reload(),
      close: async () => {
        clearInterval(ticking);
        await api.close(2 * second);
        await running.close();
        await Promise.all(publications.map((publication) => publication.close()));
        await vaults.close();
        await tiler.close();
        await checkpointer.close();
        store.close();
        closeDatabase();
      },
    };
  } catch (error) {
    closeDatabase();
    throw error;
  }
}

function backupFor(config: Config, log: StationLog): BackupSource | undefined {
  const { backup: recipients, database: file } = config;
  if (recipients.length === 0) return undefined;
  return async function* (made) {
    const done = yield* backupOf({ file, recipients, made });
    try {
      writeLastBackup(backupFile(config), { made, size: done.size });
    } catch (error) {
      // It was made, and only "doctor" looks there.
      log('last-backup-not-written', { error: String(error) });
    }
    return done;
  };
}

/** SQLite would open it for reading, and fail at the first commit. */
export function checkWritable(database: string): void {
  try {
    accessSync(database, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw new Malformed('config.data', `${database} may not be written by this user: give it to the station's user`);
  }
}

/** A journal that began under simulated time says so in its origin for ever, and a real one never meets simulated time. */
function checkTime(origin: string, time: TimeSource): void {
  if (origin.startsWith('portcullis/simulated/') === time.simulated) return;
  throw new Error(
    time.simulated
      ? 'this station was founded on real time: it never runs on simulated time'
      : 'this station was founded on simulated time: it never runs on real time ("portcullis dev" runs such stations)',
  );
}

function openSigners(config: Config, policy: Policy, log: StationLog): Map<string, Signer> {
  for (const wallet of policy.wallets.values()) checkWallet(wallet, config, log);
  return new Map(
    config.signers.map((signer) => {
      const { name } = signer;
      return [name, openSigner(signer, (line) => log('signer', { signer: name, line }))];
    }),
  );
}

/** What would otherwise show only when the first payment is to be signed. */
function checkWallet(wallet: Wallet, { signers }: Config, log: StationLog): void {
  const place = `policy.wallets.${wallet.id}`;
  // A path that its device would not take, or would ask a person about each time.
  if (placeKind(wallet) === 'derived') for (const signer of signersOf(wallet)) pinnedKey(wallet, signer, place);
  const shared = sharedToken(wallet, signers);
  if (shared !== undefined) log('wallet-on-one-token', { wallet: wallet.id, signers: shared.join(' ') });
  for (const name of signersOf(wallet)) {
    const signer = signers.find((one) => one.name === name);
    if (signer === undefined) log('wallet-without-signer', { wallet: wallet.id, signer: name });
    else checkSigner(wallet, signer, `${place}.${wallet.kind === 'account' ? 'signer' : 'signers'}`);
  }
}

/** That a signer is of the kind that could have a wallet's keys. */
function checkSigner(wallet: Wallet, signer: SignerConfig, place: string): void {
  if (placeKind(wallet) !== (signer.kind === 'ledger' ? 'derived' : 'token')) {
    const why =
      signer.kind === 'ledger'
        ? `${signer.name} is a Ledger, and the wallet’s keys are of a PKCS#11 token`
        : `${signer.name} is a PKCS#11 token, which derives no keys: name its key by CKA_ID`;
    throw new Malformed(place, why);
  }
  if (signer.kind === 'ledger' && !transportAllowed(transportOf(signer.transport), wallet.chain))
    throw new Malformed(
      place,
      `wallet ${wallet.id} is on ${wallet.chain}: an emulated Ledger signs for test networks only`,
    );
}

/** Whether the station could run on a policy, by its config, and what people should know of it before they sign it. */
function fitting(policy: Policy, { config, allowed, time }: Composition, metadata: string | undefined): string[] {
  allowed?.(policy);
  // The number that was there before a start asks for, too.
  new Models(metadata).open(policy, time.read().wall, 0);
  const warnings: string[] = [];
  for (const wallet of policy.wallets.values()) {
    checkWallet(wallet, config, (event, details) =>
      warnings.push(
        event === 'wallet-on-one-token'
          ? `signers ${details?.['signers']} are one token: who has it has more than one key of wallet ${wallet.id}`
          : `the config names no signer ${details?.['signer']}, so that wallet ${wallet.id} signs ${without(wallet)}`,
      ),
    );
  }
  return [...warnings, ...authorityWarnings(policy, config)];
}

/** What a wallet can do while one of its signers is missing. */
function without(wallet: Wallet): string {
  const spare = wallet.kind === 'script' && wallet.threshold < wallet.keys.length;
  return spare ? 'only with the others' : 'nothing';
}

/** S11: a policy that names other authorities than the CA file holds shuts clients out, and the next start, too. */
function authorityWarnings({ clients }: Policy, { tls }: Config): string[] {
  if (clients === undefined) return [];
  const { missing, foreign } = differenceOf(readFileSync(tls.ca), clients);
  const all = missing.length === clients.authorities.length ? ': nobody could call the station any more' : '';
  return [
    ...missing.map((print) => `the CA file ${tls.ca} lacks ${print}, which the policy names${all}`),
    ...foreign.map((print) => `the CA file ${tls.ca} holds ${print}, which the policy does not name`),
  ];
}

function later(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

/** What an unprivileged user may still write on the database's disk, bytes. */
function freeSpace(database: string): number {
  const { bavail, bsize } = statfsSync(dirname(database));
  return bavail * bsize;
}
