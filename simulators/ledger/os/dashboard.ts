import type { Apdu } from './apdu.ts';
import type { App } from './app.ts';
import { ascii, type Model, models, versionOf } from './model.ts';
import { answer, nothing, status } from './status.ts';
import type { SystemUi } from './ui.ts';

/** What the dashboard needs of the device. */
interface System {
  readonly ui: SystemUi;
  reply(answer: Uint8Array): void;
}

/** What runs where no app does: lists the installed apps, opens one by hand or at the host's request, says what it is. */
export class Dashboard implements App {
  readonly name = 'BOLOS';
  readonly version: string;
  readonly flags = 0;
  readonly paths = [];
  readonly corrupted = false;
  readonly busy = false;
  readonly #system: System;
  readonly #model: Model;
  readonly #installed: readonly App[];
  readonly #open: (app: App) => void;

  constructor(system: System, model: Model, installed: readonly App[], open: (app: App) => void) {
    this.#system = system;
    this.#model = model;
    this.version = models[model].os;
    this.#installed = installed;
    this.#open = open;
  }

  start(): void {
    this.#system.ui.dashboard(this.#installed.map((app) => ({ name: app.name, open: () => this.#open(app) })));
  }

  handle({ cla, ins, data }: Apdu): Uint8Array | undefined {
    if (cla !== 0xe0) return answer(nothing, status.unknownClass);
    switch (ins) {
      case 0x01:
        return answer(versionOf(this.#model));
      case 0xd2:
        return answer(ascii(`Ledger ${models[this.#model].name}`));
      case 0xd8:
        return this.#openByName(new TextDecoder().decode(data));
      default:
        return answer(nothing, status.unknownClass);
    }
  }

  malformed(): Uint8Array {
    return answer(nothing, status.wrongLength);
  }

  #openByName(wanted: string): Uint8Array | undefined {
    if (wanted === '') return answer(nothing, status.noName);
    const app = this.#installed.find(({ name }) => name === wanted);
    if (app === undefined) return answer(nothing, status.unknownApp);
    this.#ask(app);
    return undefined;
  }

  #ask(app: App): void {
    this.#system.ui.choose({
      title: { nano: `Open app\n${app.name}`, touch: `Open the\n${app.name} app?` },
      yes: 'Open app',
      no: 'Cancel',
      onYes: () => {
        this.#system.reply(answer(nothing));
        this.#open(app);
      },
      onNo: () => {
        this.#system.reply(answer(nothing, status.refusedByUser));
        this.start();
      },
    });
  }
}
