import {
  type Destination,
  type DestinationServiceClient,
  DestinationServiceService,
} from '../../src/generated/portcullis/v1/destination.ts';
import type { Customer } from './customer.ts';
import { call } from './station-client.ts';

/** A customer lists an address of their own. It can be paid only after its notice was delivered and the delay has passed. */
export async function whitelist(
  destinations: DestinationServiceClient,
  customer: Pick<Customer, 'account' | 'approve'>,
  entryId: string,
  address: string,
  label: string,
): Promise<Destination> {
  const prepared = await call(destinations, DestinationServiceService.prepareDestination, {
    entryId,
    account: customer.account,
    destination: address,
    label,
    lifetimeSeconds: 0,
  });
  const { destination } = await call(destinations, DestinationServiceService.addDestination, {
    intent: prepared.intent?.canonical ?? Buffer.alloc(0),
    attestations: [customer.approve(prepared.intent, prepared.rpId)],
  });
  if (destination === undefined) throw new Error('the station answered without a destination');
  return destination;
}
