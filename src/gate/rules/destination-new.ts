import type { DestinationCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** D2: age belongs to the entry; a second entry for a listed destination would be a second age. */
export const destinationNew: Rule<DestinationCase> = {
  name: 'destination-new',
  judge({ listed }) {
    const { entry } = listed;
    if (entry === undefined || entry.state === 'cancelled' || entry.state === 'removed')
      return pass('the destination is not listed yet');
    return refuse('destination-listed', `the destination is listed already, as entry ${entry.entry}`, {
      entry: entry.entry,
    });
  },
};
