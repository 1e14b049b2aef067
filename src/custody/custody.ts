import type {
  AcceptedClass,
  AccountId,
  ActId,
  ActRecord,
  Address,
  Assertion,
  AssetId,
  Attestation,
  ChainId,
  CosignatureRecord,
  DestinationRecord,
  Digest,
  Effects,
  EntryId,
  FactorClass,
  FactorId,
  FactorRecord,
  FreezeRecord,
  FreezeScope,
  Intent,
  KeyPlace,
  NoticeId,
  NoticeRecord,
  OperatorName,
  OperatorVerb,
  Reason,
  Sealed,
  StationName,
  TransactionId,
  TransactionRecord,
  Wallet,
  WalletId,
  WallMs,
  WithdrawalId,
  WithdrawalRecord,
  WitnessedMs,
} from '../domain/index.ts';
import type { EvidenceDemand } from '../gate/demand.ts';
import type { Tile } from '../journal/tiles.ts';
import type { BackupMade } from '../store/backup.ts';
import type { CodeEnrolment } from './code-enrolment.ts';
import type { Head } from './heads.ts';
import type { SealingState } from './sealed.ts';

/** A rule as it was applied: what it demands, what it found, and why it refused if it did. */
export interface RuleOutcome {
  readonly rule: string;
  readonly passed: boolean;
  readonly explanation: string;
  readonly refusal: RefusalView | undefined;
  /** It did not refuse: it holds the withdrawal for operators. */
  readonly holds?: boolean;
}

export interface RefusalView {
  readonly reason: Reason;
  readonly message: string;
  readonly details: Readonly<Record<string, string>>;
}

/** What a client has to gather for an intent, and of what. */
export interface EvidenceWanted {
  /** In English. */
  readonly summary: string;
  readonly demand: EvidenceDemand;
  /** What counts at all. */
  readonly accepts: readonly AcceptedClass[];
  /** Factors of the account that could attest now. */
  readonly factors: readonly Pick<FactorRecord, 'id' | 'kind' | 'class'>[];
  /** Issuers of tokens that count. */
  readonly services: readonly string[];
  /** Wallets of the chain that take more than `demand` for so much. */
  readonly wallets: readonly WalletWants[];
}

/** What one wallet takes before it pays. */
export interface WalletWants {
  readonly wallet: WalletId;
  readonly demand: EvidenceDemand;
  /** So many operators' approval does in its place; 0 where none does. */
  readonly operators: number;
}

/** An intent ready to be approved, with what would become of it now. */
export interface Prepared {
  readonly intent: Sealed<Intent>;
  readonly rpId: string;
  /** Of a withdrawal: JSON with which a page has the browser show it (Secure Payment Confirmation); undefined: it may not. */
  readonly paymentRequest?: string | undefined;
  readonly evidenceWanted: EvidenceWanted;
  readonly rules: readonly RuleOutcome[];
  /** Nothing would refuse it, and so many operators would have to approve it. */
  readonly held?: { readonly operators: number; readonly by: readonly string[] } | undefined;
  readonly warnings: readonly string[];
}

export type RipeningState = 'announcing' | 'pending' | 'ripe' | 'cancelled' | 'removed';

/** Something that ripens, as it stands now; `notBefore` is the earliest wall-clock time at which it can be ripe. */
export interface Ripened<R> {
  readonly record: R;
  readonly state: RipeningState;
  readonly notBefore: WallMs | undefined;
}

export interface Authorization {
  readonly intent: Uint8Array;
  readonly attestations: readonly Attestation[];
}

export type Approval =
  | { readonly kind: 'voucher'; readonly jws: string }
  | { readonly kind: 'attestations'; readonly attestations: readonly Attestation[] };

/** Called for the present state first, then after each change. */
export type Watcher<R> = (record: R) => void;
export type Unwatch = () => void;

