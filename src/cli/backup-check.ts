import { backupFile, type Config } from '../config.ts';
import type { Inspection } from '../custody/inspection.ts';
import { readLastBackup } from '../custody/last-backup.ts';
import { day, generationOf, type WallMs } from '../domain/index.ts';
import type { Diagnosis } from './diagnosis.ts';

/**
 * When the last backup was made. That one can be restored shows only to who has restored one, elsewhere: of that the station knows
 * what it went through itself. `serious`: a main network is at stake, and what is missing is asked for.
 */
export function checkBackup(
  config: Pick<Config, 'data' | 'backup'>,
  { station, size }: Inspection,
  now: WallMs,
  serious: boolean,
): Diagnosis {
  const what = 'backup';
  const wanting = (found: string, mend: string): Diagnosis =>
    serious ? { what, found, mend, hint: true } : { what, found };
  if (config.backup.length === 0)
    return wanting(
      'none can be made: the config names nobody who could open one',
      'Name age recipients in config.backup.recipients (docs/station.md, "Backups").',
    );
  const restored =
    station !== undefined && generationOf(station.name) > 1
      ? 'this station came back from one'
      : 'this station was never restored: only a rehearsal elsewhere shows that it can be';
  const last = readLastBackup(backupFile(config));
  if (last === undefined)
    return wanting(`none was made yet; ${restored}`, 'Run "portcullis backup", on a timer, and rehearse a restore.');
  const since = Math.max(0, size - last.size);
  const found = `the last was made ${new Date(last.made).toISOString()}, and the journal has grown by ${since} since; ${restored}`;
  if (now - last.made <= day) return { what, found };
  return wanting(found, 'Run "portcullis backup" at least daily: whatever was decided since is what a restore loses.');
}
