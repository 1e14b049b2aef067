import { type CredentialKey, parseCoseKey } from './cose-key.ts';

/**
 * Parsed keys by their COSE bytes, the least recently used given up first. Importing a key costs as much again as checking a
 * signature with it, and the same customers come back. Keys are pure functions of their bytes, so nothing can go stale.
 */
export class KeyCache {
  readonly #limit: number;
  readonly #keys = new Map<string, CredentialKey>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Throws `Refusal` `attestation-invalid` where the bytes are no key; such bytes are not remembered. */
  get(coseKey: Uint8Array): CredentialKey {
    const name = Buffer.from(coseKey.buffer, coseKey.byteOffset, coseKey.byteLength).toString('latin1');
    const known = this.#keys.get(name);
    const key = known ?? parseCoseKey(coseKey);
    if (known !== undefined) this.#keys.delete(name);
    else if (this.#keys.size >= this.#limit) this.#forgetOldest();
    this.#keys.set(name, key);
    return key;
  }

  #forgetOldest(): void {
    const { value } = this.#keys.keys().next();
    if (value !== undefined) this.#keys.delete(value);
  }
}
