import { keccak_256 } from '@noble/hashes/sha3.js';
import { StatusError, status } from '../../os/status.ts';
import { Calldata } from './calldata.ts';
import { RlpHead } from './rlp-head.ts';

/** The types that the app signs (EIP-2718), and their fields in order. Type 0 is a list without a type byte. */
// biome-ignore format: one type a row
const layouts = {
  0: ['list', 'nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'v', 'r', 's'],
  1: ['list', 'chainId', 'nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'accessList'],
  2: ['list', 'chainId', 'nonce', 'priorityFee', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'accessList'],
} as const;

export type TransactionType = keyof typeof layouts;
type Field = (typeof layouts)[TransactionType][number];

const isList = (field: Field): boolean => field === 'list' || field === 'accessList';

/** The longest that the app reads into a field; the others it skips over. */
const limits: Partial<Record<Field, number>> = {
  chainId: 32,
  nonce: 32,
  gasPrice: 32,
  gasLimit: 32,
  to: 20,
  value: 32,
  v: 8,
};

/**
 * Reads a transaction as its chunks come in, and hashes what it reads. It is as lenient as the app: it counts fields and
 * doesn't look at the outer list's length, so that bytes after the last field are left out of the hash and of the review.
 */
export class TransactionStream {
  readonly type: TransactionType;
  readonly calldata: Calldata;
  readonly #hash = keccak_256.create();
  readonly #fields: readonly Field[];
  readonly #values = new Map<Field, number[]>();
  #field = 0;
  #head = new RlpHead();
  /** What is left of the field that is being read; undefined between fields. */
  #left: number | undefined;

  /** @param blindSigning whether calldata that the app doesn't understand may go on */
  constructor(type: TransactionType, blindSigning: boolean) {
    this.type = type;
    this.#fields = layouts[type];
    this.calldata = new Calldata(blindSigning);
    if (type !== 0) this.#hash.update(Uint8Array.of(type));
  }

  /** True when the last field is complete. Throws 6a80 on what the app can't read. */
  push(chunk: Uint8Array): boolean {
    let rest = chunk;
    for (;;) {
      const field = this.#fields[this.#field];
      if (field === undefined) return true;
      if (this.#left === undefined) {
        const length = this.#readHead(field, rest);
        rest = rest.subarray(length.read);
        if (length.value === undefined) return false;
        this.#left = length.value;
      }
      rest = this.#readField(field, this.#left, rest);
      if (this.#left !== undefined) return false;
    }
  }

  /** Keccak-256 of the bytes read: what is signed. */
  digest(): Uint8Array {
    return this.#hash.clone().digest();
  }

  bytes(field: Field): Uint8Array {
    return Uint8Array.from(this.#values.get(field) ?? []);
  }

  number(field: Field): bigint {
    return this.bytes(field).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  }

  /** Legacy transactions carry it in v (EIP-155). Of a longer one the app knows the first eight bytes only. */
  get chainId(): bigint {
    return this.bytes(this.type === 0 ? 'v' : 'chainId')
      .subarray(0, 8)
      .reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  }

  #readHead(field: Field, bytes: Uint8Array): { readonly read: number; readonly value: number | undefined } {
    const read = this.#head.push(bytes);
    this.#hash.update(bytes.subarray(0, read));
    const head = this.#head.decoded;
    if (head === undefined) return { read, value: undefined };
    this.#head = new RlpHead();
    if (head.list !== isList(field)) throw new StatusError(status.incorrectData, `RLP: ${field} is of the wrong kind`);
    if (head.length > (limits[field] ?? Number.POSITIVE_INFINITY)) {
      throw new StatusError(status.incorrectData, `RLP: ${field} of ${head.length} bytes`);
    }
    // The list's own content is its fields, which follow.
    return { read, value: field === 'list' ? 0 : head.length };
  }

  /** Reads as much of the field as there is. A single byte below 0x80 is its own head, and not hashed again. */
  #readField(field: Field, left: number, bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, left);
    this.#hash.update(part);
    this.#take(field, part, left);
    this.#left = left === part.length ? undefined : left - part.length;
    if (this.#left === undefined) this.#field++;
    return bytes.subarray(part.length);
  }

  #take(field: Field, part: Uint8Array, left: number): void {
    if (field === 'data') {
      this.calldata.push(part, left, { to: this.bytes('to'), value: this.number('value') });
      return;
    }
    if (limits[field] === undefined) return;
    const value = this.#values.get(field) ?? [];
    value.push(...part);
    this.#values.set(field, value);
  }
}
