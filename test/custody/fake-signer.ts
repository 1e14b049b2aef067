import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { ChainId, KeyPlace, Wallet } from '../../src/domain/index.ts';
import type {
  AddressReview,
  KeyReading,
  NewKey,
  Outcome,
  PolicyRegistration,
  Readiness,
  Signer,
} from '../../src/signers/signer.ts';
import { isPermit, type Permit } from '../../src/store/permit.ts';

/** A test key: 32 bytes of 0x11. Worth nothing, known to everyone. */
export const testKey = new Uint8Array(32).fill(0x11);

/** The compressed public key of a test key, hex. */
export function publicKeyOf(key: Uint8Array): string {
  return Buffer.from(secp256k1.getPublicKey(key, true)).toString('hex');
}

/** What a device would do with a permit: by default it signs. */
export type Behaviour = (permit: Permit, signed: Outcome) => Outcome | Promise<Outcome>;

/** Of what has no key to show. */
const noKeys = { kind: 'failed', reason: 'device-missing', message: 'not a device' } as const;

/** A signer without a device: it costs nothing, remembers every permit that it saw, and can be told to misbehave. */
export class FakeSigner implements Signer {
  readonly name: string;
  /** False: one that asks nobody. */
  attended = true;
  keys: KeyPlace['kind'] = 'derived';
  concurrency = 1;
  readonly seen: Permit[] = [];
  readiness: Readiness = { ready: true, device: 'fake' };
  behaviour: Behaviour = (_permit, signed) => signed;
  readonly #key: Uint8Array;
  readonly #listeners = new Set<() => void>();

  constructor(name = 'fake', key: Uint8Array = testKey) {
    this.name = name;
    this.#key = key;
  }

  check(_wallet: Wallet): Promise<Readiness> {
    return Promise.resolve(this.readiness);
  }

  async sign(permit: Permit): Promise<Outcome> {
    if (!isPermit(permit)) throw new Error('I1: a signer was asked without a permit');
    if (!this.attended && !this.readiness.ready) {
      const { reason, message } = this.readiness;
      return { kind: 'uncertain', reason, message };
    }
    this.seen.push(permit);
    return this.behaviour(permit, { kind: 'signed', signature: this.signatureOf(permit) });
  }

  /** What its key makes of a permit. */
  protected signatureOf({ unsigned }: Permit): Uint8Array {
    return new Uint8Array(secp256k1.sign(keccak_256(unsigned), this.#key, { prehash: false }));
  }

  readKey(_chain?: ChainId, _place?: KeyPlace): Promise<KeyReading> {
    return Promise.resolve(noKeys);
  }

  createKey(_key: NewKey): Promise<KeyReading> {
    return Promise.resolve(noKeys);
  }

  /** Whether its device wants wallets of several keys registered. */
  registers = false;

  needsRegistration(wallet: Wallet): boolean {
    return this.registers && wallet.kind === 'script' && wallet.keys.length > 1;
  }

  register(): Promise<PolicyRegistration> {
    return Promise.resolve(noKeys);
  }

  showAddress(): Promise<AddressReview> {
    return Promise.resolve(noKeys);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The device may have come back. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
