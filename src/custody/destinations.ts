import {
  type AccountId,
  type Attestation,
  chainOfAddress,
  type DestinationIntent,
  type DestinationRecord,
  type EntryId,
  type FreezeScope,
  hour,
  parseIntent,
  Refusal,
  type Sealed,
} from '../domain/index.ts';
import type { DestinationCase, Listed } from '../gate/cases.ts';
import { decideDestination, explainDestination } from '../gate/decide.ts';
import type { Facts, Keys, RowKey } from '../store/facts.ts';
import type { Verdict } from '../store/verdict.ts';
import { accountAfter, seenWrites } from './account.ts';
import { canonicalDestination } from './chain.ts';
import { codesTold } from './codes.ts';
import type { Authorization, Destinations, Prepared, Ripened } from './custody.ts';
import {
  attesters,
  type Checked,
  checkAttestations,
  evidenceNow,
  evidenceRows,
  factorsAfterUse,
  servicesOf,
  tokenRows,
  tokensSpent,
  wrongCodes,
} from './evidence.ts';
import { historyWith } from './history.ts';
import { evidenceWanted, prepareIntent, ruleOutcomes, spentBy, spentKey } from './intents.ts';
import { encodeEvidence } from './kept-evidence.ts';
import { checkLimit, limitOf } from './limits.ts';
import {
  destinationAddedText,
  destinationRemovedText,
  lookalikes,
  type NoticeSeed,
  noticeSeed,
  writeNotice,
} from './notice.ts';
import { type Asked, type Refusals, refusalOf, unwrapped } from './refusals.ts';
import type { RemovalRate } from './removal-rate.ts';
import { reliedOn, ripened } from './ripened.ts';
import { freezeRows, type Station, toldBy } from './station.ts';
import { listedEntry } from './withdrawals.ts';

interface ReadyDestination {
  readonly intent: Sealed<DestinationIntent>;
  readonly attestations: readonly Attestation[];
  readonly checked: readonly Checked[];
  readonly seed: NoticeSeed;
}

export class DestinationDesk implements Destinations {
  readonly #station: Station;
  readonly #refusals: Refusals;
  readonly #rate: RemovalRate;

  constructor(station: Station, refusals: Refusals, rate: RemovalRate) {
    this.#station = station;
    this.#refusals = refusals;
    this.#rate = rate;
  }

  async prepare(request: Parameters<Destinations['prepare']>[0]): Promise<Prepared> {
    const station = this.#station;
    const { account, entry, label } = request;
    const destination = canonicalDestination(request.destination, 'destination');
    const scopes = destinationScopes(account, destination);
    const listing = station.reading(() => station.store.read('listings', account, destination));
    const rows: RowKey[] = [...freezeRows(scopes), ['listings', account, destination]];
    if (listing !== undefined) rows.push(['destinations', listing.entry]);
    const facts = station.look({
      rows,
      lookups: [
        ['factorsOfAccount', account],
        ['destinationsLive', account],
      ],
    });
    const members = { entry, account, destination, label };
    const { now, station: record } = facts;
    const intent = prepareIntent(station, 'portcullis/destination/v1', members, {
      record,
      now,
      lifetime: request.lifetime,
    });
    const moment = station.moment(facts, scopes);
    const listed: Listed = { listing, entry: listedEntry(facts, listing) };
    const verdict = explainDestination({
      ...moment,
      intent,
      listed,
      factors: facts.all('factorsOfAccount', account),
      ticketGenuine: true,
      spent: undefined,
      evidence: [],
    });
    const similar = lookalikes(
      destination,
      facts.all('destinationsLive', account).map((d) => d.destination),
    );
    return {
      intent,
      rpId: station.policy.rpId,
      evidenceWanted: evidenceWanted(moment.policy.evidence, facts.all('factorsOfAccount', account), moment),
      rules: ruleOutcomes(verdict),
      warnings: similar.map((other) => `it looks like ${other}, which this account has listed`),
    };
  }

