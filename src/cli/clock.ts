import { type AcknowledgeClockResponse, OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import { callStation } from './client.ts';
import { type Arguments, type Command, type Output, readArguments, UsageError } from './command.ts';
import { secondsOf } from './duration.ts';
import { act, actHelp, actOptions, whereFounded } from './operator-act.ts';

export const clock: Command = {
  name: 'clock',
  summary: 'say that the clock is right again, or vouch for time that the station did not see: a quorum of operators',
  help: `Usage: portcullis clock acknowledge [--why TEXT] --config FILE --cert FILE --key FILE
       portcullis clock vouch DURATION …

  acknowledge  the machine's clock was looked at and is right, after the station came to suspect it. Every prepared intent is void
               from then on. Where policy founds no operators, the name in the certificate stands for them, and --why is needed
  vouch        DURATION, such as 90m or 36h, passed while the station was off or its machine suspended, beyond what it counts by
               itself: whatever ripens, ripens sooner by as much

A quorum of operators signs it, each with this command or with "portcullis act sign".

${actHelp}`,
  run(args, output) {
    const [word, ...rest] = args;
    switch (word) {
      case 'acknowledge':
        return acknowledge(readArguments(rest, { options: [...actOptions, 'why'] }), output);
      case 'vouch': {
        const given = readArguments(rest, { options: actOptions, positionals: ['DURATION'] });
        const ms = secondsOf(given.positionals[0] ?? '') * 1_000n;
        return act(given, output, { verb: 'clock', subject: `vouch:${ms}` });
      }
      default:
        throw new UsageError('expected acknowledge or vouch');
    }
  },
};

async function acknowledge(given: Arguments, output: Output): Promise<number> {
  const signed = await whereFounded(() => act(given, output, { verb: 'clock', subject: 'acknowledge' }));
  if (signed !== undefined) return signed;
  const why = given.required('why');
  await callStation<OperatorServiceClient, AcknowledgeClockResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) => client.acknowledgeClock({ why }, metadata, options, answer),
  );
  output.out('the clock is acknowledged; whatever was prepared before must be prepared again');
  return 0;
}
