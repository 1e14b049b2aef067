import type { Address, AssetId, ChainId } from './caip.ts';
import type {
  AccountId,
  Digest,
  EntryId,
  FactorId,
  NoticeId,
  StationName,
  TransactionId,
  WalletId,
  WithdrawalId,
} from './ids.ts';
import type { FactorClass, FactorKind } from './intent.ts';
import type { ActId } from './operator.ts';
import type { Reason } from './reasons.ts';
import type { WallMs, WitnessedMs } from './time.ts';

// What the station remembers: one record a row. Records are immutable values; a decision replaces them whole.

export interface StationRecord {
  readonly key: 'station';
  readonly name: StationName;
  /** Raised by a clock acknowledgement and by a restore: voids every prepared intent. */
  readonly ticketEpoch: number;
  /** Raised to kill every customer factor at once. */
  readonly factorEpoch: number;
  /** SHA-256 of the policy document in force. */
  readonly policy: Digest;
  /** The journal's origin line. */
  readonly origin: string;
  /** The highest number of the FIDO metadata that it ever had; 0 before it had any. */
  readonly metadata: number;
  /** The newest of the journal's keys that the log names, and the entries that named one. */
  readonly journalKey: string;
  readonly journalKeyLeaves: readonly string[];
}

/** Witnessed time and what it was computed from (design §5). */
export interface ClockRecord {
  readonly key: 'clock';
  readonly w: WitnessedMs;
  /** The wall clock's persisted high-water mark. */
  readonly highWater: WallMs;
  readonly wall: WallMs;
  /** CLOCK_MONOTONIC, ms. */
  readonly mono: number;
  /** CLOCK_BOOTTIME as /proc/uptime shows it, ms: runs on through a suspend. */
  readonly uptime: number;
  readonly bootId: string;
  /** Wall and uptime at the start of the drift window. */
  readonly driftWall: WallMs;
  readonly driftUptime: number;
  /** W at which the current 24 h allowance for gaps began, and how much of it is used, ms. */
  readonly gapSince: WitnessedMs;
  readonly gapUsed: number;
  readonly suspect: boolean;
}

/** The journal as the station last wrote it: leaves, nodes and openings stand under no code of their own. */
export interface HeadRecord {
  readonly key: 'head';
  /** Leaves. */
  readonly size: number;
  /** RFC 9162 root, 32 bytes. */
  readonly root: Uint8Array;
}

export interface AccountRecord {
  readonly account: AccountId;
  /** Factors ever enrolled, revoked ones included: an account with a past only recovers. */
  readonly everEnrolled: number;
  /** W when it was first seen, by a factor or a token of an MFA service: for a while after it, the account is young. */
  readonly since: WitnessedMs;
  /** W of its first withdrawal, null before it. */
  readonly firstPaid: WitnessedMs | null;
  /** Whether a token of an MFA service ever attested for it: then its further factors take one, too, where payments do. */
  readonly usesService: boolean;
}

/** Indexes of the journal entries that tell of a record, oldest first, decimal: what a receipt is made from. */
interface Told {
  readonly history: readonly string[];
}

type Life = 'announcing' | 'pending' | 'cancelled' | 'removed';

interface Ripens extends Told {
  /** `announcing → pending → (ripe, computed)`; `cancelled` before it was ripe, `removed` or revoked at any time. */
  readonly state: Life;
  readonly w0: WitnessedMs | null;
  readonly d0: number | null;
  readonly notice: NoticeId;
}

/**
 * What let a factor in: its account's other factors, an admission voucher, or operators (an account's first, one with which it
 * recovers, or one that the exchange had of it already).
 */
export const factorAdmissions = ['attested', 'voucher', 'operators', 'recovery', 'import'] as const;
export type FactorAdmission = (typeof factorAdmissions)[number];

export interface FactorRecord extends Ripens {
  readonly id: FactorId;
  readonly account: AccountId;
  readonly kind: FactorKind;
  readonly class: FactorClass;
  readonly coseKey: Uint8Array;
  readonly signCount: number;
  readonly backupEligible: boolean;
  readonly backupState: boolean;
  readonly aaguid: string;
  /** SHA-256 of the key of the authority that attested it, which class `hardware` rests on; null for the other classes. */
  readonly authority: Digest | null;
  /** What it attested, as it came (formats.md, "Attestation"). */
  readonly attestation: Uint8Array | null;
  readonly epoch: number;
  readonly admission: FactorAdmission;
  /** The factors that attested it, each once, in the order of its evidence; empty where none did. */
  readonly attestedBy: readonly FactorId[];
  /** Of the factor intent. */
  readonly digest: Digest;
  /** Its exact canonical bytes. */
  readonly intent: Uint8Array;
  /** What let it in, as it came: the attestations (formats.md, "Evidence"), or the voucher's JWS where none attested it. */
  readonly evidence: Uint8Array;
}