export interface Withdrawals {
  prepare(request: {
    readonly withdrawal: WithdrawalId;
    readonly account: AccountId;
    readonly asset: AssetId;
    readonly amount: bigint;
    readonly destination: Address;
    readonly maxFee: bigint;
    readonly payBy: WallMs | undefined;
    /** ms; undefined for the default. */
    readonly lifetime: number | undefined;
  }): Promise<Prepared>;
  authorize(request: Authorization): Promise<WithdrawalRecord>;
  get(id: WithdrawalId): WithdrawalRecord;
  watch(ids: readonly WithdrawalId[], watcher: Watcher<WithdrawalRecord>): Unwatch;
  cancel(id: WithdrawalId): Promise<WithdrawalRecord>;
}

export interface TransactionRequest {
  readonly wallet: WalletId;
  readonly unsigned: Uint8Array;
  readonly pays: readonly WithdrawalId[];
  readonly replaces: TransactionId | undefined;
}

export interface Transactions {
  explain(
    request: TransactionRequest,
  ): Promise<{ readonly effects: Effects | undefined; readonly rules: readonly RuleOutcome[] }>;
  sign(request: TransactionRequest & { readonly authorizations: readonly Authorization[] }): Promise<TransactionRecord>;
  retry(id: TransactionId): Promise<TransactionRecord>;
  get(id: TransactionId): TransactionRecord;
  watch(ids: readonly TransactionId[], watcher: Watcher<TransactionRecord>): Unwatch;
}

/** Transactions as one client may have them: of the wallets that policy allows it. Another's are refused `wallet-not-allowed`. */
export interface ClientTransactions extends Transactions {
  /** Throws that refusal if the wallet is not, or no longer, allowed. */
  allow(wallet: WalletId): void;
}

export interface Destinations {
  prepare(request: {
    readonly entry: EntryId;
    readonly account: AccountId;
    readonly destination: Address;
    readonly label: string;
    readonly lifetime: number | undefined;
  }): Promise<Prepared>;
  add(request: Authorization): Promise<Ripened<DestinationRecord>>;
  list(account: AccountId): readonly Ripened<DestinationRecord>[];
  remove(entry: EntryId): Promise<Ripened<DestinationRecord>>;
}

export interface Factors {
  /** PublicKeyCredentialCreationOptionsJSON, serialized. `payment`: for a credential by which browsers confirm payments, too. */
  begin(account: AccountId, payment?: boolean): Promise<string>;
  /** `uri`: the otpauth URI that the customer's authenticator app scans; `enrolment`: to be sent back, it says nothing to others. */
  beginCode(account: AccountId): { readonly uri: string; readonly enrolment: Uint8Array };
  prepare(request: {
    readonly account: AccountId;
    /** RegistrationResponseJSON, UTF-8; or what `beginCode` handed out, with a code. */
    readonly registration: Uint8Array | CodeEnrolment;
    readonly attestedBy: FactorId | undefined;
    readonly lifetime: number | undefined;
  }): Promise<{
    readonly intent: Sealed<Intent>;
    readonly credential: FactorId;
    readonly class: FactorClass;
    readonly key: Digest;
    readonly station: StationName;
    /** Undefined for an account's first. */
    readonly evidenceWanted: EvidenceWanted | undefined;
  }>;
  add(request: {
    readonly intent: Uint8Array;
    readonly registration: Uint8Array | CodeEnrolment;
    readonly approval: Approval | undefined;
  }): Promise<Ripened<FactorRecord>>;
  list(account: AccountId): readonly Ripened<FactorRecord>[];
  revoke(factor: FactorId): Promise<{ readonly factor: Ripened<FactorRecord>; readonly cancelled: readonly string[] }>;
}

/** What an objection did. */
export interface Reported {
  readonly account: AccountId;
  readonly cancelled: readonly string[];
  /** Withdrawals that a transaction was permitted for and that are not signed: past cancelling, stopped by the freeze. */
  readonly disputed: readonly string[];
}

