import { createPrivateKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CompactSign } from 'jose';

/**
 * The sample admission authority: it knows customers, say from their sign-up, and vouches that a first passkey is theirs. It is
 * not the withdrawal service, and shares no key or machine with it, so that taking over the one does not admit factors.
 */
export class AdmissionAuthority {
  readonly #key: ReturnType<typeof createPrivateKey>;
  readonly #issuer: string;
  readonly #kid: string;

  /** `keyFile`: Ed25519, PKCS#8 in PEM; its public half is in the station's policy under this issuer and key id. */
  constructor(keyFile: string, issuer: string, kid: string) {
    this.#key = createPrivateKey(readFileSync(keyFile));
    this.#issuer = issuer;
    this.#kid = kid;
  }

  /** A compact JWS for exactly this key of exactly this account, for this station, good for ten minutes and one use. */
  vouch(of: { account: string; credential: string; key: string; station: string }, now: Date): Promise<string> {
    const iat = Math.floor(now.getTime() / 1000);
    const claims = {
      iss: this.#issuer,
      aud: of.station,
      sub: of.account,
      credential: of.credential,
      key: of.key,
      iat,
      exp: iat + 600,
      jti: randomUUID(),
    };
    return new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'portcullis-admission+jwt', kid: this.#kid })
      .sign(this.#key);
  }
}
