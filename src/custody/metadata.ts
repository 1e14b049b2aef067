import { Malformed, Refusal } from '../domain/index.ts';
import type { Policy } from '../gate/policy.ts';
import type { Station } from './station.ts';

/**
 * Opens the FIDO metadata for the policy in force, now and whenever another takes effect, and remembers the highest number under a MAC:
 * none is ever gone back to. Throws `Malformed` where they can't be used at the start; later they only make nothing hardware any more.
 */
export function followMetadata(station: Station): void {
  try {
    open(station, station.policy);
  } catch (error) {
    // D4: a forged row freezes the station, and a frozen station runs: its operators have to see why.
    if (!(error instanceof Refusal) || error instanceof Malformed) throw error;
    station.log('metadata-unusable', { error: error.message });
  }
  station.onPolicy((policy) => {
    try {
      open(station, policy);
    } catch (error) {
      station.log('metadata-unusable', { error: String(error) });
    }
  });
}

function open(station: Station, policy: Policy): void {
  const { now, station: record } = station.look({});
  const metadata = station.models.open(policy, now, record.metadata);
  if (metadata === undefined || metadata.number === record.metadata) return;
  const { number } = metadata;
  station
    .decide({}, (facts) => ({
      result: undefined,
      writes:
        facts.station.metadata >= number
          ? []
          : [{ table: 'station' as const, record: { ...facts.station, metadata: number } }],
    }))
    .catch((error: unknown) => station.log('metadata-number-not-kept', { error: String(error) }));
}
