import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatVerifierKey,
  NoteError,
  noteSigner,
  noteVerifier,
  openNote,
  parseVerifierKey,
  signNote,
} from '../../src/journal/note.ts';

// Published test keys and notes of golang.org/x/mod/sumdb/note, note_test.go, from which C2SP signed-note was written.
const peterKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const enochKey = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
const peterSecret = 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const peterSignature = 'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';
const enochSignature = 'rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=';
const peterLine = `— PeterNeumann ${peterSignature}\n`;
const enochLine = `— EnochRoot ${enochSignature}\n`;

const peter = parseVerifierKey(peterKey);
const enoch = parseVerifierKey(enochKey);

/** RFC 8410: an Ed25519 private key from its 32-byte seed. */
function privateKey(seed: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

const peterSigner = noteSigner('PeterNeumann', privateKey(Buffer.from(peterSecret, 'base64').subarray(1)));

// A signature over no text at all, which no note has.
const nothing = Buffer.concat([peterSigner.id, sign(null, new Uint8Array(), peterSigner.privateKey)]);
const nothingLine = `— PeterNeumann ${nothing.toString('base64')}\n`;

function reasonOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof NoteError) return error.reason;
    throw error;
  }
}

describe('C2SP signed-note: verifier keys', () => {
  it('are read and written back unchanged', () => {
    expect(formatVerifierKey(peter)).toBe(peterKey);
    expect(formatVerifierKey(enoch)).toBe(enochKey);
    expect(formatVerifierKey(noteVerifier('PeterNeumann', peter.publicKey))).toBe(peterKey);
    expect(Buffer.from(peterSigner.id).toString('hex')).toBe('c74f20a3');
  });

  it('are refused when any part is cut off', () => {
    for (let i = 0; i <= peterKey.length; i += 1) {
      for (let j = i; j <= peterKey.length; j += 1) {
        if (i === 0 && j === peterKey.length) continue;
        expect(reasonOf(() => parseVerifierKey(peterKey.slice(i, j)))).toBe('note-key-malformed');
      }
    }
  });

  it('are refused when any character is another', () => {
    for (let i = 0; i < peterKey.length; i += 1) {
      const mangled = `${peterKey.slice(0, i)}${String.fromCharCode(peterKey.charCodeAt(i) + 1)}${peterKey.slice(i + 1)}`;
      expect(reasonOf(() => parseVerifierKey(mangled))).toBe('note-key-malformed');
    }
  });

  it.each([
    [
      'a key of another length, with its id',
      'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
    ],
    ['another algorithm, with its id', 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['upper-case hex', peterKey.replace('c74f20a3', 'C74F20A3')],
    ['base64 without canonical end', `${peterKey}=`],
    ['a newline after it', `${peterKey}\n`],
    ['base64url', peterKey.replace('/', '_')],
  ])('are refused: %s', (_, key) => {
    expect(reasonOf(() => parseVerifierKey(key))).toBe('note-key-malformed');
  });

  it('are refused with a key of another length or type, though the id fits', () => {
    for (const key of [
      [1, ...new Uint8Array(33)],
      [1, ...new Uint8Array(31)],
      [2, ...new Uint8Array(32)],
    ]) {
      // The id as the standard makes it, over the bytes that are there; and over 0x01 and the rest.
      for (const hashed of [key, [1, ...key.slice(1)]]) {
        const id = createHash('sha256').update('x\n').update(Uint8Array.from(hashed)).digest('hex').slice(0, 8);
        expect(reasonOf(() => parseVerifierKey(`x+${id}+${Buffer.from(key).toString('base64')}`))).toBe(
          'note-key-malformed',
        );
      }
    }
  });

  it.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u2003b', 'a\nb', 'a\u0000', '\ud800'])('take no key name %j', (name) => {
    expect(reasonOf(() => noteVerifier(name, peter.publicKey))).toBe('note-key-malformed');
    expect(reasonOf(() => noteSigner(name, peterSigner.privateKey))).toBe('note-key-malformed');
  });

  it('take Ed25519 keys only, public ones to verify and private ones to sign', () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(reasonOf(() => noteVerifier('p256', p256.publicKey))).toBe('note-key-malformed');
    expect(reasonOf(() => noteSigner('p256', p256.privateKey))).toBe('note-key-malformed');
    expect(reasonOf(() => noteVerifier('private', peterSigner.privateKey))).toBe('note-key-malformed');
    expect(reasonOf(() => noteSigner('public', peter.publicKey))).toBe('note-key-malformed');
  });
});

