import { parseApdu } from './apdu.ts';
import type { App, Os } from './app.ts';
import { Buttons } from './buttons.ts';
import { Dashboard } from './dashboard.ts';
import type { Fault } from './fault.ts';
import { Faults } from './faults.ts';
import { Finger } from './finger.ts';
import { type Model, models } from './model.ts';
import { NanoUi } from './nano.ts';
import { Screen } from './screen.ts';
import { defaultSeed } from './seed.ts';
import { type Machine, Services } from './services.ts';
import type { Stage } from './stage.ts';
import { answer, nothing, status } from './status.ts';
import { Ticker } from './ticker.ts';
import { TouchUi } from './touch/touch.ts';
import type { SystemUi } from './ui.ts';
import type { Button, View } from './view.ts';

export interface DeviceOptions {
  readonly model: Model;
  /** BIP-39 words; Speculos' default seed where absent. */
  readonly seed?: string;
  /** Make the apps that are installed. */
  readonly apps: readonly ((os: Os) => App)[];
  /** Which of them is open at start; the first where absent. */
  readonly open?: number;
}

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

/** One Ledger: an app or the dashboard on a small operating system, a screen, buttons or a finger, a cable. */
export class Device implements Machine, Stage {
  readonly screen: Screen;
  readonly buttons = new Buttons((button) => this.#press(button));
  readonly faults = new Faults();
  readonly ticker = new Ticker();
  readonly model: Model;
  readonly ui: SystemUi;
  readonly #finger: Finger;
  readonly #listeners = new Set<DeviceListener>();
  readonly #services: Services;
  readonly #installed: readonly App[];
  readonly #dashboard: Dashboard;
  /** The one that is open, or the dashboard. */
  #app: App;
  #view: View | undefined;
  #endNotice: (() => void) | undefined;
  /** Whether the host waits for an answer. A second answer to one command is dropped, as the real I/O layer does. */
  #owed = false;
  #plugged = true;

  constructor(options: DeviceOptions) {
    this.model = options.model;
    this.screen = new Screen(options.model);
    const { panel } = models[options.model];
    this.ui = panel === undefined ? new NanoUi(this) : new TouchUi(this, panel);
    this.#finger = new Finger(this.ticker, {
      at: (x, y) => (this.#reachable ? this.#view?.at?.(x, y) : undefined),
      act: (deed) => this.#act(deed),
    });
    this.#services = new Services(this, options.seed ?? defaultSeed);
    this.#installed = options.apps.map((make) => make(this.#services));
    this.#dashboard = new Dashboard(this, options.model, this.#installed, (app) => this.#start(app));
    this.#app = this.#installed[options.open ?? 0] ?? this.#dashboard;
    this.#app.start();
  }

  get running(): App {
    return this.#app;
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
    for (const listener of this.#listeners) listener.command?.(bytes);
    if (this.#app.busy && !this.#hangs) {
      this.#send(answer(nothing, this.faults.has('lock') ? status.locked : status.busy));
      return;
    }
    this.#owed = true;
    const failure = this.faults.failureOnCommand();
    if (failure !== undefined) this.#fail(failure);
    if (this.#hangs || !this.#plugged) return;
    const early = this.#run(bytes);
    if (early !== undefined) this.reply(early);
  }

  #run(bytes: Uint8Array): Uint8Array | undefined {
    if (this.faults.has('lock')) return answer(nothing, status.locked);
    const apdu = parseApdu(bytes);
    if (apdu === undefined) return this.#app.malformed(bytes);
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

  // What the apps' services and screens are made of (Machine, Stage).

  reply(bytes: Uint8Array): void {
    if (!this.#owed || !this.#plugged || this.#hangs) return;
    this.#owed = false;
    this.#send(bytes);
  }

  signed(): void {
    const failure = this.faults.failure('signature');
    if (failure !== undefined) this.#fail(failure);
  }

  #send(bytes: Uint8Array): void {
    const send = () => {
      if (this.#plugged) for (const listener of this.#listeners) listener.reply(bytes);
    };
    const slow = this.faults.get('slow');
    if (slow === undefined) send();
    else setTimeout(send, slow.ms).unref();
  }

  asked(refuse: () => void): void {
    const failure = this.faults.failure('review');
    if (failure !== undefined) this.#fail(failure);
    else if (this.faults.has('refuse')) refuse();
  }

  quit(): void {
    this.#start(this.#dashboard);
  }

  /** Where a fault kept the host from the app, the app starts afresh: a fault can be mended, an ended process can't. */
  crash(): void {
    if (this.#hangs || (['lock', 'wrong-app', 'slow'] as const).some((kind) => this.faults.has(kind))) {
      this.#start(this.#app);
      return;
    }
    for (const listener of this.#listeners) listener.crashed();
  }

  // Faults.

  break(fault: Fault): void {
    if (fault.kind === 'seed') this.#services.swapSeed(fault.seed);
    this.faults.add(fault);
    if (fault.kind === 'unlock') this.#forget('lock', 'unlock');
    else if (fault.kind === 'plug') this.#plug();
    else if (fault.kind === 'unplug' && 'at' in fault.moment && fault.moment.at === 'now') this.#fail('unplug');
    this.#redraw();
  }

  /** Undoes every fault; a device that was unplugged is plugged in again. */
  mend(): void {
    this.faults.clear();
    this.#services.swapSeed();
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

  #fail(failure: 'hang' | 'unplug'): void {
    if (failure === 'hang') {
      this.faults.add({ kind: 'hang', moment: { at: 'now' } });
      return;
    }
    this.#plugged = false;
    this.#owed = false;
    this.#services.end();
    for (const listener of this.#listeners) listener.unplugged();
  }

  #plug(): void {
    this.#forget('plug', 'unplug');
    this.#plugged = true;
    this.#start(this.#app);
  }

  #forget(...kinds: readonly Fault['kind'][]): void {
    for (const kind of kinds) this.faults.remove(kind);
  }

  #start(app: App): void {
    this.#services.end();
    this.#app = app;
    app.start();
  }

  /** A finger on a touch screen; elsewhere nothing happens. `heldMs`: how long a press-and-release lasts, which isn't waited for. */
  finger(x: number, y: number, action: 'press' | 'release' | 'press-and-release', heldMs = 0): void {
    if (action === 'press') this.#finger.press(x, y);
    else if (action === 'release') this.#finger.release(x, y);
    else this.#finger.touch(x, y, heldMs);
  }

  #press(button: Button): void {
    if (this.#reachable) this.#act(() => this.#view?.press(button));
  }

  get #reachable(): boolean {
    return this.#plugged && this.#overlay === undefined;
  }

  #act(deed: () => void): void {
    if (this.#app.corrupted) this.crash();
    else deed();
  }

  show(view: View, away?: { readonly ms: number; readonly then: () => void }): void {
    this.#endNotice?.();
    this.#view = view;
    if (away !== undefined) this.#endNotice = this.ticker.after(away.ms, away.then);
    this.#redraw();
  }

  /** What hides the app's own screen. */
  get #overlay(): string | undefined {
    if (this.faults.has('lock')) return 'Device locked';
    return this.faults.has('wrong-app') ? 'Dashboard' : undefined;
  }

  #redraw(): void {
    const overlay = this.#overlay;
    const view = overlay === undefined ? this.#view : this.ui.cover(overlay);
    if (view === undefined) this.screen.draw([]);
    else view.draw(this.screen);
  }
}
