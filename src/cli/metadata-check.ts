import { type Config, type loadPolicy, readMetadata } from '../config.ts';
import { Models } from '../custody/models.ts';
import { day, formatInstant, Malformed, type WallMs } from '../domain/index.ts';
import type { Diagnosis } from './diagnosis.ts';

type Policy = ReturnType<typeof loadPolicy>['policy'];

const what = 'FIDO metadata';
const renew =
  'Put the newest ones in their place (https://mds3.fidoalliance.org/, on another machine) and restart the station.';

/** The FIDO metadata that the config names, as policy would use them: their number and age. `least`: the highest number before. */
export function* checkMetadata(config: Config, policy: Policy, now: WallMs, least: number): Generator<Diagnosis> {
  const wanted = policy.authenticators.metadata;
  if (wanted === undefined) {
    if (config.metadata !== undefined) yield { what, found: 'the config names them, and policy uses none' };
    return;
  }
  try {
    const metadata = new Models(readMetadata(config)).open(policy, now, least);
    if (metadata === undefined) return;
    const late = now - metadata.nextUpdate;
    const age =
      late < 0
        ? `the next are due ${formatInstant(metadata.nextUpdate)}`
        : `the next were due ${Math.floor(late / day)} days ago`;
    const found = `number ${metadata.number}, ${metadata.models.size} models; ${age}`;
    yield late > wanted.grace
      ? { what, found: `${found}: nothing is hardware by them any more`, mend: renew }
      : { what, found };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    yield { what, found: error.message, mend: renew };
  }
}
