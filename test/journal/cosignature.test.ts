import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  cosign,
  formatWitnessKey,
  isOf,
  openCosignature,
  parseWitnessKey,
  witnessVerifier,
} from '../../src/journal/cosignature.ts';
import { formatVerifierKey, noteVerifier, openNote, readSignatures, signatureLine } from '../../src/journal/note.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
const witness = witnessVerifier('witness.example/w1', publicKey);
const text = 'example.com/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
const time = 1_679_315_147;

describe('C2SP tlog-cosignature v1', () => {
  it('has a key of type 0x04, whose id is not that of a key that signs notes', () => {
    const id = createHash('sha256').update('witness.example/w1\n\x04').update(raw).digest().subarray(0, 4);
    expect(Buffer.from(witness.id)).toEqual(id);
    const key = formatWitnessKey(witness);
    expect(key).toBe(
      `witness.example/w1+${id.toString('hex')}+${Buffer.concat([Buffer.of(4), raw]).toString('base64')}`,
    );
    expect(parseWitnessKey(key).id).toEqual(witness.id);
    const note = formatVerifierKey(noteVerifier('witness.example/w1', publicKey));
    expect(() => parseWitnessKey(note)).toThrow(expect.objectContaining({ reason: 'note-key-malformed' }));
  });

  it('signs two lines and the checkpoint’s text, behind the time in 64 bits', () => {
    const { signature } = cosign(text, witness, privateKey, time);
    expect(signature).toHaveLength(72);
    expect(Buffer.from(signature).readBigUInt64BE()).toBe(BigInt(time));
    const message = Buffer.from(`cosignature/v1\ntime 1679315147\n${text}`);
    expect(verify(null, message, publicKey, signature.subarray(8))).toBe(true);
  });

  it('is read back from its line, and stands under a note that others opened', () => {
    const line = signatureLine(cosign(text, witness, privateKey, time));
    const [read] = readSignatures(line);
    if (read === undefined) throw new Error('no line');
    expect(isOf(read, witness)).toBe(true);
    expect(openCosignature(text, read, witness)).toEqual({ witness: 'witness.example/w1', time });
    expect(() => openNote(`${text}\n${line}`, [noteVerifier('witness.example/w1', publicKey)])).toThrow(
      expect.objectContaining({ reason: 'note-unsigned' }),
    );
  });

  it('S4: says nothing of another text, another time, another key, or in another length', () => {
    const good = cosign(text, witness, privateKey, time);
    const other = witnessVerifier('witness.example/w1', generateKeyPairSync('ed25519').publicKey);
    expect(isOf(good, other)).toBe(false);
    expect(openCosignature(text.replace('7', '8'), good, witness)).toBeUndefined();
    expect(openCosignature(text, good, other)).toBeUndefined();
    for (const [at, length] of [
      [7, 72],
      [71, 72],
      [undefined, 71],
      [undefined, 73],
      [0, 72],
    ] as const) {
      const signature = new Uint8Array(length);
      signature.set(good.signature.subarray(0, length));
      if (at !== undefined) signature[at] = (signature[at] ?? 0) ^ 0x80;
      expect(openCosignature(text, { ...good, signature }, witness)).toBeUndefined();
    }
  });
});
