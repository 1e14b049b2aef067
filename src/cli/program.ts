import { Malformed } from '../domain/index.ts';
import { act } from './act.ts';
import { advance } from './advance.ts';
import { certificate } from './certificate.ts';
import { CallFailed } from './client.ts';
import { clock } from './clock.ts';
import { type Command, CommandFailed, type Output, UsageError } from './command.ts';
import { doctor } from './doctor.ts';
import { factors } from './factors.ts';
import { freeze } from './freeze.ts';
import { hold } from './hold.ts';
import { init } from './init.ts';
import { journal } from './journal.ts';
import { onboarding } from './onboarding.ts';
import { operator } from './operator.ts';
import { policy } from './policy.ts';
import { prices } from './prices.ts';
import { dev, run } from './run.ts';
import { status } from './status.ts';
import { thaw } from './thaw.ts';
import { transaction } from './transaction.ts';
import { confirmed, transfer, voiding } from './treasury.ts';
import { verify } from './verify.ts';
import { wallet } from './wallet.ts';

const commands: readonly Command[] = [
  init,
  run,
  dev,
  verify,
  journal,
  doctor,
  certificate,
  status,
  freeze,
  thaw,
  hold,
  act,
  operator,
  transaction,
  transfer,
  voiding,
  confirmed,
  factors,
  onboarding,
  wallet,
  policy,
  prices,
  clock,
  advance,
];

/** Runs one command line. Exit codes: 0 done, 1 refused, failed or found something wrong, 2 a command line that makes no sense. */
export async function runProgram(args: readonly string[], output: Output): Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined) return usage('no command is given', output);
  if (word === 'help' || word === '--help' || word === '-h') return help(rest, output);
  const command = commands.find(({ name }) => name === word);
  if (command === undefined) return usage(`there is no command ${JSON.stringify(word)}`, output);
  if (rest.includes('--help') || rest.includes('-h')) return help([word], output);
  try {
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

function help([word]: readonly string[], output: Output): number {
  if (word === undefined) {
    const width = Math.max(...commands.map(({ name }) => name.length));
    output.out('portcullis: a custody daemon that signs only what its owners approved');
    output.out('');
    for (const { name, summary } of commands) output.out(`  ${name.padEnd(width)}  ${summary}`);
    output.out('');
    output.out('"portcullis help COMMAND" tells more of one.');
    return 0;
  }
  const command = commands.find(({ name }) => name === word);
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
