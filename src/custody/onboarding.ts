import {
  type AccountId,
  type AccountRecord,
  type ActRecord,
  type Address,
  chainOfAddress,
  type DestinationRecord,
  type Digest,
  digestOf,
  type FactorId,
  type FactorRecord,
  type FreezeScope,
  hour,
  type ImportDestination,
  type Imported,
  type ImportFactor,
  type ImportManifest,
  type ImportRecord,
  importedBytes,
  importedMembers,
  Malformed,
  parseEntryId,
  parseImportedFactor,
  parseImportManifest,
  Refusal,
} from '../domain/index.ts';
import type { ImportedAccount } from '../gate/cases.ts';
import { decideImport, decideImportedDestination, decideImportedFactor } from '../gate/decide.ts';
import type { Verdict as GateVerdict } from '../gate/rule.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Facts, LookupKey, RowKey } from '../store/facts.ts';
import type { Verdict, Write } from '../store/verdict.ts';
import { accountSeen } from './account.ts';
import type { ImportedChunk, Onboarding, SkippedRecord } from './custody.ts';
import { parseImportChunk } from './import-chunk.ts';
import { importSpentKey, spentBy } from './intents.ts';
import { encodeEvidence } from './kept-evidence.ts';
import { checkCount } from './limits.ts';
import {
  destinationAddedText,
  factorAddedText,
  lookalikes,
  type NoticeSeed,
  noticeSeed,
  writeNotice,
} from './notice.ts';
import { type Asked, type Refusals, refusalOf, unwrapped } from './refusals.ts';
import { freezeRows, type Station, toldBy } from './station.ts';
import { listedEntry } from './withdrawals.ts';

/** A chunk that is exactly what an act names. */
interface ReadyChunk {
  readonly act: ActRecord;
  readonly manifest: ImportManifest;
  readonly index: number;
  readonly records: readonly ImportRecord[];
  /** One a record. */
  readonly seeds: readonly NoticeSeed[];
}

/** Brings in what operators approved: a chunk a commit, each once, in their order. */
export class OnboardingDesk implements Onboarding {
  readonly #station: Station;
  readonly #refusals: Refusals;

  constructor(station: Station, refusals: Refusals) {
    this.#station = station;
    this.#refusals = refusals;
  }

  async importChunk(request: Parameters<Onboarding['importChunk']>[0]): Promise<ImportedChunk> {
    const ready = this.#ready(request);
    const asked: Asked = { what: 'act', fields: { act: ready.act.id, verb: 'import' }, personal: {} };
    const keys = this.#refusals.keys(asked, { rows: rowsOf(this.#station, ready), lookups: lookupsOf(ready) });
    const committed = await this.#station.decide(keys, (facts) =>
      this.#refusals.judged(asked, facts, () => this.#import(ready, facts)),
    );
    return unwrapped(committed.result);
  }

  #ready({ act: id, index, records: bytes }: Parameters<Onboarding['importChunk']>[0]): ReadyChunk {
    const station = this.#station;
    const act = station.reading(() => station.store.read('acts', id));
    if (act === undefined || act.verb !== 'import') throw new Refusal('not-found', `no act ${id} imports anything`);
    const manifest = parseImportManifest(act.payload);
    const wanted = manifest.chunks[index];
    if (wanted === undefined) throw new Malformed('index', `the act names ${manifest.chunks.length} chunk(s)`);
    if (digestOf(bytes) !== wanted)
      throw new Malformed('records', `is not chunk ${index} of the act: that is ${wanted}`);
    const records = parseImportChunk(bytes);
    return { act, manifest, index, records, seeds: records.map(() => noticeSeed(station)) };
  }

  #import(ready: ReadyChunk, facts: Facts): Verdict<ImportedChunk> {
    const { index, records, manifest } = ready;
    const act = facts.get('acts', ready.act.id);
    if (act === undefined) throw new Refusal('not-found', `there is no act ${ready.act.id}`);
    const key = importSpentKey(act.id, index);
    if (facts.get('spent', key) !== undefined)
      return { result: { already: true, factors: 0, destinations: 0, skipped: [] } };
    const before = index === 0 ? { by: '0 0' } : facts.get('spent', importSpentKey(act.id, index - 1));
    const moment = this.#station.moment(facts, ['station']);
    const since = facts.get('spent', importSpentKey(act.id, 'epoch'));
    const epoch = since === undefined ? undefined : Number(since.by);
    const verdict = decideImport({ ...moment, act, epoch, inOrder: before !== undefined });
    if (!verdict.approved) throw refusalOf(verdict);
    const counted = countedWith(before?.by ?? '', records, manifest);
    const importing = new Importing(this.#station, act, facts);
    const skipped: SkippedRecord[] = [];
    for (const [i, record] of records.entries()) {
      const seed = ready.seeds[i];
      if (seed === undefined) throw new Error('a record has no notice');
      const refusal = importing.add(record, seed);
      if (refusal !== undefined) skipped.push({ line: i + 1, reason: refusal.reason, message: refusal.message });
    }
    const { factors, destinations } = importing;
    const leaf: LeafDraft = {
      kind: 'chunk-imported',
      fields: {
        act: act.id,
        index: String(index),
        factors: String(factors),
        destinations: String(destinations),
        skipped: String(skipped.length),
        policy: facts.station.policy,
      },
    };
    return {
      result: { already: false, factors, destinations, skipped },
      writes: [{ table: 'spent', record: { key, by: counted }, leaf: 0 }, ...importing.writes],
      leaves: [leaf, ...importing.leaves],
    };
  }
}

