import { actionPage, titlePage, valuePages, warningPage } from '../../os/page.ts';
import { answer, nothing, StatusError, status } from '../../os/status.ts';
import type { Page } from '../../os/view.ts';
import type { Context } from './context.ts';

/** What a person is asked. */
export interface Review {
  readonly title: string;
  readonly pairs: readonly (readonly [label: string, value: string])[];
  readonly approve: string;
  readonly refuse: string;
  readonly approved: string;
  readonly refused: string;
  /** Asks first whether to go on at all. */
  readonly blind?: boolean;
  /** Answers the host. */
  readonly onApprove: () => void;
}

/** Shows a review; its last page refuses, with 6985. */
export function showReview(context: Context, review: Review): void {
  const { os } = context;
  const decide = (text: string, act: () => void) => () => {
    act();
    context.endReview();
    os.notify(text, context.idle);
  };
  const approve = decide(review.approved, () => {
    try {
      review.onApprove();
    } catch (error) {
      // A path that the system doesn't sign for: the host hears of it, the screen shows its status all the same.
      if (!(error instanceof StatusError)) throw error;
      os.reply(answer(nothing, error.word));
    }
  });
  const refuse = decide(review.refused, () => os.reply(answer(nothing, status.conditionsNotSatisfied)));
  const pages: readonly Page[] = [
    titlePage(review.title),
    ...review.pairs.flatMap(([label, value]) => valuePages(label, value)),
    actionPage(review.approve, approve),
    actionPage(review.refuse, refuse),
  ];
  const warning: readonly Page[] = [
    warningPage('Blind signing ahead', 'To accept risk, press both buttons', () => os.show(() => pages)),
    // Whatever is reviewed, the warning calls it a transaction.
    actionPage('Reject transaction', refuse),
  ];
  context.beginReview();
  os.ask(() => (review.blind === true ? warning : pages), refuse);
}
