import { type Fragment, isCombinator, isHashLock, isMultiKey, isWrapper } from './fragment.ts';

/** What may be said of a miniscript's witnesses (BIP-379, malleability and time-lock mixing). */
export interface Safety {
  /** Satisfying it takes a signature. */
  readonly s: boolean;
  /** Dissatisfying it takes a signature, or can't be done. */
  readonly f: boolean;
  /** There is one way to dissatisfy it that nobody can change. */
  readonly e: boolean;
  /** There is a way to satisfy it that nobody can change. */
  readonly m: boolean;
  readonly locks: ReadonlySet<Lock>;
  /** No way to satisfy it needs both a height and a time. */
  readonly unmixed: boolean;
}

type Lock = 'relative time' | 'relative height' | 'time' | 'height';

const opposite: Readonly<Record<Lock, Lock>> = {
  'relative time': 'relative height',
  'relative height': 'relative time',
  time: 'height',
  height: 'time',
};

/** BIP-68's bit for seconds, BIP-65's bound between heights and times. */
const relativeTime = 1 << 22;
const firstTime = 500_000_000;

export function safetyOf({ kind, children, number }: Fragment): Safety {
  const parts = children.map(safetyOf);
  const [x, y, z] = parts;
  if (kind === 'thresh') return threshold(number, parts);
  if (x === undefined) return leaf(kind, number);
  if (isWrapper(kind)) return wrapped(kind, x);
  if (isCombinator(kind) && y !== undefined) return combined(kind, x, y, z);
  throw new Error(`${kind} is no miniscript`);
}

const leafOf = (properties: string, ...locks: readonly Lock[]): Safety => ({
  s: properties.includes('s'),
  f: properties.includes('f'),
  e: properties.includes('e'),
  m: true,
  locks: new Set(locks),
  unmixed: true,
});

function leaf(kind: string, number: number): Safety {
  if (isHashLock(kind)) return leafOf('');
  if (kind === '0' || kind.startsWith('pk') || isMultiKey(kind)) return leafOf('se');
  if (kind === 'older') return leafOf('f', (number & relativeTime) === 0 ? 'relative height' : 'relative time');
  if (kind === 'after') return leafOf('f', number < firstTime ? 'height' : 'time');
  return leafOf('f');
}

function wrapped(kind: string, x: Safety): Safety {
  switch (kind) {
    case 'c':
      return { ...x, s: true };
    case 't':
    case 'v':
      return { ...x, f: true, e: false };
    case 'd':
      return { ...x, f: false, e: true };
    case 'j':
    case 'l':
    case 'u':
      return { ...x, f: false, e: x.f };
    default:
      return x;
  }
}

const union = (parts: readonly Safety[]): ReadonlySet<Lock> => new Set(parts.flatMap(({ locks }) => [...locks]));

const clash = (a: Safety, b: Safety): boolean => [...a.locks].some((lock) => b.locks.has(opposite[lock]));

function combined(kind: string, x: Safety, y: Safety, z: Safety | undefined): Safety {
  const parts = z === undefined ? [x, y] : [x, y, z];
  const locks = union(parts);
  const unmixed = parts.every((part) => part.unmixed);
  const and = { locks, unmixed: unmixed && !clash(x, y) };
  const or = { locks, unmixed };
  const m = parts.every((part) => part.m);
  const signed = x.s || y.s;
  switch (kind) {
    case 'and_v':
      return { ...and, s: signed, f: x.s || y.f, e: false, m };
    case 'and_b':
      return {
        ...and,
        s: signed,
        f: (x.f && y.f) || (x.s && x.f) || (y.s && y.f),
        e: x.e && y.e && x.s && y.s,
        m,
      };
    case 'and_n':
      return { ...and, s: signed, f: false, e: x.e && (x.s || y.f), m: m && x.e && signed };
    case 'or_b':
      return { ...or, s: x.s && y.s, f: false, e: true, m: m && x.e && y.e && signed };
    case 'or_c':
      return { ...or, s: x.s && y.s, f: true, e: false, m: m && x.e && signed };
    case 'or_d':
      return { ...or, s: x.s && y.s, f: y.f, e: y.e, m: m && x.e && signed };
    case 'or_i':
      return { ...or, s: x.s && y.s, f: x.f && y.f, e: (x.e && y.f) || (y.e && x.f), m: m && signed };
    default: {
      const last = z ?? y;
      return {
        ...and,
        s: last.s && signed,
        f: last.f && (x.s || y.f),
        e: last.e && (x.s || y.f),
        m: m && x.e && (signed || last.s),
      };
    }
  }
}

function threshold(k: number, parts: readonly Safety[]): Safety {
  const unsigned = parts.filter(({ s }) => !s).length;
  const mixed = k >= 2 && parts.some((a, i) => parts.some((b, j) => j < i && clash(a, b)));
  return {
    s: unsigned <= k - 1,
    f: false,
    e: unsigned === 0,
    m: parts.every(({ e, m }) => e && m) && unsigned <= k,
    locks: union(parts),
    unmixed: parts.every((part) => part.unmixed) && !mixed,
  };
}
