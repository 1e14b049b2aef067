import type { Fragment } from './fragment.ts';
import { isCombinator, isHashLock, isMultiKey, isWrapper } from './fragment.ts';

/** What satisfying a fragment costs, and dissatisfying it; undefined where there is no way. */
interface Cost {
  readonly sat: number | undefined;
  readonly dsat: number | undefined;
}

/** How large a miniscript is, to be held against what nodes relay (BIP-379, resource limitations). */
export interface Size {
  /** Bytes of its script. */
  readonly script: number;
  /** Opcodes that aren't pushes. */
  readonly opcodes: number;
  /** Keys in the multisignatures that run. */
  readonly keys: Cost;
  /** Stack elements. */
  readonly stack: Cost;
  /** Whether a VERIFY behind it is an opcode of its own. */
  readonly ownVerify: boolean;
}

const both = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b;

const either = (a: number | undefined, b: number | undefined): number | undefined => {
  if (a === undefined) return b;
  return b === undefined ? a : Math.max(a, b);
};

const none: Cost = { sat: undefined, dsat: undefined };
const free: Cost = { sat: 0, dsat: 0 };

const pushSize = (number: number): number => (number <= 16 ? 1 : 2 + Math.floor(Math.log2(number * 2) / 8));

export function sizeOf(fragment: Fragment, tap: boolean): Size {
  const { kind, children, number, keys, hash } = fragment;
  const sizes = children.map((child) => sizeOf(child, tap));
  const [x, y, z] = sizes;
  if (kind === 'thresh') return thresholdSize(number, sizes);
  if (x === undefined) return leafSize(kind, number, keys.length, hash?.length ?? 0, tap);
  if (isWrapper(kind)) return wrappedSize(kind, x);
  if (isCombinator(kind) && y !== undefined) return combinedSize(kind, x, y, z);
  throw new Error(`${kind} is no miniscript`);
}

function leafSize(kind: string, number: number, keys: number, hash: number, tap: boolean): Size {
  const key = tap ? 33 : 34;
  const size = (script: number, opcodes: number, sat: number | undefined, dsat: number | undefined): Size => ({
    script,
    opcodes,
    keys: { sat: sat === undefined ? undefined : 0, dsat: dsat === undefined ? undefined : 0 },
    stack: { sat, dsat },
    ownVerify: true,
  });
  if (isHashLock(kind)) return { ...size(6 + 1 + hash, 4, 1, undefined), ownVerify: false };
  if (isMultiKey(kind)) {
    if (kind === 'multi_a')
      return { ...size(keys * (key + 1) + pushSize(number) + 1, keys + 1, keys, keys), ownVerify: false };
    return {
      ...size(1 + pushSize(number) + pushSize(keys) + key * keys, 1, number + 1, number + 1),
      keys: { sat: keys, dsat: keys },
      ownVerify: false,
    };
  }
  switch (kind) {
    case '0':
      return size(1, 0, undefined, 0);
    case '1':
      return size(1, 0, 0, undefined);
    case 'pk_k':
      return size(key, 0, 1, 1);
    case 'pk_h':
      return size(24, 3, 2, 2);
    case 'pk':
      return { ...size(key + 1, 1, 1, 1), ownVerify: false };
    case 'pkh':
      return { ...size(25, 4, 2, 2), ownVerify: false };
    default:
      return size(1 + pushSize(number), 1, 0, undefined);
  }
}

