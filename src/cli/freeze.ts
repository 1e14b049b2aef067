import { type FreezeResponse, OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import { callStation, legible } from './client.ts';
import { type Command, readArguments } from './command.ts';
import { act, actHelp, actOptions, whereFounded } from './operator-act.ts';

export const freeze: Command = {
  name: 'freeze',
  summary: 'stop the station, or a wallet, account, chain, asset or destination, at once',
  help: `Usage: portcullis freeze SCOPE --why TEXT --config FILE --cert FILE --key FILE

SCOPE is station, wallet:ID, account:ID, chain:CAIP-2, asset:CAIP-19 or destination:CAIP-10. Nothing in it is signed until it
is thawed; the act and its reason are journalled. One operator's signature is enough; where policy founds no operators, the name
in the certificate stands for it and nobody signs.

${actHelp}`,
  async run(args, output) {
    const given = readArguments(args, { options: [...actOptions, 'why'], positionals: ['SCOPE'] });
    const [scope = ''] = given.positionals;
    const why = given.required('why');
    const signed = await whereFounded(() =>
      act(given, output, { verb: 'freeze', subject: scope, payload: Buffer.from(why.normalize('NFC')) }),
    );
    if (signed !== undefined) return signed;
    const { freeze: made } = await callStation<OperatorServiceClient, FreezeResponse>(
      given,
      OperatorServiceClient,
      (client, metadata, options, answer) => client.freeze({ scope, why }, metadata, options, answer),
    );
    output.out(`frozen: ${legible(made?.scope ?? scope)}, by ${legible(made?.who ?? '')}`);
    return 0;
  },
};
