import { schnorr } from '@noble/curves/secp256k1.js';
import { concatBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { varint } from '../reader.ts';

/** SIGHASH flags (BIP-143, BIP-341). */
export const sighash = { default: 0, all: 1, none: 2, single: 3, anyoneCanPay: 0x80 } as const;

/** SHA-256, once, over one field of all inputs or over all outputs; BIP-143 hashes three of them again. */
export interface TransactionHashes {
  readonly prevouts: Uint8Array;
  readonly amounts: Uint8Array;
  readonly scripts: Uint8Array;
  readonly sequences: Uint8Array;
  readonly outputs: Uint8Array;
}

/** What every input's signature covers. Integers are as on the wire: little-endian. */
export interface TransactionFrame {
  readonly version: Uint8Array;
  readonly locktime: Uint8Array;
}

/** One input's own part. */
export interface SignedInput {
  /** Transaction id and output index, 36 bytes. */
  readonly outpoint: Uint8Array;
  readonly sequence: Uint8Array;
}

const zeros = new Uint8Array(32);
const doubleHash = (...parts: readonly Uint8Array[]): Uint8Array => sha256(sha256(concatBytes(...parts)));

export function uint32(n: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, n, true);
  return bytes;
}

/** A script as it is hashed: its length before it. */
export const withLength = (script: Uint8Array): Uint8Array => concatBytes(varint(script.length), script);

/** An output as a transaction carries it; the amount is eight bytes. */
export const outputBytes = (amount: Uint8Array, script: Uint8Array): Uint8Array =>
  concatBytes(amount, withLength(script));

/** BIP-143's script code of a P2WPKH program: the P2PKH script of the same hash. */
export const publicKeyHashCode = (hash: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(0x76, 0xa9, 0x14), hash, Uint8Array.of(0x88, 0xac));

/**
 * Before SegWit, SIGHASH_ALL only, as the app does.
 * @param at which of the inputs is signed, with `scriptCode`
 * @param outputs every output's bytes
 */
export function legacySighash(
  frame: TransactionFrame,
  inputs: readonly SignedInput[],
  at: number,
  scriptCode: Uint8Array,
  outputs: readonly Uint8Array[],
): Uint8Array {
  return doubleHash(
    frame.version,
    varint(inputs.length),
    ...inputs.flatMap(({ outpoint, sequence }, i) => [
      outpoint,
      i === at ? withLength(scriptCode) : varint(0),
      sequence,
    ]),
    varint(outputs.length),
    ...outputs,
    frame.locktime,
    uint32(sighash.all),
  );
}

/**
 * BIP-143.
 * @param amount eight bytes
 * @param ownOutput the bytes of the output beside this input, for SIGHASH_SINGLE
 */
export function segwitSighash(
  frame: TransactionFrame,
  hashes: TransactionHashes,
  input: SignedInput & { readonly scriptCode: Uint8Array; readonly amount: Uint8Array },
  type: number,
  ownOutput?: Uint8Array,
): Uint8Array {
  const alone = (type & sighash.anyoneCanPay) !== 0;
  const all = !restrictsOutputs(type);
  const single = (type & 0x1f) === sighash.single && ownOutput !== undefined;
  return doubleHash(
    frame.version,
    alone ? zeros : sha256(hashes.prevouts),
    alone || !all ? zeros : sha256(hashes.sequences),
    input.outpoint,
    withLength(input.scriptCode),
    input.amount,
    input.sequence,
    all ? sha256(hashes.outputs) : single ? doubleHash(ownOutput) : zeros,
    frame.locktime,
    uint32(type),
  );
}

const restrictsOutputs = (type: number): boolean => (type & 0x1f) === sighash.none || (type & 0x1f) === sighash.single;

/**
 * BIP-341, without an annex; with a leaf's hash BIP-342's extension, no code separator.
 * @param own what SIGHASH_ANYONECANPAY and SIGHASH_SINGLE cover instead of all
 */
export function taprootSighash(
  frame: TransactionFrame,
  hashes: TransactionHashes,
  index: number,
  type: number,
  own: { readonly input?: TaprootInput | undefined; readonly output?: Uint8Array | undefined },
  leafHash?: Uint8Array,
): Uint8Array {
  const { input, output } = own;
  return schnorr.utils.taggedHash(
    'TapSighash',
    Uint8Array.of(0, type),
    frame.version,
    frame.locktime,
    ...(input === undefined ? [hashes.prevouts, hashes.amounts, hashes.scripts, hashes.sequences] : []),
    restrictsOutputs(type) ? nothing : hashes.outputs,
    Uint8Array.of(leafHash === undefined ? 0 : 2),
    ...(input === undefined
      ? [uint32(index)]
      : [input.outpoint, input.amount, withLength(input.script), input.sequence]),
    output === undefined ? nothing : sha256(output),
    ...(leafHash === undefined ? [] : [leafHash, Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff)]),
  );
}

export interface TaprootInput extends SignedInput {
  /** Eight bytes. */
  readonly amount: Uint8Array;
  readonly script: Uint8Array;
}

const nothing = new Uint8Array(0);
