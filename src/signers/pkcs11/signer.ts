import secp256k1 from 'secp256k1/bindings.js';
import {
  type ChainId,
  encodeSignatures,
  type KeyPlace,
  Malformed,
  type Reason,
  toHex,
  tokenKeyOf,
  type Wallet,
} from '../../domain/index.ts';
import { isPermit, type Permit } from '../../store/permit.ts';
import type { Answer } from '../child.ts';
import type { HostProcess } from '../launch.ts';
import { launchPkcs11 } from '../launch.ts';
import { Waiting } from '../ledger/waiting.ts';
import type {
  AddressReview,
  Failed,
  KeyReading,
  NewKey,
  Outcome,
  PolicyRegistration,
  Readiness,
  Signer,
} from '../signer.ts';
import type { LineLog } from '../stderr.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { Pool } from './pool.ts';
import type { DigestToSign, PinnedTokenKey, Result, Signed, TokenName } from './protocol.ts';

export interface Pkcs11SignerOptions {
  readonly name: string;
  /** Absolute path of the vendor's module. */
  readonly module: string;
  readonly token: TokenName;
  /** A secret. */
  readonly pin: string;
  /** How many children load the module, each with a session of its own. */
  readonly processes: number;
  /** What the module reads of its environment; the child has nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  readonly deadlines: {
    /** To load the module and to look at its token, ms. */
    readonly identify: number;
    /** For one message's signatures, ms. */
    readonly sign: number;
  };
  /** How often a token that isn't ready is asked again, ms. */
  readonly poll?: number;
  /** How long to wait before a restart of a child, ms, by how many there were since it last answered. */
  readonly backOff?: (restarts: number) => number;
  readonly log: LineLog;
  readonly timers?: Timers;
  readonly spawn?: () => HostProcess;
}

const defaultPoll = 3_000;
/** From half a second, doubling, up to a minute. */
const doubling = (restarts: number) => Math.min(500 * 2 ** Math.min(restarts, 10), 60_000);

/** A signer whose keys are in a PKCS#11 token, and which asks nobody. */
export function createPkcs11Signer(options: Pkcs11SignerOptions): Signer {
  return new Pkcs11Signer(options);
}

class Pkcs11Signer implements Signer {
  readonly name: string;
  readonly attended = false;
  readonly keys = 'token';
  readonly concurrency: number;
  readonly #deadlines: Pkcs11SignerOptions['deadlines'];
  readonly #pool: Pool;
  readonly #listeners = new Set<() => void>();
  readonly #waiting: Waiting;

