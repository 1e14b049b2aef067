import { secp256k1 } from '@noble/curves/secp256k1.js';
import { HDKey } from '@scure/bip32';
import { p2pkh, p2sh, p2tr, p2wpkh, RawTx, sortedMultisig, Transaction } from '@scure/btc-signer';
import {
  type DerivedScriptWallet,
  encodeSignatures,
  type InputSignature,
  type ScriptWallet,
  type SignaturePart,
  type TokenScriptWallet,
  toHex,
} from '../../../src/domain/index.ts';
import { masterOf, seeds, tokenSecrets } from './wallets.ts';

// Requests as a withdrawal service would build them, and devices as test keys: all with @scure's libraries, nothing of src/chains.

/** An output of the wallet that is spent. */
export interface Coin {
  readonly branch: number;
  readonly index: number;
  readonly amount: bigint;
  /** Its number in the previous transaction, 0 unless it says otherwise. */
  readonly vout?: number;
  readonly sequence?: number;
  /** Tells its previous transaction from others; its place among the inputs unless it says otherwise. */
  readonly salt?: number;
  /** Whether the previous transaction has witnesses. */
  readonly witnessed?: boolean;
}

export type Wanted =
  | { readonly script: Uint8Array; readonly amount: bigint }
  /** Claimed as the wallet's own at `/branch/index`, 1 unless it says otherwise, which is change. */
  | { readonly index: number; readonly branch?: number; readonly amount: bigint };

export interface Request {
  readonly coins: readonly Coin[];
  readonly outputs: readonly Wanted[];
  readonly version?: number;
  readonly lockTime?: number;
}

export type Input = Parameters<Transaction['addInput']>[0];
export type Output = Parameters<Transaction['addOutput']>[0];

/** What a test changes before a request is written. */
export interface Changes {
  readonly input?: (input: Input, i: number) => Input;
  readonly output?: (output: Output, i: number) => Output;
  /** Of the finished PSBT, what no library would write: the maps, the global one first. */
  readonly maps?: (maps: Entries[]) => void;
}

/** A map of a PSBT: keys (hex of type and data) and values, in their order. */
export type Entries = [string, Uint8Array][];

const options = {
  allowUnknownOutputs: true,
  allowUnknownInputs: true,
  allowUnknownVersion: true,
  allowLegacyWitnessUtxo: true,
  disableScriptCheck: true,
} as const;

/** The PSBT of a request, version 0 or 2. */
export function psbtOf(
  wallet: ScriptWallet,
  request: Request,
  psbtVersion: 0 | 2 = 0,
  changes: Changes = {},
): Uint8Array {
  const { version = 2, lockTime = 0 } = request;
  const transaction = new Transaction({ ...options, version, lockTime, PSBTVersion: psbtVersion });
  for (const [i, coin] of request.coins.entries()) {
    const input = inputOf(wallet, coin, i);
    transaction.addInput(changes.input?.(input, i) ?? input, true);
  }
  for (const [i, wanted] of request.outputs.entries()) {
    const output = outputOf(wallet, wanted);
    transaction.addOutput(changes.output?.(output, i) ?? output, true);
  }
  const bytes = transaction.toPSBT(psbtVersion);
  if (changes.maps === undefined) return bytes;
  const maps = mapsOf(bytes);
  changes.maps(maps);
  return written(maps);
}

/** A PSBT's maps. */
export function mapsOf(bytes: Uint8Array): Entries[] {
  const all = Buffer.from(bytes);
  const maps: Entries[] = [];
  let at = 5;
  const size = (): number => {
    const first = all.readUInt8(at);
    at += first < 0xfd ? 1 : first === 0xfd ? 3 : 5;
    return first < 0xfd ? first : first === 0xfd ? all.readUInt16LE(at - 2) : all.readUInt32LE(at - 4);
  };
  const take = (length: number): Buffer => {
    at += length;
    return all.subarray(at - length, at);
  };
  while (at < all.length) {
    const map: Entries = [];
    for (let length = size(); length > 0; length = size())
      map.push([take(length).toString('hex'), Uint8Array.from(take(size()))]);
    maps.push(map);
  }
  return maps;
}

function written(maps: readonly Entries[]): Uint8Array {
  const size = (of: number) =>
    of < 0xfd
      ? [of]
      : of < 0x1_0000
        ? [0xfd, of & 255, of >> 8]
        : [0xfe, of & 255, (of >> 8) & 255, (of >> 16) & 255, 0];
  const parts = maps.flatMap((map) => [
    ...map.flatMap(([key, value]) => [
      Uint8Array.from(size(key.length / 2)),
      bytesOf(key),
      Uint8Array.from(size(value.length)),
      value,
    ]),
    Uint8Array.of(0),
  ]);
  return Uint8Array.from(Buffer.concat([Buffer.from('70736274ff', 'hex'), ...parts]));
}

