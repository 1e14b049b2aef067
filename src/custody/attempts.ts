import {
  digestOf,
  type Reason,
  Refusal,
  type SignaturePart,
  signersOf,
  type TransactionId,
  type TransactionRecord,
  threshold,
  type Wallet,
  type WithdrawalRecord,
} from '../domain/index.ts';
import type { Sighting } from '../gate/breaker.ts';
import type { Verdict as GateVerdict } from '../gate/rule.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Outcome, Signer } from '../signers/signer.ts';
import type { Facts, Keys, RowKey } from '../store/facts.ts';
import type { Permit } from '../store/permit.ts';
import type { Reliance } from '../store/reliance.ts';
import type { Verdict, Write } from '../store/verdict.ts';
import type { Breaker } from './breaker.ts';
import { chainOf } from './chain.ts';
import { historyWith } from './history.ts';
import { moveTransaction, moveWithdrawal, transactionMoves } from './machine.ts';
import { noticeSeed, writeNotice, wrongSignatureText } from './notice.ts';
import { completableWithout, isAsked, partsOf, sealParts } from './parts.ts';
import { refusalOf } from './refusals.ts';
import { freezeRows, type Station, toldBy } from './station.ts';
import { registrationOf } from './wallet-registration.ts';

/** What a committed transaction is judged by when it goes on: the same facts, read anew, by every rule but freshness. */
export interface JudgedAgain {
  readonly wallet: Wallet;
  /** Ledger's signed descriptions of the tokens that it pays. */
  readonly tokenDescriptors: readonly string[];
  readonly keys: Keys;
  judge(facts: Facts): GateVerdict;
}

/** Who judges a transaction again: whoever permitted it. Throws `Refusal` for what can't be judged any more. */
export interface Judges {
  again(record: TransactionRecord): JudgedAgain;
}

/** How an attempt ends that released nothing: `pass` where others of several signers may still sign. */
const plainEnds = {
  decline: { event: 'decline', kind: 'transaction-declined' },
  pass: { event: 'collect', kind: 'transaction-part-declined' },
  lose: { event: 'lose', kind: 'transaction-uncertain' },
} as const;

/** What becomes of one transaction: sent to its device, ended, released, each step a commit of its own. */
export class Attempts {
  readonly #station: Station;
  readonly #judges: Judges;
  readonly #breaker: Breaker;

  constructor(station: Station, judges: Judges, breaker: Breaker) {
    this.#station = station;
    this.#judges = judges;
    this.#breaker = breaker;
  }