  constructor(options: Pkcs11SignerOptions) {
    const { name, module, token, pin, processes, environment, deadlines, log } = options;
    const timers = options.timers ?? systemTimers;
    this.name = name;
    this.#deadlines = deadlines;
    this.#pool = new Pool({
      processes,
      deadlines,
      child: {
        start: options.spawn ?? (() => launchPkcs11(environment)),
        configuration: { op: 'configure', module, token, pin },
        startDeadline: deadlines.identify,
        timers,
        backOff: options.backOff ?? doubling,
        log,
      },
    });
    this.concurrency = this.#pool.room;
    this.#waiting = new Waiting({
      timers,
      poll: options.poll ?? defaultPoll,
      busy: () => false,
      check: (wallet) => this.check(wallet),
      news: () => this.#tell(),
    });
    this.#pool.onRestart(() => this.#tell());
  }

  async check(wallet: Wallet): Promise<Readiness> {
    const readiness = await this.#identify(this.#require(wallet));
    this.#waiting.note(wallet, readiness);
    return readiness;
  }

  async sign(permit: Permit): Promise<Outcome> {
    if (!isPermit(permit))
      throw new TypeError('a signer takes a permit that the store’s commit returned, and nothing else (I1)');
    if (permit.signer !== this.name) throw new Error(`a permit for ${permit.signer} came to ${this.name}`);
    const { wallet, digests } = permit;
    const pinned = this.#require(wallet);
    if (digests.length === 0) throw new Error(`the permit for wallet ${wallet.id} names nothing to be signed`);
    const items = digests.map((digest): DigestToSign => ({ ...pinned, digest: toHex(digest) }));
    const signed = await Promise.all(items.map((item) => this.#pool.sign(item)));
    const outcome = outcomeOf(signed, wallet, pinned);
    if (outcome.kind === 'uncertain') this.#waiting.note(wallet, { ...outcome, ready: false });
    return outcome;
  }

  async readKey(_chain: ChainId, place: KeyPlace): Promise<KeyReading> {
    if (place.kind !== 'token')
      throw new Malformed('path', `${this.name} has keys of its own, and derives none: name a key by its CKA_ID`);
    return readingOf(await this.#pool.ask({ op: 'read-key', key: place.id }, this.#deadlines.identify));
  }

  async createKey({ id, label }: NewKey): Promise<KeyReading> {
    return readingOf(await this.#pool.ask({ op: 'create-key', key: id, label }, this.#deadlines.sign));
  }

  needsRegistration(): boolean {
    return false;
  }

  async register(wallet: Wallet): Promise<PolicyRegistration> {
    throw new Malformed(
      'signer',
      `${this.name} has no screen: nothing of wallet ${wallet.id} is to be registered on it`,
    );
  }

  async showAddress(): Promise<AddressReview> {
    throw new Malformed('signer', `${this.name} has no screen to show an address on`);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#waiting.close();
    this.#listeners.clear();
    await this.#pool.close();
  }

  #require(wallet: Wallet): PinnedTokenKey {
    const key = tokenKeyOf(wallet, this.name);
    if (key === undefined) throw new Malformed('signer', `wallet ${wallet.id} has no key of a token on ${this.name}`);
    return { key: key.id, publicKey: key.publicKey };
  }

  async #identify(pinned: PinnedTokenKey): Promise<Readiness> {
    const answer = await this.#pool.ask({ op: 'identify', keys: [pinned] }, this.#deadlines.identify);
    const result = resultIn(answer);
    if ('kind' in result) return { ready: false, reason: result.reason, message: result.message };
    if (result.result !== 'token') return { ready: false, reason: 'signer-failed', message: otherAnswer.message };
    const [fault] = result.faults;
    if (fault !== '') return { ready: false, reason: 'hsm-key-unfit', message: fault ?? otherAnswer.message };
    return { ready: true, device: result.device };
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

const otherAnswer: Failed = {
  kind: 'failed',
  reason: 'signer-failed',
  message: 'the signer’s process gave another answer',
};

/** As the port has it. Whatever isn't a signature for each digest leaves a signature possible: nobody was asked, so nobody said no. */
function outcomeOf(signed: readonly (Signed | Failed)[], wallet: Wallet, { publicKey }: PinnedTokenKey): Outcome {
  const signatures: Uint8Array[] = [];
  for (const one of signed) {
    if (!('signature' in one)) return { kind: 'uncertain', reason: one.reason, message: one.message };
    signatures.push(Uint8Array.from(Buffer.from(one.signature, 'hex')));
  }
  const [first] = signatures;
  if (wallet.kind === 'account' && first !== undefined) return { kind: 'signed', signature: first };
  const key = Uint8Array.from(Buffer.from(publicKey, 'hex'));
  const inputs: { input: number; key: Uint8Array; signature: Uint8Array }[] = [];
  for (const [input, signature] of signatures.entries()) {
    // What has no such form is no signature, and stays none: I7 judges it, as far as an input can hold it.
    const der = derOf(signature) ?? signature.subarray(0, longestDer);
    inputs.push({ input, key, signature: Uint8Array.from([...der, sighashAll]) });
  }
  return { kind: 'signed', signature: encodeSignatures(inputs) };
}

/** SIGHASH_ALL, the one type that is signed (B3). */
const sighashAll = 0x01;

/** Bytes of an ECDSA signature, without its sighash (BIP-66). */
const longestDer = 72;

/** DER of r ‖ s (BIP-66); undefined where they are out of range. */
function derOf(signature: Uint8Array): Uint8Array | undefined {
  try {
    return secp256k1.signatureExport(signature);
  } catch {
    return undefined;
  }
}

function readingOf(answer: Answer<Result> | Failed): KeyReading {
  const result = resultIn(answer);
  if ('kind' in result) return result;
  if (result.result !== 'key') return otherAnswer;
  const { device, label, serial, key, publicKey, attributes } = result;
  return { kind: 'token', device: `${device}, token ${label} (${serial})`, id: key, publicKey, attributes };
}

/** A result that is no failure; or the failure. */
export function resultIn(answer: Answer<Result> | Failed): Result | Failed {
  switch (answer.kind) {
    case 'failed':
      return answer;
    case 'result': {
      const { result } = answer;
      return result.result === 'failure' ? failed(result.reason, result.message) : result;
    }
    case 'deadline':
      return failed('device-timeout', 'the HSM did not answer in time');
    default:
      return failed('signer-failed', answer.message);
  }
}

function failed(reason: Reason, message: string): Failed {
  return { kind: 'failed', reason, message };
}