export interface Notices {
  /** The station's: a restore takes the outbox back, and what comes then has numbers that were given already. */
  readonly generation: number;
  /** Notices after this one of the outbox that are not acknowledged, oldest first, at most `limit`. */
  waiting(after: number, limit: number): readonly NoticeRecord[];
  onNotice(listener: (notice: NoticeRecord) => void): Unwatch;
  acknowledge(id: NoticeId): Promise<NoticeRecord>;
  report(token: string): Promise<Reported>;
}

/** What goes to witnesses of the journal, and what comes back. */
export interface Witnesses {
  /** The body of an add-checkpoint request (C2SP tlog-witness), from the size that the witness cosigned last, unless `old` says another. */
  request(witness: string, old: number | undefined): Promise<{ readonly body: string; readonly size: number }>;
  /** Signature lines as a witness answered with them, for the checkpoint of that size. */
  accept(size: number, lines: string): Promise<readonly CosignatureRecord[]>;
  /** The newest checkpoint that policy's witnesses cosigned, their lines under it; undefined where none did. */
  cosigned(): Promise<{ readonly note: string; readonly cosignatures: readonly CosignatureRecord[] } | undefined>;
}

export interface Backups {
  /** A backup of the database as it is now, encrypted, chunk by chunk. `who`: the name in the caller's certificate. */
  create(who: string): AsyncGenerator<Uint8Array, BackupMade>;
}

export interface Journal {
  readonly witnesses: Witnesses;
  readonly verifierKey: string;
  size(): number;
  checkpoint(
    consistentWith: number | undefined,
  ): Promise<{ readonly note: string; readonly proof: readonly Uint8Array[] }>;
  /**
   * Takes a checkpoint that somebody kept, a signed note. Returns its size where the journal goes on from it. Where it does not, the
   * log's own signature is the proof: the station is frozen from then on, and this throws `journal-behind`, as does each decision.
   */
  hold(note: Uint8Array): number;
  /** The signed head, for publishing. */
  head(): Promise<Head>;
  /** A tile of the journal as it is. Throws `not-found` for one that it does not fill so far. */
  tile(tile: Tile): Uint8Array;
  entries(from: number, limit: number): readonly { readonly index: number; readonly leaf: Uint8Array }[];
  onGrowth(listener: () => void): Unwatch;
  /** A receipt (docs/formats.md) as JSON, UTF-8. */
  receipt(withdrawal: WithdrawalId): Promise<Uint8Array>;
}

export type ReadinessView =
  | { readonly ready: true }
  | { readonly ready: false; readonly reason: Reason; readonly message: string };

export interface WalletView {
  readonly id: WalletId;
  readonly chain: ChainId;
  readonly address: Address;
  readonly nextNonce: number;
  /** The index after the highest that change went to. */
  readonly nextChange: number;
  readonly readiness: ReadinessView;
  /** In the order of its keys. */
  readonly signers: readonly WalletSignerView[];
}

export interface WalletSignerView {
  readonly signer: string;
  readonly readiness: ReadinessView;
  /** Whether a person registered the wallet on its device; undefined where nothing is to be registered. */
  readonly registered: boolean | undefined;
}

/** A key that a signer's device gave. */
export type SignerKey =
  | { readonly kind: 'account'; readonly device: string; readonly address: Address; readonly publicKey: string }
  | { readonly kind: 'extended'; readonly device: string; readonly fingerprint: string; readonly xpub: string }
  | TokenKeyView;

/** A pair that an HSM has. */
export interface TokenKeyView {
  readonly kind: 'token';
  readonly device: string;
  /** CKA_ID, lowercase hex. */
  readonly id: string;
  /** Compressed, hex. */
  readonly publicKey: string;
  /** As the token has them: `CKA_SENSITIVE true`. */
  readonly attributes: readonly string[];
}

