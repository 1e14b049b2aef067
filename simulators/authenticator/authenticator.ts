import { hkdfSync, randomBytes } from 'node:crypto';
import { algorithms, mirroredEs256, usualAlgorithms } from './algorithm.ts';
import type { Attested } from './attester.ts';
import { base64url, concat, flipped, fromBase64url, sha256 } from './bytes.ts';
import { type Cbor, encodeCbor } from './cbor.ts';
import type { Deviation } from './deviation.ts';
import type {
  AuthenticationResponse,
  CreationOptions,
  PaymentRequestJson,
  RegistrationResponse,
  RequestOptions,
} from './options.ts';
import { clientData, effectiveRpId, type PaymentPage, paymentClientData, respaced } from './page.ts';
import { AuthenticatorError } from './refusal.ts';
import type { AuthenticatorSettings } from './settings.ts';
import type { Algorithm } from './signing.ts';
import { type AuthenticatorState, type CredentialState, parseState } from './state.ts';

export type { AuthenticatorSettings };

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const BACKUP_ELIGIBLE = 0x08;
const BACKED_UP = 0x10;
const ATTESTED_DATA = 0x40;

/**
 * A FIDO2 authenticator in software, with the browser that stands between it and the page: a customer's passkey in
 * tests and in the demo. Not for use outside them: its keys lie in memory and, with `toJSON`, in plain text.
 *
 * ```ts
 * const phone = new Authenticator({ origin: 'https://approve.example.com', backup: 'synced' });
 * const registration = phone.create(options);   // RegistrationResponseJSON
 * const approval = phone.get(requestOptions);   // AuthenticationResponseJSON
 * ```
 */
export class Authenticator {
  readonly #settings: Required<Omit<AuthenticatorSettings, 'attests'>> & Pick<AuthenticatorSettings, 'attests'>;
  readonly #credentials: CredentialState[];

