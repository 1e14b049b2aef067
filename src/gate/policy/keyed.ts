import { Malformed, shown } from '../../domain/index.ts';

/** A list as a map; throws `Malformed` where two items have one key. */
export function keyed<K, V>(values: readonly V[], key: (value: V) => K, place: string): ReadonlyMap<K, V> {
  const map = new Map<K, V>();
  for (const value of values) {
    if (map.has(key(value))) throw new Malformed(place, `${shown(key(value))} stands twice`);
    map.set(key(value), value);
  }
  return map;
}
