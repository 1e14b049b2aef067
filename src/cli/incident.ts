import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig, readStateKey } from '../config.ts';
import { type DisputedList, parseDisputed } from '../custody/incident/disputed.ts';
import { reportIncident } from '../custody/incident/incident.ts';
import type { IncidentReport, Sum } from '../custody/incident/report.ts';
import { Malformed, parseAccountId, parseAddress, parseAssetId, parseInstant, type WallMs } from '../domain/index.ts';
import { printable } from './client.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { incidentPage, sayForgotten } from './incident-page.ts';
import { writeFile } from './private-file.ts';
import { stateKeyOf } from './verify.ts';

const listBytesMost = 64 * 1024 * 1024;
const checkpointBytesMost = 1_000_000;
/** Of what disagrees, or is unknown: the rest is in the files. */
const toldMost = 20;

export const incident: Command = {
  name: 'incident',
  summary: 'report what was paid, refused and changed in a span of time, with its evidence',
  help: `Usage: portcullis incident --since TIME --until TIME --config FILE | --data DIR [OPTION…]

Reads a station's database, beside a running station if there is one, or a copy of it. Audits the journal first, as "portcullis verify" does;
then tells which accounts were paid from, how much of each asset, and of each payment its evidence: who attested it, with which factor, enrolled when
and on whose word, to which destination, listed when, ripe since when, and in which transaction it left. Beside that what was
refused, which factors and destinations came and went, freezes and operators' acts.

Everything is counted twice, from the rows and from the journal's entries alone. Where the two differ, or the audit finds anything, or the list names a
withdrawal that the journal has not, or the station was restored and has forgotten a part of the span, the report says so and the exit code is 1.
  --since TIME         from then on: 2022-01-17T00:46:00Z, or 2022-01-17 for its first second, UTC
  --until TIME         up to then, and not including it
  --withdrawals FILE   the withdrawals that are disputed, an id a line (# begins a comment): only these count, as losses. Without it
                       everything that was paid is told, and nothing is called a loss
  --account ACCOUNT    only payments of this account; may be given more than once, as the two below
  --destination ADDR   only payments to this address (CAIP-10)
  --asset ASSET        only payments of this asset (CAIP-19)
  --json FILE          writes the report as JSON (docs/journal.md); customers' data: its owner alone may read it
  --html FILE          writes it as one page that loads nothing; so too
  --config FILE        the station's config: names the data and the state key
  --data DIR           the folder of station.db, for whoever has a copy and no config
  --state-key FILE     authenticates every row (with --config: the config's)
  --log-key VKEY       the journal's key as it was pinned
  --checkpoint FILE    a checkpoint that was kept outside: the journal must go on from it`,
  async run(args, output) {
    const options = [
      'since',
      'until',
      'withdrawals',
      'json',
      'html',
      'config',
      'data',
      'state-key',
      'log-key',
      'checkpoint',
    ];
    const given = readArguments(args, { options, many: ['account', 'destination', 'asset'] });
    const since = instantOf(given, 'since');
    const until = instantOf(given, 'until');
    if (until <= since) throw new UsageError('--until is not after --since');
    const config = given.value('config');
    const data = given.value('data');
    if ((config === undefined) === (data === undefined)) throw new UsageError('give one of --config and --data');
    const [json, html] = [given.value('json'), given.value('html')];
    // Said before minutes of reading, not after them.
    for (const file of [json, html])
      if (file !== undefined && existsSync(file))
        throw new CommandFailed(`${file} exists: a report is never overwritten`);
    if (json !== undefined && html !== undefined && resolve(json) === resolve(html))
      throw new UsageError('--json and --html name the same file');
    const station = config === undefined ? undefined : loadConfig(config);
    const file = station?.database ?? join(resolve(data ?? ''), 'station.db');
    if (!existsSync(file)) throw new CommandFailed(`${file} does not exist`);
    const keyFile = given.value('state-key');
    const checkpoint = given.value('checkpoint');
    const report = reportIncident({
      file,
      since,
      until,
      accounts: given.values('account').map((id) => parseAccountId(id, '--account')),
      destinations: given.values('destination').map((address) => parseAddress(address, '--destination')),
      assets: given.values('asset').map((asset) => parseAssetId(asset, '--asset')),
      disputed: disputedOf(given),
      stateKey: keyFile === undefined ? await stateKeyOf(station) : readStateKey(resolve(keyFile), '--state-key'),
      logKey: given.value('log-key'),
      checkpoint: checkpoint === undefined ? undefined : readGiven('checkpoint', checkpoint, checkpointBytesMost),
    });
    if (json !== undefined) writeReport(json, `${JSON.stringify(report, undefined, 2)}\n`);
    if (html !== undefined) writeReport(html, incidentPage(report));
    tell(report, output);
    const whole = report.read.forgotten.length === 0 && (report.disputed?.unknown.length ?? 0) === 0;
    return report.agreement.holds && whole ? 0 : 1;
  },
};

