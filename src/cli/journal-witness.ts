import {
  type AddCosignaturesResponse,
  type GetCheckpointForWitnessResponse,
  JournalServiceClient,
} from '../generated/portcullis/v1/journal.ts';
import { callStation, printable } from './client.ts';
import { type Arguments, CommandFailed, type Output, UsageError } from './command.ts';

/** A witness's answer is a line or two. */
const answerMost = 65_536;
const patience = 30_000;

/**
 * The courier's round to one witness (C2SP tlog-witness, add-checkpoint): asks the station what to send, posts it, and hands back what
 * the witness signed. A witness that remembers another size than the station is asked again from there.
 */
export async function carryToWitness(given: Arguments, output: Output): Promise<number> {
  const witness = given.required('witness');
  const url = addCheckpoint(given.required('url'));
  let oldSize: bigint | undefined;
  for (let round = 0; round < 2; round++) {
    const { body, size } = await callStation<JournalServiceClient, GetCheckpointForWitnessResponse>(
      given,
      JournalServiceClient,
      (client, metadata, call, answer) => client.getCheckpointForWitness({ witness, oldSize }, metadata, call, answer),
      'listen',
    );
    const answer = await post(url, body);
    if (answer.status === 200) {
      const { cosignatures } = await callStation<JournalServiceClient, AddCosignaturesResponse>(
        given,
        JournalServiceClient,
        (client, metadata, call, settle) =>
          client.addCosignatures({ size, signatures: answer.body }, metadata, call, settle),
        'listen',
      );
      for (const one of cosignatures)
        output.out(`${printable(one.witness)} cosigned ${one.size} entries at ${one.time?.toISOString() ?? 'no time'}`);
      return 0;
    }
    const [, seen] = /^(0|[1-9][0-9]{0,15})\n$/.exec(answer.body) ?? [];
    if (answer.status !== 409 || seen === undefined || BigInt(seen) === oldSize)
      throw new CommandFailed(
        `the witness at ${url} answered ${answer.status}: ${printable(answer.body.slice(0, 200))}`,
      );
    oldSize = BigInt(seen);
  }
  throw new CommandFailed(`the witness at ${url} keeps answering 409: another courier is at it, ask again`);
}

function addCheckpoint(prefix: string): string {
  let url: URL;
  try {
    url = new URL('add-checkpoint', prefix.endsWith('/') ? prefix : `${prefix}/`);
  } catch {
    throw new UsageError('--url is no URL');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new UsageError('--url is neither https nor http');
  return url.href;
}

async function post(url: string, body: string): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
    });
    return { status: response.status, body: await bounded(response) };
  } catch (error) {
    const why =
      error instanceof Error
        ? `${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''}`
        : String(error);
    throw new CommandFailed(`the witness at ${url} can't be asked: ${why}`, { cause: error });
  }
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > answerMost) throw new Error(`its answer is longer than ${answerMost} bytes`);
    parts.push(part);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
}
