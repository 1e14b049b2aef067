import { Malformed } from '../domain/index.ts';
import { CallFailed, type Command, CommandFailed, type Output, UsageError } from './command.ts';

/**
 * By the word that asks for it, in the order in which they are listed. Each is loaded when it is asked for: together they are most of the
 * program, and loading that takes longer than what most of them do.
 */
export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['init', async () => (await import('./init.ts')).init],
  ['run', async () => (await import('./run.ts')).run],
  ['dev', async () => (await import('./run.ts')).dev],
  ['verify', async () => (await import('./verify.ts')).verify],
  ['journal', async () => (await import('./journal.ts')).journal],
  ['incident', async () => (await import('./incident.ts')).incident],
  ['doctor', async () => (await import('./doctor.ts')).doctor],
  ['backup', async () => (await import('./backup.ts')).backup],
  ['restore', async () => (await import('./restore.ts')).restore],
  ['restored', async () => (await import('./restored.ts')).restored],
  ['certificate', async () => (await import('./certificate.ts')).certificate],
  ['status', async () => (await import('./status.ts')).status],
  ['freeze', async () => (await import('./freeze.ts')).freeze],
  ['thaw', async () => (await import('./thaw.ts')).thaw],
  ['hold', async () => (await import('./hold.ts')).hold],
  ['act', async () => (await import('./act.ts')).act],
  ['operator', async () => (await import('./operator.ts')).operator],
  ['transaction', async () => (await import('./transaction.ts')).transaction],
  ['transfer', async () => (await import('./treasury.ts')).transfer],
  ['void', async () => (await import('./treasury.ts')).voiding],
  ['confirmed', async () => (await import('./treasury.ts')).confirmed],
  ['factors', async () => (await import('./factors.ts')).factors],
  ['onboarding', async () => (await import('./onboarding.ts')).onboarding],
  ['wallet', async () => (await import('./wallet.ts')).wallet],
  ['policy', async () => (await import('./policy.ts')).policy],
  ['prices', async () => (await import('./prices.ts')).prices],
  ['clock', async () => (await import('./clock.ts')).clock],
  ['advance', async () => (await import('./advance.ts')).advance],
]);

/** Runs one command line. Exit codes: 0 done, 1 refused, failed or found something wrong, 2 a command line that makes no sense. */
export async function runProgram(args: readonly string[], output: Output): Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined) return usage('no command is given', output);
  if (word === 'help' || word === '--help' || word === '-h') return help(rest, output);
  const load = commands.get(word);
  if (load === undefined) return usage(`there is no command ${JSON.stringify(word)}`, output);
  if (rest.includes('--help') || rest.includes('-h')) return help([word], output);
  try {
    const command = await load();
    return await command.run(rest, output);
  } catch (error) {
    if (error instanceof UsageError) return usage(`${word}: ${error.message}`, output, word);
    if (error instanceof CallFailed) {
      for (const line of error.lines) output.err(line);
      return 1;
    }
    output.err(`portcullis ${word}: ${saidOf(error)}`);
    return 1;
  }
}

function usage(message: string, output: Output, word = ''): number {
  output.err(`portcullis: ${message}; try "portcullis help${word === '' ? '' : ` ${word}`}"`);
  return 2;
}

async function help([word]: readonly string[], output: Output): Promise<number> {
  if (word === undefined) {
    const width = Math.max(...[...commands.keys()].map((name) => name.length));
    const listed = await Promise.all([...commands.values()].map((load) => load()));
    output.out('portcullis: a custody daemon that signs only what its owners approved');
    output.out('');
    for (const { name, summary } of listed) output.out(`  ${name.padEnd(width)}  ${summary}`);
    output.out('');
    output.out('"portcullis help COMMAND" tells more of one.');
    return 0;
  }
  const command = await commands.get(word)?.();
  if (command === undefined) return usage(`there is no command ${JSON.stringify(word)}`, output);
  output.out(command.help);
  return 0;
}

/** Errors that this program makes on purpose carry a message for a person; any other is its own mistake, told with its trace. */
function saidOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const meant = error instanceof CommandFailed || error instanceof Malformed || error.name === 'StoreUnusable';
  return meant ? error.message : (error.stack ?? error.message);
}
