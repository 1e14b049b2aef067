import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig } from '../config.ts';
import { isLeafKind, JournalFile, type ReadEntry, readEntry } from '../custody/audit/reading.ts';
import { type GetEntriesResponse, JournalServiceClient } from '../generated/portcullis/v1/journal.ts';
import { callHelp, callOptions, callStation, legible } from './client.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { secondsOf } from './duration.ts';
import { carryToWitness } from './journal-witness.ts';

/** Entries that are asked for at once. */
const page = 500;

interface Entry {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly openings?: Parameters<typeof readEntry>[2];
}

/** Where entries come from: a database, or a station that is called. */
interface Source {
  readonly size: number;
  entries(from: number, limit: number): Promise<readonly Entry[]>;
  close(): void;
}

export const journal: Command = {
  name: 'journal',
  summary: 'tell what is in a station’s journal, an entry a line',
  help: `Usage: portcullis journal show --config FILE | --data DIR [OPTION…]
       portcullis journal show --cert FILE --key FILE --config FILE [OPTION…]
       portcullis journal witness --witness NAME --url PREFIX --cert FILE --key FILE --config FILE

Tells the entries of the last day, each with its number, its time and what happened. From the database, beside a running station if
there is one, or with a certificate of the role auditors from the station itself. What names a person shows only where the database
still has what opens it, "(committed)" elsewhere: a station that is called hands out the log alone. This reads and checks nothing:
"portcullis verify" does.
  --data DIR         the folder of station.db, for whoever has a copy and no config
  --since WHEN       from so long ago (90m, 24h, 7d) or from an entry's number; 24h unless said
  --kind KIND        only entries of this kind, such as frozen or act-effective; may be given more than once
  --account ACCOUNT  only entries that name this account; from the database only
  --json             the entries as they are, canonical JSON, a line each

With "witness", the courier's round to a witness of the policy (C2SP tlog-witness): sends it the newest checkpoint, with the proof that
it goes on from what the witness saw, and hands its cosignature to the station. The roles courier and auditors may.
  --witness NAME     the name in its key
  --url PREFIX       its submission prefix: add-checkpoint is posted below it

${callHelp('auditors', 'its listener')}`,
  async run(args, output) {
    const [word, ...rest] = args;
    if (word === 'witness') {
      return carryToWitness(readArguments(rest, { options: [...callOptions, 'witness', 'url'] }), output);
    }
    if (word !== 'show') throw new UsageError('expected show or witness');
    const options = [...callOptions, 'data', 'since', 'account'];
    const given = readArguments(rest, { options, many: ['kind'], flags: ['json'] });
    const kinds = given.values('kind');
    const unknown = kinds.find((kind) => !isLeafKind(kind));
    if (unknown !== undefined) throw new UsageError(`there is no entry of kind ${JSON.stringify(unknown)}`);
    const account = given.value('account');
    const since = sinceOf(given.value('since') ?? '24h');
    const source = await open(given);
    try {
      const wanted = (entry: ReadEntry): boolean =>
        (kinds.length === 0 || kinds.includes(entry.kind)) && (account === undefined || entry.account === account);
      await tell(source, await first(source, since), wanted, given.has('json'), output);
      return 0;
    } finally {
      source.close();
    }
  },
};

type Since = { readonly index: number } | { readonly before: number };

function sinceOf(text: string): Since {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text)) return { index: Number(text) };
  return { before: Number(secondsOf(text)) * 1_000 };
}

async function open(given: Arguments): Promise<Source> {
  const data = given.value('data');
  const called = given.value('cert') !== undefined;
  if (called) {
    if (data !== undefined) throw new UsageError('give --data or --cert, not both');
    if (given.value('account') !== undefined)
      throw new UsageError(
        '--account needs the database (--data or --config without --cert): the log has commitments only',
      );
    return stationSource(given);
  }
  const config = given.value('config');
  if ((config === undefined) === (data === undefined)) throw new UsageError('give one of --config and --data');
  const file = config === undefined ? join(resolve(data ?? ''), 'station.db') : loadConfig(config).database;
  if (!existsSync(file)) throw new CommandFailed(`${file} does not exist`);
  const opened = new JournalFile(file);
  return {
    size: opened.size,
    entries: async (from, limit) => opened.entries(from, limit),
    close: () => opened.close(),
  };
}

async function stationSource(given: Arguments): Promise<Source> {
  const ask = (from: number, limit: number): Promise<GetEntriesResponse> =>
    callStation<JournalServiceClient, GetEntriesResponse>(
      given,
      JournalServiceClient,
      (client, metadata, call, answer) => client.getEntries({ fromIndex: BigInt(from), limit }, metadata, call, answer),
      'listen',
    );
  const { size } = await ask(0, 1);
  return {
    size: Number(size),
    entries: async (from, limit) => {
      const { entries } = await ask(from, limit);
      return entries.map(({ index, leaf }) => ({ index: Number(index), leaf: new Uint8Array(leaf) }));
    },
    close: () => {},
  };
}

/** The first entry that is meant. Entries' times never go back, so it is found by halving. */
async function first(source: Source, since: Since): Promise<number> {
  if ('index' in since) return since.index;
  const newest = await timeOf(source, source.size - 1);
  // The station's own time: an auditor's copy may be a year old, or its clock wrong.
  const from = newest - since.before;
  let [low, high] = [0, source.size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await timeOf(source, middle)) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function timeOf(source: Source, index: number): Promise<number> {
  const [entry] = await source.entries(index, 1);
  return entry === undefined ? 0 : Date.parse(readEntry(entry.index, entry.leaf).time);
}

async function tell(
  source: Source,
  from: number,
  wanted: (entry: ReadEntry) => boolean,
  json: boolean,
  output: Output,
): Promise<void> {
  const width = String(Math.max(0, source.size - 1)).length;
  for (let next = from; next < source.size; ) {
    const entries = await source.entries(next, Math.min(page, source.size - next));
    if (entries.length === 0) return;
    for (const { index, leaf, openings } of entries) {
      const entry = readEntry(index, leaf, openings);
      next = index + 1;
      if (!wanted(entry)) continue;
      const line = json
        ? new TextDecoder().decode(leaf)
        : `${String(index).padStart(width)}  ${entry.time}  ${entry.sentence}`;
      output.out(json ? escaped(line) : legible(line));
    }
  }
}

/** Still the same JSON, of ASCII alone: nothing in it moves a terminal's cursor or turns its text about (threat S10). */
function escaped(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
