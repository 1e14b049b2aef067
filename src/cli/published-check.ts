import { type Config, publishedFiles } from '../config.ts';
import { behindRemedy } from '../custody/freeze.ts';
import { foundIn } from '../custody/kept-object.ts';
import { inspectPublished } from '../custody/published.ts';
import { openObject, type Vaults } from '../vaults.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Whether the journal goes on from every checkpoint that the station published. `keys`: verifier keys of the config's. */
export async function checkPublished(config: Config, keys: readonly string[], vaults: Vaults): Promise<Diagnosis> {
  const what = 'published';
  const found = await foundIn(config.object && openObject(config.object, vaults));
  const { behind, agree, former } = inspectPublished(config.database, publishedFiles(config), keys, found);
  if (behind !== undefined)
    return { what, found: `journal-behind: ${behind.message}`, mend: `Do one: ${behindRemedy}.` };
  if (config.object !== undefined && found.length === 0)
    return {
      what,
      found: `the HSM ${config.object.signer} has no checkpoint yet (journal.object)`,
      mend: 'Start the station once. If its log says journal-not-published then, the token keeps no data objects: name a file in journal.kept, or a witness.',
    };
  const since = former === undefined ? '' : `; one of ${former.origin}, from before a restore`;
  if (config.kept.length > 0 || config.object !== undefined || agree === 0)
    return { what, found: `the journal goes on from ${agree} checkpoints${since}` };
  return {
    what,
    found: `the journal goes on from ${agree} checkpoints${since}; none is kept elsewhere (journal.kept, journal.object)`,
  };
}
