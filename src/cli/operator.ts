import { operatorPort } from '../custody/operator-key.ts';
import { type Command, readArguments, UsageError } from './command.ts';
import { enroll } from './enrolment.ts';
import { act, actHelp, actOptions } from './operator-act.ts';

export const operator: Command = {
  name: 'operator',
  summary: 'the station’s people: make an operator’s key, suspend or reinstate one',
  help: `Usage: portcullis operator enroll --name NAME [--port PORT] [--software FILE] [--out FILE]
       portcullis operator suspend NAME --why TEXT --config FILE --cert FILE --key FILE
       portcullis operator reinstate NAME …

  enroll     on the person's own machine, no station needed: their FIDO2 key makes a credential on a page in their browser, and
             their entry for policy is printed, or written to --out. The page is on http://localhost:PORT (${operatorPort}). With
             --software a test key is made in FILE instead: for tests only
  suspend    by one operator, at once: whatever NAME signs, or signed for acts that are not done, does not count. The quorum
             stays what it is
  reinstate  by a quorum without NAME, and it ripens

${actHelp}`,
  run(args, output) {
    const [word, ...rest] = args;
    switch (word) {
      case 'enroll':
        return enroll(readArguments(rest, { options: ['name', 'port', 'software', 'out'] }), output);
      case 'suspend': {
        const given = readArguments(rest, { options: [...actOptions, 'why'], positionals: ['NAME'] });
        const payload = Buffer.from(given.required('why').normalize('NFC'));
        return act(given, output, { verb: 'operators', subject: `suspend:${given.positionals[0] ?? ''}`, payload });
      }
      case 'reinstate': {
        const given = readArguments(rest, { options: actOptions, positionals: ['NAME'] });
        return act(given, output, { verb: 'operators', subject: `reinstate:${given.positionals[0] ?? ''}` });
      }
      default:
        return Promise.reject(new UsageError('expected enroll, suspend or reinstate'));
    }
  },
};
