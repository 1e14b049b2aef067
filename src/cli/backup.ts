import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { equalBytes, toHex } from '../domain/index.ts';
import {
  type BackupMade,
  type CreateBackupResponse,
  OperatorServiceClient,
} from '../generated/portcullis/v1/operator.ts';
import { callHelp, callOptions, readStream } from './client.ts';
import { type Command, CommandFailed, type Output, readArguments } from './command.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'make a backup of a running station’s database, encrypted',
  help: `Usage: portcullis backup FILE --config FILE --cert FILE --key FILE

Asks the running station for its database as it is now, encrypted (age) to those whom its config names (backup.recipients), and writes
it to the new FILE: whole, or not at all. The station goes on deciding meanwhile.

Not in it, and to be kept elsewhere: the state key, without which nothing can be restored; the journal's and the sealing keys; config,
certificates. An identity of one of the recipients opens it: "portcullis restore".

${callHelp('operators', 'its operators’ listener')}`,
  async run(args, output) {
    const given = readArguments(args, { options: callOptions, positionals: ['FILE'] });
    const file = resolve(given.positionals[0] ?? '');
    if (existsSync(file)) throw new CommandFailed(`${file} exists: a backup is never overwritten`);
    const writing = new WritingWhole(file);
    try {
      await readStream<OperatorServiceClient, CreateBackupResponse>(
        given,
        OperatorServiceClient,
        (client, metadata, options) => client.createBackup({}, metadata, options),
        ({ part }) => {
          if (part?.$case === 'chunk') writing.add(part.value);
          else if (part?.$case === 'made') writing.made = part.value;
        },
      );
      tell(file, writing.finish(), output);
      return 0;
    } finally {
      writing.close();
    }
  },
};

function tell(file: string, made: BackupMade, output: Output): void {
  output.out(`backup     ${file}`);
  output.out(`size       ${made.bytes} bytes; ${made.journalSize} entries of the journal, ${made.rows} rows`);
  output.out(`sha256     ${made.sha256.toString('hex')}`);
}

/** A file that comes to its name only once it is whole and on the disk. Only its owner may read it. */
class WritingWhole {
  made: BackupMade | undefined;
  readonly #file: string;
  readonly #partial: string;
  readonly #descriptor: number;
  readonly #sha256 = createHash('sha256');
  #bytes = 0n;

  constructor(file: string) {
    this.#file = file;
    this.#partial = `${file}.partial`;
    try {
      this.#descriptor = openSync(this.#partial, 'wx', 0o600);
    } catch (error) {
      throw new CommandFailed(`${this.#partial} cannot be made: ${String(error)}`, { cause: error });
    }
  }

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) at += writeSync(this.#descriptor, chunk, at);
    this.#sha256.update(chunk);
    this.#bytes += BigInt(chunk.length);
  }

  /** Throws `CommandFailed` unless this is the file that the station says that it made. */
  finish(): BackupMade {
    const { made } = this;
    const digest = new Uint8Array(this.#sha256.digest());
    if (made === undefined || made.bytes !== this.#bytes || !equalBytes(new Uint8Array(made.sha256), digest))
      throw new CommandFailed(`what came is not the whole backup (${this.#bytes} bytes, ${toHex(digest)}): ask again`);
    fsyncSync(this.#descriptor);
    // Not renamed: that would take the place of a file that came there meanwhile.
    linkSync(this.#partial, this.#file);
    syncFolder(dirname(this.#file));
    return made;
  }

  close(): void {
    closeSync(this.#descriptor);
    rmSync(this.#partial, { force: true });
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
