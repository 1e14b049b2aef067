import { second } from '../../domain/index.ts';
import { formatCheckpoint } from '../../journal/checkpoint.ts';
import { openCosignature, parseWitnessKey } from '../../journal/cosignature.ts';
import { sameBytes } from '../../journal/hash.ts';
import { rootAt } from '../../journal/merkle.ts';
import type { Sqlite } from '../../store/database.ts';
import type { Log } from '../../store/log.ts';
import { fromCells } from '../../store/table.ts';
import { tables } from '../../store/tables.ts';
import type { Found } from './finding.ts';

/** What witnesses said of this log proves itself: each row holds a signature over a root, and the stored tree has that root or another. */
export function auditCosignatures(db: Sqlite, log: Log, origin: string, size: number, found: Found): void {
  const columns = Object.keys(tables.cosignatures.columns).map((column) => `"${column}"`);
  const rows = db
    .prepare<[], (string | number | Uint8Array | null)[]>(`SELECT ${columns.join(', ')} FROM cosignatures`)
    .raw();
  for (const cells of rows.iterate()) {
    const where = `cosignatures ${String(cells[0])}`;
    try {
      const row = fromCells(tables.cosignatures, cells);
      const key = parseWitnessKey(row.witness);
      const text = formatCheckpoint({ origin, size: row.size, root: row.root, extensions: [] });
      const { name, id } = key;
      const said = openCosignature(text, { name, id, signature: row.signature }, key);
      if (said === undefined || said.time * second !== row.time)
        found({ tag: 'row-contradicts', where, message: 'it is not what its witness signed' });
      else if (row.size > size)
        found({ tag: 'station-behind', where, message: `${name} cosigned ${row.size} entries, and ${size} are here` });
      else if (!sameBytes(rootAt(row.size, log.readNode), row.root))
        found({
          tag: 'journal-forked',
          where,
          message: `the first ${row.size} entries are not those that ${name} cosigned`,
        });
    } catch (error) {
      found({ tag: 'row-malformed', where, message: error instanceof Error ? error.message : String(error) });
    }
  }
}
