import { Malformed } from './refusal.ts';

/** What one key of a wallet signed for one input of a Bitcoin transaction, as its device yielded it. */
export interface InputSignature {
  /** Which input, from 0. */
  readonly input: number;
  /** Compressed, 33 bytes; of taproot the output's x-only key, 32 bytes (BIP-340). */
  readonly key: Uint8Array;
  /** ECDSA: DER and the byte of its sighash. Schnorr: 64 bytes, and the byte of its sighash where that isn't the default. */
  readonly signature: Uint8Array;
}

/** DER's 72 bytes and the sighash's (BIP-66). */
const longestSignature = 73;

/**
 * formats.md, "Signatures of inputs": for each, input u32be ‖ length of the key u8 ‖ key ‖ length of the signature u16be ‖
 * signature. Throws RangeError over what it can't hold.
 */
export function encodeSignatures(signatures: readonly InputSignature[]): Uint8Array {
  const parts = signatures.map(({ input, key, signature }) => {
    if (!Number.isInteger(input) || input < 0 || input > 0xffff_ffff) throw new RangeError(`no input ${input}`);
    if (!isKeyLength(key.length)) throw new RangeError(`a key of ${key.length} bytes`);
    if (!isSignatureLength(signature.length)) throw new RangeError(`a signature of ${signature.length} bytes`);
    const part = new Uint8Array(4 + 1 + key.length + 2 + signature.length);
    const view = new DataView(part.buffer);
    view.setUint32(0, input);
    view.setUint8(4, key.length);
    part.set(key, 5);
    view.setUint16(5 + key.length, signature.length);
    part.set(signature, 7 + key.length);
    return part;
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** Reads what `encodeSignatures` wrote, in its order. Throws `Malformed`, naming `field`. */
export function parseSignatures(bytes: Uint8Array, field: string): readonly InputSignature[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const signatures: InputSignature[] = [];
  let at = 0;
  const forth = (count: number): number => {
    const from = at;
    at += count;
    if (at > bytes.length) throw new Malformed(field, 'ends in the middle of a signature');
    return from;
  };
  while (at < bytes.length) {
    const input = view.getUint32(forth(4));
    const keyLength = view.getUint8(forth(1));
    if (!isKeyLength(keyLength)) throw new Malformed(field, `holds a key of ${keyLength} bytes`);
    const key = Uint8Array.from(bytes.subarray(forth(keyLength), at));
    const length = view.getUint16(forth(2));
    if (!isSignatureLength(length)) throw new Malformed(field, `holds a signature of ${length} bytes`);
    signatures.push({ input, key, signature: Uint8Array.from(bytes.subarray(forth(length), at)) });
  }
  return signatures;
}

const isKeyLength = (length: number): boolean => length === 32 || length === 33;
const isSignatureLength = (length: number): boolean => length > 0 && length <= longestSignature;