/** How many records of each kind the act has brought with these: no more than its operators read when they signed. */
function countedWith(before: string, records: readonly ImportRecord[], manifest: ImportManifest): string {
  const [factors = 0, destinations = 0] = before.split(' ').map(Number);
  const ofFactors = records.filter(({ kind }) => kind === 'factor').length;
  const all = { factors: factors + ofFactors, destinations: destinations + records.length - ofFactors };
  if (all.factors > manifest.factors || all.destinations > manifest.destinations)
    throw new Malformed('records', 'hold more than the manifest says, that operators approved');
  return `${all.factors} ${all.destinations}`;
}

/** What one chunk comes to, record by record: each sees what those before it did. */
class Importing {
  readonly #station: Station;
  readonly #act: ActRecord;
  readonly #facts: Facts;
  readonly #accounts = new Map<AccountId, Account>();
  readonly #factors = new Map<FactorId, FactorRecord>();
  readonly writes: Write[] = [];
  readonly leaves: LeafDraft[] = [];
  factors = 0;
  destinations = 0;

  constructor(station: Station, act: ActRecord, facts: Facts) {
    this.#station = station;
    this.#act = act;
    this.#facts = facts;
  }

  /** Adds one record, or says why it is left out: then nothing of it is written. */
  add(record: ImportRecord, seed: NoticeSeed): Refusal | undefined {
    try {
      if (record.kind === 'factor') this.#addFactor(record, seed);
      else this.#addDestination(record, seed);
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  #addFactor(record: ImportFactor, seed: NoticeSeed): void {
    const facts = this.#facts;
    const station = this.#station;
    const { account, credential, key, class: kind } = record;
    const of = this.#account(account);
    approved(
      decideImportedFactor({
        ...this.#moment(of, factorScopes(account)),
        intent: { intent: { key, class: kind } },
        factors: of.factors,
        existing: this.#factors.get(credential) ?? facts.get('factors', credential),
      }),
    );
    checkCount('nthFactorLive', of.factors.length);
    const { bytes, digest, position } = this.#imported(record);
    const factor: FactorRecord = {
      id: credential,
      account,
      kind: 'webauthn',
      class: kind,
      coseKey: record.coseKey,
      signCount: record.signCount,
      backupEligible: record.backupEligible,
      backupState: false,
      aaguid: record.aaguid,
      authority: null,
      attestation: null,
      epoch: facts.station.factorEpoch,
      admission: 'import',
      attestedBy: [],
      digest,
      intent: bytes,
      evidence: encodeEvidence([]),
      state: 'announcing',
      w0: null,
      d0: null,
      notice: seed.id,
      history: toldBy(facts, position),
    };
    of.record = { ...of.record, everEnrolled: of.record.everEnrolled + 1 };
    of.factors.push(factor);
    this.#factors.set(credential, factor);
    const text = factorAddedText(factor, station.policy.ripening.factor / hour);
    const notice = { account, kind: 'factor-added', subject: credential, text, leaf: position } as const;
    this.writes.push(
      { table: 'factors', record: factor, leaf: position },
      { table: 'accounts', record: of.record, leaf: position },
      { table: 'spent', record: spentBy(digest, 'a factor'), leaf: position },
      { table: 'notices', record: writeNotice(seed, facts, notice), leaf: position },
    );
    const fields = { intent: digest, kind_of_factor: factor.kind, class: kind, key, admitted_by: '' };
    this.leaves.push({
      kind: 'factor-added',
      fields: { ...fields, ...this.#told(seed) },
      personal: { account, factor: credential, attested_by: '' },
    });
    this.factors++;
  }

  #addDestination(record: ImportDestination, seed: NoticeSeed): void {
    const facts = this.#facts;
    const station = this.#station;
    const { account, destination, label } = record;
    const of = this.#account(account);
    const earlier = of.destinations.find((one) => one.destination === destination);
    const listing = facts.get('listings', account, destination);
    const listed =
      earlier === undefined
        ? { listing, entry: listedEntry(facts, listing) }
        : { listing: { account, destination, entry: earlier.entry }, entry: earlier };
    approved(
      decideImportedDestination({
        ...this.#moment(of, destinationScopes(account, destination)),
        intent: { intent: { destination } },
        listed,
      }),
    );
    checkCount('nthDestinationLive', of.destinations.length);
    const { bytes, digest, position } = this.#imported(record);
    // The digest is of this act, this record and a code that only the station makes: no client's id can be in its way.
    const entry = parseEntryId(digest, 'entry');
    const similar = lookalikes(
      destination,
      of.destinations.map((one) => one.destination),
    );
    const added: DestinationRecord = {
      entry,
      account,
      destination,
      label,
      attestedBy: [],
      epoch: facts.station.factorEpoch,
      digest,
      intent: bytes,
      evidence: encodeEvidence([]),
      state: 'announcing',
      w0: null,
      d0: null,
      notice: seed.id,
      history: toldBy(facts, position),
    };
    of.destinations.push(added);
    const text = destinationAddedText(added, station.policy.ripening.destination / hour, similar);
    const notice = { account, kind: 'destination-added', subject: entry, text, leaf: position } as const;
    this.writes.push(
      { table: 'destinations', record: added, leaf: position },
      { table: 'listings', record: { account, destination, entry }, leaf: position },
      { table: 'spent', record: spentBy(digest, `entry ${entry}`), leaf: position },
      { table: 'notices', record: writeNotice(seed, facts, notice), leaf: position },
    );
    this.leaves.push({
      kind: 'destination-added',
      fields: { entry, intent: digest, ...this.#told(seed) },
      personal: { account, destination, attested_by: '' },
    });
    this.destinations++;
  }

  #account(account: AccountId): Account {
    const known = this.#accounts.get(account);
    if (known !== undefined) return known;
    const facts = this.#facts;
    const found: Account = {
      record: facts.get('accounts', account) ?? accountSeen(account, facts),
      factors: [...facts.all('factorsOfAccount', account)],
      destinations: [...facts.all('destinationsLive', account)],
    };
    this.#accounts.set(account, found);
    return found;
  }

  #moment({ record, factors }: Account, scopes: readonly FreezeScope[]): ImportedAccount {
    const { everEnrolled, usesService } = record;
    const imported = factors.filter((factor) => this.#livesByThis(factor)).length;
    return { ...this.#station.moment(this.#facts, scopes), everEnrolled, usesService, imported };
  }

  /** Whether this act brought it, and it was neither taken back nor ended by an epoch since. */
  #livesByThis({ admission, state, epoch, intent }: FactorRecord): boolean {
    if (admission !== 'import' || (state !== 'announcing' && state !== 'pending')) return false;
    return epoch === this.#facts.station.factorEpoch && parseImportedFactor(intent).act === this.#act.id;
  }

  /** What the row keeps; `position`: of the leaf that tells of it. */
  #imported(record: ImportRecord): { readonly bytes: Uint8Array; readonly digest: Digest; readonly position: number } {
    const { station } = this.#facts;
    const of: Omit<Imported<ImportRecord>, 'ticket'> = { station: station.name, act: this.#act.id, record };
    const bytes = importedBytes({ ...of, ticket: this.#station.ticket(station, importedMembers(of)) });
    return { bytes, digest: digestOf(bytes), position: 1 + this.leaves.length };
  }

  /** What the leaves of both kinds say of where it came from. */
  #told(seed: NoticeSeed): Record<string, string> {
    return {
      admission: 'import',
      operators: this.#act.operators.join(' '),
      act: this.#act.id,
      notice: seed.id,
      policy: this.#facts.station.policy,
      attested_by_w0: '',
      attested_by_d0: '',
    };
  }
}

/** An account, with what records before this one in the chunk did to it. */
interface Account {
  record: AccountRecord;
  /** Dead ones included. */
  readonly factors: FactorRecord[];
  /** Those that live. */
  readonly destinations: DestinationRecord[];
}

function approved(verdict: GateVerdict): void {
  if (!verdict.approved) throw refusalOf(verdict);
}

function rowsOf(station: Station, { act, index, records }: ReadyChunk): RowKey[] {
  const scopes = new Set<FreezeScope>(['station']);
  const rows = new Map<string, RowKey>();
  const name = (...row: RowKey): void => void rows.set(row.join(' '), row);
  name('acts', act.id);
  name('spent', importSpentKey(act.id, 'epoch'));
  name('spent', importSpentKey(act.id, index));
  if (index > 0) name('spent', importSpentKey(act.id, index - 1));
  for (const record of records) {
    const { account } = record;
    name('accounts', account);
    if (record.kind === 'factor') {
      name('factors', record.credential);
      for (const scope of factorScopes(account)) scopes.add(scope);
      continue;
    }
    const { destination } = record;
    name('listings', account, destination);
    const listing = station.reading(() => station.store.read('listings', account, destination));
    if (listing !== undefined) name('destinations', listing.entry);
    for (const scope of destinationScopes(account, destination)) scopes.add(scope);
  }
  return [...rows.values(), ...freezeRows([...scopes])];
}

function lookupsOf({ records }: ReadyChunk): LookupKey[] {
  return [...new Set(records.map(({ account }) => account))].flatMap((account): LookupKey[] => [
    ['factorsOfAccount', account],
    ['destinationsLive', account],
  ]);
}

function factorScopes(account: AccountId): FreezeScope[] {
  return [`account:${account}`];
}

function destinationScopes(account: AccountId, destination: Address): FreezeScope[] {
  return [`account:${account}`, `chain:${chainOfAddress(destination)}`, `destination:${destination}`];
}
