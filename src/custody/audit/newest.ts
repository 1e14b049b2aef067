import { digestOf } from '../../domain/index.ts';
import type { LeafKind } from '../../journal/leaf.ts';
import type { Records, TableName } from '../../store/tables.ts';
import { epochRaisedKey, importSpentKey, operatorSpentKey, type spentKey } from '../intents.ts';
import { registrationKey } from '../wallet-registration.ts';

// What the entry that a row names as the newest that tells of it must say. Who has the state key can give any row a code of its own, and
// name any entry: that entry tells of another row, or of another state.

/** A member of a leaf by name; for a commitment, what its opening says, if that wasn't erased. */
export type Member = (name: string) => string | undefined;

/** The newest entry of a row: its index and kind, and its members as far as their openings are there. */
export interface Newest {
  readonly index: number;
  readonly kind: LeafKind;
  readonly member: Member;
}

type Said = string | undefined;
/** A column, what the row has there, and what the entry says; where it says nothing, nothing is wrong. */
type Check = readonly [column: string, ours: string | null, theirs: Said];

/** Columns of a row that are not what its newest entry says; `leaf` where that entry tells of another row. */
export function disagreements<T extends TableName>(table: T, record: Records[T], newest: Newest): string[] {
  const judge: Judges[T] = judges[table];
  if (judge === undefined) return [];
  return judge(record, newest).flatMap(([column, ours, theirs]) =>
    theirs === undefined || ours === theirs ? [] : [column],
  );
}

type Judges = { readonly [T in TableName]?: (record: Records[T], newest: Newest) => Check[] };

const judges: Judges = {
  accounts: ({ account }, { member }) => [['leaf', account, member('account')]],
  factors: (r, { kind, member }) => [
    ['leaf', r.digest, member('intent')],
    ['leaf', r.id, member('factor')],
    ['state', r.state, states(r.state, factorStates[kind])],
    ...begun(r),
    ...ripening(r, kind === 'factor-ripening', member),
  ],
  codes: ({ factor }, { member }) => [['leaf', factor, member('factor')]],
  destinations: (r, { kind, member }) => [
    ['leaf', r.entry, member('entry')],
    ['state', r.state, states(r.state, destinationStates[kind])],
    ...begun(r),
    ...ripening(r, kind === 'destination-ripening', member),
  ],
  listings: (r, { member }) => [
    ['leaf', r.entry, member('entry')],
    ['account', r.account, member('account')],
    ['destination', r.destination, member('destination')],
  ],
  withdrawals: (r, { kind, member }) => [
    ['leaf', r.id, member('withdrawal')],
    ['leaf', named(r.id, member('withdrawals')), r.id],
    ['state', r.state, states(r.state, withdrawalStates[kind], member('state'))],
    ...(kind.startsWith('transaction-')
      ? ([
          ['transaction', r.transaction, member('transaction')],
          ['wallet', r.wallet, member('wallet')],
          ['anchor', r.anchor, member('anchor')],
        ] as const)
      : []),
    ['act', r.act, kind === 'withdrawal-approved' ? member('act') : undefined],
  ],
  transactions: (r, { kind, member }) => [
    ['leaf', r.id, member('transaction')],
    ['state', r.state, states(r.state, transactionStates[kind])],
    ['signed', r.signed === null ? '' : digestOf(r.signed), kind === 'transaction-signed' ? member('raw') : undefined],
  ],
  anchors: (r, { member }) => [
    ['leaf', r.wallet, member('wallet')],
    ['leaf', r.anchor, member('anchor')],
    // A quorum stated of them that they were spent.
    ['leaf', named(r.anchor.replace('outpoint:', ''), member('spent')), r.anchor.replace('outpoint:', '')],
    ['payment_set', r.paymentSet, member('payment_set')],
    ['transaction', r.transaction, member('transaction')],
  ],
  wallets: ({ wallet, leastNonce }, { kind, member }) => [
    ['leaf', wallet, member('wallet')],
    ['least_nonce', String(leastNonce), kind === 'wallet-stated' ? member('next_nonce') || '0' : undefined],
  ],
  registrations: ({ key, signer }, { member }) => [
    ['leaf', key, both(member('wallet_policy'), member('fingerprint'), registrationKey)],
    ['signer', signer, member('signer')],
  ],
  buckets: ({ scope }, { member }) => {
    const rows = countedRows(member);
    const account = scope.startsWith('account:') && member('account') === undefined;
    return account ? [] : [['leaf', String(rows.includes(scope)), 'true']];
  },
  spent: (r, newest) => [['leaf', String(spends(r.key, newest)), 'true']],
  freezes: (r, { kind, member }) => [
    ['leaf', r.scope, frozenScope(member)],
    ['active', String(r.active), String(kind === 'frozen')],
    ['who', r.who, kind === 'frozen' ? member('who') : undefined],
  ],
  notices: (r, { index, kind, member }) => [
    ['leaf', r.id, member('notice')],
    kind.endsWith('-ripening')
      ? ['acknowledged_at', String(r.acknowledgedAt !== null), 'true']
      : ['sequence', String(r.sequence), String(index)],
  ],
  operators: (r, { kind, member }) => [
    ['leaf', r.name, member('operator')],
    ['suspended', String(r.suspended), suspended[kind]],
    ['by', r.by, kind === 'operator-suspended' ? member('who') : undefined],
    ['why', r.why, kind === 'operator-suspended' ? member('why') : undefined],
  ],
  acts: (r, { kind, member }) => [
    ['leaf', r.id, member('act')],
    ['state', r.state, states(r.state, actStates[kind], member('state'))],
    ...(kind === 'act-ripening' || kind === 'act-effective' ? ripening(r, true, member) : []),
  ],
};

