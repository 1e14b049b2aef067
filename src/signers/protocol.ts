import type { Reason } from '../domain/index.ts';

// What the daemon and a signer's child say to each other: one JSON object a line over stdin and stdout. Every message is of a
// closed schema (requests.ts, replies.ts); whatever else arrives ends the child, on whichever side it is seen.

export const version = 1;

/** The largest PSBT that is put before a device, bytes: 500 inputs whose previous transactions have 8 KiB each. */
export const largestPsbt = 4 * 1024 * 1024;

/** Bytes a line: a PSBT takes 4/3 of its length in base64; Ethereum's largest transaction (128 KiB) far less. */
export const longestRequest = 6 * 1024 * 1024;

/** Bytes a line: the signatures of some thousand inputs in hex, twice as many as the Bitcoin app takes. */
export const longestReply = 256 * 1024;

/** Apps by the name that `B0 01` gives. */
export const apps = ['Ethereum', 'Bitcoin', 'Bitcoin Test'] as const;
export type App = (typeof apps)[number];
export type BitcoinApp = Exclude<App, 'Ethereum'>;

/** What the child is to drive: its first message. */
export type Configuration =
  | { readonly op: 'configure'; readonly transport: 'hid' }
  | { readonly op: 'configure'; readonly transport: 'speculos'; readonly url: string };

/** The key that is looked for: it chooses among several devices. */
export type PinnedKey = PinnedAccountKey | PinnedExtendedKey;

export interface PinnedAccountKey {
  readonly app: 'Ethereum';
  readonly path: string;
  /** Compressed, hex. */
  readonly publicKey: string;
}

export interface PinnedExtendedKey {
  readonly app: BitcoinApp;
  readonly path: string;
  /** The master key's, 8 hex digits. */
  readonly fingerprint: string;
  readonly xpub: string;
}

/** Devices that are not to be opened, by the names that they are opened by: a person decides on them. */
export interface Search {
  readonly skip: readonly string[];
}

/** Which app is open on the device, and which key it has at a path. Closes whatever device was open before. */
export type Identify = { readonly op: 'identify' } & PinnedKey & Search;

/** The same of the one device that has this app open, whichever key it has. */
export interface ReadKey extends Search {
  readonly op: 'read-key';
  readonly app: App;
  readonly path: string;
}

/** Which devices are connected, and which app each has open; nothing else is asked of them. */
export interface Survey {
  readonly op: 'survey';
}

/** A wallet policy of BIP-388. */
export interface Policy {
  /** As the device shows it; empty for one that every device knows. */
  readonly name: string;
  readonly template: string;
  /** `[fingerprint/path]xpub`. */
  readonly keys: readonly string[];
}

// These go to the device that the last `identify` found for the same app and path, and to no other.

export type Sign = SignEthereum | SignBitcoin;

export interface SignEthereum {
  readonly op: 'sign';
  readonly app: 'Ethereum';
  readonly path: string;
  /** The unsigned transaction, hex. */
  readonly unsigned: string;
  /** Ledger's signed token descriptors, hex. */
  readonly tokenDescriptors: readonly string[];
}

export interface SignBitcoin {
  readonly op: 'sign';
  readonly app: BitcoinApp;
  readonly path: string;
  readonly policy: Policy;
  /** What the device answered to `register`, hex; empty where the policy has no name. */
  readonly registration: string;
  /** Base64. */
  readonly psbt: string;
}

/** Has a person look at a policy and make the device know it. */
export interface Register {
  readonly op: 'register';
  readonly app: BitcoinApp;
  readonly path: string;
  readonly policy: Policy;
}

/** Has a person compare an address on the device's screen. */
export type ShowAddress = ShowEthereumAddress | ShowBitcoinAddress;

export interface ShowEthereumAddress {
  readonly op: 'show-address';
  readonly app: 'Ethereum';
  readonly path: string;
}

