import {
  type NoticeRecord,
  parseTransactionId,
  Refusal,
  type TransactionId,
  type TransactionRecord,
  type WithdrawalRecord,
} from '../../../domain/index.ts';
import { type LeafDraft, parseLeaf } from '../../../journal/leaf.ts';
import type { Write } from '../../../store/verdict.ts';
import { historyWith } from '../../history.ts';
import { moveTransaction, moveWithdrawal } from '../../machine.ts';
import { type NoticeSeed, noticeSeed, withdrawalVoidedText, writeNotice } from '../../notice.ts';
import { type Facts, type Station, toldBy } from '../../station.ts';
import type { Applied, Effect, TakenBy } from '../effect.ts';

const utf8 = new TextEncoder();

/**
 * A quorum states which version on an anchor confirmed: the station looks at no chain (I8). Where it was the void, the withdrawals
 * end unpaid, and the customer may be paid anew; where it was a payment, they are paid, and what was still open on the anchor ends.
 */
export const confirmedEffect: Effect = {
  verb: 'void',
  form: 'confirmed:ID',
  payload: 'none',
  ask(subject, _payload, { station }) {
    if (!subject.startsWith('confirmed:')) return undefined;
    const id = parseTransactionId(subject.slice('confirmed:'.length), 'subject');
    const versions = versionsWith(station, id);
    const confirmed = versions.find((version) => version.id === id);
    const newest = versions[0];
    if (confirmed === undefined || newest === undefined)
      throw new Refusal('not-found', `there is no transaction ${id}`);
    const permittedBy = stationThatPermitted(station, confirmed);
    const pays = versions.find((version) => version.kind === 'payment')?.pays ?? [];
    const seeds = pays.map(() => noticeSeed(station));
    return {
      rows: [
        ['anchors', confirmed.wallet, confirmed.anchor],
        ...versions.map((version) => ['transactions', version.id] as const),
        ...pays.map((withdrawal) => ['withdrawals', withdrawal] as const),
      ],
      tightens: false,
      whileSuspect: false,
      recovery: false,
      stoppedBy: [],
      personal: false,
      approved(facts) {
        const now = transactionIn(facts, id);
        const anchor = facts.get('anchors', now.wallet, now.anchor);
        if (anchor?.transaction !== newest.id)
          throw new Refusal('changed-meanwhile', 'another transaction took the anchor meanwhile: ask again');
        if (permittedBy === facts.station.name && unsigned(now))
          throw new Refusal(
            'transaction-not-retryable',
            `transaction ${id} was never signed by its device: it cannot have confirmed`,
          );
        if (voided(facts, pays) || (now.kind !== 'void' && versions.every((version) => version.kind !== 'void')))
          throw new Refusal('act-settled', `nothing on ${now.anchor} of ${now.wallet} waits to be told what confirmed`);
        return utf8.encode(id);
      },
      describe: (facts) => description(transactionIn(facts, id), pays),
      signatures: () => station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => undefined,
      apply(facts, by) {
        const tell = (withdrawal: WithdrawalRecord, i: number, leaf: number): NoticeRecord | undefined =>
          seeds[i] && voidedNotice(station, seeds[i], withdrawal, facts, leaf);
        return settle(facts, transactionIn(facts, id), transactionIn(facts, newest.id), pays, by, tell);
      },
    };
  },
};

/** Enough for any anchor that people replace by hand; an anchor with more is told by its newest ones. */
const mostVersions = 64;

/** Every version on the transaction's anchor, the newest first. */
function versionsWith(station: Station, id: TransactionId): TransactionRecord[] {
  const { store } = station;
  return station.reading(() => {
    const record = store.read('transactions', id);
    const anchor = record === undefined ? undefined : store.read('anchors', record.wallet, record.anchor);
    const versions: TransactionRecord[] = [];
    let next: TransactionId | null = anchor?.transaction ?? null;
    while (next !== null && versions.length < mostVersions) {
      const version: TransactionRecord | undefined = store.read('transactions', next);
      if (version === undefined) break;
      versions.push(version);
      next = version.replaces;
    }
    return versions;
  });
}

function transactionIn(facts: Facts, id: TransactionId): TransactionRecord {
  const record = facts.get('transactions', id);
  if (record === undefined) throw new Refusal('not-found', `there is no transaction ${id}`);
  return record;
}

