import type { Store } from '../store/store.ts';
import type { Records } from '../store/tables.ts';
import type { Unwatch, Watcher } from './custody.ts';

/** Tells of each record named, first as it is, then again whenever a commit writes it. Throws if one does not exist. */
export function watchRecords<T extends 'withdrawals' | 'transactions' | 'acts'>(
  store: Store,
  table: T,
  ids: readonly string[],
  get: (id: never) => Records[T],
  watcher: Watcher<Records[T]>,
): Unwatch {
  const present = ids.map((id) => get(id as never));
  const wanted = new Set(ids);
  const unwatch = store.onCommit((writes) => {
    for (const write of writes) {
      if (write.table === table && wanted.has(write.record.id)) watcher(write.record as Records[T]);
    }
  });
  for (const record of present) watcher(record);
  return unwatch;
}
