import { HASH_LENGTH } from './hash.ts';
import { type NoteSigner, type NoteVerifier, openNote, signNote } from './note.ts';

/** C2SP tlog-checkpoint v1 (c2sp.org/tlog-checkpoint): the signed head of the journal. */

/** The tree at a size, and which log says so. */
export interface Checkpoint {
  /** Unique name of the log, one line; an emulated station's says `simulated`. */
  readonly origin: string;
  /** Leaves. */
  readonly size: number;
  /** RFC 9162 root, 32 bytes. */
  readonly root: Uint8Array;
  /** Further lines, opaque; the standard advises against any. */
  readonly extensions: readonly string[];
}

export type CheckpointReason = 'checkpoint-malformed' | 'checkpoint-foreign';

/** A checkpoint that can't be read, or that its own log didn't sign. */
export class CheckpointError extends Error {
  readonly reason: CheckpointReason;

  constructor(reason: CheckpointReason, message: string) {
    super(message);
    this.name = 'CheckpointError';
    this.reason = reason;
  }
}

/** The note text: origin, size, base64 root, extensions, a line each. Throws `CheckpointError`. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  if (!Number.isSafeInteger(size) || size < 0) throw malformed(`${size} isn't a tree size`);
  if (root.length !== HASH_LENGTH) throw malformed(`the root has ${root.length} bytes instead of ${HASH_LENGTH}`);
  checkLine(origin, 'the origin');
  extensions.forEach((line, i) => {
    checkLine(line, `extension line ${i + 1}`);
  });
  const lines = [origin, String(size), Buffer.from(root).toString('base64'), ...extensions];
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * Reads a note text strictly. It says nothing about who signed it: `openCheckpoint` does. Throws `CheckpointError`
 * `checkpoint-malformed`.
 */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith('\n')) throw malformed('its last line must end in a newline');
  const [origin, sizeLine, rootLine, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || sizeLine === undefined || rootLine === undefined) {
    throw malformed('it needs three lines: origin, size, root');
  }
  const size = Number(sizeLine);
  if (!/^(0|[1-9][0-9]*)$/.test(sizeLine) || !Number.isSafeInteger(size)) {
    throw malformed(`"${sizeLine}" isn't a tree size: decimal, no leading zeros, below 2^53`);
  }
  const root = Buffer.from(rootLine, 'base64');
  if (root.length !== HASH_LENGTH || root.toString('base64') !== rootLine) {
    throw malformed(`"${rootLine}" isn't the base64 of a ${HASH_LENGTH}-byte root`);
  }
  checkLine(origin, 'the origin');
  extensions.forEach((line, i) => {
    checkLine(line, `extension line ${i + 1}`);
  });
  return { origin, size, root: new Uint8Array(root), extensions };
}

/** A checkpoint as a signed note, by the log's key, whose name is the origin. Throws `CheckpointError`. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  const text = formatCheckpoint(checkpoint);
  checkSigned(checkpoint.origin, [signer]);
  return signNote(text, [signer]);
}

/**
 * Opens a signed checkpoint: believed only if the log itself, whose key name is the origin, is among those whose
 * signature holds. Throws `NoteError` or `CheckpointError`.
 */
export function openCheckpoint(note: Uint8Array | string, verifiers: readonly NoteVerifier[]): Checkpoint {
  const { text, signers } = openNote(note, verifiers);
  const checkpoint = parseCheckpoint(text);
  checkSigned(checkpoint.origin, signers);
  return checkpoint;
}

// tlog-checkpoint only recommends that name and origin match; here it is what keeps one log's key from speaking for another.
function checkSigned(origin: string, signers: readonly { readonly name: string }[]): void {
  if (!signers.some(({ name }) => name === origin)) {
    const names = signers.map(({ name }) => `"${name}"`).join(', ');
    throw new CheckpointError('checkpoint-foreign', `checkpoint of "${origin}" is signed by ${names}: not by that log`);
  }
}

function checkLine(line: string, what: string): void {
  if (line === '' || !line.isWellFormed() || [...line].some((character) => character < ' ')) {
    throw malformed(`${what} must be one line that isn't empty, without control characters`);
  }
}

function malformed(message: string): CheckpointError {
  return new CheckpointError('checkpoint-malformed', `malformed checkpoint: ${message}`);
}
