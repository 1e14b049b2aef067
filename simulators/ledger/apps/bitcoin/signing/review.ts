import type { Pair, Words } from '../../../os/ui.ts';
import type { Context } from '../context.ts';
import { refusedByPerson } from '../review.ts';
import { amountText } from './amount.ts';
import { outputText } from './destination.ts';
import type { Output } from './output.ts';
import { unsupported } from './refusal.ts';

/** What a person is told of a transaction. */
export interface Summary {
  /** Those that don't return to the account. */
  readonly payments: readonly Output[];
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

const highFee: Pair = ['High fees warning', 'Fees are above 10%\n of total amount', 'alone'];

/** Fees of so small a transaction are no one's loss. */
const smallTotal = 100_000n;

/** Warns of each risk, then shows the transaction. A refusal anywhere is the end of the command. */
export async function reviewTransaction({ reviews, network }: Context, summary: Summary): Promise<void> {
  for (const [risk, text] of warnings) {
    if (summary.warnings[risk] && !(await reviews.warn(text))) throw refusedByPerson('a risky transaction');
  }
  const approved = await reviews.ask({
    operation: 'transaction',
    title: 'Review transaction\nto send bitcoin',
    pairs: pairsOf(summary, network),
    approve: { nano: 'Sign transaction', touch: 'Sign transaction\nto send bitcoin?' },
    meanwhile: 'Signing transaction',
    refused: 'Transaction rejected',
  });
  if (!approved) throw refusedByPerson('a transaction');
}

function pairsOf({ payments, fee, inputsTotal, from }: Summary, network: Context['network']): Pair[] {
  const { ticker } = network;
  const paid = payments.flatMap(({ amount, script }, i): Pair[] => {
    const to = outputText(script, network);
    if (to === undefined) throw unsupported('an output whose script has no address');
    return [
      ...(payments.length === 1 ? [] : [['Transaction output', `${i + 1} of ${payments.length}`] as const]),
      ['Amount', amountText(amount, ticker)],
      ['To', to],
    ];
  });
  return [
    ...(from === undefined ? [] : [['From', from] as const]),
    ...(payments.length === 0 ? [['Amount', `0 ${ticker} (self-transfer)`] as const] : paid),
    ...(10n * fee >= inputsTotal && inputsTotal > smallTotal ? [highFee] : []),
    ['Fees', amountText(fee, ticker)],
  ];
}
