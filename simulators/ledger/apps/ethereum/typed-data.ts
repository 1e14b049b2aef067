import { concatBytes } from '@noble/curves/utils.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { StatusError, status } from '../../os/status.ts';
import { type Member, typeName } from './typed-data-type.ts';
import { encodeValue, showValue } from './typed-data-value.ts';

/** What the host must send next: a value's bytes, or how many elements an array has. */
type Due = 'value' | 'array';
type Walk<Result> = Generator<Due, Result, Uint8Array>;

const domainName = 'EIP712Domain';

/** A typed message (EIP-712) that the host describes, type by type and then field by field, and that the device hashes. */
export class TypedData {
  readonly #types = new Map<string, Member[]>();
  #defining: Member[] | undefined;
  #walk: Walk<void> | undefined;
  #due: Due | undefined;
  #hashes: Uint8Array[] = [];
  /** A value that comes in several commands. */
  #partial: { readonly length: number; readonly bytes: Uint8Array } | undefined;
  readonly #shown: { readonly domain: boolean; readonly pair: readonly [string, string] }[] = [];

  define(name: string): void {
    this.#defining = [];
    this.#types.set(name, this.#defining);
  }

  addMember(member: Member): void {
    if (this.#defining === undefined) throw new StatusError(status.incorrectData, 'a member of no struct');
    this.#defining.push(member);
  }

  /** Begins the domain, then the message. */
  begin(root: string): void {
    const due = this.#hashes.length;
    if (this.#due !== undefined || due > 1 || (due === 0) !== (root === domainName)) {
      throw new StatusError(status.incorrectData, `struct ${root} out of order`);
    }
    this.#walk = this.#root(root);
    this.#advance(this.#walk.next());
  }

  setArrayLength(data: Uint8Array): void {
    this.#resume('array', data);
  }

  /** Field data is length u16be ‖ bytes; where it is cut, the parts that follow are bytes alone. */
  addValue(data: Uint8Array, more: boolean): void {
    if (this.#partial === undefined) {
      if (data.length < 2) throw new StatusError(status.incorrectData, 'a field without its length');
      this.#partial = { length: (data[0] ?? 0) * 256 + (data[1] ?? 0), bytes: data.slice(2) };
    } else {
      this.#partial = { ...this.#partial, bytes: concatBytes(this.#partial.bytes, data) };
    }
    if (more) return;
    const { length, bytes } = this.#partial;
    this.#partial = undefined;
    if (bytes.length !== length)
      throw new StatusError(status.incorrectData, `a field of ${bytes.length} bytes, not ${length}`);
    this.#resume('value', bytes);
  }

  /** Undefined until domain and message are complete. */
  get message(): { readonly digest: Uint8Array; readonly messageHash: Uint8Array } | undefined {
    const [domain, messageHash] = this.#hashes;
    if (domain === undefined || messageHash === undefined) return undefined;
    return { digest: typedDigest(domain, messageHash), messageHash };
  }

  /** @param all the message's own fields too, not just the domain's */
  pairs(all: boolean): (readonly [string, string])[] {
    return this.#shown.filter(({ domain }) => domain || all).map(({ pair }) => pair);
  }

  #resume(what: Due, bytes: Uint8Array): void {
    if (this.#walk === undefined || this.#due !== what)
      throw new StatusError(status.incorrectData, `no ${what} is due`);
    this.#advance(this.#walk.next(bytes));
  }

  #advance({ done, value }: IteratorResult<Due, void>): void {
    this.#due = done === true || value === undefined ? undefined : value;
  }

  *#root(name: string): Walk<void> {
    this.#hashes = [...this.#hashes, yield* this.#struct(name)];
  }

  *#struct(name: string): Walk<Uint8Array> {
    const encoded: Uint8Array[] = [keccak_256(new TextEncoder().encode(this.#encodeType(name)))];
    for (const member of this.#members(name)) encoded.push(yield* this.#member(member, member.arrays.length));
    return keccak_256(concatBytes(...encoded));
  }

  *#member(member: Member, depth: number): Walk<Uint8Array> {
    const { base, name } = member;
    if (depth > 0) return yield* this.#array(member, depth);
    if (base.kind === 'struct') return yield* this.#struct(base.name);
    const value = yield 'value';
    this.#shown.push({ domain: this.#hashes.length === 0, pair: [name, showValue(base, value)] });
    return encodeValue(base, value);
  }

  *#array(member: Member, depth: number): Walk<Uint8Array> {
    const [length = 0] = yield 'array';
    const fixed = member.arrays[depth - 1];
    if (fixed !== undefined && fixed !== length) {
      throw new StatusError(status.incorrectData, `${length} elements in an array of ${fixed}`);
    }
    const elements: Uint8Array[] = [];
    for (let i = 0; i < length; i++) elements.push(yield* this.#member(member, depth - 1));
    return keccak_256(concatBytes(...elements));
  }

  #members(name: string): readonly Member[] {
    const members = this.#types.get(name);
    if (members === undefined) throw new StatusError(status.incorrectData, `struct ${name} isn’t defined`);
    return members;
  }

  /** EIP-712 encodeType: the struct, then those that it refers to, by name. */
  #encodeType(name: string): string {
    const referred = [...this.#referred(name, new Set([name]))].filter((other) => other !== name).sort();
    return [name, ...referred]
      .map((struct) => {
        const members = this.#members(struct).map((member) => `${typeName(member)} ${member.name}`);
        return `${struct}(${members.join(',')})`;
      })
      .join('');
  }

  #referred(name: string, seen: Set<string>): Set<string> {
    for (const { base } of this.#members(name)) {
      if (base.kind !== 'struct' || seen.has(base.name)) continue;
      seen.add(base.name);
      this.#referred(base.name, seen);
    }
    return seen;
  }
}

/** What is signed (EIP-712): keccak256(1901 ‖ domain separator ‖ hash of the message's struct). */
export function typedDigest(domainHash: Uint8Array, messageHash: Uint8Array): Uint8Array {
  return keccak_256(concatBytes(Uint8Array.of(0x19, 0x01), domainHash, messageHash));
}
