import type { View } from './view.ts';

/**
 * What an app may put on the screen: it says what is to be decided, and the system draws it for the device's kind, as the
 * use cases of Ledger's UI library (NBGL) do. Each replaces what was shown before.
 */
export interface Ui {
  /** The app at rest, with its settings, its information and the way out beside it. */
  home(home: Home): void;
  /** The app's settings, as a person reaches them from its home screen. */
  settings(home: Home): void;
  /** Pairs of label and value, to be approved or refused. */
  review(review: Review): void;
  /** A review whose rest isn't known yet: past its last page it goes on. The end of it is a review without a title. */
  reviewPart(part: ReviewPart): void;
  /** An address that a person compares. */
  verifyAddress(address: AddressReview): void;
  /** A question. */
  choose(choice: Choice): void;
  /** What came of it: goes away by itself, at any button or at a tap. `then` happens once. */
  notify(text: Words, then: () => void): void;
  /** Why something isn't done, and how it could be. */
  explain(explanation: Explanation): void;
  /** What goes on while nothing is to be decided; it stays until something else is shown. */
  wait(text: Words): void;
}

/** What the system itself shows besides. */
export interface SystemUi extends Ui {
  /** The installed apps, to be opened. */
  dashboard(entries: readonly Entry[]): void;
  /** What lies over everything while it lasts, such as “Device locked”. */
  cover(text: string): View;
}

/** An app on the dashboard. */
export interface Entry {
  readonly name: string;
  readonly open: () => void;
}

/** Text, or what a Nano and a touch screen say instead of each other. A newline breaks the line. */
export type Words = string | { readonly nano: string; readonly touch: string };

/**
 * Where a pair has a place of its own, a touch screen begins a page with it (`first`), or gives it a page (`alone`: it is a
 * statement rather than a value).
 */
export type Pair = readonly [label: Words, value: Words, place?: 'first' | 'alone'];

/** What a review is about: the words that refuse it name it. */
export type Operation = 'transaction' | 'message' | 'operation';

export interface Review {
  readonly operation: Operation;
  /** Absent at the end of a review in parts. */
  readonly title?: Words;
  readonly pairs: readonly Pair[];
  /** Such as “Sign transaction”: a page of a Nano's, or what stands over “Hold to sign”. */
  readonly approve: Words;
  /** Nothing is signed: a touch screen asks for a tap, not for a long press. */
  readonly light?: boolean;
  /** Asks first whether to go on at all. */
  readonly blind?: boolean;
  readonly onApprove: () => void;
  readonly onRefuse: () => void;
}

export interface ReviewPart {
  readonly operation: Operation;
  /** Only of the first part, if at all. */
  readonly title?: Words;
  readonly pairs: readonly Pair[];
  readonly onNext: () => void;
  readonly onRefuse: () => void;
}

export interface AddressReview {
  readonly title: Words;
  readonly address: string;
  /** What is shown besides. */
  readonly pairs?: readonly Pair[];
  readonly onApprove: () => void;
  readonly onRefuse: () => void;
}

export interface Choice {
  readonly title: Words;
  readonly text?: Words;
  readonly yes: Words;
  readonly no: Words;
  /** Going on is the risk: a touch screen puts it below, the safe answer above. */
  readonly risky?: boolean;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** A Nano says it in short, as it says a status; a touch screen asks whether to go where it can be changed. */
export interface Explanation {
  readonly short: string;
  readonly title: string;
  readonly text: string;
  readonly remedy: string;
  readonly leave: string;
  readonly onRemedy: () => void;
  readonly onLeave: () => void;
}

export interface Home {
  readonly name: string;
  /** Under the name: “app is ready” where absent, or what a touch screen says of the app. */
  readonly tagline?: Words;
  readonly switches: readonly Switch[];
  readonly info: readonly (readonly [label: string, value: string])[];
}

/** A setting of two states. */
export interface Switch {
  readonly title: string;
  readonly description: string;
  readonly isOn: () => boolean;
  readonly toggle: () => void;
}

export const nanoWords = (words: Words): string => (typeof words === 'string' ? words : words.nano);
export const touchWords = (words: Words): string => (typeof words === 'string' ? words : words.touch);
