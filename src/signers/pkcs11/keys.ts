import { TokenFailure } from './failure.ts';
import type { Handle } from './library.ts';
import type { CreateTokenKey, PinnedTokenKey, TokenKeyRead } from './protocol.ts';
import type { Session } from './session.ts';

/** secp256k1 as CKA_EC_PARAMS names it: the DER of its object identifier, 1.3.132.0.10 (SEC 2). */
const secp256k1 = Buffer.from('06052b8104000a', 'hex');

type Sort = 'private' | 'public';

/** The private key that a wallet has in the token, if it is fit to sign: S6. Throws `TokenFailure` with what is wrong. */
export function fitKey(session: Session, { key, publicKey }: PinnedTokenKey): Handle {
  const name = `${key} ${publicKey}`;
  const known = session.keys.get(name);
  if (known !== undefined) return known;
  const handle = one(session, 'private', key);
  const fault = faultOf(session, handle);
  if (fault !== undefined) throw unfit(key, fault);
  const own = publicKeyOf(session, key);
  if (own !== publicKey) throw unfit(key, `is another key, ${own}, than the wallet’s ${publicKey}`);
  session.keys.set(name, handle);
  return handle;
}

/** An RSA key that opens what was encrypted for it. Throws `TokenFailure` for another one, or one that its token would give away. */
export function opening(session: Session, key: string): Handle {
  const known = session.keys.get(`opens ${key}`);
  if (known !== undefined) return known;
  const p = session.library;
  const handle = one(session, 'private', key);
  const type = attribute(session, handle, p.CKA_KEY_TYPE);
  if (!isNumber(type, p.CKK_RSA)) throw unfit(key, 'is no RSA key');
  const fault = toldOrAsked(session, handle);
  if (fault !== undefined) throw unfit(key, fault);
  const bits = 8 * (attribute(session, handle, p.CKA_MODULUS)?.length ?? 0);
  if (bits < leastRsaBits) throw unfit(key, `has ${bits} bits: an RSA key that opens keys has ${leastRsaBits} or more`);
  session.keys.set(`opens ${key}`, handle);
  return handle;
}

/** NIST SP 800-57 part 1, table 2: 112 bits of strength. */
const leastRsaBits = 2048;

/** An Ed25519 key to sign with. Throws `TokenFailure` as `noteKey` does. */
export function noteHandle(session: Session, key: string): Handle {
  const known = session.keys.get(`notes ${key}`);
  if (known !== undefined) return known;
  const handle = one(session, 'private', key);
  const p = session.library;
  if (!isTrue(attribute(session, handle, p.CKA_SIGN))) throw unfit(key, 'may not sign (CKA_SIGN)');
  const fault = toldOrAsked(session, handle);
  if (fault !== undefined) throw unfit(key, fault);
  session.keys.set(`notes ${key}`, handle);
  return handle;
}

/** The public half of an Ed25519 key, hex. Throws `TokenFailure` for a pair of another sort, or one that its token would give away. */
export function noteKey(session: Session, key: string): string {
  const p = session.library;
  noteHandle(session, key);
  const raw = attribute(session, one(session, 'public', key), p.CKA_EC_POINT);
  // PKCS#11 3.0 has the 32 bytes as they are; most modules put them in a DER octet string.
  const point = raw?.length === 34 && raw[0] === 0x04 && raw[1] === 0x20 ? raw.subarray(2) : raw;
  if (point?.length !== 32) throw unfit(key, 'is no Ed25519 key');
  return point.toString('hex');
}

/** A key as the token has it. Throws `TokenFailure` for one that could be no wallet's. */
export function readKey(session: Session, key: string): Omit<TokenKeyRead, 'result'> {
  const handle = one(session, 'private', key);
  const fault = faultOf(session, handle);
  if (fault !== undefined) throw unfit(key, fault);
  return { ...session.token, key, publicKey: publicKeyOf(session, key), attributes: attributesOf(session, handle) };
}

/**
 * Generates a pair that never leaves the token (CKM_EC_KEY_PAIR_GEN). Throws `TokenFailure`, also where an object has that id: two
 * keys of one CKA_ID could be told apart by nobody.
 */
export function createKey(session: Session, { key, label }: CreateTokenKey): Omit<TokenKeyRead, 'result'> {
  const { library: p, module, handle } = session;
  if (find(session, 'private', key).length + find(session, 'public', key).length > 0)
    throw new TokenFailure('signer-failed', `the token has an object with the CKA_ID ${key} already`);
  const id = Buffer.from(key, 'hex');
  const common = [
    { type: p.CKA_KEY_TYPE, value: p.CKK_EC },
    { type: p.CKA_TOKEN, value: true },
    { type: p.CKA_ID, value: id },
    { type: p.CKA_LABEL, value: label },
  ];
  module.C_GenerateKeyPair(
    handle,
    { mechanism: p.CKM_EC_KEY_PAIR_GEN },
    [...common, { type: p.CKA_EC_PARAMS, value: secp256k1 }, { type: p.CKA_VERIFY, value: true }],
    [
      ...common,
      { type: p.CKA_PRIVATE, value: true },
      { type: p.CKA_SIGN, value: true },
      { type: p.CKA_SENSITIVE, value: true },
      { type: p.CKA_EXTRACTABLE, value: false },
    ],
  );
  return readKey(session, key);
}

