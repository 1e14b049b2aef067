import {
  actId,
  type DestinationIntent,
  type Digest,
  digestOf,
  type FactorIntent,
  isImported,
  type OperatorName,
  parseAdmission,
  parseImportedDestination,
  parseImportedFactor,
  parseIntent,
  paymentSet,
  transactionId,
} from '../../domain/index.ts';
import type { Leaf, LeafKind } from '../../journal/leaf.ts';
import type { Records, TableName } from '../../store/tables.ts';
import { decodeSignatures } from '../acts/signatures.ts';
import { attesters, servicesNamed } from '../evidence.ts';
import { epochRaisedKey, importSpentKey, operatorSpentKey } from '../intents.ts';
import { decodeEvidence } from '../kept-evidence.ts';
import { registrationKey } from '../wallet-registration.ts';
import { countedRows, frozenScope, type Member } from './newest.ts';

// Which journal entries tell of which rows. Every write of a row below carries the index of the entry that tells of it, and
// indexes only grow; so a row that is missing, or whose entry is older than the newest that tells of it, was deleted or
// put back to an earlier version.

/** The rows that a leaf says were written with it: table and key. */
export function rowsToldBy(leaf: Leaf, member: Member): (readonly [TableName, ...string[]])[] {
  const rows: (readonly [TableName, ...string[]])[] = [];
  const tell = (table: TableName, ...key: (string | undefined)[]): void => {
    const known = key.filter((k) => k !== undefined);
    if (known.length === key.length) rows.push([table, ...known]);
  };
  switch (leaf.kind) {
    case 'withdrawal-authorized':
    case 'withdrawal-held':
      tell('notices', member('notice'));
      tell('withdrawals', member('withdrawal'));
      tell('spent', spentKey(member('intent')));
      for (const row of countedRows(member)) tell('buckets', row);
      break;
    case 'withdrawal-voided':
      tell('notices', member('notice'));
      tell('withdrawals', member('withdrawal'));
      break;
    case 'withdrawal-ended':
    case 'withdrawal-confirmed':
      tell('withdrawals', member('withdrawal'));
      break;
    case 'destination-added':
      tell('notices', member('notice'));
      tell('destinations', member('entry'));
      tell('spent', spentKey(member('intent')));
      break;
    case 'destination-ripening':
      tell('notices', member('notice'));
      tell('destinations', member('entry'));
      break;
    case 'destination-removed':
      tell('notices', member('notice'));
      tell('destinations', member('entry'));
      break;
    case 'factor-added':
      tell('factors', member('factor'));
      if (member('kind_of_factor') === 'totp') tell('codes', member('factor'));
      tell('notices', member('notice'));
      tell('spent', spentKey(member('intent')));
      tell('accounts', member('account'));
      break;
    case 'factor-ripening':
      // It names the factor by its intent alone.
      tell('notices', member('notice'));
      break;
    case 'factor-revoked':
      tell('notices', member('notice'));
      tell('factors', member('factor'));
      break;
    case 'transaction-permitted':
      tell('transactions', member('transaction'));
      tell('anchors', member('wallet'), member('anchor'));
      tell('wallets', member('wallet'));
      for (const id of words(member('withdrawals'))) tell('withdrawals', id);
      for (const row of countedRows(member)) tell('buckets', row);
      break;
    case 'transaction-sent':
    case 'transaction-signed':
    case 'transaction-withheld':
    case 'transaction-declined':
    case 'transaction-part-signed':
    case 'transaction-part-declined':
    case 'transaction-uncertain':
    case 'transaction-retried':
    case 'transaction-replaced':
    case 'transaction-voided':
    case 'transaction-confirmed':
      tell('transactions', member('transaction'));
      break;
    case 'wallet-stated':
      tell('wallets', member('wallet'));
      for (const spent of words(member('spent'))) tell('anchors', member('wallet'), `outpoint:${spent}`);
      break;
    case 'signer-key-created':
      // The token has it, and no row does.
      break;
    case 'wallet-registered':
      tell('registrations', registered(member('wallet_policy'), member('fingerprint')));
      break;
    case 'frozen':
    case 'thawed':
      tell('freezes', frozenScope(member));
      tell('notices', member('notice'));
      break;
    case 'journal-key-added':
    case 'station-restored':
    case 'clock-acknowledged':
      tell('station', 'station');
      break;
    case 'epoch-raised':
      tell('station', 'station');
      tell('spent', epochRaisedKey);
      break;
    case 'operator-acted':
      tell('acts', member('act'));
      tell('operators', member('operator'));
      tell('spent', operatorSpent(member('operator'), member('intent')));
      break;
    case 'act-announced':
      tell('acts', member('act'));
      tell('notices', member('notice'));
      break;
    case 'act-ripening':
      tell('acts', member('act'));
      tell('notices', member('notice'));
      break;
    case 'act-effective':
    case 'act-ended':
      tell('acts', member('act'));
      break;
    case 'operator-suspended':
      tell('notices', member('notice'));
      tell('operators', member('operator'));
      break;
    case 'operator-reinstated':
      tell('operators', member('operator'));
      break;
    case 'withdrawal-approved':
      tell('withdrawals', member('withdrawal'));
      break;
    case 'chunk-imported':
      tell('spent', chunkSpent(member('act'), member('index')));
      break;
    case 'breaker-tripped':
    case 'clock-vouched':
    case 'station-founded':
    case 'policy-in-force':
    case 'refused':
    case 'refusals-aggregated':
    case 'clock-suspect':
      break;
  }
  return rows;
}