  /** The second reading of every rule but freshness: immediately before a device sees a byte. */
  async send(
    record: TransactionRecord,
    { name: signer, attended }: Pick<Signer, 'name' | 'attended'>,
  ): Promise<Permit | undefined> {
    const again = this.#judges.again(record);
    const digests = attended ? [] : chainOf(again.wallet.chain, 'wallet').digests(record, again.wallet);
    const committed = await this.#station.decide(again.keys, (facts): Verdict<undefined> => {
      const now = current(facts, record.id);
      if (now.state !== 'PERMITTED' && now.state !== 'UNCERTAIN') return { result: undefined };
      // Of several signers another may have been asked meanwhile, and this one answered before.
      if (!isAsked(now, signer)) return { result: undefined };
      const verdict = again.judge(facts);
      if (!verdict.approved) return blocked(now, refusalOf(verdict).reason);
      const sent: TransactionRecord = {
        ...now,
        state: moveTransaction(now.state, 'send'),
        blockedBy: null,
        signer,
        attempts: now.attempts + 1,
        history: historyWith(now.history, toldBy(facts, 0)),
      };
      return {
        result: undefined,
        writes: [{ table: 'transactions', record: sent, leaf: 0 }],
        leaves: [
          { kind: 'transaction-sent', fields: { transaction: sent.id, attempt: String(sent.attempts), signer } },
        ],
        permit: {
          transaction: sent.id,
          wallet: again.wallet,
          signer,
          tokenDescriptors: again.tokenDescriptors,
          digests,
          registration: registrationOf(this.#station, again.wallet, signer) ?? null,
        },
      };
    });
    return committed.permit;
  }

  /** Whether every rule but freshness lets a transaction go on, by what is read now; nothing is written. */
  stands(id: TransactionId): boolean {
    const again = this.#judges.again(this.#record(id));
    return again.judge(this.#station.look(again.keys)).approved;
  }

  /** Records how an attempt ended. The third reading: a signature finished under a freeze is sealed, not released. */
  async end(id: TransactionId, outcome: Outcome, reliance?: Reliance): Promise<TransactionRecord['state']> {
    const record = this.#record(id);
    const wallet = this.#station.policy.wallets.get(record.wallet);
    if (wallet === undefined) throw new Refusal('wallet-unknown', `policy names no wallet ${record.wallet}`);
    const { reason } = outcome.kind === 'signed' ? { reason: undefined } : outcome;
    // Only what a person refused: a device that cannot show a payment says nothing about it.
    const refused: readonly Sighting[] =
      reason === 'device-refused' ? [{ kind: 'device-refusal', wallet: wallet.id }] : [];
    if (outcome.kind === 'declined') {
      const others = completableWithout(record, wallet, signersOf(wallet));
      return this.#plainEnd(id, wallet, others ? 'pass' : 'decline', outcome.reason, refused);
    }
    if (outcome.kind !== 'signed') return this.#plainEnd(id, wallet, 'lose', outcome.reason, []);
    const part = { signer: record.signer ?? '', signature: outcome.signature };
    // Policy gave its key to another signer meanwhile: what it made counts for nothing, and is no wrong signature.
    if (!signersOf(wallet).includes(part.signer)) return this.#plainEnd(id, wallet, 'lose', 'changed-meanwhile', []);
    const chain = chainOf(wallet.chain, 'wallet');
    const checked = chain.checkPart(record, wallet, part);
    if (checked.ok !== true) return this.#wrongSignature(id, wallet, checked.message);
    // Likewise of what was collected before.
    const before = partsOf(record, this.#station).filter((one) => chain.checkPart(record, wallet, one).ok);
    const parts = [...before, part];
    if (parts.length < threshold(wallet)) return this.#collected(record, part.signer, parts);
    const assembled = chain.assembleSigned(record, wallet, parts);
    if (assembled.ok !== true) return this.#wrongSignature(id, wallet, assembled.message);
    return (
      (reliance && (await this.#signedRelying(record, assembled.raw, parts, reliance))) ??
      this.#signedEnd(record, assembled.raw, parts)
    );
  }

  /** The third reading where nothing that the permit relied on was written since: it would read the same. Else undefined. */
  async #signedRelying(
    record: TransactionRecord,
    raw: Uint8Array,
    parts: readonly SignaturePart[],
    reliance: Reliance,
  ): Promise<TransactionRecord['state'] | undefined> {
    const station = this.#station;
    const rows: RowKey[] = [['transactions', record.id], ...record.pays.map((id): RowKey => ['withdrawals', id])];
    const committed = await station.decide({ rows }, (facts): Verdict<TransactionRecord['state'] | undefined> => {
      // Asked within the commit: what an earlier decision of the same group wrote counts.
      if (!reliance.stands || station.store.tampered !== undefined) return { result: undefined };
      const now = { ...current(facts, record.id), signedBy: parts.map(({ signer }) => signer) };
      return released(now, 'sign', raw, facts);
    });
    return committed.result;
  }

  /** One of several signers has signed. What it made is released by nobody: others are asked, and every rule is read again. */
  async #collected(
    { id }: TransactionRecord,
    signer: string,
    parts: readonly SignaturePart[],
  ): Promise<TransactionRecord['state']> {
    const sealed = sealParts(id, parts, this.#station);
    const committed = await this.#station.decide({ rows: [['transactions', id]] }, (facts) => {
      const now = current(facts, id);
      const collected = told(
        { ...now, state: moveTransaction(now.state, 'collect'), signedBy: parts.map((one) => one.signer), sealed },
        facts,
      );
      return {
        result: collected.state,
        writes: [{ table: 'transactions', record: collected, leaf: 0 }],
        leaves: [{ kind: 'transaction-part-signed', fields: { transaction: id, signer } }],
      };
    });
    return committed.result;
  }

  async #plainEnd(
    id: TransactionId,
    wallet: Wallet,
    how: keyof typeof plainEnds,
    reason: Reason,
    sightings: readonly Sighting[],
  ): Promise<TransactionRecord['state']> {
    const scopes = sightings.length === 0 ? [] : freezeRows(['station', `wallet:${wallet.id}`]);
    const rows: RowKey[] = [['transactions', id], ...scopes, ...this.#breaker.rows(sightings)];
    const committed = await this.#station.decide({ rows }, (facts) => {
      const now = current(facts, id);
      const { kind, event } = plainEnds[how];
      const signer = now.signer ?? '';
      const declinedBy = how === 'lose' ? now.declinedBy : [...now.declinedBy, signer];
      // What the next signer is asked is not blocked by what this one said.
      const blockedBy = how === 'pass' ? null : reason;
      const ended = told({ ...now, state: moveTransaction(now.state, event), blockedBy, declinedBy }, facts);
      const seen = this.#breaker.seen(sightings, facts, 1, `transaction ${id}`);
      return {
        result: ended.state,
        writes: [{ table: 'transactions', record: ended, leaf: 0 }, ...seen.writes],
        leaves: [{ kind, fields: { transaction: id, ...(how === 'pass' && { signer }), reason } }, ...seen.leaves],
      };
    });
    return committed.result;
  }

  /**
   * S7: the right device was asked, and something that is not the right signature came back. Nothing is released, and the
   * wallet is frozen at once: whatever answered is not to be asked again until people have looked.
   */
  async #wrongSignature(id: TransactionId, wallet: Wallet, message: string): Promise<TransactionRecord['state']> {
    const station = this.#station;
    station.log('signature-wrong', { transaction: id, wallet: wallet.id, message });
    // Where no operators are founded there is nobody to address.
    const seed = station.policy.operators === undefined ? undefined : noticeSeed(station);
    const committed = await station.decide({ rows: [['transactions', id]] }, (facts) => {
      const now = current(facts, id);
      const ended = told({ ...now, state: moveTransaction(now.state, 'lose'), blockedBy: 'signature-wrong' }, facts);
      const scope = `wallet:${wallet.id}` as const;
      const why = `a wrong signature for transaction ${id}`;
      const text = wrongSignatureText(wallet.id, id);
      const notice = seed && writeNotice(seed, facts, { account: null, kind: 'frozen', subject: scope, text, leaf: 1 });
      return {
        result: ended.state,
        writes: [
          { table: 'transactions', record: ended, leaf: 0 },
          { table: 'freezes', record: { scope, active: true, who: 'station', why, since: facts.now }, leaf: 1 },
          ...(notice === undefined ? [] : [{ table: 'notices', record: notice, leaf: 1 } as const]),
        ],
        leaves: [
          { kind: 'transaction-uncertain', fields: { transaction: id, reason: 'signature-wrong' } },
          { kind: 'frozen', fields: { scope, who: 'station', why, ...(notice && { notice: notice.id }) } },
        ],
      };
    });
    return committed.result;
  }

  async #signedEnd(
    record: TransactionRecord,
    raw: Uint8Array,
    parts: readonly SignaturePart[],
  ): Promise<TransactionRecord['state']> {
    const again = this.#judges.again(record);
    const sealed = this.#station.seal('signed-transaction', record.id, raw);
    const committed = await this.#station.decide(again.keys, (facts): Verdict<TransactionRecord['state']> => {
      const now = { ...current(facts, record.id), signedBy: parts.map(({ signer }) => signer) };
      const verdict = again.judge(facts);
      if (verdict.approved) return released(now, 'sign', raw, facts);
      const { reason } = refusalOf(verdict);
      const withheld = told(
        {
          ...now,
          state: moveTransaction(now.state, 'withhold'),
          blockedBy: reason,
          sealed,
        },
        facts,
      );
      return {
        result: withheld.state,
        writes: [{ table: 'transactions', record: withheld, leaf: 0 }],
        leaves: [{ kind: 'transaction-withheld', fields: { transaction: record.id, reason } }],
      };
    });
    return committed.result;
  }

  /** What was withheld goes out once every rule lets it, a thaw having been asked for by people. */
  async release(record: TransactionRecord): Promise<void> {
    if (record.sealed === null) throw new Error(`transaction ${record.id} is withheld and not sealed`);
    const again = this.#judges.again(record);
    const raw = this.#station.sealing.unseal('signed-transaction', record.id, record.sealed);
    await this.#station.decide(again.keys, (facts): Verdict<TransactionRecord['state']> => {
      const now = current(facts, record.id);
      if (now.state !== 'WITHHELD') return { result: now.state };
      const verdict = again.judge(facts);
      if (!verdict.approved) return blocked(now, refusalOf(verdict).reason, now.state);
      return released(now, 'release', raw, facts);
    });
  }

  /** Notes why it does not go on, for those who wait for it. */
  async block(id: TransactionId, reason: Reason): Promise<void> {
    const known = this.#record(id);
    if (known.blockedBy === reason) return;
    await this.#station.decide({ rows: [['transactions', id]] }, (facts) => {
      const now = current(facts, id);
      // Replaced while the device was asked: it waits for nothing any more.
      if (transactionMoves[now.state].send === undefined && now.state !== 'WITHHELD') return { result: undefined };
      return blocked(now, reason);
    });
  }

  #record(id: TransactionId): TransactionRecord {
    const record = this.#station.reading(() => this.#station.store.read('transactions', id));
    if (record === undefined) throw new Error(`transaction ${id} is gone`);
    return record;
  }
}

