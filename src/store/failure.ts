/** Something that another hand wrote: a row whose authentication code is wrong, or the journal or the schema themselves. */
export class TamperedRow extends Error {
  readonly table: string;
  readonly key: string;
  /** The message for clients and logs, without the key: that may be a person's account or credential. */
  readonly told: string;

  constructor(table: string, key: string, told?: string) {
    const fails = `of ${table} fails its authentication code: it was not written by this station`;
    super(told ?? `row ${key} ${fails}`);
    this.told = told ?? `a row ${fails}`;
    this.name = 'TamperedRow';
    this.table = table;
    this.key = key;
  }
}

/**
 * A checkpoint was published that the journal has not reached, or does not go on from: an older state was put back, or the log was
 * forked. Nothing is written any more, so that what differs from the published log does not grow.
 */
export class JournalBehind extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JournalBehind';
  }
}

/** The database could not be read, or could not record a decision: then nothing of its group was decided. */
export class StorageFailed extends Error {
  /** SQLite's extended result code, e.g. `SQLITE_FULL`. */
  readonly code: string;

  constructor(code: string, cause: unknown) {
    super(`the database failed (${code}): nothing was decided`, { cause });
    this.name = 'StorageFailed';
    this.code = code;
  }
}

/** The database can't be used as it is; the message says what to do. */
export class StoreUnusable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnusable';
  }
}

/** SQLite's extended result code of an error, if it is one of SQLite's. */
export function sqliteCode(error: unknown): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return error.code.startsWith('SQLITE_') ? error.code : undefined;
  }
  return undefined;
}
