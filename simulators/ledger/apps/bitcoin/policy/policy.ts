import { concatBytes, equalBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Host, HostError } from '../host.ts';
import { Reader, varint } from '../reader.ts';
import type { Fragment, Key, Tree } from './fragment.ts';
import { type KeyExpression, keyExpressions } from './key-expression.ts';
import { derivePublicKey, type KeyInfo, maxKeyInfo, parseKeyInfo } from './key-info.ts';
import { type DerivedKeys, hash160, makeScript, op, push } from './script.ts';
import { branchHash, leafHashOf, outputKey } from './taproot.ts';
import { type PolicyVersion, parseTemplate } from './template.ts';

const maxName = 64;
const maxTemplate: Readonly<Record<PolicyVersion, number>> = { 1: 40, 2: 512 };

interface Header {
  readonly version: PolicyVersion;
  readonly name: Uint8Array;
  readonly templateLength: number;
  /** The template itself in the first version, its SHA-256 in the second. */
  readonly template: Uint8Array;
  readonly keyCount: number;
  readonly keysRoot: Uint8Array;
}

/** A wallet policy (BIP-388) as the device knows it: the template, and a commitment to keys that it asks the host for. */
export class Policy {
  readonly version: PolicyVersion;
  /** Empty for a default policy; else as it was registered. */
  readonly name: string;
  /** As the host wrote it. */
  readonly template: string;
  readonly root: Fragment;
  readonly keyCount: number;
  /** SHA-256 of its serialization. */
  readonly id: Uint8Array;
  /** Every use of a key, in the template's order. */
  readonly keyExpressions: readonly KeyExpression[];
  readonly #host: Host;
  readonly #keysRoot: Uint8Array;

  constructor(host: Host, header: Header, template: string, root: Fragment) {
    this.version = header.version;
    this.name = new TextDecoder('latin1').decode(header.name);
    this.template = template;
    this.root = root;
    this.keyCount = header.keyCount;
    this.id = sha256(serialized(header));
    this.keyExpressions = keyExpressions(root);
    this.#host = host;
    this.#keysRoot = header.keysRoot;
  }

  /** Undefined for what is older than segwit. */
  get segwitVersion(): 0 | 1 | undefined {
    const { kind, children } = this.root;
    if (kind === 'tr') return 1;
    const inner = kind === 'sh' ? children[0]?.kind : kind;
    return inner === 'wpkh' || inner === 'wsh' ? 0 : undefined;
  }

  /** BIP-44's purpose of the account that the template is the standard one of; undefined for every other. */
  get standardPurpose(): 44 | 49 | 84 | 86 | undefined {
    const { kind, children, tree } = this.root;
    const [first, ...others] = this.keyExpressions.map(({ key }) => key);
    if (first === undefined || others.length > 0) return undefined;
    if (first.index !== 0 || first.first !== 0 || first.second !== 1) return undefined;
    if (kind === 'pkh') return 44;
    if (kind === 'wpkh') return 84;
    if (kind === 'tr') return tree === undefined ? 86 : undefined;
    return kind === 'sh' && children[0]?.kind === 'wpkh' ? 49 : undefined;
  }

  /** The bytes of a key's text, asked for and proven. */
  keyText(index: number): Promise<Uint8Array> {
    return this.#host.merkleLeaf(this.#keysRoot, this.keyCount, index, maxKeyInfo);
  }

  async keyInfo(index: number): Promise<KeyInfo> {
    return parseKeyInfo(await this.keyText(index), this.version);
  }

  /** The output script of an address. Every key is asked for each time that it is needed, as the device does. */
  async scriptPubKey(change: boolean, index: number): Promise<Uint8Array> {
    return this.#output(this.root, this.#keysAt(change, index));
  }

  /** The root of the script tree below an address; undefined where there is none. */
  async tapTreeHash(change: boolean, index: number): Promise<Uint8Array | undefined> {
    const { tree } = this.root;
    return tree === undefined ? undefined : this.#treeHash(tree, this.#keysAt(change, index));
  }

  /** The hash of one of the leaves below an address (BIP-341). */
  leafHash(leaf: Fragment, change: boolean, index: number): Promise<Uint8Array> {
    return this.#leafHash(leaf, this.#keysAt(change, index));
  }

