import type { Os } from '../../os/app.ts';
import { StatusError, status } from '../../os/status.ts';
import type { Pair, ReviewPart, Review as Shown, Words } from '../../os/ui.ts';

/** What a person is asked, and what is said of the answer. */
export interface Review {
  readonly operation: Shown['operation'];
  readonly title?: Words;
  readonly pairs: readonly Pair[];
  readonly approve: Words;
  /** Nothing is signed. */
  readonly light?: boolean;
  /** Said at once where approval is all; where work goes on, `finish` says it. */
  readonly approved?: Words;
  /** Shown while work goes on after the approval. */
  readonly meanwhile?: Words;
  readonly refused: Words;
}

/** All that the app asks of a person. While it does, it takes no command. */
export class Reviews {
  readonly #os: Os;
  readonly #home: () => void;
  #pending = false;
  #working = false;

  constructor(os: Os, home: () => void) {
    this.#os = os;
    this.#home = home;
  }

  get pending(): boolean {
    return this.#pending;
  }

  /** Whether a person approves. */
  ask({ approved, meanwhile, refused, ...review }: Review): Promise<boolean> {
    return this.#decide((onApprove, onRefuse) => this.#os.ui.review({ ...review, onApprove, onRefuse }), {
      approved,
      meanwhile,
      refused,
    });
  }

  /** Whether a person goes on to the next part of a review. */
  goOn(part: Omit<ReviewPart, 'onNext' | 'onRefuse'>, refused: Words): Promise<boolean> {
    return this.#decide((onNext, onRefuse) => this.#os.ui.reviewPart({ ...part, onNext, onRefuse }), { refused });
  }

  /** Whether a person finds the address right. */
  verifyAddress(address: string, pairs: readonly Pair[]): Promise<boolean> {
    return this.#decide(
      (onApprove, onRefuse) =>
        this.#os.ui.verifyAddress({ title: 'Verify bitcoin\naddress', address, pairs, onApprove, onRefuse }),
      { approved: 'Address verified', refused: 'Address verification cancelled' },
    );
  }

  /** Whether a person goes on in spite of a risk. */
  warn(text: Words): Promise<boolean> {
    return this.#decide(
      (onYes, onNo) =>
        this.#os.ui.choose({
          title: { nano: 'Security risk', touch: 'Security risk detected' },
          text,
          yes: 'Continue anyway',
          no: 'Back to safety',
          risky: true,
          onYes,
          onNo,
        }),
      { refused: 'Transaction rejected' },
    );
  }

  /** Says what came of an approval whose work is done. */
  finish(text: Words): void {
    this.#working = false;
    this.#os.ui.notify(text, this.#home);
  }

  /** A command is over: if its work was on the screen and nothing was said of its end, the home screen comes back. */
  over(): void {
    if (!this.#working) return;
    this.#working = false;
    this.#home();
  }

  #decide(
    show: (yes: () => void, no: () => void) => void,
    said: { readonly approved?: Words | undefined; readonly meanwhile?: Words | undefined; readonly refused: Words },
  ): Promise<boolean> {
    this.#pending = true;
    return new Promise((resolve) => {
      const yes = () => {
        this.#pending = false;
        if (said.approved !== undefined) this.finish(said.approved);
        else this.#working = true;
        if (said.meanwhile !== undefined) this.#os.ui.wait(said.meanwhile);
        resolve(true);
      };
      const no = () => {
        this.#pending = false;
        this.finish(said.refused);
        resolve(false);
      };
      show(yes, no);
    });
  }
}

/** What the host hears where a person refused. */
export const refusedByPerson = (what: string): StatusError =>
  new StatusError(status.conditionsNotSatisfied, `${what}: refused`);
