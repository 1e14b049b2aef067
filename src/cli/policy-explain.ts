import { randomBytes } from 'node:crypto';
import { type Reason, reasons } from '../domain/index.ts';
import type { RuleOutcome } from '../generated/portcullis/v1/evidence.ts';
import { type ExplainTransactionResponse, TransactionServiceClient } from '../generated/portcullis/v1/transaction.ts';
import { type PrepareWithdrawalResponse, WithdrawalServiceClient } from '../generated/portcullis/v1/withdrawal.ts';
import { callOptions, callStation, legible } from './client.ts';
import { type Output, readArguments, UsageError } from './command.ts';

/** Every rule that would judge a withdrawal now, as the station's own gate applies it. */
export async function explainWithdrawal(args: readonly string[], output: Output): Promise<number> {
  const options = [...callOptions, 'account', 'asset', 'amount', 'destination', 'max-fee'];
  const given = readArguments(args, { options });
  const told = await callStation<WithdrawalServiceClient, PrepareWithdrawalResponse>(
    given,
    WithdrawalServiceClient,
    (client, metadata, call, answer) =>
      client.prepareWithdrawal(
        {
          // Preparing keeps nothing; the id only has to be one that nobody has.
          withdrawalId: `explain-${randomBytes(8).toString('hex')}`,
          account: given.required('account'),
          asset: given.required('asset'),
          amount: given.required('amount'),
          destination: given.required('destination'),
          maxFee: given.required('max-fee'),
          payBy: undefined,
          lifetimeSeconds: 0,
        },
        metadata,
        call,
        answer,
      ),
    'listen',
  );
  tell(told.rules, output);
  output.out(legible(`It takes: ${told.evidenceWanted?.summary ?? 'nothing'}.`));
  if (told.operatorsNeeded > 0) output.out(`It would be held for ${told.operatorsNeeded} operator(s).`);
  return told.wouldRefuse.length === 0 ? 0 : 1;
}

/** As above, of the exact unsigned bytes of a transaction. */
export async function explainTransaction(args: readonly string[], output: Output): Promise<number> {
  const given = readArguments(args, { options: [...callOptions, 'wallet', 'unsigned', 'replaces'], many: ['pays'] });
  const hex = given.required('unsigned').replace(/^0x/, '');
  if (!/^(?:[0-9a-f]{2})+$/i.test(hex)) throw new UsageError('--unsigned takes hex');
  const told = await callStation<TransactionServiceClient, ExplainTransactionResponse>(
    given,
    TransactionServiceClient,
    (client, metadata, call, answer) =>
      client.explainTransaction(
        {
          wallet: given.required('wallet'),
          unsigned: Buffer.from(hex, 'hex'),
          withdrawalIds: [...given.values('pays')],
          replaces: given.value('replaces') ?? '',
        },
        metadata,
        call,
        answer,
      ),
    'listen',
  );
  tell(told.rules, output);
  return told.wouldRefuse.length === 0 ? 0 : 1;
}

/** A line a rule, with what it demands and found; of one that does not pass, its values and what would make it. */
export function tell(rules: readonly RuleOutcome[], output: Output): void {
  for (const { rule, passed, explanation, reason } of rules) {
    output.out(legible(`${passed ? 'pass  ' : 'REFUSE'} ${rule}: ${explanation}`));
    if (passed || reason === undefined) continue;
    for (const [name, value] of Object.entries(reason.metadata)) output.out(legible(`         ${name}: ${value}`));
    const known = Object.keys(reasons).find((tag): tag is Reason => tag === reason.reason);
    if (known !== undefined) output.out(`         ${known}: ${reasons[known].remedy}`);
  }
}
