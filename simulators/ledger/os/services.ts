import { concatBytes, numberToBytesBE } from '@noble/curves/utils.js';
import type { App, Os } from './app.ts';
import type { Faults } from './faults.ts';
import type { Model } from './model.ts';
import { hardened, type PublicKey, Seed, type Signature } from './seed.ts';
import { answer, nothing, StatusError, type StatusWord, status } from './status.ts';
import { corrupt, signSchnorrWith, signWith } from './tamper.ts';
import type { Ticker } from './ticker.ts';
import type { Ui } from './ui.ts';

/** What the services are made of: the parts of the device that no app sees. */
export interface Machine {
  readonly model: Model;
  readonly ui: Ui;
  readonly faults: Faults;
  readonly ticker: Ticker;
  /** The app that runs. */
  readonly running: App;
  reply(answer: Uint8Array): void;
  /** A signature is made and about to be answered. */
  signed(): void;
  quit(): void;
  crash(): void;
}

/** What apps may ask of the system: keys below their own paths, the screen, the host, time. */
export class Services implements Os {
  readonly ui: Ui;
  readonly model: Model;
  readonly #machine: Machine;
  readonly #seed: Seed;
  #otherSeed: Seed | undefined;
  /** What calls off the waits of the app that runs. */
  readonly #waits = new Set<() => void>();

  /** @param words BIP-39; throws where they can't be that */
  constructor(machine: Machine, words: string) {
    this.ui = machine.ui;
    this.model = machine.model;
    this.#machine = machine;
    this.#seed = new Seed(words);
  }

  publicKey(path: readonly number[]): PublicKey {
    this.#requireAllowed(path);
    return this.#keys.publicKey(path);
  }

  sign(path: readonly number[], digest: Uint8Array): Signature {
    this.#requireAllowed(path);
    return signWith(this.#keys, path, digest, this.#machine.faults);
  }

  signSchnorr(path: readonly number[], digest: Uint8Array, tweak?: Uint8Array): Uint8Array {
    this.#requireAllowed(path);
    return signSchnorrWith(this.#keys, path, digest, tweak, this.#machine.faults);
  }

  masterFingerprint(): Uint8Array {
    return numberToBytesBE(this.#keys.fingerprint, 4);
  }

  symmetricKey(label: string): Uint8Array {
    return this.#keys.symmetricKey(label);
  }

  reply(bytes: Uint8Array): void {
    this.#machine.reply(bytes);
  }

  replySignature(signature: Uint8Array, head = nothing, word: StatusWord = status.ok): void {
    this.#machine.signed();
    this.reply(answer(concatBytes(head, corrupt(signature, this.#machine.faults)), word));
  }

  after(ms: number, then: () => void): () => void {
    const callOff = this.#machine.ticker.after(ms, () => {
      this.#waits.delete(stop);
      then();
    });
    const stop = () => {
      this.#waits.delete(stop);
      callOff();
    };
    this.#waits.add(stop);
    return stop;
  }

  quit(): void {
    this.#machine.quit();
  }

  crash(): void {
    this.#machine.crash();
  }

  /** The app that ran is over, and what it waited for with it. */
  end(): void {
    for (const stop of this.#waits) stop();
  }

  /** Another device's keys instead of its own, by BIP-39 words; its own again without. */
  swapSeed(words?: string): void {
    this.#otherSeed = words === undefined ? undefined : new Seed(words);
  }

  get #keys(): Seed {
    return this.#otherSeed ?? this.#seed;
  }

  /** The OS derives only below the paths that the app was installed with. */
  #requireAllowed(path: readonly number[]): void {
    if (this.#machine.running.paths.some((prefix) => allows(prefix, path))) return;
    const open = path.slice(0, 2).some((index) => index < hardened);
    throw open
      ? new StatusError(status.pathUnhardened, 'a derivation path that is not hardened')
      : new StatusError(status.pathForbidden, 'a derivation path outside the app’s own');
  }
}

const allows = (prefix: readonly (number | '*')[], path: readonly number[]): boolean =>
  prefix.every((step, i) => (step === '*' ? path[i] !== undefined : path[i] === step));
