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

/** A descriptor, read: the forms that BIP-388 calls wallet policies with `/**`, and no others. */
export interface Descriptor {
  readonly script: ScriptType;
  /** How many of the keys sign. */
  readonly threshold: number;
  readonly keys: readonly DescriptorKey[];
}

const keyForm = "\\[([0-9a-f]{8})((?:/(?:0|[1-9][0-9]{0,9})['h]?)*)\\]([1-9A-HJ-NP-Za-km-z]{100,120})/<0;1>/\\*";
const key = new RegExp(keyForm);
const single = new RegExp(`^(?:(pkh|wpkh|tr)\\((${keyForm})\\)|sh\\(wpkh\\((${keyForm})\\)\\))$`);
const multi = new RegExp(`^wsh\\(sortedmulti\\(([1-9][0-9]?)((?:,${keyForm}){1,15})\\)\\)$`);

/**
 * Reads `wpkh([f5acc2fd/84'/1'/0']tpub…/<0;1>/*)#checksum`; likewise `pkh`, `sh(wpkh)`, `tr` and `wsh(sortedmulti(2,…))`. The
 * checksum must be there. Throws `Malformed`, naming `field`.
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
    return { script, threshold: 1, keys: [keyOf(body, field)] };
  }
  const [, threshold, listed] = multi.exec(body) ?? [];
  if (threshold === undefined || listed === undefined) {
    throw new Malformed(
      field,
      `expected wpkh(KEY), tr(KEY), pkh(KEY), sh(wpkh(KEY)) or wsh(sortedmulti(M,KEY,…)), at most 15 keys, each as [fingerprint/path]xpub/<0;1>/*, got ${elided(body)}`,
    );
  }
  const keys = listed
    .slice(1)
    .split(',')
    .map((text) => keyOf(text, field));
  if (Number(threshold) > keys.length) throw new Malformed(field, `${threshold} of ${keys.length} keys can never sign`);
  if (keys.length < 2) throw new Malformed(field, 'a multisig of one key is wpkh');
  if (new Set(keys.map(({ xpub }) => xpub)).size !== keys.length)
    throw new Malformed(field, 'names one key twice: then fewer than it says sign');
  return { script: 'wsh-sortedmulti', threshold: Number(threshold), keys };
}

/** Shows a text without its keys: one of them may be private (BIP-380 takes WIF, too), and errors are logged. */
function elided(text: string): string {
  return shown(text.replace(/[1-9A-HJ-NP-Za-km-z]{40,}/g, (run) => `${run.slice(0, 4)}...`));
}

function keyOf(text: string, field: string): DescriptorKey {
  const [, fingerprint = '', steps = '', xpub = ''] = key.exec(text) ?? [];
  if (steps.includes('h'))
    throw new Malformed(field, "writes hardened steps as h: write them as ', so that a wallet has one spelling");
  if (steps.split('/').some((step) => Number.parseInt(step, 10) >= 2 ** 31))
    throw new Malformed(field, `has a step of 2^31 or more: m${steps}`);
  return { fingerprint, path: `m${steps}`, xpub };
}

/** The text of a descriptor, with its checksum. */
export function formatDescriptor({ script, threshold, keys }: Descriptor): string {
  const named = keys.map(({ fingerprint, path, xpub }) => `[${fingerprint}${path.slice(1)}]${xpub}/<0;1>/*`);
  const body = bodies[script](named.join(','), threshold);
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