describe('C2SP signed-note: signing', () => {
  it('makes the published note', () => {
    expect(signNote(text, [peterSigner])).toBe(`${text}\n${peterLine}`);
  });

  it('makes a note that opens again, whatever the text', () => {
    const line = fc.string({ unit: 'grapheme' }).map((s) => [...s].filter((c) => c >= ' ').join(''));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), (lines) => {
        const body = `${lines.join('\n')}\n`;
        const opened = openNote(Buffer.from(signNote(body, [peterSigner])), [peter]);
        expect(opened).toEqual({ text: body, signers: [peter] });
      }),
    );
  });

  it('refuses a text without a last newline, with control characters or without a UTF-8 form, and no signer', () => {
    for (const bad of ['', 'abc', 'a\tb\n', 'a\r\n', '\u0000\n', '\ud800\n']) {
      expect(reasonOf(() => signNote(bad, [peterSigner]))).toBe('note-malformed');
    }
    expect(reasonOf(() => signNote(text, []))).toBe('note-unsigned');
  });
});

describe('C2SP signed-note: opening', () => {
  const both = `${text}\n${peterLine}${enochLine}`;

  it('takes a signature by a known key and ignores unknown ones', () => {
    expect(openNote(both, [peter])).toEqual({ text, signers: [peter] });
    expect(openNote(both, [enoch])).toEqual({ text, signers: [enoch] });
    expect(openNote(Buffer.from(both), [peter, enoch])).toEqual({ text, signers: [peter, enoch] });
  });

  it('ignores what shares only the name or only the id with a known key', () => {
    const otherId = `— PeterNeumann ${Buffer.from([1, 2, 3, 4, 5]).toString('base64')}\n`;
    const otherName = `— CarmenSandiego ${peterSignature}\n`;
    expect(openNote(`${text}\n${otherId}${otherName}${peterLine}`, [peter]).signers).toEqual([peter]);
    expect(reasonOf(() => openNote(`${text}\n${otherId}${otherName}`, [peter]))).toBe('note-unsigned');
  });

  it('refuses a note that no known key signed', () => {
    expect(reasonOf(() => openNote(`${text}\n${peterLine}`, [enoch]))).toBe('note-unsigned');
    expect(reasonOf(() => openNote(both, []))).toBe('note-unsigned');
  });

  it('refuses a note where one known key fails, though another holds', () => {
    const wrong = Buffer.from(enochSignature, 'base64');
    wrong[40] = (wrong[40] ?? 0) ^ 1;
    const note = `${text}\n${peterLine}— EnochRoot ${wrong.toString('base64')}\n`;
    expect(openNote(note, [peter]).signers).toEqual([peter]);
    expect(reasonOf(() => openNote(note, [peter, enoch]))).toBe('note-signature-invalid');
  });

  it('S4: refuses a text that was touched, and a signature of another length', () => {
    expect(reasonOf(() => openNote(`${text.replace('answer', 'Answer')}\n${peterLine}`, [peter]))).toBe(
      'note-signature-invalid',
    );
    expect(reasonOf(() => openNote(`${text}\n\n${peterLine}`, [peter]))).toBe('note-signature-invalid');
    const long = Buffer.concat([Buffer.from(peterSignature, 'base64'), Uint8Array.of(0)]).toString('base64');
    expect(reasonOf(() => openNote(`${text}\n— PeterNeumann ${long}\n`, [peter]))).toBe('note-signature-invalid');
  });

  it('lists a key once that signed twice', () => {
    expect(openNote(`${text}\n${peterLine}${peterLine}`, [peter]).signers).toEqual([peter]);
  });

  it('refuses to choose between two known keys of one name and id, where they matter', () => {
    expect(reasonOf(() => openNote(`${text}\n${enochLine}`, [enoch, peter, enoch]))).toBe('note-key-ambiguous');
    expect(openNote(`${text}\n${peterLine}`, [enoch, peter, enoch]).signers).toEqual([peter]);
  });

  it('keeps empty lines of the text: the last one ends it', () => {
    const body = 'one\n\ntwo\n\n';
    expect(openNote(signNote(body, [peterSigner]), [peter]).text).toBe(body);
  });

  it('keeps a byte order mark, which is part of what was signed', () => {
    const note = Buffer.from(signNote('\ufefforigin\n', [peterSigner]));
    expect(openNote(note, [peter]).text).toBe('\ufefforigin\n');
    expect(reasonOf(() => openNote(Buffer.from(`\ufeff${text}\n${peterLine}`), [peter]))).toBe(
      'note-signature-invalid',
    );
  });

  it('accepts 64 signatures and no more', () => {
    expect(openNote(`${text}\n${enochLine.repeat(63)}${peterLine}`, [peter]).signers).toEqual([peter]);
    expect(reasonOf(() => openNote(`${text}\n${enochLine.repeat(64)}${peterLine}`, [peter]))).toBe('note-malformed');
  });

  it('refuses a note that is longer than a million characters', () => {
    const long = `${'x'.repeat(1_000_000)}\n`;
    expect(reasonOf(() => openNote(signNote(long, [peterSigner]), [peter]))).toBe('note-malformed');
  });

  it.each([
    ['no signatures', text],
    ['no signature lines', `${text}\n`],
    ['no last newline', `${text}\n${peterLine.slice(0, -1)}`],
    ['another character for the last newline', `${text}\n${peterLine.slice(0, -1)}X`],
    ['no empty line before a signature of nothing', `x${nothingLine}`],
    ['a control character', `\u0001${text}\n${peterLine}`],
    ['a carriage return', `${text}\n${peterLine.replace('\n', '\r\n')}`],
    ['a name with a space', `${text}\n— Bad Name ${peterSignature}\n${peterLine}`],
    ['a name with a plus', `${text}\n— Bad+Name ${peterSignature}\n${peterLine}`],
    ['a name with a no-break space', `${text}\n— Bad\u00a0Name ${peterSignature}\n${peterLine}`],
    ['a line that is no signature', `${text}\n${peterLine}Unexpected line.\n`],
    ['a hyphen for the dash', `${text}\n- PeterNeumann ${peterSignature}\n${peterLine}`],
    ['base64 without padding', `${text}\n— PeterNeumann ${peterSignature.slice(0, -1)}\n`],
    ['base64 with stray bits', `${text}\n— PeterNeumann ${peterSignature.replace('nAM=', 'nAN=')}\n`],
    ['a signature of no bytes', `${text}\n— PeterNeumann x08gow==\n${peterLine}`],
  ])('refuses %s', (_, note) => {
    expect(reasonOf(() => openNote(Buffer.from(note), [peter]))).toBe('note-malformed');
    expect(reasonOf(() => openNote(note, [peter]))).toBe('note-malformed');
  });

  it('refuses bytes that are not UTF-8', () => {
    const note = Buffer.concat([Uint8Array.of(0xff), Buffer.from(`${text}\n${peterLine}`)]);
    expect(reasonOf(() => openNote(note, [peter]))).toBe('note-malformed');
  });

  it('never throws anything but a NoteError, whatever it is given', () => {
    const piece = fc.constantFrom(text, '\n', peterLine, enochLine, '— ', peterSignature, '\ud800', '+', 'x');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((p) => p.join('')),
          fc.uint8Array(),
        ),
        (input) => {
          reasonOf(() => openNote(input, [peter]));
          if (typeof input === 'string') reasonOf(() => parseVerifierKey(input));
        },
      ),
    );
  });
});
