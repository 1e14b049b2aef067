import { OperatorServiceClient, type ThawResponse } from '../generated/portcullis/v1/operator.ts';
import { callStation } from './client.ts';
import { type Command, readArguments } from './command.ts';
import { act, actHelp, actOptions, whereFounded } from './operator-act.ts';

export const thaw: Command = {
  name: 'thaw',
  summary: 'lift a freeze: a quorum of operators, and it ripens',
  help: `Usage: portcullis thaw SCOPE [--why TEXT] --config FILE --cert FILE --key FILE

SCOPE is what was frozen, as "portcullis status" shows it. A quorum of operators signs it, each with this command or with
"portcullis act sign", and it takes effect once it ripened. Where policy founds no operators, the name in the certificate stands
for them, --why is needed, and it takes effect at once.

${actHelp}`,
  async run(args, output) {
    const given = readArguments(args, { options: [...actOptions, 'why'], positionals: ['SCOPE'] });
    const [scope = ''] = given.positionals;
    const signed = await whereFounded(() => act(given, output, { verb: 'thaw', subject: scope }));
    if (signed !== undefined) return signed;
    const why = given.required('why');
    await callStation<OperatorServiceClient, ThawResponse>(
      given,
      OperatorServiceClient,
      (client, metadata, options, answer) => client.thaw({ scope, why }, metadata, options, answer),
    );
    output.out(`thawed: ${scope}`);
    return 0;
  },
};
