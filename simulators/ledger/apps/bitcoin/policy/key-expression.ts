import { type Fragment, type Key, leaves } from './fragment.ts';

/** A place where a key is used; in a taproot output's script, the leaf that it is in. */
export interface KeyExpression {
  readonly key: Key;
  readonly leaf?: Fragment;
}

/** Every use of a key, in the template's order. */
export function keyExpressions(fragment: Fragment, leaf?: Fragment): readonly KeyExpression[] {
  return [
    ...fragment.keys.map((key) => (leaf === undefined ? { key } : { key, leaf })),
    ...fragment.children.flatMap((child) => keyExpressions(child, leaf)),
    ...(fragment.tree === undefined ? [] : leaves(fragment.tree).flatMap((each) => keyExpressions(each, each))),
  ];
}
