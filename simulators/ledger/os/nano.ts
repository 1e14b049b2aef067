import { decision } from './decision.ts';
import { actionPage, infoPage, switchPage, titlePage, valuePages, warningPage } from './page.ts';
import type { Stage } from './stage.ts';
import {
  type AddressReview,
  type Choice,
  type Entry,
  type Explanation,
  type Home,
  nanoWords,
  type Pair,
  type Review,
  type ReviewPart,
  type SystemUi,
  type Words,
} from './ui.ts';
import { Carousel, Notice, type Page, type View } from './view.ts';

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
    const { yes, no } = decision(onApprove, onRefuse);
    const pages: readonly Page[] = [
      ...titlePages(title),
      ...pairs.flatMap(pairPages),
      actionPage(nanoWords(approve), yes),
      actionPage(`Reject ${operation}`, no),
    ];
    const warning: readonly Page[] = [
      warningPage('Blind signing ahead', 'To accept risk, press both buttons', () => this.#walk(() => pages)),
      // Whatever is reviewed, the warning calls it a transaction.
      actionPage('Reject transaction', no),
    ];
    this.#ask(blind === true ? warning : pages, no);
  }

  reviewPart({ title, pairs, onNext, onRefuse }: ReviewPart): void {
    const { yes, no } = decision(onNext, onRefuse);
    const pages = [...titlePages(title), ...pairs.flatMap(pairPages)];
    this.#ask(
      pages.map((page, i) => (i === pages.length - 1 ? { ...page, onward: yes } : page)),
      no,
    );
  }

  verifyAddress({ title, address, pairs = [], onApprove, onRefuse }: AddressReview): void {
    const { yes, no } = decision(onApprove, onRefuse);
    const pages = [
      titlePage(nanoWords(title)),
      ...[['Address', address] as const, ...pairs].flatMap(([label, value]) =>
        valuePages(nanoWords(label), nanoWords(value)),
      ),
      actionPage('Confirm', yes),
      actionPage('Cancel', no),
    ];
    this.#ask(pages, no);
  }

  choose({ title, text, yes, no, onYes, onNo }: Choice): void {
    const ways = decision(onYes, onNo);
    const heading = nanoWords(title);
    const pages = [
      titlePage(heading),
      ...(text === undefined ? [] : [infoPage(heading, nanoWords(text))]),
      actionPage(nanoWords(yes), ways.yes),
      actionPage(nanoWords(no), ways.no),
    ];
    this.#ask(pages, ways.no);
  }

  notify(text: Words, then: () => void): void {
    this.#stage.show(new Notice(titlePage(nanoWords(text)).lines, then), { ms: noticeMs, then });
  }

  explain({ short, onLeave }: Explanation): void {
    this.notify(short, onLeave);
  }

  wait(text: Words): void {
    this.#stage.show(new Notice(titlePage(nanoWords(text)).lines));
  }

  dashboard(entries: readonly Entry[]): void {
    this.#walk(() => [titlePage('Dashboard'), ...entries.map(({ name, open }) => actionPage(name, open))]);
  }

  cover(text: string): View {
    return new Notice(titlePage(text).lines);
  }

  settings(home: Home): void {
    this.#settings(home, 1);
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

/** A statement is centred on one page; a value has as many as it needs. */
const titlePages = (title: Words | undefined): readonly Page[] =>
  title === undefined ? [] : [titlePage(nanoWords(title))];

const pairPages = ([label, value, place]: Pair): readonly Page[] =>
  place === 'alone' ? [infoPage(nanoWords(label), nanoWords(value))] : valuePages(nanoWords(label), nanoWords(value));