  async add(request: Authorization): Promise<Ripened<DestinationRecord>> {
    const ready = this.#ready(request);
    const { account, entry } = ready.intent.intent;
    const fields = { entry, intent: ready.intent.digest };
    const wrong = wrongCodes(ready.checked);
    const asked: Asked = { what: 'destination', fields, personal: { account }, asker: { account }, wrongCodes: wrong };
    const committed = await this.#station.decide(this.#refusals.keys(asked, this.#keys(ready)), (facts) =>
      this.#refusals.judged(asked, facts, (): Verdict<Ripened<DestinationRecord>> => {
        const existing = facts.get('destinations', entry);
        if (existing !== undefined) {
          if (existing.digest === ready.intent.digest) return { result: this.#view(existing, facts) };
          throw new Refusal('entry-id-reused', `entry ${entry} exists with another intent`);
        }
        return this.#list(ready, facts);
      }),
    );
    return unwrapped(committed.result);
  }

  list(account: AccountId): Ripened<DestinationRecord>[] {
    const facts = this.#station.look({ lookups: [['destinationsOfAccount', account]] });
    return facts.all('destinationsOfAccount', account).map((record) => this.#view(record, facts));
  }

  /** What tightens is instant, and needs no assertion; it is announced. */
  async remove(entry: EntryId): Promise<Ripened<DestinationRecord>> {
    const station = this.#station;
    const known = station.reading(() => station.store.read('destinations', entry));
    if (known === undefined) throw new Refusal('not-found', `there is no whitelist entry ${entry}`);
    const seed = noticeSeed(station);
    const { account } = known;
    const rows: RowKey[] = [
      ['destinations', entry],
      ['listings', account, known.destination],
    ];
    const asked: Asked = { what: 'destination', fields: { entry }, personal: { account }, asker: { account } };
    const committed = await station.decide(this.#refusals.keys(asked, { rows }), (facts) =>
      this.#refusals.judged(asked, facts, () => this.#remove(entry, seed, facts)),
    );
    return unwrapped(committed.result);
  }

  #remove(entry: EntryId, seed: NoticeSeed, facts: Facts): Verdict<Ripened<DestinationRecord>> {
    const record = facts.get('destinations', entry);
    if (record === undefined) throw new Refusal('not-found', `there is no whitelist entry ${entry}`);
    if (record.state === 'removed' || record.state === 'cancelled') return { result: this.#view(record, facts) };
    const { account, destination } = record;
    this.#rate.take(account, facts);
    const removed: DestinationRecord = {
      ...record,
      state: 'removed',
      history: historyWith(record.history, toldBy(facts, 0)),
    };
    const listing = facts.get('listings', account, destination);
    const notice = writeNotice(seed, facts, {
      account,
      kind: 'destination-removed',
      subject: entry,
      text: destinationRemovedText(record),
    });
    return {
      result: this.#view(removed, facts),
      writes: [
        { table: 'destinations', record: removed, leaf: 0 },
        { table: 'notices', record: notice, leaf: 0 },
      ],
      removals: listing?.entry === entry ? [['listings', account, destination]] : [],
      leaves: [
        { kind: 'destination-removed', fields: { entry, by: 'client', notice: seed.id }, personal: { account } },
      ],
    };
  }

  #ready(request: Authorization): ReadyDestination {
    const station = this.#station;
    const intent = parseIntent(request.intent, 'portcullis/destination/v1');
    canonicalDestination(intent.intent.destination, 'intent.destination');
    const checked = station.reading(() =>
      checkAttestations(request.attestations, station.approved(intent.digest, intent.intent.account)),
    );
    return { intent, attestations: request.attestations, checked, seed: noticeSeed(station) };
  }

  #keys(ready: ReadyDestination): Keys {
    const { account, destination, entry } = ready.intent.intent;
    const listing = this.#station.reading(() => this.#station.store.read('listings', account, destination));
    const rows: RowKey[] = [
      ['destinations', entry],
      ['listings', account, destination],
      ['spent', spentKey(ready.intent.digest)],
      ...freezeRows(destinationScopes(account, destination)),
      ...evidenceRows(ready.attestations),
      ...tokenRows(ready.checked),
      ['accounts', account],
    ];
    if (listing !== undefined) rows.push(['destinations', listing.entry]);
    return {
      rows,
      lookups: [['destinationsLive', account], ['factorsLive', account], limitOf('nthDestinationLive', account)],
    };
  }

  #list(ready: ReadyDestination, facts: Facts): Verdict<Ripened<DestinationRecord>> {
    const station = this.#station;
    const { intent } = ready;
    const { account, destination, entry, label } = intent.intent;
    const listing = facts.get('listings', account, destination);
    const of: DestinationCase = {
      ...station.moment(facts, destinationScopes(account, destination)),
      intent,
      ticketGenuine: station.ticketGenuine(facts.station, intent.fields),
      spent: facts.get('spent', spentKey(intent.digest)),
      evidence: evidenceNow(ready.checked, facts),
      listed: { listing, entry: listedEntry(facts, listing) },
      factors: facts.all('factorsLive', account),
    };
    const verdict = decideDestination(of);
    if (!verdict.approved) throw refusalOf(verdict);
    checkLimit(limitOf('nthDestinationLive', account), facts);
    const attestedBy = attesters(ready.attestations);
    const services = servicesOf(of.evidence);
    const attested = reliedOn(attestedBy.map((id) => facts.get('factors', id)));
    const record: DestinationRecord = {
      entry,
      account,
      destination,
      label,
      attestedBy,
      epoch: facts.station.factorEpoch,
      digest: intent.digest,
      intent: intent.bytes,
      evidence: encodeEvidence(ready.attestations),
      state: 'announcing',
      w0: null,
      d0: null,
      notice: ready.seed.id,
      history: toldBy(facts, 0),
    };
    const similar = lookalikes(
      destination,
      facts.all('destinationsLive', account).map((d) => d.destination),
    );
    const hours = station.policy.ripening.destination / hour;
    const text = destinationAddedText(record, hours, similar);
    return {
      result: this.#view(record, facts),
      writes: [
        { table: 'destinations', record, leaf: 0 },
        { table: 'listings', record: { account, destination, entry }, leaf: 0 },
        { table: 'spent', record: spentBy(intent.digest, `entry ${entry}`), leaf: 0 },
        ...tokensSpent(of.evidence, `entry ${entry}`, 0),
        ...seenWrites(accountAfter(account, of.evidence, facts), facts, 0),
        {
          table: 'notices',
          record: writeNotice(ready.seed, facts, { account, kind: 'destination-added', subject: entry, text }),
          leaf: 0,
        },
        ...factorsAfterUse(of.evidence, facts),
      ],
      leaves: [
        {
          kind: 'destination-added',
          fields: {
            entry,
            intent: intent.digest,
            notice: ready.seed.id,
            policy: facts.station.policy,
            attested_by_w0: attested.w0,
            attested_by_d0: attested.d0,
            ...(services === '' ? {} : { services }),
          },
          personal: { account, destination, attested_by: attestedBy.join(' '), ...codesTold(of.evidence) },
        },
      ],
    };
  }

  #view(record: DestinationRecord, facts: Facts): Ripened<DestinationRecord> {
    return ripened(record, this.#station.policy.ripening.destination, facts);
  }
}

function destinationScopes(account: AccountId, destination: DestinationRecord['destination']): FreezeScope[] {
  return ['station', `account:${account}`, `chain:${chainOfAddress(destination)}`, `destination:${destination}`];
}
