import {
  type AccountId,
  type AccountRecord,
  type AssetId,
  Buckets,
  equalBytes,
  type Prices,
  type PricesInForce,
  parsePrices,
  type WalletId,
  type WithdrawalRecord,
} from '../domain/index.ts';
import { type CountedPayment, thingsCounted } from '../gate/counting.ts';
import type { LimitScope } from '../gate/policy/limits.ts';
import type { Policy } from '../gate/policy.ts';
import type { Facts, RowKey } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';

/** Whom a payment is counted for. */
export interface CountedFor {
  readonly account: AccountId;
  readonly asset: AssetId;
}

/** Scopes of an authorization; a wallet's is counted when a transaction takes an anchor. */
const authorized = ['account', 'asset', 'station'] as const satisfies readonly LimitScope[];
type Authorized = (typeof authorized)[number];

/** The row of `buckets` that a counted thing stands in: `account USD.2+destination` of an account's. */
export function countedRow(counted: string, of: CountedFor): string {
  return rowOf(parseCounted(counted).scope, of);
}

/** What a withdrawal counted of a thing: its amount, or what it was worth then; null where no price counted. */
export function countedAmount(
  thing: string,
  of: Pick<WithdrawalRecord, 'asset' | 'amount' | 'reserved'>,
): bigint | null {
  return thing.startsWith(of.asset) ? of.amount : of.reserved;
}

function rowOf(scope: Authorized, of: CountedFor): string {
  return scope === 'station' ? scope : `${scope}:${scope === 'account' ? of.account : of.asset}`;
}

const walletRow = (wallet: WalletId): string => `wallet:${wallet}`;

const limits = (policy: Policy, scope: LimitScope): boolean => policy.limits.some((limit) => limit.scope === scope);

const pricesRow = (policy: Policy): RowKey[] => (policy.reference === undefined ? [] : [['prices', 'prices']]);

/** The rows that an authorization reads and writes to be counted. */
export function authorizationRows(policy: Policy, of: CountedFor): RowKey[] {
  const counted = authorized
    .filter((scope) => limits(policy, scope))
    .map((scope): RowKey => ['buckets', rowOf(scope, of)]);
  return [...pricesRow(policy), ['accounts', of.account], ...counted];
}

/** The rows that permitting reads and writes to be counted: none where no limit is on a wallet. */
export function permitRows(policy: Policy, wallet: WalletId, accounts: Iterable<AccountId>): RowKey[] {
  if (!limits(policy, 'wallet')) return pricesRow(policy);
  const rows: RowKey[] = [...pricesRow(policy), ['buckets', walletRow(wallet)]];
  for (const account of accounts) rows.push(['accounts', account]);
  return rows;
}

/** An account as the decision sees it. Where it did not name it, no limit asks how old it is; were one to, it would be young. */
export function accountOf(facts: Facts, account: AccountId): AccountRecord | undefined {
  return facts.named('accounts', account) ? facts.get('accounts', account) : undefined;
}

/** The rows to which a withdrawal's reservations go back when it ends unpaid. */
export function reservedRows(of: Pick<WithdrawalRecord, 'account' | 'asset' | 'counted'>): RowKey[] {
  return [...new Set(of.counted.map((entry) => rowOf(parseCounted(entry).scope, of)))].map((row) => ['buckets', row]);
}

/** All to which reservations of an account's withdrawals may go back, of whatever asset policy counts. */
export function accountReservedRows(policy: Policy, account: AccountId): RowKey[] {
  const assets = policy.limits.flatMap(({ scope, asset }) =>
    scope === 'asset' && asset !== undefined ? [`asset:${asset}`] : [],
  );
  return [...new Set(['station', `account:${account}`, ...assets])].map((row) => ['buckets', row]);
}

/**
 * The bucket rows of one decision: each read once, changed by every withdrawal that the decision authorizes, permits or ends, and
 * written once, in the commit of those. So that two withdrawals of one commit count together.
 */
