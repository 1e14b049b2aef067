/** What a change of policy does to whoever would get something out: `looser` is whatever is not known to be one of the others. */
export type Direction = 'looser' | 'tighter' | 'same';

/** One member that another policy has otherwise. */
export interface Change {
  /** Its place in the document, items of lists by what names them: `chains[eip155:1].max_fee`. */
  readonly member: string;
  /** As people read it; `none` where there was, or will be, nothing. */
  readonly was: string;
  readonly will: string;
  readonly direction: Direction;
}

type Said = string | number | bigint | boolean;
type Say<T> = (value: T) => string;

/** A member of which less allows less: a ceiling, a window, how many at once. */
export function lessTightens<T extends number | bigint>(
  member: string,
  was: T,
  will: T,
  say: Say<T> = String,
): Change[] {
  return was === will ? [] : [{ member, was: say(was), will: say(will), direction: will < was ? 'tighter' : 'looser' }];
}

/** A member of which more allows less: a delay, a quorum. */
export function moreTightens<T extends number | bigint>(
  member: string,
  was: T,
  will: T,
  say: Say<T> = String,
): Change[] {
  return was === will ? [] : [{ member, was: say(was), will: say(will), direction: will > was ? 'tighter' : 'looser' }];
}

/** A member whose values can't be compared: whatever it becomes is taken for looser. */
export function otherLoosens<T extends Said | undefined>(
  member: string,
  was: T,
  will: T,
  say: Say<NonNullable<T>> = String,
): Change[] {
  const told = (value: T): string => (value === undefined || value === null ? 'none' : say(value));
  return was === will ? [] : [{ member, was: told(was), will: told(will), direction: 'looser' }];
}

/** A list whose items have names. `kept` tells what became of one that stands in both. */
export function listed<V>(
  list: string,
  was: Iterable<readonly [name: string, item: V]>,
  will: Iterable<readonly [name: string, item: V]>,
  how: {
    readonly say: Say<V>;
    readonly added: Direction;
    readonly removed: Direction;
    readonly kept?: (member: string, was: V, will: V) => readonly Change[];
  },
): Change[] {
  const { say, added, removed, kept = () => [] } = how;
  const [before, after] = [new Map(was), new Map(will)];
  const changes: Change[] = [];
  for (const [name, item] of before) {
    const member = `${list}[${name}]`;
    const now = after.get(name);
    if (now === undefined) changes.push({ member, was: say(item), will: 'none', direction: removed });
    else changes.push(...kept(member, item, now));
  }
  for (const [name, item] of after) {
    if (!before.has(name)) changes.push({ member: `${list}[${name}]`, was: 'none', will: say(item), direction: added });
  }
  return changes;
}

/** A set of names: adding one loosens and removing one tightens, or the other way round. */
export function named(
  list: string,
  was: Iterable<string>,
  will: Iterable<string>,
  added: 'looser' | 'tighter',
): Change[] {
  const pairs = (names: Iterable<string>): [string, string][] => [...names].map((name) => [name, name]);
  const removed = added === 'looser' ? 'tighter' : 'looser';
  return listed(list, pairs(was), pairs(will), { say: (name) => name, added, removed });
}

/**
 * A list of demands (limits, bands, the breaker's rules), each of which only ever refuses. One that goes loosens, unless what
 * comes demands as much; one that comes tightens, unless what was there did.
 */
export function demands<D>(
  list: string,
  was: readonly D[],
  will: readonly D[],
  how: {
    readonly name: (demand: D) => string;
    readonly say: Say<D>;
    /** Whether whatever `demand` refuses one of these refuses, too. */
    readonly met: (demand: D, by: readonly D[]) => boolean;
  },
): Change[] {
  const { name, say, met } = how;
  const byName = (of: readonly D[]): Map<string, D> => new Map(of.map((demand) => [name(demand), demand]));
  const direction = (before: D | undefined, after: D | undefined): Direction => {
    if (before !== undefined && !met(before, will)) return 'looser';
    return after !== undefined && !met(after, was) ? 'tighter' : 'same';
  };
  const [before, after] = [byName(was), byName(will)];
  const changes: Change[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, fresh] = [before.get(key), after.get(key)];
    const told = { was: old === undefined ? 'none' : say(old), will: fresh === undefined ? 'none' : say(fresh) };
    if (told.was === told.will) continue;
    changes.push({ member: `${list}[${key}]`, ...told, direction: direction(old, fresh) });
  }
  return changes;
}

/** A part that may be absent. */
export function whole<T>(
  member: string,
  was: T | undefined,
  will: T | undefined,
  how: {
    readonly say: Say<T>;
    readonly comes: Direction;
    readonly goes: Direction;
    readonly kept: (was: T, will: T) => readonly Change[];
  },
): readonly Change[] {
  const { say, comes, goes, kept } = how;
  if (was === undefined) return will === undefined ? [] : [{ member, was: 'none', will: say(will), direction: comes }];
  if (will === undefined) return [{ member, was: say(was), will: 'none', direction: goes }];
  return kept(was, will);
}
