import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { bech32 } from '@scure/base';
import { metadataMost } from './attestation/index.ts';
import { Malformed, shown } from './domain/index.ts';
import { Members } from './gate/document.ts';
import { type Policy, parsePolicy } from './gate/policy.ts';
import {
  checkHsm,
  checkKeySource,
  type JournalKeySource,
  type KeySource,
  type ObjectSource,
  parseJournalKey,
  parseKeyOrFile,
} from './key-source.ts';
import { parseSealingKeys } from './sealing-keys.ts';
import { checkSecret, readHexKey, statOf } from './secret-file.ts';
import { checkPin, parseSigner, type SignerConfig } from './signer-config.ts';
import { checkpointFile, cosignedFile } from './store/tile-folder.ts';
import { readYamlFile } from './yaml-file.ts';

/** Where a listener is bound. Port 0: any that is free. */
export interface Listen {
  /** A host name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A station's config (version 1): paths, ports, and where secrets lie. Paths are absolute. */
export interface Config {
  readonly file: string;
  /** The folder of the database. */
  readonly data: string;
  /** `station.db` in it. */
  readonly database: string;
  /** The folder that the journal is published in as files: `tiles` beside the database unless `journal.tiles` says otherwise. */
  readonly tiles: string;
  /** Files that the newest checkpoint is written into besides: elsewhere than the database. */
  readonly kept: readonly string[];
  /** Where an HSM keeps the newest checkpoint; undefined: nowhere. */
  readonly object: ObjectSource | undefined;
  readonly policy: string;
  /** age recipients, whom backups are encrypted to; none: no backup is made. */
  readonly backup: readonly string[];
  readonly keys: {
    readonly state: KeySource;
    /** Newest first: each signs every checkpoint. */
    readonly journal: readonly JournalKeySource[];
    /** Newest first. */
    readonly sealing: readonly KeySource[];
  };
  /** The FIDO metadata (MDS3 blob); undefined: none. */
  readonly metadata: string | undefined;
  readonly tls: { readonly ca: string; readonly certificate: string; readonly key: string };
  readonly listen: Listen;
  readonly operatorsListen: Listen;
  readonly signers: readonly SignerConfig[];
}

/** What a config file says. */
const configBytesMost = 65_536;
/** Tokens have descriptors; hundreds of them fit. */
const policyBytesMost = 1_048_576;

/**
 * Reads a station's config. Throws `Malformed` with the member's place (`config.signers[0].url: …`) for whatever is unknown,
 * missing, of the wrong type, or not on the disk, and for a secret that others may read.
 */
export function loadConfig(file: string): Config {
  const path = resolve(file);
  const config = parseConfig(readYamlFile(path, 'config', configBytesMost).value, path);
  const { data, policy, tls, signers } = config;
  if (!statOf(data, 'config.data').isDirectory()) throw new Malformed('config.data', `${data} is not a folder`);
  checkFile(policy, 'config.policy');
  if (config.metadata !== undefined) checkFile(config.metadata, 'config.metadata.file');
  checkFile(tls.ca, 'config.tls.ca');
  checkFile(tls.certificate, 'config.tls.certificate');
  config.kept.forEach(checkKept);
  for (const [place, source] of keySources(config)) checkKeySource(source, place);
  checkSecret(tls.key, 'config.tls.key');
  signers.forEach((signer, i) => {
    if (signer.kind === 'pkcs11') checkPin(signer.pin, `config.signers[${i}].pin`);
  });
  return config;
}

/** The members of a config, already read from its YAML; looks at no file. */
export function parseConfig(document: unknown, file: string): Config {
  const top = new Members(document, 'config');
  const path = (of: Members, name: string): string => resolve(dirname(file), of.text(name));
  top.count('version', 1, 1);
  const data = path(top, 'data');
  const policy = path(top, 'policy');
  const keys = top.members('keys');
  const tls = top.members('tls');
  const metadata = top.has('metadata') ? top.members('metadata') : undefined;
  const backup = top.has('backup') ? top.members('backup') : undefined;
  const journal = top.has('journal') ? top.members('journal') : undefined;
  const config: Config = {
    file,
    data,
    database: join(data, 'station.db'),
    tiles: journal?.has('tiles') === true ? path(journal, 'tiles') : join(data, 'tiles'),
    kept: journal?.has('kept') === true ? keptFiles(journal, dirname(file)) : [],
    object: journal?.has('object') === true ? keptObject(journal.members('object')) : undefined,
    policy,
    backup: backup === undefined ? [] : parseRecipients(backup),
    keys: {
      state: parseKeyOrFile(keys.take('state'), keys.at('state'), dirname(file)),
      journal: journalKeys(keys, dirname(file)),
      sealing: parseSealingKeys(
        keys.list('sealing', (value) => value),
        keys.at('sealing'),
        dirname(file),
      ),
    },
    metadata: metadata === undefined ? undefined : path(metadata, 'file'),
    tls: { ca: path(tls, 'ca'), certificate: path(tls, 'certificate'), key: path(tls, 'key') },
    listen: parseListen(top.text('listen'), top.at('listen')),
    operatorsListen: parseListen(top.text('operators_listen'), top.at('operators_listen')),
    signers: top.list('signers', (value, place) => parseSigner(value, place, dirname(file))),
  };
  for (const members of [keys, tls, metadata, journal, backup, top]) members?.done();
  checkWhole(config);
  return Object.freeze(config);
}

/** A policy file: its exact text, which is what gets hashed, and what it says. Throws `Malformed` with the member's place. */
export function loadPolicy(file: string): { readonly document: string; readonly policy: Policy } {
  const { text, value } = readYamlFile(resolve(file), 'policy', policyBytesMost);
  return { document: text, policy: parsePolicy(value) };
}

/** A policy file's exact text, whatever it says. */
export function loadPolicyText(file: string): string {
  return readYamlFile(resolve(file), 'policy', policyBytesMost).text;
}

/** The state key: 32 bytes, from a file of 64 hex digits that only its owner may read. */
export function readStateKey(file: string, place = 'config.keys.state'): Uint8Array {
  return readHexKey(file, place);
}

/** One key, or while it is changed for another both, the newest first. */
function journalKeys(keys: Members, folder: string): readonly JournalKeySource[] {
  const value = keys.take('journal');
  const place = keys.at('journal');
  const sources = Array.isArray(value)
    ? value.map((item, i) => parseJournalKey(item, `${place}[${i}]`, folder))
    : [parseJournalKey(value, place, folder)];
  if (sources.length === 0 || new Set(sources.map((source) => JSON.stringify(source))).size !== sources.length)
    throw new Malformed(place, 'expected one key, or several different ones, the newest first');
  return Object.freeze(sources);
}

/** Where a key of the journal's stands in the config. */
export function journalPlace(sources: readonly JournalKeySource[], i: number): string {
  return sources.length === 1 ? 'config.keys.journal' : `config.keys.journal[${i}]`;
}

/** Every key of the station's own, with its place. */
function keySources({ keys }: Pick<Config, 'keys'>): [place: string, source: KeySource | JournalKeySource][] {
  return [
    ['config.keys.state', keys.state],
    ...keys.journal.map((source, i): [string, JournalKeySource] => [journalPlace(keys.journal, i), source]),
    ...keys.sealing.map((source, i): [string, KeySource] => [`config.keys.sealing[${i}]`, source]),
  ];
}

/** Of what restoring can open with a file: native age recipients, post-quantum ones included. */
function parseRecipients(backup: Members): readonly string[] {
  const recipients = backup.list('recipients', (value, place) => {
    const known = typeof value === 'string' && value.length < 4_096 ? bech32.decodeUnsafe(value, false) : undefined;
    const bytes = known === undefined ? undefined : bech32.fromWordsUnsafe(known.words);
    if (typeof value === 'string' && bytes && ages.get(known?.prefix ?? '') === bytes.length) return value;
    throw new Malformed(place, 'expected an age recipient: age1…, or age1pq1…');
  });
  if (recipients.length === 0) throw new Malformed(backup.at('recipients'), 'names nobody who could open a backup');
  return Object.freeze(recipients);
}

/** By prefix (C2SP age), how many bytes the key has. */
const ages: ReadonlyMap<string, number> = new Map([
  ['age', 32],
  ['age1pq', 1_216],
]);

function keptFiles(journal: Members, folder: string): readonly string[] {
  const files = journal.list('kept', (value, place) => {
    if (typeof value !== 'string' || value === '') throw new Malformed(place, 'expected the path of a file');
    return resolve(folder, value);
  });
  const again = files.findIndex((path, i) => files.indexOf(path) !== i);
  if (again !== -1) throw new Malformed(`${journal.at('kept')}[${again}]`, 'stands twice');
  return Object.freeze(files);
}

function keptObject(of: Members): ObjectSource {
  const signer = of.text('hsm');
  const label = of.has('label') ? of.text('label') : 'portcullis';
  if (!/^[\x20-\x7e]{1,64}$/.test(label)) throw new Malformed(of.at('label'), 'expected 1 to 64 printable characters');
  of.done();
  return { kind: 'hsm', signer, label };
}

/** One that is not there may lie on a disk that is not mounted: the checkpoint on it is not to be missed. */
function checkKept(file: string, i: number): void {
  const place = `config.journal.kept[${i}]`;
  if (!existsSync(file))
    throw new Malformed(
      place,
      `${file} is not there: mount its disk; for a place that is new, make an empty file there`,
    );
  checkFile(file, place);
}

/** Every file that the station's checkpoints are read from at a start, and by whoever looks after it. */
export function publishedFiles({ data, tiles, kept }: Pick<Config, 'data' | 'tiles' | 'kept'>): readonly string[] {
  return [join(tiles, checkpointFile), join(tiles, cosignedFile), ...kept, aheadFile({ data })];
}

/** Where a checkpoint is kept that somebody showed the station, and that its journal does not go on from. */
export function aheadFile({ data }: Pick<Config, 'data'>): string {
  return join(data, 'checkpoint.ahead');
}

/** What the station wrote down of the last backup that was fetched. */
export function backupFile({ data }: Pick<Config, 'data'>): string {
  return join(data, 'backup.last');
}

function checkWhole(config: Config): void {
  config.kept.forEach((file, i) => {
    const place = `config.journal.kept[${i}]`;
    if (file.startsWith(`${config.data}/`) || file.startsWith(`${config.tiles}/`))
      throw new Malformed(
        place,
        'lies beside the database, and would be put back with it: name a file on another disk',
      );
  });
  const { data, tls, listen, operatorsListen, signers } = config;
  // Who gets a copy of the database must not get the key that authenticates it (threat H).
  const secrets: [place: string, file: string][] = [['config.tls.key', tls.key]];
  if (config.object !== undefined) checkHsm(config.object, signers, 'config.journal.object');
  for (const [place, source] of keySources(config)) {
    checkHsm(source, signers, place);
    if ('file' in source) secrets.push([source.kind === 'hsm' ? `${place}.wrapped` : place, source.file]);
  }
  signers.forEach((signer, i) => {
    if (signer.kind === 'pkcs11' && signer.pin.kind === 'file')
      secrets.push([`config.signers[${i}].pin.file`, signer.pin.file]);
  });
  for (const [place, file] of secrets) {
    if (file.startsWith(`${data}/`)) throw new Malformed(place, `lies in the data folder: keep keys apart from it`);
  }
  // A flood on one must leave the other free: a freeze has to get through (threat S2).
  if (listen.port === operatorsListen.port && listen.port !== 0) {
    throw new Malformed('config.operators_listen', 'has the port of listen: operators need a listener of their own');
  }
  const names = new Set<string>();
  signers.forEach(({ name }, i) => {
    if (names.has(name)) throw new Malformed(`config.signers[${i}].name`, `${shown(name)} stands twice`);
    names.add(name);
  });
}

function parseListen(value: string, place: string): Listen {
  const expected = 'expected host:port such as 127.0.0.1:7443 or [::1]:7443';
  const [, v6, plain, digits] = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):([0-9]{1,5})$/.exec(value) ?? [];
  const host = v6 ?? plain;
  const port = Number(digits);
  if (host === undefined || digits === undefined || port > 65_535) {
    throw new Malformed(place, `${expected}, got ${shown(value)}`);
  }
  return { host, port };
}

/** The FIDO metadata's text, where the config names any. Throws `Malformed`. */
export function readMetadata({ metadata }: Config): string | undefined {
  if (metadata === undefined) return undefined;
  if (statOf(metadata, 'config.metadata.file').size > metadataMost)
    throw new Malformed('config.metadata.file', `${metadata} is larger than ${metadataMost} bytes`);
  return readFileSync(metadata, 'latin1');
}

function checkFile(file: string, place: string): void {
  if (!statOf(file, place).isFile()) throw new Malformed(place, `${file} is not a file`);
}
