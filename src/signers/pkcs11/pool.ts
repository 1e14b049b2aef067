import { type Answer, Child, type ChildOptions, type ChildProtocol } from '../child.ts';
import type { Failed } from '../signer.ts';
import type { LineLog } from '../stderr.ts';
import {
  type Asked,
  type DigestToSign,
  encode,
  longestMessage,
  type Operation,
  type Result,
  resultOf,
  type Signed,
} from './protocol.ts';
import { parseReply } from './replies.ts';

/** What is said to a child that loads a PKCS#11 module. */
export const pkcs11Protocol: ChildProtocol<Operation, Result> = {
  longestRequest: longestMessage,
  longestReply: longestMessage,
  encode,
  parse: (line) => {
    const { id, ...result } = parseReply(line);
    return { id, result };
  },
  answers: ({ op }, { result }) => result === resultOf[op],
};

/**
 * The most signatures that one message asks for: enough that messages cost little beside them, few enough that several children share
 * what waits, and that what a crash leaves uncertain is not much.
 */
const batch = 16;
/** How much of its deadline a message is to take, by how long signatures took lately. */
const share = 0.25;

interface Waiting {
  readonly item: DigestToSign;
  readonly settle: (signed: Signed | Failed) => void;
}

interface Worker {
  readonly child: Child<Operation, Result>;
  busy: boolean;
  /** The child's life in which it was logged in. */
  loggedIn: number | undefined;
}

export interface PoolOptions {
  readonly processes: number;
  readonly deadlines: { readonly sign: number };
  readonly child: Omit<ChildOptions<Operation, Result>, 'protocol'>;
  /** Monotonic, ms. */
  readonly now?: () => number;
}

/** The children of one token: what is to be signed goes to whichever is free, together with what waits beside it. */
export class Pool {
  readonly #workers: readonly Worker[];
  readonly #deadline: number;
  readonly #waiting: Waiting[] = [];
  /** What is to be asked of one child alone. */
  readonly #questions: ((worker: Worker) => Promise<void>)[] = [];
  /** F4: a PIN that the token refused is not tried again by any child, nor by one that was restarted. */
  #refused: Failed | undefined;
  readonly #now: () => number;
  /** F4: what a signature takes, ms; unknown before the first. A token that is slow, and lives, must not be taken for one that hangs. */
  #pace = Number.POSITIVE_INFINITY;

