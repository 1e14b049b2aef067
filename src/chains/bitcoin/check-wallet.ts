import secp256k1 from 'secp256k1/bindings.js';
import {
  formatDescriptor,
  Malformed,
  referenceOfAddress,
  type ScriptType,
  type ScriptWallet,
  shown,
  type WalletKey,
} from '../../domain/index.ts';
import { addressOfScript, canonicalAddress } from './address.ts';
import { hardened, stepsOf } from './derive.ts';
import { nameOfVersion, parseExtendedKey } from './extended-key.ts';
import { type Network, networkOf } from './network.ts';
import { scriptAt } from './wallet-script.ts';

/**
 * Holds a wallet to what it says of itself: its keys are public, of its chain's network, and where their paths say; the paths are
 * those of its script type (B8: no key has a twin under another type or network); its pinned address is its first, `/0/0`.
 * Throws Malformed, naming a member under `place`.
 */
export function checkWallet(wallet: ScriptWallet, place: string): void {
  const network = networkOf(wallet.chain, `${place}.chain`);
  const field = `${place}.descriptor`;
  const written = formatDescriptor(wallet);
  if (wallet.descriptor !== written) throw new Malformed(field, `is not what the wallet is read as, ${written}`);
  const at = (i: number): string => (wallet.keys.length === 1 ? field : `${field}.keys[${i}]`);
  const publicKeys = wallet.derives
    ? wallet.keys.map((key, i) => {
        checkPath(key.path, wallet.script, network, at(i));
        return checkKey(key, network, at(i));
      })
    : wallet.keys.map(({ publicKey }, i) => checkRawKey(publicKey, at(i)));
  // The xpubs differ as text, which says nothing: two may hold one key under different parents, and one device would sign twice.
  if (new Set(publicKeys).size !== publicKeys.length) throw new Malformed(field, 'names one key twice');
  checkAddress(wallet, `${place}.address`);
}

function checkRawKey(publicKey: string, at: string): string {
  if (!secp256k1.publicKeyVerify(Buffer.from(publicKey, 'hex')))
    throw new Malformed(at, `holds ${publicKey}, which is no point of the curve`);
  return publicKey;
}

/** The key's bytes as hex. */
function checkKey({ xpub, path, fingerprint }: WalletKey, network: Network, at: string): string {
  const key = parseExtendedKey(xpub, at);
  if (key.version !== network.extendedKey) {
    const right = nameOfVersion(network.extendedKey);
    throw new Malformed(at, `is written as ${nameOfVersion(key.version)}, and ${network.name} has ${right}`);
  }
  const steps = stepsOf(path);
  const last = steps.at(-1) ?? 0;
  if (key.depth !== steps.length || key.childNumber !== last) {
    const own = key.childNumber < hardened ? `${key.childNumber}` : `${key.childNumber - hardened}'`;
    throw new Malformed(at, `holds a key at depth ${key.depth} whose last step is ${own}, and its origin says ${path}`);
  }
  // One step from the master, the xpub names the master itself.
  if (key.depth === 1 && key.parent !== Number.parseInt(fingerprint, 16)) {
    const parent = key.parent.toString(16).padStart(8, '0');
    throw new Malformed(at, `comes from the master ${parent}, and its origin says ${fingerprint}`);
  }
  return Buffer.from(key.publicKey).toString('hex');
}

/** BIP-44, BIP-49, BIP-84, BIP-86: what devices sign for without being asked to register a policy. */
const purposes: Readonly<Record<Exclude<ScriptType, 'wsh-sortedmulti'>, number>> = {
  pkh: 44,
  'sh-wpkh': 49,
  wpkh: 84,
  tr: 86,
};
/** The highest account of which a Ledger does so. */
const highestAccount = 100;
/** A Ledger derives at most 8 steps, and two follow. */
const mostSteps = 6;

function checkPath(path: string, script: ScriptType, network: Network, at: string): void {
  const steps = stepsOf(path);
  if (script === 'wsh-sortedmulti') {
    if (steps.length < 1 || steps.length > mostSteps || steps.some((step) => step < hardened)) {
      throw new Malformed(
        at,
        `its origin is ${path}: expected 1 to ${mostSteps} hardened steps, such as m/48'/${network.coinType}'/0'/2' (BIP-48)`,
      );
    }
    if (steps[0] === hardened + 48) checkCosignerPath(steps, path, network, at);
    return;
  }
  const [purpose, coin, account = 0, ...more] = steps;
  const right = purpose === hardened + purposes[script] && coin === hardened + network.coinType;
  if (right && account >= hardened && account <= hardened + highestAccount && more.length === 0) return;
  throw new Malformed(
    at,
    `its origin is ${path}, and that of ${script} on ${network.name} is m/${purposes[script]}'/${network.coinType}'/ACCOUNT', accounts 0 to ${highestAccount}`,
  );
}

/** BIP-48: the account, and 2' for P2WSH. */
function checkCosignerPath(steps: readonly number[], path: string, network: Network, at: string): void {
  if (steps.length === 4 && steps[1] === hardened + network.coinType && steps[3] === hardened + 2) return;
  throw new Malformed(
    at,
    `its origin is ${path}, and BIP-48's for wsh on ${network.name} is m/48'/${network.coinType}'/ACCOUNT'/2'`,
  );
}

function checkAddress(wallet: ScriptWallet, at: string): void {
  const address = canonicalAddress(wallet.address, at);
  const first = addressOfScript(scriptAt(wallet, 0, 0).script, wallet.chain);
  if (address === first) return;
  const own = first === undefined ? 'none' : referenceOfAddress(first);
  throw new Malformed(at, `is ${shown(referenceOfAddress(address))}, and the descriptor's first address is ${own}`);
}