const ofTransaction = (kind: LeafKind): boolean => kind.startsWith('transaction-');

/** Kinds of entries that a table's row may name as the newest that tells of it; a table without one may name none. */
const tellers: { readonly [T in TableName]?: (kind: LeafKind) => boolean } = {
  accounts: (kind) =>
    kind === 'factor-added' ||
    kind === 'destination-added' ||
    kind === 'withdrawal-authorized' ||
    kind === 'withdrawal-held',
  factors: (kind) => kind.startsWith('factor-'),
  codes: (kind) => kind === 'factor-added',
  destinations: (kind) => kind.startsWith('destination-'),
  listings: (kind) => kind === 'destination-added',
  withdrawals: (kind) => kind.startsWith('withdrawal-') || ofTransaction(kind),
  transactions: ofTransaction,
  anchors: (kind) => kind === 'transaction-permitted' || kind === 'wallet-stated',
  registrations: (kind) => kind === 'wallet-registered',
  spent: (kind) =>
    kind === 'withdrawal-authorized' ||
    kind === 'withdrawal-held' ||
    kind === 'destination-added' ||
    kind === 'factor-added' ||
    kind === 'chunk-imported' ||
    kind === 'act-effective' ||
    kind === 'epoch-raised' ||
    kind === 'operator-acted',
  operators: (kind) => kind.startsWith('operator-'),
  acts: (kind) => kind === 'operator-acted' || kind.startsWith('act-'),
  freezes: (kind) => kind === 'frozen' || kind === 'thawed',
  buckets: (kind) => kind === 'withdrawal-authorized' || kind === 'withdrawal-held' || kind === 'transaction-permitted',
};

/** Whether every row of a table has an entry that tells of it; of buckets those that limits count, and none of the circuit breaker's. */
export function isTold(table: TableName, key: string): boolean {
  if (table === 'buckets') return !key.startsWith('breaker:');
  return table in tellers || table === 'notices' || table === 'station';
}

/** The kinds of entries that a row's history begins with. */
const makers: { readonly [T in TableName]?: readonly LeafKind[] } = {
  factors: ['factor-added'],
  destinations: ['destination-added'],
  withdrawals: ['withdrawal-authorized', 'withdrawal-held'],
  transactions: ['transaction-permitted'],
  acts: ['operator-acted'],
  operators: ['operator-suspended'],
};

