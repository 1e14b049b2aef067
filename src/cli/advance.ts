import { type AdvanceTimeResponse, TimeServiceClient } from '../generated/portcullis/dev/v1/time.ts';
import { callHelp, callOptions, callStation } from './client.ts';
import { type Command, readArguments } from './command.ts';
import { secondsOf } from './duration.ts';

export const advance: Command = {
  name: 'advance',
  summary: 'let simulated time pass on an emulated station',
  help: `Usage: portcullis advance DURATION --address HOST:PORT --ca FILE --cert FILE --key FILE

DURATION is such as 30s, 90m, 24h or 7d. Only an emulated station ("portcullis dev") has a time that can be moved.

${callHelp('dev', 'its listener for clients')}`,
  async run(args, output) {
    const given = readArguments(args, { options: callOptions, positionals: ['DURATION'] });
    const [duration = ''] = given.positionals;
    const seconds = secondsOf(duration);
    const { now } = await callStation<TimeServiceClient, AdvanceTimeResponse>(
      given,
      TimeServiceClient,
      (client, metadata, options, answer) => client.advanceTime({ seconds }, metadata, options, answer),
      'listen',
    );
    output.out(`it is now ${now?.toISOString() ?? 'unknown'} on the station`);
    return 0;
  },
};
