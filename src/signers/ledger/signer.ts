import { type Reason, toHex, type Wallet, type WalletId } from '../../domain/index.ts';
import { isPermit, type Permit } from '../../store/permit.ts';
import { type Answer, Child } from '../child.ts';
import { type HostProcess, launchHost } from '../launch.ts';
import type { FailureReason } from '../protocol.ts';
import type { Outcome, Readiness, Signer } from '../signer.ts';
import type { LineLog } from '../stderr.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { Turn } from '../turn.ts';
import { judge } from './identity.ts';
import { parseEthereumPath } from './path.ts';
import { type Transport, transportAllowed } from './transport.ts';

export interface LedgerSignerOptions {
  readonly name: string;
  readonly transport: Transport;
  readonly deadlines: {
    /** To start the child, and to learn who a device is, ms. */
    readonly identify: number;
    /** For a person to review and sign, ms. */
    readonly sign: number;
  };
  /** How often a device that isn't ready is asked again, ms. */
  readonly poll?: number;
  /** How long to wait before a restart of the child, ms, by how many there were since it last answered. */
  readonly backOff?: (restarts: number) => number;
  readonly log: LineLog;
  readonly timers?: Timers;
  readonly spawn?: () => HostProcess;
}

const defaultPoll = 3_000;
/** From half a second, doubling, up to a minute. */
const doubling = (restarts: number) => Math.min(500 * 2 ** Math.min(restarts, 10), 60_000);

/** The largest transaction that Ethereum nodes pass on, bytes; far more than a person can review. */
const largestTransaction = 128 * 1024;

/** The failures by which a device says that it did not sign and won't; after all others it may have. */
const declines: ReadonlySet<FailureReason> = new Set(['device-refused', 'device-cannot-show']);

/**
 * All devices on USB share one turn: to find its own, a signer opens each and asks who it is, and a device that shows a review
 * must not be asked anything.
 */
const usbTurn = new Turn();

/** A signer whose keys are on Ledger devices, driven by a child process. */
export function createLedgerSigner(options: LedgerSignerOptions): Signer {
  return new LedgerSigner(options);
}

type NotReady = Extract<Readiness, { ready: false }>;

class LedgerSigner implements Signer {
  readonly name: string;
  readonly attended = true;
  readonly #transport: Transport;
  readonly #deadlines: LedgerSignerOptions['deadlines'];
  readonly #poll: number;
  readonly #timers: Timers;
  readonly #turn: Turn;
  readonly #child: Child;
  readonly #listeners = new Set<() => void>();
  /** The wallets whose device wasn't ready when it was last asked for, and why. */
  readonly #waiting = new Map<WalletId, { readonly wallet: Wallet; readonly reason: Reason }>();
  #cancelPoll: (() => void) | undefined;
  #closed = false;

