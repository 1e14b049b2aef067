import { readFileSync } from 'node:fs';
import { Malformed, parseStationName, parseWalletId, walletStatementBytes } from '../domain/index.ts';
import { type GetStationResponse, OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import { callStation } from './client.ts';
import { type Command, readArguments, UsageError } from './command.ts';
import { act, actHelp, actOptions } from './operator-act.ts';

export const restored: Command = {
  name: 'restored',
  summary: 'state what a wallet used before the station was restored: a quorum of operators',
  help: `Usage: portcullis restored WALLET --next-nonce N --config FILE --cert FILE --key FILE
       portcullis restored WALLET --spent FILE …

A station that was restored remembers of its wallets what the backup did. Before one signs again, a quorum states what it had used by
then, as the chain and everything that was sent to it says, not the backup. What has not confirmed yet counts as used, too.
  --next-nonce N  of an account: the lowest nonce that no transaction has
  --spent FILE    of a Bitcoin wallet: each outpoint that it spent since the backup, TXID:VOUT, a line each; the file may be empty

Each operator of the quorum runs it, or joins with "portcullis act sign". It may be stated again, to add outpoints or to correct it.

${actHelp}`,
  async run(args, output) {
    const given = readArguments(args, { options: [...actOptions, 'next-nonce', 'spent'], positionals: ['WALLET'] });
    const wallet = parseWalletId(given.positionals[0] ?? '', 'WALLET');
    const [nonce, file] = [given.value('next-nonce'), given.value('spent')];
    if ((nonce === undefined) === (file === undefined)) throw new UsageError('give one of --next-nonce and --spent');
    if (nonce !== undefined && !/^(0|[1-9][0-9]{0,14})$/.test(nonce)) throw new UsageError('--next-nonce is no nonce');
    const { station } = await callStation<OperatorServiceClient, GetStationResponse>(
      given,
      OperatorServiceClient,
      (client, metadata, options, answer) => client.getStation({}, metadata, options, answer),
    );
    const payload = walletStatementBytes({
      station: parseStationName(station, 'station'),
      wallet,
      nextNonce: nonce === undefined ? undefined : Number(nonce),
      spent: file === undefined ? [] : outpoints(file),
    });
    return act(given, output, { verb: 'restored', subject: `wallet:${wallet}`, payload });
  },
};

function outpoints(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Malformed('--spent', error instanceof Error ? error.message : String(error));
  }
  const lines = text.split('\n').map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== ''))];
}
