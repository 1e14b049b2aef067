import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CommandFailed } from './command.ts';

/**
 * The program that stands in for a browser and its FIDO2 key, in tests: it comes with the source, as the emulators do, and is a
 * process of its own, so that nothing here knows it. It takes `{ kind, origin, options }` on stdin, the key's file as its argument,
 * and answers with the JSON that a browser would.
 */
const program = fileURLToPath(new URL('../../simulators/authenticator/operator-key.ts', import.meta.url));

/** Does one WebAuthn ceremony with a test key in a file. Returns the response's JSON, UTF-8. Throws `CommandFailed`. */
export async function softwareCeremony(
  file: string,
  request: { readonly kind: 'create' | 'get'; readonly origin: string; readonly options: object },
): Promise<Uint8Array> {
  if (!existsSync(program))
    throw new CommandFailed('--software: this installation has no software key; sign on the page');
  const child = spawn(process.execPath, [program, file], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  // A program that ended early took no request: its exit code tells.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(request));
  const [code, answer, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new CommandFailed(`--software: ${complaint.trim()}`);
  return Buffer.from(answer.trimEnd());
}

export const testKeyWarning =
  'A TEST KEY in software: whoever reads its file is this operator. For test networks only.';
