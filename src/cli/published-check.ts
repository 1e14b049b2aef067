import { type Config, publishedFiles } from '../config.ts';
import { behindRemedy } from '../custody/freeze.ts';
import { inspectPublished } from '../custody/published.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Whether the journal goes on from every checkpoint that the station published. `keys`: verifier keys of the config's. */
export function checkPublished(config: Config, keys: readonly string[]): Diagnosis {
  const what = 'published';
  const { behind, agree, former } = inspectPublished(config.database, publishedFiles(config), keys);
  if (behind !== undefined)
    return { what, found: `journal-behind: ${behind.message}`, mend: `Do one: ${behindRemedy}.` };
  const since = former === undefined ? '' : `; one of ${former.origin}, from before a restore`;
  if (config.kept.length > 0 || agree === 0)
    return { what, found: `the journal goes on from ${agree} checkpoints${since}` };
  return {
    what,
    found: `the journal goes on from ${agree} checkpoints${since}; none is kept elsewhere (journal.kept)`,
  };
}
