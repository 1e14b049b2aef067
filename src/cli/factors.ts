import { type Command, readArguments, UsageError } from './command.ts';
import { act, actHelp, actOptions } from './operator-act.ts';

export const factors: Command = {
  name: 'factors',
  summary: '"factors revoke-all": end every customer’s factors at once, by a quorum of operators',
  help: `Usage: portcullis factors revoke-all --config FILE --cert FILE --key FILE

For the day on which factors in general can no longer be believed. Every customer's factor, every authorization that is not signed
and every destination whitelisted under them end in one write; every account recovers from then on. A quorum of operators signs
it, each with this command or with "portcullis act sign"; it takes effect at once, and nothing takes it back.

${actHelp}`,
  run(args, output) {
    const given = readArguments(args, { options: actOptions, positionals: ['revoke-all'] });
    if (given.positionals[0] !== 'revoke-all') return Promise.reject(new UsageError('expected revoke-all'));
    return act(given, output, { verb: 'epoch', subject: 'factors' });
  },
};
