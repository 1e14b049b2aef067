import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CompactSign } from 'jose';

/** How a person proved who they are (RFC 8176): factors of two kinds at least, such as `['pwd', 'hwk']`. */
export type Proof = readonly string[];

/** What a token says. */
export interface Approval {
  /** The station's name, as `Prepare…` answers it within the intent. */
  readonly station: string;
  readonly account: string;
  /** SHA-256 of the intent's bytes, hex: `digest` in the answer of `Prepare…`. */
  readonly digest: string;
  readonly proof: Proof;
}

/**
 * The sample MFA service of an exchange that authenticates its customers itself: in front of it a customer has read the intent (account,
 * amount, destination) and proved who they are, and it says so to the station in a token. Like the admission authority it is not the
 * withdrawal service, and shares no key or machine with it: who takes over the one can approve nothing.
 */
export class MfaService {
  readonly #key: KeyObject;
  readonly #issuer: string;
  readonly #kid: string;

  /** `key`: Ed25519 or P-256, PKCS#8 in PEM, or a file that holds it; its public half is in the station's policy under `attesters`. */
  constructor(key: string | KeyObject, issuer: string, kid: string) {
    this.#key = typeof key === 'string' ? createPrivateKey(key.startsWith('-----') ? key : readFileSync(key)) : key;
    this.#issuer = issuer;
    this.#kid = kid;
  }

  /** A compact JWS over exactly this intent of exactly this account, for this station, good for one minute and one use. */
  approve({ station, account, digest, proof }: Approval, now: Date): Promise<string> {
    const iat = Math.floor(now.getTime() / 1000);
    const claims = {
      iss: this.#issuer,
      aud: station,
      sub: account,
      iat,
      exp: iat + 60,
      jti: randomUUID(),
      amr: proof,
      intent_digest: digest,
    };
    const alg = this.#key.asymmetricKeyType === 'ec' ? 'ES256' : 'EdDSA';
    return new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg, typ: 'portcullis-mfa+jwt', kid: this.#kid })
      .sign(this.#key);
  }
}
