import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Config, loadConfig, readStateKey } from '../config.ts';
import { audit } from '../custody/audit/audit.ts';
import type { Finding } from '../custody/audit/finding.ts';
import { auditReceipt } from '../custody/audit/receipt.ts';
import { auditTiles, filesOf } from '../custody/audit/tiles.ts';
import { Malformed } from '../domain/index.ts';
import { readKey } from '../key-source.ts';
import { Vaults } from '../vaults.ts';
import { printable } from './client.ts';
import { type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { Progress } from './progress.ts';

/** Findings that are told one by one; of a database that was mangled throughout, the rest are counted. */
const toldMost = 200;
const checkpointBytesMost = 1_000_000;
/** Four times what a station would send. */
const receiptBytesMost = 16 * 1024 * 1024;

export const verify: Command = {
  name: 'verify',
  summary: 'check a station’s journal and database from outside',
  help: `Usage: portcullis verify --config FILE | --data DIR [OPTION…]
       portcullis verify --tiles DIR --log-key VKEY [--witness VKEY]… [--checkpoint FILE]
       portcullis verify receipt FILE --log-key VKEY

Opens the database for reading, beside a running station if there is one, and computes everything in it again: every leaf's
hash, every node and the root of the journal; what each row and the entry that tells of it say of the other. Prints the size and
the root, and every finding; its exit code is 1 if there is any.

With --tiles, needs no station: reads the journal as it was published (C2SP tlog-tiles) from a folder, or a copy of it, with
nothing but keys that were pinned: checkpoint, cosignatures, every entry and every hash.

verify receipt needs no station: says in words what a withdrawal's receipt proves to whoever has the journal's key from elsewhere,
or why it proves nothing, and then exits with 1. FILE is what GetReceipt returned.
  --config FILE      the station's config: names the data and the state key
  --data DIR         the folder of station.db, for an auditor who has a copy and no config
  --state-key FILE   authenticates every row too (with --config: the config's)
  --log-key VKEY     the journal's key as it was pinned; without it, the database's own word for it is believed
  --checkpoint FILE  a checkpoint that was kept outside: proves that this journal goes on from it
  --tiles DIR        the folder of checkpoint and tile/
  --witness VKEY     a witness's key as it was pinned; may be given more than once`,
  async run(args, output) {
    if (args[0] === 'receipt') return receipt(args.slice(1), output);
    if (args.some((arg) => /^--tiles(=|$)/.test(arg))) return tiles(args, output);
    const options = ['config', 'data', 'state-key', 'log-key', 'checkpoint'];
    const given = readArguments(args, { options });
    const config = given.value('config');
    const data = given.value('data');
    if ((config === undefined) === (data === undefined)) throw new UsageError('give one of --config and --data');
    const station = config === undefined ? undefined : loadConfig(config);
    const keyFile = given.value('state-key');
    const logKey = given.value('log-key');
    const stateKey = keyFile === undefined ? await stateKeyOf(station) : readStateKey(resolve(keyFile), '--state-key');
    const checkpointFile = given.value('checkpoint');
    const checkpoint =
      checkpointFile === undefined ? undefined : readGiven('--checkpoint', checkpointFile, checkpointBytesMost);
    const file = station?.database ?? join(resolve(data ?? ''), 'station.db');
    if (!existsSync(file)) throw new CommandFailed(`${file} does not exist`);

    const { tell, end, progress } = teller(output);
    const result = audit({ file, stateKey, logKey, checkpoint, progress }, tell);
    end();
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
    return verdict(result.findings, output);
  },
};

interface Teller {
  readonly tell: (finding: Finding) => void;
  readonly progress: (what: string, done: number, all: number) => void;
  readonly end: () => void;
}

/** Tells findings one by one, up to a number, and at the end how many more there were. */
function teller(output: Output): Teller {
  let told = 0;
  const progress = new Progress(output);
  return {
    progress: (what, done, all) => progress.step(what, done, all),
    tell: ({ tag, where, message }) => {
      progress.clear();
      if (told++ < toldMost) output.out(`FOUND ${tag}: ${printable(where)}: ${printable(message)}`);
    },
    end: () => {
      progress.clear();
      if (told > toldMost) output.out(`… and ${told - toldMost} more findings`);
    },
  };
}

function verdict(findings: number, output: Output): number {
  output.out(findings === 0 ? 'verified: nothing was found' : `${findings} ${findings === 1 ? 'finding' : 'findings'}`);
  return findings === 0 ? 0 : 1;
}

function tiles(args: readonly string[], output: Output): number {
  const given = readArguments(args, { options: ['tiles', 'log-key', 'checkpoint'], many: ['witness'] });
  const read = filesOf(resolve(given.required('tiles')));
  const logKey = given.required('log-key');
  const checkpointFile = given.value('checkpoint');
  const checkpoint =
    checkpointFile === undefined ? undefined : readGiven('--checkpoint', checkpointFile, checkpointBytesMost);
  const { tell, end, progress } = teller(output);
  const witnesses = given.values('witness');
  const entries = (done: number, all: number): void => progress('entries', done, all);
  const result = auditTiles({ read, logKey, witnesses, checkpoint, progress: entries }, tell);
  end();
  output.out(`journal    ${printable(result.origin ?? 'unknown')}`);
  output.out(`size       ${result.size}`);
  output.out(`root       ${result.root ?? 'none: entries are missing'}`);
  for (const { witness, time } of result.cosignatures)
    output.out(`cosigned   by ${printable(witness)} at ${new Date(time * 1_000).toISOString()}`);
  if (result.consistentWith !== undefined)
    output.out(`checkpoint this journal goes on from it (size ${result.consistentWith})`);
  return verdict(result.findings, output);
}

function receipt(args: readonly string[], output: Output): number {
  const given = readArguments(args, { options: ['log-key'], positionals: ['FILE'] });
  const [file = ''] = given.positionals;
  const logKey = given.required('log-key');
  const audited = auditReceipt(readGiven('receipt', file, receiptBytesMost), logKey);
  if (!audited.proven) {
    output.err(`It proves nothing: ${audited.reason}: ${printable(audited.message)}`);
    return 1;
  }
  for (const sentence of audited.sentences) output.out(printable(sentence));
  output.out('All of this is proven to whoever trusts that key.');
  output.out(
    'Not proven: that nothing was added to the journal later; that the transaction confirmed; operators’ own signatures;',
  );
  output.out('that a one-time code was right; that a voucher was used once.');
  return 0;
}

function readGiven(what: '--checkpoint' | 'receipt', file: string, most: number): Uint8Array {
  try {
    if (statSync(file).size <= most) return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new Malformed(what, error instanceof Error ? error.message : String(error));
  }
  throw new Malformed(what, `${file} is larger than a ${what.replace('--', '')} can be`);
}

/** As the station's config has it: an HSM is asked to open it. */
export async function stateKeyOf(station: Config | undefined): Promise<Uint8Array | undefined> {
  if (station === undefined) return undefined;
  const vaults = new Vaults(station.signers, () => {});
  try {
    return await readKey(station.keys.state, 'config.keys.state', vaults);
  } finally {
    await vaults.close();
  }
}
