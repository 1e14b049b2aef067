import { readFileSync } from 'node:fs';
import { loadConfig } from '../config.ts';
import { readPolicyDocument } from '../custody/policy-document.ts';
import { differenceLines, policyLines } from '../custody/policy-proposal.ts';
import { sha256, toHex } from '../domain/index.ts';
import { OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import type { ReplayPolicyResponse } from '../generated/portcullis/v1/policy.ts';
import { callStation, legible } from './client.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { secondsOf } from './duration.ts';
import { act, actHelp, actOptions } from './operator-act.ts';
import { explainTransaction, explainWithdrawal } from './policy-explain.ts';
import { policyInForce } from './policy-in-force.ts';

export const policy: Command = {
  name: 'policy',
  summary: 'show, compare, propose, replay and explain policies',
  help: `Usage: portcullis policy show FILE            a policy in English
       portcullis policy show --config FILE   that of a station's file
       portcullis policy show --in-force      that of a running station
       portcullis policy diff NEW --config FILE
                                              what would change, which way each, and what follows
       portcullis policy propose NEW          sign it as an operator: a quorum of them puts it in force
       portcullis policy replay NEW [--since 30d]
                                              which recorded withdrawals would end otherwise
       portcullis policy explain withdrawal --account A --asset A --amount N --destination A --max-fee N
       portcullis policy explain transaction --wallet W --unsigned HEX [--pays ID …]
                                              every rule that applies, and what would make it pass

A policy that only tightens takes effect with its quorum; one that loosens anything ripens first, and lapses if another takes effect
before it. "diff" compares with the station's file, or with --in-force with what a running station says.

${actHelp}

"explain" asks the listener of withdrawal services, with a certificate of the role withdrawals.`,
  async run(args, output) {
    const [word = '', ...rest] = args;
    const run = words[word];
    if (run === undefined) throw new UsageError('expected show, diff, propose, replay or explain');
    return run(rest, output);
  },
};

const words: Readonly<Record<string, (args: readonly string[], output: Output) => Promise<number>>> = {
  show,
  diff,
  propose,
  replay,
  explain: async ([what = '', ...rest], output) => {
    if (what === 'withdrawal') return explainWithdrawal(rest, output);
    if (what === 'transaction') return explainTransaction(rest, output);
    throw new UsageError('explain what: expected withdrawal or transaction');
  },
};

async function show(args: readonly string[], output: Output): Promise<number> {
  const named = args[0] !== undefined && !args[0].startsWith('-');
  const given = readArguments(args, { options: actOptions, flags: ['in-force'], positionals: named ? ['FILE'] : [] });
  const document = named ? readFile(given.positionals[0] ?? '') : await present(given);
  output.out(`policy ${toHex(sha256(document))}`);
  for (const line of policyLines(readPolicyDocument(document).policy)) output.out(legible(line));
  return 0;
}

async function diff(args: readonly string[], output: Output): Promise<number> {
  const given = readArguments(args, { options: actOptions, flags: ['in-force'], positionals: ['NEW'] });
  const [was, will] = [await present(given), readFile(given.positionals[0] ?? '')];
  output.out(`from ${toHex(sha256(was))}`);
  output.out(`to   ${toHex(sha256(will))}`);
  for (const line of differenceLines(readPolicyDocument(was).policy, readPolicyDocument(will).policy))
    output.out(legible(line));
  return 0;
}

async function propose(args: readonly string[], output: Output): Promise<number> {
  const given = readArguments(args, { options: actOptions, positionals: ['NEW'] });
  const payload = readFile(given.positionals[0] ?? '');
  // Here already, so that what is wrong with it is told without a call.
  readPolicyDocument(payload);
  return act(given, output, { verb: 'policy', subject: 'document', payload });
}

async function replay(args: readonly string[], output: Output): Promise<number> {
  const given = readArguments(args, { options: [...actOptions, 'since'], positionals: ['NEW'] });
  const document = readFile(given.positionals[0] ?? '');
  readPolicyDocument(document);
  const sinceSeconds = Number(secondsOf(given.value('since') ?? '30d'));
  const told = await callStation<OperatorServiceClient, ReplayPolicyResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) =>
      client.replayPolicy({ document: Buffer.from(document), sinceSeconds }, metadata, options, answer),
  );
  for (const line of replayLines(told)) output.out(legible(line));
  return 0;
}

function replayLines({
  since,
  decided,
  truncated,
  changed,
  rules,
  examples,
  unknowns,
}: ReplayPolicyResponse): string[] {
  const which = truncated ? `the newest ${decided} withdrawals` : `${decided} withdrawals`;
  return [
    `${which} since ${since?.toISOString() ?? '?'} were decided again: ${changed} would end otherwise`,
    ...rules.map(({ rule, count }) => `  ${rule}: ${count}`),
    ...examples.map((e) => `  ${e.withdrawal}: ${e.was} -> ${e.will} by ${e.rule}: ${e.message}`),
    'What this cannot know:',
    ...unknowns.map((unknown) => `  ${unknown}`),
  ];
}

/** The policy in force: of the station's file, or, with `--in-force`, of a running station. */
async function present(given: Arguments): Promise<Uint8Array> {
  return given.has('in-force') ? policyInForce(given) : readFile(loadConfig(given.required('config')).policy);
}

function readFile(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new CommandFailed(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
