import type { Destinations, Ripened } from '../custody/custody.ts';
import { type DestinationRecord, parseAccountId, parseAddress, parseEntryId, parseLabel } from '../domain/index.ts';
import { type Destination, DestinationServiceService } from '../generated/portcullis/v1/destination.ts';
import { parseAuthorization, preparedMessage } from './evidence.ts';
import { parseLifetime } from './fields.ts';
import { destinationRights } from './rights.ts';
import { ripeningFields } from './ripening.ts';
import { bind, type Service } from './service.ts';

function message(entry: Ripened<DestinationRecord>): Destination {
  const { record } = entry;
  return {
    entryId: record.entry,
    account: record.account,
    destination: record.destination,
    label: record.label,
    ...ripeningFields(entry),
  };
}

/** `DestinationService` of the API, spoken to custody. */
export function destinationService(destinations: Destinations): Service {
  return bind(DestinationServiceService, destinationRights, {
    prepareDestination: async (request) => {
      const prepared = await destinations.prepare({
        entry: parseEntryId(request.entryId, 'entry_id'),
        account: parseAccountId(request.account, 'account'),
        destination: parseAddress(request.destination, 'destination'),
        label: parseLabel(request.label, 'label'),
        lifetime: parseLifetime(request.lifetimeSeconds, 'lifetime_seconds'),
      });
      return { ...preparedMessage(prepared), warnings: [...prepared.warnings] };
    },
    addDestination: async (request) => ({ destination: message(await destinations.add(parseAuthorization(request))) }),
    listDestinations: (request) => ({
      destinations: destinations.list(parseAccountId(request.account, 'account')).map(message),
    }),
    removeDestination: async (request) => ({
      destination: message(await destinations.remove(parseEntryId(request.entryId, 'entry_id'))),
    }),
  });
}
