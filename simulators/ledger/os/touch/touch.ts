import { decision } from '../decision.ts';
import type { Stage } from '../stage.ts';
import {
  type AddressReview,
  type Choice,
  type Entry,
  type Explanation,
  type Home,
  type Pair,
  type Review,
  type ReviewPart,
  type SystemUi,
  touchWords,
  type Words,
} from '../ui.ts';
import type { View } from '../view.ts';
import { more, Pages, type Row, type Spelt } from './pages.ts';
import type { Panel } from './panel.ts';
import type { Sheet } from './sheet.ts';

/** How long "Transaction signed" stays (NBGL's STATUS_SCREEN_DURATION). */
const statusMs = 3000;

/** Makes a page; `again` shows it again after what is laid over it. */
type Leaf = (again: () => void) => Sheet;

/** The word at the left of the pages' footer, and what it does; `again` shows the page that it is on. */
interface Out {
  readonly text: string;
  readonly tap: (again: () => void) => void;
}

/** The user interface of a Stax or a Flex: pages that a finger turns, buttons, “Hold to sign”. Texts are NBGL's. */
export class TouchUi implements SystemUi {
  readonly #stage: Stage;
  readonly #pages: Pages;

  constructor(stage: Stage, panel: Panel) {
    this.#stage = stage;
    this.#pages = new Pages(panel);
  }

