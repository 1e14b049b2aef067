import { toHex } from '../../domain/index.ts';
import { compactSize, hash256, joined, Reader, sized, u32, u64, undecodable } from './wire.ts';

export interface Outpoint {
  /** As it is hashed; people see it reversed (`shownTxid`). */
  readonly txid: Uint8Array;
  readonly vout: number;
}

export interface TransactionInput extends Outpoint {
  readonly sequence: number;
}

export interface TransactionOutput {
  /** Satoshi. */
  readonly amount: bigint;
  readonly script: Uint8Array;
}

/** A transaction that is yet to be signed: no scriptSigs, no witnesses. */
export interface Transaction {
  readonly version: number;
  readonly inputs: readonly TransactionInput[];
  readonly outputs: readonly TransactionOutput[];
  readonly lockTime: number;
}

/** No more exists: 21 million bitcoin, in satoshi (Bitcoin Core, `MAX_MONEY`). */
export const maxMoney = 2_100_000_000_000_000n;

/** The sequence that opts out of lock time, replacement and relative locks. */
export const finalSequence = 0xffff_ffff;

/** A transaction's name as people and nodes write it. */
export function shownTxid(txid: Uint8Array): string {
  return toHex(txid.toReversed());
}

/** `<txid as shown>:<vout>` */
export function shownOutpoint({ txid, vout }: Outpoint): string {
  return `${shownTxid(txid)}:${vout}`;
}

/**
 * Reads an unsigned transaction: the serialization from before BIP-144, with empty scriptSigs (BIP-174, `PSBT_GLOBAL_UNSIGNED_TX`).
 * It may have no inputs, so a zero behind the version is a count of them, never BIP-144's marker.
 */
export function readUnsigned(bytes: Uint8Array): Transaction {
  const reader = new Reader(bytes, 'the unsigned transaction');
  const version = reader.u32();
  const inputs = times(expectInputs(reader.compactSize()), (i) => {
    const txid = reader.take(32);
    const vout = reader.u32();
    if (reader.bytes().length > 0) throw reader.wrong(`input ${i} has a scriptSig`);
    return { txid, vout, sequence: reader.u32() };
  });
  const outputs = times(expectOutputs(reader.compactSize()), () => readOutput(reader));
  const lockTime = reader.u32();
  reader.end();
  return { version, inputs, outputs, lockTime };
}

export function readOutput(reader: Reader): TransactionOutput {
  return { amount: reader.u64(), script: reader.bytes() };
}

/** An input takes a Ledger more than a second, and the second look at the assembled transaction grows with their square. */
const mostInputs = 200;
/** As many as a batch can sensibly pay, and change. */
const mostOutputs = 500;

/** The count of inputs, if it is one that a request may have. */
export function expectInputs(count: number): number {
  if (count > mostInputs) throw undecodable(`it has ${count} inputs, more than ${mostInputs}`);
  return count;
}

/** The count of outputs, if it is one that a request may have. */
export function expectOutputs(count: number): number {
  if (count > mostOutputs) throw undecodable(`it has ${count} outputs, more than ${mostOutputs}`);
  return count;
}

function times<T>(count: number, read: (i: number) => T): T[] {
  const list: T[] = [];
  for (let i = 0; i < count; i++) list.push(read(i));
  return list;
}

/** The one serialization of an unsigned transaction. */
export function writeUnsigned(transaction: Transaction): Uint8Array {
  return writeTransaction(transaction, [], []);
}

/**
 * What a node takes (BIP-144): by input, the scriptSig and the items of the witness. Where no input has a witness, the older
 * serialization.
 */
export function writeTransaction(
  { version, inputs, outputs, lockTime }: Transaction,
  scriptSigs: readonly Uint8Array[],
  witnesses: readonly (readonly Uint8Array[])[],
): Uint8Array {
  const witnessed = witnesses.some((items) => items.length > 0);
  const parts: Uint8Array[] = [u32(version)];
  if (witnessed) parts.push(Uint8Array.of(0, 1));
  parts.push(compactSize(inputs.length));
  for (const [i, { txid, vout, sequence }] of inputs.entries())
    parts.push(txid, u32(vout), sized(scriptSigs[i] ?? new Uint8Array(0)), u32(sequence));
  parts.push(compactSize(outputs.length), ...outputs.map(writeOutput));
  if (witnessed) {
    for (const i of inputs.keys()) {
      const items = witnesses[i] ?? [];
      parts.push(compactSize(items.length), ...items.map(sized));
    }
  }
  parts.push(u32(lockTime));
  return joined(parts);
}

export function writeOutput({ amount, script }: TransactionOutput): Uint8Array {
  return joined([u64(amount), sized(script)]);
}

/** What a previous transaction says of the one output that is spent. */
export interface Previous {
  readonly txid: Uint8Array;
  /** The transaction without witnesses: what `txid` is the hash of. */
  readonly stripped: Uint8Array;
  /** Undefined where it has no output of that number. */
  readonly output: TransactionOutput | undefined;
}

/** Reads a whole transaction (BIP-144), and keeps of it its name and its output `vout`. */
export function readPrevious(bytes: Uint8Array, vout: number, what: string): Previous {
  const reader = new Reader(bytes, what);
  reader.skip(4);
  const witnessed = reader.peek() === 0;
  if (witnessed) {
    reader.u8();
    if (reader.u8() !== 1) throw reader.wrong('it has no inputs, or a marker other than BIP-144’s');
  }
  const start = reader.at;
  const inputs = reader.compactSize();
  if (inputs === 0) throw reader.wrong('it has no inputs');
  for (let i = 0; i < inputs; i++) {
    reader.skip(36);
    reader.skipBytes();
    reader.skip(4);
  }
  const count = reader.compactSize();
  let output: TransactionOutput | undefined;
  for (let i = 0; i < count; i++) {
    if (i === vout) {
      output = readOutput(reader);
    } else {
      reader.skip(8);
      reader.skipBytes();
    }
  }
  const body = reader.since(start);
  if (witnessed) {
    let items = 0;
    for (let i = 0; i < inputs; i++) {
      const size = reader.compactSize();
      items += size;
      for (let item = 0; item < size; item++) reader.skipBytes();
    }
    // BIP-144: without a witness, the older serialization is the only one.
    if (items === 0) throw reader.wrong('it is written with witnesses and has none');
  }
  const lockTime = reader.take(4);
  reader.end();
  const stripped = witnessed ? joined([bytes.subarray(0, 4), body, lockTime]) : bytes;
  return { txid: hash256(stripped), stripped, output };
}
