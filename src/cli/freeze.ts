import { type FreezeResponse, OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import { callHelp, callOptions, callStation, printable } from './client.ts';
import { type Command, readArguments } from './command.ts';

export const freeze: Command = {
  name: 'freeze',
  summary: 'stop the station, or a wallet, account, chain, asset or destination, at once',
  help: `Usage: portcullis freeze SCOPE --why TEXT --config FILE --cert FILE --key FILE

SCOPE is station, wallet:ID, account:ID, chain:CAIP-2, asset:CAIP-19 or destination:CAIP-10. Nothing in it is signed until it
is thawed; the act and its reason are journalled under the name in the certificate.

${callHelp('operators', 'its operators’ listener')}`,
  async run(args, output) {
    const given = readArguments(args, { options: [...callOptions, 'why'], positionals: ['SCOPE'] });
    const [scope = ''] = given.positionals;
    const why = given.required('why');
    const { freeze: made } = await callStation<OperatorServiceClient, FreezeResponse>(
      given,
      OperatorServiceClient,
      (client, metadata, options, answer) => client.freeze({ scope, why }, metadata, options, answer),
    );
    output.out(`frozen: ${printable(made?.scope ?? scope)}, by ${printable(made?.who ?? '')}`);
    return 0;
  },
};
