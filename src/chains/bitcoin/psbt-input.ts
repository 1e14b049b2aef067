import { hash } from 'node:crypto';
import { equalBytes } from '../../domain/index.ts';
import { hash160, sha256 } from './hashes.ts';
import type { Entry } from './key-map.ts';
import {
  type Derivation,
  derivationOf,
  named,
  ofLength,
  onlyOne,
  publicKeyData,
  tapDerivationOf,
  u32Value,
  wholeValue,
} from './psbt-field.ts';
import { lockTimeThreshold } from './psbt-lock.ts';
import { type Previous, readOutput, readPrevious, type TransactionOutput } from './transaction.ts';
import { hash256, Reader, undecodable } from './wire.ts';

/** What a PSBT says of an input, beside what the transaction itself says. */
export interface PsbtInput {
  readonly previous: Previous | undefined;
  readonly witnessUtxo: TransactionOutput | undefined;
  readonly sighash: number | undefined;
  readonly redeemScript: Uint8Array | undefined;
  readonly witnessScript: Uint8Array | undefined;
  readonly derivations: readonly Derivation[];
  readonly tapDerivations: readonly Derivation[];
  readonly tapInternalKey: Uint8Array | undefined;
  /** The entry that holds a signature or a final script, where there is one. */
  readonly signed: string | undefined;
}

/** What only version 2 says here (BIP-370). */
export interface OwnOfInput {
  readonly txid: Uint8Array;
  readonly vout: number;
  readonly sequence: number | undefined;
  readonly time: number | undefined;
  readonly height: number | undefined;
}

export type InputVersion = { readonly version: 0; readonly vout: number } | { readonly version: 2 };

/** `beyond` gets what is valid, but in no transaction of this station. Throws Refusal `transaction-undecodable`. */
export function readInput(
  entries: readonly Entry[],
  place: string,
  of: InputVersion,
  beyond: string[],
): { readonly input: PsbtInput; readonly own: OwnOfInput } {
  const single = new Map<number, Entry>();
  const derivations: Derivation[] = [];
  const tapDerivations: Derivation[] = [];
  let signed: string | undefined;
  for (const entry of entries) {
    if (of.version === 0 && entry.type >= 0x0e && entry.type <= 0x12)
      throw undecodable(`${named(entry, place)} is not of version 0`);
    switch (entry.type) {
      case 0x02: // PSBT_IN_PARTIAL_SIG
        publicKeyData(entry, place);
        signed ??= named(entry, place);
        break;
      case 0x06: // PSBT_IN_BIP32_DERIVATION
        derivations.push(derivationOf(entry, place));
        break;
      case 0x07: // PSBT_IN_FINAL_SCRIPTSIG
        onlyOne(entry, place);
        signed ??= named(entry, place);
        break;
      case 0x08: // PSBT_IN_FINAL_SCRIPTWITNESS
        expectWitness(onlyOne(entry, place), named(entry, place));
        signed ??= named(entry, place);
        break;
      case 0x0a: // PSBT_IN_RIPEMD160
      case 0x0b: // PSBT_IN_SHA256
      case 0x0c: // PSBT_IN_HASH160
      case 0x0d: // PSBT_IN_HASH256
        expectPreimage(entry, place);
        beyond.push(named(entry, place));
        break;
      case 0x13: // PSBT_IN_TAP_KEY_SIG
        onlyOne(entry, place);
        ofLength(entry, place, 64, 65);
        signed ??= named(entry, place);
        break;
      case 0x14: // PSBT_IN_TAP_SCRIPT_SIG
        if (entry.data.length !== 64)
          throw undecodable(`${named(entry, place)} holds ${entry.data.length} bytes, not a key and a leaf hash`);
        ofLength(entry, place, 64, 65);
        signed ??= named(entry, place);
        break;
      case 0x15: // PSBT_IN_TAP_LEAF_SCRIPT
        expectLeaf(entry, place);
        beyond.push(named(entry, place));
        break;
      case 0x16: // PSBT_IN_TAP_BIP32_DERIVATION
        tapDerivations.push(tapDerivationOf(entry, place));
        break;
      case 0x18: // PSBT_IN_TAP_MERKLE_ROOT
        wholeValue(entry, place, 32);
        beyond.push(named(entry, place));
        break;
      case 0x00: // PSBT_IN_NON_WITNESS_UTXO
      case 0x01: // PSBT_IN_WITNESS_UTXO
      case 0x03: // PSBT_IN_SIGHASH_TYPE
      case 0x04: // PSBT_IN_REDEEM_SCRIPT
      case 0x05: // PSBT_IN_WITNESS_SCRIPT
      case 0x0e: // PSBT_IN_PREVIOUS_TXID
      case 0x0f: // PSBT_IN_OUTPUT_INDEX
      case 0x10: // PSBT_IN_SEQUENCE
      case 0x11: // PSBT_IN_REQUIRED_TIME_LOCKTIME
      case 0x12: // PSBT_IN_REQUIRED_HEIGHT_LOCKTIME
      case 0x17: // PSBT_IN_TAP_INTERNAL_KEY
        onlyOne(entry, place);
        single.set(entry.type, entry);
        break;
      default:
        beyond.push(named(entry, place));
    }
  }
  const number = (type: number): number | undefined => {
    const entry = single.get(type);
    return entry === undefined ? undefined : u32Value(entry, place);
  };
  const own = of.version === 0 ? { ...noneOwn, vout: of.vout } : ownOf(single, number, place);
  const previous = single.get(0x00);
  const witnessUtxo = single.get(0x01);
  const internalKey = single.get(0x17);
  const input = {
    previous:
      previous === undefined
        ? undefined
        : readPrevious(previous.value, own.vout, `the previous transaction of ${place}`),
    witnessUtxo: witnessUtxo === undefined ? undefined : outputOf(witnessUtxo, place),
    sighash: number(0x03),
    redeemScript: single.get(0x04)?.value,
    witnessScript: single.get(0x05)?.value,
    derivations,
    tapDerivations,
    tapInternalKey: internalKey === undefined ? undefined : wholeValue(internalKey, place, 32),
    signed,
  };
  return { input, own };
}

