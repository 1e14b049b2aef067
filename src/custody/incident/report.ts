import type { Finding } from '../audit/finding.ts';

// The report as JSON (docs/journal.md, "After an incident"). Amounts are base units, decimal; times RFC 3339 UTC as the entries have them; what is not
// known is null. A reader takes it by its `type`: another shape is another number.

/** An entry of the journal. */
export interface EntryRef {
  readonly leaf: number;
  readonly time: string;
}

/** From the last entry of a backup to the station's restore from it this journal tells nothing. */
export interface Forgotten {
  /** The backup's last entry; null where it is missing. */
  readonly from: EntryRef | null;
  /** The entry `station-restored`. */
  readonly to: EntryRef;
  /** Entries that the backup had, and the former log by the largest checkpoint that was found then; null where none was. */
  readonly size: number;
  readonly published_size: number | null;
}

export interface Sum {
  /** CAIP-19. */
  readonly asset: string;
  /** As the policy that the payments were made under has it; null where policies differ, or none is readable. */
  readonly symbol: string | null;
  readonly decimals: number | null;
  readonly amount: string;
  /** The same in the asset's units, exact. */
  readonly units: string | null;
  readonly payments: number;
}

export interface AccountLoss {
  readonly account: string;
  readonly payments: number;
  readonly first: string;
  readonly last: string;
  readonly assets: readonly Sum[];
}

export interface DestinationTotal {
  readonly destination: string;
  readonly payments: number;
  readonly accounts: number;
  readonly assets: readonly Sum[];
}

/** How long something was announced before it was relied on. */
export interface RipeningEvidence {
  /** The notice was accepted for delivery: from here its delay counted. */
  readonly notice_delivered: EntryRef | null;
  /** Witnessed time then, and the delay, ms, as the decision that relied on it has them. */
  readonly w0: number | null;
  readonly d0: number | null;
  /** When its delay had passed, were the wall clock the witnessed one: not before that. */
  readonly ripe_not_before: string | null;
  /** Witnessed time that it had been ripe for when the payment was authorized, ms. */
  readonly ripe_for: number | null;
}

/** Someone's word under a payment or a destination. */
export interface Attester {
  readonly kind: 'webauthn' | 'totp' | 'mfa-token';
  /** The factor's id; of an MFA service's token its issuer. */
  readonly id: string;
  readonly class: string | null;
  /** Of an assertion: whether its owner was verified (UV), and whether a browser showed the payment. */
  readonly user_verified: boolean | null;
  readonly payment_shown: boolean | null;
  readonly enrolled: EntryRef | null;
  /** What let it in: `attested`, `voucher`, `operators`, `recovery`, `import`; and by whose word: issuer, operators, or factors. */
  readonly admission: string | null;
  readonly admitted_by: readonly string[];
  readonly ripening: RipeningEvidence | null;
  /** When this was read; a raised epoch revokes. */
  readonly state: 'standing' | 'cancelled' | 'revoked' | null;
}

export interface PaymentEvidence {
  readonly withdrawal: string;
  readonly account: string | null;
  readonly asset: string;
  readonly symbol: string | null;
  readonly amount: string;
  readonly units: string | null;
  readonly destination: string | null;
  /** SHA-256 of the intent that was signed. */
  readonly intent: string;
  readonly policy: string;
  readonly authorized: EntryRef & { readonly w: number };
  readonly attested_by: readonly Attester[];
  readonly held: { readonly by: readonly string[]; readonly approved_by: readonly string[] } | null;
  readonly listing: {
    readonly entry: string;
    readonly label: string;
    readonly listed: EntryRef | null;
    readonly admission: string;
    readonly listed_by: readonly Attester[];
    readonly ripening: RipeningEvidence;
  } | null;
  readonly transaction: {
    readonly id: string;
    /** Its name on its chain; null where the released bytes are not at hand. */
    readonly hash: string | null;
    readonly wallet: string;
    readonly anchor: string;
    readonly permitted: EntryRef;
    readonly released: EntryRef;
    /** SHA-256 of the signed bytes, as the entry has it. */
    readonly raw: string;
    /** Newer versions of the same payment, at most one of which confirms. */
    readonly replaced_by: readonly string[];
  };
}