function current(facts: Facts, id: TransactionId): TransactionRecord {
  const record = facts.get('transactions', id);
  if (record === undefined) throw new Error(`transaction ${id} is gone`);
  return record;
}

function told(record: TransactionRecord, facts: Facts): TransactionRecord {
  return { ...record, history: historyWith(record.history, toldBy(facts, 0)) };
}

/** Notes why a transaction does not go on. No fact of the journal: it says what a device or a freeze is, not what was done. */
function blocked<R = undefined>(record: TransactionRecord, reason: Reason, result?: R): Verdict<R> {
  if (record.blockedBy === reason) return { result: result as R };
  return { result: result as R, writes: [{ table: 'transactions', record: { ...record, blockedBy: reason } }] };
}

/** The signed transaction is released to the client, and its withdrawals count as signed. */
function released(
  record: TransactionRecord,
  event: 'sign' | 'release',
  raw: Uint8Array,
  facts: Facts,
): Verdict<TransactionRecord['state']> {
  const signed = told(
    {
      ...record,
      state: moveTransaction(record.state, event),
      blockedBy: null,
      signed: raw,
      sealed: null,
    },
    facts,
  );
  const writes: Write[] = [{ table: 'transactions', record: signed, leaf: 0 }];
  for (const id of record.pays) {
    const withdrawal = facts.get('withdrawals', id);
    if (withdrawal === undefined) throw new Error(`withdrawal ${id} is gone`);
    const paid: WithdrawalRecord = {
      ...withdrawal,
      state: moveWithdrawal(withdrawal.state, 'sign'),
      history: historyWith(withdrawal.history, toldBy(facts, 0)),
    };
    writes.push({ table: 'withdrawals', record: paid, leaf: 0 });
  }
  const leaf: LeafDraft = { kind: 'transaction-signed', fields: { transaction: record.id, raw: digestOf(raw) } };
  return { result: signed.state, writes, leaves: [leaf] };
}
