import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseImportChunk, parseImportLine } from '../custody/import-chunk.ts';
import {
  canonicalBytes,
  digestOf,
  type ImportManifest,
  type ImportRecord,
  importChunkMost,
  importManifestBytes,
  Malformed,
  parseActId,
  parseImportManifest,
  parseStationName,
  type StationName,
} from '../domain/index.ts';
import { type ImportChunkResponse, OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import { callOptions, callStation, legible } from './client.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { act, actHelp, actOptions } from './operator-act.ts';

export const onboarding: Command = {
  name: 'onboarding',
  summary: 'bring in what the exchange has of its customers already: passkeys and withdrawal addresses',
  help: `Usage: portcullis onboarding plan FILE --station NAME --out DIR
       portcullis onboarding propose DIR --config FILE --cert FILE --key FILE
       portcullis onboarding send DIR --act ID --config FILE --cert FILE --key FILE

FILE has a JSON object a line, every member a text in quotes:
  {"type": "portcullis/import-factor/v1", "account": …, "credential": …, "key": COSE key in base64url, "sign_count": "0",
   "backup_eligible": "false", "aaguid": 32 hex digits}
  {"type": "portcullis/import-destination/v1", "account": …, "destination": CAIP-10 address, "label": …}

  plan     checks every line, and writes chunks and their manifest into a new folder. NAME is the station's, as "status" shows it
  propose  an operators' act that approves exactly these chunks. A quorum signs it, each over a folder of their own plan, or with
           "portcullis act sign"; it ripens as long as policy's operators.delays.policy says, from the delivery of its notice
  send     brings the chunks in, in their order, once act ID took effect. Run it again to go on after an interruption

Only accounts that never had a factor take any. Each customer is told of each passkey and each address, and each ripens from then.

${actHelp}`,
  async run(args, output) {
    const [word, ...rest] = args;
    switch (word) {
      case 'plan':
        return plan(readArguments(rest, { options: ['station', 'out'], positionals: ['FILE'] }), output);
      case 'propose':
        return propose(readArguments(rest, { options: actOptions, positionals: ['DIR'] }), output);
      case 'send':
        return send(readArguments(rest, { options: [...callOptions, 'act'], positionals: ['DIR'] }), output);
      default:
        throw new UsageError('expected plan, propose or send');
    }
  },
};

const newline = Buffer.from('\n');

function plan(given: Arguments, output: Output): number {
  const [file = ''] = given.positionals;
  const station = parseStationName(given.required('station'), '--station');
  const folder = given.required('out');
  const lines = checkedLines(readText(file), file);
  const chunks = chunked(lines.map(({ bytes }) => bytes));
  const factors = lines.filter(({ record }) => record.kind === 'factor').length;
  const manifest = manifestOf(station, chunks, { factors, destinations: lines.length - factors });
  try {
    mkdirSync(folder);
    for (const [i, chunk] of chunks.entries()) writeFileSync(chunkFile(folder, i), chunk, { flag: 'wx' });
    writeFileSync(manifestFile(folder), manifest, { flag: 'wx' });
  } catch (error) {
    throw new CommandFailed(`--out: ${said(error)}`, { cause: error });
  }
  tell(output, parseImportManifest(manifest));
  return 0;
}

interface Line {
  readonly record: ImportRecord;
  /** Canonical. */
  readonly bytes: Uint8Array;
}

/** The file's records in their one spelling, passkeys first: an address comes in only beside one. Throws `CommandFailed`. */
function checkedLines(text: string, file: string): Line[] {
  const factors: Line[] = [];
  const destinations: (Line & { readonly account: string; readonly place: string })[] = [];
  const seen = new Set<string>();
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const place = `${file}, line ${i + 1}`;
    const bytes = canonical(line, place);
    const record = parseImportLine(bytes, place);
    const key = record.kind === 'factor' ? record.credential : `${record.account} ${record.destination}`;
    if (seen.has(key)) throw new CommandFailed(`${place}: ${key} stands in the file twice`);
    seen.add(key);
    if (record.kind === 'factor') factors.push({ record, bytes });
    else destinations.push({ record, bytes, account: record.account, place });
  }
  const begun = new Set<string>(factors.map(({ record }) => record.account));
  const without = destinations.find(({ account }) => !begun.has(account));
  if (without !== undefined)
    throw new CommandFailed(`${without.place}: the file has no passkey of account ${without.account}`);
  if (factors.length === 0) throw new CommandFailed(`${file} has no passkey`);
  return [...factors, ...destinations];
}

