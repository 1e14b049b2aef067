import { type ChainId, type KeyPlace, Malformed, type ScriptWallet, type Wallet } from '../../domain/index.ts';
import { isPermit, type Permit } from '../../store/permit.ts';
import { type Answer, Child } from '../child.ts';
import { type HostProcess, launchHost } from '../launch.ts';
import type {
  Identify,
  Identity,
  Operation,
  PinnedKey,
  ReadKey,
  Register,
  Result,
  ShowAddress,
  Sign,
} from '../protocol.ts';
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
import { addressOf, deviceOf, identityIn, isOver, outcomeOf, readingOf, registrationOf } from './answers.ts';
import { appOf } from './app.ts';
import { ledgerProtocol } from './child-protocol.ts';
import { checkPath } from './identify.ts';
import { judge, judgeApp } from './identity.ts';
import { registerOperation, showOperation, signOperation } from './operations.ts';
import { policyOf } from './policy.ts';
import { Reviews } from './reviews.ts';
import { type Transport, transportAllowed } from './transport.ts';
import { Waiting } from './waiting.ts';
import { pinnedKey } from './wallet-key.ts';

export interface LedgerSignerOptions {
  readonly name: string;
  readonly transport: Transport;
  readonly deadlines: {
    /** To start the child, ms. */
    readonly start: number;
    /** To learn who the connected devices are, ms. */
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
  /** Of all signers that see the same devices; those on USB share theirs where absent. */
  readonly reviews?: Reviews;
}

/** Where nobody decides: far above what a busy machine takes. A device that says nothing is left sooner (backend.ts). */
export const machineDeadlines = { start: 120_000, identify: 60_000 } as const;

const defaultPoll = 3_000;
/** From half a second, doubling, up to a minute. */
const doubling = (restarts: number) => Math.min(500 * 2 ** Math.min(restarts, 10), 60_000);

const usb = new Reviews();

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
  readonly #turn = new Turn();
  readonly #reviews: Reviews;
  readonly #child: Child<Operation, Result>;
  readonly #listeners = new Set<() => void>();
  readonly #waiting: Waiting;

  constructor({ name, transport, deadlines, log, spawn, ...rest }: LedgerSignerOptions) {
    const timers = rest.timers ?? systemTimers;
    this.name = name;
    this.#transport = transport;
    this.#deadlines = deadlines;
    this.#reviews = rest.reviews ?? (transport.transport === 'hid' ? usb : new Reviews());
    this.#child = new Child({
      protocol: ledgerProtocol,
      start: spawn ?? (() => launchHost(transport.transport === 'hid')),
      configuration: { op: 'configure', ...transport },
      startDeadline: deadlines.start,
      timers,
      backOff: rest.backOff ?? doubling,
      log,
    });
    this.#waiting = new Waiting({
      timers,
      poll: rest.poll ?? defaultPoll,
      busy: () => this.#turn.busy || this.#reviews.search.busy,
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
      const readiness = await this.#find(wallet, pinned);
      this.#waiting.note(wallet, readiness);
      if (!readiness.ready) {
        return { kind: 'uncertain', reason: readiness.reason, message: `${readiness.message} (nothing was sent)` };
      }
      const outcome = outcomeOf(await this.#show(operation));
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
      const identity = await this.#search(
        (skip) => ({ op: 'read-key', app, path, skip }),
        (said) => said,
      );
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
    this.#reviews.end(this);
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

  #identify(wallet: Wallet, pinned: PinnedKey): Promise<Readiness> {
    return this.#search(
      (skip) => ({ op: 'identify', ...pinned, skip }),
      (identity) => this.#judged(identity, wallet, pinned),
    );
  }

  /** As `#identify`; a device that is ready is from now on left out of others' searches, as it is to show something. */
  #find(wallet: Wallet, pinned: PinnedKey): Promise<Readiness> {
    return this.#search(
      (skip) => ({ op: 'identify', ...pinned, skip }),
      (identity) => {
        const readiness = this.#judged(identity, wallet, pinned);
        if (readiness.ready && 'at' in identity) this.#reviews.begin(this, identity.at);
        return readiness;
      },
    );
  }

  #judged(identity: Identity | Failed, wallet: Wallet, pinned: PinnedKey): Readiness {
    if ('kind' in identity) return { ready: false, reason: identity.reason, message: identity.message };
    const objection = judge(identity, wallet, pinned);
    return objection === undefined ? { ready: true, device: deviceOf(identity) } : { ...objection, ready: false };
  }

  /** Puts something before a person, on the device that was found. */
  async #show(operation: Sign | Register | ShowAddress): Promise<Answer<Result>> {
    const answer = await this.#child.request(operation, this.#deadlines.sign);
    // Unless the device itself ended it, it may be on the screen still: until this signer asks again, nobody does.
    if (answer.kind === 'result' && isOver(answer.result)) this.#reviews.end(this);
    return answer;
  }

  /** Has the device that holds a wallet's key show something of a wallet that isn't in policy yet. */
  #introduce(wallet: Wallet, operation: Register | ShowAddress): Promise<Answer<Result> | Failed> {
    const pinned = this.#require(wallet);
    return this.#turn.run(async () => {
      const readiness = await this.#find(wallet, pinned);
      if (!readiness.ready) return { kind: 'failed', reason: readiness.reason, message: readiness.message };
      // Nobody asks again by himself, who could end it later.
      return this.#show(operation).finally(() => this.#reviews.end(this));
    });
  }

  /** Asks the connected devices, but none on which a person decides for another signer. */
  async #search<T>(
    operation: (skip: readonly string[]) => Identify | ReadKey,
    found: (identity: Identity | Failed) => T,
  ): Promise<T> {
    // Others search while this child is not up yet.
    await this.#child.started;
    return this.#reviews.search.run(async () => {
      this.#reviews.end(this);
      const answer = await this.#child.request(operation(this.#reviews.ofOthers(this)), this.#deadlines.identify);
      const identity = identityIn(answer);
      // What it still waits for would come in the midst of something else, or never.
      if (answer.kind === 'result' && 'kind' in identity && identity.reason === 'device-timeout') {
        this.#child.renew('was left waiting by a device');
      }
      return found(identity);
    });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
