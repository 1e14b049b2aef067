import { hexToBytes } from '@noble/curves/utils.js';
import { HostError } from '../host.ts';
import {
  arity,
  type Fragment,
  hashLength,
  isCombinator,
  isHashLock,
  isMultiKey,
  isSingleKey,
  isWrapper,
  type Key,
  type Kind,
  type Tree,
} from './fragment.ts';
import { isMiniscript, typeOf } from './miniscript-type.ts';

/** What encloses a script, from the outside in. */
interface Place {
  readonly sh: boolean;
  readonly wsh: boolean;
  readonly tr: boolean;
  readonly depth: number;
}

/** BIP-388's templates; in the first version's, keys carry the wildcard themselves. */
export type PolicyVersion = 1 | 2;

const maxKeys = 16;
const maxTreeDepth = 9;

const inSh: readonly string[] = ['pk', 'pkh', 'multi', 'sortedmulti', 'wpkh', 'wsh'];
const inShWsh: readonly string[] = ['pk', 'pkh', 'multi', 'sortedmulti'];
const notInTr: readonly string[] = ['sh', 'wsh', 'wpkh', 'tr', 'multi', 'sortedmulti'];

/** Throws a HostError where the text is no template that the app knows, or isn't well typed as miniscript. */
export function parseTemplate(text: string, version: PolicyVersion): Fragment {
  const parser = new TemplateParser(text, version);
  const root = parser.script({ sh: false, wsh: false, tr: false, depth: 0 });
  parser.end();
  return root;
}

class TemplateParser {
  readonly #text: string;
  readonly #version: PolicyVersion;
  #at = 0;

  constructor(text: string, version: PolicyVersion) {
    this.#text = text;
    this.#version = version;
  }

  end(): void {
    if (this.#at < this.#text.length) throw this.#error('something after the end');
  }

  script(place: Place): Fragment {
    const wrapped = (place.wsh && !place.sh) || place.tr ? this.#match(/[a-z]+(?=:)/y) : '';
    if (wrapped === '') return this.#bare(place);
    this.#expect(':');
    let fragment = this.#bare(place);
    for (const wrapper of [...wrapped].reverse()) {
      if (!isWrapper(wrapper)) throw this.#error(`no wrapper ${wrapper}`);
      fragment = this.#typed({ kind: wrapper, keys: [], children: [fragment], number: 0 }, place);
    }
    return fragment;
  }

  #bare(place: Place): Fragment {
    const kind = this.#match(/[a-zA-Z0-9_]+/y);
    this.#requirePlace(kind, place);
    if (kind === '0' || kind === '1') return { kind, keys: [], children: [], number: 0 };
    this.#expect('(');
    const fragment = this.#inside(kind, place);
    this.#expect(')');
    return this.#typed(fragment, place);
  }

  #requirePlace(kind: string, { sh, wsh, tr, depth }: Place): void {
    const fits =
      (!tr || !notInTr.includes(kind)) &&
      (!sh || (wsh ? inShWsh : inSh).includes(kind)) &&
      (kind !== 'sh' || depth === 0) &&
      (kind !== 'wsh' || depth === 0 || sh) &&
      (kind !== 'tr' || depth === 0) &&
      (kind !== 'wpkh' || depth === 0 || sh);
    if (!fits) throw this.#error(`${kind} has no place there`);
  }

  #inside(kind: string, place: Place): Fragment {
    const within = { ...place, depth: place.depth + 1 };
    const made = (kind: Kind, rest: Partial<Fragment>): Fragment => ({
      kind,
      keys: [],
      children: [],
      number: 0,
      ...rest,
    });
    if (kind === 'sh') return made(kind, { children: [this.script({ ...within, sh: true })] });
    if (kind === 'wsh') return made(kind, { children: [this.script({ ...within, wsh: true })] });
    if (kind === 'tr') {
      const keys = [this.#key()];
      return this.#take(',') ? made(kind, { keys, tree: this.#tree(1) }) : made(kind, { keys });
    }
    if (isSingleKey(kind)) return made(kind, { keys: [this.#key()] });
    if (isHashLock(kind)) return made(kind, { hash: this.#hash(hashLength(kind)) });
    if (kind === 'older' || kind === 'after') {
      const number = this.#number();
      if (number < 1 || number >= 2 ** 31) throw this.#error(`${kind}(${number})`);
      return made(kind, { number });
    }
    if (isMultiKey(kind)) {
      const number = this.#number();
      const keys: Key[] = [];
      while (this.#take(',')) keys.push(this.#key());
      if (number < 1 || number > keys.length || keys.length > maxKeys) throw this.#error(`${number} of ${keys.length}`);
      return made(kind, { number, keys });
    }
    if (kind === 'thresh') {
      const number = this.#number();
      const children: Fragment[] = [];
      while (this.#take(',')) children.push(this.script(within));
      if (number < 1 || children.length === 0) throw this.#error(`${number} of ${children.length}`);
      return made(kind, { number, children });
    }
    if (isCombinator(kind)) {
      const children: Fragment[] = [];
      for (let i = 0; i < arity(kind); i++) {
        if (i > 0) this.#expect(',');
        children.push(this.script(within));
      }
      return made(kind, { children });
    }
    throw this.#error(`no such thing as ${kind}`);
  }

  #tree(depth: number): Tree {
    if (depth > maxTreeDepth) throw this.#error('a deeper tree than is supported');
    if (!this.#take('{')) return { leaf: this.script({ sh: false, wsh: false, tr: true, depth: depth + 1 }) };
    const left = this.#tree(depth + 1);
    this.#expect(',');
    const right = this.#tree(depth + 1);
    this.#expect('}');
    return { branches: [left, right] };
  }

  #key(): Key {
    this.#expect('@');
    const index = this.#number();
    if (index > 0x7fff) throw this.#error(`@${index}`);
    if (this.#version === 1) return { index, first: 0, second: 1 };
    this.#expect('/');
    if (this.#take('**')) return { index, first: 0, second: 1 };
    this.#expect('<');
    const first = this.#number();
    this.#expect(';');
    const second = this.#number();
    this.#expect('>/*');
    if (first >= 2 ** 31 || second >= 2 ** 31 || first === second) throw this.#error(`<${first};${second}>`);
    return { index, first, second };
  }

  /** Unsigned, without leading zeros. */
  #number(): number {
    const digits = this.#match(/(0|[1-9][0-9]{0,9})(?![0-9])/y);
    if (digits === '' || Number(digits) >= 2 ** 32) throw this.#error('a number is missing, or is too large');
    return Number(digits);
  }

  #hash(length: number): Uint8Array {
    const hex = this.#match(/[0-9a-f]+/y);
    if (hex.length !== 2 * length) throw this.#error(`a hash of ${length} bytes is missing`);
    return hexToBytes(hex);
  }

  /** Miniscript has types; what isn't of one of them is no miniscript. */
  #typed(fragment: Fragment, { tr }: Place): Fragment {
    if (isMiniscript(fragment.kind) && typeOf(fragment, tr) === undefined) {
      throw this.#error(`${fragment.kind} of the wrong types`);
    }
    return fragment;
  }

  #take(text: string): boolean {
    const there = this.#text.startsWith(text, this.#at);
    if (there) this.#at += text.length;
    return there;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#error(`“${text}” is missing`);
  }

  /** What a sticky expression matches here, or nothing. */
  #match(expression: RegExp): string {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #error(why: string): HostError {
    return new HostError(`in the template, at character ${this.#at}: ${why}`);
  }
}
