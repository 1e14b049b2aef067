import { type ChainId, type KeyPlace, Malformed, type ScriptWallet, type Wallet } from '../../domain/index.ts';
import { isPermit, type Permit } from '../../store/permit.ts';
import { type Answer, Child } from '../child.ts';
import { type HostProcess, launchHost } from '../launch.ts';
import type { Identify, Identity, Operation, PinnedKey, ReadKey, Register, Result, ShowAddress } from '../protocol.ts';
import type {
  AddressPlace,
  AddressReview,
  Failed,
  KeyReading,
  Outcome,
  PolicyRegistration,
  Readiness,
  Signer,
} from '../signer.ts';
import type { LineLog } from '../stderr.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { Turn } from '../turn.ts';
import { addressOf, deviceOf, identityIn, outcomeOf, readingOf, registrationOf } from './answers.ts';
import { appOf } from './app.ts';
import { ledgerProtocol } from './child-protocol.ts';
import { checkPath } from './identify.ts';
import { judge, judgeApp } from './identity.ts';
import { registerOperation, showOperation, signOperation } from './operations.ts';
import { policyOf } from './policy.ts';
import { type Transport, transportAllowed } from './transport.ts';
import { Waiting } from './waiting.ts';
import { pinnedKey } from './wallet-key.ts';

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

/**
 * All devices on USB share one turn: to find its own, a signer opens each and asks who it is, and a device that shows a review
 * must not be asked anything.
 */
const usbTurn = new Turn();

/** A signer whose keys are on Ledger devices, driven by a child process. */
export function createLedgerSigner(options: LedgerSignerOptions): Signer {
  return new LedgerSigner(options);
}

class LedgerSigner implements Signer {
  readonly name: string;
  readonly attended = true;
  readonly keys = 'derived';
  readonly concurrency = 1;
  readonly #transport: Transport;
  readonly #deadlines: LedgerSignerOptions['deadlines'];
  readonly #turn: Turn;
  readonly #child: Child<Operation, Result>;
  readonly #listeners = new Set<() => void>();
  readonly #waiting: Waiting;

  constructor({ name, transport, deadlines, log, spawn, ...rest }: LedgerSignerOptions) {
    const timers = rest.timers ?? systemTimers;
    this.name = name;
    this.#transport = transport;
    this.#deadlines = deadlines;
    this.#turn = transport.transport === 'hid' ? usbTurn : new Turn();
    this.#child = new Child({
      protocol: ledgerProtocol,
      start: spawn ?? (() => launchHost(transport.transport === 'hid')),
      configuration: { op: 'configure', ...transport },
      startDeadline: deadlines.identify,
      timers,
      backOff: rest.backOff ?? doubling,
      log,
    });
    this.#waiting = new Waiting({
      timers,
      poll: rest.poll ?? defaultPoll,
      busy: () => this.#turn.busy,
      check: (wallet) => this.check(wallet),
      news: () => this.#tell(),
    });
    this.#child.onRestart(() => this.#tell());
  }

  check(wallet: Wallet): Promise<Readiness> {
    const pinned = this.#require(wallet);
    return this.#turn.run(() => this.#check(wallet, pinned));
  }

  async sign(permit: Permit): Promise<Outcome> {
    if (!isPermit(permit))
      throw new TypeError('a signer takes a permit that the store’s commit returned, and nothing else (I1)');
    if (permit.signer !== this.name) throw new Error(`a permit for ${permit.signer} came to ${this.name}`);
    const { wallet } = permit;
    const pinned = this.#require(wallet);
    const operation = signOperation(permit, pinned);
    if ('kind' in operation) return operation;
    return this.#turn.run(async () => {
      // Another device may have taken the place of the one that was checked: nothing is sent before its key is seen (S6).
      const readiness = await this.#check(wallet, pinned);
      if (!readiness.ready) {
        return { kind: 'uncertain', reason: readiness.reason, message: `${readiness.message} (nothing was sent)` };
      }
      const outcome = outcomeOf(await this.#child.request(operation, this.#deadlines.sign));
      if (outcome.kind === 'uncertain') this.#waiting.note(wallet, { ...outcome, ready: false });
      return outcome;
    });
  }

  async readKey(chain: ChainId, place: KeyPlace): Promise<KeyReading> {
    if (place.kind !== 'derived') throw new Malformed('key_id', `${this.name} derives its keys: name a path`);
    const { path } = place;
    const app = appOf(chain);
    checkPath(app, path);
    this.#requireTransport(chain, 'reading a key');
    return this.#turn.run(async () => {
      const identity = await this.#identity({ op: 'read-key', app, path });
      if ('kind' in identity) return identity;
      const objection = judgeApp(identity, app);
      return objection === undefined ? readingOf(identity) : { ...objection, kind: 'failed' };
    });
  }

  async createKey(): Promise<KeyReading> {
    throw new Malformed('signer', `${this.name} derives its keys from its device’s seed: read one at a path`);
  }

  needsRegistration(wallet: Wallet): boolean {
    return wallet.kind === 'script' && wallet.derives && policyOf(wallet).name !== '';
  }

  async register(wallet: ScriptWallet): Promise<PolicyRegistration> {
    return registrationOf(await this.#introduce(wallet, registerOperation(wallet, this.name)));
  }

  async showAddress(wallet: Wallet, place: AddressPlace): Promise<AddressReview> {
    return addressOf(await this.#introduce(wallet, showOperation(wallet, this.name, place)));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#waiting.close();
    this.#listeners.clear();
    await this.#child.close();
  }

  /** What no configuration that was checked lets happen. */
  #require(wallet: Wallet): PinnedKey {
    const pinned = pinnedKey(wallet, this.name);
    this.#requireTransport(wallet.chain, `wallet ${wallet.id}`);
    return pinned;
  }

  #requireTransport(chain: ChainId, what: string): void {
    if (!transportAllowed(this.#transport, chain)) {
      throw new Error(`${what}: an emulated device signs for test networks only, not for ${chain}`);
    }
  }

  /** Whether a wallet's device is ready; one that isn't is asked again until it is. */
  async #check(wallet: Wallet, pinned: PinnedKey): Promise<Readiness> {
    const readiness = await this.#identify(wallet, pinned);
    this.#waiting.note(wallet, readiness);
    return readiness;
  }

  async #identify(wallet: Wallet, pinned: PinnedKey): Promise<Readiness> {
    const identity = await this.#identity({ op: 'identify', ...pinned });
    if ('kind' in identity) return { ready: false, reason: identity.reason, message: identity.message };
    const objection = judge(identity, wallet, pinned);
    return objection === undefined ? { ready: true, device: deviceOf(identity) } : { ...objection, ready: false };
  }

  /** Has the device that holds a wallet's key show something of a wallet that isn't in policy yet. */
  #introduce(wallet: Wallet, operation: Register | ShowAddress): Promise<Answer<Result> | Failed> {
    const pinned = this.#require(wallet);
    return this.#turn.run(async () => {
      const readiness = await this.#identify(wallet, pinned);
      if (!readiness.ready) return { kind: 'failed', reason: readiness.reason, message: readiness.message };
      return this.#child.request(operation, this.#deadlines.sign);
    });
  }

  async #identity(operation: Identify | ReadKey): Promise<Identity | Failed> {
    return identityIn(await this.#child.request(operation, this.#deadlines.identify));
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