export interface ShowBitcoinAddress {
  readonly op: 'show-address';
  readonly app: BitcoinApp;
  readonly path: string;
  readonly policy: Policy;
  readonly registration: string;
  /** 0 to receive, 1 for change. */
  readonly branch: number;
  readonly index: number;
}

export type Operation = Configuration | Survey | Identify | ReadKey | Sign | Register | ShowAddress;
export type Request = Operation & { readonly id: number };

export interface Configured {
  readonly result: 'configured';
}

/** Of `survey`. */
export interface Surveyed {
  readonly result: 'surveyed';
  readonly devices: readonly SeenDevice[];
}

/** A connected device. */
export type SeenDevice = {
  /** The name that it is opened by. */
  readonly at: string;
  /** As its maker calls it over USB; empty where that isn't known. */
  readonly product: string;
} & (AppSeen | { readonly failed: Unanswered });

export interface AppSeen {
  readonly app: string;
  readonly version: string;
}

/** Why it didn't say which app it has open. */
export interface Unanswered {
  readonly reason: FailureReason;
  readonly message: string;
}

/** Of `identify` and `read-key`. */
export interface Identity {
  readonly result: 'identity';
  /** The name that the device is opened by; none is an identity. */
  readonly at: string;
  readonly app: string;
  readonly version: string;
  /** Absent where another app than the right one is open. */
  readonly key?: AccountKey | ExtendedKey;
}

export interface AccountKey {
  /** `0x` and 40 hex digits, as the device spells it. */
  readonly address: string;
  /** Uncompressed, 65 bytes, hex. */
  readonly publicKey: string;
}

export interface ExtendedKey {
  readonly fingerprint: string;
  /** As the device spells it. */
  readonly xpub: string;
}

/** Of `sign` for Ethereum. */
export interface Signature {
  readonly result: 'signature';
  /** v ‖ r ‖ s: exactly 65 bytes, hex. */
  readonly signature: string;
}

/** Of `sign` for Bitcoin. */
export interface Signatures {
  readonly result: 'signatures';
  /** One or more, as formats.md's "Signatures of inputs" has them, hex. */
  readonly signatures: string;
}

export interface Registration {
  readonly result: 'registration';
  /** 32 bytes, hex. */
  readonly hmac: string;
}

export interface ShownAddress {
  readonly result: 'address';
  /** As the device spells it. */
  readonly address: string;
}

/** What a child may give as a reason. */
export const failureReasons = [
  'device-missing',
  'device-locked',
  'device-wrong-app',
  'device-foreign',
  'device-busy',
  'device-refused',
  'device-cannot-show',
  'device-lost',
  'device-timeout',
  'signature-wrong',
  'signer-failed',
] as const satisfies readonly Reason[];
export type FailureReason = (typeof failureReasons)[number];

/** The failures by which a device says that it did not sign and won't; after all others it may have. */
export const declines: ReadonlySet<FailureReason> = new Set(['device-refused', 'device-cannot-show']);

export interface Failure {
  readonly result: 'failure';
  readonly reason: FailureReason;
  /** One line of printable ASCII. */
  readonly message: string;
}

export type Result = Configured | Surveyed | Identity | Signature | Signatures | Registration | ShownAddress | Failure;
export type Reply = Result & { readonly id: number };

/** What an operation is answered with where it doesn't fail. */
export function resultOf(operation: Operation): Exclude<Result['result'], 'failure'> {
  switch (operation.op) {
    case 'configure':
      return 'configured';
    case 'survey':
      return 'surveyed';
    case 'identify':
    case 'read-key':
      return 'identity';
    case 'sign':
      return operation.app === 'Ethereum' ? 'signature' : 'signatures';
    case 'register':
      return 'registration';
    case 'show-address':
      return 'address';
  }
}

export function encodeMessage(message: Request | Reply): string {
  return `${JSON.stringify({ v: version, ...message })}\n`;
}
