import type { Cell } from './table.ts';

/** A row that is authentic: all its cells, leaf and code included; and what these were decoded to, once it was read. */
export interface AuthenticRow {
  row: readonly Cell[];
  /** Its bytes are those of `row`: were anyone to change them, the row would no longer equal the database's. */
  read?: unknown;
}

/** How many rows are kept at least, if so many were read or written. */
const kept = 2_048;
/** Longer ones are rare, and are checked each time, chars and bytes. */
const longest = 16 * 1024;

/**
 * Rows whose code this process made or checked lately. A row is read from the database each time; one that then equals, cell by cell and
 * in its code, what is kept here has the same code over the same bytes, so that computing it again could not come out otherwise.
 * Whatever differs is checked as any other.
 */
export class Authentic {
  // Two generations: what is asked for again goes into the young one, and the old one is let go when that is full.
  #young = new Map<string, AuthenticRow>();
  #old = new Map<string, AuthenticRow>();

  /** The row of this name, if it is the one that is kept. */
  find(id: string, row: readonly Cell[]): AuthenticRow | undefined {
    const young = this.#young.get(id);
    const known = young ?? this.#old.get(id);
    if (known === undefined || !sameCells(known.row, row)) return undefined;
    if (young === undefined) this.#keep(id, known);
    return known;
  }

  /** Of a row whose code was just made or checked. */
  add(id: string, row: readonly Cell[]): AuthenticRow {
    const authentic: AuthenticRow = { row };
    let size = 0;
    for (const cell of row) if (cell !== null && typeof cell !== 'number') size += cell.length;
    if (size <= longest) this.#keep(id, authentic);
    return authentic;
  }

  #keep(id: string, row: AuthenticRow): void {
    if (this.#young.size >= kept) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, row);
  }
}

function sameCells(a: readonly Cell[], b: readonly Cell[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a[i], b[i]];
    if (one === other) continue;
    if (!(one instanceof Uint8Array) || !(other instanceof Uint8Array) || Buffer.compare(one, other) !== 0)
      return false;
  }
  return true;
}