function find({ library: p, module, handle }: Session, sort: Sort, key: string): Handle[] {
  const template = [
    { type: p.CKA_CLASS, value: sort === 'private' ? p.CKO_PRIVATE_KEY : p.CKO_PUBLIC_KEY },
    { type: p.CKA_ID, value: Buffer.from(key, 'hex') },
  ];
  module.C_FindObjectsInit(handle, template);
  try {
    return module.C_FindObjects(handle, 2);
  } finally {
    module.C_FindObjectsFinal(handle);
  }
}

function one(session: Session, sort: Sort, key: string): Handle {
  const [found, second] = find(session, sort, key);
  if (found === undefined) throw unfit(key, `is not on the token as a ${sort} key`);
  if (second !== undefined) throw unfit(key, `names more than one ${sort} key`);
  return found;
}

/** Undefined where the object has no such attribute, or tells nobody. */
function attribute({ module, handle }: Session, key: Handle, type: number): Buffer | undefined {
  try {
    return module.C_GetAttributeValue(handle, key, [{ type }])[0]?.value;
  } catch (error) {
    const untold = ['CKR_ATTRIBUTE_TYPE_INVALID', 'CKR_ATTRIBUTE_SENSITIVE'];
    if (error instanceof Error && untold.includes(error.message)) return undefined;
    throw error;
  }
}

/** CK_ULONG, in the machine's order. */
const isNumber = (value: Buffer | undefined, number: number): boolean =>
  value !== undefined && value.length >= 4 && value.readUInt32LE(0) === number;
const isTrue = (value: Buffer | undefined): boolean => value !== undefined && value.length === 1 && value[0] === 1;
const isFalse = (value: Buffer | undefined): boolean => value !== undefined && value.length === 1 && value[0] === 0;

/** Why a private key is none that a wallet may have. */
function faultOf(session: Session, key: Handle): string | undefined {
  const p = session.library;
  const type = attribute(session, key, p.CKA_KEY_TYPE);
  if (!isNumber(type, p.CKK_EC)) return 'is no elliptic-curve key';
  const curve = attribute(session, key, p.CKA_EC_PARAMS);
  if (curve === undefined || !curve.equals(secp256k1)) return 'is on another curve than secp256k1';
  if (!isTrue(attribute(session, key, p.CKA_SIGN))) return 'may not sign (CKA_SIGN)';
  return toldOrAsked(session, key);
}

/** Why a private key is none to be relied on, whatever it is for: it would be told, or be asked for each time. */
function toldOrAsked(session: Session, key: Handle): string | undefined {
  const p = session.library;
  if (!isTrue(attribute(session, key, p.CKA_SENSITIVE))) return 'is not CKA_SENSITIVE: its token would tell it';
  if (!isFalse(attribute(session, key, p.CKA_EXTRACTABLE)))
    return 'is CKA_EXTRACTABLE: it could be copied out of its token';
  if (isTrue(attribute(session, key, p.CKA_ALWAYS_AUTHENTICATE)))
    return 'wants its PIN before each use (CKA_ALWAYS_AUTHENTICATE), which nobody is there to give';
  return undefined;
}

/** Compressed, hex. Some modules give the point as it is, most as a DER octet string around it (PKCS#11 2.40, mechanisms §2.3.3). */
function publicKeyOf(session: Session, key: string): string {
  const raw = attribute(session, one(session, 'public', key), session.library.CKA_EC_POINT);
  const point = raw !== undefined && raw.length === 67 && raw[0] === 0x04 && raw[1] === 0x41 ? raw.subarray(2) : raw;
  if (point === undefined || point.length !== 65 || point[0] !== 0x04)
    throw unfit(key, 'has a public key of an unknown form');
  const parity = (point[64] ?? 0) & 1;
  return `0${2 + parity}${point.subarray(1, 33).toString('hex')}`;
}

const told = [
  'CKA_SENSITIVE',
  'CKA_ALWAYS_SENSITIVE',
  'CKA_EXTRACTABLE',
  'CKA_NEVER_EXTRACTABLE',
  'CKA_LOCAL',
  'CKA_PRIVATE',
  'CKA_TOKEN',
  'CKA_SIGN',
  'CKA_ALWAYS_AUTHENTICATE',
] as const;

function attributesOf(session: Session, key: Handle): string[] {
  return told.map((name) => {
    const value = attribute(session, key, session.library[name]);
    return `${name} ${value === undefined ? 'not told' : isTrue(value)}`;
  });
}

function unfit(key: string, what: string): TokenFailure {
  return new TokenFailure('hsm-key-unfit', `the key ${key} ${what}`);
}