function wrappedSize(kind: string, x: Size): Size {
  const larger = (script: number, opcodes: number, change: Partial<Size> = {}): Size => ({
    ...x,
    script: x.script + script,
    opcodes: x.opcodes + opcodes,
    ownVerify: true,
    ...change,
  });
  const noDsat = { keys: { ...x.keys, dsat: undefined }, stack: { ...x.stack, dsat: undefined } };
  switch (kind) {
    case 'a':
      return larger(2, 2);
    case 's':
      return larger(1, 1, { ownVerify: x.ownVerify });
    case 'c':
      return larger(1, 1, { ownVerify: false });
    case 'd':
      return larger(3, 3, { keys: { ...x.keys, dsat: 0 }, stack: { sat: both(x.stack.sat, 1), dsat: 1 } });
    case 't':
      return larger(1, 0, noDsat);
    case 'v':
      return larger(Number(x.ownVerify), Number(x.ownVerify), noDsat);
    case 'j':
      return larger(4, 4, { keys: { ...x.keys, dsat: 0 }, stack: { ...x.stack, dsat: 1 } });
    case 'n':
      return larger(1, 1);
    default:
      return larger(4, 3, {
        keys: { ...x.keys, dsat: either(0, x.keys.dsat) },
        stack: { sat: both(x.stack.sat, 1), dsat: either(1, both(x.stack.dsat, 1)) },
      });
  }
}

function combinedSize(kind: string, x: Size, y: Size, z: Size | undefined): Size {
  const combine = (script: number, opcodes: number, cost: (x: Cost, y: Cost, z: Cost) => Cost): Size => ({
    script: script + x.script + y.script + (z?.script ?? 0),
    opcodes: opcodes + x.opcodes + y.opcodes + (z?.opcodes ?? 0),
    keys: cost(x.keys, y.keys, z?.keys ?? none),
    stack: cost(x.stack, y.stack, z?.stack ?? none),
    ownVerify: true,
  });
  switch (kind) {
    case 'and_v':
      return {
        ...combine(0, 0, (x, y) => ({ sat: both(x.sat, y.sat), dsat: undefined })),
        ownVerify: y.ownVerify,
      };
    case 'and_b':
      return combine(1, 1, (x, y) => ({ sat: both(x.sat, y.sat), dsat: both(x.dsat, y.dsat) }));
    case 'and_n':
      return combine(4, 3, (x, y) => ({ sat: both(x.sat, y.sat), dsat: x.dsat }));
    case 'or_b':
      return combine(1, 1, (x, y) => ({
        sat: either(both(x.sat, y.dsat), both(y.sat, x.dsat)),
        dsat: both(x.dsat, y.dsat),
      }));
    case 'or_c':
      return combine(2, 2, (x, y) => ({ sat: either(x.sat, both(y.sat, x.dsat)), dsat: undefined }));
    case 'or_d':
      return combine(3, 3, (x, y) => ({ sat: either(x.sat, both(y.sat, x.dsat)), dsat: both(x.dsat, y.dsat) }));
    case 'or_i': {
      const made = combine(3, 3, (x, y) => ({ sat: either(x.sat, y.sat), dsat: either(x.dsat, y.dsat) }));
      return { ...made, stack: { sat: both(made.stack.sat, 1), dsat: both(made.stack.dsat, 1) } };
    }
    default:
      return combine(3, 3, (x, y, z) => ({
        sat: either(both(x.sat, y.sat), both(x.dsat, z.sat)),
        dsat: both(x.dsat, z.dsat),
      }));
  }
}

function thresholdSize(k: number, sizes: readonly Size[]): Size {
  const cost = (costs: readonly Cost[]): Cost => {
    // The worst case of j satisfied children among those so far.
    let worst: readonly (number | undefined)[] = [0];
    for (const { sat, dsat } of costs) {
      worst = Array.from({ length: worst.length + 1 }, (_, j) =>
        either(both(worst[j], dsat), j === 0 ? undefined : both(worst[j - 1], sat)),
      );
    }
    return { sat: worst[k], dsat: worst[0] };
  };
  const sum = (of: (size: Size) => number): number => sizes.reduce((total, size) => total + of(size), 0);
  return {
    script: sum(({ script }) => script + 1) + pushSize(k),
    opcodes: sum(({ opcodes }) => opcodes + 1),
    keys: sizes.length === 0 ? free : cost(sizes.map(({ keys }) => keys)),
    stack: cost(sizes.map(({ stack }) => stack)),
    ownVerify: false,
  };
}
