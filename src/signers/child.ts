import type { HostProcess } from './launch.ts';
import { LineReader, ProtocolError } from './lines.ts';
import { type LineLog, StderrLog } from './stderr.ts';
import type { Timers } from './timers.ts';

/** What is said to a child's executable, and what it may answer. */
export interface ChildProtocol<O extends { readonly op: string }, R extends Told> {
  /** Bytes a line. */
  readonly longestRequest: number;
  readonly longestReply: number;
  encode(request: O & { readonly id: number }): string;
  /** Throws ProtocolError. */
  parse(line: string): { readonly id: number; readonly result: R };
  /** Whether a result, which is no failure, is one of this operation. */
  answers(operation: O, result: R): boolean;
}

/** Whatever a child says. */
export type Told = { readonly result: string } & (
  | { readonly result: 'failure'; readonly message: string }
  | { readonly result: string }
);

export interface ChildOptions<O extends { readonly op: string }, R extends Told> {
  readonly protocol: ChildProtocol<O, R>;
  readonly start: () => HostProcess;
  readonly configuration: O;
  /** Within which a fresh child must have taken its configuration, ms. */
  readonly startDeadline: number;
  readonly timers: Timers;
  /** How long to wait before a restart, ms, by how many there were since the child last answered anything. */
  readonly backOff: (restarts: number) => number;
  readonly log: LineLog;
}

export type Answer<R> =
  | { readonly kind: 'result'; readonly result: R }
  /** Nothing was sent. */
  | { readonly kind: 'down'; readonly message: string }
  /** Was sent, and not answered in time; the child has been killed. */
  | { readonly kind: 'deadline' }
  /** Was sent; then the child died, or said what it may not say and has been killed. */
  | { readonly kind: 'lost'; readonly message: string };

/** Within which the pipes of a process that is gone must be closed, ms. */
const grace = 1_000;

/** One life of the child. What it says after its end counts for nothing. */
interface Life<O, R> {
  readonly process: HostProcess;
  /** Whether it took its configuration. */
  readonly started: Promise<boolean>;
  /** What was asked and is not answered yet. */
  pending: Pending<O, R> | undefined;
  /** Whether it closed its output: then it ends, or is ended. */
  silent: boolean;
  /** Why it is over, once it is. */
  over: string | undefined;
}

interface Pending<O, R> {
  readonly id: number;
  readonly operation: O;
  readonly settle: (answer: Answer<R>) => void;
}

/**
 * A signer's child seen from the daemon: one operation at a time, each with a deadline; killed when it misses one or breaks
 * the protocol, and started again only after the old process is gone, so that two never drive one device.
 */
export class Child<O extends { readonly op: string }, R extends Told> {
  readonly #options: ChildOptions<O, R>;
  readonly #listeners = new Set<() => void>();
  readonly #gone: (() => void)[] = [];
  #life: Life<O, R> | undefined;
  #lives = 0;
  #restarts = 0;
  #cancelRestart: (() => void) | undefined;
  #lastId = 0;
  #lastEnd = 'the signer’s process is not running';
  #occupied = false;
  #closed = false;

  constructor(options: ChildOptions<O, R>) {
    this.#options = options;
    this.#start();
  }

