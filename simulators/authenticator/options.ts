import { list, object, optionalText, parse, text, typeError } from './json.ts';

/** What a page gets from its server and gives to the browser: the JSON types of WebAuthn L3 §5.1.8 and §5.1.9. */

/** PublicKeyCredentialCreationOptionsJSON, as far as an authenticator reads it. */
export interface CreationOptions {
  readonly rp: { readonly id?: string; readonly name: string };
  /** `id` is base64url. */
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  /** base64url */
  readonly challenge: string;
  readonly pubKeyCredParams: readonly { readonly type: string; readonly alg: number }[];
  readonly excludeCredentials?: readonly CredentialDescriptor[];
  readonly authenticatorSelection?: { readonly userVerification?: string };
  readonly attestation?: string;
}

/** PublicKeyCredentialRequestOptionsJSON, as far as an authenticator reads it. */
export interface RequestOptions {
  /** base64url */
  readonly challenge: string;
  readonly rpId?: string;
  readonly allowCredentials?: readonly CredentialDescriptor[];
  readonly userVerification?: string;
}

/** What a page gives to `new PaymentRequest` for Secure Payment Confirmation; bytes are base64url. */
export interface PaymentRequestJson {
  readonly methodData: readonly [
    {
      readonly supportedMethods: string;
      readonly data: {
        readonly challenge: string;
        readonly rpId: string;
        readonly credentialIds: readonly string[];
        readonly payeeName?: string;
        readonly payeeOrigin?: string;
        readonly instrument: { readonly displayName: string; readonly icon: string };
      };
    },
  ];
  readonly details: { readonly total: { readonly amount: { readonly currency: string; readonly value: string } } };
}

/** `id` is base64url. */
export interface CredentialDescriptor {
  readonly type: string;
  readonly id: string;
}

/** RegistrationResponseJSON; bytes are base64url. */
export interface RegistrationResponse {
  id: string;
  rawId: string;
  response: {
    clientDataJSON: string;
    authenticatorData: string;
    attestationObject: string;
    publicKey: string;
    publicKeyAlgorithm: number;
    transports: string[];
  };
  authenticatorAttachment: 'platform' | 'cross-platform';
  clientExtensionResults: Record<string, never>;
  type: 'public-key';
}

/** AuthenticationResponseJSON; bytes are base64url. */
export interface AuthenticationResponse {
  id: string;
  rawId: string;
  response: {
    clientDataJSON: string;
    authenticatorData: string;
    signature: string;
    userHandle: string;
  };
  authenticatorAttachment: 'platform' | 'cross-platform';
  clientExtensionResults: Record<string, never>;
  type: 'public-key';
}

/** Reads creation options from JSON text; unknown members are ignored, as a browser does. Throws `AuthenticatorError`. */
export function parseCreationOptions(json: string): CreationOptions {
  const options = object(parse(json), 'creation options');
  const rp = object(options['rp'], 'rp');
  const user = object(options['user'], 'user');
  const selection = options['authenticatorSelection'];
  const rpId = optionalText(rp['id'], 'rp.id');
  const attestation = optionalText(options['attestation'], 'attestation');
  const verification =
    selection === undefined
      ? undefined
      : optionalText(object(selection, 'authenticatorSelection')['userVerification'], 'userVerification');
  return {
    rp: { name: text(rp['name'], 'rp.name'), ...(rpId === undefined ? {} : { id: rpId }) },
    user: {
      id: text(user['id'], 'user.id'),
      name: text(user['name'], 'user.name'),
      displayName: text(user['displayName'], 'user.displayName'),
    },
    challenge: text(options['challenge'], 'challenge'),
    pubKeyCredParams: list(options['pubKeyCredParams'], 'pubKeyCredParams').map((item) => {
      const { type, alg } = object(item, 'pubKeyCredParams');
      if (typeof alg !== 'number') throw typeError('pubKeyCredParams.alg must be a number');
      return { type: text(type, 'pubKeyCredParams.type'), alg };
    }),
    excludeCredentials: descriptors(options['excludeCredentials'], 'excludeCredentials'),
    ...(verification === undefined ? {} : { authenticatorSelection: { userVerification: verification } }),
    ...(attestation === undefined ? {} : { attestation }),
  };
}

/** Reads a payment request from JSON text. Throws `AuthenticatorError`. */
export function parsePaymentRequest(json: string): PaymentRequestJson {
  const request = object(parse(json), 'payment request');
  const [method, ...others] = list(request['methodData'], 'methodData');
  const { supportedMethods, data } = object(method, 'methodData');
  if (supportedMethods !== 'secure-payment-confirmation' || others.length > 0)
    throw typeError('methodData must be one of secure-payment-confirmation');
  const of = object(data, 'data');
  const instrument = object(of['instrument'], 'instrument');
  const amount = object(object(object(request['details'], 'details')['total'], 'total')['amount'], 'amount');
  const payeeName = optionalText(of['payeeName'], 'payeeName');
  const payeeOrigin = optionalText(of['payeeOrigin'], 'payeeOrigin');
  return {
    methodData: [
      {
        supportedMethods,
        data: {
          challenge: text(of['challenge'], 'challenge'),
          rpId: text(of['rpId'], 'rpId'),
          credentialIds: list(of['credentialIds'], 'credentialIds').map((id) => text(id, 'credentialIds')),
          instrument: {
            displayName: text(instrument['displayName'], 'displayName'),
            icon: text(instrument['icon'], 'icon'),
          },
          ...(payeeName === undefined ? {} : { payeeName }),
          ...(payeeOrigin === undefined ? {} : { payeeOrigin }),
        },
      },
    ],
    details: {
      total: { amount: { currency: text(amount['currency'], 'currency'), value: text(amount['value'], 'value') } },
    },
  };
}

/** Reads request options from JSON text; unknown members are ignored, as a browser does. Throws `AuthenticatorError`. */
export function parseRequestOptions(json: string): RequestOptions {
  const options = object(parse(json), 'request options');
  const rpId = optionalText(options['rpId'], 'rpId');
  const userVerification = optionalText(options['userVerification'], 'userVerification');
  return {
    challenge: text(options['challenge'], 'challenge'),
    allowCredentials: descriptors(options['allowCredentials'], 'allowCredentials'),
    ...(rpId === undefined ? {} : { rpId }),
    ...(userVerification === undefined ? {} : { userVerification }),
  };
}

function descriptors(value: unknown, what: string): CredentialDescriptor[] {
  if (value === undefined) return [];
  return list(value, what).map((item) => {
    const { type, id } = object(item, what);
    return { type: text(type, `${what}.type`), id: text(id, `${what}.id`) };
  });
}