/** What a wallet is made of, and that people saw what it is. Policy need not name it yet. */
export interface Wallets {
  /** Nothing is shown on the device, and nothing kept. */
  readKey(request: { readonly signer: string; readonly chain: ChainId; readonly place: KeyPlace }): Promise<SignerKey>;
  /** Has an HSM make a pair that never leaves it. Nothing pays with it before policy names a wallet of it. */
  createKey(request: {
    readonly signer: string;
    /** CKA_ID, lowercase hex; undefined: a random one. */
    readonly id: string | undefined;
    /** CKA_LABEL. */
    readonly label: string;
    /** The name in the caller's certificate. */
    readonly who: string;
  }): Promise<TokenKeyView>;
  /** Resolves once a person took the wallet on the device. `who`: the name in the caller's certificate. */
  register(request: {
    readonly wallet: Wallet;
    readonly signer: string;
    readonly who: string;
  }): Promise<{ readonly walletPolicy: string; readonly fingerprint: string }>;
  /** Resolves once a person took the address on the device, and it was the one that the station derives. */
  showAddress(request: {
    readonly wallet: Wallet;
    readonly signer: string;
    readonly branch: 0 | 1;
    readonly index: number;
  }): Promise<{ readonly address: Address; readonly shown: string }>;
}

export interface StationView {
  readonly station: StationName;
  readonly policy: Digest;
  readonly simulatedTime: boolean;
  readonly now: WallMs;
  readonly w: WitnessedMs;
  readonly clockSuspect: boolean;
  readonly freezes: readonly FreezeRecord[];
  readonly wallets: readonly WalletView[];
  readonly noticesWaiting: number;
  readonly journalSize: number;
  /** Undefined where policy founds no operators. */
  readonly operators: OperatorsView | undefined;
  readonly sealing: SealingState;
}

/** One of the station's people, as they stand. Keys are policy's, and not repeated here. */
export interface OperatorView {
  readonly name: OperatorName;
  /** Of the recovery quorum's people. */
  readonly recovery: boolean;
  readonly suspended: { readonly by: string; readonly why: string; readonly since: WallMs } | undefined;
}

export interface OperatorsView {
  readonly quorum: number;
  readonly recoveryQuorum: number;
  readonly people: readonly OperatorView[];
}

/** An act ready to be signed by an operator's own key, with what it does. */
export interface PreparedAct {
  readonly intent: Sealed<Intent>;
  /** One English sentence. */
  readonly description: string;
  /** What else to read before signing, a line each. */
  readonly details: readonly string[];
  /** How many operators have to sign. */
  readonly signatures: number;
  /** How long it ripens once they have, ms; undefined: it acts at once. */
  readonly delay: number | undefined;
  /** The act that a signature would join. */
  readonly open: ActRecord | undefined;
  readonly rpId: string;
  /** Credentials of the operators in good standing. */
  readonly credentials: readonly FactorId[];
  readonly rules: readonly RuleOutcome[];
}

export interface ActView {
  readonly act: ActRecord;
  /** What it does, one English sentence; empty once it is settled, or where its subject is gone. */
  readonly description: string;
  /** How many operators have to sign; 0 once it is settled. */
  readonly signatures: number;
  /** The earliest time at which it can take effect, where it ripens. */
  readonly notBefore: WallMs | undefined;
  /** Why it has not taken effect, where that was just tried. */
  readonly waiting: RefusalView | undefined;
}

/** A withdrawal that waits for operators, and what it lacks. */
export interface HeldWithdrawal {
  readonly record: WithdrawalRecord;
  /** How many operators have to approve it. */
  readonly needed: number;
  /** The act by which they are about to, if one has signed. */
  readonly act: ActRecord | undefined;
}

/** What operators do, each by their own key. */
export interface Acts {
  prepare(request: {
    readonly verb: OperatorVerb;
    readonly subject: string;
    /** Why, or the document, as the verb wants it; empty for none. */
    readonly payload: Uint8Array;
    readonly lifetime: number | undefined;
  }): Promise<PreparedAct>;
  submit(request: {
    readonly intent: Uint8Array;
    readonly attestation: Assertion;
    /** As it was prepared; may be left out when joining an act. */
    readonly payload: Uint8Array;
  }): Promise<ActView>;
  get(id: ActId): ActView;
  /** Oldest first where only unsettled ones are asked for, else newest first. */
  list(of: { readonly unsettled: boolean; readonly limit: number }): readonly ActView[];
  watch(ids: readonly ActId[], watcher: Watcher<ActRecord>): Unwatch;
  /** HELD withdrawals, soonest `pay_by` first. */
  held(limit: number): readonly HeldWithdrawal[];
}

