import { Console } from 'node:console';
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { LedgerBackend } from './ledger/backend.ts';
import { DeviceFailure } from './ledger/failure.ts';
import { openBus } from './ledger/library.ts';
import { LineReader, ProtocolError } from './lines.ts';
import { encodeMessage, longestRequest, type Request, type Result } from './protocol.ts';
import { parseRequest } from './requests.ts';
import { Turn } from './turn.ts';

// The executable that holds a device for the daemon (design §5). Everything that it is told comes by stdin, everything that it
// says goes to stdout; when stdin closes, it ends.

/**
 * SIGKILL, because `process.exit` waits for ever on a USB read that is pending while a person thinks. For the same reason
 * there is no handler of SIGTERM: the default one ends the process, a handler that exits would hang it.
 */
function end(why?: string): void {
  if (why !== undefined) writeSync(2, `${why}\n`);
  process.kill(process.pid, 'SIGKILL');
}

// Whatever a library prints must not look like an answer.
globalThis.console = new Console(process.stderr, process.stderr);
process.on('uncaughtException', (error) => end(inspect(error)));

let backend: LedgerBackend | undefined;
const turn = new Turn();
const reader = new LineReader(longestRequest);

process.stdin.on('data', (chunk: Uint8Array) => {
  try {
    for (const line of reader.push(chunk)) receive(line);
  } catch (error) {
    end(error instanceof ProtocolError ? `asked for something unknown: ${error.message}` : inspect(error));
  }
});
process.stdin.on('end', () => end());
process.stdin.on('error', () => end());
process.stdout.on('error', () => end());

function receive(line: string): void {
  const request = parseRequest(line);
  if ((request.op === 'configure') !== (backend === undefined)) {
    throw new ProtocolError('the configuration comes first, and once');
  }
  if (request.op === 'configure') backend = new LedgerBackend(openBus(request));
  // One command at a time goes to a device, whatever is asked meanwhile.
  const answered = turn.run(async () => {
    const result = await perform(request).catch(failed);
    process.stdout.write(encodeMessage({ id: request.id, ...result }));
  });
  answered.catch((error: unknown) => end(inspect(error)));
}

async function perform(request: Request): Promise<Result> {
  return request.op === 'configure' || backend === undefined ? { result: 'configured' } : backend.perform(request);
}

function failed(error: unknown): Result {
  if (!(error instanceof DeviceFailure)) throw error;
  return {
    result: 'failure',
    reason: error.reason,
    message: error.message.replace(/[^\x20-\x7e]/g, '?').slice(0, 400),
  };
}
