import type {
  AddressReview,
  KeyReading,
  Outcome,
  PolicyRegistration,
  Readiness,
  Signer,
} from '../src/signers/signer.ts';
import { isPermit, type Permit } from '../src/store/permit.ts';

/** Of what has no key to show. */
const noKeys = { kind: 'failed', reason: 'device-missing', message: 'not a device' } as const;

/**
 * A signer that costs nothing: it looks up signatures that were made beforehand, off the clock. They are real ones, since each
 * is verified before release (I7).
 */
export class FreeSigner implements Signer {
  readonly name: string;
  readonly keys = 'derived';
  readonly attended: boolean;
  readonly concurrency: number;
  readonly #signatures: ReadonlyMap<string, Uint8Array>;

  /** `signatures` by transaction id, r ‖ s; filled while the bench prepares its work. */
  constructor(name: string, attended: boolean, signatures: ReadonlyMap<string, Uint8Array>) {
    this.name = name;
    this.attended = attended;
    this.concurrency = attended ? 1 : 64;
    this.#signatures = signatures;
  }

  check(): Promise<Readiness> {
    return Promise.resolve({ ready: true, device: 'free' });
  }

  sign(permit: Permit): Promise<Outcome> {
    if (!isPermit(permit)) throw new Error('I1: a signer was asked without a permit');
    const signature = this.#signatures.get(permit.transaction);
    if (signature === undefined) throw new Error(`no signature was made for transaction ${permit.transaction}`);
    return Promise.resolve({ kind: 'signed', signature });
  }

  readKey(): Promise<KeyReading> {
    return Promise.resolve(noKeys);
  }

  createKey(): Promise<KeyReading> {
    return Promise.resolve(noKeys);
  }

  needsRegistration(): boolean {
    return false;
  }

  register(): Promise<PolicyRegistration> {
    return Promise.resolve(noKeys);
  }

  showAddress(): Promise<AddressReview> {
    return Promise.resolve(noKeys);
  }

  onChange(): () => void {
    return () => {};
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
