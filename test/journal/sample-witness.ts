import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { parseCheckpoint } from '../../src/journal/checkpoint.ts';
import { cosign, formatWitnessKey, witnessVerifier } from '../../src/journal/cosignature.ts';
import { sameBytes } from '../../src/journal/hash.ts';
import { type NoteVerifier, openNote, signatureLine } from '../../src/journal/note.ts';
import { verifyConsistency } from '../../src/journal/proof.ts';

/** What a witness answers: HTTP's status, and the body. */
export interface Answer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly body: string;
}

/** A witness of C2SP tlog-witness, as it stands there, for one log. Its clock is a test's. */
export class SampleWitness {
  readonly verifier: NoteVerifier;
  readonly key: string;
  readonly #keys: KeyPairKeyObjectResult = generateKeyPairSync('ed25519');
  readonly #log: NoteVerifier;
  /** Seconds since 1970. */
  time: number;
  #seen: { readonly size: number; readonly root: Uint8Array } | undefined;

  constructor(name: string, log: NoteVerifier, time: number) {
    this.verifier = witnessVerifier(name, this.#keys.publicKey);
    this.key = formatWitnessKey(this.verifier);
    this.#log = log;
    this.time = time;
  }

  /** POST add-checkpoint. */
  add(body: string): Answer {
    const end = body.indexOf('\n\n');
    const [first = '', ...lines] = body.slice(0, end).split('\n');
    const [, digits] = /^old (0|[1-9][0-9]*)$/.exec(first) ?? [];
    if (digits === undefined || lines.length > 63) return { status: 400, body: '' };
    const old = Number(digits);
    let text: string;
    try {
      ({ text } = openNote(body.slice(end + 2), [this.#log]));
    } catch {
      return { status: 403, body: '' };
    }
    const { origin, size, root } = parseCheckpoint(text);
    if (origin !== this.#log.name) return { status: 404, body: '' };
    if (old > size) return { status: 400, body: '' };
    if (old !== (this.#seen?.size ?? 0)) return { status: 409, body: `${this.#seen?.size ?? 0}\n` };
    if (old === size && this.#seen !== undefined && !sameBytes(root, this.#seen.root))
      return { status: 409, body: `${old}\n` };
    if (this.#seen !== undefined) {
      const proof = lines.map((line) => new Uint8Array(Buffer.from(line, 'base64')));
      try {
        verifyConsistency({ from: old, fromRoot: this.#seen.root, to: size, toRoot: root, proof });
      } catch {
        return { status: 422, body: '' };
      }
    }
    this.#seen = { size, root };
    return { status: 200, body: this.line(text) };
  }

  /** Its line under any text, whatever it saw. */
  line(text: string): string {
    return signatureLine(cosign(text, this.verifier, this.#keys.privateKey, this.time));
  }
}
