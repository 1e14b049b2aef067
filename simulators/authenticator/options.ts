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
}

/** PublicKeyCredentialRequestOptionsJSON, as far as an authenticator reads it. */
export interface RequestOptions {
  /** base64url */
  readonly challenge: string;
  readonly rpId?: string;
  readonly allowCredentials?: readonly CredentialDescriptor[];
  readonly userVerification?: string;
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
