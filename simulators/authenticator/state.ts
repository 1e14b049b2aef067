import { list, object, parse, text, typeError } from './json.ts';

/** A simulated authenticator as it is kept in a file. The seed is every private key: test keys, in plain text. */
export interface AuthenticatorState {
  readonly settings: {
    readonly origin: string;
    /** base64url */
    readonly seed: string;
    readonly aaguid: string;
    readonly backup: 'device-bound' | 'syncable' | 'synced';
    readonly verifiesUser: boolean;
    readonly counter: 'moving' | 'zero';
    readonly algorithms: readonly number[];
  };
  readonly credentials: readonly CredentialState[];
}

/** A passkey; its private key is derived from the seed by algorithm and number. */
export interface CredentialState {
  /** How many came before it. */
  readonly number: number;
  /** base64url */
  readonly id: string;
  readonly rpId: string;
  /** `user.id` of the creation options, base64url. */
  readonly userHandle: string;
  /** COSE number. */
  readonly algorithm: number;
  /** Of the last assertion; 0 before the first. */
  counter: number;
}

/** Reads an authenticator's file. Throws `AuthenticatorError` `TypeError` that names the member that is wrong. */
export function parseState(json: string): AuthenticatorState {
  const state = object(parse(json), 'authenticator');
  const settings = object(state['settings'], 'settings');
  const { verifiesUser } = settings;
  if (typeof verifiesUser !== 'boolean') throw typeError('settings.verifiesUser must be true or false');
  return {
    settings: {
      origin: text(settings['origin'], 'settings.origin'),
      seed: text(settings['seed'], 'settings.seed'),
      aaguid: text(settings['aaguid'], 'settings.aaguid'),
      backup: oneOf(settings['backup'], ['device-bound', 'syncable', 'synced'], 'settings.backup'),
      verifiesUser,
      counter: oneOf(settings['counter'], ['moving', 'zero'], 'settings.counter'),
      algorithms: list(settings['algorithms'], 'settings.algorithms').map((item) =>
        number(item, 'settings.algorithms'),
      ),
    },
    credentials: list(state['credentials'], 'credentials').map((item) => {
      const credential = object(item, 'credentials');
      return {
        number: number(credential['number'], 'credentials.number'),
        id: text(credential['id'], 'credentials.id'),
        rpId: text(credential['rpId'], 'credentials.rpId'),
        userHandle: text(credential['userHandle'], 'credentials.userHandle'),
        algorithm: number(credential['algorithm'], 'credentials.algorithm'),
        counter: number(credential['counter'], 'credentials.counter'),
      };
    }),
  };
}

function oneOf<T extends string>(value: unknown, choices: readonly T[], what: string): T {
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw typeError(`${what} must be one of ${choices.join(', ')}`);
  return choice;
}

function number(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw typeError(`${what} must be a whole number`);
  return value;
}
