import type { Apdu } from './apdu.ts';
import type { Model } from './model.ts';
import type { PublicKey, Signature } from './seed.ts';
import type { StatusWord } from './status.ts';
import type { Ui } from './ui.ts';

/** What the operating system does for an app. */
export interface Os {
  /** A key under one of the app's own paths; another path is a StatusError, as the OS refuses it. */
  publicKey(path: readonly number[]): PublicKey;
  sign(path: readonly number[], digest: Uint8Array): Signature;
  /** A BIP-340 signature (64 bytes, randomised) by the key at the path, plus a 32-byte tweak where one is given (BIP-341). */
  signSchnorr(path: readonly number[], digest: Uint8Array, tweak?: Uint8Array): Uint8Array;
  /** The first four bytes of the root key's HASH160 (BIP-32). */
  masterFingerprint(): Uint8Array;
  /** The symmetric key of an app's own label (SLIP-21), 32 bytes. */
  symmetricKey(label: string): Uint8Array;
  /** Answers the command at last. Dropped where the host is owed nothing: another answer has gone out in between. */
  reply(answer: Uint8Array): void;
  /** Answers with a signature, after `head`; 9000 where no other word is given. */
  replySignature(signature: Uint8Array, head?: Uint8Array, word?: StatusWord): void;
  /** The screen, as far as an app may say what is on it. */
  readonly ui: Ui;
  /** The kind of device: some have less memory than others. */
  readonly model: Model;
  /** Waits in the device's own time, by ticks of 100 ms; what it returns calls the wait off. */
  after(ms: number, then: () => void): () => void;
  /** Ends the app: back to the dashboard. */
  quit(): void;
  /** Ends the app by an error, which ends Speculos' process. */
  crash(): void;
}

/** An application on the device. */
export interface App {
  /** As B0 01 reports it. */
  readonly name: string;
  readonly version: string;
  readonly flags: number;
  /** The derivation paths that its installation allows, as prefixes; `*` is any step. */
  readonly paths: readonly (readonly (number | '*')[])[];
  /** True once it works on freed memory: the next button press ends it. */
  readonly corrupted: boolean;
  /** True while it takes no command: each is answered 6901, and what it is at goes on. */
  readonly busy: boolean;
  /** Is opened: forgets what it was at, keeps its settings, shows its home screen. */
  start(): void;
  /** The answer, or undefined where it comes later through `os.reply`. */
  handle(apdu: Apdu): Uint8Array | undefined;
  /** The answer to bytes whose length byte is wrong. */
  malformed(bytes: Uint8Array): Uint8Array;
}