/** Whether a history that begins with an entry of this kind (undefined: with none) is one of a row of this table. */
export function beginsRightly(table: TableName, kind: LeafKind | undefined): boolean {
  // What an operator did is told as their acts', and changes nothing of them.
  if (kind === undefined) return table === 'operators';
  return makers[table]?.includes(kind) ?? true;
}

/** Whether an entry of this kind can be the newest that tells of a row of this table. */
export function mayTell(table: TableName, kind: LeafKind): boolean {
  return tellers[table]?.(kind) ?? true;
}

/**
 * What in a row contradicts itself or the entry that first told of it; empty where nothing does. This needs no key, so that
 * an auditor who has none still sees an edited payment.
 */
export function contradictions<T extends TableName>(
  table: T,
  record: Records[T],
  first: { readonly leaf: Leaf; readonly member: Member } | undefined,
): string[] {
  const checks: Checks[T] = checked[table];
  if (checks === undefined) return [];
  const told: Told = (name) => first?.member(name);
  return checks(record, told).flatMap(([name, ours, theirs]) =>
    theirs === undefined || ours === theirs ? [] : [name],
  );
}

type Told = (name: string) => string | undefined;
/** What is compared: its name, what the row says, and what the journal or the row's own evidence says. */
type Check = readonly [name: string, ours: string | null, theirs: string | null | undefined];

type Checks = { readonly [T in TableName]?: (record: Records[T], told: Told) => Check[] };

const checked: Checks = {
  factors: (r, told) => {
    const intent = enrolled(r);
    return [
      ['intent', digestOf(r.intent), r.digest],
      ['id', r.id, intent.credential],
      ['account', r.account, intent.account],
      ['cose_key', digestOf(r.coseKey), intent.key],
      ['class', r.class, intent.class],
      ['attested_by', r.attestedBy.join(' '), r.admission === 'attested' ? attestedIn(r.evidence) : ''],
      [
        'attested_by',
        String(r.attestedBy.includes(intent.attestedBy ?? r.id)),
        String(intent.attestedBy !== undefined),
      ],
      ['id', r.id, told('factor')],
      ['account', r.account, told('account')],
      ['cose_key', digestOf(r.coseKey), told('key')],
      ['class', r.class, told('class')],
      ['digest', r.digest, told('intent')],
      ['attested_by', r.attestedBy.join(' '), told('attested_by')],
    ];
  },
  destinations: (r, told) => {
    const intent = listed(r);
    return [
      ['intent', digestOf(r.intent), r.digest],
      ['entry', r.entry, intent.entry],
      ['account', r.account, intent.account],
      ['destination', r.destination, intent.destination],
      ['label', r.label, intent.label],
      ['attested_by', r.attestedBy.join(' '), attestedIn(r.evidence)],
      ['services', servicesNamed(decodeEvidence(r.evidence)), servicesTold(told, 'entry')],
      ['entry', r.entry, told('entry')],
      ['account', r.account, told('account')],
      ['destination', r.destination, told('destination')],
      ['digest', r.digest, told('intent')],
      ['attested_by', r.attestedBy.join(' '), told('attested_by')],
    ];
  },
  withdrawals: (r, told) => {
    const { intent } = parseIntent(r.intent, 'portcullis/withdrawal/v1');
    const counted = told('withdrawal') === undefined ? undefined : (told('counted') ?? '');
    const reserved = told('withdrawal') === undefined ? undefined : (told('reserved') ?? '');
    return [
      ['counted', r.counted.join(','), counted],
      ['reserved', String(r.reserved ?? ''), reserved],
      ['id', r.id, told('withdrawal')],
      ['digest', r.digest, told('intent')],
      ['intent', digestOf(r.intent), r.digest],
      ['id', r.id, intent.withdrawal],
      ['factors', r.factors.join(' '), attestedIn(r.evidence)],
      ['factors', r.factors.join(' '), told('factors')],
      ['services', servicesNamed(decodeEvidence(r.evidence)), servicesTold(told, 'withdrawal')],
      ['account', r.account, intent.account],
      ['asset', r.asset, intent.asset],
      ['amount', String(r.amount), String(intent.amount)],
      ['destination', r.destination, intent.destination],
      ['max_fee', String(r.maxFee), String(intent.maxFee)],
      ['pay_by', String(r.payBy), String(intent.payBy)],
    ];
  },
  acts: (r, told) => {
    const signatures = decodeSignatures(r.evidence);
    const intents = signatures.map((s) => parseIntent(s.intent, 'portcullis/operator/v1'));
    const said = intents.map(({ intent }) => [intent.verb, intent.subject, intent.digest, intent.base].join(' '));
    return [
      ['id', r.id, firstOf(intents[0]?.digest, signatures[0]?.operator)],
      ['operators', r.operators.join(' '), signatures.map((s) => s.operator).join(' ')],
      ['evidence', [...new Set(said)].join('\n'), [r.verb, r.subject, r.digest, r.base].join(' ')],
      ['id', r.id, told('act')],
      ['verb', r.verb, told('verb')],
      ['subject', r.subject, told('subject')],
      ['digest', r.digest, told('digest')],
      ['base', r.base, told('base')],
    ];
  },
  transactions: (r, told) => [
    ['id', r.id, told('transaction')],
    ['wallet', r.wallet, told('wallet')],
    ['unsigned', transactionId(r.wallet, r.unsigned), r.id],
    ['anchor', r.anchor, told('anchor')],
    // A void keeps its anchor's, a transfer has its act's: neither pays a withdrawal.
    ['pays', paymentSet(r.pays), r.kind === 'payment' ? r.paymentSet : undefined],
    ['payment_set', r.paymentSet, told('payment_set')],
    ['max_fee', String(r.maxFee), told('max_fee')],
    ['replaces', r.replaces ?? '', told('replaces')],
  ],
};

