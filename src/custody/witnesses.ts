import { Buffer } from 'node:buffer';
import { type CosignatureRecord, Malformed, minute, Refusal, second, type WallMs } from '../domain/index.ts';
import type { Policy } from '../gate/policy.ts';
import { formatCheckpoint } from '../journal/checkpoint.ts';
import { isOf, openCosignature, parseWitnessKey } from '../journal/cosignature.ts';
import { consistencyProof, rootAt } from '../journal/merkle.ts';
import { NoteError, type NoteSignature, readSignatures, signatureLine } from '../journal/note.ts';
import type { Facts, RowKey } from '../store/facts.ts';
import type { Write } from '../store/verdict.ts';
import type { Head, Heads } from './heads.ts';
import type { Station } from './station.ts';

/** How far a witness's clock may be ahead of the station's. */
const aheadMost = 5 * minute;
/** C2SP tlog-witness: a request has no more lines of proof. */
const proofMost = 63;

/** The rows of what policy's witnesses said. */
export function cosignatureRows({ witnesses }: Policy): RowKey[] {
  return (witnesses?.keys ?? []).map((key): RowKey => ['cosignatures', key]);
}

export function cosignaturesNow({ witnesses }: Policy, facts: Facts): CosignatureRecord[] {
  return (witnesses?.keys ?? []).flatMap((key) => facts.get('cosignatures', key) ?? []);
}

/**
 * What goes to witnesses and comes back (C2SP tlog-witness, tlog-cosignature). The station calls no one (I8): the courier carries a
 * checkpoint with its proof to a witness, and the witness's signature lines back.
 */
export class WitnessDesk {
  readonly #station: Station;
  readonly #heads: Heads;
  readonly #origin: string;

  constructor(station: Station, heads: Heads, origin: string) {
    this.#station = station;
    this.#heads = heads;
    this.#origin = origin;
  }

  /**
   * The body of an add-checkpoint request: the newest checkpoint, and the proof that it goes on from the size that the witness cosigned
   * last; as far as the station knows, unless `old` says otherwise. Throws `not-found` for a witness that policy doesn't name.
   */
  async request(witness: string, old: number | undefined): Promise<{ readonly body: string; readonly size: number }> {
    const { key } = this.#named(witness);
    const { note, size } = await this.#heads.now(this.#station.store.size);
    const { store } = this.#station;
    const from = old ?? this.#station.reading(() => store.read('cosignatures', key))?.size ?? 0;
    if (from > size) {
      const why = `the witness has a checkpoint of ${from} entries, this journal has ${size}: it was put back to an older state, or the witness is wrong. Freeze the station and find out; whoever kept a checkpoint of that size hands it in with SubmitCheckpoint`;
      this.#station.log('witness-ahead', { witness, witnessed: from, size });
      throw new Refusal('not-found', why);
    }
    const proof = consistencyProof(from, size, store.log.readNode);
    if (proof.length > proofMost) throw new Error(`a proof from ${from} to ${size} has ${proof.length} hashes`);
    const lines = [`old ${from}`, ...proof.map((hash) => Buffer.from(hash).toString('base64')), ''];
    return { body: `${lines.join('\n')}\n${note}`, size };
  }

  /**
   * Takes the lines that a witness answered with, for the checkpoint of that size. Lines of unknown keys are left out; one of a known
   * key that does not hold, or that is of the future, refuses all. Returns the newest of each witness that is among them.
   */
  async accept(size: number, lines: string): Promise<readonly CosignatureRecord[]> {
    const { store } = this.#station;
    if (size > store.size)
      throw new Malformed(
        'size',
        `the journal has ${store.size} entries; hand in the checkpoint itself with SubmitCheckpoint`,
      );
    const root = rootAt(size, store.log.readNode);
    const text = formatCheckpoint({ origin: this.#origin, size, root, extensions: [] });
    const signatures = parseLines(lines);
    const keys = this.#station.policy.witnesses?.keys ?? [];
    const given = keys.flatMap((witness) => opened(witness, text, signatures));
    if (given.length === 0) throw new Malformed('signatures', 'there is none by a witness of policy');
    const { result } = await this.#station.decide({ rows: keys.map((key) => ['cosignatures', key]) }, (facts) => {
      const records = given.map((one): CosignatureRecord => {
        if (one.time > facts.now + aheadMost)
          throw new Malformed('signatures', `${one.witness} says that it is ${new Date(one.time).toISOString()}`);
        const known = facts.get('cosignatures', one.witness);
        // Carried out of turn: what is newer stands.
        if (known !== undefined && (known.size > size || (known.size === size && known.time >= one.time))) return known;
        return { ...one, size, root, at: facts.w };
      });
      const writes = records
        .filter((record) => facts.get('cosignatures', record.witness) !== record)
        .map((record): Write => ({ table: 'cosignatures', record }));
      return { result: records, writes };
    });
    return result;
  }

  /** The newest checkpoint that any of policy's witnesses cosigned, with what they signed; undefined where none did. */
  async cosigned(): Promise<(Head & { readonly cosignatures: readonly CosignatureRecord[] }) | undefined> {
    const { store, policy } = this.#station;
    const all = this.#station.reading(() =>
      cosignatureRows(policy).flatMap(([, key]) => store.read('cosignatures', key ?? '') ?? []),
    );
    const size = Math.max(...all.map((one) => one.size));
    const cosignatures = all.filter((one) => one.size === size);
    const [first] = cosignatures;
    if (first === undefined) return undefined;
    const { root } = first;
    // The witnesses' root, from a row under its code: whatever the stored tree is by now.
    const { note, origin } = await this.#heads.of({ size, root });
    const lines = cosignatures.map(({ witness, signature }) => {
      const { name, id } = parseWitnessKey(witness);
      return signatureLine({ name, id, signature });
    });
    return { origin, size, root, note: `${note}${lines.join('')}`, cosignatures };
  }

  #named(witness: string): { readonly key: string } {
    const key = this.#station.policy.witnesses?.keys.find((one) => parseWitnessKey(one).name === witness);
    if (key === undefined) throw new Refusal('not-found', `policy names no witness ${JSON.stringify(witness)}`);
    return { key };
  }
}

type Opened = Pick<CosignatureRecord, 'witness' | 'time' | 'signature'>;

/** The newest of a witness's lines. */
function opened(witness: string, text: string, signatures: readonly NoteSignature[]): Opened[] {
  const key = parseWitnessKey(witness);
  const all = signatures
    .filter((signature) => isOf(signature, key))
    .map((line): Opened => {
      const cosignature = openCosignature(text, line, key);
      if (cosignature === undefined)
        throw new Malformed('signatures', `the line of ${key.name} is not its signature of this checkpoint`);
      return { witness, time: (cosignature.time * second) as WallMs, signature: new Uint8Array(line.signature) };
    });
  return all.sort((a, b) => b.time - a.time).slice(0, 1);
}

function parseLines(lines: string): readonly NoteSignature[] {
  try {
    return readSignatures(lines);
  } catch (error) {
    if (error instanceof NoteError) throw new Malformed('signatures', error.message);
    throw error;
  }
}
