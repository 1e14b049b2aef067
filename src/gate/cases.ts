import type {
  AnchorRecord,
  DestinationIntent,
  DestinationRecord,
  Effects,
  FactorIntent,
  FactorRecord,
  FreezeRecord,
  ListingRecord,
  Sealed,
  SpentRecord,
  StationRecord,
  TransactionRecord,
  Verification,
  Wallet,
  WalletRecord,
  WallMs,
  WithdrawalIntent,
  WithdrawalRecord,
  WitnessedMs,
} from '../domain/index.ts';
import type { Policy } from './policy.ts';

// What a decision is about: facts that others fetched and verified. The gate looks at nothing else.

/** The station's state at the moment of deciding. */
export interface Moment {
  readonly policy: Policy;
  readonly station: StationRecord;
  readonly now: WallMs;
  readonly w: WitnessedMs;
  readonly clockSuspect: boolean;
  /** Active freezes on any scope that this decision touches. */
  readonly freezes: readonly FreezeRecord[];
}

/** One piece of evidence: what verification said, and the factor it was made by as it stands now. */
export interface Evidence {
  readonly verification: Verification;
  readonly factor: FactorRecord | undefined;
}

/** A destination as the whitelist has it now. */
export interface Listed {
  readonly listing: ListingRecord | undefined;
  readonly entry: DestinationRecord | undefined;
}

/** What a customer asks for with an intent: the part that all intents share. */
export interface Approvable extends Moment {
  readonly intent: Sealed<WithdrawalIntent | DestinationIntent | FactorIntent>;
  /** Whether the intent's ticket was made by this station under the present epoch. */
  readonly ticketGenuine: boolean;
  readonly spent: SpentRecord | undefined;
}

export interface Attested extends Approvable {
  readonly evidence: readonly Evidence[];
}

export interface WithdrawalCase extends Attested {
  readonly intent: Sealed<WithdrawalIntent>;
  readonly listed: Listed;
}

export interface DestinationCase extends Attested {
  readonly intent: Sealed<DestinationIntent>;
  readonly listed: Listed;
}

/** A voucher, checked or refused. */
export type VoucherCheck =
  | { readonly present: false }
  | { readonly present: true; readonly genuine: true; readonly spent: boolean }
  | { readonly present: true; readonly genuine: false; readonly message: string };

export interface FactorCase extends Attested {
  readonly intent: Sealed<FactorIntent>;
  readonly voucher: VoucherCheck;
  /** Factors that the account ever had. */
  readonly everEnrolled: number;
  /** The account's factors as they stand, dead ones included. */
  readonly factors: readonly FactorRecord[];
  /** A factor of the same id, whoever's. */
  readonly existing: FactorRecord | undefined;
}

/** A withdrawal that a transaction is to pay, with everything that its approval rests on as it stands now. */
export interface PaidWithdrawal {
  readonly record: WithdrawalRecord;
  readonly intent: Sealed<WithdrawalIntent>;
  readonly evidence: readonly Evidence[];
  readonly listed: Listed;
}

/**
 * `first`: a new transaction. `again`: one that was permitted and goes to its device, or to its client, later: every rule
 * but freshness.
 */
export type Phase = 'first' | 'again';

export interface TransactionCase extends Moment {
  readonly phase: Phase;
  /** Its id, formats.md. */
  readonly id: string;
  readonly wallet: Wallet | undefined;
  readonly effects: Effects;
  readonly withdrawals: readonly PaidWithdrawal[];
  readonly anchor: AnchorRecord | undefined;
  readonly walletState: WalletRecord | undefined;
  /** The transaction that the request says it replaces. */
  readonly replaces: TransactionRecord | undefined;
}
