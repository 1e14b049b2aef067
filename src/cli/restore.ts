import { createReadStream, existsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { type Config, journalPlace, loadConfig, loadPolicyText, publishedFiles } from '../config.ts';
import { policyHash } from '../custody/founding.ts';
import { isRunning } from '../custody/inspection.ts';
import { foundIn } from '../custody/kept-object.ts';
import { copyOf, openBackup, type Restored, RestoreRefused, restoreStation } from '../custody/restoring.ts';
import type { WallMs } from '../domain/index.ts';
import { readKey } from '../key-source.ts';
import { machineTime } from '../machine-time.ts';
import { readSecret } from '../secret-file.ts';
import { openJournalKey, openObject, Vaults } from '../vaults.ts';
import { printable } from './client.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';

export const restore: Command = {
  name: 'restore',
  summary: 'bring a station back from a backup, as its next generation, frozen',
  help: `Usage: portcullis restore BACKUP --identity FILE --config FILE
       portcullis restore --database FILE --config FILE

Makes the station's database anew, in the data folder of the config, which must hold none: from what "portcullis backup" made, or, where a
station says journal-behind and the newest database is lost, from an older one that was moved away. Needs the station's own state key and
journal key. Everything is checked first, as "portcullis verify" does; it is there whole, or not at all.

The station comes back as its next generation, and its journal under a name of its own. Void is whatever was prepared, held or authorized,
and every operators' act that waited: customers approve anew. What was permitted keeps its nonce or outpoint. It starts frozen, and each of
its wallets signs nothing until a quorum has stated what was used since the backup ("portcullis restored"); then a quorum thaws it.
  --identity FILE   an age identity, AGE-SECRET-KEY-…, of one of the backup's recipients; a file that only its owner may read
  --database FILE   an older station.db, its -wal file beside it, in the place of a backup
  --config FILE     the station's config`,
  async run(args, output) {
    const options = ['config', 'identity', 'database'];
    const fromDatabase = args.some((arg) => /^--database(=|$)/.test(arg));
    const given = readArguments(args, fromDatabase ? { options } : { options, positionals: ['BACKUP'] });
    const config = loadConfig(given.required('config'));
    const vaults = new Vaults(config.signers, () => {});
    try {
      tell(await restored(given, config, vaults), config, output);
      return 0;
    } catch (error) {
      if (!(error instanceof RestoreRefused)) throw error;
      for (const { tag, where, message } of error.findings)
        output.out(`FOUND ${tag}: ${printable(where)}: ${printable(message)}`);
      throw new CommandFailed(error.message, { cause: error });
    } finally {
      await vaults.close();
    }
  },
};

async function restored(given: Arguments, config: Config, vaults: Vaults): Promise<Restored> {
  const stateKey = await readKey(config.keys.state, 'config.keys.state', vaults);
  const { journal } = config.keys;
  const keys = await Promise.all(
    journal.map((source, i) => openJournalKey(source, 'restore', journalPlace(journal, i), vaults)),
  );
  const time = machineTime();
  return restoreStation({
    file: config.database,
    source: await sourceOf(given, time.read().wall),
    stateKey,
    journalKeys: keys.map(({ verifier }) => verifier.publicKey),
    time,
    published: publishedFiles(config),
    found: await foundIn(config.object && openObject(config.object, vaults)),
  });
}

async function sourceOf(given: Arguments, now: WallMs): Promise<AsyncIterable<Uint8Array>> {
  const database = given.value('database');
  const identity = given.value('identity');
  if (database !== undefined) {
    if (identity !== undefined) throw new UsageError('--identity opens a backup: a database is not encrypted');
    const of = resolve(database);
    // It would go on beside the restored one, with the same device.
    if (isRunning(of)) throw new CommandFailed(`a station runs on ${of}: stop it first`);
    return copyOf(of, now);
  }
  if (identity === undefined) throw new UsageError('--identity is missing');
  const file = resolve(given.positionals[0] ?? '');
  if (!existsSync(file)) throw new CommandFailed(`${file} does not exist`);
  const identities = readSecret(identity, '--identity')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return openBackup(Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>, identities);
}

function tell(of: Restored, config: Config, output: Output): void {
  const { station, former, size, publishedSize, withdrawalsEnded, actsEnded, wallets } = of;
  output.out(`station    ${station.name}, restored from ${former}; it starts frozen`);
  output.out(`journal    ${size} entries of the backup; from here on it is the log ${station.origin}`);
  output.out(`log key    ${station.journalKey}: hand it to auditors, and to whoever pinned the former one`);
  if (publishedSize !== undefined && publishedSize > size)
    output.out(
      `lost       ${publishedSize - size} entries that the former log was published with, and whatever they decided`,
    );
  output.out(`void       ${withdrawalsEnded} withdrawals that were held or authorized, ${actsEnded} acts that waited`);
  const lines = [
    ...policyLines(of, config),
    ...(existsSync(join(config.tiles, 'checkpoint'))
      ? [`${config.tiles} has the former log: keep it, and name another folder in journal.tiles`]
      : []),
    'start the station; it decides nothing yet',
    ...wallets.map((id) => `have a quorum state what ${id} used by now: portcullis restored ${id} …`),
    'have a quorum thaw the station: portcullis thaw station',
  ];
  output.out('Next:');
  for (const [i, line] of lines.entries()) output.out(`  ${i + 1}. ${line}`);
}

/** Policy is the backup's; a file of a later one would stop the start. */
function policyLines({ station, policyDocument }: Restored, config: Config): string[] {
  if (policyHash(loadPolicyText(config.policy)) === station.policy) return [];
  const file = join(dirname(config.policy), `policy.${station.policy.slice(0, 8)}.yaml`);
  if (!existsSync(file)) writeFileSync(file, policyDocument, { mode: 0o600, flag: 'wx' });
  return [
    `the policy in force is the backup’s, ${file}: put it in the place of ${config.policy}, and have a quorum put the later one in force again`,
  ];
}
