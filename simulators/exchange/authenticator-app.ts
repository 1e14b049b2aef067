import { createHmac } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * The customer's authenticator app: reads an otpauth URI, as one scans it, and shows codes (RFC 6238). It shares nothing with the
 * station but the standards, so that what it shows is a check on what the station accepts.
 */
export class AuthenticatorApp {
  /** What the app lists the secret under. */
  readonly label: string;
  readonly #secret: Buffer;
  readonly #hash: string;
  readonly #digits: number;
  readonly #period: number;

  /** `uri`: `otpauth://totp/ISSUER:ACCOUNT?secret=…`, with its parameters. */
  constructor(uri: string) {
    const { protocol, host, pathname, searchParams } = new URL(uri);
    if (protocol !== 'otpauth:' || host !== 'totp') throw new Error('this is no otpauth URI of time-based codes');
    this.label = decodeURIComponent(pathname.slice(1));
    this.#secret = decoded(searchParams.get('secret') ?? '');
    this.#hash = searchParams.get('algorithm') ?? 'SHA1';
    this.#digits = Number(searchParams.get('digits') ?? 6);
    this.#period = Number(searchParams.get('period') ?? 30);
  }

  /** The code that the app shows at a moment, ms since 1970 by the phone's clock. */
  codeAt(ms: number): string {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(ms / 1_000 / this.#period)));
    const mac = createHmac(this.#hash, this.#secret).update(counter).digest();
    const offset = (mac.at(-1) ?? 0) & 15;
    const number = mac.readUInt32BE(offset) & 0x7f_ff_ff_ff;
    return String(number).slice(-this.#digits).padStart(this.#digits, '0');
  }
}

/** RFC 4648 §6, without padding. */
function decoded(text: string): Buffer {
  const bits = [...text].map((letter) => {
    const value = alphabet.indexOf(letter);
    if (value < 0) throw new Error('the secret is no base32');
    return value.toString(2).padStart(5, '0');
  });
  return Buffer.from((bits.join('').match(/[01]{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