export interface DestinationRecord extends Ripens {
  readonly entry: EntryId;
  readonly account: AccountId;
  readonly destination: Address;
  readonly label: string;
  /** The factors that attested it, each once, in the order of its evidence. */
  readonly attestedBy: readonly FactorId[];
  readonly epoch: number;
  /** Of the destination intent. */
  readonly digest: Digest;
  /** Its exact canonical bytes. */
  readonly intent: Uint8Array;
  /** The attestations as they came (formats.md, "Evidence"). */
  readonly evidence: Uint8Array;
}

/** Which entry lists a destination for an account, if any is live. Age belongs to the entry, so a new one starts at zero. */
export interface ListingRecord {
  readonly account: AccountId;
  readonly destination: Address;
  readonly entry: EntryId;
}

export const withdrawalStates = [
  'HELD',
  'AUTHORIZED',
  'COMMITTED',
  'SIGNED',
  'REFUSED',
  'CANCELLED',
  'EXPIRED',
  'VOIDED',
] as const;
export type WithdrawalState = (typeof withdrawalStates)[number];

export interface WithdrawalRecord extends Told {
  readonly id: WithdrawalId;
  readonly account: AccountId;
  readonly asset: AssetId;
  readonly amount: bigint;
  readonly destination: Address;
  readonly entry: EntryId;
  readonly maxFee: bigint;
  readonly payBy: WallMs;
  readonly digest: Digest;
  /** The exact canonical bytes. */
  readonly intent: Uint8Array;
  /** The attestations as they came (formats.md, "Evidence"). */
  readonly evidence: Uint8Array;
  readonly factors: readonly string[];
  readonly epoch: number;
  readonly state: WithdrawalState;
  /** Set by the first transaction that pays it, never changed: wallet and anchor. */
  readonly wallet: WalletId | null;
  readonly anchor: string | null;
  /** The newest transaction that pays it. */
  readonly transaction: TransactionId | null;
  readonly authorizedAt: WallMs;
  /** W when its limits were reserved, and so the bucket that they go back to. */
  readonly reservedAt: WitnessedMs;
  /** What it was worth then in reference currency, base units; null where no price counted. */
  readonly reserved: bigint | null;
  /** What it was counted under, such as `account USD.2+destination`: exactly that goes back if it ends unpaid. */
  readonly counted: readonly string[];
  /** How many operators have to approve it, 0 for none. */
  readonly operators: number;
  /** Why it was held, one rule's name each. */
  readonly heldBy: readonly string[];
  /** The act by which operators approved or refused it. */
  readonly act: ActId | null;
}

export const transactionStates = [
  'PERMITTED',
  'SENT',
  'SIGNED',
  'WITHHELD',
  'DECLINED',
  'UNCERTAIN',
  'REPLACED',
  'VOIDED',
] as const;
export type TransactionState = (typeof transactionStates)[number];

/** What a transaction is for: customers' withdrawals, the station's own moves, or nothing but its anchor. */
export const transactionKinds = ['payment', 'transfer', 'void'] as const;
export type TransactionKind = (typeof transactionKinds)[number];

export interface TransactionRecord extends Told {
  readonly id: TransactionId;
  readonly kind: TransactionKind;
  /** The operators' act that it rests on; null where customers approved it. */
  readonly act: ActId | null;
  readonly wallet: WalletId;
  readonly chain: ChainId;
  /** Canonical unsigned bytes. */
  readonly unsigned: Uint8Array;
  /** As of `UnsignedTransaction`. */
  readonly psbt: Uint8Array | null;
  /** Ids of the withdrawals that it pays. */
  readonly pays: readonly string[];
  readonly paymentSet: Digest;
  readonly anchor: string;
  readonly maxFee: bigint;
  readonly replaces: TransactionId | null;
  readonly state: TransactionState;
  /** Why it does not go on, while it does not. */
  readonly blockedBy: Reason | null;
  /** The released signed transaction; null until released. */
  readonly signed: Uint8Array | null;
  /** A withheld one, or what some of its signers made of it so far, sealed (formats.md, "Sealing"). */
  readonly sealed: Uint8Array | null;
  /** The signer that it was sent to last; null before the first. */
  readonly signer: string | null;
  /** The signers that signed it, and those that declined since it was asked for last. */
  readonly signedBy: readonly string[];
  readonly declinedBy: readonly string[];
  /** How often its bytes went to a device. */
  readonly attempts: number;
  readonly permittedAt: WallMs;
}

