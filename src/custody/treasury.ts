import {
  type ActRecord,
  digestOf,
  type Effects,
  type FreezeScope,
  Malformed,
  type Payment,
  paymentSet,
  Refusal,
  type TransactionId,
  type TransactionRecord,
  transactionId,
  type UnsignedTransaction,
  type Wallet,
} from '../domain/index.ts';
import type { Phase } from '../gate/cases.ts';
import { evacuates } from '../gate/rules/evacuation.ts';
import { decideTreasury, type TreasuryCase } from '../gate/treasury.ts';
import type { LeafDraft } from '../journal/leaf.ts';
import type { Facts, RowKey } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';
import type { Applied, TakenBy } from './acts/effect.ts';
import { type CheckedSignature, checkKept, operatorRows, signaturesNow } from './acts/signatures.ts';
import type { JudgedAgain, Judges } from './attempts.ts';
import { chainOf } from './chain.ts';
import { historyWith } from './history.ts';
import { moveTransaction } from './machine.ts';
import { freezeRows, type Station, toldBy } from './station.ts';
import { anchorsBeside, walletAfter } from './wallet-state.ts';

/** Unsigned bytes that operators want signed, decoded. */
export interface ReadyTreasury {
  readonly kind: 'transfer' | 'void';
  readonly id: TransactionId;
  readonly wallet: Wallet;
  readonly transaction: UnsignedTransaction;
  readonly effects: Effects;
  readonly anchor: string;
  /** The newest transaction on the anchor, as it stands outside the decision: its row is read again inside. */
  readonly newest: TransactionId | undefined;
  readonly newestPayments: readonly Payment[];
  /** What that one took the place of. */
  readonly newestReplaces: TransactionId | undefined;
}

/**
 * Decodes the bytes and finds what they take the place of. Throws `Refusal` for what can't be asked. `bound`: the anchor that they
 * were permitted on; another of what they spend may have become a payment's since then.
 */
export function readyTreasury(
  station: Station,
  kind: ReadyTreasury['kind'],
  wallet: Wallet | undefined,
  unsigned: Uint8Array,
  bound?: string,
): ReadyTreasury {
  if (wallet === undefined) throw new Refusal('wallet-unknown', 'policy names no such wallet');
  const decoded = chainOf(wallet.chain, 'wallet').decodeUnsigned(unsigned, wallet);
  if (decoded.ok !== true) throw new Malformed('payload', decoded.message, decoded.reason);
  const { effects, transaction } = decoded;
  const { store } = station;
  // Of what it spends, what is an anchor already: a void, or another version of a transfer, takes its place.
  const anchor = station.reading(() =>
    (bound === undefined ? effects.anchors : effects.anchors.filter((candidate) => candidate === bound))
      .map((candidate) => store.read('anchors', wallet.id, candidate))
      .find((found) => found !== undefined),
  );
  const [first] = effects.anchors;
  if (first === undefined) throw new Error('a transaction has nothing that its versions could have in common');
  const newest = station.reading(() =>
    anchor === undefined ? undefined : store.read('transactions', anchor.transaction),
  );
  return {
    kind,
    id: transactionId(wallet.id, transaction.unsigned),
    wallet,
    transaction,
    effects,
    anchor: anchor?.anchor ?? first,
    newest: newest?.id,
    newestPayments: newest === undefined ? [] : paymentsOf(newest, wallet),
    newestReplaces: newest?.replaces ?? undefined,
  };
}

/** What stored bytes pay. They were decoded before they were stored. */
function paymentsOf(record: TransactionRecord, wallet: Wallet): readonly Payment[] {
  const decoded = chainOf(record.chain, 'chain').decodeUnsigned(record.psbt ?? record.unsigned, wallet);
  return decoded.ok ? decoded.effects.payments : [];
}

/** Everything that judging it reads. */
export function treasuryRows(ready: ReadyTreasury): RowKey[] {
  const { wallet, effects, id, newest } = ready;
  return [
    ['transactions', id],
    ...effects.anchors.map((anchor): RowKey => ['anchors', wallet.id, anchor]),
    ['wallets', wallet.id],
    ...(newest === undefined || newest === id ? [] : [['transactions', newest] as const]),
    ...freezeRows(treasuryScopes(ready)),
  ];
}

/** Whatever a freeze could name of it. */
export function treasuryScopes({ wallet, effects }: ReadyTreasury): FreezeScope[] {
  const moved = effects.payments.flatMap((p): FreezeScope[] => [`asset:${p.asset}`, `destination:${p.destination}`]);
  return [...new Set<FreezeScope>(['station', `wallet:${wallet.id}`, `chain:${wallet.chain}`, ...moved])];
}

/** The scopes whose freeze stops the operators' act itself: none, where the money is taken to safety. */
export function stoppedBy(ready: ReadyTreasury, policy: Station['policy']): FreezeScope[] {
  return ready.kind === 'transfer' && evacuates(ready.effects.payments, policy) ? [] : treasuryScopes(ready);
}

export function treasuryCase(
  station: Station,
  ready: ReadyTreasury,
  facts: Facts,
  phase: Phase,
  by: Pick<TreasuryCase, 'operators' | 'signatures'>,
): TreasuryCase {
  const { wallet, effects, id, kind } = ready;
  const anchor = facts.get('anchors', wallet.id, ready.anchor);
  // What the anchor's newest pays was read beforehand: another one since then is not guessed at.
  if (phase === 'first' && anchor?.transaction !== ready.newest)
    throw new Refusal('changed-meanwhile', 'another transaction took the anchor meanwhile: ask again');
  return {
    ...station.moment(facts, treasuryScopes(ready)),
    phase,
    kind,
    id,
    wallet: station.policy.wallets.get(wallet.id),
    effects,
    anchorId: ready.anchor,
    anchor,
    otherAnchors: anchorsBeside(ready.anchor, effects, wallet, facts),
    walletState: facts.get('wallets', wallet.id),
    newest: ready.newest === undefined ? undefined : facts.get('transactions', ready.newest),
    newestPayments: ready.newestPayments,
    ...by,
  };
}

