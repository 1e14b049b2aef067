import { type CodeRecord, type FreezeRecord, formatInstant, type StationRecord, type WallMs } from '../domain/index.ts';
import { encodeLeaf, type LeafDraft } from '../journal/leaf.ts';
import type { Sqlite } from './database.ts';
import { Frontier, headOf } from './frontier.ts';
import { Log } from './log.ts';
import { Rows } from './rows.ts';

/** What a restore makes of a station. */
export interface Restoring {
  /** As it is from now on; its newest key of the journal is named by the first leaf. */
  readonly station: Omit<StationRecord, 'journalKeyLeaves'>;
  readonly now: WallMs;
  /** Told by the second leaf. */
  readonly freeze: FreezeRecord;
  readonly leaves: readonly [restored: LeafDraft, frozen: LeafDraft];
  /** Of a one-time code that may have been used since the backup. */
  readonly stepUsed: number;
}

/** How many rows are held at once. */
const page = 1_000;

/**
 * Turns a database that was brought back into the station's next generation, in one transaction: its new name, its freeze, and the
 * leaves that tell of them; no word of a witness, which was given to another log; and one-time codes of before now count no more.
 */
export function restore(db: Sqlite, rowKey: Uint8Array, restoring: Restoring, salt: () => Uint8Array): void {
  db.transaction(() => {
    const rows = new Rows(db, rowKey);
    const before = rows.get('station', ['station'])?.record;
    const clock = rows.get('clock', ['clock'])?.record;
    if (before === undefined || clock === undefined) throw new Error('the database holds no station');
    const log = new Log(db);
    const tree = Frontier.at(log.size(), log.readNode);
    const now = Math.max(restoring.now, clock.highWater) as WallMs;
    const context = { station: restoring.station.name, w: clock.w, time: formatInstant(now) };
    const leaves = restoring.leaves.map((draft, i) => {
      const { bytes, openings } = encodeLeaf(draft, context, salt);
      log.addLeaf(tree.size + i, bytes, openings);
      return bytes;
    });
    const { frontier, nodes } = tree.grown(leaves);
    log.addNodes(nodes);
    rows.put('head', headOf(frontier), -1);
    const journalKeyLeaves = [...before.journalKeyLeaves, String(tree.size)];
    rows.put('station', { ...restoring.station, journalKeyLeaves }, tree.size);
    rows.put('freezes', restoring.freeze, tree.size + 1);
    db.exec('DELETE FROM cosignatures');
    useCodes(db, rows, restoring.stepUsed);
  }).immediate();
}

function useCodes(db: Sqlite, rows: Rows, stepUsed: number): void {
  const next = db
    .prepare<[string, number], string>('SELECT factor FROM codes WHERE factor > ? ORDER BY factor LIMIT ?')
    .pluck();
  let from = '';
  for (;;) {
    const factors = next.all(from, page);
    for (const factor of factors) {
      const row = rows.get('codes', [factor]);
      if (row === undefined) continue;
      const record: CodeRecord = { ...row.record, lastStep: Math.max(row.record.lastStep, stepUsed) };
      rows.put('codes', record, row.leaf);
    }
    const last = factors.at(-1);
    if (last === undefined) return;
    from = last;
  }
}
