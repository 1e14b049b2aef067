import { createBase58check } from '@scure/base';
import secp256k1 from 'secp256k1/bindings.js';
import { Malformed, shown } from '../../domain/index.ts';
import { sha256 } from './hashes.ts';

const base58check = createBase58check(sha256);

/** BIP-32, "Serialization format", of a public key. */
export interface ExtendedKey {
  /** `0x0488b21e` (xpub) or `0x043587cf` (tpub). */
  readonly version: number;
  readonly depth: number;
  readonly parent: number;
  /** The last step of its path, hardened ones from 2^31; 0 for a master key. */
  readonly childNumber: number;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
}

const versions: ReadonlyMap<number, 'xpub' | 'tpub'> = new Map([
  [0x0488b21e, 'xpub'],
  [0x043587cf, 'tpub'],
]);

/** SLIP-132's other spellings of the same keys. */
const aliases: ReadonlyMap<number, { readonly name: string; readonly version: number }> = new Map([
  [0x049d7cb2, { name: 'ypub', version: 0x0488b21e }],
  [0x0295b43f, { name: 'Ypub', version: 0x0488b21e }],
  [0x04b24746, { name: 'zpub', version: 0x0488b21e }],
  [0x02aa7ed3, { name: 'Zpub', version: 0x0488b21e }],
  [0x044a5262, { name: 'upub', version: 0x043587cf }],
  [0x024289ef, { name: 'Upub', version: 0x043587cf }],
  [0x045f1cf6, { name: 'vpub', version: 0x043587cf }],
  [0x02575483, { name: 'Vpub', version: 0x043587cf }],
]);

/** Reads `xpub…` or `tpub…`, of a text as short as a descriptor's parser lets through. Throws Malformed; a private key is never repeated in what it says. */
export function parseExtendedKey(text: string, field: string): ExtendedKey {
  if (/^[A-Za-z]prv/.test(text)) throw secret(field);
  const bytes = decode(text);
  if (bytes?.length !== 78) {
    throw new Malformed(field, `expected an extended key (BIP-32), xpub… or tpub…, got ${shown(text.slice(0, 8))}…`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const publicKey = bytes.slice(45);
  if (publicKey[0] === 0) throw secret(field);
  const version = view.getUint32(0);
  const alias = aliases.get(version);
  if (alias !== undefined) {
    const right = Uint8Array.from(bytes);
    new DataView(right.buffer).setUint32(0, alias.version);
    throw new Malformed(field, `is written as ${alias.name} (SLIP-132): write ${base58check.encode(right)}`);
  }
  if (!versions.has(version)) throw new Malformed(field, `${shown(text.slice(0, 8))}… is neither xpub nor tpub`);
  const [depth, parent, childNumber] = [view.getUint8(4), view.getUint32(5), view.getUint32(9)];
  if (depth === 0 && (parent !== 0 || childNumber !== 0))
    throw new Malformed(field, 'is a master key that names a parent (BIP-32)');
  if (!secp256k1.publicKeyVerify(publicKey)) throw new Malformed(field, 'holds no point of secp256k1');
  return { version, depth, parent, childNumber, chainCode: bytes.slice(13, 45), publicKey };
}

/** `xpub` or `tpub`. */
export function nameOfVersion(version: number): string {
  return versions.get(version) ?? `version ${version.toString(16)}`;
}

function decode(text: string): Uint8Array | undefined {
  try {
    return base58check.decode(text);
  } catch {
    return undefined;
  }
}

function secret(field: string): Malformed {
  return new Malformed(
    field,
    'is a private key: it belongs on its device and nowhere else; count it as exposed, and give the xpub',
  );
}
