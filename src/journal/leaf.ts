import { canonicalBytes, digestOf, domainTag, type Flat, parseCanonical } from '../domain/index.ts';
import { checkEntry } from './tiles.ts';

/** What the journal records: one kind a sort of fact (formats.md, "Leaf"). */
export const leafKinds = [
  'station-founded',
  'journal-key-added',
  'policy-in-force',
  'factor-added',
  'factor-ripening',
  'factor-revoked',
  'destination-added',
  'destination-ripening',
  'destination-removed',
  'withdrawal-authorized',
  'withdrawal-held',
  'withdrawal-ended',
  'withdrawal-voided',
  'withdrawal-confirmed',
  'transaction-permitted',
  'transaction-sent',
  'transaction-signed',
  'transaction-withheld',
  'transaction-declined',
  'transaction-part-signed',
  'transaction-part-declined',
  'transaction-uncertain',
  'transaction-retried',
  'transaction-replaced',
  'transaction-voided',
  'transaction-confirmed',
  'wallet-registered',
  'signer-key-created',
  'refused',
  'refusals-aggregated',
  'breaker-tripped',
  'frozen',
  'thawed',
  'clock-suspect',
  'clock-acknowledged',
  'clock-vouched',
  'operator-acted',
  'act-announced',
  'act-ripening',
  'act-effective',
  'act-ended',
  'operator-suspended',
  'operator-reinstated',
  'withdrawal-approved',
  'epoch-raised',
  'chunk-imported',
  'station-restored',
  'wallet-stated',
] as const;
export type LeafKind = (typeof leafKinds)[number];

/** A leaf before it has its place: plain members, and personal ones, which go in as commitments. */
export interface LeafDraft {
  readonly kind: LeafKind;
  readonly fields: Flat;
  /** Members whose values name or describe a person: only salted commitments of them enter the log. */
  readonly personal?: Flat;
}

/** What opens one commitment; erasing it erases the person from the log. */
export interface Opening {
  readonly field: string;
  /** 32 random bytes. */
  readonly salt: Uint8Array;
  readonly value: string;
}

/** The members that every leaf has. */
export interface LeafContext {
  readonly station: string;
  /** Witnessed time, ms. */
  readonly w: number;
  /** Wall clock, RFC 3339 UTC. */
  readonly time: string;
}

const reserved = new Set(['type', 'kind', 'station', 'w', 'time']);
const commitmentTag = domainTag('portcullis/commitment/v1');

/** formats.md, "Commitment": SHA-256 over a tag, the salt, the member's name and its value. */
export function commitment(opening: Opening): string {
  const { salt, field, value } = opening;
  return `commit:${digestOf(commitmentTag, salt, domainTag(field), Buffer.from(value))}`;
}

/**
 * The canonical bytes of a leaf and the openings of its commitments. `salt` yields 32 fresh random bytes a call. Throws `TileError`
 * `entry-too-long` for a leaf that no auditor's tool could be given: then nothing of its decision is written.
 */
export function encodeLeaf(
  draft: LeafDraft,
  context: LeafContext,
  salt: () => Uint8Array,
): { readonly bytes: Uint8Array; readonly openings: readonly Opening[] } {
  const personal = draft.personal ?? {};
  const members: Record<string, string> = {};
  for (const name of [...Object.keys(draft.fields), ...Object.keys(personal)]) {
    if (reserved.has(name) || name in members) throw new Error(`leaf ${draft.kind}: member ${name} stands twice`);
    members[name] = draft.fields[name] ?? '';
  }
  const openings = Object.entries(personal).map(([field, value]) => ({ field, salt: salt(), value }));
  for (const opening of openings) members[opening.field] = commitment(opening);
  const bytes = canonicalBytes({
    ...members,
    type: 'portcullis/leaf/v1',
    kind: draft.kind,
    station: context.station,
    w: String(context.w),
    time: context.time,
  });
  checkEntry(bytes);
  return { bytes, openings };
}

/** A leaf read back. */
export interface Leaf {
  readonly kind: LeafKind;
  readonly station: string;
  readonly w: number;
  readonly time: string;
  readonly fields: Flat;
}

/** Parses a leaf strictly; throws `Malformed` for anything that `encodeLeaf` could not have written. */
export function parseLeaf(bytes: Uint8Array): Leaf {
  const { type, kind, station, w, time, ...fields } = parseCanonical(bytes, 'leaf');
  const known = leafKinds.find((k) => k === kind);
  if (type !== 'portcullis/leaf/v1' || known === undefined || station === undefined || time === undefined) {
    throw new Error('not a leaf of version 1');
  }
  if (w === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(w)) throw new Error('leaf: w is not a decimal count of ms');
  return { kind: known, station, w: Number(w), time, fields };
}
