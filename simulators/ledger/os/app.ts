import type { Apdu } from './apdu.ts';
import type { PublicKey, Signature } from './seed.ts';
import type { Page } from './view.ts';

/** What the operating system does for an app. */
export interface Os {
  /** A key under one of the app's own paths; another path is a StatusError, as the OS refuses it. */
  publicKey(path: readonly number[]): PublicKey;
  sign(path: readonly number[], digest: Uint8Array): Signature;
  /** Answers the command at last. Dropped where the host is owed nothing: another answer has gone out in between. */
  reply(answer: Uint8Array): void;
  /** Answers with a signature (v ‖ r ‖ s) and 9000. */
  replySignature(signature: Uint8Array): void;
  /** Shows pages side by side. */
  show(pages: () => readonly Page[], start?: number): void;
  /** Shows pages that ask a person to decide; `refuse` is what their last page does. */
  ask(pages: () => readonly Page[], refuse: () => void): void;
  /** Shows a status for its time, or until a button is pressed. */
  notify(text: string, then: () => void): void;
  /** Waits in the device's own time, by ticks of 100 ms; what it returns calls the wait off. */
  after(ms: number, then: () => void): () => void;
  /** Ends the app: back to the dashboard. */
  quit(): void;
}

/** An application on the device. */
export interface App {
  /** As B0 01 reports it. */
  readonly name: string;
  readonly version: string;
  readonly flags: number;
  /** The derivation paths that its installation allows, as prefixes. */
  readonly paths: readonly (readonly number[])[];
  /** True once it works on freed memory: the next button press ends it. */
  readonly corrupted: boolean;
  /** Is opened: forgets what it was at, keeps its settings, shows its home screen. */
  start(): void;
  /** The answer, or undefined where it comes later through `os.reply`. */
  handle(apdu: Apdu): Uint8Array | undefined;
}
