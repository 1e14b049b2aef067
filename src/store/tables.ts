import type {
  AccountRecord,
  ActRecord,
  AnchorRecord,
  BucketRecord,
  ClockRecord,
  CodeRecord,
  CosignatureRecord,
  DestinationRecord,
  FactorRecord,
  FreezeRecord,
  HeadRecord,
  ListingRecord,
  NoticeRecord,
  OperatorRecord,
  PriceRecord,
  RegistrationRecord,
  SpentRecord,
  StationRecord,
  TransactionRecord,
  WalletRecord,
  WithdrawalRecord,
} from '../domain/index.ts';
import { type Table, table } from './table.ts';

/** Every table that feeds a decision. */
export interface Records {
  readonly station: StationRecord;
  readonly clock: ClockRecord;
  readonly head: HeadRecord;
  readonly accounts: AccountRecord;
  readonly factors: FactorRecord;
  readonly codes: CodeRecord;
  readonly destinations: DestinationRecord;
  readonly listings: ListingRecord;
  readonly withdrawals: WithdrawalRecord;
  readonly transactions: TransactionRecord;
  readonly anchors: AnchorRecord;
  readonly wallets: WalletRecord;
  readonly registrations: RegistrationRecord;
  readonly spent: SpentRecord;
  readonly freezes: FreezeRecord;
  readonly notices: NoticeRecord;
  readonly operators: OperatorRecord;
  readonly acts: ActRecord;
  readonly buckets: BucketRecord;
  readonly prices: PriceRecord;
  readonly cosignatures: CosignatureRecord;
}

export type TableName = keyof Records;

