import { createHash, createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Attestation, Intent } from '../../src/generated/portcullis/v1/evidence.ts';

/** How a person proved who they are (RFC 8176): factors of two kinds at least, such as `['pwd', 'hwk']`. */
export type Proof = readonly string[];

/**
 * The sample MFA service of an exchange that authenticates its customers itself: a customer proves who they are, reads what is asked
 * (amount, destination), and it says so to the station in a token. Like the admission authority it is not the withdrawal service, and
 * shares no key or machine with it: who takes over the one can approve nothing. What it is given to approve it reads itself: the
 * digest that it signs is of the very bytes that it showed.
 */
export class MfaService {
  readonly #key: KeyObject;
  readonly #issuer: string;
  readonly #kid: string;

  /** `keyFile`: Ed25519 or P-256, PKCS#8 in PEM; its public half is in the station's policy, among the `attesters`. */
  constructor(keyFile: string, issuer: string, kid: string) {
    this.#key = createPrivateKey(readFileSync(keyFile));
    this.#issuer = issuer;
    this.#kid = kid;
  }

  /**
   * A compact JWS over exactly this intent, good for one minute and one use. `account`: who proved themselves, and read the intent.
   * `intent`: its canonical bytes, as Prepare returned them.
   */
  approve(account: string, intent: Uint8Array, proof: Proof, now: Date): string {
    const said: { account?: unknown; station?: unknown } = JSON.parse(new TextDecoder().decode(intent));
    if (said.account !== account) throw new Error('the intent is another account’s');
    const iat = Math.floor(now.getTime() / 1000);
    const claims = {
      iss: this.#issuer,
      aud: said.station,
      sub: account,
      iat,
      exp: iat + 60,
      jti: randomUUID(),
      amr: proof,
      intent_digest: createHash('sha256').update(intent).digest('hex'),
    };
    const ec = this.#key.asymmetricKeyType === 'ec';
    const header = { alg: ec ? 'ES256' : 'EdDSA', typ: 'portcullis-mfa+jwt', kid: this.#kid };
    const input = `${part(header)}.${part(claims)}`;
    // RFC 7518 §3.4: R and S, 32 bytes each; RFC 8037 §3.1.
    const key = { key: this.#key, dsaEncoding: 'ieee-p1363' } as const;
    return `${input}.${sign(ec ? 'sha256' : null, Buffer.from(input), key).toString('base64url')}`;
  }
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A customer of whom the station knows nothing but what the MFA service says. */
export class MfaCustomer {
  readonly account: string;
  readonly #service: MfaService;
  readonly #clock: () => Date;

  constructor(account: string, service: MfaService, clock: () => Date) {
    this.account = account;
    this.#service = service;
    this.#clock = clock;
  }

  /** Proves who they are by password and security key, and approves one intent. */
  approve(intent: Intent | undefined): Attestation {
    if (intent === undefined) throw new Error('there is no intent to approve');
    const token = this.#service.approve(this.account, intent.canonical, ['pwd', 'hwk'], this.#clock());
    return { evidence: { $case: 'mfaToken', value: token } };
  }
}
