import { keepData, readData } from './data.ts';
import { failureOf, TokenFailure } from './failure.ts';
import { createKey, fitKey, noteHandle, noteKey, opening, readKey } from './keys.ts';
import type { Asked, Configure, DigestToSign, Result, Signed, SignNote, Unwrap } from './protocol.ts';
import { type Session, Sessions, sessionsOf } from './session.ts';

/** The order of secp256k1 (SEC 2, §2.4.1). */
const order = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n;
/** CKM_EDDSA (PKCS#11 3.0, §2.3.14), which pkcs11js does not name. */
const CKM_EDDSA = 0x1057;

/** The child's side of a PKCS#11 token. Its calls are synchronous: one thing at a time. */
export class Pkcs11Backend {
  readonly #sessions: Sessions;

  constructor(configure: Configure) {
    this.#sessions = new Sessions(configure);
  }

  /** Throws `TokenFailure`. */
  perform(asked: Asked): Result {
    switch (asked.op) {
      case 'identify':
        return this.#sessions.with('looking at the token', (session) => ({
          result: 'token',
          ...alive(session),
          sessions: sessionsOf(session.module.C_GetTokenInfo(session.slot)),
          faults: asked.keys.map((key) => faultOf(() => fitKey(session, key))),
        }));
      case 'read-key':
        return this.#sessions.with('reading a key', (session) => ({ result: 'key', ...readKey(session, asked.key) }));
      case 'create-key':
        return this.#sessions.with('making a key', (session) => ({ result: 'key', ...createKey(session, asked) }));
      case 'sign':
        return { result: 'signatures', items: asked.items.map((item) => this.#signed(item)) };
      case 'read-ed25519':
        return this.#sessions.with('reading a key', (session) => ({
          result: 'note-key',
          publicKey: noteKey(session, asked.key),
        }));
      case 'sign-ed25519':
        return this.#sessions.with('signing', (session) => ({
          result: 'note-signature',
          signature: noteSignature(session, asked),
        }));
      case 'unwrap':
        return this.#sessions.with('unwrapping', (session) => ({
          result: 'unwrapped',
          plain: unwrapped(session, asked),
        }));
      case 'read-data':
        return this.#sessions.with('reading data', (session) => ({
          result: 'data',
          values: readData(session, asked.label),
        }));
      case 'keep-data':
        return this.#sessions.with('keeping data', (session) => ({ result: 'data', values: keepData(session, asked) }));
    }
  }

  #signed(item: DigestToSign): Signed {
    try {
      return { signature: this.#sessions.with('signing', (session) => sign(session, item)) };
    } catch (error) {
      if (!(error instanceof TokenFailure)) throw error;
      return { reason: error.reason, message: printable(error.message) };
    }
  }
}

/** Of what is told to the daemon. */
export function printable(message: string): string {
  return message.replace(/[^\x20-\x7e]/g, (character) => (character === '’' ? "'" : '?')).slice(0, 400);
}

/** That the session is there still: a token may have gone since it was asked last. */
function alive(session: Session): Session['token'] {
  session.module.C_GetSessionInfo(session.handle);
  return session.token;
}

/** Only what concerns the key itself is its fault. */
function faultOf(look: () => unknown): string {
  try {
    look();
    return '';
  } catch (error) {
    if (error instanceof TokenFailure && error.reason === 'hsm-key-unfit') return printable(error.message);
    throw error;
  }
}

/** CKM_ECDSA over the digest: r ‖ s, hex, with s in the lower half (BIP-146), since half of what tokens make is above. */
function sign(session: Session, item: DigestToSign): string {
  const { library: p, module, handle } = session;
  const key = fitKey(session, item);
  module.C_SignInit(handle, { mechanism: p.CKM_ECDSA }, key);
  const made = module.C_Sign(handle, Buffer.from(item.digest, 'hex'), Buffer.alloc(128)).toString('hex');
  // What isn't r ‖ s is for I7 to judge, as any wrong signature is (S7).
  if (made.length !== 128) return made;
  const s = BigInt(`0x${made.slice(64)}`);
  return s > order / 2n && s < order ? made.slice(0, 64) + (order - s).toString(16).padStart(64, '0') : made;
}

function noteSignature(session: Session, { key, message }: SignNote): string {
  const { module, handle } = session;
  module.C_SignInit(handle, { mechanism: CKM_EDDSA }, noteHandle(session, key));
  const made = module.C_Sign(handle, Buffer.from(message, 'hex'), Buffer.alloc(128));
  if (made.length !== 64)
    throw new TokenFailure('signer-failed', `the token gave ${made.length} bytes for a signature`);
  return made.toString('hex');
}

/** RSAES-OAEP (RFC 8017 §7.1) with MGF1 of the same hash, no label. */
function unwrapped(session: Session, { key, hash, wrapped }: Unwrap): string {
  const { library: p, module, handle } = session;
  const [hashAlg, mgf] = hash === 'sha1' ? [p.CKM_SHA_1, p.CKG_MGF1_SHA1] : [p.CKM_SHA256, p.CKG_MGF1_SHA256];
  const parameter = { type: p.CK_PARAMS_RSA_OAEP, hashAlg, mgf, source: 1 };
  module.C_DecryptInit(handle, { mechanism: p.CKM_RSA_PKCS_OAEP, parameter }, opening(session, key));
  const bytes = Buffer.from(wrapped, 'hex');
  try {
    return module.C_Decrypt(handle, bytes, Buffer.alloc(bytes.length)).toString('hex');
  } catch (error) {
    throw failureOf(error, `the key ${key} does not open the wrapped key`);
  }
}
