import { parseCoseKey } from '../attestation/webauthn/cose-key.ts';
import { type ImportRecord, importChunkMost, Malformed, parseImportRecord, Refusal } from '../domain/index.ts';
import { canonicalDestination } from './chain.ts';

/**
 * The records of a chunk (formats.md, "Import"), each line checked as far as it can be without a station: its members, its key, its
 * address's one spelling (D7). A wrong one refuses all of it: `Malformed`, with the number of the line.
 */
export function parseImportChunk(bytes: Uint8Array, field = 'records'): ImportRecord[] {
  if (bytes.length > importChunkMost) throw new Malformed(field, `is longer than ${importChunkMost} bytes`);
  if (bytes.at(-1) !== newline) throw new Malformed(field, 'does not end with a newline (U+000A)');
  const records: ImportRecord[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = bytes.indexOf(newline, from);
    records.push(parseImportLine(bytes.subarray(from, to), `${field}, line ${records.length + 1}`));
    from = to + 1;
  }
  return records;
}

const newline = 0x0a;

/** One line, without its newline. Throws `Malformed`. */
export function parseImportLine(line: Uint8Array, field: string): ImportRecord {
  const record = parseImportRecord(line, field);
  if (record.kind === 'destination') {
    canonicalDestination(record.destination, `${field}.destination`);
    return record;
  }
  try {
    parseCoseKey(record.coseKey);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Malformed(`${field}.key`, error.message);
  }
  return record;
}
