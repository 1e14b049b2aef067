import { type ClockRecord, type Digest, formatInstant, type StationRecord } from '../domain/index.ts';
import { encodeLeaf, type LeafDraft } from '../journal/leaf.ts';
import type { Sqlite } from './database.ts';
import { Frontier, headOf } from './frontier.ts';
import { Log } from './log.ts';
import { Rows } from './rows.ts';

export interface Founding {
  readonly station: StationRecord;
  readonly clock: ClockRecord;
  readonly policy: { readonly hash: Digest; readonly document: string };
  readonly leaves: readonly LeafDraft[];
}

/** Writes a station's first facts into an empty database: its name, its clock, its policy, and the leaves that tell of them. */
export function found(db: Sqlite, rowKey: Uint8Array, founding: Founding, salt: () => Uint8Array): void {
  db.transaction(() => {
    const rows = new Rows(db, rowKey);
    if (rows.get('station', ['station']) !== undefined) throw new Error('this database holds a station already');
    const log = new Log(db);
    const { station, clock, policy } = founding;
    const context = { station: station.name, w: clock.w, time: formatInstant(clock.wall) };
    const leaves = founding.leaves.map((draft, index) => {
      const { bytes, openings } = encodeLeaf(draft, context, salt);
      log.addLeaf(index, bytes, openings);
      return bytes;
    });
    const { frontier, nodes } = Frontier.at(0, log.readNode).grown(leaves);
    log.addNodes(nodes);
    rows.put('head', headOf(frontier), -1);
    rows.put('station', station, 0);
    rows.put('clock', clock, 0);
    db.prepare('INSERT INTO policies (hash, document) VALUES (?, ?)').run(policy.hash, policy.document);
  }).immediate();
}