  #keysAt(change: boolean, index: number): DerivedKeys {
    return async (key: Key) => {
      const { xpub } = await this.keyInfo(key.index);
      return derivePublicKey(xpub, change ? key.second : key.first, index);
    };
  }

  async #output(root: Fragment, keys: DerivedKeys): Promise<Uint8Array> {
    const [inner] = root.children;
    switch (root.kind) {
      case 'wpkh':
      case 'pkh':
        return makeScript(root, keys, 'wsh');
      case 'wsh':
        return witnessProgram(await inside(inner, keys, 'wsh'));
      case 'sh': {
        const nested = inner?.kind === 'wsh';
        const script = nested ? await inside(inner.children[0], keys, 'sh-wsh') : await inside(inner, keys, 'sh');
        const redeem = nested ? witnessProgram(script) : script;
        return concatBytes(Uint8Array.of(op.hash160), push(hash160(redeem)), Uint8Array.of(op.equal));
      }
      case 'tr': {
        const [key] = root.keys;
        if (key === undefined) throw new HostError('tr without a key');
        const internal = (await keys(key)).slice(1);
        const tree = root.tree === undefined ? undefined : await this.#treeHash(root.tree, keys);
        return concatBytes(Uint8Array.of(op.one), push(outputKey(internal, tree)));
      }
      default:
        throw new HostError(`${root.kind} is no output`);
    }
  }

  async #treeHash(tree: Tree, keys: DerivedKeys): Promise<Uint8Array> {
    if ('leaf' in tree) return this.#leafHash(tree.leaf, keys);
    const left = await this.#treeHash(tree.branches[0], keys);
    return branchHash(left, await this.#treeHash(tree.branches[1], keys));
  }

  /** The device makes the script twice, because it first needs its length: so the host is asked twice. */
  async #leafHash(leaf: Fragment, keys: DerivedKeys): Promise<Uint8Array> {
    await makeScript(leaf, keys, 'tapscript');
    return leafHashOf(await makeScript(leaf, keys, 'tapscript'));
  }
}

function inside(
  fragment: Fragment | undefined,
  keys: DerivedKeys,
  context: Parameters<typeof makeScript>[2],
): Promise<Uint8Array> {
  if (fragment === undefined) throw new HostError('a wrapper around nothing');
  return makeScript(fragment, keys, context);
}

const witnessProgram = (script: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(op.zero), push(sha256(script)));

/** Reads a serialized policy; asks for its template. Throws a HostError where the app doesn't understand it. */
export async function readPolicy(host: Host, reader: Reader): Promise<Policy> {
  const header = readHeader(reader);
  const bytes = header.version === 1 ? header.template : await host.preimage(header.template, maxTemplate[2]);
  if (bytes.length !== header.templateLength) throw new HostError('a template of another length');
  const template = new TextDecoder('latin1').decode(bytes);
  return new Policy(host, header, template, parseTemplate(template, header.version));
}

/** Fetches the policy of that id. */
export async function fetchPolicy(host: Host, id: Uint8Array): Promise<Policy> {
  const bytes = await host.preimage(id);
  const policy = await readPolicy(host, new Reader(bytes, policyError));
  if (!equalBytes(policy.id, id)) throw policyError('not serialized as the app would');
  return policy;
}

const policyError = (why: string): HostError => new HostError(`in a policy: ${why}`);

function readHeader(reader: Reader): Header {
  const version = reader.u8();
  if (version !== 1 && version !== 2) throw policyError(`version ${version}`);
  const nameLength = reader.u8();
  if (nameLength > maxName) throw policyError(`a name of ${nameLength} bytes`);
  const name = reader.take(nameLength);
  const templateLength = reader.varint();
  if (templateLength > maxTemplate[version]) throw policyError(`a template of ${templateLength} bytes`);
  const template = reader.take(version === 1 ? templateLength : 32);
  const keyCount = reader.varint();
  if (keyCount > 252) throw policyError(`${keyCount} keys`);
  return { version, name, templateLength, template, keyCount, keysRoot: reader.take(32) };
}

const serialized = ({ version, name, templateLength, template, keyCount, keysRoot }: Header): Uint8Array =>
  concatBytes(Uint8Array.of(version, name.length), name, varint(templateLength), template, varint(keyCount), keysRoot);
