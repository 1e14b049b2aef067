/** A key of a template: which of the policy's keys, and the two branches below it, `@index/<first;second>/*`. */
export interface Key {
  readonly index: number;
  /** For receiving. */
  readonly first: number;
  /** For change. */
  readonly second: number;
}

const wrappers = ['a', 's', 'c', 't', 'd', 'v', 'j', 'n', 'l', 'u'] as const;
const combinators = {
  andor: 3,
  and_v: 2,
  and_b: 2,
  and_n: 2,
  or_b: 2,
  or_c: 2,
  or_d: 2,
  or_i: 2,
} as const;
const hashes = { sha256: 32, hash256: 32, ripemd160: 20, hash160: 20 } as const;
const singleKeys = ['pk', 'pkh', 'pk_k', 'pk_h', 'wpkh'] as const;
const multiKeys = ['multi', 'multi_a', 'sortedmulti', 'sortedmulti_a'] as const;

export type Wrapper = (typeof wrappers)[number];
export type Combinator = keyof typeof combinators;
export type HashLock = keyof typeof hashes;
export type SingleKey = (typeof singleKeys)[number];
export type MultiKey = (typeof multiKeys)[number];
export type Kind =
  | Wrapper
  | Combinator
  | HashLock
  | SingleKey
  | MultiKey
  | '0'
  | '1'
  | 'older'
  | 'after'
  | 'thresh'
  | 'sh'
  | 'wsh'
  | 'tr';

/** A script expression of a descriptor template (BIP-380 and after), or a miniscript fragment (BIP-379). */
export interface Fragment {
  readonly kind: Kind;
  readonly keys: readonly Key[];
  readonly children: readonly Fragment[];
  /** The threshold of `multi…` and `thresh`, the time of `older` and `after`; else 0. */
  readonly number: number;
  /** Of a hash lock. */
  readonly hash?: Uint8Array;
  /** Of `tr`. */
  readonly tree?: Tree;
}

/** The leaves of a taproot output (BIP-341). */
export type Tree = { readonly leaf: Fragment } | { readonly branches: readonly [Tree, Tree] };

export const isWrapper = (kind: string): kind is Wrapper => wrappers.some((wrapper) => wrapper === kind);
export const isSingleKey = (kind: string): kind is SingleKey => singleKeys.some((single) => single === kind);
export const isMultiKey = (kind: string): kind is MultiKey => multiKeys.some((multi) => multi === kind);
export const isCombinator = (kind: string): kind is Combinator => Object.hasOwn(combinators, kind);
export const isHashLock = (kind: string): kind is HashLock => Object.hasOwn(hashes, kind);

/** How many scripts a combinator combines. */
export const arity = (kind: Combinator): number => combinators[kind];

export const hashLength = (kind: HashLock): number => hashes[kind];

/** All leaves, from left to right. */
export const leaves = (tree: Tree): readonly Fragment[] =>
  'leaf' in tree ? [tree.leaf] : tree.branches.flatMap((branch) => leaves(branch));

/** A fragment and all below it. */
export const everyFragment = (fragment: Fragment): readonly Fragment[] => [
  fragment,
  ...fragment.children.flatMap(everyFragment),
  ...(fragment.tree === undefined ? [] : leaves(fragment.tree).flatMap(everyFragment)),
];