/** A withdrawal of the range that no signature was released for in it, or whose payment never confirmed. */
export interface NotPaid {
  readonly withdrawal: string;
  readonly account: string | null;
  readonly asset: string;
  readonly amount: string;
  readonly symbol: string | null;
  readonly units: string | null;
  readonly destination: string | null;
  readonly authorized: EntryRef;
  readonly state: string;
}

export interface RefusalTold extends EntryRef {
  readonly what: string;
  readonly reason: string;
  readonly account: string | null;
  readonly withdrawal: string | null;
  readonly asset: string | null;
  readonly amount: string | null;
}

/** A factor or destination that was added or taken away. */
export interface Change extends EntryRef {
  readonly kind: 'factor-added' | 'factor-revoked' | 'destination-added' | 'destination-removed';
  readonly account: string | null;
  /** The factor, the address, or where only that is told the entry of the whitelist. */
  readonly subject: string | null;
  readonly class: string | null;
  readonly by: readonly string[];
  /** Whether its account is among `accounts`. */
  readonly affected: boolean;
}

/** Freezes, operators' acts, policies, the clock, the station's own transactions: an entry each, in words. */
export interface StationEvent extends EntryRef {
  readonly kind: string;
  readonly sentence: string;
}

export interface Disputed {
  /** How many different ids the list names, and which it names more than once. */
  readonly named: number;
  readonly repeated: readonly string[];
  readonly paid: number;
  /** The journal has no withdrawal of this id; a station that was restored may have forgotten it (`read.forgotten`). */
  readonly unknown: readonly string[];
  /** Paid in the range, but not of what the report was narrowed to. */
  readonly left_out: number;
  /** Paid, but not in the range; when its newest version was released. */
  readonly outside: readonly { readonly withdrawal: string; readonly released: EntryRef | null }[];
  readonly not_paid: readonly { readonly withdrawal: string; readonly state: string }[];
}

/** One way of counting. */
export interface Count {
  readonly payments: number;
  readonly accounts: number;
  readonly assets: Readonly<Record<string, string>>;
}

export interface IncidentReport {
  readonly type: 'portcullis/incident/v1';
  readonly station: string | null;
  /** `until` is not part of it. */
  readonly range: { readonly since: string; readonly until: string };
  readonly narrowed: {
    readonly accounts: readonly string[];
    readonly destinations: readonly string[];
    readonly assets: readonly string[];
  };
  /** What `payments` are: those that a list names as disputed, or everything that was paid, which is no loss by itself. */
  readonly basis: 'disputed' | 'everything-paid';
  readonly read: {
    readonly origin: string | null;
    readonly size: number;
    /** RFC 9162 root over all `size` entries, hex. */
    readonly root: string | null;
    readonly newest: EntryRef | null;
    readonly log_key: string | null;
    /** False: the key is the database's own word. */
    readonly log_key_pinned: boolean;
    /** The size of the given checkpoint, if the journal goes on from it. */
    readonly consistent_with: number | null;
    /** Whether every row's authentication code was checked, which takes the state key. */
    readonly rows_authenticated: boolean;
    /** Restores that took parts of the span away, oldest first: what the former station did in them stands in its own log alone. */
    readonly forgotten: readonly Forgotten[];
  };
  readonly agreement: {
    /** Whether both counts are the same and nothing was found. */
    readonly holds: boolean;
    readonly from_rows: Count;
    readonly from_leaves: Count;
    readonly differences: readonly string[];
    readonly findings: number;
    /** The first of them. */
    readonly found: readonly Finding[];
  };
  readonly totals: { readonly payments: number; readonly accounts: number; readonly assets: readonly Sum[] };
  readonly accounts: readonly AccountLoss[];
  readonly destinations: readonly DestinationTotal[];
  readonly payments: readonly PaymentEvidence[];
  readonly not_paid: readonly NotPaid[];
  readonly disputed: Disputed | null;
  readonly refusals: {
    readonly total: number;
    /** Beyond those that have an entry each. */
    readonly only_counted: number;
    readonly by_reason: readonly { readonly reason: string; readonly count: number; readonly accounts: number }[];
    readonly by_account: readonly { readonly account: string; readonly count: number }[];
    readonly told: readonly RefusalTold[];
  };
  readonly changes: readonly Change[];
  readonly events: readonly StationEvent[];
}