export class Reservations {
  readonly #facts: Facts;
  readonly #rows = new Map<string, Buckets>();
  readonly #changed = new Set<string>();
  /** Of the entry that tells what was counted last: by its position in the verdict. What is given back, no entry needs to tell. */
  readonly #told = new Map<string, number>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** What is counted already, of each scope that an authorization counts towards. */
  counted(policy: Policy, of: CountedFor): Readonly<Record<Authorized, Buckets>> {
    const at = (scope: Authorized): Buckets =>
      limits(policy, scope) ? this.#buckets(rowOf(scope, of)) : Buckets.empty;
    return { account: at('account'), asset: at('asset'), station: at('station') };
  }

  ofWallet(policy: Policy, wallet: WalletId): Buckets {
    return limits(policy, 'wallet') ? this.#buckets(walletRow(wallet)) : Buckets.empty;
  }

  /** Counts an authorization, told by the entry at `leaf`. Returns what it counted, as its record keeps it. */
  authorize(policy: Policy, of: CountedFor, payment: CountedPayment, leaf: number): string[] {
    return authorized.flatMap((scope) =>
      [...thingsCounted(policy, scope, payment)].map(([thing, amount]) => {
        this.#add(rowOf(scope, of), thing, amount, leaf);
        return `${scope} ${thing}`;
      }),
    );
  }

  /**
   * Counts a payment of a transaction that takes a new anchor, told by the entry at `leaf`. For good: from there on it may be paid.
   * Returns what it counted.
   */
  permit(policy: Policy, wallet: WalletId, payment: CountedPayment, leaf: number): string[] {
    return [...thingsCounted(policy, 'wallet', payment)].map(([thing, amount]) => {
      this.#add(walletRow(wallet), thing, amount, leaf);
      return `wallet ${thing}`;
    });
  }

  /**
   * A withdrawal ends before COMMITTED: exactly what it reserved goes back to the buckets that it came from. A row that the
   * decision did not name stays as it is: counted too much for a week at most, never too little.
   */
  giveBack(record: WithdrawalRecord): void {
    for (const entry of record.counted) {
      const { scope, thing } = parseCounted(entry);
      const row = rowOf(scope, record);
      const amount = countedAmount(thing, record);
      if (amount === null || !this.#facts.named('buckets', row)) continue;
      const before = this.#buckets(row);
      const after = before.giveBack(thing, amount, record.reservedAt);
      if (after === before) continue;
      this.#rows.set(row, after);
      this.#changed.add(row);
    }
  }

  writes(): Write[] {
    return [...this.#changed].map((scope) => {
      const leaf = this.#told.get(scope);
      return {
        table: 'buckets',
        record: { scope, packed: this.#buckets(scope).pack() },
        ...(leaf === undefined ? {} : { leaf }),
      };
    });
  }

  #add(row: string, thing: string, amount: bigint, leaf: number): void {
    this.#told.set(row, leaf);
    this.#rows.set(row, this.#buckets(row).add(thing, amount, this.#facts.w));
    this.#changed.add(row);
  }

  /** Of a row that the decision named: a limit that was not read must not pass for one that is not used. */
  #buckets(row: string): Buckets {
    const known = this.#rows.get(row);
    if (known !== undefined) return known;
    const record = this.#facts.get('buckets', row);
    const buckets = record === undefined ? Buckets.empty : Buckets.parse(record.packed);
    this.#rows.set(row, buckets);
    return buckets;
  }
}

/** `account USD.2+destination`, as `counted` of a withdrawal keeps it. */
export function parseCounted(entry: string): { readonly scope: Authorized; readonly thing: string } {
  const at = entry.indexOf(' ');
  const scope = authorized.find((name) => name === entry.slice(0, at));
  if (scope === undefined) throw new Error(`a withdrawal counts towards ${entry}, which is no scope`);
  return { scope, thing: entry.slice(at + 1) };
}

/** The price table in force, parsed once as long as it is the same. */
export class PriceBook {
  #document: Uint8Array | undefined;
  #prices: Prices | undefined;

  /** Of a decision that named the row (`authorizationRows`, `permitRows`). */
  inForce(facts: Facts, policy: Policy): PricesInForce | undefined {
    const record = policy.reference === undefined ? undefined : facts.get('prices', 'prices');
    if (record === undefined) return undefined;
    if (this.#document === undefined || this.#prices === undefined || !equalBytes(record.document, this.#document)) {
      this.#prices = parsePrices(record.document);
      this.#document = record.document;
    }
    return { prices: this.#prices, since: record.since };
  }
}
