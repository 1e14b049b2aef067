import type { TransactionRecord } from '../domain/index.ts';
import type { LookupRecord } from '../store/tables.ts';
import { type Keyring, type SealedPurpose, type SealingKeyId, sealedUnder } from './seal.ts';

/** What a transaction's row has sealed: the whole of it where it is withheld, else what some of its signers made of it. */
export function sealedPurpose({ state }: Pick<TransactionRecord, 'state'>): SealedPurpose {
  return state === 'WITHHELD' ? 'signed-transaction' : 'transaction-parts';
}

/** Tables whose rows have something sealed. */
export const sealedTables = ['transactions', 'codes', 'registrations'] as const;
export type SealedTable = (typeof sealedTables)[number];

/** What looks rows up: the store of a running station, or the rows of one that is inspected. */
export interface SealedReader {
  find<L extends `${SealedTable}SealedAfter`>(lookup: L, after: string): readonly LookupRecord<L>[];
  count(lookup: `${SealedTable}SealedUnder`, key: string, most: number): number;
}

/** A count beyond this is told as this. */
export const countMost = 100_000;

/** A key that seals nothing any more. */
export interface FormerKey {
  readonly key: SealingKeyId;
  /** Config does not name it: what lies under it can't be used. */
  readonly missing: boolean;
  /** Things still sealed under it, at most `countMost`. 0: it may go. */
  readonly sealed: number;
}

export interface SealingState {
  readonly current: SealingKeyId;
  readonly former: readonly FormerKey[];
}

/** Every former key that the config names or that something is sealed under; the missing ones last. */
export function sealingState(reader: SealedReader, ring: Keyring): SealingState {
  const used = new Set([
    ...keysUsed((after) => reader.find('transactionsSealedAfter', after)[0]?.sealed),
    ...keysUsed((after) => reader.find('codesSealedAfter', after)[0]?.secret),
    ...keysUsed((after) => reader.find('registrationsSealedAfter', after)[0]?.hmac),
  ]);
  const former = [...ring.former, ...[...used].filter((id) => !ring.has(id))].map((key) => ({
    key,
    missing: !ring.has(key),
    sealed: Math.min(
      countMost,
      sealedTables.reduce((sum, table) => sum + reader.count(`${table}SealedUnder`, key, countMost), 0),
    ),
  }));
  return { current: ring.current, former };
}

/** The ids in a table, each found by the index behind the one before it: as many looks as there are keys, not rows. */
function* keysUsed(next: (after: string) => Uint8Array | null | undefined): Generator<SealingKeyId> {
  for (let after = ''; ; ) {
    const sealed = next(after);
    if (sealed === null || sealed === undefined) return;
    const id = sealedUnder(sealed);
    yield id;
    after = id;
  }
}
