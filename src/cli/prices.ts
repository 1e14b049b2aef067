import { readFileSync } from 'node:fs';
import { canonicalBytes, parsePrices } from '../domain/index.ts';
import { type Command, CommandFailed, readArguments, UsageError } from './command.ts';
import { act, actHelp, actOptions } from './operator-act.ts';

export const prices: Command = {
  name: 'prices',
  summary: '"prices set FILE": what assets are worth, for limits in a reference currency: a quorum of operators',
  help: `Usage: portcullis prices set FILE --config FILE --cert FILE --key FILE

FILE is JSON: {"type": "portcullis/prices/v1", "currency": "USD", "decimals": "2", "eip155:1/slip44:60": "300025", …}; each price is
what one whole unit of the asset is worth, in base units of the currency, a decimal string. A quorum of operators signs the whole
table, each with this command or with "portcullis act sign"; it takes effect at once, and is believed as long as policy says.

${actHelp}`,
  run(args, output) {
    const given = readArguments(args, { options: actOptions, positionals: ['set', 'FILE'] });
    const [word, file = ''] = given.positionals;
    if (word !== 'set') return Promise.reject(new UsageError('expected set FILE'));
    return act(given, output, { verb: 'policy', subject: 'prices', payload: readPrices(file) });
  },
};

/** In its one spelling (RFC 8785), whatever the file's. Throws `Malformed` with the place of what is wrong. */
function readPrices(file: string): Uint8Array {
  let told: unknown;
  try {
    told = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandFailed(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const members: [string, string][] = [];
  for (const [name, value] of Object.entries(typeof told === 'object' && told !== null ? told : {})) {
    if (typeof value !== 'string') throw new CommandFailed(`${file}: ${JSON.stringify(name)} must be a text in quotes`);
    members.push([name, value]);
  }
  const document = canonicalBytes(Object.fromEntries(members));
  parsePrices(document, file);
  return document;
}
