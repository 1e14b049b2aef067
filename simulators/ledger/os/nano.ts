import { actionPage, infoPage, switchPage, titlePage, valuePages, warningPage } from './page.ts';
import type { Stage } from './stage.ts';
import { type AddressReview, type Choice, type Home, nanoWords, type Review, type SystemUi, type Words } from './ui.ts';
import { Carousel, Notice, type Page, Still } from './view.ts';

/** How long "Transaction signed" stays (NBGL's STATUS_SCREEN_DURATION). */
const noticeMs = 3000;

/** The user interface of a Nano: pages side by side, that two buttons walk and select. */
export class NanoUi implements SystemUi {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  home(home: Home): void {
    this.#home(home, 0);
  }

  review({ operation, title, pairs, approve, blind, onApprove, onRefuse }: Review): void {
    const pages: readonly Page[] = [
      titlePage(nanoWords(title)),
      ...pairs.flatMap(([label, value]) => valuePages(label, value)),
      actionPage(nanoWords(approve), onApprove),
      actionPage(`Reject ${operation}`, onRefuse),
    ];
    const warning: readonly Page[] = [
      warningPage('Blind signing ahead', 'To accept risk, press both buttons', () => this.#walk(() => pages)),
      // Whatever is reviewed, the warning calls it a transaction.
      actionPage('Reject transaction', onRefuse),
    ];
    this.#ask(blind === true ? warning : pages, onRefuse);
  }

  verifyAddress({ title, address, pairs = [], onApprove, onRefuse }: AddressReview): void {
    const pages = [
      titlePage(nanoWords(title)),
      ...[['Address', address] as const, ...pairs].flatMap(([label, value]) => valuePages(label, value)),
      actionPage('Confirm', onApprove),
      actionPage('Cancel', onRefuse),
    ];
    this.#ask(pages, onRefuse);
  }

  choose({ title, text, yes, no, onYes, onNo }: Choice): void {
    const heading = nanoWords(title);
    const pages = [
      titlePage(heading),
      ...(text === undefined ? [] : [infoPage(heading, nanoWords(text))]),
      actionPage(nanoWords(yes), onYes),
      actionPage(nanoWords(no), onNo),
    ];
    this.#ask(pages, onNo);
  }

  notify(text: Words, then: () => void): void {
    this.#stage.show(new Notice(titlePage(nanoWords(text)).lines, then), { ms: noticeMs, then });
  }

  wait(text: Words): void {
    this.#stage.show(new Still(titlePage(nanoWords(text)).lines));
  }

  dashboard(entries: readonly { readonly name: string; readonly open: () => void }[]): void {
    this.#walk(() => [titlePage('Dashboard'), ...entries.map(({ name, open }) => actionPage(name, open))]);
  }

  #home(home: Home, start: number): void {
    const settings = (back: number) => actionPage('App settings', () => this.#settings(home, back));
    const about = (back: number) => actionPage('App info', () => this.#about(home, back));
    const beside = [...(home.switches.length === 0 ? [] : [settings]), about];
    const pages = [
      infoPage(home.name, nanoWords(home.tagline ?? 'app is ready')),
      ...beside.map((page, i) => page(1 + i)),
      actionPage('Quit app', () => this.#stage.quit()),
    ];
    this.#walk(() => pages, start);
  }

  #settings(home: Home, back: number, start = 0): void {
    const pages = (): readonly Page[] => [
      ...home.switches.map(({ title, description, isOn, toggle }, i) =>
        switchPage(title, description, isOn(), () => {
          toggle();
          this.#settings(home, back, i);
        }),
      ),
      actionPage('Back', () => this.#home(home, back)),
    ];
    this.#walk(pages, start);
  }

  #about(home: Home, back: number): void {
    const pages = [
      ...home.info.map(([label, value]) => infoPage(label, value)),
      actionPage('Back', () => this.#home(home, back)),
    ];
    this.#walk(() => pages);
  }

  #ask(pages: readonly Page[], refuse: () => void): void {
    this.#walk(() => pages);
    this.#stage.asked(refuse);
  }

  #walk(pages: () => readonly Page[], start = 0): void {
    this.#stage.show(new Carousel(pages, (view) => this.#stage.show(view), start));
  }
}
