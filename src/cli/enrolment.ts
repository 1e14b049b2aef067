import { randomBytes } from 'node:crypto';
import {
  entryText,
  type OperatorEntry,
  operatorCreationOptions,
  operatorEntry,
  operatorOrigin,
} from '../custody/operator-key.ts';
import { type OperatorName, parseOperatorName, Refusal } from '../domain/index.ts';
import { type Arguments, CommandFailed, type Output } from './command.ts';
import { askOnLoopback } from './loopback.ts';
import { pagePort } from './operator-signature.ts';
import { writeFile } from './private-file.ts';
import { softwareCeremony, testKeyWarning } from './software-key.ts';

/** `operator enroll`: a person's key makes a credential, and policy gets their entry. No station takes part. */
export async function enroll(given: Arguments, output: Output): Promise<number> {
  const name = parseOperatorName(given.required('name'), '--name');
  const port = pagePort(given);
  const software = given.value('software');
  const entry =
    software === undefined ? await onPage(name, port, output) : await inSoftware(name, port, software, output);
  const line = entryText(entry);
  const text = software === undefined ? line : `# ${testKeyWarning}\n${line}`;
  const out = given.value('out');
  if (out === undefined) output.out(text);
  else writeEntry(out, `${text}\n`);
  output.err(
    `For policy's operators.people, or operators.recovery.people; operators.origins names ${operatorOrigin(port)}.`,
  );
  if (entry.backupEligible)
    output.err(
      'This key may be copied to other devices by whoever keeps its backups: better is a security key, which cannot.',
    );
  return 0;
}

async function inSoftware(name: OperatorName, port: number, file: string, output: Output): Promise<OperatorEntry> {
  output.err(testKeyWarning);
  const challenge = new Uint8Array(randomBytes(32));
  const origin = operatorOrigin(port);
  const options = operatorCreationOptions(name, challenge);
  const json = await softwareCeremony(file, { kind: 'create', origin, options });
  return verified(name, json, challenge, origin);
}

function onPage(name: OperatorName, port: number, output: Output): Promise<OperatorEntry> {
  const challenge = new Uint8Array(randomBytes(32));
  const options = operatorCreationOptions(name, challenge);
  return askOnLoopback({
    port,
    page: (origin) => ({
      title: 'Portcullis: an operator’s key',
      lead: 'A security key makes a credential for one person of the station. Its PIN or fingerprint is asked for.',
      statement: `Make the key of operator ${name}`,
      rows: [
        ['Operator', name],
        ['Relying party', options.rp.id ?? ''],
        ['Page', origin],
      ],
      action: 'Make it with your key',
      ceremony: { kind: 'create', options },
    }),
    // Beside the entry, which may be piped into a file.
    ready: (url) => {
      output.err('Plug in your key, and open this page in a browser on this machine:');
      output.err(`  ${url}`);
    },
    settle: async (json, origin) => {
      const value = await verified(name, json, challenge, origin);
      return { value, message: `The key of operator ${name} is made. Its entry for policy is in the terminal.` };
    },
  });
}

async function verified(
  name: OperatorName,
  json: Uint8Array,
  challenge: Uint8Array,
  origin: string,
): Promise<OperatorEntry> {
  try {
    return await operatorEntry(name, json, { challenge, origin });
  } catch (error) {
    if (error instanceof Refusal) throw new CommandFailed(`the key cannot be an operator’s: ${error.message}`);
    throw error;
  }
}

function writeEntry(file: string, text: string): void {
  try {
    writeFile(file, text);
  } catch (error) {
    throw new CommandFailed(`--out: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