  constructor(settings: AuthenticatorSettings, credentials: readonly CredentialState[] = []) {
    const backup = settings.backup ?? 'device-bound';
    this.#settings = Object.freeze({
      origin: settings.origin,
      seed: settings.seed ?? randomBytes(32),
      aaguid: settings.aaguid ?? '00000000-0000-0000-0000-000000000000',
      backup,
      verifiesUser: settings.verifiesUser ?? true,
      counter: settings.counter ?? (backup === 'device-bound' ? 'moving' : 'zero'),
      algorithms: settings.algorithms ?? usualAlgorithms,
      attests: settings.attests,
    });
    if (this.#settings.seed.length < 32) throw new RangeError('an authenticator needs a seed of at least 32 bytes');
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(this.#settings.aaguid)) {
      throw new RangeError(`"${this.#settings.aaguid}" isn't an AAGUID: it must be a UUID`);
    }
    this.#credentials = credentials.map((credential) => ({ ...credential }));
  }

  /** Reads what `toJSON` made. Throws `AuthenticatorError` `TypeError` where the file isn't one. */
  static fromJSON(json: string): Authenticator {
    const { settings, credentials } = parseState(json);
    return new Authenticator({ ...settings, seed: fromBase64url(settings.seed) }, credentials);
  }

  /** Everything, the private keys' seed too, as `JSON.stringify` takes it. */
  toJSON(): AuthenticatorState {
    const { attests: _, ...settings } = this.#settings;
    return {
      settings: { ...settings, seed: base64url(settings.seed), algorithms: [...settings.algorithms] },
      credentials: this.#credentials.map((credential) => ({ ...credential })),
    };
  }

  /** `navigator.credentials.create`: a new passkey. Throws `AuthenticatorError`. */
  create(options: CreationOptions, deviation: Deviation = {}): RegistrationResponse {
    const rpId = effectiveRpId(this.#settings.origin, options.rp.id);
    if (options.excludeCredentials?.some(({ id }) => this.#held(rpId).some((held) => held.id === id))) {
      throw new AuthenticatorError(
        'InvalidStateError',
        `this authenticator has a passkey for ${rpId} that is excluded`,
      );
    }
    const offered = options.pubKeyCredParams.filter(({ type }) => type === 'public-key').map(({ alg }) => alg);
    const cose = offered.find((alg) => this.#settings.algorithms.includes(alg));
    if (cose === undefined) {
      throw new AuthenticatorError('NotSupportedError', `none of the algorithms ${offered.join(', ')} is one of mine`);
    }
    const verified = this.#verifyUser(options.authenticatorSelection?.userVerification, deviation);

    const number = this.#credentials.length;
    const credential: CredentialState = {
      number,
      id: base64url(this.#derive(`id ${number}`, 32)),
      rpId,
      userHandle: options.user.id,
      algorithm: cose,
      counter: 0,
    };
    this.#credentials.push(credential);

    const algorithm = algorithmOf(cose);
    const secret = this.#secret(credential);
    const id = fromBase64url(credential.id);
    const attested = concat([
      Buffer.from(this.#settings.aaguid.replaceAll('-', ''), 'hex'),
      Uint8Array.of(id.length >> 8, id.length & 0xff),
      id,
      algorithm.coseKey(secret),
    ]);
    const data = concat([this.#authenticatorData(credential, ATTESTED_DATA, verified, deviation), attested]);
    const authenticatorData = deviation.tamper === 'authenticatorData' ? flipped(data) : data;
    const clientDataJSON = clientData('webauthn.create', options.challenge, this.#settings.origin, deviation);
    const attester = options.attestation === 'direct' ? this.#settings.attests : undefined;
    const made: Attested = {
      authData: authenticatorData,
      clientDataHash: sha256(clientDataJSON),
      credential: { id, cose, coseKey: algorithm.coseKey(secret), sign: (message) => algorithm.sign(message, secret) },
    };
    const { fmt, attStmt } = attester?.(made) ?? { fmt: 'none', attStmt: new Map() };
    const attestationObject = encodeCbor(
      new Map<string, Cbor>([
        ['fmt', fmt],
        ['attStmt', attStmt],
        ['authData', authenticatorData],
      ]),
    );
    return {
      id: deviation.id ?? credential.id,
      rawId: credential.id,
      response: {
        clientDataJSON: base64url(deviation.tamper === 'clientDataJSON' ? respaced(clientDataJSON) : clientDataJSON),
        authenticatorData: base64url(authenticatorData),
        attestationObject: base64url(attestationObject),
        publicKey: base64url(algorithm.spki(secret)),
        publicKeyAlgorithm: cose,
        transports: this.#settings.backup === 'device-bound' ? ['usb'] : ['hybrid', 'internal'],
      },
      authenticatorAttachment: this.#attachment(),
      clientExtensionResults: {},
      type: 'public-key',
    };
  }

  /** `navigator.credentials.get`: an assertion over the challenge. Throws `AuthenticatorError`. */
  get(options: RequestOptions, deviation: Deviation = {}): AuthenticationResponse {
    const rpId = effectiveRpId(this.#settings.origin, options.rpId);
    const held = this.#held(rpId);
    const allowed = options.allowCredentials ?? [];
    // Without a list any passkey of the RP may answer: the newest does (WebAuthn L3 §6.3.3).
    const credential =
      allowed.length === 0 ? held.at(-1) : held.find(({ id }) => allowed.some((wanted) => wanted.id === id));
    if (credential === undefined) {
      throw new AuthenticatorError('NotAllowedError', `this authenticator has no such passkey for ${rpId}`);
    }
    const clientDataJSON = clientData('webauthn.get', options.challenge, this.#settings.origin, deviation);
    return this.#assert(credential, clientDataJSON, options.userVerification, deviation);
  }

  /**
   * `new PaymentRequest(…).show()` with Secure Payment Confirmation: the browser shows the payment and has it confirmed. Any page may
   * ask for it; default: the one that this authenticator is used on. Throws `AuthenticatorError`.
   */
  confirmPayment(
    request: PaymentRequestJson,
    page: PaymentPage = { origin: this.#settings.origin },
    deviation: Deviation = {},
  ): AuthenticationResponse {
    const { rpId, credentialIds } = request.methodData[0].data;
    const credential = this.#held(rpId).find(({ id }) => credentialIds.includes(id));
    if (credential === undefined) {
      throw new AuthenticatorError('NotAllowedError', `this authenticator has no such passkey for ${rpId}`);
    }
    return this.#assert(credential, paymentClientData(request, page, deviation), 'required', deviation);
  }

  #assert(
    credential: CredentialState,
    clientDataJSON: Uint8Array,
    asked: string | undefined,
    deviation: Deviation,
  ): AuthenticationResponse {
    const verified = this.#verifyUser(asked, deviation);
    if (this.#settings.counter === 'moving') credential.counter += 1;

    const authenticatorData = this.#authenticatorData(credential, 0, verified, deviation);
    const message = concat([authenticatorData, sha256(clientDataJSON)]);
    const signature = algorithmOf(credential.algorithm).sign(message, this.#secret(credential));
    const { tamper } = deviation;
    if (tamper === 'mirrored-signature' && credential.algorithm !== -7) {
      throw new RangeError('only an ES256 signature has a mirrored twin');
    }
    return {
      id: deviation.id ?? credential.id,
      rawId: credential.id,
      response: {
        clientDataJSON: base64url(tamper === 'clientDataJSON' ? respaced(clientDataJSON) : clientDataJSON),
        authenticatorData: base64url(tamper === 'authenticatorData' ? flipped(authenticatorData) : authenticatorData),
        signature: base64url(
          tamper === 'signature'
            ? flipped(signature)
            : tamper === 'mirrored-signature'
              ? mirroredEs256(signature)
              : signature,
        ),
        userHandle: credential.userHandle,
      },
      authenticatorAttachment: this.#attachment(),
      clientExtensionResults: {},
      type: 'public-key',
    };
  }

  #held(rpId: string): CredentialState[] {
    return this.#credentials.filter((credential) => credential.rpId === rpId);
  }

  #attachment(): 'platform' | 'cross-platform' {
    return this.#settings.backup === 'device-bound' ? 'cross-platform' : 'platform';
  }

  #verifyUser(asked: string | undefined, deviation: Deviation): boolean {
    if (deviation.userVerified !== undefined) return deviation.userVerified;
    if (asked === 'required' && !this.#settings.verifiesUser) {
      throw new AuthenticatorError('NotAllowedError', "user verification is required, and this device can't");
    }
    return this.#settings.verifiesUser && asked !== 'discouraged';
  }

  /** WebAuthn L3 §6.1, without attested credential data. */
  #authenticatorData(
    { rpId, counter }: CredentialState,
    further: number,
    verified: boolean,
    deviation: Deviation,
  ): Uint8Array {
    const { backup } = this.#settings;
    const flags =
      further |
      ((deviation.userPresent ?? true) ? USER_PRESENT : 0) |
      (verified ? USER_VERIFIED : 0) |
      ((deviation.backupEligible ?? backup !== 'device-bound') ? BACKUP_ELIGIBLE : 0) |
      ((deviation.backedUp ?? backup === 'synced') ? BACKED_UP : 0);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(deviation.counter ?? counter);
    return concat([sha256(Buffer.from(deviation.hashedRpId ?? rpId)), Uint8Array.of(flags), count]);
  }

  #secret({ algorithm, number }: CredentialState): Uint8Array {
    const { cose, seedLength, secretKey } = algorithmOf(algorithm);
    return secretKey(this.#derive(`key ${cose} ${number}`, seedLength));
  }

  #derive(info: string, length: number): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#settings.seed, 'simulated authenticator', info, length));
  }
}

function algorithmOf(cose: number): Algorithm {
  const algorithm = algorithms.find((known) => known.cose === cose);
  if (algorithm === undefined) throw new RangeError(`this simulator has no COSE algorithm ${cose}`);
  return algorithm;
}