function tell(report: IncidentReport, output: Output): void {
  const { range, read, totals, disputed, refusals, agreement, basis } = report;
  const out = (label: string, value: string): void => output.out(`${label.padEnd(12)} ${printable(value)}`);
  out('station', report.station ?? 'unknown');
  out('range', `${range.since} to ${range.until}`);
  out('read', `${read.size} entries, root ${read.root ?? 'none: leaves are missing'}`);
  out(
    'log key',
    `${read.log_key ?? 'unknown'}${read.log_key_pinned ? '' : ' (the database’s own word for it: pin it with --log-key)'}`,
  );
  if (read.consistent_with !== null) out('checkpoint', `this journal goes on from it (size ${read.consistent_with})`);
  out(
    'rows',
    read.rows_authenticated ? 'authenticated' : 'held against the journal, not authenticated (no --state-key)',
  );
  out('accounts', String(totals.accounts));
  out('payments', String(totals.payments));
  for (const sum of totals.assets) out(basis === 'disputed' ? 'lost' : 'paid', amountOf(sum));
  if (basis !== 'disputed')
    output.out('This is everything that was paid: which of it was lost, --withdrawals FILE says.');
  out('not paid', `${report.not_paid.length} authorized and not released`);
  out(
    'refused',
    `${refusals.total}${refusals.by_reason.map(({ reason, count }, i) => `${i === 0 ? ': ' : ', '}${count} ${reason}`).join('')}`,
  );
  if (disputed !== null) tellDisputed(disputed, output);
  for (const one of read.forgotten) output.err(`NOT COVERED ${printable(sayForgotten(one))}`);
  if (agreement.holds) {
    output.out('Both counts agree, from the rows and from the journal’s entries alone; the audit found nothing.');
    return;
  }
  output.err('DO NOT RELY ON THESE NUMBERS: they do not follow from the journal.');
  some(agreement.differences, (difference) => output.err(`DIFFERS ${printable(difference)}`), output);
  some(
    agreement.found,
    ({ tag, where, message }) => output.err(`FOUND ${tag}: ${printable(where)}: ${printable(message)}`),
    output,
    agreement.findings,
  );
}

function tellDisputed(
  { named, unknown, outside, not_paid, repeated }: NonNullable<IncidentReport['disputed']>,
  output: Output,
): void {
  output.out(
    `${'disputed'.padEnd(12)} ${named} named; ${outside.length} of them paid outside the range, ${not_paid.length} never paid`,
  );
  some(
    outside,
    ({ withdrawal, released }) =>
      output.out(`  ${withdrawal}: paid outside the range${released === null ? '' : `, ${released.time}`}`),
    output,
  );
  some(not_paid, ({ withdrawal, state }) => output.out(`  ${withdrawal}: ${state}`), output);
  if (repeated.length > 0) output.out(`  counted once, named more often: ${repeated.slice(0, toldMost).join(', ')}`);
  some(unknown, (id) => output.err(`UNKNOWN ${printable(id)}: this journal has no such withdrawal`), output);
}

function some<T>(list: readonly T[], say: (item: T) => void, output: Output, total = list.length): void {
  for (const item of list.slice(0, toldMost)) say(item);
  if (total > toldMost) output.err(`… and ${total - toldMost} more`);
}

function amountOf({ units, symbol, amount, asset, payments }: Sum): string {
  const shown = units === null ? `${amount} base units` : `${units} ${symbol}`;
  return `${shown} (${amount} base units of ${asset}, ${payments} payments)`;
}

function instantOf(given: Arguments, name: 'since' | 'until'): WallMs {
  const text = given.required(name);
  return parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text, `--${name}`);
}

function disputedOf(given: Arguments): DisputedList | undefined {
  const file = given.value('withdrawals');
  if (file === undefined) return undefined;
  return parseDisputed(new TextDecoder().decode(readGiven('withdrawals', file, listBytesMost)), '--withdrawals');
}

function readGiven(option: string, file: string, most: number): Uint8Array {
  try {
    if (statSync(file).size <= most) return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new Malformed(`--${option}`, error instanceof Error ? error.message : String(error));
  }
  throw new Malformed(`--${option}`, `${file} is larger than that can be`);
}

function writeReport(file: string, text: string): void {
  try {
    writeFile(file, text);
  } catch (error) {
    throw new CommandFailed(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