function inputOf(wallet: ScriptWallet, coin: Coin, i: number): Input {
  const { branch, index, amount, vout = 0, sequence = 0xffff_fffd } = coin;
  const at = placeAt(wallet, branch, index);
  const raw = previousOf(at.script, amount, vout, coin.salt ?? i, coin.witnessed === true);
  const txid = txidOf(raw);
  const common = { txid, index: vout, sequence };
  if (wallet.script === 'tr') return { ...common, ...at.input, witnessUtxo: { amount, script: at.script } };
  const whole = { ...common, ...at.input, nonWitnessUtxo: raw };
  return wallet.script === 'pkh' ? whole : { ...whole, witnessUtxo: { amount, script: at.script } };
}

/** The outpoint of a coin that has a salt, as effects name it. */
export function outpointOf(
  wallet: ScriptWallet,
  { branch, index, amount, vout = 0, salt = 0, witnessed }: Coin,
): string {
  const raw = previousOf(placeAt(wallet, branch, index).script, amount, vout, salt, witnessed === true);
  return `outpoint:${Transaction.fromRaw(raw, options).id}:${vout}`;
}

function outputOf(wallet: ScriptWallet, wanted: Wanted): Output {
  if ('script' in wanted) return wanted;
  const at = placeAt(wallet, wanted.branch ?? 1, wanted.index);
  return { ...at.output, script: at.script, amount: wanted.amount };
}

/** A transaction that pays the script at its output `vout`; `salt` tells it from others. */
export function previousOf(
  script: Uint8Array,
  amount: bigint,
  vout: number,
  salt: number,
  witnessed: boolean,
): Uint8Array {
  const other = Uint8Array.of(0, 20, ...new Uint8Array(20).fill(salt & 0xff));
  return RawTx.encode({
    version: 2,
    segwitFlag: witnessed,
    inputs: [
      {
        txid: new Uint8Array(32).fill(salt + 1),
        index: salt,
        finalScriptSig: witnessed ? new Uint8Array(0) : new Uint8Array(107).fill(1),
        sequence: 0xffff_ffff,
      },
    ],
    outputs: Array.from({ length: vout + 2 }, (_, i) =>
      i === vout ? { amount, script } : { amount: 1000n + BigInt(i), script: other },
    ),
    ...(witnessed ? { witnesses: [[new Uint8Array(71).fill(2), new Uint8Array(33).fill(3)]] } : {}),
    lockTime: salt,
  });
}

/** A transaction's name, as people write it. */
export function txidOf(raw: Uint8Array): string {
  return Transaction.fromRaw(raw, options).id;
}

interface Derived {
  readonly script: Uint8Array;
  readonly input: Input;
  readonly output: Partial<Output>;
}

/** The wallet's script at a place, and the fields that name it in an input and in an output; of raw keys it has one wherever. */
export function placeAt(wallet: ScriptWallet, branch: number, index: number): Derived {
  const name = `${wallet.descriptor} ${branch} ${index}`;
  const known = places.get(name) ?? derived(wallet, branch, index);
  places.set(name, known);
  return known;
}

/** Curves in JavaScript are slow. */
const places = new Map<string, Derived>();

function derived(wallet: ScriptWallet, branch: number, index: number): Derived {
  if (!wallet.derives) return only(wallet);
  const keys = wallet.keys.map((key) => {
    const path = [...stepsOf(key.path), branch, index];
    const { publicKey } = HDKey.fromExtendedKey(key.xpub, versionsOf(key.xpub)).deriveChild(branch).deriveChild(index);
    if (publicKey === null) throw new Error('no key');
    return { publicKey, origin: { fingerprint: Number.parseInt(key.fingerprint, 16), path } };
  });
  const bip32Derivation = keys.map(({ publicKey, origin }): [Uint8Array, typeof origin] => [publicKey, origin]);
  const [first] = keys;
  if (first === undefined) throw new Error('no key');
  const { publicKey, origin } = first;
  switch (wallet.script) {
    case 'pkh':
      return { script: p2pkh(publicKey).script, input: { bip32Derivation }, output: { bip32Derivation } };
    case 'wpkh':
      return { script: p2wpkh(publicKey).script, input: { bip32Derivation }, output: { bip32Derivation } };
    case 'sh-wpkh': {
      const { script, redeemScript } = p2sh(p2wpkh(publicKey));
      return { script, input: { bip32Derivation, redeemScript }, output: { bip32Derivation, redeemScript } };
    }
    case 'tr': {
      const internal = publicKey.slice(1);
      const { script } = p2tr(internal);
      const fields = {
        tapInternalKey: internal,
        tapBip32Derivation: [[internal, { hashes: [], der: origin }]] satisfies Input['tapBip32Derivation'],
      };
      return { script, input: fields, output: fields };
    }
    case 'wsh-sortedmulti': {
      const { script, witnessScript } = sortedMultisig(
        wallet.threshold,
        keys.map((key) => key.publicKey),
        true,
      );
      if (witnessScript === undefined) throw new Error('no script');
      return { script, input: { bip32Derivation, witnessScript }, output: { bip32Derivation, witnessScript } };
    }
  }
}

