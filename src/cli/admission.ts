import { credentialIn } from '../custody/registrations.ts';
import {
  type Admission,
  admissionBytes,
  admittedAs,
  authenticatorClasses,
  digestOf,
  Malformed,
  type OperatorIntent,
  parseAccountId,
  Refusal,
} from '../domain/index.ts';
import { CommandFailed } from './command.ts';

/** What of a registration the operator can hold against what the customer told them. */
export interface AskedAdmission {
  readonly subject: string;
  readonly credential: string;
  readonly key: string;
  /** What an intent admits: undefined where it is not this very credential, for this account. */
  admitted(intent: OperatorIntent): Admission | undefined;
}

/** Reads what is to be admitted, here, not by the station's word. `payload`: the registration, or what an act keeps of it. */
export function askedAdmission(subject: string, payload: Uint8Array): AskedAdmission {
  try {
    const account = parseAccountId(subject.replace(/^account:/, ''), 'account');
    const { credential, key } = credentialIn(payload);
    return {
      subject,
      credential,
      key,
      admitted: ({ station, digest }) =>
        admittedAs
          .flatMap((as) => authenticatorClasses.map((of) => ({ station, account, credential, key, class: of, as })))
          .find((admission) => digestOf(admissionBytes(admission)) === digest),
    };
  } catch (error) {
    if (error instanceof Malformed || error instanceof Refusal)
      throw new CommandFailed(`this is no registration of a passkey: ${error.message}`);
    throw error;
  }
}

/** As people compare it: the customer's own device, or the page that they enrolled on, shows the same. */
export function admissionRows({ credential, key }: AskedAdmission): readonly (readonly [string, string])[] {
  return [
    ['Passkey', credential],
    ['Key', key],
  ];
}
