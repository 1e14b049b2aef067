import { concatBytes } from '@noble/curves/utils.js';
import { parseApdu } from './apdu.ts';
import type { App, Os } from './app.ts';
import { Buttons } from './buttons.ts';
import { Dashboard } from './dashboard.ts';
import type { Fault } from './fault.ts';
import { Faults } from './faults.ts';
import { type Model, models } from './model.ts';
import { titlePage } from './page.ts';
import { Screen } from './screen.ts';
import { defaultSeed, hardened, type PublicKey, Seed, type Signature } from './seed.ts';
import { answer, nothing, StatusError, status } from './status.ts';
import { corrupt, signWith } from './tamper.ts';
import { Ticker } from './ticker.ts';
import { type Button, Carousel, Notice, type Page, type View } from './view.ts';

export interface DeviceOptions {
  readonly model: Model;
  /** BIP-39 words; Speculos' default seed where absent. */
  readonly seed?: string;
  /** Makes the app that is installed, and open at start. */
  readonly app: (os: Os) => App;
}

/** How long "Transaction signed" stays (NBGL's STATUS_SCREEN_DURATION). */
const noticeMs = 3000;

/** What goes out of the device besides screens. */
export interface DeviceListener {
  /** A command has come in. */
  command?(apdu: Uint8Array): void;
  /** A command is answered. */
  reply(answer: Uint8Array): void;
  /** It was pulled out: connections break. */
  unplugged(): void;
  /** The app crashed, which ends Speculos' process. */
  crashed(): void;
}

