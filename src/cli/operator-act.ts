import { type OperatorIntent, parseIntent, Refusal, sha256, toHex } from '../domain/index.ts';
import {
  type OperatorAct,
  OperatorServiceClient,
  type PrepareOperatorActResponse,
  type SubmitOperatorActResponse,
} from '../generated/portcullis/v1/operator.ts';
import { actState, lasting } from './act-text.ts';
import { callHelp, callOptions, callStation, legible } from './client.ts';
import { type Arguments, CallFailed, CommandFailed, type Output } from './command.ts';
import { signAsOperator, signingHelp, signingOptions } from './operator-signature.ts';

/** The options of every command that does an operators' act. */
export const actOptions = [...callOptions, ...signingOptions] as const;

/** How those options are told in a command's help. */
export const actHelp = `${signingHelp}

${callHelp('operators', 'its operators’ listener')}`;

/** What operators are asked to do. */
export interface ActRequest {
  readonly verb: string;
  readonly subject: string;
  /** Why, UTF-8, or the document. */
  readonly payload?: Uint8Array;
  /** Where it joins an act that others signed: that act's id. */
  readonly joins?: string;
  /** Whether an intent is about what is asked for, where it is not about the payload's own bytes. */
  readonly about?: (intent: OperatorIntent) => boolean;
  /** What stands beside the description. */
  readonly rows?: readonly (readonly [label: string, value: string])[];
}

/** A person has to find their key, and to read; a signature that took longer than that is asked for again. */
const lifetimeSeconds = 900;

/**
 * One operator does, or joins, an act: prepared by the station, shown, signed with their own key, handed in, and told what came of
 * it. Returns the exit code.
 */
export async function act(given: Arguments, output: Output, request: ActRequest): Promise<number> {
  const payload = Buffer.from(request.payload ?? []);
  const expires = Date.now() + lifetimeSeconds * 1_000;
  const prepared = await callStation<OperatorServiceClient, PrepareOperatorActResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) =>
      client.prepareOperatorAct(
        { verb: request.verb, subject: request.subject, payload, lifetimeSeconds },
        metadata,
        options,
        answer,
      ),
  );
  const { canonical, digest } = checkedIntent(prepared, request, payload);
  const rows = [...(request.rows ?? []), ...rowsOf(prepared, request, toHex(digest))];
  output.out(legible(prepared.description));
  for (const [label, value] of rows) output.out(`  ${label.padEnd(11)}${legible(value)}`);
  for (const line of prepared.details) output.out(`  ${legible(line)}`);
  if (prepared.wouldRefuse.length > 0) {
    output.err('Nothing is to be signed now: the station would refuse it.');
    for (const { reason, message } of prepared.wouldRefuse) output.err(`  ${legible(`${reason}: ${message}`)}`);
    return 1;
  }
  if (request.joins !== undefined && prepared.open?.id !== request.joins)
    throw new CommandFailed(`what act ${request.joins} is about has changed since it was signed: it will lapse`);
  const done = await signAsOperator<OperatorAct>(given, output, {
    digest,
    // By this machine's clock, whatever the station's says.
    expires,
    rpId: prepared.rpId,
    credentials: prepared.credentialIds,
    page: {
      title: 'Portcullis: an operator’s signature',
      lead: 'Your key signs exactly this, and nothing else. Compare it with what you mean to do.',
      statement: prepared.description,
      details: prepared.details,
      rows: [...rows, ['Relying party', prepared.rpId]],
      action: 'Sign with your key',
    },
    submit: async (attestation) => {
      const { act: made } = await callStation<OperatorServiceClient, SubmitOperatorActResponse>(
        given,
        OperatorServiceClient,
        (client, metadata, options, answer) =>
          client.submitOperatorAct({ intent: canonical, attestation, payload }, metadata, options, answer),
      );
      if (made === undefined) throw new CommandFailed('the station answered without an act');
      return { value: made, message: actState(made, prepared.delayMs) };
    },
  });
  output.out(actState(done, prepared.delayMs));
  return 0;
}

/**
 * The station's word for what the intent is goes only so far: the digest is computed here, and where something was sent along, the
 * intent must be about exactly that. Throws `CommandFailed`.
 */
function checkedIntent(
  { intent }: PrepareOperatorActResponse,
  request: ActRequest,
  payload: Uint8Array,
): { canonical: Buffer; digest: Uint8Array } {
  if (intent === undefined) throw new CommandFailed('the station prepared no intent');
  try {
    const parsed = parseIntent(intent.canonical, 'portcullis/operator/v1').intent;
    const digest = sha256(intent.canonical);
    const same =
      parsed.verb === request.verb &&
      parsed.subject === request.subject &&
      (request.about?.(parsed) ?? (payload.length === 0 || parsed.digest === toHex(sha256(payload))));
    if (same) return { canonical: intent.canonical, digest };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  throw new CommandFailed('the station prepared another intent than was asked for: sign nothing, and find out why');
}

function rowsOf(
  prepared: PrepareOperatorActResponse,
  { verb, subject }: ActRequest,
  digest: string,
): [string, string][] {
  const { open, signaturesNeeded, delayMs } = prepared;
  const signed = open === undefined ? '' : `; ${open.operators.join(', ')} signed already`;
  const rows: [string, string][] = [
    ['Act', `${verb} ${subject}`],
    ['Digest', digest],
    ['Takes', `${signaturesNeeded} ${signaturesNeeded === 1 ? 'signature' : 'signatures'}${signed}`],
    ['Effect', delayMs === 0n ? 'at once' : `${lasting(delayMs)} after its notice was delivered to the operators`],
  ];
  if (open !== undefined) rows.push(['Joins', open.id]);
  return rows;
}

/**
 * What operators sign where policy founds them; undefined where it founds none, and one certificate of their role still speaks for
 * the station.
 */
export async function whereFounded(sign: () => Promise<number>): Promise<number | undefined> {
  try {
    return await sign();
  } catch (error) {
    if (error instanceof CallFailed && error.reason === 'operators-unfounded') return undefined;
    throw error;
  }
}
