import { type ListTransactionsResponse, OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import { type Transaction, TransactionState } from '../generated/portcullis/v1/transaction.ts';
import { callHelp, callOptions, callStation, legible } from './client.ts';
import { type Command, readArguments } from './command.ts';

/** What is stuck, and what operators had signed. */
export const transaction: Command = {
  name: 'transaction',
  summary: 'list transactions that are not settled, or show one with its signed bytes',
  help: `Usage: portcullis transaction list --config FILE --cert FILE --key FILE
       portcullis transaction show ID [--raw] --config FILE --cert FILE --key FILE

Lists what was permitted and is not settled, operators' transfers and voids with it: what it waits for, and at which place of which
wallet. "show" tells all of one; once it is signed, its raw bytes in hex: broadcast them, the station calls no one.
  --raw   prints nothing but the raw bytes; fails while there are none

${callHelp('operators', 'its operators’ listener')}`,
  async run(args, output) {
    const [verb, ...rest] = args;
    const one = verb === 'show';
    const options = { options: callOptions, flags: ['raw'], positionals: one ? ['ID'] : ['list'] };
    const given = readArguments(one ? rest : args, options);
    const [transactionId = ''] = one ? given.positionals : [];
    const { transactions } = await callStation<OperatorServiceClient, ListTransactionsResponse>(
      given,
      OperatorServiceClient,
      (client, metadata, call, answer) => client.listTransactions({ transactionId }, metadata, call, answer),
    );
    const [found] = transactions;
    if (given.has('raw')) {
      if (found === undefined || found.signed.length === 0) {
        output.err('there are no signed bytes');
        return 1;
      }
      output.out(found.signed.toString('hex'));
      return 0;
    }
    if (!one && found === undefined) output.out('every transaction is settled');
    for (const each of transactions) for (const line of one ? allOf(each) : [lineOf(each)]) output.out(legible(line));
    return 0;
  },
};

const states: ReadonlyMap<number, string> = new Map(
  Object.entries(TransactionState).map(([name, value]) => [value, name]),
);

const stateOf = ({ state, blockedBy }: Transaction): string =>
  `${states.get(state) ?? state}${blockedBy === '' ? '' : `, waits: ${blockedBy}`}`;

const lineOf = (of: Transaction): string => `${of.id}  ${of.kind}  ${of.wallet} ${of.anchor}  ${stateOf(of)}`;

function allOf(of: Transaction): string[] {
  return [
    `transaction ${of.id}`,
    `kind        ${of.kind}${of.actId === '' ? '' : `, by act ${of.actId}`}`,
    `wallet      ${of.wallet}, ${of.anchor}`,
    `state       ${stateOf(of)}`,
    `permitted   ${of.permittedAt?.toISOString() ?? '?'}`,
    ...(of.withdrawalIds.length === 0 ? [] : [`pays        ${of.withdrawalIds.join(', ')}`]),
    ...(of.replaces === '' ? [] : [`replaces    ${of.replaces}`]),
    ...(of.signed.length === 0 ? [] : [`signed      ${of.signed.toString('hex')}`]),
  ];
}