export const tables: { readonly [T in TableName]: Table<Records[T]> } = {
  station: table<StationRecord>('station', ['key'], {
    key: 'text',
    name: 'text',
    ticketEpoch: 'int',
    factorEpoch: 'int',
    policy: 'text',
    origin: 'text',
    metadata: 'int',
    journalKey: 'text',
    journalKeyLeaves: 'list',
  }),
  clock: table<ClockRecord>('clock', ['key'], {
    key: 'text',
    w: 'int',
    highWater: 'int',
    wall: 'int',
    mono: 'int',
    uptime: 'int',
    bootId: 'text',
    driftWall: 'int',
    driftUptime: 'int',
    gapSince: 'int',
    gapUsed: 'int',
    suspect: 'bool',
  }),
  head: table<HeadRecord>('head', ['key'], { key: 'text', size: 'int', root: 'blob' }),
  accounts: table<AccountRecord>('accounts', ['account'], {
    account: 'text',
    everEnrolled: 'int',
    since: 'int',
    firstPaid: 'int?',
    usesService: 'bool',
  }),
  factors: table<FactorRecord>('factors', ['id'], {
    id: 'text',
    account: 'text',
    kind: 'text',
    class: 'text',
    coseKey: 'blob',
    signCount: 'int',
    backupEligible: 'bool',
    backupState: 'bool',
    aaguid: 'text',
    authority: 'text?',
    attestation: 'blob?',
    epoch: 'int',
    admission: 'text',
    attestedBy: 'list',
    digest: 'text',
    intent: 'blob',
    evidence: 'blob',
    state: 'text',
    w0: 'int?',
    d0: 'int?',
    notice: 'text',
    history: 'list',
  }),
  codes: table<CodeRecord>('codes', ['factor'], {
    factor: 'text',
    secret: 'blob',
    algorithm: 'text',
    lastStep: 'int',
    failures: 'int',
    lockedUntil: 'int?',
  }),
  destinations: table<DestinationRecord>('destinations', ['entry'], {
    entry: 'text',
    account: 'text',
    destination: 'text',
    label: 'text',
    attestedBy: 'list',
    epoch: 'int',
    digest: 'text',
    intent: 'blob',
    evidence: 'blob',
    state: 'text',
    w0: 'int?',
    d0: 'int?',
    notice: 'text',
    history: 'list',
  }),
  listings: table<ListingRecord>('listings', ['account', 'destination'], {
    account: 'text',
    destination: 'text',
    entry: 'text',
  }),
  withdrawals: table<WithdrawalRecord>('withdrawals', ['id'], {
    id: 'text',
    account: 'text',
    asset: 'text',
    amount: 'amount',
    destination: 'text',
    entry: 'text',
    maxFee: 'amount',
    payBy: 'int',
    digest: 'text',
    intent: 'blob',
    evidence: 'blob',
    factors: 'list',
    epoch: 'int',
    state: 'text',
    wallet: 'text?',
    anchor: 'text?',
    transaction: 'text?',
    authorizedAt: 'int',
    reservedAt: 'int',
    reserved: 'amount?',
    counted: 'list',
    operators: 'int',
    heldBy: 'list',
    act: 'text?',
    history: 'list',
  }),
  transactions: table<TransactionRecord>('transactions', ['id'], {
    id: 'text',
    kind: 'text',
    act: 'text?',
    wallet: 'text',
    chain: 'text',
    unsigned: 'blob',
    psbt: 'blob?',
    pays: 'list',
    paymentSet: 'text',
    anchor: 'text',
    maxFee: 'amount',
    replaces: 'text?',
    state: 'text',
    blockedBy: 'text?',
    signed: 'blob?',
    sealed: 'blob?',
    signer: 'text?',
    signedBy: 'list',
    declinedBy: 'list',
    attempts: 'int',
    permittedAt: 'int',
    history: 'list',
  }),
  anchors: table<AnchorRecord>('anchors', ['wallet', 'anchor'], {
    wallet: 'text',
    anchor: 'text',
    paymentSet: 'text',
    transaction: 'text',
  }),
  wallets: table<WalletRecord>('wallets', ['wallet'], {
    wallet: 'text',
    nextNonce: 'int',
    nextChange: 'int',
    leastNonce: 'int',
    statedFor: 'int',
  }),
  registrations: table<RegistrationRecord>('registrations', ['key'], {
    key: 'text',
    hmac: 'blob',
    signer: 'text',
    since: 'int',
  }),
  spent: table<SpentRecord>('spent', ['key'], { key: 'text', by: 'text' }),
  freezes: table<FreezeRecord>('freezes', ['scope'], {
    scope: 'text',
    active: 'bool',
    who: 'text',
    why: 'text',
    since: 'int',
  }),
  notices: table<NoticeRecord>('notices', ['id'], {
    id: 'text',
    sequence: 'int',
    account: 'text?',
    kind: 'text',
    subject: 'text',
    text: 'text',
    token: 'text',
    createdAt: 'int',
    acknowledgedAt: 'int?',
  }),
  operators: table<OperatorRecord>('operators', ['name'], {
    name: 'text',
    credential: 'text',
    signCount: 'int',
    backupState: 'bool',
    suspended: 'bool',
    by: 'text',
    why: 'text',
    since: 'int',
    history: 'list',
  }),
  acts: table<ActRecord>('acts', ['id'], {
    id: 'text',
    verb: 'text',
    subject: 'text',
    digest: 'text',
    base: 'text',
    payload: 'blob',
    state: 'text',
    operators: 'list',
    evidence: 'blob',
    w0: 'int?',
    d0: 'int?',
    notice: 'text?',
    openedAt: 'int',
    expiresAt: 'int',
    history: 'list',
  }),
  buckets: table<BucketRecord>('buckets', ['scope'], { scope: 'text', packed: 'blob' }),
  prices: table<PriceRecord>('prices', ['key'], { key: 'text', document: 'blob', act: 'text', since: 'int' }),
  cosignatures: table<CosignatureRecord>('cosignatures', ['witness'], {
    witness: 'text',
    size: 'int',
    root: 'blob',
    time: 'int',
    signature: 'blob',
    at: 'int',
  }),
};

/**
 * The look-ups other than by key. Each goes through an index, so that none costs more as the tables grow; `limit` bounds
 * those that could find many.
 */
