import { type AcknowledgeClockResponse, OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import { callHelp, callOptions, callStation } from './client.ts';
import { type Command, readArguments, UsageError } from './command.ts';

export const clock: Command = {
  name: 'clock',
  summary: '"clock acknowledge": vouch that the clock is right again, where no operators are founded yet',
  help: `Usage: portcullis clock acknowledge --why TEXT --config FILE --cert FILE --key FILE

Says that the machine's clock was looked at and is right, after the station came to suspect it. Every prepared intent is void
from then on. Journalled. Where operators are founded it needs their quorum instead.

${callHelp('operators', 'its operators’ listener')}`,
  async run(args, output) {
    const given = readArguments(args, { options: [...callOptions, 'why'], positionals: ['acknowledge'] });
    const [verb] = given.positionals;
    if (verb !== 'acknowledge') throw new UsageError(`there is nothing that ${JSON.stringify(verb)} does to the clock`);
    const why = given.required('why');
    await callStation<OperatorServiceClient, AcknowledgeClockResponse>(
      given,
      OperatorServiceClient,
      (client, metadata, options, answer) => client.acknowledgeClock({ why }, metadata, options, answer),
    );
    output.out('the clock is acknowledged; whatever was prepared before must be prepared again');
    return 0;
  },
};
