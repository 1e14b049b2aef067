import { digestOf, formatInstant, parseIntent, type WallMs, type WithdrawalIntent } from '../../domain/index.ts';
import { openForReading, type Sqlite } from '../../store/database.ts';
import { StoreUnusable, sqliteCode } from '../../store/failure.ts';
import { type Audited, auditSnapshot } from '../audit/audit.ts';
import type { Finding } from '../audit/finding.ts';
import { AssetNames, Sums } from './assets.ts';
import { type DisputedList, followDisputed } from './disputed.ts';
import { EvidenceOf } from './evidence.ts';
import { type PaidByLeaves, RangeReading, type Told } from './leaves.ts';
import { amountIn, type Entry, refOf, StationRecords } from './record.ts';
import type {
  AccountLoss,
  Change,
  Count,
  DestinationTotal,
  IncidentReport,
  NotPaid,
  PaymentEvidence,
} from './report.ts';
import { paidByRows } from './rows.ts';

export interface IncidentRequest {
  /** The database. */
  readonly file: string;
  readonly since: WallMs;
  /** Not part of it. */
  readonly until: WallMs;
  /** Only payments of these; of everything where empty. */
  readonly accounts: readonly string[];
  readonly destinations: readonly string[];
  readonly assets: readonly string[];
  /** What is disputed; undefined: everything paid is told, and no loss is spoken of. */
  readonly disputed: DisputedList | undefined;
  /** As of `AuditRequest`. */
  readonly stateKey: Uint8Array | undefined;
  readonly logKey: string | undefined;
  readonly checkpoint: Uint8Array | undefined;
}

/** Findings and differences that the report tells one by one. */
const toldMost = 200;

/** What both counts say of a payment. */
interface Payment {
  readonly withdrawal: string;
  readonly account: string | undefined;
  readonly asset: string;
  readonly amount: bigint;
  readonly destination: string | undefined;
  readonly released: number;
}

/**
 * What happened at a station between two instants: who was paid what on whose word, what was refused, who changed what. Audits the whole journal
 * first, on the snapshot that it then reads; counts every payment twice, from the rows and from the entries alone. What it remembers grows with the
 * range, not with the journal. Throws `StoreUnusable` where the file is no station's database of this release.
 */
export function reportIncident(request: IncidentRequest): IncidentReport {
  let db: Sqlite | undefined;
  try {
    db = openForReading(request.file);
    db.exec('BEGIN');
    const found: Finding[] = [];
    const { stateKey, logKey, checkpoint, file } = request;
    const audited = auditSnapshot(db, { file, stateKey, logKey, checkpoint }, (finding) => {
      if (found.length < toldMost) found.push(finding);
    });
    return new Reporter(new StationRecords(db), request, audited, found).report();
  } catch (error) {
    const code = sqliteCode(error);
    if (code === undefined) throw error;
    throw new StoreUnusable(`${request.file} cannot be read (${code}): restore it from a backup`, { cause: error });
  } finally {
    db?.close();
  }
}

class Reporter {
  readonly #records: StationRecords;
  readonly #request: IncidentRequest;
  readonly #audited: Audited;
  readonly #found: readonly Finding[];
  readonly #names: AssetNames;

  constructor(records: StationRecords, request: IncidentRequest, audited: Audited, found: readonly Finding[]) {
    this.#records = records;
    this.#request = request;
    this.#audited = audited;
    this.#found = found;
    this.#names = new AssetNames(records);
  }