/** A record of a chunk that was left out, and why. */
export interface SkippedRecord {
  /** From 1. */
  readonly line: number;
  readonly reason: Reason;
  readonly message: string;
}

export interface ImportedChunk {
  /** It was imported before: then nothing else is said. */
  readonly already: boolean;
  readonly factors: number;
  readonly destinations: number;
  readonly skipped: readonly SkippedRecord[];
}

/** What an exchange brings, once its operators' act took effect. */
export interface Onboarding {
  /** `records`: the chunk's bytes, exactly as the act's manifest names them; `index` from 0. */
  importChunk(request: {
    readonly act: ActId;
    readonly index: number;
    readonly records: Uint8Array;
  }): Promise<ImportedChunk>;
}

/** What a request would come to. */
export type ReplayOutcome = 'approved' | 'held' | 'refused';

/** A request that ends otherwise under the other policy. */
export interface ReplayChange {
  readonly withdrawal: string;
  readonly was: ReplayOutcome;
  readonly will: ReplayOutcome;
  /** The rule that decides it: of the new policy, or of the old where the new one approves. */
  readonly rule: string;
  readonly message: string;
}

export interface Replay {
  /** The wall clock's first moment that was replayed. */
  readonly since: WallMs;
  /** Requests decided again. */
  readonly decided: number;
  /** There were more, older ones: only the newest were decided. */
  readonly cut: boolean;
  readonly changed: number;
  readonly byRule: ReadonlyMap<string, number>;
  /** The first of them. */
  readonly examples: readonly ReplayChange[];
  /** What a replay cannot know. */
  readonly unknowns: readonly string[];
}

/** An account, as operators see it. */
export interface AccountView {
  /** Dead ones included. */
  readonly factors: readonly Ripened<FactorRecord>[];
  /** It ever had a factor: it only recovers. */
  readonly everEnrolled: boolean;
  /** Not before then it has recovered; undefined where it does not. */
  readonly recoversUntil: WallMs | undefined;
  readonly freeze: FreezeRecord | undefined;
}

/** `who` is the name in the caller's certificate. */
export interface Operators {
  station(): StationView;
  freeze(scope: FreezeScope, who: string, why: string): Promise<FreezeRecord>;
  thaw(scope: FreezeScope, who: string, why: string): Promise<void>;
  acknowledgeClock(who: string, why: string): Promise<void>;
  /** Transactions that are not settled, whoever asked for them; or the one of this id. */
  transactions(id: TransactionId | undefined): readonly TransactionRecord[];
  /** How an account stands; one that was never seen has no factors. */
  account(account: AccountId): AccountView;
  /** The policy in force, or one that was. */
  policy(hash: Digest | undefined): { readonly hash: Digest; readonly document: string };
  /** Decides recorded withdrawals again, as far `back` as so many ms, under the policy that a document says. */
  replay(document: Uint8Array, back: number): Promise<Replay>;
}

/**
 * What the station can be asked, in the words of the design. Every method may reject with `Refusal` (a reason of the
 * catalogue) or `Malformed` (a refusal that names a field); anything else is a fault of the station's own.
 */
export interface Custody {
  readonly withdrawals: Withdrawals;
  /** `client`: the name in a withdrawal service's certificate. */
  withdrawalsOf(client: string): Withdrawals;
  readonly transactions: Transactions;
  /** `client`: the name in a withdrawal service's certificate. */
  transactionsOf(client: string): ClientTransactions;
  readonly destinations: Destinations;
  readonly factors: Factors;
  readonly notices: Notices;
  readonly journal: Journal;
  readonly backups: Backups;
  readonly operators: Operators;
  readonly acts: Acts;
  readonly onboarding: Onboarding;
  readonly wallets: Wallets;
}
