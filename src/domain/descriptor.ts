import { Malformed, shown } from './refusal.ts';

/** The scripts that a wallet can pay to: BIP-381, BIP-382, BIP-386 (key path), and BIP-383's sorted multisig in BIP-382's `wsh`. */
export const scriptTypes = ['pkh', 'sh-wpkh', 'wpkh', 'tr', 'wsh-sortedmulti'] as const;
export type ScriptType = (typeof scriptTypes)[number];

/** One key expression: origin and extended public key (BIP-380, BIP-32). It derives `/0/i` to receive, `/1/i` for change. */
export interface DescriptorKey {
  /** The master key's fingerprint, 8 lowercase hex digits. */
  readonly fingerprint: string;
  /** From the master to the extended key, `m/84'/0'/0'`. */
  readonly path: string;
  /** `xpub…` or `tpub…`, as it was written: whether it is one is for chains/ to say. */
  readonly xpub: string;
}

/** Scripts that a key without a chain code can have: of HSMs, which sign by ECDSA alone (no `tr`), as Bitcoin Core names them. */
export const tokenScripts = ['pkh', 'wpkh', 'wsh-sortedmulti'] as const satisfies readonly ScriptType[];
export type TokenScript = (typeof tokenScripts)[number];

/** A descriptor, read: the forms that BIP-388 calls wallet policies with `/**`; or of raw keys, without one address more; no others. */
export type Descriptor = DerivedDescriptor | RawDescriptor;

export interface DerivedDescriptor {
  /** Whether addresses are derived from its keys. */
  readonly derives: true;
  readonly script: ScriptType;
  /** How many of the keys sign. */
  readonly threshold: number;
  readonly keys: readonly DescriptorKey[];
}

/** It has one script, which receives and takes the change. */
export interface RawDescriptor {
  readonly derives: false;
  readonly script: TokenScript;
  /** How many of the keys sign. */
  readonly threshold: number;
  readonly keys: readonly RawKey[];
}

/** BIP-380's key expression of hex alone: one public key, from which nothing is derived. */
export interface RawKey {
  /** Compressed, 33 bytes as lowercase hex. Whether it is a point of the curve is for chains/ to say. */
  readonly publicKey: string;
}

const extendedForm = "\\[([0-9a-f]{8})((?:/(?:0|[1-9][0-9]{0,9})['h]?)*)\\]([1-9A-HJ-NP-Za-km-z]{100,120})/<0;1>/\\*";
const extended = new RegExp(`^${extendedForm}$`);
const raw = /^0[23][0-9a-f]{64}$/;
const single = /^(?:(pkh|wpkh|tr)\(([^(),]+)\)|sh\(wpkh\(([^(),]+)\)\))$/;
const multi = /^wsh\(sortedmulti\(([1-9][0-9]?)((?:,[^(),]+){1,15})\)\)$/;

/**
 * Reads `wpkh([f5acc2fd/84'/1'/0']tpub…/<0;1>/*)#checksum`; likewise `pkh`, `sh(wpkh)`, `tr` and `wsh(sortedmulti(2,…))`; and
 * `wpkh(02…)#checksum`, `pkh`, `wsh(sortedmulti(2,…))` of raw keys. The checksum must be there. Throws `Malformed`, naming `field`.
 */
export function parseDescriptor(text: string, field: string): Descriptor {
  if (/[A-Za-z]prv[1-9A-HJ-NP-Za-km-z]{20}/.test(text)) {
    throw new Malformed(
      field,
      'holds a private key: it belongs on its device and nowhere else; count it as exposed, and write the xpub',
    );
  }
  const hash = text.indexOf('#');
  if (hash < 0) throw new Malformed(field, 'has no checksum: append # and its eight characters (BIP-380)');
  const body = text.slice(0, hash);
  const sum = descriptorChecksum(body);
  if (sum === undefined) throw new Malformed(field, 'holds a character that no descriptor has');
  if (text.slice(hash + 1) !== sum)
    throw new Malformed(field, `its checksum is ${elided(text.slice(hash + 1))}, and that of what it says is ${sum}`);
  return parseBody(body, field);
}

function parseBody(body: string, field: string): Descriptor {
  const one = single.exec(body);
  if (one !== null) {
    const script = one[1] === undefined ? 'sh-wpkh' : scriptTypes.find((type) => type === one[1]);
    if (script === undefined) throw new Error(`no script is called ${one[1]}`);
    return described(script, 1, [one[2] ?? one[3] ?? ''], body, field);
  }
  const [, threshold, listed] = multi.exec(body) ?? [];
  if (threshold === undefined || listed === undefined) throw otherForm(body, field);
  const keys = listed.slice(1).split(',');
  const read = described('wsh-sortedmulti', Number(threshold), keys, body, field);
  if (read.threshold > keys.length) throw new Malformed(field, `${threshold} of ${keys.length} keys can never sign`);
  if (keys.length < 2) throw new Malformed(field, 'a multisig of one key is wpkh');
  const named = read.derives ? read.keys.map(({ xpub }) => xpub) : read.keys.map(({ publicKey }) => publicKey);
  if (new Set(named).size !== named.length)
    throw new Malformed(field, 'names one key twice: then fewer than it says sign');
  return read;
}

