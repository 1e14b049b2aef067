import { writeFileSync } from 'node:fs';
import { parseActId } from '../domain/index.ts';
import {
  type GetActResponse,
  type ListActsResponse,
  type OperatorAct,
  OperatorServiceClient,
} from '../generated/portcullis/v1/operator.ts';
import { actLine, actState } from './act-text.ts';
import { admissionRows, askedAdmission } from './admission.ts';
import { callOptions, callStation, legible } from './client.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { type ActRequest, actHelp, actOptions, act as signAct } from './operator-act.ts';

export const act: Command = {
  name: 'act',
  summary: 'operators’ acts: list them, look at one, sign it too, or refuse it',
  help: `Usage: portcullis act list [--all] --config FILE --cert FILE --key FILE
       portcullis act show ID [--payload FILE] …
       portcullis act sign ID …
       portcullis act refuse ID …

Whatever operators do is an act, from its first signature to its effect.
  list    those that wait: for signatures, or to ripen; with --all those that are settled too, the newest first
  show    one of them; --payload writes what it is about, such as a policy or a transaction, into a new FILE
  sign    puts your signature under it, beside the others'
  refuse  ends it before it takes effect: one operator's signature is enough

ID is 64 hex digits; the first ones are enough for an act that waits.

${actHelp}`,
  async run(args, output) {
    const [word, ...rest] = args;
    switch (word) {
      case 'list':
        return list(readArguments(rest, { options: callOptions, flags: ['all'] }), output);
      case 'show':
        return show(readArguments(rest, { options: [...callOptions, 'payload'], positionals: ['ID'] }), output);
      case 'sign': {
        const given = readArguments(rest, { options: actOptions, positionals: ['ID'] });
        const { id, verb, subject, payload } = await fetchAct(given);
        return signAct(given, output, { verb, subject, payload, joins: id, ...admissionAsked(verb, subject, payload) });
      }
      case 'refuse': {
        const given = readArguments(rest, { options: actOptions, positionals: ['ID'] });
        const { id } = await fetchAct(given);
        return signAct(given, output, { verb: 'refuse', subject: `act:${id}` });
      }
      default:
        throw new UsageError('expected list, show, sign or refuse');
    }
  },
};

/** Of what is admitted not the payload's bytes are signed, but what they say. */
function admissionAsked(verb: string, subject: string, payload: Uint8Array): Partial<ActRequest> {
  if (verb !== 'admit') return {};
  const asked = askedAdmission(subject, payload);
  return { about: (intent) => asked.admitted(intent) !== undefined, rows: admissionRows(asked) };
}

async function list(given: Arguments, output: Output): Promise<number> {
  const acts = await fetchActs(given, !given.has('all'));
  for (const one of acts) output.out(actLine(one));
  if (acts.length === 0) output.out('no act waits');
  return 0;
}

async function show(given: Arguments, output: Output): Promise<number> {
  const one = await fetchAct(given);
  for (const line of [
    `act       ${one.id}`,
    `does      ${one.description === '' ? '(settled)' : one.description}`,
    `what      ${one.verb} ${one.subject}`,
    `approves  ${one.digest.toString('hex')}`,
    `policy    ${one.basePolicy}`,
    `opened    ${one.openedAt?.toISOString() ?? '?'}`,
    ...(one.payload.length === 0 ? [] : [`payload   ${one.payload.length} bytes${excerpt(one.payload)}`]),
    `state     ${actState(one)}`,
  ])
    output.out(legible(line));
  const file = given.value('payload');
  if (file === undefined) return 0;
  try {
    writeFileSync(file, one.payload, { flag: 'wx' });
  } catch (error) {
    throw new CommandFailed(`--payload: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return 0;
}

/** Why something was done is short, and text. */
function excerpt(payload: Uint8Array): string {
  const text = Buffer.from(payload).toString();
  return payload.length <= 1_024 && /^[^\p{C}]+$/u.test(text) ? `: ${text}` : '';
}

async function fetchActs(given: Arguments, unsettled: boolean): Promise<readonly OperatorAct[]> {
  const { acts } = await callStation<OperatorServiceClient, ListActsResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) => client.listActs({ unsettled, limit: 1_000 }, metadata, options, answer),
  );
  return acts;
}

/** By its id, or, among those that wait, by the beginning of it. */
async function fetchAct(given: Arguments): Promise<OperatorAct> {
  const [told = ''] = given.positionals;
  const actId = await wholeId(given, told);
  const { act: found } = await callStation<OperatorServiceClient, GetActResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) => client.getAct({ actId }, metadata, options, answer),
  );
  if (found === undefined) throw new CommandFailed('the station answered without an act');
  return found;
}

async function wholeId(given: Arguments, told: string): Promise<string> {
  if (!/^[0-9a-f]{6,63}$/.test(told)) return parseActId(told, 'ID');
  const [found, ...more] = (await fetchActs(given, true)).filter(({ id }) => id.startsWith(told));
  if (found === undefined || more.length > 0)
    throw new CommandFailed(`${found === undefined ? 'no' : 'more than one'} act that waits begins with ${told}`);
  return found.id;
}
