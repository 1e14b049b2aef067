import { createSecretKey, type KeyObject } from 'node:crypto';
import { checkTicket, makeTicket } from '../attestation/index.ts';
import {
  type AccountId,
  type Digest,
  type ExpectedPayment,
  type Flat,
  type FreezeRecord,
  type FreezeScope,
  Refusal,
  type StationRecord,
  type WallMs,
  type WitnessedMs,
} from '../domain/index.ts';
import type { Moment } from '../gate/cases.ts';
import type { Policy } from '../gate/policy.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Facts, Keys, RowKey } from '../store/facts.ts';
import { JournalBehind, StorageFailed, TamperedRow } from '../store/failure.ts';
import type { StationKeys } from '../store/key.ts';
import type { Committed, Store } from '../store/store.ts';
import type { Verdict, Write } from '../store/verdict.ts';
import type { Approved } from './evidence.ts';
import { behindFreeze, behindRefusal, behindRemedy } from './freeze.ts';
import { Models } from './models.ts';
import { noticeSeed, tamperedText, writeNotice } from './notice.ts';
import { readPolicyDocument } from './policy-document.ts';
import type { Keyring, SealedPurpose } from './seal.ts';

/** Randomness, as a port: `bytes(32)` yields 32 fresh random bytes. */
export interface Randomness {
  bytes(count: number): Uint8Array;
}

export interface StationParts {
  readonly store: Store;
  /** The one in force at the start, and the hash of its document. */
  readonly policy: Policy;
  readonly policyHash: Digest;
  readonly keys: StationKeys;
  /** Seals secrets at rest. */
  readonly sealing: Keyring;
  readonly random: Randomness;
  readonly simulated: boolean;
  /** The FIDO metadata, as their file has them; absent: the config names none. */
  readonly metadata?: string | undefined;
  /** For what an operator should see in the daemon's log; never evidence, never secrets. */
  readonly log: (event: string, details?: Readonly<Record<string, string | number>>) => void;
}

/** What every use-case stands on: the store, the policy in force, the keys derived from the state key. */
export class Station {
  readonly store: Store;
  readonly keys: StationKeys;
  readonly sealing: Keyring;
  readonly random: Randomness;
  readonly simulated: boolean;
  readonly log: StationParts['log'];
  readonly models: Models;
  #policy: Policy;
  #policyHash: Digest;
  readonly #policyListeners = new Set<(policy: Policy) => void>();
  /** Imported once: it is used in every decision. */
  readonly #ticketKey: KeyObject;
  #freezingForTamper = false;

  constructor(parts: StationParts) {
    this.store = parts.store;
    this.keys = parts.keys;
    this.sealing = parts.sealing;
    this.random = parts.random;
    this.simulated = parts.simulated;
    this.log = parts.log;
    this.models = new Models(parts.metadata);
    this.#ticketKey = createSecretKey(parts.keys.ticket);
    this.#policy = parts.policy;
    this.#policyHash = parts.policyHash;
    this.store.onCommit((writes) => this.#follow(writes));
  }

  get policyHash(): Digest {
    return this.#policyHash;
  }

  /** The policy in force. */
  get policy(): Policy {
    return this.#policy;
  }

  /** A commit put another policy in force: called in the same turn, before anything else is decided. */
  adopt(hash: Digest, policy: Policy): void {
    this.#policy = policy;
    this.#policyHash = hash;
    for (const listener of this.#policyListeners) {
      try {
        listener(policy);
      } catch (error) {
        // What one of them can't do keeps none of the others from it.
        this.log('policy-not-followed', { error: String(error) });
      }
    }
  }

  /** Its text, as it was proposed. */
  policyDocument(): string {
    const document = this.store.policy(this.#policyHash);
    if (document === undefined) throw new Refusal('internal', `the document of policy ${this.#policyHash} is not kept`);
    return document;
  }

  /** A commit that wrote another policy into the station's row: from the same turn on, that one is what decisions are held to. */
  #follow(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.table !== 'station' || write.record.policy === this.#policyHash) continue;
      const document = this.store.policy(write.record.policy);
      if (document === undefined) throw new Error(`the document of policy ${write.record.policy} is not kept`);
      const { hash, policy } = readPolicyDocument(new TextEncoder().encode(document));
      if (hash !== write.record.policy) throw new Error(`the document of policy ${write.record.policy} is another’s`);
      this.adopt(hash, policy);
      this.log('policy-in-force', { policy: hash });
    }
  }

  onPolicy(listener: (policy: Policy) => void): void {
    this.#policyListeners.add(listener);
  }

