import { type Address, parseAddress } from './caip.ts';
import { canonicalBytes, type Flat, parseCanonical } from './canonical.ts';
import { digestOf } from './digest.ts';
import {
  type AccountId,
  type Digest,
  type FactorId,
  parseAccountId,
  parseDigest,
  parseFactorId,
  parseStationName,
  type StationName,
} from './ids.ts';
import { parseLabel } from './label.ts';
import { type ActId, parseActId } from './operator.ts';
import { Malformed, shown } from './refusal.ts';

// What an exchange has of its customers already, and brings to a station: formats.md, "Import".

/** Bytes of a chunk, and of a manifest: as much as comes in one request. */
export const importChunkMost = 48 * 1024;
/** The largest count that a manifest may claim. */
const countMost = 10_000_000;

/** What operators approve: exactly these chunks, in this order. */
export interface ImportManifest {
  readonly station: StationName;
  /** SHA-256 of each chunk. */
  readonly chunks: readonly Digest[];
  /** How many records of each kind they hold, all together. */
  readonly factors: number;
  readonly destinations: number;
}

const manifestType = 'portcullis/import/v1';

export function importManifestBytes({ station, chunks, factors, destinations }: ImportManifest): Uint8Array {
  return canonicalBytes({
    type: manifestType,
    station,
    chunks: chunks.join(' '),
    factors: String(factors),
    destinations: String(destinations),
  });
}

/** The inverse, strictly. Throws `Malformed`. */
export function parseImportManifest(bytes: Uint8Array, field = 'manifest'): ImportManifest {
  const take = members(bytes, field, manifestType);
  const manifest: ImportManifest = {
    station: parseStationName(take('station'), `${field}.station`),
    chunks: take('chunks')
      .split(' ')
      .map((chunk) => parseDigest(chunk, `${field}.chunks`)),
    factors: parseCount(take('factors'), `${field}.factors`, countMost),
    destinations: parseCount(take('destinations'), `${field}.destinations`, countMost),
  };
  take.done();
  if (new Set(manifest.chunks).size !== manifest.chunks.length)
    throw new Malformed(`${field}.chunks`, 'names a chunk twice');
  return manifest;
}

/** A passkey that an account has with the exchange. Nothing says how old it is, nor that it is of hardware: neither is believed. */
export interface ImportFactor {
  readonly kind: 'factor';
  readonly account: AccountId;
  readonly credential: FactorId;
  readonly coseKey: Uint8Array;
  /** SHA-256 of the COSE key. */
  readonly key: Digest;
  readonly signCount: number;
  readonly backupEligible: boolean;
  /** 32 lowercase hex digits. */
  readonly aaguid: string;
  readonly class: 'synced' | 'device';
}

export interface ImportDestination {
  readonly kind: 'destination';
  readonly account: AccountId;
  readonly destination: Address;
  readonly label: string;
}

export type ImportRecord = ImportFactor | ImportDestination;

const factorType = 'portcullis/import-factor/v1';
const destinationType = 'portcullis/import-destination/v1';

/** One line of a chunk, strictly. Whether its key is one, and its address spelled as its chain wants it, is not looked at. Throws `Malformed`. */
export function parseImportRecord(bytes: Uint8Array, field: string): ImportRecord {
  const { type } = parseCanonical(bytes, field);
  if (type === factorType) return factorOf(members(bytes, field, factorType), field);
  if (type === destinationType) return destinationOf(members(bytes, field, destinationType), field);
  throw new Malformed(`${field}.type`, `expected ${factorType} or ${destinationType}, got ${shown(type)}`);
}

/** By which act of which station a record came in. */
export interface Imported<R extends ImportRecord> {
  readonly station: StationName;
  readonly act: ActId;
  /** The station's code over the other members, so that nobody tries addresses against the digest in the log. */
  readonly ticket: string;
  readonly record: R;
}

const importedFactorType = 'portcullis/imported-factor/v1';
const importedDestinationType = 'portcullis/imported-destination/v1';

/** What a row keeps of a record in the place of an intent (formats.md, "Import"); its digest names what was added. */
export function importedBytes(of: Imported<ImportRecord>): Uint8Array {
  return canonicalBytes({ ...importedMembers(of), ticket: of.ticket });
}

