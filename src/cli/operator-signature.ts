import { operatorAssertion, operatorOrigin, operatorPort, parseOperatorPort } from '../custody/operator-key.ts';
import { Refusal } from '../domain/index.ts';
import type { Attestation } from '../generated/portcullis/v1/evidence.ts';
import { type Arguments, CommandFailed, type Output } from './command.ts';
import { askOnLoopback } from './loopback.ts';
import type { OperatorPage } from './operator-page.ts';
import { softwareCeremony, testKeyWarning } from './software-key.ts';

/** The options of every command that an operator signs. */
export const signingOptions = ['software', 'port'] as const;

/** How those options are told in a command's help. */
export const signingHelp = `An operator signs it with their own key: the command serves a page on this machine, for a browser on it; what it does stands there too.
  --port PORT      the port of the page (default ${operatorPort}); policy's operators.origins names http://localhost:PORT
  --software FILE  a test key in a file ("operator enroll --software") instead of the page`;

/** What is to be signed. */
export interface ToSign<T> {
  /** The challenge: the intent's digest, 32 bytes. */
  readonly digest: Uint8Array;
  readonly rpId: string;
  /** Of those who may sign, base64url. */
  readonly credentials: readonly string[];
  /** ms since 1970. */
  readonly expires: number;
  readonly page: Omit<OperatorPage, 'ceremony'>;
  /** Hands the signature to the station; what it says stands on the page, too. */
  readonly submit: (attestation: Attestation) => Promise<{ readonly value: T; readonly message: string }>;
}

/** Where an operator's own browser is served: of `--port`, or as usual. */
export function pagePort(given: Arguments): number {
  const told = given.value('port');
  return told === undefined ? operatorPort : parseOperatorPort(told, '--port');
}

/** Gets one operator's assertion, by the page or by a test key, and hands it on. */
export async function signAsOperator<T>(given: Arguments, output: Output, ask: ToSign<T>): Promise<T> {
  const port = pagePort(given);
  const options = {
    challenge: Buffer.from(ask.digest).toString('base64url'),
    rpId: ask.rpId,
    allowCredentials: ask.credentials.map((id) => ({ type: 'public-key', id })),
    userVerification: 'required',
    timeout: Math.max(0, ask.expires - Date.now()),
  };
  const submit = (json: Uint8Array): ReturnType<typeof ask.submit> => ask.submit(attestationOf(json));
  const software = given.value('software');
  if (software !== undefined) {
    output.err(testKeyWarning);
    const origin = operatorOrigin(port);
    return (await submit(await softwareCeremony(software, { kind: 'get', origin, options }))).value;
  }
  const expires = ask.expires;
  return askOnLoopback({
    port,
    page: () => ({ ...ask.page, ceremony: { kind: 'get', options, expires } }),
    ready: (url) => {
      output.out('Read it again and sign it in a browser on this machine:');
      output.out(`  ${url}`);
    },
    settle: submit,
  });
}

/** The browser's answer as the station takes it; what it is worth, the station says. */
function attestationOf(json: Uint8Array): Attestation {
  try {
    const { credential, authenticatorData, clientData, signature } = operatorAssertion(json);
    const value = {
      credentialId: credential,
      rawId: Buffer.from(credential, 'base64url'),
      authenticatorData: Buffer.from(authenticatorData),
      clientDataJson: Buffer.from(clientData),
      signature: Buffer.from(signature),
    };
    return { evidence: { $case: 'webauthn', value } };
  } catch (error) {
    if (error instanceof Refusal) throw new CommandFailed(`the key’s answer cannot be used: ${error.message}`);
    throw error;
  }
}