  /**
   * Decides, and turns the store's failures into reasons of the catalogue. A forged row freezes the station. What the caller
   * verified beforehand, in the same turn, was held to the policy of that moment: under another one nothing is decided.
   */
  async decide<R>(keys: Keys, judge: (facts: Facts) => Verdict<R>): Promise<Committed<R>> {
    const policy = this.#policyHash;
    try {
      return await this.store.decide(keys, (facts) => {
        if (facts.station.policy !== policy)
          throw new Refusal('changed-meanwhile', 'another policy took effect meanwhile: ask again');
        return judge(facts);
      });
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Reads outside a decision, with the same explanations. */
  reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Several reads, of one state of the database: quicker than each by itself. */
  snapshot<T>(read: () => T): T {
    return this.reading(() => this.store.snapshot(read));
  }

  /** What an account's attestations of one intent are verified against. */
  approved(digest: Digest, account: AccountId, payment?: ExpectedPayment): Approved {
    const present = (): ReturnType<Approved['present']> => {
      const { station, now } = this.store.look({});
      return { station: station.name, now };
    };
    const standing = (): ReturnType<Approved['standing']> => {
      const { station, now, w } = this.store.look({});
      return { policy: this.#policy, station, now, w };
    };
    return {
      digest,
      account,
      policy: this.#policy,
      factorOf: (id) => this.store.read('factors', id),
      codeOf: (id) => this.store.read('codes', id),
      secretOf: ({ factor, secret }) => this.sealing.unseal('code-secret', factor, secret),
      payment,
      models: this.models,
      present,
      standing,
    };
  }

  look(keys: Keys): Facts {
    return this.reading(() => this.store.look(keys));
  }

  /** What the gate is told of the present, with the freezes on the given scopes. A forged row's is the station's. */
  moment(facts: Facts, scopes: readonly FreezeScope[]): Moment {
    const freezes = scopes.map((scope) => facts.get('freezes', scope)).filter((f) => f?.active === true);
    return {
      policy: this.policy,
      station: facts.station,
      now: facts.now,
      w: facts.w,
      clockSuspect: facts.clock.suspect,
      freezes: [
        ...(scopes.includes('station') ? this.#ownFreeze(facts.now) : []),
        ...freezes.filter((f) => f !== undefined),
      ],
    };
  }

  /** Seals a secret for the row that it will lie in, under the newest key. */
  seal(purpose: SealedPurpose, row: string, plain: Uint8Array): Uint8Array {
    return this.sealing.seal(purpose, row, plain, this.random.bytes(12));
  }

  /** A ticket for an intent's members (formats.md, "Ticket"). */
  ticket(station: StationRecord, members: Flat): string {
    return makeTicket(this.#ticketKey, station.ticketEpoch, members);
  }

  ticketGenuine(station: StationRecord, members: Flat): boolean {
    return checkTicket(this.#ticketKey, station.ticketEpoch, members);
  }

  /** The station was thawed: what was met up to then no longer stops it. A forged row that is still there freezes it again. */
  forgetTampered(seen: TamperedRow | undefined): void {
    this.#freezingForTamper = false;
    const { tampered } = this.store;
    if (!this.store.forgetTampered(seen) && tampered !== undefined) this.#freezeForTamper(tampered);
  }

  /**
   * A published checkpoint shows that the journal was put back or forked. Frozen in memory alone: whatever were written, a leaf that
   * tells of it included, would go on with what is not the published log. Told once, in the log, and by every answer.
   */
  fallBehind(error: JournalBehind): void {
    if (this.store.behind !== undefined) return;
    this.store.fallBehind(error);
    this.log('journal-behind', { error: error.message, do: behindRemedy });
  }

  /** A forged row was met: the station counts as frozen from that instant, before the freeze is on disk. */
  #ownFreeze(now: WallMs): FreezeRecord[] {
    const { tampered, behind } = this.store;
    if (behind !== undefined) return [behindFreeze(behind, now)];
    if (tampered === undefined) return [];
    return [{ scope: 'station', active: true, who: 'station', why: 'fact-tampered', since: now }];
  }

  #explained(error: unknown): unknown {
    if (error instanceof TamperedRow) {
      this.#freezeForTamper(error);
      return new Refusal('fact-tampered', error.told);
    }
    if (error instanceof JournalBehind) return behindRefusal(error);
    if (error instanceof StorageFailed) {
      this.log('storage-failed', { code: error.code });
      return new Refusal('storage-failed', error.message);
    }
    return error;
  }

  #freezeForTamper(error: TamperedRow): void {
    if (this.#freezingForTamper) return;
    this.#freezingForTamper = true;
    // Not the key: it may be a person's account or credential.
    this.log('fact-tampered', { table: error.table });
    const { table } = error;
    // Where no operators are founded there is nobody to address.
    const seed = this.policy.operators === undefined ? undefined : noticeSeed(this);
    this.store
      .decide({ rows: [] }, (facts) => {
        const why = `fact-tampered: a row of ${table}`;
        const record: FreezeRecord = { scope: 'station', active: true, who: 'station', why, since: facts.now };
        const of = { account: null, kind: 'frozen', subject: 'station', text: tamperedText(table), leaf: 0 } as const;
        const notice = seed && writeNotice(seed, facts, of);
        const fields = { scope: 'station', who: 'station', why: 'fact-tampered', table };
        return {
          result: undefined,
          writes: [
            { table: 'freezes', record, leaf: 0 },
            ...(notice === undefined ? [] : [{ table: 'notices', record: notice, leaf: 0 } as const]),
          ],
          leaves: [{ kind: 'frozen', fields: { ...fields, ...(notice && { notice: notice.id }) } }],
        };
      })
      // What can't be recorded still holds in memory (see `#tamperFreeze`), and is recorded when it is met again.
      .catch((failure: unknown) => {
        // Unless the store takes no more writes at all: then each further meeting would only say so again.
        this.#freezingForTamper = failure instanceof TamperedRow;
        this.log('freeze-not-recorded', { error: failure instanceof TamperedRow ? failure.told : String(failure) });
      });
  }
}

/** The rows that say whether a freeze is in force on any of these scopes. */
export function freezeRows(scopes: readonly FreezeScope[]): RowKey[] {
  return scopes.map((scope) => ['freezes', scope]);
}

/** Indexes of new leaves, as a record's history holds them. */
export function toldBy(facts: Facts, ...positions: readonly number[]): string[] {
  return positions.map((position) => String(facts.nextLeaf + position));
}

/** Wall-clock time at which something ripens that has `remaining` ms of witnessed time to go. */
export function wallAfter(now: WallMs, remaining: number): WallMs {
  return (now + remaining) as WallMs;
}

export type { Facts, LeafDraft, WitnessedMs };
