import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Reason, Refusal, toHex } from '../../domain/index.ts';
import { type HostProcess, launchPkcs11 } from '../launch.ts';
import type { LineLog } from '../stderr.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { Pool } from './pool.ts';
import type { Asked, KeepData, ReadData, Result, TokenName, Unwrap } from './protocol.ts';
import { resultIn } from './signer.ts';

export interface VaultOptions {
  readonly module: string;
  readonly token: TokenName;
  /** A secret. */
  readonly pin: string;
  readonly environment: Readonly<Record<string, string>>;
  /** To load the module, and for each answer, ms. */
  readonly deadline: number;
  readonly log: LineLog;
  readonly timers?: Timers;
  readonly backOff?: (restarts: number) => number;
  readonly spawn?: () => HostProcess;
}

/** SPKI of an Ed25519 key before its 32 bytes (RFC 8410). */
const spki = Buffer.from('302a300506032b6570032100', 'hex');

const doubling = (restarts: number): number => Math.min(500 * 2 ** Math.min(restarts, 10), 60_000);

/**
 * What the station itself has in a token: what unwraps its state key, what signs its journal, and the newest checkpoint. No wallet's key:
 * it signs no digest, so that it needs no permit, and a wallet's signer does nothing of this.
 */
export class Vault {
  /** One child, and the memory of a PIN that was refused (F4). */
  readonly #pool: Pool;
  readonly #deadline: number;

  constructor(options: VaultOptions) {
    const { module, token, pin, environment, deadline, log } = options;
    this.#deadline = deadline;
    this.#pool = new Pool({
      processes: 1,
      deadlines: { sign: deadline },
      child: {
        start: options.spawn ?? (() => launchPkcs11(environment)),
        configuration: { op: 'configure', module, token, pin },
        startDeadline: deadline,
        timers: options.timers ?? systemTimers,
        backOff: options.backOff ?? doubling,
        log,
      },
    });
  }

  /** What an RSA key of the token decrypts (RFC 8017 §7.1, RSAES-OAEP). Throws `Refusal` with the HSM's reason. */
  async unwrap(key: string, hash: Unwrap['hash'], wrapped: Uint8Array): Promise<Uint8Array> {
    const result = await this.#ask({ op: 'unwrap', key, hash, wrapped: toHex(wrapped) });
    if (result.result !== 'unwrapped') throw other();
    return Uint8Array.from(Buffer.from(result.plain, 'hex'));
  }

  /** The public half of an Ed25519 key. Throws `Refusal`. */
  async noteKey(key: string): Promise<KeyObject> {
    const result = await this.#ask({ op: 'read-ed25519', key });
    if (result.result !== 'note-key') throw other();
    const der = Buffer.concat([spki, Buffer.from(result.publicKey, 'hex')]);
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  }

  /** Ed25519 over the message, 64 bytes; verified before it is given out (S7). Throws `Refusal`. */
  async signNote(key: string, publicKey: KeyObject, message: Uint8Array): Promise<Uint8Array> {
    const result = await this.#ask({ op: 'sign-ed25519', key, message: toHex(message) });
    if (result.result !== 'note-signature') throw other();
    const signature = Uint8Array.from(Buffer.from(result.signature, 'hex'));
    if (verify(null, message, publicKey, signature)) return signature;
    throw new Refusal('signature-wrong', `the HSM's key ${key} gave a signature that does not verify`);
  }

  /** The data objects of a label. Throws `Refusal`. */
  async readData(label: string): Promise<Uint8Array[]> {
    return this.#data({ op: 'read-data', label });
  }

  /** Keeps a data object in the token, then destroys those that it comes instead of. Throws `Refusal`, also where the token has it not then. */
  async keepData(label: string, value: Uint8Array, instead: readonly Uint8Array[]): Promise<void> {
    const kept = await this.#data({ op: 'keep-data', label, value: toHex(value), instead: instead.map(toHex) });
    if (!kept.some((one) => toHex(one) === toHex(value)))
      throw new Refusal('signer-failed', `the HSM did not keep the data object ${label}`);
  }

  async #data(operation: ReadData | KeepData): Promise<Uint8Array[]> {
    const result = await this.#ask(operation);
    if (result.result !== 'data') throw other();
    return result.values.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #ask(operation: Asked): Promise<Result> {
    const result = resultIn(await this.#pool.ask(operation, this.#deadline));
    if ('kind' in result) throw refusal(result.reason, result.message);
    return result;
  }
}

function other(): Refusal {
  return refusal('signer-failed', 'the process of the HSM gave another answer');
}

function refusal(reason: Reason, message: string): Refusal {
  return new Refusal(reason, message);
}