  home(home: Home): void {
    const sheet = this.#pages.text([
      { text: home.name, weight: 'large' },
      { text: touchWords(home.tagline ?? tagline(home.name)), weight: 'small' },
    ]);
    this.#pages.corner(sheet, () => this.settings(home));
    this.#stage.show(this.#pages.footer(sheet, 'Quit app', () => this.#stage.quit()));
  }

  settings(home: Home): void {
    this.#settings(home, 0);
  }

  review(review: Review): void {
    const { yes, no } = decision(review.onApprove, review.onRefuse);
    const leaves: readonly Leaf[] = [
      ...this.#openings(review.title, review.blind === true),
      ...this.#pairLeaves(spelt(review.pairs)),
      () => this.#closing(review, yes),
    ];
    const out: Out = { text: 'Reject', tap: (again) => this.#reallyReject(review.operation, no, again) };
    const show = () => this.#turn(leaves, out, 0);
    if (review.blind === true) this.#warnOfBlindSigning(show, no);
    else show();
    this.#stage.asked(no);
  }

  reviewPart({ operation, title, pairs, onNext, onRefuse }: ReviewPart): void {
    const { yes, no } = decision(onNext, onRefuse);
    const leaves: readonly Leaf[] = [...this.#openings(title), ...this.#pairLeaves(spelt(pairs))];
    const goOn = () => {
      this.wait('Processing');
      yes();
    };
    this.#turn(leaves, { text: 'Reject', tap: (again) => this.#reallyReject(operation, no, again) }, 0, goOn);
    this.#stage.asked(no);
  }

  verifyAddress({ title, address, pairs = [], onApprove, onRefuse }: AddressReview): void {
    const { yes, no } = decision(onApprove, onRefuse);
    const confirm = (sheet: Sheet) => this.#pages.button(sheet, 'Confirm', yes);
    const leaves: Leaf[] = [
      () => this.#opening(touchWords(title), 'Swipe to continue'),
      (again) => {
        const sheet = this.#pages.pairs(
          [['Address', address, undefined]],
          ['Show as QR', () => this.#code(address, again)],
        );
        return pairs.length === 0 ? confirm(sheet) : sheet;
      },
    ];
    if (pairs.length > 0) leaves.push(() => confirm(this.#pages.pairs(spelt(pairs))));
    this.#turn(leaves, { text: 'Cancel', tap: no }, 0);
    this.#stage.asked(no);
  }

  choose({ title, text, yes, no, risky, onYes, onNo }: Choice): void {
    const ways = decision(onYes, onNo);
    const answers = [
      [touchWords(yes), ways.yes],
      [touchWords(no), ways.no],
    ] as const;
    const [above, below] = risky === true ? [answers[1], answers[0]] : answers;
    this.#stage.show(this.#question(touchWords(title), text === undefined ? '' : touchWords(text), above, below));
    this.#stage.asked(ways.no);
  }

  notify(text: Words, then: () => void): void {
    const sheet = this.#status(touchWords(text));
    this.#stage.show(this.#pages.everywhere(sheet, then), { ms: statusMs, then });
  }

  explain({ title, text, remedy, leave, onRemedy, onLeave }: Explanation): void {
    const { yes, no } = decision(onRemedy, onLeave);
    this.#stage.show(this.#question(title, text, [remedy, yes], [leave, no]));
  }

  wait(text: Words): void {
    this.#stage.show(this.#status(touchWords(text)));
  }

  dashboard(entries: readonly Entry[]): void {
    const sheet = this.#pages.title('Dashboard');
    const rows = entries.map(({ name, open }) => ({ title: name, tap: open }));
    this.#pages.fillRows(sheet, rows);
    this.#stage.show(sheet);
  }

  cover(text: string): View {
    return this.#status(text);
  }

  /** Makes page `at`, with the ways to its neighbours and out. */
  #turn(leaves: readonly Leaf[], out: Out, at: number, onward?: () => void): void {
    const again = () => this.#turn(leaves, out, at, onward);
    const sheet = leaves[at]?.(again) ?? this.#pages.text([]);
    this.#pages.navigation(sheet, {
      out: { text: out.text, tap: () => out.tap(again) },
      at,
      count: leaves.length,
      go: (page) => this.#turn(leaves, out, page, onward),
      ...(onward === undefined ? {} : { onward }),
    });
    this.#stage.show(sheet);
  }

  #openings(title: Words | undefined, blind = false): readonly Leaf[] {
    return title === undefined ? [] : [() => this.#opening(touchWords(title), 'Swipe to review', blind)];
  }

  #opening(title: string, hint: string, blind = false): Sheet {
    return this.#pages.text([
      { text: title, weight: 'large' },
      { text: hint, weight: 'small' },
      ...(blind ? [{ text: 'Blind signing required.', weight: 'small' as const }] : []),
    ]);
  }

  #pairLeaves(pairs: readonly Spelt[]): Leaf[] {
    const leaves: Leaf[] = [];
    for (let at = 0; at < pairs.length; ) {
      const some = pairs.slice(at, at + this.#pages.fitting(pairs.slice(at)));
      const [first] = some;
      at += some.length;
      if (first?.[2] === 'alone') leaves.push(() => this.#statement(first));
      else leaves.push((again) => this.#pages.pairs(some, [more, () => first && this.#details(first, again)]));
    }
    return leaves;
  }

  #statement([label, value]: Spelt): Sheet {
    return this.#pages.text([
      { text: label, weight: 'large' },
      ...(value === '' ? [] : [{ text: value, weight: 'small' as const }]),
    ]);
  }

  #closing({ approve, light }: Review, yes: () => void): Sheet {
    const sheet = this.#pages.text([{ text: touchWords(approve), weight: 'large' }], 'above-button');
    return light === true
      ? this.#pages.button(sheet, 'Approve', yes)
      : this.#pages.longPress(sheet, 'Hold to sign', yes);
  }

  /** All of a value that a page of a review has cut. */
  #details(pair: Spelt, close: () => void, at = 0): void {
    const sheets = this.#pages.details(pair);
    const sheet = sheets[at];
    if (sheet === undefined) return;
    const go = (page: number) => this.#details(pair, close, page);
    this.#stage.show(
      this.#pages.navigation(sheet, { out: { text: 'Close', tap: close }, at, count: sheets.length, go }),
    );
  }

  #code(address: string, close: () => void): void {
    const sheet = this.#pages.code(address);
    this.#stage.show(this.#pages.footer(sheet, 'Close', close));
  }

  #reallyReject(operation: Review['operation'], no: () => void, back: () => void): void {
    this.#stage.show(
      this.#question(`Reject ${operation}?`, '', ['Yes, reject', no], [`Go back to ${operation}`, back]),
    );
  }

  /** The safe answer is the button; going on lies below, where the arrow to the next page was. */
  #warnOfBlindSigning(goOn: () => void, no: () => void): void {
    const text = 'This transaction’s details are not fully verifiable. If you sign, you could lose all your assets.';
    this.#stage.show(this.#question('Blind signing ahead', text, ['Back to safety', no], ['Continue anyway', goOn]));
  }

  #question(title: string, text: string, above: readonly [string, () => void], below: readonly [string, () => void]) {
    const sheet = this.#pages.text(
      [{ text: title, weight: 'large' }, ...(text === '' ? [] : [{ text, weight: 'small' as const }])],
      'above-button',
    );
    return this.#pages.footer(this.#pages.button(sheet, ...above), ...below);
  }

  #status(text: string): Sheet {
    return this.#pages.text([{ text, weight: 'large' }], 'whole');
  }

  /** Switches, as many as fit on a page, then the app's information. */
  #settings(home: Home, at: number): void {
    const rows = home.switches.map(({ title, description, isOn, toggle }) => ({
      title,
      text: description,
      on: isOn(),
      tap: () => {
        toggle();
        this.#settings(home, at);
      },
    }));
    const leaves: (() => Sheet)[] = [];
    const leaf = () => this.#pages.header(home.name, () => this.home(home));
    const filled = (some: readonly Row[]) => {
      const sheet = leaf();
      this.#pages.fillRows(sheet, some);
      return sheet;
    };
    for (let from = 0; from < rows.length; ) {
      const some = rows.slice(from);
      const fit = this.#pages.fillRows(leaf(), some);
      leaves.push(() => filled(some.slice(0, fit)));
      from += fit;
    }
    leaves.push(() => filled(home.info.map(([title, text]) => ({ title, text }))));
    const sheet = leaves[at]?.() ?? leaf();
    const go = (page: number) => this.#settings(home, page);
    if (leaves.length > 1) this.#pages.navigation(sheet, { at, count: leaves.length, go });
    this.#stage.show(sheet);
  }
}

/** NBGL's own words for an app that says nothing of itself. */
const tagline = (name: string): string => `This app enables signing\ntransactions on the ${name}\nnetwork.`;

/** Pairs in a touch screen's own words. */
const spelt = (pairs: readonly Pair[]): Spelt[] =>
  pairs.map(([label, value, place]) => [touchWords(label), touchWords(value), place]);
