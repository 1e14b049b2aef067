import { type Fragment, isCombinator, isHashLock, isWrapper, type Kind } from './fragment.ts';

/** Miniscript's types (BIP-379): what a fragment leaves on the stack, and what may be said of its ways to be satisfied. */
export interface Type {
  readonly base: 'B' | 'V' | 'K' | 'W';
  /** Consumes nothing. */
  readonly z: boolean;
  /** Consumes one element. */
  readonly o: boolean;
  /** Never a zero on top. */
  readonly n: boolean;
  /** Can be dissatisfied. */
  readonly d: boolean;
  /** Leaves exactly 1. */
  readonly u: boolean;
}

/** Sorted multisignatures are descriptors, no miniscript; so is what wraps a whole script. */
export const isMiniscript = (kind: Kind): boolean =>
  isWrapper(kind) ||
  isCombinator(kind) ||
  isHashLock(kind) ||
  ['0', '1', 'pk', 'pkh', 'pk_k', 'pk_h', 'older', 'after', 'multi', 'multi_a', 'thresh'].includes(kind);

const typed = (base: Type['base'], properties: string): Type => ({
  base,
  z: properties.includes('z'),
  o: properties.includes('o'),
  n: properties.includes('n'),
  d: properties.includes('d'),
  u: properties.includes('u'),
});

/** Undefined where the fragment isn't well typed, or is no miniscript. `tap`: in tapscript. */
export function typeOf(fragment: Fragment, tap: boolean): Type | undefined {
  const types: Type[] = [];
  for (const child of fragment.children) {
    const type = typeOf(child, tap);
    if (type === undefined) return undefined;
    types.push(type);
  }
  const [x, y, w] = types;
  if (fragment.kind === 'thresh') return threshold(types);
  if (x === undefined) return leafType(fragment.kind);
  if (y === undefined) return isWrapper(fragment.kind) ? wrapped(fragment.kind, x, tap) : undefined;
  return combined(fragment.kind, x, y, w);
}

function leafType(kind: Kind): Type | undefined {
  if (isHashLock(kind)) return typed('B', 'ondu');
  switch (kind) {
    case '0':
      return typed('B', 'zdu');
    case '1':
      return typed('B', 'zu');
    case 'pk':
      return typed('B', 'ondu');
    case 'pkh':
      return typed('B', 'ndu');
    case 'pk_k':
      return typed('K', 'ondu');
    case 'pk_h':
      return typed('K', 'ndu');
    case 'older':
    case 'after':
      return typed('B', 'z');
    case 'multi':
      return typed('B', 'ndu');
    case 'multi_a':
      return typed('B', 'du');
    default:
      return undefined;
  }
}

function wrapped(kind: string, x: Type, tap: boolean): Type | undefined {
  const isB = x.base === 'B';
  switch (kind) {
    case 'a':
      return isB ? { ...typed('W', ''), d: x.d, u: x.u } : undefined;
    case 's':
      return isB && x.o ? { ...typed('W', ''), d: x.d, u: x.u } : undefined;
    case 'c':
      return x.base === 'K' ? { ...x, base: 'B', u: true } : undefined;
    case 't':
      return x.base === 'V' ? { ...x, base: 'B', d: false, u: true } : undefined;
    case 'd':
      return x.base === 'V' && x.z ? typed('B', tap ? 'ondu' : 'ond') : undefined;
    case 'v':
      return isB ? { ...x, base: 'V', d: false, u: false } : undefined;
    case 'j':
      return isB && x.n ? { ...typed('B', 'nd'), o: x.o, u: x.u } : undefined;
    case 'n':
      return isB ? { ...x, u: true } : undefined;
    case 'l':
    case 'u':
      return isB ? { ...typed('B', 'd'), o: x.z, u: x.u } : undefined;
    default:
      return undefined;
  }
}

function combined(kind: Kind, x: Type, y: Type, w: Type | undefined): Type | undefined {
  const z = x.z && y.z;
  const oneEach = (x.z && y.o) || (x.o && y.z);
  const chooses = x.base === 'B' && x.d && x.u;
  const none = typed('B', '');
  switch (kind) {
    case 'and_v':
      return x.base === 'V' && y.base !== 'W'
        ? { base: y.base, z, o: oneEach, n: x.n || (x.z && y.n), d: false, u: y.u }
        : undefined;
    case 'and_b':
      return x.base === 'B' && y.base === 'W'
        ? { base: 'B', z, o: oneEach, n: x.n || (x.z && y.n), d: x.d && y.d, u: true }
        : undefined;
    case 'and_n':
      return chooses && y.base === 'B' ? { ...none, z, o: x.o && y.z, d: true, u: y.u } : undefined;
    case 'or_b':
      return x.base === 'B' && x.d && y.base === 'W' && y.d ? { ...none, z, o: oneEach, d: true, u: true } : undefined;
    case 'or_c':
      return chooses && y.base === 'V' ? { ...none, base: 'V', z, o: x.o && y.z } : undefined;
    case 'or_d':
      return chooses && y.base === 'B' ? { ...none, z, o: x.o && y.z, d: y.d, u: y.u } : undefined;
    case 'or_i':
      return x.base === y.base && x.base !== 'W'
        ? { base: x.base, z: false, o: z, n: false, d: x.d || y.d, u: x.u && y.u }
        : undefined;
    case 'andor':
      return w !== undefined && chooses && y.base === w.base && y.base !== 'W'
        ? {
            base: y.base,
            z: z && w.z,
            o: (x.z && y.o && w.o) || (x.o && y.z && w.z),
            n: false,
            d: w.d,
            u: y.u && w.u,
          }
        : undefined;
    default:
      return undefined;
  }
}

function threshold(types: readonly Type[]): Type | undefined {
  const wellTyped = types.every(({ base, d, u }, i) => base === (i === 0 ? 'B' : 'W') && d && u);
  if (!wellTyped) return undefined;
  const zeros = types.filter(({ z }) => z).length;
  const ones = types.filter(({ o }) => o).length;
  return { ...typed('B', 'du'), z: zeros === types.length, o: zeros === types.length - 1 && ones === 1 };
}