type States = { readonly [K in LeafKind]?: readonly string[] };

const factorStates: States = {
  'factor-added': ['announcing'],
  'factor-ripening': ['pending'],
  'factor-revoked': ['removed', 'cancelled'],
};
const destinationStates: States = {
  'destination-added': ['announcing'],
  'destination-ripening': ['pending'],
  'destination-removed': ['removed', 'cancelled'],
};
const withdrawalStates: States = {
  'withdrawal-authorized': ['AUTHORIZED'],
  'withdrawal-held': ['HELD'],
  'withdrawal-approved': ['AUTHORIZED'],
  'withdrawal-voided': ['VOIDED'],
  'withdrawal-confirmed': ['SIGNED'],
  // A replacement of what was signed leaves it signed.
  'transaction-permitted': ['COMMITTED', 'SIGNED'],
  'transaction-signed': ['SIGNED'],
};
const transactionStates: States = {
  'transaction-permitted': ['PERMITTED'],
  'transaction-sent': ['SENT'],
  'transaction-signed': ['SIGNED'],
  'transaction-withheld': ['WITHHELD'],
  'transaction-declined': ['DECLINED'],
  'transaction-uncertain': ['UNCERTAIN'],
  'transaction-retried': ['PERMITTED'],
  'transaction-part-signed': ['PERMITTED'],
  'transaction-part-declined': ['PERMITTED'],
  'transaction-replaced': ['REPLACED'],
  'transaction-voided': ['VOIDED'],
};
const actStates: States = {
  // One who signs after the quorum was there changes nothing of it.
  'operator-acted': ['OPEN', 'ANNOUNCING', 'RIPENING'],
  'act-announced': ['ANNOUNCING'],
  'act-ripening': ['RIPENING'],
  'act-effective': ['DONE'],
};
const suspended: { readonly [K in LeafKind]?: string } = {
  'operator-suspended': 'true',
  'operator-reinstated': 'false',
};

/** The state that the entry leaves its row in: the row's own where that is one of several, else the first. */
function states(own: string, possible: readonly string[] | undefined, said?: string): Said {
  if (possible === undefined) return said;
  return possible.includes(own) ? own : possible[0];
}

/** Of what is pending the wait has begun, of what is announced it has not; what ended may have been either. */
function begun({ state, w0, d0 }: Pick<Records['factors'], 'state' | 'w0' | 'd0'>): Check[] {
  const is = state === 'pending' ? 'true' : 'false';
  const said = state === 'pending' || state === 'announcing' ? is : String(w0 !== null);
  return [
    ['w0', String(w0 !== null), said],
    ['d0', String(d0 !== null), said],
  ];
}

/** From when its wait counts, and how long it is. */
function ripening(
  { w0, d0 }: { readonly w0: number | null; readonly d0: number | null },
  said: boolean,
  member: Member,
): Check[] {
  if (!said) return [];
  return [
    ['w0', w0 === null ? '' : String(w0), member('w0')],
    ['d0', d0 === null ? '' : String(d0), member('d0')],
  ];
}

/** One of a list that the entry has; what the entry lists nothing of, it does not contradict. */
function named(id: string, list: Said): string {
  return list === undefined || list.split(' ').includes(id) ? id : '';
}

function both(a: Said, b: Said, make: (a: string, b: string) => string): Said {
  return a === undefined || b === undefined ? undefined : make(a, b);
}

/** The scope of an account or a destination is committed to, under its kind: it names a person. */
export function frozenScope(member: Member): Said {
  const kind = member('scope_kind');
  if (kind === undefined) return member('scope');
  const value = member(kind);
  return value === undefined ? undefined : `${kind}:${value}`;
}

/** The rows of `buckets` that an entry says something was added to, but for an account's whose opening is gone. */
export function countedRows(member: Member): string[] {
  const scopes = new Set((member('counted') ?? '').split(',').map((counted) => counted.split(' ', 1)[0] ?? ''));
  return [...scopes].flatMap((scope) => {
    if (scope === '' || scope === 'station') return scope === '' ? [] : [scope];
    const value = member(scope);
    return value === undefined ? [] : [`${scope}:${value}`];
  });
}

/** Whether an entry of this kind, with these members, spends what has this key. */
function spends(key: string, { kind, member }: Newest): boolean {
  switch (kind) {
    case 'operator-acted': {
      const own = both(member('operator'), member('intent'), (operator, intent) => operatorKey(intent, operator));
      return own === undefined || key === own;
    }
    case 'chunk-imported':
      return key === importSpentKey(member('act') ?? '', member('index') ?? '');
    case 'act-effective':
      return key === importSpentKey(member('act') ?? '', 'epoch');
    case 'epoch-raised':
      return key === epochRaisedKey;
    default: {
      const issuers = [member('admitted_by') ?? '', ...(member('services') ?? '').split(' ')].filter(
        (one) => one !== '',
      );
      return (
        key === `intent:${member('intent')}` ||
        issuers.some((issuer) => key.startsWith(`voucher:${issuer}:`) || key.startsWith(`mfa:${issuer}:`))
      );
    }
  }
}

const operatorKey = (intent: string, operator: string): string =>
  operatorSpentKey(intent as Parameters<typeof spentKey>[0], operator);
