import { createHash } from 'node:crypto';
import type { ChainId, KeyPlace } from '../../src/domain/index.ts';
import type { KeyReading, NewKey } from '../../src/signers/signer.ts';
import { FakeSigner, publicKeyOf } from './fake-signer.ts';

const attributes = ['CKA_SENSITIVE true', 'CKA_EXTRACTABLE false'] as const;

/** A token without a module: its keys are test keys, each made of its name and id. */
export class TestToken extends FakeSigner {
  override readonly keys = 'token';
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  /** What it says of itself, with its serial number. */
  device: string;
  readonly #ids = new Set<string>();

  constructor(name: string) {
    super(name);
    this.device = `Test token 1.0, token ${name}`;
    this.attended = false;
  }

  /** The public key that it has, or would have, under an id. */
  publicKeyAt(id: string): string {
    return publicKeyOf(new Uint8Array(createHash('sha256').update(`test key ${this.name} ${id}`).digest()));
  }

  override async readKey(_chain?: ChainId, place?: KeyPlace): Promise<KeyReading> {
    const id = place?.kind === 'token' ? place.id : '';
    this.asked.push(`read ${id}`);
    if (!this.#ids.has(id)) return { kind: 'failed', reason: 'hsm-key-unfit', message: `the key ${id} is not there` };
    return this.#reading(id);
  }

  override async createKey({ id, label }: NewKey): Promise<KeyReading> {
    this.asked.push(`create ${id} ${label}`);
    this.#ids.add(id);
    return this.#reading(id);
  }

  #reading(id: string): KeyReading {
    return { kind: 'token', device: this.device, id, publicKey: this.publicKeyAt(id), attributes };
  }
}