/** One Ledger: an app or the dashboard on a small operating system, a screen, two buttons, a seed. */
export class Device implements Os {
  readonly screen: Screen;
  readonly buttons = new Buttons((button) => this.#press(button));
  readonly faults = new Faults();
  readonly ticker = new Ticker();
  readonly #listeners = new Set<DeviceListener>();
  readonly #osVersion: string;
  readonly #seed: Seed;
  #otherSeed: Seed | undefined;
  readonly #installed: App;
  #app: App;
  #view: View | undefined;
  #endNotice: (() => void) | undefined;
  /** Whether the host waits for an answer. A second answer to one command is dropped, as the real I/O layer does. */
  #owed = false;
  #plugged = true;

  constructor(options: DeviceOptions) {
    this.#osVersion = models[options.model].os;
    this.#seed = new Seed(options.seed ?? defaultSeed);
    this.screen = new Screen(options.model);
    this.#installed = options.app(this);
    this.#app = this.#installed;
    this.#app.start();
  }

  get plugged(): boolean {
    return this.#plugged;
  }

  listen(listener: DeviceListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes a command; the answer, if one comes, goes to the listeners. */
  transmit(bytes: Uint8Array): void {
    if (!this.#plugged) return;
    this.#owed = true;
    for (const listener of this.#listeners) listener.command?.(bytes);
    const failure = this.faults.failureOnCommand();
    if (failure !== undefined) this.#fail(failure);
    if (this.#hangs || !this.#plugged) return;
    const early = this.#run(bytes);
    if (early !== undefined) this.reply(early);
  }

  #run(bytes: Uint8Array): Uint8Array | undefined {
    if (this.faults.has('lock')) return answer(nothing, status.locked);
    const apdu = parseApdu(bytes);
    // The real answer carries stale bytes of the buffer: at first the command's own class and instruction.
    if (apdu === undefined) return answer(bytes.slice(0, 2), status.wrongLength);
    if (apdu.cla === 0xb0 && apdu.ins === 0x01) return answer(this.#appAndVersion());
    if (apdu.cla === 0xb0 && apdu.ins === 0xa7) {
      this.quit();
      return answer(nothing);
    }
    if (this.faults.has('wrong-app')) return answer(nothing, status.unknownClass);
    return this.#app.handle(apdu);
  }

  #appAndVersion(): Uint8Array {
    const app = this.#app;
    const name = new TextEncoder().encode(this.faults.get('wrong-app')?.name ?? app.name);
    const version = new TextEncoder().encode(app.version);
    return Uint8Array.of(1, name.length, ...name, version.length, ...version, 1, app.flags);
  }

  // What apps may ask of the system (Os).

  publicKey(path: readonly number[]): PublicKey {
    this.#requireAllowed(path);
    return this.#keys.publicKey(path);
  }

  sign(path: readonly number[], digest: Uint8Array): Signature {
    this.#requireAllowed(path);
    return signWith(this.#keys, path, digest, this.faults);
  }

  reply(bytes: Uint8Array): void {
    if (!this.#owed || !this.#plugged || this.#hangs) return;
    this.#owed = false;
    const send = () => {
      if (this.#plugged) for (const listener of this.#listeners) listener.reply(bytes);
    };
    const slow = this.faults.get('slow');
    if (slow === undefined) send();
    else setTimeout(send, slow.ms).unref();
  }

  replySignature(signature: Uint8Array): void {
    const failure = this.faults.failure('signature');
    if (failure !== undefined) this.#fail(failure);
    this.reply(concatBytes(corrupt(signature, this.faults), Uint8Array.of(0x90, 0x00)));
  }

  show(pages: () => readonly Page[], start = 0): void {
    this.#display(new Carousel(pages, (view) => this.#display(view), start));
  }

  ask(pages: () => readonly Page[], refuse: () => void): void {
    this.show(pages);
    const failure = this.faults.failure('review');
    if (failure !== undefined) this.#fail(failure);
    else if (this.faults.has('refuse')) refuse();
  }

  notify(text: string, then: () => void): void {
    this.#display(new Notice(titlePage(text).lines, then));
    this.#endNotice = this.ticker.after(noticeMs, then);
  }

  after(ms: number, then: () => void): () => void {
    return this.ticker.after(ms, then);
  }

  quit(): void {
    this.#start(new Dashboard(this, this.#osVersion, this.#installed.name, () => this.#start(this.#installed)));
  }

  // Faults.

  break(fault: Fault): void {
    if (fault.kind === 'seed') this.#otherSeed = new Seed(fault.seed);
    this.faults.add(fault);
    if (fault.kind === 'unlock') this.#forget('lock', 'unlock');
    else if (fault.kind === 'plug') this.#plug();
    else if (fault.kind === 'unplug' && 'at' in fault.moment && fault.moment.at === 'now') this.#fail('unplug');
    this.#redraw();
  }

  /** Undoes every fault; a device that was unplugged is plugged in again. */
  mend(): void {
    this.faults.clear();
    this.#otherSeed = undefined;
    if (!this.#plugged) this.#plug();
    this.#redraw();
  }

  /** Stops its time. */
  close(): void {
    this.ticker.close();
  }

  get #hangs(): boolean {
    const moment = this.faults.get('hang')?.moment;
    return moment !== undefined && 'at' in moment && moment.at === 'now';
  }

  get #keys(): Seed {
    return this.#otherSeed ?? this.#seed;
  }

  #fail(failure: 'hang' | 'unplug'): void {
    if (failure === 'hang') {
      this.faults.add({ kind: 'hang', moment: { at: 'now' } });
      return;
    }
    this.#plugged = false;
    this.#owed = false;
    for (const listener of this.#listeners) listener.unplugged();
  }

  #plug(): void {
    this.#forget('plug', 'unplug');
    this.#plugged = true;
    this.#start(this.#installed);
  }

  #forget(...kinds: readonly Fault['kind'][]): void {
    for (const kind of kinds) this.faults.remove(kind);
  }

  #start(app: App): void {
    this.#app = app;
    app.start();
  }

  #press(button: Button): void {
    if (!this.#plugged || this.#overlay !== undefined) return;
    if (this.#app.corrupted) {
      for (const listener of this.#listeners) listener.crashed();
      return;
    }
    this.#view?.press(button);
  }

  #display(view: View): void {
    this.#endNotice?.();
    this.#view = view;
    this.#redraw();
  }

  /** What hides the app's own screen. */
  get #overlay(): string | undefined {
    if (this.faults.has('lock')) return 'Device locked';
    return this.faults.has('wrong-app') ? 'Dashboard' : undefined;
  }

  #redraw(): void {
    const overlay = this.#overlay;
    this.screen.draw(overlay === undefined ? (this.#view?.lines ?? []) : titlePage(overlay).lines);
  }

  /** The OS derives only below the paths that the app was installed with. */
  #requireAllowed(path: readonly number[]): void {
    if (this.#app.paths.some((prefix) => prefix.every((index, i) => path[i] === index))) return;
    const open = path.slice(0, 2).some((index) => index < hardened);
    throw open
      ? new StatusError(status.pathUnhardened, 'a derivation path that is not hardened')
      : new StatusError(status.pathForbidden, 'a derivation path outside the app’s own');
  }
}
