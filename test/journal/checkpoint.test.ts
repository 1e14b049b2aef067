import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CheckpointError,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../src/journal/checkpoint.ts';
import { noteSigner, noteVerifier, signNote } from '../../src/journal/note.ts';

/** A test key, from a seed that anyone can read here. */
function testKey(fill: number): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), new Uint8Array(32).fill(fill)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

const origin = 'example.com/behind-the-sofa';
// The example of c2sp.org/tlog-checkpoint.
const example = `${origin}\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n`;
const root = new Uint8Array(Buffer.from('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=', 'base64'));
const checkpoint = { origin, size: 20852163, root, extensions: [] };

const signer = noteSigner(origin, testKey(1));
const verifier = noteVerifier(origin, createPublicKey(testKey(1)));
const witness = noteSigner('witness.example/w1', testKey(2));
const witnessVerifier = noteVerifier('witness.example/w1', createPublicKey(testKey(2)));

function reasonOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof CheckpointError) return error.reason;
    throw error;
  }
}

describe('C2SP tlog-checkpoint', () => {
  it("reads and writes the standard's example", () => {
    expect(parseCheckpoint(example)).toEqual(checkpoint);
    expect(formatCheckpoint(checkpoint)).toBe(example);
  });

  it('reads back what it wrote, extension lines too', () => {
    const line = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((s) => s.isWellFormed() && [...s].every((c) => c >= ' '));
    fc.assert(
      fc.property(
        line,
        fc.maxSafeNat(),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.array(line),
        (origin, size, hash, extensions) => {
          const made = { origin, size, root: Uint8Array.from(hash), extensions };
          expect(parseCheckpoint(formatCheckpoint(made))).toEqual(made);
        },
      ),
    );
  });

  it('writes back exactly what it read, or refuses to read it', () => {
    const piece = fc.constantFrom(
      'a',
      '\n',
      '0',
      '1',
      '20852163',
      example,
      'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((p) => p.join('')),
          fc.string(),
        ),
        (input) => {
          let read: ReturnType<typeof parseCheckpoint> | undefined;
          expect(['checkpoint-malformed', undefined]).toContain(
            reasonOf(() => {
              read = parseCheckpoint(input);
            }),
          );
          if (read !== undefined) expect(formatCheckpoint(read)).toBe(input);
        },
      ),
    );
  });

  it.each([
    ['nothing', ''],
    ['no last newline', example.slice(0, -1)],
    ['no root', `${origin}\n5\n`],
    ['an empty origin', example.replace(origin, '')],
    ['a size with leading zeros', example.replace('20852163', '020852163')],
    ['a size of 00', example.replace('20852163', '00')],
    ['a signed size', example.replace('20852163', '+20852163')],
    ['a negative size', example.replace('20852163', '-1')],
    ['a fractional size', example.replace('20852163', '1.0')],
    ['a size in other digits', example.replace('20852163', '٢')],
    ['a size in hexadecimal', example.replace('20852163', '0x10')],
    ['a size with a space', example.replace('20852163', '20852163 ')],
    ['a size of 2^53', example.replace('20852163', '9007199254740992')],
    ['a root of 31 bytes', `${origin}\n5\n${Buffer.alloc(31).toString('base64')}\n`],
    ['a root of 33 bytes', `${origin}\n5\n${Buffer.alloc(33).toString('base64')}\n`],
    ['a root without padding', example.replace('q2I=', 'q2I')],
    ['a root with stray bits', example.replace('q2I=', 'q2J=')],
    ['a root in base64url', example.replace('/Xajj', '_Xajj')],
    ['an empty extension line', `${example}\n`],
    ['an empty line between extensions', `${example}a\n\nb\n`],
    ['a carriage return', example.replaceAll('\n', '\r\n')],
    ['a control character in the origin', `\u0007${example}`],
  ])('refuses %s', (_, text) => {
    expect(reasonOf(() => parseCheckpoint(text))).toBe('checkpoint-malformed');
  });

  it('refuses to write what it would not read', () => {
    for (const bad of ['', 'a\nb', 'a\u0000', '\ud800']) {
      expect(reasonOf(() => formatCheckpoint({ ...checkpoint, origin: bad }))).toBe('checkpoint-malformed');
      expect(reasonOf(() => formatCheckpoint({ ...checkpoint, extensions: [bad] }))).toBe('checkpoint-malformed');
    }
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(reasonOf(() => formatCheckpoint({ ...checkpoint, size }))).toBe('checkpoint-malformed');
    }
    expect(reasonOf(() => formatCheckpoint({ ...checkpoint, root: root.subarray(1) }))).toBe('checkpoint-malformed');
  });
});

describe('a signed checkpoint', () => {
  it('opens with the key of its log', () => {
    expect(openCheckpoint(signCheckpoint(checkpoint, signer), [verifier])).toEqual(checkpoint);
  });

  it('S4: opens with no other key, nor after a change', () => {
    const note = signCheckpoint(checkpoint, signer);
    const impostor = noteVerifier(origin, createPublicKey(testKey(3)));
    expect(() => openCheckpoint(note, [impostor])).toThrow(/isn't signed by a known key/);
    expect(() => openCheckpoint(note.replace('20852163', '20852164'), [verifier])).toThrow(/doesn't fit the text/);
  });

  it("S4: is not believed on a witness's word alone, nor on another log's key", () => {
    const text = formatCheckpoint(checkpoint);
    expect(reasonOf(() => openCheckpoint(signNote(text, [witness]), [verifier, witnessVerifier]))).toBe(
      'checkpoint-foreign',
    );
    expect(openCheckpoint(signNote(text, [witness, signer]), [verifier, witnessVerifier])).toEqual(checkpoint);
    expect(reasonOf(() => signCheckpoint(checkpoint, witness))).toBe('checkpoint-foreign');
  });

  it('refuses a signed note that is no checkpoint', () => {
    expect(reasonOf(() => openCheckpoint(signNote('hello\n', [signer]), [verifier]))).toBe('checkpoint-malformed');
  });
});
