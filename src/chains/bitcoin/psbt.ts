import { type Entry, magic, readMap } from './key-map.ts';
import { expectOrigin, named, onlyOne, u32Value } from './psbt-field.ts';
import { type PsbtInput, readInput } from './psbt-input.ts';
import { lockTimeOf, type RequiredLock } from './psbt-lock.ts';
import { type PsbtOutput, readOutputMap } from './psbt-output.ts';
import { expectInputs, expectOutputs, finalSequence, readUnsigned, type Transaction } from './transaction.ts';
import { Reader, undecodable } from './wire.ts';

// Partially signed transactions: BIP-174 (version 0) and BIP-370 (version 2), with BIP-371's fields. What is read here is valid by
// these documents; whether the station signs it is for spend.ts, output.ts and decode.ts to say.

export interface Psbt {
  /** In version 2 put together from the maps, with the lock time that BIP-370 determines. */
  readonly transaction: Transaction;
  readonly inputs: readonly PsbtInput[];
  readonly outputs: readonly PsbtOutput[];
  /** Entries whose meaning is unknown here, or that no transaction of this station has: which key, in which map. */
  readonly beyond: readonly string[];
}

/**
 * The largest request: 200 inputs (`transaction.ts`) whose previous transactions have 20 KB each, the size of one that pays 600. It bounds
 * what one call can take in time and memory.
 */
export const largestPsbt = 4 * 1024 * 1024;

/** Reads a PSBT whole. Throws Refusal `transaction-undecodable` for what the documents call invalid. */
export function readPsbt(bytes: Uint8Array): Psbt {
  if (bytes.length > largestPsbt) throw undecodable(`it has ${bytes.length} bytes, more than ${largestPsbt}`);
  if (magic.some((byte, i) => bytes[i] !== byte)) throw undecodable('it does not begin with 70736274ff (BIP-174)');
  const reader = new Reader(bytes, 'the PSBT');
  reader.take(magic.length);
  const beyond: string[] = [];
  const global = readGlobal(readMap(reader, 'the global map'), beyond);
  const psbt = global.version === 0 ? readVersion0(global, reader, beyond) : readVersion2(global, reader, beyond);
  reader.end();
  return psbt;
}

interface Global {
  readonly version: 0 | 2;
  readonly unsigned: Uint8Array | undefined;
  readonly txVersion: number | undefined;
  readonly fallbackLockTime: number | undefined;
  readonly inputCount: number | undefined;
  readonly outputCount: number | undefined;
}

function readGlobal(entries: readonly Entry[], beyond: string[]): Global {
  const place = 'the global map';
  const single = new Map<number, Entry>();
  for (const entry of entries) {
    const { type, data, value } = entry;
    switch (type) {
      case 0x00: // PSBT_GLOBAL_UNSIGNED_TX
      case 0x02: // PSBT_GLOBAL_TX_VERSION
      case 0x03: // PSBT_GLOBAL_FALLBACK_LOCKTIME
      case 0x04: // PSBT_GLOBAL_INPUT_COUNT
      case 0x05: // PSBT_GLOBAL_OUTPUT_COUNT
      case 0x06: // PSBT_GLOBAL_TX_MODIFIABLE
      case 0xfb: // PSBT_GLOBAL_VERSION
        onlyOne(entry, place);
        single.set(type, entry);
        break;
      case 0x01: // PSBT_GLOBAL_XPUB: says whose keys there may be; the wallet's descriptor says it better.
        if (data.length !== 78) throw undecodable(`${named(entry, place)} holds ${data.length} bytes, not 78 (BIP-32)`);
        expectOrigin(value, named(entry, place));
        break;
      default:
        beyond.push(named(entry, place));
    }
  }
  const number = (type: number): number | undefined => {
    const entry = single.get(type);
    return entry === undefined ? undefined : u32Value(entry, place);
  };
  const count = (type: number): number | undefined => {
    const entry = single.get(type);
    if (entry === undefined) return undefined;
    const reader = new Reader(entry.value, named(entry, place));
    const value = reader.compactSize();
    reader.end();
    return value;
  };
  const version = number(0xfb) ?? 0;
  if (version !== 0 && version !== 2) throw undecodable(`it is of version ${version}; there are 0 and 2`);
  const flags = single.get(0x06);
  if (flags !== undefined && flags.value.length !== 1)
    throw undecodable(`${named(flags, place)} has ${flags.value.length} bytes, not 1`);
  // BIP-370: what one version requires, the other must not have.
  const foreign = version === 0 ? [0x02, 0x03, 0x04, 0x05, 0x06] : [0x00];
  for (const type of foreign) {
    const entry = single.get(type);
    if (entry !== undefined) throw undecodable(`${named(entry, place)} is not of version ${version}`);
  }
  return {
    version,
    unsigned: single.get(0x00)?.value,
    txVersion: number(0x02),
    fallbackLockTime: number(0x03),
    inputCount: count(0x04),
    outputCount: count(0x05),
  };
}

function readVersion0({ unsigned }: Global, reader: Reader, beyond: string[]): Psbt {
  if (unsigned === undefined) throw undecodable('the global map has no unsigned transaction (00)');
  const transaction = readUnsigned(unsigned);
  const inputs = transaction.inputs.map(({ vout }, i) => {
    const place = `input ${i}`;
    return readInput(readMap(reader, place), place, { version: 0, vout }, beyond).input;
  });
  const outputs = transaction.outputs.map((_, i) => {
    const place = `output ${i}`;
    return readOutputMap(readMap(reader, place), place, 0, beyond).output;
  });
  return { transaction, inputs, outputs, beyond };
}

function readVersion2(global: Global, reader: Reader, beyond: string[]): Psbt {
  const { txVersion, inputCount, outputCount, fallbackLockTime = 0 } = global;
  if (txVersion === undefined) throw undecodable('the global map has no transaction version (02)');
  if (inputCount === undefined) throw undecodable('the global map has no count of inputs (04)');
  if (outputCount === undefined) throw undecodable('the global map has no count of outputs (05)');
  const inputs: PsbtInput[] = [];
  const spent: Transaction['inputs'][number][] = [];
  const locks: RequiredLock[] = [];
  for (let i = 0; i < expectInputs(inputCount); i++) {
    const place = `input ${i}`;
    const { input, own } = readInput(readMap(reader, place), place, { version: 2 }, beyond);
    inputs.push(input);
    spent.push({ txid: own.txid, vout: own.vout, sequence: own.sequence ?? finalSequence });
    locks.push({ time: own.time, height: own.height });
  }
  const outputs: PsbtOutput[] = [];
  const paid: Transaction['outputs'][number][] = [];
  for (let i = 0; i < expectOutputs(outputCount); i++) {
    const place = `output ${i}`;
    const { output, own } = readOutputMap(readMap(reader, place), place, 2, beyond);
    outputs.push(output);
    paid.push(own);
  }
  const lockTime = lockTimeOf(locks, fallbackLockTime);
  return { transaction: { version: txVersion, inputs: spent, outputs: paid, lockTime }, inputs, outputs, beyond };
}