function canonical(line: string, place: string): Uint8Array {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch {
    throw new CommandFailed(`${place}: is not JSON`);
  }
  if (typeof told !== 'object' || told === null || Array.isArray(told))
    throw new CommandFailed(`${place}: is not a JSON object`);
  const members: [string, string][] = [];
  for (const [name, value] of Object.entries<unknown>({ ...told })) {
    if (typeof value !== 'string')
      throw new CommandFailed(`${place}: ${JSON.stringify(name)} must be a text in quotes`);
    members.push([name, value]);
  }
  return canonicalBytes(Object.fromEntries(members));
}

/** Lines, each ended, as many together as a request takes. */
function chunked(lines: readonly Uint8Array[]): Uint8Array[] {
  const chunks: Uint8Array[][] = [];
  let room = 0;
  for (const line of lines) {
    const length = line.length + newline.length;
    if (length > importChunkMost) throw new CommandFailed(`a line is longer than a chunk, ${importChunkMost} bytes`);
    if (length > room) {
      chunks.push([]);
      room = importChunkMost;
    }
    chunks.at(-1)?.push(line, newline);
    room -= length;
  }
  return chunks.map((parts) => new Uint8Array(Buffer.concat(parts)));
}

function manifestOf(
  station: StationName,
  chunks: readonly Uint8Array[],
  counts: Pick<ImportManifest, 'factors' | 'destinations'>,
): Uint8Array {
  const manifest = importManifestBytes({ station, chunks: chunks.map((chunk) => digestOf(chunk)), ...counts });
  if (manifest.length > importChunkMost)
    throw new CommandFailed(
      `${chunks.length} chunks are more than one import takes: split the file, and bring in each part`,
    );
  return manifest;
}

/** Signs what the folder holds, not what it says that it holds: every chunk is read, and every line checked, once more. */
async function propose(given: Arguments, output: Output): Promise<number> {
  const [folder = ''] = given.positionals;
  const { payload, manifest } = readPlan(folder);
  const records = manifest.chunks.flatMap((_, i) =>
    parseImportChunk(readChunk(folder, manifest, i), chunkFile(folder, i)),
  );
  const factors = records.filter(({ kind }) => kind === 'factor').length;
  if (factors !== manifest.factors || records.length - factors !== manifest.destinations)
    throw new CommandFailed(`${manifestFile(folder)} counts otherwise than its chunks: plan anew`);
  tell(output, manifest);
  return act(given, output, { verb: 'import', subject: 'onboarding', payload });
}

async function send(given: Arguments, output: Output): Promise<number> {
  const [folder = ''] = given.positionals;
  const actId = parseActId(given.required('act'), '--act');
  const { manifest } = readPlan(folder);
  const sum = { factors: 0, destinations: 0, skipped: 0, already: 0 };
  for (const index of manifest.chunks.keys()) {
    const records = Buffer.from(readChunk(folder, manifest, index));
    const told = await callStation<OperatorServiceClient, ImportChunkResponse>(
      given,
      OperatorServiceClient,
      (client, metadata, options, answer) => client.importChunk({ actId, index, records }, metadata, options, answer),
    );
    for (const { line, message, reason } of told.skipped)
      output.out(legible(`chunk ${index}, line ${line} left out: ${reason}: ${message}`));
    sum.factors += told.factors;
    sum.destinations += told.destinations;
    sum.skipped += told.skipped.length;
    sum.already += told.already ? 1 : 0;
  }
  const { factors, destinations, skipped, already } = sum;
  const before = already === 0 ? '' : `; ${already} chunk(s) were there already`;
  output.out(`${factors} passkey(s) and ${destinations} address(es) are announced, ${skipped} left out${before}`);
  return 0;
}

function tell(output: Output, { chunks, factors, destinations, station }: ImportManifest): void {
  output.out(
    `${factors} passkey(s) and ${destinations} address(es) in ${chunks.length} chunk(s), for station ${station}`,
  );
}

const manifestFile = (folder: string): string => join(folder, 'manifest.json');
const chunkFile = (folder: string, index: number): string =>
  join(folder, `chunk-${String(index).padStart(4, '0')}.jsonl`);

function readPlan(folder: string): { readonly payload: Uint8Array; readonly manifest: ImportManifest } {
  const payload = readBytes(manifestFile(folder));
  return { payload, manifest: parseImportManifest(payload, manifestFile(folder)) };
}

function readChunk(folder: string, { chunks }: ImportManifest, index: number): Uint8Array {
  const chunk = readBytes(chunkFile(folder, index));
  if (digestOf(chunk) !== chunks[index])
    throw new Malformed(chunkFile(folder, index), 'is not what the manifest names: plan anew');
  return chunk;
}

function readBytes(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new CommandFailed(said(error), { cause: error });
  }
}

function readText(file: string): string {
  return new TextDecoder().decode(readBytes(file));
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