/**
 * Claims are not released by guesswork (design §4): what no device saw, or the device refused the one time that it was asked, did not
 * confirm. Of what went there more than once the station does not know whether a signature exists; nor, once it was restored, what the
 * former station did with what the backup has.
 */
function unsigned({ attempts, state }: TransactionRecord): boolean {
  return attempts === 0 || (attempts === 1 && (state === 'DECLINED' || state === 'PERMITTED'));
}

/** The station's name, its generation included, as it was when the transaction was permitted. */
function stationThatPermitted(station: Station, { id, history }: TransactionRecord): string {
  const leaf = station.reading(() => station.store.log.leaf(Number(history[0])));
  if (leaf === undefined) throw new Refusal('internal', `no journal entry tells of transaction ${id}`);
  return parseLeaf(leaf).station;
}

function voided(facts: Facts, pays: readonly string[]): boolean {
  return pays.some((id) => facts.get('withdrawals', id)?.state === 'VOIDED');
}

function description(confirmed: TransactionRecord, pays: readonly string[]): string {
  const which = `State that ${confirmed.kind} ${confirmed.id} confirmed at ${confirmed.anchor} of wallet ${confirmed.wallet}`;
  if (pays.length === 0) return which;
  const names = pays.length > 5 ? `${pays.length} withdrawals` : `withdrawals ${pays.join(', ')}`;
  return confirmed.kind === 'void'
    ? `${which}: ${names} were not paid and never will be; they may be prepared anew`
    : `${which}: ${names} are paid`;
}

/** The customer believes that it is being paid: nothing else would say otherwise. */
function voidedNotice(
  { policy }: Station,
  seed: NoticeSeed,
  withdrawal: WithdrawalRecord,
  facts: Facts,
  leaf: number,
): NoticeRecord {
  const asset = policy.assets.get(withdrawal.asset);
  const text = withdrawalVoidedText(withdrawal, asset?.symbol ?? withdrawal.asset, asset?.decimals ?? 0);
  const { account, id } = withdrawal;
  return writeNotice(seed, facts, { account, kind: 'withdrawal-voided', subject: id, text, leaf });
}

function settle(
  facts: Facts,
  confirmed: TransactionRecord,
  newest: TransactionRecord,
  pays: readonly string[],
  by: TakenBy,
  tell: (withdrawal: WithdrawalRecord, i: number, leaf: number) => NoticeRecord | undefined,
): Applied {
  const writes: Write[] = [];
  const leaves: LeafDraft[] = [];
  const told = (history: readonly string[]): string[] =>
    historyWith(history, toldBy(facts, by.position + leaves.length));
  const write = (entry: Write): void => {
    writes.push({ ...entry, leaf: by.position + leaves.length });
  };
  write({ table: 'transactions', record: { ...confirmed, blockedBy: null, history: told(confirmed.history) } });
  leaves.push({ kind: 'transaction-confirmed', fields: { transaction: confirmed.id, act: by.act } });
  // What is still open on the anchor can never confirm: its device is not asked for it again. Said once more, it has ended.
  const open = newest.state !== 'SIGNED' && newest.state !== 'SENT' && newest.state !== 'VOIDED';
  if (newest.id !== confirmed.id && open) {
    const state = moveTransaction(newest.state, 'void');
    write({ table: 'transactions', record: { ...newest, state, sealed: null, history: told(newest.history) } });
    leaves.push({ kind: 'transaction-voided', fields: { transaction: newest.id, by: confirmed.id } });
  }
  for (const [i, id] of pays.entries()) {
    const withdrawal = facts.get('withdrawals', id);
    if (withdrawal === undefined) throw new Error(`withdrawal ${id} is gone`);
    const state = moveWithdrawal(withdrawal.state, confirmed.kind === 'void' ? 'void' : 'sign');
    const record: WithdrawalRecord = { ...withdrawal, state, history: told(withdrawal.history) };
    write({ table: 'withdrawals', record });
    const fields = { withdrawal: id, intent: withdrawal.digest, transaction: confirmed.id, act: by.act };
    if (confirmed.kind !== 'void') {
      leaves.push({ kind: 'withdrawal-confirmed', fields });
      continue;
    }
    const notice = tell(withdrawal, i, by.position + leaves.length);
    if (notice !== undefined) write({ table: 'notices', record: notice });
    leaves.push({ kind: 'withdrawal-voided', fields: { ...fields, ...(notice && { notice: notice.id }) } });
  }
  return { writes, leaves };
}
