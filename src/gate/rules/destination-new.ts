import type { DestinationCase, Moment } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** D2: age belongs to the entry; a second entry for a listed destination would be a second age. */
export const destinationNew: Rule<Moment & Pick<DestinationCase, 'listed'>> = {
  name: 'destination-new',
  judge({ listed, station }) {
    const { entry } = listed;
    if (entry === undefined || entry.state === 'cancelled' || entry.state === 'removed')
      return pass('the destination is not listed yet');
    // A9: what was listed under an epoch that has passed pays nothing any more, and keeps nobody from listing it anew.
    if (entry.epoch !== station.factorEpoch) return pass('the destination was listed before all factors were revoked');
    return refuse('destination-listed', `the destination is listed already, as entry ${entry.entry}`, {
      entry: entry.entry,
    });
  },
};