/** What let a factor in: its owner's intent, or what operators admitted, or imported by an act. */
function enrolled({
  admission,
  intent,
}: Records['factors']): Pick<FactorIntent, 'credential' | 'account' | 'key' | 'class' | 'attestedBy'> {
  if (admission === 'import') return { ...parseImportedFactor(intent).record, attestedBy: undefined };
  if (admission === 'operators' || admission === 'recovery')
    return { ...parseAdmission(intent), attestedBy: undefined };
  return parseIntent(intent, 'portcullis/factor/v1').intent;
}

/** What listed a destination: its owner's intent, or an import, which names the entry by its own digest. */
function listed({ intent }: Records['destinations']): Pick<DestinationIntent, 'account' | 'destination' | 'label'> & {
  readonly entry: string;
} {
  if (!isImported(intent)) return parseIntent(intent, 'portcullis/destination/v1').intent;
  return { ...parseImportedDestination(intent).record, entry: digestOf(intent) };
}

/** The MFA services that an entry names, if it is told (by a member that it has in any case): a leaf without any has no such member. */
function servicesTold(told: Told, member: string): string | undefined {
  return told(member) === undefined ? undefined : (told('services') ?? '');
}

/** The factors that kept evidence names. */
function attestedIn(evidence: Uint8Array): string {
  return attesters(decodeEvidence(evidence)).join(' ');
}

function firstOf(intent: Digest | undefined, operator: OperatorName | undefined): string | null {
  return intent === undefined || operator === undefined ? null : actId(intent, operator);
}

function operatorSpent(operator: string | undefined, digest: string | undefined): string | undefined {
  return operator === undefined || digest === undefined ? undefined : operatorSpentKey(digest as Digest, operator);
}

function chunkSpent(act: string | undefined, index: string | undefined): string | undefined {
  return act === undefined || index === undefined ? undefined : importSpentKey(act, index);
}

function registered(policy: string | undefined, fingerprint: string | undefined): string | undefined {
  return policy === undefined || fingerprint === undefined ? undefined : registrationKey(policy, fingerprint);
}

function spentKey(digest: string | undefined): string | undefined {
  return digest === undefined ? undefined : `intent:${digest}`;
}

function words(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(' ');
}