/** What permitting it writes. Its quorum was counted in the same decision. */
export function permitTreasury(ready: ReadyTreasury, facts: Facts, by: TakenBy): Applied {
  const { wallet, effects, id, kind } = ready;
  const newest = ready.newest === undefined ? undefined : facts.get('transactions', ready.newest);
  const anchor = facts.get('anchors', wallet.id, ready.anchor);
  const told = toldBy(facts, by.position);
  if (newest?.id === id) {
    const again: TransactionRecord = {
      ...newest,
      act: by.act,
      state: moveTransaction(newest.state, 'retry'),
      declinedBy: [],
      blockedBy: null,
      history: historyWith(newest.history, told),
    };
    return {
      writes: [{ table: 'transactions', record: again, leaf: by.position }],
      leaves: [{ kind: 'transaction-retried', fields: { transaction: id, act: by.act } }],
      permitted: id,
    };
  }
  // A void keeps the payments that the anchor belongs to; a transfer is its anchor's own, and no withdrawal has such an id.
  const set = anchor?.paymentSet ?? paymentSet([`act:${by.act}`]);
  const record: TransactionRecord = {
    id,
    kind,
    act: by.act,
    wallet: wallet.id,
    chain: wallet.chain,
    unsigned: ready.transaction.unsigned,
    psbt: ready.transaction.psbt,
    pays: [],
    paymentSet: set,
    anchor: ready.anchor,
    maxFee: effects.maxFee,
    replaces: newest?.id ?? null,
    state: 'PERMITTED',
    blockedBy: null,
    signed: null,
    sealed: null,
    signer: null,
    signedBy: [],
    declinedBy: [],
    attempts: 0,
    permittedAt: facts.now,
    history: told,
  };
  const writes: Write[] = [
    { table: 'transactions', record, leaf: by.position },
    {
      table: 'anchors',
      record: { wallet: wallet.id, anchor: ready.anchor, paymentSet: set, transaction: id },
      leaf: by.position,
    },
    { table: 'wallets', record: walletAfter(wallet, effects, facts), leaf: by.position },
  ];
  const leaves: LeafDraft[] = [
    {
      kind: 'transaction-permitted',
      fields: {
        transaction: id,
        transaction_kind: kind,
        act: by.act,
        wallet: wallet.id,
        anchor: ready.anchor,
        payment_set: set,
        withdrawals: '',
        max_fee: String(effects.maxFee),
        policy: facts.station.policy,
        replaces: newest?.id ?? '',
      },
    },
  ];
  if (newest !== undefined) {
    const event = kind === 'void' || newest.state === 'PERMITTED' || newest.state === 'WITHHELD' ? 'void' : 'replace';
    const state = moveTransaction(newest.state, event);
    const history = historyWith(newest.history, toldBy(facts, by.position + 1));
    // What was withheld, or half of it, is released by nobody any more.
    const sealed = event === 'void' ? null : newest.sealed;
    writes.push({ table: 'transactions', record: { ...newest, state, sealed, history }, leaf: by.position + 1 });
    const leafKind = event === 'void' ? 'transaction-voided' : 'transaction-replaced';
    leaves.push({ kind: leafKind, fields: { transaction: newest.id, by: id } });
  }
  return { writes, leaves, permitted: id };
}

/** Judges operators' transactions again, before their device and before their release. */
export class TreasuryJudge implements Judges {
  readonly #station: Station;

  constructor(station: Station) {
    this.#station = station;
  }

  again(record: TransactionRecord): JudgedAgain {
    const station = this.#station;
    const { policy, store } = station;
    if (record.kind === 'payment' || record.act === null) throw new Error(`transaction ${record.id} is a customer’s`);
    const wallet = policy.wallets.get(record.wallet);
    const ready = readyTreasury(station, record.kind, wallet, record.psbt ?? record.unsigned, record.anchor);
    const act = station.reading(() => store.read('acts', record.act ?? ''));
    const checked = act === undefined ? [] : this.#signatures(act, record);
    const descriptors = ready.effects.payments.flatMap((p) => policy.assets.get(p.asset)?.ledgerDescriptor ?? []);
    return {
      wallet: ready.wallet,
      tokenDescriptors: [...new Set(descriptors)],
      keys: { rows: [...treasuryRows(ready), ...operatorRows(checked)] },
      judge: (facts) => {
        const by = { operators: [], signatures: signaturesNow(checked, facts) };
        return decideTreasury(treasuryCase(station, ready, facts, 'again', by));
      },
    };
  }

  /** D4: the act's row holds what operators signed; for what they had to sign, only these bytes speak. */
  #signatures(act: ActRecord, record: TransactionRecord): CheckedSignature[] {
    const subject = record.kind === 'void' ? `transaction:${record.replaces ?? ''}` : `wallet:${record.wallet}`;
    const verb = record.kind === 'void' ? 'void' : 'transfer';
    const expected = { verb, subject, digest: digestOf(record.unsigned), base: undefined } as const;
    // What was permitted before a restore was signed for the generation of then.
    return checkKept(act, expected, this.#station.policy, this.#station.look({}).station.name, 'former too');
  }
}