export interface AnchorRecord {
  readonly wallet: WalletId;
  readonly anchor: string;
  /** The payment set that it belongs to for ever. */
  readonly paymentSet: Digest;
  /** The newest transaction on it. */
  readonly transaction: TransactionId;
}

export interface WalletRecord {
  readonly wallet: WalletId;
  /** One above the highest nonce that any anchor claimed. */
  readonly nextNonce: number;
  /** One above the highest index that change was seen at. */
  readonly nextChange: number;
  /** The lowest nonce that a new anchor may claim, as a quorum stated after a restore; 0 before any. */
  readonly leastNonce: number;
  /** The station's generation that a quorum stated for what this wallet had used; 0 where it was never restored. */
  readonly statedFor: number;
}

/** That a person took a wallet's policy on a device of its (formats.md, "Registrations of wallets"). */
export interface RegistrationRecord {
  /** `<the wallet policy's id, hex>:<fingerprint of the device's master key>`. */
  readonly key: string;
  /** What proves it to that device; sealed. */
  readonly hmac: Uint8Array;
  /** The signer's name at that time. */
  readonly signer: string;
  readonly since: WallMs;
}

/** Evidence that was used: an intent's digest, a voucher's `jti`. */
export interface SpentRecord {
  /** `intent:<digest>` or `voucher:<issuer>:<jti>`. */
  readonly key: string;
  readonly by: string;
}

export type FreezeScope =
  | `station`
  | `wallet:${string}`
  | `account:${string}`
  | `chain:${string}`
  | `asset:${string}`
  | `destination:${string}`;

export interface FreezeRecord {
  readonly scope: FreezeScope;
  readonly active: boolean;
  readonly who: string;
  readonly why: string;
  readonly since: WallMs;
}

/** What was paid or asked for lately within one scope, in buckets (formats.md, "Buckets"): as long as its windows, whatever happens. */
export interface BucketRecord {
  /** `account:…`, `wallet:…`, `asset:…`, `station`, or `breaker:…`. */
  readonly scope: string;
  readonly packed: Uint8Array;
}

/** The operators' word on what assets are worth. */
export interface PriceRecord {
  readonly key: 'prices';
  /** The price document (formats.md, "Prices"). */
  readonly document: Uint8Array;
  readonly act: ActId;
  /** W when it took effect: its age counts from here. */
  readonly since: WitnessedMs;
}

/** A witness's newest word on the journal (C2SP tlog-cosignature v1). It proves itself, so no entry tells of it. */
export interface CosignatureRecord {
  /** Its verifier key, `name+id+base64`. */
  readonly witness: string;
  /** The tree that it cosigned: leaves, and RFC 9162 root, 32 bytes. */
  readonly size: number;
  readonly root: Uint8Array;
  /** When it says that it did, to the second. */
  readonly time: WallMs;
  /** What follows the key id in its signature line: timestamp and signature, 72 bytes. */
  readonly signature: Uint8Array;
  /** W when it came. */
  readonly at: WitnessedMs;
}

export const noticeKinds = [
  'factor-added',
  'recovery-begun',
  'destination-added',
  'destination-removed',
  'factor-revoked',
  'withdrawal-authorized',
  'withdrawal-voided',
  'act-announced',
  'frozen',
  'operator-suspended',
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

export interface NoticeRecord {
  readonly id: NoticeId;
  /** Position in the outbox: the courier's cursor. */
  readonly sequence: number;
  /** Whom it is for; null for the station's operators. */
  readonly account: AccountId | null;
  readonly kind: NoticeKind;
  /** What it is about: an entry, a factor, a withdrawal. */
  readonly subject: string;
  readonly text: string;
  /** Lets whoever got the notice object: 32 random bytes, base64url. */
  readonly token: string;
  readonly createdAt: WallMs;
  readonly acknowledgedAt: WallMs | null;
}
