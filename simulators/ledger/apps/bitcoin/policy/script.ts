import { concatBytes, numberToBytesBE } from '@noble/curves/utils.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { HostError } from '../host.ts';
import type { Combinator, Fragment, Key, MultiKey, Wrapper } from './fragment.ts';
import { isCombinator, isHashLock, isMultiKey, isWrapper } from './fragment.ts';

/** Gives a key of the template at the address in question, 33 bytes. The app asks the host each time. */
export type DerivedKeys = (key: Key) => Promise<Uint8Array>;

export const op = {
  zero: 0x00,
  one: 0x51,
  if: 0x63,
  notIf: 0x64,
  else: 0x67,
  endIf: 0x68,
  verify: 0x69,
  toAltStack: 0x6b,
  fromAltStack: 0x6c,
  ifDup: 0x73,
  dup: 0x76,
  swap: 0x7c,
  size: 0x82,
  equal: 0x87,
  equalVerify: 0x88,
  zeroNotEqual: 0x92,
  add: 0x93,
  boolAnd: 0x9a,
  boolOr: 0x9b,
  numEqual: 0x9c,
  ripemd160: 0xa6,
  sha256: 0xa8,
  hash160: 0xa9,
  hash256: 0xaa,
  checkSig: 0xac,
  checkMultiSig: 0xae,
  checkLockTime: 0xb1,
  checkSequence: 0xb2,
  checkSigAdd: 0xba,
} as const;

export const hash160 = (bytes: Uint8Array): Uint8Array => ripemd160(sha256(bytes));

/** What a script is for: tapscript has 32-byte keys. */
export type ScriptContext = 'sh' | 'sh-wsh' | 'wsh' | 'tapscript';

const plain: readonly string[] = ['multi', 'sortedmulti'];

/** Templates are parsed more widely than scripts are made. */
function isAllowed(kind: string, context: ScriptContext): boolean {
  if (context === 'sh') return kind === 'wpkh' || plain.includes(kind);
  return context === 'sh-wsh' ? plain.includes(kind) : true;
}

/**
 * The script of a fragment, each key asked for where it is written: the host sees that order.
 * @param verify whether its last opcode is to be a VERIFY, as under `v:`
 */
export async function makeScript(
  fragment: Fragment,
  keys: DerivedKeys,
  context: ScriptContext,
  verify = false,
): Promise<Uint8Array> {
  const { kind, children, number, hash = new Uint8Array(0) } = fragment;
  if (!isAllowed(kind, context)) throw new HostError(`${kind} in ${context}`);
  const last = (opcode: number): Uint8Array => Uint8Array.from(verify ? verified(opcode) : [opcode]);
  const child = (i: number, asVerify = false): Promise<Uint8Array> => {
    const found = children[i];
    if (found === undefined) throw new HostError(`${kind} without child ${i}`);
    return makeScript(found, keys, context, asVerify);
  };
  const key = async (): Promise<Uint8Array> => {
    const [only] = fragment.keys;
    if (only === undefined) throw new HostError(`${kind} without a key`);
    const bytes = await keys(only);
    return context === 'tapscript' ? bytes.slice(1) : bytes;
  };
  const keyHash = async (): Promise<Uint8Array> =>
    concatBytes(Uint8Array.of(op.dup, op.hash160), push(hash160(await key())), Uint8Array.of(op.equalVerify));

  if (isWrapper(kind)) return wrap(kind, child, last);
  if (isCombinator(kind)) return combine(kind, child, verify, last);
  if (isMultiKey(kind)) return multi(kind, fragment, keys, last);
  if (isHashLock(kind)) {
    const head = Uint8Array.of(op.size, 1, 32, op.equalVerify, op[kind]);
    return concatBytes(head, push(hash), last(op.equal));
  }
  switch (kind) {
    case '0':
      return last(op.zero);
    case '1':
      return last(op.one);
    case 'pk_k':
      return push(await key());
    case 'pk':
      return concatBytes(push(await key()), last(op.checkSig));
    case 'pk_h':
      return keyHash();
    case 'pkh':
      return concatBytes(await keyHash(), last(op.checkSig));
    case 'wpkh':
      return concatBytes(Uint8Array.of(op.zero), push(hash160(await key())));
    case 'older':
      return concatBytes(pushNumber(number), last(op.checkSequence));
    case 'after':
      return concatBytes(pushNumber(number), last(op.checkLockTime));
    case 'thresh': {
      const parts: Uint8Array[] = [];
      for (let i = 0; i < children.length; i++) {
        parts.push(await child(i));
        if (i > 0) parts.push(Uint8Array.of(op.add));
      }
      return concatBytes(...parts, pushNumber(number), last(op.equal));
    }
    default:
      throw new HostError(`${kind} inside a script`);
  }
}

