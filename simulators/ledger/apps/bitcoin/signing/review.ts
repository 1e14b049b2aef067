import type { Model } from '../../../os/model.ts';
import type { Pair, Words } from '../../../os/ui.ts';
import type { Network } from '../network.ts';
import { refusedByPerson } from '../review.ts';
import { amountText } from './amount.ts';
import type { Payment } from './check-outputs.ts';
import { outputText } from './destination.ts';
import { type Output, rereadOutput } from './output.ts';
import type { Psbt } from './psbt.ts';
import { unsupported } from './refusal.ts';

/** What a person is told of a transaction. */
export interface Summary {
  /** Those that don't return to the account. */
  readonly payments: readonly Payment[];
  readonly fee: bigint;
  readonly inputsTotal: bigint;
  /** The name of a registered account. */
  readonly from: string | undefined;
  readonly warnings: Warnings;
}

export interface Warnings {
  /** An input signs less than the whole transaction. */
  readonly sighash: boolean;
  /** An input isn't the account's. */
  readonly externalInputs: boolean;
  /** An amount is only what the host says. */
  readonly unverifiedInputs: boolean;
}

const warnings: readonly (readonly [keyof Warnings, Words])[] = [
  [
    'sighash',
    {
      nano: 'Non-default sighash',
      touch: 'This transaction uses non-standard signing rules (modified sighash). You could spend more than expected.',
    },
  ],
  [
    'externalInputs',
    {
      nano: 'There are external inputs\nReject if not sure',
      touch: 'This transaction has external inputs. You could spend more than expected.',
    },
  ],
  ['unverifiedInputs', 'Unverified inputs\nUpdate your wallet software'],
];

const highFee: Pair = [
  'High fees warning',
  {
    nano: 'Fees are above 10%\n of total amount',
    touch: 'This transaction has fees higher than 10% of the amount you’re sending.',
  },
  'alone',
];

/** Fees of so small a transaction are no one's loss. */
const smallTotal = 100_000n;

const title = 'Review transaction\nto send bitcoin';
const refused = 'Transaction rejected';
const closing = {
  operation: 'transaction',
  approve: { nano: 'Sign transaction', touch: 'Sign transaction\nto send bitcoin?' },
  meanwhile: 'Signing transaction',
  refused,
} as const;

/** How many payments the app keeps in mind: more of them make a review in parts, and are asked for again. */
const remembered = (model: Model): number => (model === 'nanox' ? 8 : 16);

/** Warns of each risk, then shows the transaction. A refusal anywhere is the end of the command. */
export async function reviewTransaction(psbt: Psbt, summary: Summary): Promise<void> {
  const { reviews, os } = psbt.context;
  for (const [risk, text] of warnings) {
    if (summary.warnings[risk] && !(await reviews.warn(text))) throw refusedByPerson('a risky transaction');
  }
  const keeps = remembered(os.model);
  const approved =
    summary.payments.length > keeps
      ? await reviewInParts(psbt, summary, keeps)
      : await reviews.ask({ ...closing, title, pairs: pairsOf(summary, psbt.context.network) });
  if (!approved) throw refusedByPerson('a transaction');
}

/** A payment at a time. A registered account's name takes the place of the title. */
async function reviewInParts(psbt: Psbt, summary: Summary, keeps: number): Promise<boolean> {
  const { reviews, network } = psbt.context;
  const { payments, from } = summary;
  const goOn = (pairs: readonly Pair[], first?: Words): Promise<boolean> =>
    reviews.goOn({ operation: 'transaction', pairs, ...(first === undefined ? {} : { title: first }) }, refused);
  if (!(await (from === undefined ? goOn([], title) : goOn([['From', from]])))) return false;
  for (const [i, payment] of payments.entries()) {
    const shown = i < keeps ? payment : await rereadOutput(psbt, payment.index);
    if (!(await goOn(paymentPairs(shown, i, payments.length, network, 'Address')))) return false;
  }
  return (await goOn(feePairs(summary, network.ticker))) && reviews.ask({ ...closing, pairs: [] });
}

function pairsOf(summary: Summary, network: Network): readonly Pair[] {
  const { payments, from } = summary;
  return [
    ...(from === undefined ? [] : [['From', from] as const]),
    ...(payments.length === 0
      ? [['Amount', `0 ${network.ticker} (self-transfer)`] as const]
      : payments.flatMap((payment, i) => paymentPairs(payment, i, payments.length, network, 'To'))),
    ...feePairs(summary, network.ticker),
  ];
}

function paymentPairs(
  { amount, script }: Output,
  i: number,
  count: number,
  network: Network,
  to: string,
): readonly Pair[] {
  const destination = outputText(script, network);
  if (destination === undefined) throw unsupported('an output whose script has no address');
  return [
    ...(count === 1 ? [] : [['Transaction output', `${i + 1} of ${count}`] as const]),
    ['Amount', amountText(amount, network.ticker)],
    [to, destination],
  ];
}

const feePairs = ({ fee, inputsTotal }: Summary, ticker: string): readonly Pair[] => [
  ...(10n * fee >= inputsTotal && inputsTotal > smallTotal ? [highFee] : []),
  ['Fees', amountText(fee, ticker)],
];
