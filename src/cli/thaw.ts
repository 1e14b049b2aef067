import { OperatorServiceClient, type ThawResponse } from '../generated/portcullis/v1/operator.ts';
import { callHelp, callOptions, callStation } from './client.ts';
import { type Command, readArguments } from './command.ts';

export const thaw: Command = {
  name: 'thaw',
  summary: 'lift a freeze, where no operators are founded yet',
  help: `Usage: portcullis thaw SCOPE --why TEXT --config FILE --cert FILE --key FILE

SCOPE is what was frozen, as "portcullis status" shows it. Journalled. Where operators are founded it needs their quorum instead.

${callHelp('operators', 'its operators’ listener')}`,
  async run(args, output) {
    const given = readArguments(args, { options: [...callOptions, 'why'], positionals: ['SCOPE'] });
    const [scope = ''] = given.positionals;
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