/** Four opcodes have a VERIFY of their own, one above. */
const verified = (opcode: number): readonly number[] =>
  opcode === op.checkSig || opcode === op.checkMultiSig || opcode === op.numEqual || opcode === op.equal
    ? [opcode + 1]
    : [opcode, op.verify];

type Child = (i: number, asVerify?: boolean) => Promise<Uint8Array>;
type Last = (opcode: number) => Uint8Array;

async function wrap(kind: Wrapper, child: Child, last: Last): Promise<Uint8Array> {
  if (kind === 'v') return child(0, true);
  const x = await child(0);
  switch (kind) {
    case 'a':
      return concatBytes(Uint8Array.of(op.toAltStack), x, Uint8Array.of(op.fromAltStack));
    case 's':
      return concatBytes(Uint8Array.of(op.swap), x);
    case 'c':
      return concatBytes(x, last(op.checkSig));
    case 't':
      return concatBytes(x, last(op.one));
    case 'd':
      return concatBytes(Uint8Array.of(op.dup, op.if), x, last(op.endIf));
    case 'j':
      return concatBytes(Uint8Array.of(op.size, op.zeroNotEqual, op.if), x, last(op.endIf));
    case 'n':
      return concatBytes(x, last(op.zeroNotEqual));
    case 'l':
      return concatBytes(Uint8Array.of(op.if, op.zero, op.else), x, last(op.endIf));
    case 'u':
      return concatBytes(Uint8Array.of(op.if), x, Uint8Array.of(op.else, op.zero), last(op.endIf));
  }
}

async function combine(kind: Combinator, child: Child, verify: boolean, last: Last): Promise<Uint8Array> {
  const opcodes = (...codes: readonly number[]) => Uint8Array.from(codes);
  if (kind === 'or_i') {
    const x = await child(0);
    return concatBytes(opcodes(op.if), x, opcodes(op.else), await child(1), last(op.endIf));
  }
  const x = await child(0);
  switch (kind) {
    case 'and_v':
      return concatBytes(x, await child(1, verify));
    case 'and_b':
      return concatBytes(x, await child(1), last(op.boolAnd));
    case 'or_b':
      return concatBytes(x, await child(1), last(op.boolOr));
    case 'and_n':
      return concatBytes(x, opcodes(op.notIf, op.zero, op.else), await child(1), last(op.endIf));
    case 'or_c':
      return concatBytes(x, opcodes(op.notIf), await child(1), last(op.endIf));
    case 'or_d':
      return concatBytes(x, opcodes(op.ifDup, op.notIf), await child(1), last(op.endIf));
    case 'andor': {
      const otherwise = await child(2);
      return concatBytes(x, opcodes(op.notIf), otherwise, opcodes(op.else), await child(1), last(op.endIf));
    }
  }
}

async function multi(
  kind: MultiKey,
  { keys, number }: Fragment,
  derived: DerivedKeys,
  last: Last,
): Promise<Uint8Array> {
  const tap = kind === 'multi_a' || kind === 'sortedmulti_a';
  const sorted = kind === 'sortedmulti' || kind === 'sortedmulti_a';
  const parts: Uint8Array[] = [];
  const left = new Set(keys);
  for (const key of keys) {
    const bytes = sorted ? await smallest(left, derived, tap) : await derived(key);
    parts.push(push(tap ? bytes.slice(1) : bytes));
    if (tap) parts.push(Uint8Array.of(parts.length === 1 ? op.checkSig : op.checkSigAdd));
  }
  if (tap) return concatBytes(...parts, pushNumber(number), last(op.numEqual));
  return concatBytes(pushNumber(number), ...parts, pushNumber(keys.length), last(op.checkMultiSig));
}

/** Takes the smallest key out of those that are left. All of them are asked for again each time: the device has no room. */
async function smallest(left: Set<Key>, derived: DerivedKeys, tap: boolean): Promise<Uint8Array> {
  let best: { readonly key: Key; readonly bytes: Uint8Array } | undefined;
  const order = (bytes: Uint8Array): Uint8Array => (tap ? bytes.subarray(1) : bytes);
  for (const key of left) {
    const bytes = await derived(key);
    if (best === undefined || Buffer.compare(order(bytes), order(best.bytes)) < 0) best = { key, bytes };
  }
  if (best === undefined) throw new HostError('no key is left');
  left.delete(best.key);
  return best.bytes;
}

/** At most 75 bytes. */
export const push = (bytes: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(bytes.length), bytes);

/** The shortest way to push a number (BIP-62); little-endian with a sign bit. */
function pushNumber(number: number): Uint8Array {
  if (number <= 16) return Uint8Array.of(number === 0 ? op.zero : op.one - 1 + number);
  const bytes = numberToBytesBE(number, 5).reverse();
  const length = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const signed = (bytes[length - 1] ?? 0) >= 0x80;
  return push(bytes.slice(0, signed ? length + 1 : length));
}