  constructor({ processes, deadlines, child, now = () => performance.now() }: PoolOptions) {
    this.#deadline = deadlines.sign;
    this.#now = now;
    const { configuration } = child;
    // What a module writes while it is being looked into may have the PIN in it.
    const log: LineLog = (line) =>
      child.log(configuration.op === 'configure' ? line.replaceAll(configuration.pin, '(the PIN)') : line);
    this.#workers = Array.from({ length: processes }, () => ({
      child: new Child({ ...child, log, protocol: pkcs11Protocol }),
      busy: false,
      loggedIn: undefined,
    }));
    this.onRestart(() => this.#go());
  }

  /** How many signatures are worth having on their way at once: one message for each child, and the next. */
  get room(): number {
    return 2 * batch * this.#workers.length;
  }

  sign(item: DigestToSign): Promise<Signed | Failed> {
    return new Promise((settle) => {
      this.#waiting.push({ item, settle });
      this.#go();
    });
  }

  ask(operation: Asked, deadline: number): Promise<Answer<Result> | Failed> {
    return new Promise((resolve) => {
      this.#questions.push(async (worker) => resolve(await this.#request(worker, operation, deadline)));
      this.#go();
    });
  }

  onRestart(listener: () => void): void {
    for (const { child } of this.#workers) child.onRestart(listener);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ child }) => child.close()));
  }

  #go(): void {
    for (const worker of this.#able()) {
      if (worker.busy || (!isLoggedIn(worker) && this.#someoneLogsIn())) continue;
      const question = this.#questions.shift();
      const together = question === undefined ? this.#waiting.splice(0, this.#together) : [];
      if (question === undefined && together.length === 0) return;
      worker.busy = true;
      const done = question === undefined ? this.#signTogether(worker, together) : question(worker);
      void done.finally(() => {
        worker.busy = false;
        this.#go();
      });
    }
  }

  /** As many as are surely signed within the deadline, the first alone. */
  get #together(): number {
    return Math.max(1, Math.min(batch, Math.floor((share * this.#deadline) / this.#pace)));
  }

  /** F4: a child that is down would answer at once that it is, to all that waits; where all are, it is to be said. */
  #able(): readonly Worker[] {
    const up = this.#workers.filter(({ child }) => child.life !== undefined);
    return up.length > 0 ? up : this.#workers;
  }

  /** F4: one child at a time tries the PIN, so that one that is wrong is tried once. */
  #someoneLogsIn(): boolean {
    return this.#workers.some((worker) => worker.busy && !isLoggedIn(worker));
  }

  async #signTogether(worker: Worker, together: readonly Waiting[]): Promise<void> {
    const begun = this.#now();
    const answer = await this.#request(worker, { op: 'sign', items: together.map(({ item }) => item) }, this.#deadline);
    const took = (this.#now() - begun) / together.length;
    if (answer.kind === 'deadline') this.#pace = Number.POSITIVE_INFINITY;
    // Slower counts at once, faster little by little.
    else if (answer.kind === 'result')
      this.#pace = Number.isFinite(this.#pace) ? Math.max(took, this.#pace * 0.75) : took;
    const all = signedIn(answer, together.length);
    for (const [i, { settle }] of together.entries()) settle(all[i] ?? otherAnswer);
  }

  async #request(worker: Worker, operation: Asked, deadline: number): Promise<Answer<Result> | Failed> {
    if (this.#refused !== undefined) return this.#refused;
    const { life } = worker.child;
    const answer = await worker.child.request(operation, deadline);
    const failures = answer.kind === 'result' ? failuresIn(answer.result) : [];
    if (answer.kind === 'result' && failures.length === 0) worker.loggedIn = life;
    const refused = failures.find(({ reason }) => reason === 'hsm-pin-refused' || reason === 'hsm-pin-locked');
    if (refused !== undefined) this.#refused ??= { kind: 'failed', reason: refused.reason, message: refused.message };
    return answer;
  }
}

function isLoggedIn({ child, loggedIn }: Worker): boolean {
  return loggedIn !== undefined && loggedIn === child.life;
}

const otherAnswer: Failed = {
  kind: 'failed',
  reason: 'signer-failed',
  message: 'the signer’s process gave another answer',
};

function failuresIn(result: Result): Extract<Signed, { reason: unknown }>[] {
  if (result.result === 'failure') return [{ reason: result.reason, message: result.message }];
  return result.result === 'signatures' ? result.items.filter((item) => 'reason' in item) : [];
}

function signedIn(answer: Answer<Result> | Failed, count: number): readonly (Signed | Failed)[] {
  const each = (failed: Failed): Failed[] => Array.from({ length: count }, () => failed);
  switch (answer.kind) {
    case 'failed':
      return each(answer);
    case 'down':
      return each({ kind: 'failed', reason: 'signer-failed', message: `${answer.message} (nothing was sent)` });
    case 'deadline':
      return each({ kind: 'failed', reason: 'device-timeout', message: 'the HSM did not sign in time' });
    case 'lost':
      return each({ kind: 'failed', reason: 'device-lost', message: answer.message });
    case 'result': {
      const { result } = answer;
      if (result.result === 'failure') return each({ kind: 'failed', reason: result.reason, message: result.message });
      // Fewer or more than were asked for: which is whose, nobody knows.
      return result.result === 'signatures' && result.items.length === count ? result.items : each(otherAnswer);
    }
  }
}
