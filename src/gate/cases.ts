import type {
  AccountRecord,
  ActRecord,
  Address,
  AnchorRecord,
  Buckets,
  CosignatureRecord,
  DestinationIntent,
  DestinationRecord,
  Effects,
  FactorIntent,
  FactorRecord,
  FreezeRecord,
  Intent,
  ListingRecord,
  OperatorIntent,
  OperatorName,
  OperatorRecord,
  PricesInForce,
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
import type { Judgement } from './rule.ts';

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
  /** What used a token before; undefined where nothing did, and for what isn't used up by itself. */
  readonly spent?: SpentRecord | undefined;
}

/** A destination as the whitelist has it now. */
export interface Listed {
  readonly listing: ListingRecord | undefined;
  readonly entry: DestinationRecord | undefined;
}

/** What someone asks for with an intent: the part that all intents share. */
export interface Intended extends Moment {
  readonly intent: Sealed<Intent>;
  /** Whether the intent's ticket was made by this station under the present epoch. */
  readonly ticketGenuine: boolean;
  readonly spent: SpentRecord | undefined;
}

/** What a customer asks for. */
export interface Approvable extends Intended {
  readonly intent: Sealed<WithdrawalIntent | DestinationIntent | FactorIntent>;
}

export interface Attested extends Approvable {
  readonly evidence: readonly Evidence[];
}

export interface WithdrawalCase extends Attested {
  readonly intent: Sealed<WithdrawalIntent>;
  readonly listed: Listed;
  /** Undefined: it never had a factor. */
  readonly account: AccountRecord | undefined;
  readonly prices: PricesInForce | undefined;
  /** What is counted already, of each scope that an authorization counts towards. */
  readonly counted: Readonly<Record<'account' | 'asset' | 'station', Buckets>>;
}

export interface DestinationCase extends Attested {
  readonly intent: Sealed<DestinationIntent>;
  readonly listed: Listed;
  /** The account's factors that live. */
  readonly factors: readonly FactorRecord[];
}

/** A voucher, checked or refused. */
export type VoucherCheck =
  | { readonly present: false }
  | { readonly present: true; readonly genuine: true; readonly spent: boolean }
  | { readonly present: true; readonly genuine: false; readonly message: string };

/** A factor that operators are to admit. */
export interface AdmissionCase extends Moment {
  readonly intent: { readonly intent: Pick<FactorIntent, 'key' | 'class'> };
  /** Why its class is not `hardware`, as whoever verified its registration found. */
  readonly notHardware?: string | undefined;
  /** As of `FactorCase`. */
  readonly factors: readonly FactorRecord[];
  readonly existing: FactorRecord | undefined;
}

/** A chunk of an import that operators approved. */
export interface ImportCase extends Moment {
  readonly act: ActRecord;
  /** The epoch of factors in which the act took effect; undefined where nothing says so. */
  readonly epoch: number | undefined;
  /** The chunk before it was imported; true of the first. */
  readonly inOrder: boolean;
}

/** An account as an import finds it. */
export interface ImportedAccount extends Moment {
  /** Factors that the account ever had. */
  readonly everEnrolled: number;
  /** Whether a token of an MFA service ever attested for it. */
  readonly usesService: boolean;
  /** Its living factors that came in by this very act. */
  readonly imported: number;
}

/** A destination of an import. */
export interface ImportedDestinationCase extends ImportedAccount {
  readonly intent: { readonly intent: { readonly destination: Address } };
  readonly listed: Listed;
}

export interface FactorCase extends Attested {
  readonly intent: Sealed<FactorIntent>;
  /** As of `AdmissionCase`. */
  readonly notHardware?: string | undefined;
  readonly voucher: VoucherCheck;
  /** Factors that the account ever had. */
  readonly everEnrolled: number;
  /** Whether a token of an MFA service ever attested for the account. */
  readonly usesService: boolean;
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
  readonly account: AccountRecord | undefined;
  /** Operators' signatures under its approval, verified again; empty where nobody had to approve it. */
  readonly approvals: readonly OperatorSignature[];
}

/** One operator's signature: what verification said under the key that policy gives the name, and how the operator stands. */
export interface OperatorSignature {
  readonly operator: OperatorName;
  readonly verification: Verification;
  /** Undefined: never seen, and in good standing. */
  readonly record: OperatorRecord | undefined;
}

/** What an act needs, as its effect says. */
export interface ActDemands {
  /** Operators in good standing who have to sign. */
  readonly signatures: number;
  /** It only tightens: then it may rest on a policy that is no longer in force. */
  readonly tightens: boolean;
  /** It may be signed and take effect while the clock is suspect. */
  readonly whileSuspect: boolean;
  /** The recovery quorum may carry it, too. */
  readonly recovery: boolean;
  /** How long it ripens, ms of witnessed time; undefined: it acts at once. */
  readonly delay: number | undefined;
}

/** Common to signing an act and to its taking effect. */
interface Demanded extends Moment {
  readonly demands: ActDemands;
  /** Whether what the act is about still is what its digest says, as its effect judges. */
  readonly subject: Judgement;
}

/** One operator signs an act. */
export interface OperatorCase extends Intended, Demanded {
  readonly intent: Sealed<OperatorIntent>;
  /** Undefined where the credential is nobody's. */
  readonly signature: OperatorSignature | undefined;
  /** The act that it joins; undefined where it opens one. */
  readonly act: ActRecord | undefined;
}

/** An act that is to take effect, its kept evidence verified again. */
export interface EffectCase extends Demanded {
  readonly act: ActRecord;
  readonly signatures: readonly OperatorSignature[];
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
  /** What its versions have in common: the anchor that its withdrawals are bound to, else the first that it could have. */
  readonly anchorId: string;
  readonly anchor: AnchorRecord | undefined;
  /** Anchors among the other outpoints that it spends. */
  readonly otherAnchors: readonly AnchorRecord[];
  readonly walletState: WalletRecord | undefined;
  readonly prices: PricesInForce | undefined;
  /** What the wallet's limits have counted already. */
  readonly walletCounted: Buckets;
  /** The newest of each of policy's witnesses that ever cosigned. */
  readonly cosignatures: readonly CosignatureRecord[];
  /** The transaction that the request says it replaces. */
  readonly replaces: TransactionRecord | undefined;
}