  report(): IncidentReport {
    const { since, until, accounts, destinations, assets, disputed } = this.#request;
    const range = { since: formatInstant(since), until: formatInstant(until) };
    const told = new RangeReading(range.since, range.until).run(this.#records);
    const byLeaves = new Map([...told.paid].map(([id, paid]) => [id, this.#ofLeaves(paid)]));
    const span = { first: this.#records.firstAt(range.since), end: this.#records.firstAt(range.until), until };
    const byRows = paidByRows(this.#records, span);
    const differences = [...told.differences, ...byRows.differences, ...compared(byRows.paid, byLeaves)];

    const fromLeaves = [...byLeaves.values()].filter((payment) => this.#affected(payment));
    const fromRows = [...byRows.paid.values()].filter((payment) => this.#affected(payment));
    const counts = { from_rows: countOf(fromRows), from_leaves: countOf(fromLeaves) };
    // Each payment was compared; were the totals to differ all the same, that is said.
    if (differences.length === 0 && JSON.stringify(counts.from_rows) !== JSON.stringify(counts.from_leaves))
      differences.push('the totals of the rows are not those of the entries');

    const wanted = new Set(fromLeaves.map(({ withdrawal }) => withdrawal));
    for (const { authorized } of told.paid.values()) this.#learn(authorized);
    for (const authorized of told.unpaid) this.#learn(authorized);
    const evidence = new EvidenceOf(this.#records, this.#names);
    const payments = [...told.paid.values()]
      .filter(({ withdrawal }) => wanted.has(withdrawal))
      .map((paid) => evidence.payment(paid))
      .sort((a, b) => a.transaction.released.leaf - b.transaction.released.leaf);
    const losses = accountLosses(payments, this.#names);
    const affected = new Set(losses.map(({ account }) => account));
    const sums = new Sums();
    for (const { asset, amount } of payments) sums.add(asset, amountIn(amount));
    const { origin, size, root, logKey, consistentWith, station, findings } = this.#audited;
    return {
      type: 'portcullis/incident/v1',
      station: station ?? null,
      range,
      narrowed: { accounts, destinations, assets },
      basis: disputed === undefined ? 'everything-paid' : 'disputed',
      read: {
        origin: origin ?? null,
        size,
        root: root ?? null,
        newest: told.newest === undefined ? null : refOf(told.newest),
        log_key: logKey ?? null,
        log_key_pinned: this.#request.logKey !== undefined,
        consistent_with: consistentWith ?? null,
        rows_authenticated: this.#request.stateKey !== undefined,
        forgotten: told.forgotten,
      },
      agreement: {
        holds: differences.length === 0 && findings === 0,
        ...counts,
        differences: differences.slice(0, toldMost),
        findings,
        found: this.#found,
      },
      totals: { payments: payments.length, accounts: losses.length, assets: sums.told(this.#names) },
      accounts: losses,
      destinations: destinationTotals(payments, this.#names),
      payments,
      not_paid: this.#notPaid(told),
      disputed:
        disputed === undefined ? null : followDisputed(this.#records, disputed, { counted: wanted, paid: told.paid }),
      refusals: this.#refusals(told),
      changes: this.#changes(told, affected),
      events: told.events,
    };
  }

  #learn({ member }: Entry): void {
    this.#names.learn(member('asset') ?? '', member('policy') ?? '');
  }

  /** From the entries alone; where an opening was erased, from the intent, which the entry binds by its hash. */
  #ofLeaves({ withdrawal, authorized, released }: PaidByLeaves): Payment {
    const { member } = authorized;
    const [account, destination] = [member('account'), member('destination')];
    const intent =
      account === undefined || destination === undefined ? this.#ofIntent(withdrawal, member('intent')) : undefined;
    return {
      withdrawal,
      account: account ?? intent?.account,
      destination: destination ?? intent?.destination,
      asset: member('asset') ?? '',
      amount: amountIn(member('amount')),
      released: released.index,
    };
  }

  #ofIntent(withdrawal: string, digest: string | undefined): WithdrawalIntent | undefined {
    const intent = this.#records.row('withdrawals', withdrawal)?.intent;
    if (intent === undefined || digestOf(intent) !== digest) return undefined;
    try {
      return parseIntent(intent, 'portcullis/withdrawal/v1').intent;
    } catch {
      return undefined;
    }
  }

  #affected({ withdrawal, account, asset, destination }: Omit<Payment, 'amount' | 'released'>): boolean {
    const { disputed } = this.#request;
    return (disputed?.ids.has(withdrawal) ?? true) && this.#within(account, asset, destination);
  }

  /** Whether it is of what the report was narrowed to. */
  #within(
    account: string | null | undefined,
    asset: string | null | undefined,
    destination: string | null | undefined,
  ): boolean {
    const { accounts, assets, destinations } = this.#request;
    const among = (list: readonly string[], value: string | null | undefined): boolean =>
      list.length === 0 || (value != null && list.includes(value));
    return among(accounts, account) && among(assets, asset) && among(destinations, destination);
  }

  #notPaid({ unpaid }: Told): NotPaid[] {
    const list: NotPaid[] = [];
    for (const entry of unpaid) {
      const { member } = entry;
      const withdrawal = member('withdrawal') ?? '';
      const row = this.#records.row('withdrawals', withdrawal);
      const [account, destination] = [member('account') ?? null, member('destination') ?? null];
      const [asset, amount] = [member('asset') ?? '', member('amount') ?? '0'];
      const state = row?.state ?? 'unknown';
      if (!this.#affected({ withdrawal, account: account ?? undefined, asset, destination: destination ?? undefined }))
        continue;
      const symbol = this.#names.of(asset).symbol;
      const units = this.#names.units(asset, amountIn(amount));
      list.push({ withdrawal, account, asset, amount, symbol, units, destination, authorized: refOf(entry), state });
    }
    return list;
  }

  #refusals({ refusals, aggregated }: Told): IncidentReport['refusals'] {
    const { accounts, assets } = this.#request;
    const told = refusals.filter(
      ({ account, asset }) =>
        (accounts.length === 0 || (account !== null && accounts.includes(account))) &&
        (assets.length === 0 || (asset !== null && assets.includes(asset))),
    );
    const narrowed = accounts.length + assets.length > 0;
    const reasons = new Map<string, { count: number; accounts: Set<string> }>();
    const by = new Map<string, number>();
    for (const { reason, account } of told) {
      const of = reasons.get(reason) ?? { count: 0, accounts: new Set<string>() };
      of.count++;
      reasons.set(reason, of);
      if (account === null) continue;
      of.accounts.add(account);
      by.set(account, (by.get(account) ?? 0) + 1);
    }
    let counted = 0;
    // What was only counted names neither account nor asset.
    for (const [reason, count] of narrowed ? [] : aggregated) {
      counted += count;
      const of = reasons.get(reason) ?? { count: 0, accounts: new Set<string>() };
      of.count += count;
      reasons.set(reason, of);
    }
    const most = (a: { count: number }, b: { count: number }): number => b.count - a.count;
    return {
      total: told.length + counted,
      only_counted: counted,
      by_reason: [...reasons]
        .map(([reason, of]) => ({ reason, count: of.count, accounts: of.accounts.size }))
        .sort(most),
      by_account: [...by].map(([account, count]) => ({ account, count })).sort(most),
      told,
    };
  }

  #changes({ changes }: Told, affected: ReadonlySet<string>): Change[] {
    const { accounts } = this.#request;
    return changes
      .filter(({ account }) => accounts.length === 0 || (account !== null && accounts.includes(account)))
      .map((change) => ({ ...change, affected: change.account !== null && affected.has(change.account) }));
  }
}

function countOf(payments: readonly Payment[]): Count {
  const sums = new Sums();
  for (const { asset, amount } of payments) sums.add(asset, amount);
  return {
    payments: payments.length,
    accounts: new Set(payments.map(({ account }) => account)).size,
    assets: sums.amounts(),
  };
}

/** Where two ways of counting say different things, of each payment. */
function compared(rows: ReadonlyMap<string, Payment>, leaves: ReadonlyMap<string, Payment>): string[] {
  const differences: string[] = [];
  for (const [id, row] of rows) {
    const leaf = leaves.get(id);
    if (leaf === undefined) {
      differences.push(`withdrawal ${id} was paid in the range by its row, and not by the journal`);
      continue;
    }
    for (const name of ['account', 'asset', 'amount', 'destination', 'released'] as const) {
      if (row[name] !== leaf[name])
        differences.push(
          `withdrawal ${id}: ${name} is ${row[name]} in its row, ${leaf[name] ?? 'not told'} in the journal`,
        );
    }
  }
  for (const id of leaves.keys())
    if (!rows.has(id)) differences.push(`withdrawal ${id} was paid in the range by the journal, and not by its row`);
  return differences;
}

/** By account. */
function accountLosses(payments: readonly PaymentEvidence[], names: AssetNames): AccountLoss[] {
  return [...grouped(payments, ({ account }) => account)].map(([account, of]) => ({
    account,
    payments: of.length,
    first: of[0]?.transaction.released.time ?? '',
    last: of.at(-1)?.transaction.released.time ?? '',
    assets: summed(of, names),
  }));
}

/** Those that got the most payments first. */
function destinationTotals(payments: readonly PaymentEvidence[], names: AssetNames): DestinationTotal[] {
  return [...grouped(payments, ({ destination }) => destination)]
    .map(([destination, of]) => ({
      destination,
      payments: of.length,
      accounts: new Set(of.map(({ account }) => account)).size,
      assets: summed(of, names),
    }))
    .sort((a, b) => b.payments - a.payments);
}

function summed(payments: readonly PaymentEvidence[], names: AssetNames): ReturnType<Sums['told']> {
  const sums = new Sums();
  for (const { asset, amount } of payments) sums.add(asset, amountIn(amount));
  return sums.told(names);
}

function grouped(
  payments: readonly PaymentEvidence[],
  by: (payment: PaymentEvidence) => string | null,
): [string, PaymentEvidence[]][] {
  const groups = new Map<string, PaymentEvidence[]>();
  for (const payment of payments) {
    const key = by(payment) ?? '(not told)';
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [payment]);
    else group.push(payment);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
