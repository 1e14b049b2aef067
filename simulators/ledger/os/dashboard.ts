import type { Apdu } from './apdu.ts';
import type { App, Os } from './app.ts';
import { type Model, models } from './model.ts';
import { answer, nothing, status } from './status.ts';
import type { SystemUi } from './ui.ts';

/** What runs where no app does: lists the installed apps, opens one at a touch or at the host's request. */
export class Dashboard implements App {
  readonly name = 'BOLOS';
  readonly version: string;
  readonly flags = 0;
  readonly paths = [];
  readonly corrupted = false;
  readonly busy = false;
  readonly #os: Os & { readonly ui: SystemUi };
  readonly #installed: readonly App[];
  readonly #open: (app: App) => void;

  constructor(os: Os & { readonly ui: SystemUi }, model: Model, installed: readonly App[], open: (app: App) => void) {
    this.#os = os;
    this.version = models[model].os;
    this.#installed = installed;
    this.#open = open;
  }

  start(): void {
    this.#os.ui.dashboard(this.#installed.map((app) => ({ name: app.name, open: () => this.#open(app) })));
  }

  handle({ cla, ins, data }: Apdu): Uint8Array | undefined {
    if (cla !== 0xe0 || ins !== 0xd8) return answer(nothing, status.unknownClass);
    if (data.length === 0) return answer(nothing, status.noName);
    const wanted = new TextDecoder().decode(data);
    const app = this.#installed.find(({ name }) => name === wanted);
    if (app === undefined) return answer(nothing, status.unknownApp);
    this.#ask(app);
    return undefined;
  }

  malformed(): Uint8Array {
    return answer(nothing, status.wrongLength);
  }

  #ask(app: App): void {
    this.#os.ui.choose({
      title: `Open app\n${app.name}`,
      yes: 'Open app',
      no: 'Cancel',
      onYes: () => {
        this.#os.reply(answer(nothing));
        this.#open(app);
      },
      onNo: () => {
        this.#os.reply(answer(nothing, status.refusedByUser));
        this.start();
      },
    });
  }
}
