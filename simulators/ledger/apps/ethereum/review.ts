import { answer, nothing, StatusError, status } from '../../os/status.ts';
import type { Review } from '../../os/ui.ts';
import type { Context } from './context.ts';

/** What became of a review, as its status says it. */
interface Outcome {
  readonly approved: string;
  readonly refused: string;
}

/** What a person is asked, and what the status says after; `onApprove` answers the host. */
export type SigningReview = Omit<Review, 'onRefuse'> & Outcome;

/** Shows a review; refusing answers 6985. */
export function showReview(context: Context, { approved, refused, ...review }: SigningReview): void {
  context.beginReview();
  context.os.ui.review({ ...review, ...decisions(context, { approved, refused }, review.onApprove) });
}

/** The two ways out of a review: each answers the host, forgets what was reviewed, and says what was done. */
export function decisions(
  context: Context,
  { approved, refused }: Outcome,
  onApprove: () => void,
): { readonly onApprove: () => void; readonly onRefuse: () => void } {
  const { os } = context;
  const decide = (text: string, act: () => void) => () => {
    act();
    context.endReview();
    os.ui.notify(text, context.idle);
  };
  return {
    onApprove: decide(approved, () => {
      try {
        onApprove();
      } catch (error) {
        // A path that the system doesn't sign for: the host hears of it, the screen shows its status all the same.
        if (!(error instanceof StatusError)) throw error;
        os.reply(answer(nothing, error.word));
      }
    }),
    onRefuse: decide(refused, () => os.reply(answer(nothing, status.conditionsNotSatisfied))),
  };
}
