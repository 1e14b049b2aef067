import { randomBytes } from 'node:crypto';
import { found as foundClock } from '../clock/index.ts';
import { type ClockReading, digestOf, isTestNetwork, type StationName, toHex } from '../domain/index.ts';
import type { Policy } from '../gate/policy.ts';
import { createDatabase } from '../store/database.ts';
import { found } from '../store/founding.ts';
import { deriveKeys } from '../store/key.ts';
import { checkOperatorKeys } from './acts/signatures.ts';
import { checkAuthorities } from './models.ts';

export interface FoundingRequest {
  /** The database's file; must not exist. */
  readonly file: string;
  /** 32 bytes. */
  readonly stateKey: Uint8Array;
  readonly policyDocument: string;
  readonly policy: Policy;
  readonly reading: ClockReading;
  /** Simulated time: the journal's origin says so for ever. */
  readonly simulated: boolean;
  /** The journal's verifier key, recorded in its first leaf. */
  readonly journalKey: string;
  readonly stationId: string;
}

/** A station's id: 16 random bytes, hex. */
export function newStationId(): string {
  return toHex(randomBytes(16));
}

/**
 * The journal's origin line (C2SP tlog-checkpoint), which is also its key's name. From the second generation on it names that, too: the
 * log of a restored station is another than the one that was published before, from the backup on.
 */
export function journalOrigin(stationId: string, simulated: boolean, generation = 1): string {
  const first = simulated ? `portcullis/simulated/${stationId}` : `portcullis/${stationId}`;
  return generation === 1 ? first : `${first}/${generation}`;
}

/** The hash that every decision names: SHA-256 of the document's bytes, comments and all. */
export function policyHash(document: string): ReturnType<typeof digestOf> {
  return digestOf(new TextEncoder().encode(document));
}

/** Makes a station: generation 1, its first policy in force. */
export function foundStation(request: FoundingRequest): { readonly station: StationName } {
  const { policy, policyDocument, simulated, stationId } = request;
  checkOperatorKeys(policy);
  checkAuthorities(policy);
  if (simulated && [...policy.chains.keys()].some((chain) => !isTestNetwork(chain))) {
    throw new Error('a station with simulated time may name test networks only');
  }
  const station = `${stationId}/1` as StationName;
  const hash = policyHash(policyDocument);
  const { db, close } = createDatabase(request.file);
  try {
    found(
      db,
      deriveKeys(request.stateKey).row,
      {
        station: {
          key: 'station',
          name: station,
          ticketEpoch: 1,
          factorEpoch: 1,
          policy: hash,
          origin: journalOrigin(stationId, simulated),
          metadata: 0,
          journalKey: request.journalKey,
          journalKeyLeaves: ['0'],
        },
        clock: foundClock(request.reading),
        policy: { hash, document: policyDocument },
        leaves: [
          {
            kind: 'station-founded',
            fields: { journal_key: request.journalKey, time_source: simulated ? 'simulated' : 'machine' },
          },
          { kind: 'policy-in-force', fields: { policy: hash } },
        ],
      },
      () => randomBytes(32),
    );
  } finally {
    close();
  }
  return { station };
}
