import type { Apdu } from './apdu.ts';
import type { App, Os } from './app.ts';
import { actionPage, titlePage } from './page.ts';
import { answer, nothing, status } from './status.ts';
import type { Page } from './view.ts';

/** What runs where no app does: lists the app that is installed, opens it at a button or at the host's request. */
export class Dashboard implements App {
  readonly name = 'BOLOS';
  readonly version: string;
  readonly flags = 0;
  readonly paths = [];
  readonly corrupted = false;
  readonly #os: Os;
  readonly #installed: string;
  readonly #open: () => void;

  constructor(os: Os, version: string, installed: string, open: () => void) {
    this.#os = os;
    this.version = version;
    this.#installed = installed;
    this.#open = open;
  }

  start(): void {
    this.#os.show(() => [titlePage('Dashboard'), actionPage(this.#installed, this.#open)]);
  }

  handle({ cla, ins, data }: Apdu): Uint8Array | undefined {
    if (cla !== 0xe0 || ins !== 0xd8) return answer(nothing, status.unknownClass);
    if (data.length === 0) return answer(nothing, status.noName);
    if (new TextDecoder().decode(data) !== this.#installed) return answer(nothing, status.unknownApp);
    this.#os.ask(() => this.#openRequest(), this.#refuse);
    return undefined;
  }

  #openRequest(): readonly Page[] {
    return [
      titlePage(`Open app\n${this.#installed}`),
      actionPage('Open app', () => {
        this.#os.reply(answer(nothing));
        this.#open();
      }),
      actionPage('Cancel', this.#refuse),
    ];
  }

  readonly #refuse = (): void => {
    this.#os.reply(answer(nothing, status.refusedByUser));
    this.start();
  };
}
