import { readFileSync } from 'node:fs';
import { parseAccountId } from '../domain/index.ts';
import { RipeningState } from '../generated/portcullis/v1/destination.ts';
import { type GetAccountResponse, OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import { admissionRows, askedAdmission } from './admission.ts';
import { callOptions, callStation, legible } from './client.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { act, actHelp, actOptions } from './operator-act.ts';

export const factors: Command = {
  name: 'factors',
  summary: 'customers’ factors: admit one (a first, or for recovery), end all of them',
  help: `Usage: portcullis factors admit --account ACCOUNT --registration FILE --config FILE --cert FILE --key FILE
       portcullis factors revoke-all --config FILE --cert FILE --key FILE
       portcullis factors show --account ACCOUNT --config FILE --cert FILE --key FILE

  admit       lets an account have its first factor without a voucher or, where it ever had one, recover with a new one. FILE is the
              registration (RegistrationResponseJSON) that the owner's device made, on the approval page, no more than 15 minutes
              ago; the quorum has as long as any act. A recovery ripens as long as policy's ripening.recovery says, from the delivery
              of its own notice by every channel; until then nothing else is added to the account. The other operators sign with
              "portcullis act sign". A freeze of the account stays: lift it with "portcullis thaw" once the owner is back
  revoke-all  for the day on which factors in general can no longer be believed. Every customer's factor, every authorization that
              is not signed and every destination whitelisted under them end in one write; every account recovers from then on.
              It takes effect at once, and nothing takes it back

  show        how an account stands: its factors, whether it is frozen, whether it recovers

A quorum of operators signs the first two.

${actHelp}`,
  async run(args, output) {
    const [word, ...rest] = args;
    switch (word) {
      case 'admit':
        return admit(readArguments(rest, { options: [...actOptions, 'account', 'registration'] }), output);
      case 'revoke-all':
        return act(readArguments(rest, { options: actOptions }), output, { verb: 'epoch', subject: 'factors' });
      case 'show':
        return show(readArguments(rest, { options: [...callOptions, 'account'] }), output);
      default:
        throw new UsageError('expected admit, revoke-all or show');
    }
  },
};

async function admit(given: Arguments, output: Output): Promise<number> {
  const subject = `account:${parseAccountId(given.required('account'), '--account')}`;
  const payload = read(given.required('registration'));
  const asked = askedAdmission(subject, payload);
  const about: Parameters<typeof act>[2]['about'] = (intent) => asked.admitted(intent) !== undefined;
  return act(given, output, { verb: 'admit', subject, payload, rows: admissionRows(asked), about });
}

async function show(given: Arguments, output: Output): Promise<number> {
  const account = parseAccountId(given.required('account'), '--account');
  const told = await callStation<OperatorServiceClient, GetAccountResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) => client.getAccount({ account }, metadata, options, answer),
  );
  const { factors: all, everEnrolled, recoversUntil, freeze } = told;
  for (const { id, kind, class: of, state, notBefore } of all) {
    const until = notBefore === undefined ? '' : `, not before ${notBefore.toISOString()}`;
    output.out(legible(`factor    ${id}  ${kind}, ${of}, ${ripeningName(state)}${until}`));
  }
  if (all.length === 0) output.out('factor    none');
  if (recoversUntil !== undefined)
    output.out(`recovers  until ${recoversUntil.toISOString()} at least: nothing is added`);
  else
    output.out(
      everEnrolled ? 'admits    a factor by its own factors, or to recover by operators' : 'admits    a first factor',
    );
  output.out(legible(freeze === undefined ? 'frozen    no' : `frozen    by ${freeze.who}: ${freeze.why}`));
  return 0;
}

const ripeningName = (state: RipeningState): string => (ripeningStates.find(([of]) => of === state) ?? [state, '?'])[1];

const ripeningStates: readonly (readonly [RipeningState, string])[] = [
  [RipeningState.ANNOUNCING, 'announcing'],
  [RipeningState.PENDING, 'pending'],
  [RipeningState.RIPE, 'ripe'],
  [RipeningState.CANCELLED, 'cancelled'],
  [RipeningState.REMOVED, 'removed'],
];

function read(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new CommandFailed(`--registration: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
