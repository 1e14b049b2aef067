import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig, readStateKey } from '../config.ts';
import { audit } from '../custody/audit/audit.ts';
import type { Finding } from '../custody/audit/finding.ts';
import { auditReceipt } from '../custody/audit/receipt.ts';
import { Malformed } from '../domain/index.ts';
import { printable } from './client.ts';
import { type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';

/** Findings that are told one by one; of a database that was mangled throughout, the rest are counted. */
const toldMost = 200;
const checkpointBytesMost = 1_000_000;
/** Four times what a station would send. */
const receiptBytesMost = 16 * 1024 * 1024;

export const verify: Command = {
  name: 'verify',
  summary: 'check a station’s journal and database from outside',
  help: `Usage: portcullis verify --config FILE | --data DIR [OPTION…]
       portcullis verify --receipt FILE --log-key VKEY

Opens the database for reading, beside a running station if there is one, and computes everything in it again: every leaf's
hash, every node and the root of the journal; what each row and the entry that tells of it say of the other. Prints the size and
the root, and every finding; its exit code is 1 if there is any.

With --receipt, needs no station: says in words what a withdrawal's receipt proves to whoever has the journal's key from elsewhere,
or why it proves nothing, and then exits with 1.
  --config FILE      the station's config: names the data and the state key
  --data DIR         the folder of station.db, for an auditor who has a copy and no config
  --state-key FILE   authenticates every row too (with --config: the config's)
  --log-key VKEY     the journal's key as it was pinned; without it, the database's own word for it is believed
  --checkpoint FILE  a checkpoint that was kept outside: proves that this journal goes on from it
  --receipt FILE     a receipt, as GetReceipt returned it`,
  async run(args, output) {
    if (args.some((arg) => /^--receipt(=|$)/.test(arg))) return receipt(args, output);
    const options = ['config', 'data', 'state-key', 'log-key', 'checkpoint'];
    const given = readArguments(args, { options });
    const config = given.value('config');
    const data = given.value('data');
    if ((config === undefined) === (data === undefined)) throw new UsageError('give one of --config and --data');
    const station = config === undefined ? undefined : loadConfig(config);
    const keyFile = given.value('state-key') ?? station?.keys.state;
    const logKey = given.value('log-key');
    const stateKey =
      keyFile === undefined
        ? undefined
        : readStateKey(resolve(keyFile), given.value('state-key') === undefined ? 'config.keys.state' : '--state-key');
    const checkpointFile = given.value('checkpoint');
    const checkpoint =
      checkpointFile === undefined ? undefined : readGiven('checkpoint', checkpointFile, checkpointBytesMost);
    const file = station?.database ?? join(resolve(data ?? ''), 'station.db');
    if (!existsSync(file)) throw new CommandFailed(`${file} does not exist`);

    let told = 0;
    const tell = ({ tag, where, message }: Finding): void => {
      if (told++ < toldMost) output.out(`FOUND ${tag}: ${printable(where)}: ${printable(message)}`);
    };
    const result = audit({ file, stateKey, logKey, checkpoint }, tell);
    if (told > toldMost) output.out(`… and ${told - toldMost} more findings`);
    output.out(`station    ${printable(result.station ?? 'unknown')}`);
    output.out(`journal    ${printable(result.origin ?? 'unknown')}`);
    output.out(`size       ${result.size}`);
    output.out(`root       ${result.root ?? 'none: leaves are missing'}`);
    output.out(
      `log key    ${printable(result.logKey ?? 'unknown')}${logKey === undefined ? ' (the database’s own word for it: pin it with --log-key)' : ''}`,
    );
    output.out(
      `rows       ${result.rows}${stateKey === undefined ? ', held against the journal, not authenticated (no --state-key)' : ', authenticated'}`,
    );
    if (result.consistentWith !== undefined)
      output.out(`checkpoint this journal goes on from it (size ${result.consistentWith})`);
    output.out(told === 0 ? 'verified: nothing was found' : `${told} ${told === 1 ? 'finding' : 'findings'}`);
    return told === 0 ? 0 : 1;
  },
};

function receipt(args: readonly string[], output: Output): number {
  const given = readArguments(args, { options: ['receipt', 'log-key'] });
  const logKey = given.required('log-key');
  const audited = auditReceipt(readGiven('receipt', given.required('receipt'), receiptBytesMost), logKey);
  if (!audited.proven) {
    output.err(`It proves nothing: ${audited.reason}: ${printable(audited.message)}`);
    return 1;
  }
  for (const sentence of audited.sentences) output.out(printable(sentence));
  output.out('All of this is proven to whoever trusts that key; that nothing was added to the journal later is not.');
  return 0;
}

function readGiven(option: 'checkpoint' | 'receipt', file: string, most: number): Uint8Array {
  try {
    if (statSync(file).size <= most) return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new Malformed(`--${option}`, error instanceof Error ? error.message : String(error));
  }
  throw new Malformed(`--${option}`, `${file} is larger than a ${option} can be`);
}