const noneOwn = { txid: new Uint8Array(0), sequence: undefined, time: undefined, height: undefined };

function ownOf(
  single: ReadonlyMap<number, Entry>,
  number: (type: number) => number | undefined,
  place: string,
): OwnOfInput {
  const txid = single.get(0x0e);
  if (txid === undefined) throw undecodable(`${place} names no previous transaction (0e)`);
  const vout = number(0x0f);
  if (vout === undefined) throw undecodable(`${place} names no output of its previous transaction (0f)`);
  const [time, height] = [number(0x11), number(0x12)];
  if (time !== undefined && time < lockTimeThreshold)
    throw undecodable(`${place} requires the time ${time}, which is below ${lockTimeThreshold}`);
  if (height !== undefined && (height === 0 || height >= lockTimeThreshold))
    throw undecodable(`${place} requires the height ${height}, which is not from 1 to ${lockTimeThreshold - 1}`);
  return { txid: wholeValue(txid, place, 32), vout, sequence: number(0x10), time, height };
}

function outputOf(entry: Entry, place: string): TransactionOutput {
  const reader = new Reader(entry.value, named(entry, place));
  const output = readOutput(reader);
  reader.end();
  return output;
}

function expectWitness(value: Uint8Array, what: string): void {
  const reader = new Reader(value, what);
  const items = reader.compactSize();
  for (let i = 0; i < items; i++) reader.bytes();
  reader.end();
}

/** BIP-371: the key is a control block, 33 bytes and 32 for each step; the value a script and its leaf version. */
function expectLeaf(entry: Entry, place: string): void {
  const steps = (entry.data.length - 33) / 32;
  if (!Number.isInteger(steps) || steps < 0 || steps > 128)
    throw undecodable(`${named(entry, place)} holds ${entry.data.length} bytes, no control block (BIP-341)`);
  if (entry.value.length === 0) throw undecodable(`${named(entry, place)} has no leaf version`);
}

/** BIP-174: the key is the hash of the value. */
function expectPreimage(entry: Entry, place: string): void {
  const { type, data, value } = entry;
  const made = hashes[type]?.(value);
  if (made === undefined || !equalBytes(made, data))
    throw undecodable(`${named(entry, place)} is not the hash of its value`);
}

const hashes: Readonly<Record<number, (value: Uint8Array) => Uint8Array>> = {
  10: (value) => Uint8Array.from(hash('ripemd160', value, 'buffer')),
  11: sha256,
  12: hash160,
  13: hash256,
};
