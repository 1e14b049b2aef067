import { type ChildProcess, fork } from 'node:child_process';
import type { Commands } from './server.ts';
import type { BenchHsm } from './station.ts';

/** The bench's handle on the process under test. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #next = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: { id: number; answer?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.answer);
      else waiting?.reject(new Error(`the process under test failed: ${message.error}`));
    });
    child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the process under test ended: ${code ?? signal}`));
      this.#waiting.clear();
    });
  }

  /** `slots`: customers, and calls in flight at most; `execArgv`: such as `--cpu-prof`, to see where the time goes; `hsm`: whose keys are wallets, too. */
  static async start(slots: number, execArgv: readonly string[], hsm?: BenchHsm): Promise<ServerProcess> {
    const args = [String(slots), ...(hsm === undefined ? [] : [JSON.stringify(hsm)])];
    const child = fork(new URL('./server.ts', import.meta.url), args, {
      serialization: 'advanced',
      execArgv: [...execArgv],
    });
    const server = new ServerProcess(child);
    // It says by itself, as answer 0, that its customers are ripe.
    await new Promise<unknown>((resolve, reject) => server.#waiting.set(0, { resolve, reject }));
    return server;
  }

  ask<C extends keyof Commands>(
    command: C,
    ...[ask]: Commands[C]['ask'] extends undefined ? [] : [Commands[C]['ask']]
  ): Promise<Commands[C]['answer']> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.#child.send({ id, command, ask });
    });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    await this.ask('close');
    await ended;
  }
}