  constructor({ name, transport, deadlines, log, spawn, ...rest }: LedgerSignerOptions) {
    this.name = name;
    this.#transport = transport;
    this.#deadlines = deadlines;
    this.#poll = rest.poll ?? defaultPoll;
    this.#timers = rest.timers ?? systemTimers;
    this.#turn = transport.transport === 'hid' ? usbTurn : new Turn();
    this.#child = new Child({
      start: spawn ?? (() => launchHost(transport.transport === 'hid')),
      configuration: { op: 'configure', ...transport },
      startDeadline: deadlines.identify,
      timers: this.#timers,
      backOff: rest.backOff ?? doubling,
      log,
    });
    this.#child.onRestart(() => this.#tell());
  }

  check(wallet: Wallet): Promise<Readiness> {
    this.#require(wallet);
    return this.#turn.run(async () => {
      const readiness = await this.#identify(wallet);
      this.#watch(wallet, readiness);
      return readiness;
    });
  }

  async sign(permit: Permit): Promise<Outcome> {
    if (!isPermit(permit))
      throw new TypeError('a signer takes a permit that the store’s commit returned, and nothing else (I1)');
    const { wallet, unsigned, tokenDescriptors } = permit;
    this.#require(wallet);
    if (unsigned.length > largestTransaction) {
      return {
        kind: 'declined',
        reason: 'device-cannot-show',
        message: `${unsigned.length} bytes are too many to review`,
      };
    }
    return this.#turn.run(async () => {
      // Another device may have taken the place of the one that was checked: nothing is sent before its key is seen (S6).
      const readiness = await this.#identify(wallet);
      this.#watch(wallet, readiness);
      if (!readiness.ready) {
        return { kind: 'uncertain', reason: readiness.reason, message: `${readiness.message} (nothing was sent)` };
      }
      const operation = { op: 'sign', path: wallet.path, unsigned: toHex(unsigned), tokenDescriptors } as const;
      const outcome = outcomeOf(await this.#child.request(operation, this.#deadlines.sign));
      if (outcome.kind === 'uncertain') this.#watch(wallet, { ...outcome, ready: false });
      return outcome;
    });
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelPoll?.();
    this.#listeners.clear();
    await this.#child.close();
  }

  /** What no configuration that was checked lets happen. */
  #require(wallet: Wallet): void {
    parseEthereumPath(wallet.path, `wallet ${wallet.id}: path`);
    if (!transportAllowed(this.#transport, wallet.chain)) {
      throw new Error(`wallet ${wallet.id}: an emulated device signs for test networks only, not for ${wallet.chain}`);
    }
  }

  async #identify(wallet: Wallet): Promise<Readiness> {
    const { path, publicKey } = wallet;
    const answer = await this.#child.request({ op: 'identify', path, publicKey }, this.#deadlines.identify);
    if (answer.kind === 'deadline') return notReady('device-timeout', 'the device did not say in time who it is');
    if (answer.kind !== 'result') return notReady('signer-failed', answer.message);
    const { result } = answer;
    if (result.result === 'failure') return notReady(result.reason, result.message);
    if (result.result !== 'identity') return notReady('signer-failed', 'the signer’s process gave another answer');
    const objection = judge(result, wallet);
    return objection === undefined
      ? { ready: true, device: `Ledger, ${result.app} ${result.version}` }
      : notReady(objection.reason, objection.message);
  }

  /** Asks for a device that isn't ready again and again, and tells when its state is another. */
  #watch(wallet: Wallet, readiness: Readiness): void {
    if (readiness.ready) this.#waiting.delete(wallet.id);
    else this.#waiting.set(wallet.id, { wallet, reason: readiness.reason });
    this.#schedulePoll();
  }

  #schedulePoll(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
    if (this.#waiting.size === 0 || this.#closed) return;
    this.#cancelPoll = this.#timers.after(this.#poll, () => void this.#askAgain());
  }

  async #askAgain(): Promise<void> {
    // Someone has the turn, perhaps for a review: never queue up behind it.
    if (this.#turn.busy) return this.#schedulePoll();
    let news = false;
    for (const { wallet, reason } of [...this.#waiting.values()]) {
      const readiness = await this.check(wallet);
      news ||= readiness.ready || readiness.reason !== reason;
    }
    if (news) this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function notReady(reason: Reason, message: string): NotReady {
  return { ready: false, reason, message };
}

/** Whatever isn't a signature or a clear no leaves a signature possible. */
function outcomeOf(answer: Answer): Outcome {
  if (answer.kind === 'deadline') {
    return { kind: 'uncertain', reason: 'device-timeout', message: 'nobody decided on the device in time' };
  }
  if (answer.kind !== 'result') return { kind: 'uncertain', reason: 'signer-failed', message: answer.message };
  const { result } = answer;
  switch (result.result) {
    case 'signature':
      return { kind: 'signed', signature: Uint8Array.from(Buffer.from(result.signature, 'hex')).slice(1) };
    case 'failure':
      return {
        kind: declines.has(result.reason) ? 'declined' : 'uncertain',
        reason: result.reason,
        message: result.message,
      };
    default:
      return { kind: 'uncertain', reason: 'signer-failed', message: 'the signer’s process gave another answer' };
  }
}