export const lookups = {
  factorsOfAccount: { table: 'factors', where: 'account = ? ORDER BY rowid' },
  destinationsOfAccount: { table: 'destinations', where: 'account = ? ORDER BY rowid' },
  factorsLive: { table: 'factors', where: "account = ? AND state IN ('announcing', 'pending') ORDER BY rowid" },
  destinationsLive: {
    table: 'destinations',
    where: "account = ? AND state IN ('announcing', 'pending') ORDER BY rowid",
  },
  withdrawalsOfAccount: { table: 'withdrawals', where: 'account = ? AND state = ?' },
  // The nth, whichever that is, says that there are so many, and the others are not read. A9: what the epoch ended takes nobody's room.
  nthFactorLive: {
    table: 'factors',
    where:
      "account = ? AND state IN ('announcing', 'pending') AND epoch = (SELECT factor_epoch FROM station) LIMIT 1 OFFSET ?",
  },
  nthDestinationLive: {
    table: 'destinations',
    where:
      "account = ? AND state IN ('announcing', 'pending') AND epoch = (SELECT factor_epoch FROM station) LIMIT 1 OFFSET ?",
  },
  nthWithdrawalLive: {
    table: 'withdrawals',
    where: "account = ? AND state IN ('HELD', 'AUTHORIZED') LIMIT 1 OFFSET ?",
  },
  withdrawalsOverdue: {
    table: 'withdrawals',
    where: "state IN ('HELD', 'AUTHORIZED') AND pay_by <= ? ORDER BY pay_by LIMIT ?",
  },
  // A9: what the epoch ended while it was open.
  withdrawalsDead: {
    table: 'withdrawals',
    where: "state IN ('HELD', 'AUTHORIZED') AND epoch <> ? ORDER BY pay_by LIMIT ?",
  },
  transactionsOpen: {
    table: 'transactions',
    where: "wallet = ? AND state IN ('PERMITTED', 'SENT', 'UNCERTAIN', 'WITHHELD') ORDER BY permitted_at, id",
  },
  anchorsOfWallet: { table: 'anchors', where: 'wallet = ? LIMIT 1' },
  noticeWithToken: { table: 'notices', where: 'token = ?' },
  noticesWaiting: { table: 'notices', where: 'acknowledged_at IS NULL AND sequence > ? ORDER BY sequence LIMIT ?' },
  actsAlike: {
    table: 'acts',
    where: "state IN ('OPEN', 'ANNOUNCING', 'RIPENING') AND verb = ? AND subject = ? AND digest = ? ORDER BY rowid",
  },
  actsNewest: { table: 'acts', where: '1 ORDER BY rowid DESC LIMIT ?' },
  actsUnsettled: {
    table: 'acts',
    // By rowid alone it would read all acts that ever were, in their order.
    where: "state IN ('OPEN', 'ANNOUNCING', 'RIPENING') ORDER BY opened_at, rowid LIMIT ?",
  },
  withdrawalsNewest: { table: 'withdrawals', where: '1 ORDER BY rowid DESC LIMIT ? OFFSET ?' },
  withdrawalsHeld: { table: 'withdrawals', where: "state = 'HELD' AND epoch = ? ORDER BY pay_by LIMIT ?" },
  // By the id of the key that something is sealed under, as the sealed bytes have it.
  codesSealedUnder: { table: 'codes', where: 'lower(hex(substr(secret, 2, 8))) = ? LIMIT ?' },
  codesSealedAfter: {
    table: 'codes',
    where: 'lower(hex(substr(secret, 2, 8))) > ? ORDER BY lower(hex(substr(secret, 2, 8))) LIMIT 1',
  },
  transactionsSealedUnder: {
    table: 'transactions',
    where: 'sealed IS NOT NULL AND lower(hex(substr(sealed, 2, 8))) = ? LIMIT ?',
  },
  transactionsSealedAfter: {
    table: 'transactions',
    where:
      'sealed IS NOT NULL AND lower(hex(substr(sealed, 2, 8))) > ? ORDER BY lower(hex(substr(sealed, 2, 8))) LIMIT 1',
  },
  registrationsSealedUnder: { table: 'registrations', where: 'lower(hex(substr(hmac, 2, 8))) = ? LIMIT ?' },
  registrationsSealedAfter: {
    table: 'registrations',
    where: 'lower(hex(substr(hmac, 2, 8))) > ? ORDER BY lower(hex(substr(hmac, 2, 8))) LIMIT 1',
  },
  activeFreezes: { table: 'freezes', where: 'active = 1' },
} as const satisfies Record<string, { table: TableName; where: string }>;

export type LookupName = keyof typeof lookups;
export type LookupRecord<L extends LookupName> = Records[(typeof lookups)[L]['table']];