/** All of its members but the ticket, which is made of these. */
export function importedMembers({ station, act, record }: Omit<Imported<ImportRecord>, 'ticket'>): Flat {
  if (record.kind === 'destination') {
    const { account, destination, label } = record;
    return { type: importedDestinationType, station, act, account, destination, label };
  }
  return {
    type: importedFactorType,
    station,
    act,
    account: record.account,
    credential: record.credential,
    key: Buffer.from(record.coseKey).toString('base64url'),
    sign_count: String(record.signCount),
    backup_eligible: String(record.backupEligible),
    aaguid: record.aaguid,
  };
}

export function parseImportedFactor(bytes: Uint8Array, field = 'imported'): Imported<ImportFactor> {
  const take = members(bytes, field, importedFactorType);
  return { ...originOf(take, field), record: factorOf(take, field) };
}

export function parseImportedDestination(bytes: Uint8Array, field = 'imported'): Imported<ImportDestination> {
  const take = members(bytes, field, importedDestinationType);
  return { ...originOf(take, field), record: destinationOf(take, field) };
}

/** Whether a destination's row holds an imported record in an intent's place. */
export function isImported(bytes: Uint8Array): boolean {
  return parseCanonical(bytes, 'intent')['type'] === importedDestinationType;
}

interface Take {
  (name: string): string;
  /** Insists that nothing is left. */
  done(): void;
}

function members(bytes: Uint8Array, field: string, type: string): Take {
  const left = new Map(Object.entries<string>(parseCanonical(bytes, field) satisfies Flat));
  const take = (name: string): string => {
    const value = left.get(name);
    if (value === undefined) throw new Malformed(`${field}.${name}`, 'is missing');
    left.delete(name);
    return value;
  };
  const told = take('type');
  if (told !== type) throw new Malformed(`${field}.type`, `expected ${type}, got ${shown(told)}`);
  const done = (): void => {
    for (const other of left.keys()) throw new Malformed(field, `${shown(other)} is not a member of ${type}`);
  };
  return Object.assign(take, { done });
}

function originOf(take: Take, field: string): Omit<Imported<ImportRecord>, 'record'> {
  const ticket = take('ticket');
  if (!/^[A-Za-z0-9_-]{43}$/.test(ticket)) throw new Malformed(`${field}.ticket`, 'is not 32 bytes in base64url');
  return {
    ticket,
    station: parseStationName(take('station'), `${field}.station`),
    act: parseActId(take('act'), `${field}.act`),
  };
}

function factorOf(take: Take, field: string): ImportFactor {
  const account = parseAccountId(take('account'), `${field}.account`);
  const credential = parseFactorId(take('credential'), `${field}.credential`);
  const spelled = take('key');
  const coseKey = new Uint8Array(Buffer.from(spelled, 'base64url'));
  if (coseKey.length === 0 || Buffer.from(coseKey).toString('base64url') !== spelled)
    throw new Malformed(`${field}.key`, 'is not base64url');
  const eligible = take('backup_eligible');
  if (eligible !== 'true' && eligible !== 'false')
    throw new Malformed(`${field}.backup_eligible`, `expected true or false, got ${shown(eligible)}`);
  const backupEligible = eligible === 'true';
  // WebAuthn L3 §6.1: 32 bits.
  const signCount = parseCount(take('sign_count'), `${field}.sign_count`, 0xffff_ffff);
  const aaguid = take('aaguid');
  if (!/^[0-9a-f]{32}$/.test(aaguid))
    throw new Malformed(`${field}.aaguid`, `expected 32 lowercase hex digits, got ${shown(aaguid)}`);
  take.done();
  const key = digestOf(coseKey);
  const kind = backupEligible ? 'synced' : 'device';
  return { kind: 'factor', account, credential, coseKey, key, signCount, backupEligible, aaguid, class: kind };
}

function destinationOf(take: Take, field: string): ImportDestination {
  const record: ImportDestination = {
    kind: 'destination',
    account: parseAccountId(take('account'), `${field}.account`),
    destination: parseAddress(take('destination'), `${field}.destination`),
    label: parseLabel(take('label'), `${field}.label`),
  };
  take.done();
  return record;
}

function parseCount(text: string, field: string, most: number): number {
  if (!/^(0|[1-9][0-9]{0,9})$/.test(text) || Number(text) > most)
    throw new Malformed(field, `expected a whole number up to ${most}, got ${shown(text)}`);
  return Number(text);
}