/** As bitcoinjs-lib and @scure/btc-signer have it where nobody tells them of derivations. */
function only({ script, threshold, keys }: TokenScriptWallet): Derived {
  const publicKeys = keys.map(({ publicKey }) => bytesOf(publicKey));
  const [first] = publicKeys;
  if (first === undefined) throw new Error('no key');
  if (script !== 'wsh-sortedmulti')
    return { script: (script === 'pkh' ? p2pkh(first) : p2wpkh(first)).script, input: {}, output: {} };
  const made = sortedMultisig(threshold, publicKeys, true);
  if (made.witnessScript === undefined) throw new Error('no script');
  const { witnessScript } = made;
  return { script: made.script, input: { witnessScript }, output: { witnessScript } };
}

function stepsOf(path: string): number[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => Number.parseInt(step, 10) + (step.endsWith("'") ? 2 ** 31 : 0));
}

function versionsOf(xpub: string): { private: number; public: number } {
  return xpub.startsWith('x')
    ? { private: 0x0488ade4, public: 0x0488b21e }
    : { private: 0x04358394, public: 0x043587cf };
}

/** The account key of a wallet's key, private: one of the test seeds'. */
function accountOf(wallet: DerivedScriptWallet, fingerprint: string, path: string): HDKey {
  for (const seed of Object.values(seeds)) {
    const master = masterOf(seed, wallet.chain);
    if (master.fingerprint === Number.parseInt(fingerprint, 16)) return master.derive(path);
  }
  throw new Error(`no test seed has the fingerprint ${fingerprint}`);
}

/** What a signer's keys sign of the station's own PSBT; `type` is the sighash type of taproot's, DEFAULT unless it says otherwise. */
export function signaturesOf(
  psbt: Uint8Array,
  wallet: DerivedScriptWallet,
  coins: readonly Coin[],
  signer: string,
  type: 0 | 1 = 0,
): InputSignature[] {
  const signatures: InputSignature[] = [];
  for (const key of wallet.keys.filter((one) => one.signer === signer)) {
    const account = accountOf(wallet, key.fingerprint, key.path);
    const transaction = Transaction.fromPSBT(psbt, { allowUnknownVersion: true });
    for (const [i, { branch, index }] of coins.entries()) {
      const { privateKey, publicKey } = account.deriveChild(branch).deriveChild(index);
      if (privateKey === null || publicKey === null) throw new Error('no key');
      if (wallet.script === 'tr' && type === 1) transaction.updateInput(i, { sighashType: 1 }, true);
      transaction.signIdx(privateKey, i, [0, 1]);
      const { partialSig = [], tapKeySig, witnessUtxo } = transaction.getInput(i);
      if (tapKeySig !== undefined)
        signatures.push({ input: i, key: witnessUtxo?.script.slice(2) ?? publicKey, signature: tapKeySig });
      for (const [by, signature] of partialSig)
        if (Buffer.compare(by, publicKey) === 0) signatures.push({ input: i, key: by, signature });
    }
  }
  return signatures;
}

export function partOf(
  psbt: Uint8Array,
  wallet: DerivedScriptWallet,
  coins: readonly Coin[],
  signer: string,
  type: 0 | 1 = 0,
): SignaturePart {
  return { signer, signature: encodeSignatures(signaturesOf(psbt, wallet, coins, signer, type)) };
}

/** What a token's key signs: digests, one for each input. */
export function tokenPart(digests: readonly Uint8Array[], wallet: TokenScriptWallet, signer: string): SignaturePart {
  const signatures = wallet.keys
    .filter((key) => key.signer === signer)
    .flatMap(({ publicKey }) =>
      digests.map((digest, input): InputSignature => {
        const der = secp256k1.sign(digest, secretOf(publicKey), { prehash: false, lowS: true, format: 'der' });
        return { input, key: bytesOf(publicKey), signature: Uint8Array.of(...der, 1) };
      }),
    );
  return { signer, signature: encodeSignatures(signatures) };
}

function secretOf(publicKey: string): Uint8Array {
  const secret = tokenSecrets.find((one) => toHex(secp256k1.getPublicKey(one)) === publicKey);
  if (secret === undefined) throw new Error(`${publicKey} is no test key`);
  return secret;
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** A customer's script, of whichever type. */
export const recipients = {
  wpkh: bytesOf(`0014${'11'.repeat(20)}`),
  pkh: bytesOf(`76a914${'22'.repeat(20)}88ac`),
  sh: bytesOf(`a914${'33'.repeat(20)}87`),
  wsh: bytesOf(`0020${'44'.repeat(32)}`),
  // The generator's x coordinate: a point.
  tr: bytesOf('512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
} as const;
