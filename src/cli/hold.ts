import { toHex } from '../domain/index.ts';
import {
  type HeldWithdrawal,
  type ListHeldWithdrawalsResponse,
  OperatorServiceClient,
} from '../generated/portcullis/v1/operator.ts';
import { callOptions, callStation, legible } from './client.ts';
import { type Arguments, type Command, readArguments, UsageError } from './command.ts';
import { act, actHelp, actOptions } from './operator-act.ts';

export const hold: Command = {
  name: 'hold',
  summary: 'withdrawals that wait for operators: list, approve or refuse them',
  help: `Usage: portcullis hold list --config FILE --cert FILE --key FILE
       portcullis hold approve ID …
       portcullis hold refuse ID …

Policy may hold a withdrawal for operators: above a band, over a limit, out of hours.
  list     those that wait, the most urgent first, with what they lack
  approve  your signature over the customer's own intent; as many as the withdrawal needs release it
  refuse   ends it; one operator's signature is enough, also for one that no operator had to approve

${actHelp}`,
  async run(args, output) {
    const [word, ...rest] = args;
    switch (word) {
      case 'list': {
        const held = await fetchHeld(readArguments(rest, { options: callOptions }));
        for (const line of held.flatMap(heldLines)) output.out(legible(line));
        if (held.length === 0) output.out('no withdrawal waits for operators');
        return 0;
      }
      case 'approve':
      case 'refuse': {
        const given = readArguments(rest, { options: actOptions, positionals: ['ID'] });
        const [id = ''] = given.positionals;
        const held = (await fetchHeld(given)).find(({ withdrawal }) => withdrawal?.id === id);
        return act(given, output, { verb: word, subject: `withdrawal:${id}`, rows: rowsOf(held) });
      }
      default:
        throw new UsageError('expected list, approve or refuse');
    }
  },
};

async function fetchHeld(given: Arguments): Promise<readonly HeldWithdrawal[]> {
  const { withdrawals } = await callStation<OperatorServiceClient, ListHeldWithdrawalsResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) => client.listHeldWithdrawals({ limit: 1_000 }, metadata, options, answer),
  );
  return withdrawals;
}

function rowsOf(held: HeldWithdrawal | undefined): [string, string][] {
  const of = held?.withdrawal;
  if (held === undefined || of === undefined) return [];
  return [
    ['Withdrawal', of.id],
    ['Account', of.account],
    ['Amount', `${of.amount} base units of ${of.asset}`],
    ['To', of.destination],
    ['Fee', `at most ${of.maxFee} base units of the chain’s own asset`],
    ['Sign by', of.payBy?.toISOString() ?? '?'],
    ['Held by', held.heldBy.join(', ')],
    ['Intent', toHex(of.intentDigest)],
  ];
}

function heldLines(held: HeldWithdrawal): string[] {
  const { signaturesNeeded, approvedBy } = held;
  const by = approvedBy.length === 0 ? '' : ` (${approvedBy.join(', ')})`;
  const rows = rowsOf(held).filter(([label]) => label !== 'Withdrawal' && label !== 'Intent');
  return [
    `${held.withdrawal?.id ?? '?'}: ${approvedBy.length} of ${signaturesNeeded} approved${by}`,
    ...rows.map(([label, value]) => `  ${label.padEnd(9)}${value}`),
  ];
}