  /** Sends one operation. A second before the first is answered is a mistake of the caller's, and throws. */
  async request(operation: O, deadline: number): Promise<Answer<R>> {
    if (this.#occupied) throw new Error('a signer’s child does one thing at a time: wait for the answer');
    this.#occupied = true;
    try {
      const life = this.#life;
      if (life === undefined || !(await life.started) || life.over !== undefined) {
        return { kind: 'down', message: this.#lastEnd };
      }
      const answer = await this.#exchange(life, operation, deadline);
      if (answer.kind === 'result') this.#restarts = 0;
      return answer;
    } finally {
      this.#occupied = false;
    }
  }

  /** Calls back when a new child has taken the place of one that ended. */
  onRestart(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Which of its processes is there, counted from 1; undefined while none is: what it is asked then ends at once. */
  get life(): number | undefined {
    return this.#life === undefined || this.#life.over !== undefined ? undefined : this.#lives;
  }

  /** Whether it takes requests; resolves once that is known of one that has just begun. */
  get started(): Promise<boolean> {
    return this.#life?.started ?? Promise.resolve(false);
  }

  /** Has another take its place, as this one waits for what may never come. */
  renew(why: string): void {
    if (this.#life !== undefined) this.#end(this.#life, why);
  }

  /** Kills the child; resolves when its process is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRestart?.();
    this.#listeners.clear();
    const life = this.#life;
    if (life === undefined) return;
    const gone = new Promise<void>((resolve) => this.#gone.push(resolve));
    this.#end(life, 'the signer was closed');
    await gone;
  }

  #start(): void {
    const process = this.#spawn();
    if (process === undefined) {
      this.#restartLater();
      return;
    }
    const { promise: started, resolve } = Promise.withResolvers<boolean>();
    const life: Life<O, R> = { process, started, pending: undefined, silent: false, over: undefined };
    const again = this.#restarts > 0;
    this.#life = life;
    this.#lives += 1;
    this.#listen(life);
    void this.#exchange(life, this.#options.configuration, this.#options.startDeadline).then((answer) => {
      const configured = answer.kind === 'result' && answer.result.result === 'configured';
      if (!configured) this.#end(life, answer.kind === 'result' ? failureText(answer.result) : 'did not start');
      resolve(configured);
      if (configured && again) for (const listener of this.#listeners) listener();
    });
  }

  #spawn(): HostProcess | undefined {
    try {
      return this.#options.start();
    } catch (error) {
      this.#lastEnd = `the signer’s process could not be run: ${error instanceof Error ? error.message : String(error)}`;
      this.#options.log(this.#lastEnd);
      return undefined;
    }
  }

  #listen(life: Life<O, R>): void {
    const { process } = life;
    const reader = new LineReader(this.#options.protocol.longestReply);
    const stderr = new StderrLog(this.#options.log);
    process.stderr.on('data', (chunk: Uint8Array) => stderr.push(chunk));
    process.stdout.on('data', (chunk: Uint8Array) => {
      try {
        for (const line of reader.push(chunk)) this.#receive(life, line);
      } catch (error) {
        this.#end(life, `broke the protocol: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
    // A crash closes it too, and which signal it was comes with its end alone.
    process.stdout.on('end', () => {
      life.silent = true;
      process.kill('SIGKILL');
    });
    // A broken pipe: the end of the process tells the same, and more.
    process.stdin.on('error', () => undefined);
    // Where it could not be started, this comes first and `close` follows.
    process.on('error', (error) => this.#end(life, `could not be run: ${error.message}`));
    let cancel: (() => void) | undefined;
    const bury = (code: number | null, signal: string | null) => {
      cancel?.();
      const killed = life.silent && signal === 'SIGKILL';
      this.#end(life, killed ? 'was killed, or closed its output' : `ended (${signal ?? `exit ${code}`})`);
      this.#buried(life);
    };
    process.on('close', bury);
    // What it wrote last is read first: `close` follows at once, unless another process holds its pipes (F4).
    process.on('exit', (code, signal) => {
      cancel = this.#options.timers.after(grace, () => {
        for (const pipe of [process.stdin, process.stdout, process.stderr]) pipe.destroy();
        bury(code, signal);
      });
    });
  }

  #receive(life: Life<O, R>, line: string): void {
    const { id, result } = this.#options.protocol.parse(line);
    // A life that is over has nothing pending, so that what it says late ends here.
    const { pending } = life;
    if (pending === undefined || id !== pending.id)
      throw new ProtocolError(`an answer to nothing that was asked (${id})`);
    if (result.result !== 'failure' && !this.#options.protocol.answers(pending.operation, result)) {
      throw new ProtocolError(`${result.result} is no answer to ${pending.operation.op}`);
    }
    life.pending = undefined;
    pending.settle({ kind: 'result', result });
  }

  #exchange(life: Life<O, R>, operation: O, deadline: number): Promise<Answer<R>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { protocol } = this.#options;
    const line = protocol.encode({ ...operation, id });
    if (Buffer.byteLength(line) > protocol.longestRequest) {
      return Promise.resolve({ kind: 'down', message: 'the transaction is too large for the signer’s process' });
    }
    const { promise, resolve } = Promise.withResolvers<Answer<R>>();
    const cancel = this.#options.timers.after(deadline, () => {
      this.#end(life, `did not answer ${operation.op} in time`, { kind: 'deadline' });
    });
    const settle = (answer: Answer<R>) => {
      cancel();
      resolve(answer);
    };
    life.pending = { id, operation, settle };
    life.process.stdin.write(line);
    return promise;
  }

  /** Ends a life, for good: SIGKILL, as nothing gentler ends a process that waits for a USB device. */
  #end(
    life: Life<O, R>,
    why: string,
    answer: Answer<R> = { kind: 'lost', message: `the signer’s process ${why}` },
  ): void {
    if (life.over !== undefined) return;
    life.over = `the signer’s process ${why}`;
    this.#lastEnd = life.over;
    life.process.kill('SIGKILL');
    if (!this.#closed) this.#options.log(`the signer’s process ${why}; it is restarted`);
    const { pending } = life;
    life.pending = undefined;
    pending?.settle(answer);
  }

  #buried(life: Life<O, R>): void {
    if (this.#life !== life) return;
    this.#life = undefined;
    for (const resolve of this.#gone.splice(0)) resolve();
    if (!this.#closed) this.#restartLater();
  }

  #restartLater(): void {
    const wait = this.#options.backOff(this.#restarts);
    this.#restarts += 1;
    this.#cancelRestart = this.#options.timers.after(wait, () => this.#start());
  }
}

function failureText(result: Told): string {
  return result.result === 'failure' && 'message' in result
    ? `refused its configuration: ${result.message}`
    : 'did not start';
}
