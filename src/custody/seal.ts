import { domainTag, Refusal, sha256, toHex } from '../domain/index.ts';
import { decrypt, encrypt, nonceLength, tagLength } from './aes-gcm.ts';

/** What a sealed thing is for: it cannot be put in the place of another. */
export type SealedPurpose =
  | 'signed-transaction'
  | 'transaction-parts'
  | 'wallet-registration'
  | 'code-secret'
  | 'code-enrolment';

/** Names a sealing key without giving it away: 16 hex digits. */
export type SealingKeyId = string & { readonly sealingKey: unique symbol };

const version = 2;
const idLength = 8;
/** Before the ciphertext: version, key id, nonce. */
const head = 1 + idLength + nonceLength;

/** formats.md, "Sealing": the first 8 bytes of SHA-256("portcullis/sealing-key/v1" ‖ 0x00 ‖ the key). */
export function sealingKeyId(key: Uint8Array): SealingKeyId {
  return toHex(sha256(domainTag('portcullis/sealing-key/v1'), key).subarray(0, idLength)) as SealingKeyId;
}

/** The id of the key that something was sealed under. Throws for bytes that are not of this format. */
export function sealedUnder(sealed: Uint8Array): SealingKeyId {
  if (sealed[0] !== version || sealed.length < head + tagLength) throw new Error('sealed bytes of an unknown version');
  return toHex(sealed.subarray(1, 1 + idLength)) as SealingKeyId;
}

/**
 * The keys that things are sealed under at rest, none of them derived from another: whoever has the database and the state key
 * still reads no secret in it. The first seals; the others only open what was sealed before the key was changed.
 */
export class Keyring {
  readonly current: SealingKeyId;
  readonly #keys: ReadonlyMap<SealingKeyId, Uint8Array>;
  readonly #key: Uint8Array;

  /** Newest first, each 32 random bytes. */
  constructor(keys: readonly Uint8Array[]) {
    const [newest] = keys;
    if (newest === undefined) throw new Error('there is no sealing key');
    for (const { length } of keys) if (length !== 32) throw new Error(`a sealing key has 32 bytes, this one ${length}`);
    this.#keys = new Map(keys.map((key) => [sealingKeyId(key), key]));
    if (this.#keys.size !== keys.length) throw new Error('a sealing key stands twice');
    this.#key = newest;
    this.current = sealingKeyId(newest);
  }

  /** Keys that seal nothing any more, newest first. */
  get former(): SealingKeyId[] {
    return [...this.#keys.keys()].filter((id) => id !== this.current);
  }

  has(id: SealingKeyId): boolean {
    return this.#keys.has(id);
  }

  /**
   * AES-256-GCM, bound to its purpose and to the row that it lies in. `nonce`: 12 fresh random bytes; NIST SP 800-38D §8.3 allows
   * 2³² of them under one key.
   */
  seal(purpose: SealedPurpose, row: string, plain: Uint8Array, nonce: Uint8Array): Uint8Array {
    const id = Buffer.from(this.current, 'hex');
    const sealed = encrypt(this.#key, nonce, associated(purpose, row), plain);
    return new Uint8Array(Buffer.concat([Uint8Array.of(version), id, nonce, sealed]));
  }

  /**
   * The inverse. Throws `Refusal` (`sealing-key-missing`) where the key is not at hand, and an error where the bytes were not
   * sealed for this purpose and row.
   */
  unseal(purpose: SealedPurpose, row: string, sealed: Uint8Array): Uint8Array {
    const id = sealedUnder(sealed);
    const key = this.#keys.get(id);
    if (key === undefined)
      throw new Refusal(
        'sealing-key-missing',
        `it is sealed under the key ${id}, which config.keys.sealing does not name`,
      );
    return decrypt(key, sealed.subarray(1 + idLength, head), associated(purpose, row), sealed.subarray(head));
  }
}

/** No purpose has a zero byte, so that purpose and row have one reading. */
function associated(purpose: SealedPurpose, row: string): Uint8Array {
  return Buffer.concat([domainTag('portcullis/seal/v2'), domainTag(purpose), Buffer.from(row, 'utf8')]);
}
