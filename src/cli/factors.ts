import { readFileSync } from 'node:fs';
import { parseAccountId } from '../domain/index.ts';
import { admissionRows, askedAdmission } from './admission.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { act, actHelp, actOptions } from './operator-act.ts';

export const factors: Command = {
  name: 'factors',
  summary: 'customers’ factors: admit one (a first, or for recovery), end all of them',
  help: `Usage: portcullis factors admit --account ACCOUNT --registration FILE --config FILE --cert FILE --key FILE
       portcullis factors revoke-all --config FILE --cert FILE --key FILE

  admit       lets an account have its first factor without a voucher or, where it ever had one, recover with a new one. FILE is the
              registration (RegistrationResponseJSON) that the owner's device made, on the approval page, no more than 15 minutes
              ago; the quorum has as long as any act. A recovery ripens as long as policy's ripening.recovery says, from the delivery
              of its own notice by every channel; until then nothing else is added to the account. The other operators sign with
              "portcullis act sign". A freeze of the account stays: lift it with "portcullis thaw" once the owner is back
  revoke-all  for the day on which factors in general can no longer be believed. Every customer's factor, every authorization that
              is not signed and every destination whitelisted under them end in one write; every account recovers from then on.
              It takes effect at once, and nothing takes it back

A quorum of operators signs either.

${actHelp}`,
  async run(args, output) {
    const [word, ...rest] = args;
    switch (word) {
      case 'admit':
        return admit(readArguments(rest, { options: [...actOptions, 'account', 'registration'] }), output);
      case 'revoke-all':
        return act(readArguments(rest, { options: actOptions }), output, { verb: 'epoch', subject: 'factors' });
      default:
        throw new UsageError('expected admit or revoke-all');
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

function read(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new CommandFailed(`--registration: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