function described(
  script: ScriptType,
  threshold: number,
  texts: readonly string[],
  body: string,
  field: string,
): Descriptor {
  if (texts.every((text) => extended.test(text)))
    return { derives: true, script, threshold, keys: texts.map((text) => extendedKeyOf(text, field)) };
  if (!texts.every((text) => raw.test(text))) throw faultOfKeys(texts, body, field);
  const own = tokenScripts.find((type) => type === script);
  if (own === undefined)
    throw new Malformed(
      field,
      'a raw key (hex) has wpkh, pkh or wsh(sortedmulti): it is an HSM’s, which signs by ECDSA for one address',
    );
  return { derives: false, script: own, threshold, keys: texts.map((publicKey) => ({ publicKey })) };
}

const hexKey = /^(?:[0-9a-fA-F]{66}|[0-9a-fA-F]{130})$/;

/** What is wrong with keys of which not all are extended and not all raw. Quotes none: see `elided`. */
function faultOfKeys(texts: readonly string[], body: string, field: string): Malformed {
  for (const text of texts) {
    const [, origin, key = '', steps = ''] = /^(\[[^\]]*\])?([^/]*)(.*)$/.exec(text) ?? [];
    if (!hexKey.test(key)) continue;
    if (origin !== undefined)
      return new Malformed(
        field,
        'a raw key (hex) has no origin before it: an HSM derives nothing; write the key alone',
      );
    if (steps !== '')
      return new Malformed(field, 'a raw key (hex) has no steps after it, such as /*: nothing is derived from it');
    if (key.length === 130)
      return new Malformed(field, 'a raw key (hex) is compressed: 66 digits that begin with 02 or 03');
    if (!raw.test(key))
      return new Malformed(field, 'a raw key (hex) is 66 lowercase digits that begin with 02 or 03: compressed');
  }
  if (texts.some((text) => raw.test(text)) && texts.some((text) => extended.test(text)))
    return new Malformed(
      field,
      'mixes raw keys (hex) with extended ones: a Ledger signs for extended keys only (BIP-388), so all keys are of one sort',
    );
  return otherForm(body, field);
}

function otherForm(body: string, field: string): Malformed {
  return new Malformed(
    field,
    `expected wpkh(KEY), tr(KEY), pkh(KEY), sh(wpkh(KEY)) or wsh(sortedmulti(M,KEY,…)), at most 15 keys, each as [fingerprint/path]xpub/<0;1>/*, or in wpkh, pkh and wsh as 66 hex digits of a compressed key; got ${elided(body)}`,
  );
}

/** Shows a text without its keys: one of them may be private (BIP-380 takes WIF, too; or hex by mistake), and errors are logged. */
function elided(text: string): string {
  return shown(text.replace(/[0-9A-Za-z]{40,}/g, (run) => `${run.slice(0, 4)}...`));
}

function extendedKeyOf(text: string, field: string): DescriptorKey {
  const [, fingerprint = '', steps = '', xpub = ''] = extended.exec(text) ?? [];
  if (steps.includes('h'))
    throw new Malformed(field, "writes hardened steps as h: write them as ', so that a wallet has one spelling");
  if (steps.split('/').some((step) => Number.parseInt(step, 10) >= 2 ** 31))
    throw new Malformed(field, `has a step of 2^31 or more: m${steps}`);
  return { fingerprint, path: `m${steps}`, xpub };
}

/** The text of a descriptor, with its checksum. */
export function formatDescriptor(of: Descriptor): string {
  const named = of.derives
    ? of.keys.map(({ fingerprint, path, xpub }) => `[${fingerprint}${path.slice(1)}]${xpub}/<0;1>/*`)
    : of.keys.map(({ publicKey }) => publicKey);
  const body = bodies[of.script](named.join(','), of.threshold);
  return `${body}#${descriptorChecksum(body) ?? ''}`;
}

const bodies: Readonly<Record<ScriptType, (keys: string, threshold: number) => string>> = {
  pkh: (keys) => `pkh(${keys})`,
  'sh-wpkh': (keys) => `sh(wpkh(${keys}))`,
  wpkh: (keys) => `wpkh(${keys})`,
  tr: (keys) => `tr(${keys})`,
  'wsh-sortedmulti': (keys, threshold) => `wsh(sortedmulti(${threshold},${keys}))`,
};

// BIP-380, "Checksum".
const inputs =
  "0123456789()[],'/*abcdefgh@:$%{}" + 'IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~' + 'ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const outputs = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generator = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn];

/** The eight characters that follow `#` (BIP-380); undefined where the body holds a character that descriptors don't have. */
export function descriptorChecksum(body: string): string | undefined {
  let sum = 1n;
  const add = (value: number): void => {
    const top = sum >> 35n;
    sum = ((sum & 0x7ffffffffn) << 5n) ^ BigInt(value);
    for (const [i, term] of generator.entries()) if (((top >> BigInt(i)) & 1n) === 1n) sum ^= term;
  };
  let group: number[] = [];
  const addGroup = (): void => {
    if (group.length > 0) add(group.reduce((value, digit) => value * 3 + digit, 0));
    group = [];
  };
  for (const character of body) {
    const at = inputs.indexOf(character);
    if (at < 0) return undefined;
    add(at & 31);
    group.push(at >> 5);
    if (group.length === 3) addGroup();
  }
  addGroup();
  for (let i = 0; i < 8; i++) add(0);
  sum ^= 1n;
  return Array.from({ length: 8 }, (_, i) => outputs[Number((sum >> BigInt(5 * (7 - i))) & 31n)]).join('');
}
