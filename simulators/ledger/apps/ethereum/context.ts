import type { Os } from '../../os/app.ts';
import type { PersonalMessage } from './personal-message.ts';
import type { Settings } from './settings.ts';
import type { Token } from './token.ts';
import type { TransactionStream } from './transaction.ts';
import type { TypedData } from './typed-data.ts';

/** What the app remembers between commands. Most commands start by forgetting it, and every error does. */
export class Context {
  readonly os: Os;
  readonly settings: Settings;
  /** Shows the home screen. */
  readonly idle: () => void;
  readonly tokens: (Token | undefined)[] = [];
  tokenCount = 0;
  transaction: { readonly path: readonly number[]; readonly stream: TransactionStream } | undefined;
  message: PersonalMessage | undefined;
  typedData: TypedData | undefined;
  #reviewing = false;
  #corrupted = false;

  constructor(os: Os, settings: Settings, idle: () => void) {
    this.os = os;
    this.settings = settings;
    this.idle = idle;
  }

  /** True where a review's data was forgotten while it was on the screen: the real app reads freed memory then. */
  get corrupted(): boolean {
    return this.#corrupted;
  }

  /** Whether a transaction or a message has been begun. */
  get busy(): boolean {
    return this.transaction !== undefined || this.message !== undefined;
  }

  reset(): void {
    if (this.#reviewing) this.#corrupted = true;
    this.tokens.length = 0;
    this.tokenCount = 0;
    this.transaction = undefined;
    this.message = undefined;
    this.typedData = undefined;
  }

  /** A review comes on the screen, or another in its place. */
  beginReview(): void {
    this.#reviewing = true;
    this.#corrupted = false;
  }

  /** The review was decided: all is forgotten. */
  endReview(): void {
    this.#reviewing = false;
    this.#corrupted = false;
    this.reset();
  }
}
