import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../config.ts';
import { type Command, CommandFailed, readArguments } from './command.ts';

/** Starts the real station. */
export const run: Command = {
  name: 'run',
  summary: 'run a station',
  help: `Usage: portcullis run --config FILE

Runs the station in the foreground until it is told to stop (SIGTERM, SIGINT). Its exit code is the daemon's.`,
  run(args) {
    const config = resolve(readArguments(args, { options: ['config'] }).required('config'));
    // Says what is wrong with the config here, before anything starts; the daemon reads it again itself.
    loadConfig(config);
    return startProcess(rootFile('daemon.ts'), ['--config', config]);
  },
};

/** Starts the emulated station. */
export const dev: Command = {
  name: 'dev',
  summary: 'run an emulated station: simulated time, emulated Ledgers, test networks only',
  help: `Usage: portcullis dev [OPTION…]

Brings up an emulated station and leaves it running: it prints where it listens, which certificates to use and a first command
to try. Nothing in it guards anything of worth. Where SoftHSM2 is installed it has an HSM, too, with the wallets hsm-1 and btc-hsm.
Options:
  --json         say where everything is as one line of JSON
  --quiet        no log
  --seed WORDS   the emulated Ledgers' seed, instead of the one that they always have
  --chain CHAIN  the chain of hot-1, a test network (eip155:31337)
  --bitcoin-chain CHAIN
                 the chain of btc-1, a test network (regtest, bip122:0f9188f13cb7b2c71f2a335e3a4fc328)
  --approvals ORIGIN
                 the page on which customers approve (http://localhost:7490, where npm run exchange serves one)
  --mfa-service  accept the tokens of a sample MFA service, too, in the place of a passkey (docs/api.md)
  --ledger URL   a Ledger emulator on this machine, such as Speculos, instead of the one that comes with it
  --bitcoin-ledger URL
                 the same for btc-1, with the app Bitcoin Test open

Without a person, for tests (docs/ci.md); each implies --json:
  --auto-approve      the Ledgers approve whatever they show
  --approve RULES     their buttons are pressed by these rules, a file in Speculos' automation format`,
  run: (args) => startProcess(rootFile('dev.ts'), args),
};

const forwarded = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR2'] as const;

function rootFile(name: string): string {
  return fileURLToPath(new URL(`../${name}`, import.meta.url));
}

/**
 * Runs one of the composition roots (src/daemon.ts, src/dev.ts) as a process, in this very Node, with this terminal. Resolves to
 * its exit code; 128 + n where signal n ended it. Node's inspector stays shut (threat S8): a signal to its parent is the one thing
 * that a signer's confined child can still send, and SIGUSR1 would open it.
 */
export function startProcess(file: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ['--disable-sigusr1', file, ...args], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => {
    // A terminal sends its own Ctrl-C to both; sent again it would count as a second one.
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    child.kill(signal);
  };
  for (const signal of forwarded) process.on(signal, forward);
  return new Promise<number>((done, failed) => {
    child.on('error', (error) =>
      failed(new CommandFailed(`could not start ${file}: ${error.message}`, { cause: error })),
    );
    child.on('close', (code, signal) => done(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  }).finally(() => {
    for (const signal of forwarded) process.off(signal, forward);
  });
}
