import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chartOf } from './chart.ts';
import { type Effort, full, tiny } from './effort.ts';
import { type Measurement, tableOf } from './measurement.ts';

type Part = (effort: Effort, execArgv: readonly string[]) => Promise<Measurement[]>;

const parts: ReadonlyMap<string, () => Promise<Part>> = new Map([
  ['gate', async () => (await import('./gate.ts')).benchGate],
  ['sign', async () => (await import('./sign.ts')).benchSign],
  ['hsm', async () => (await import('./hsm.ts')).benchHsm],
  ['scale', async () => (await import('./scale.ts')).benchScale],
  ['start', async () => (await import('./start.ts')).benchStart],
  ['emulator', async () => (await import('./emulator.ts')).benchEmulator],
  ['limits', async () => (await import('./limits.ts')).benchLimits],
  ['audit', async () => (await import('./audit.ts')).benchAudit],
  ['journal', async () => (await import('./journal.ts')).benchJournal],
  ['bitcoin', async () => (await import('./bitcoin.ts')).benchBitcoin],
]);

const help = `Usage: npm run bench -- [PART…] [--json FILE] [--chart FILE]

Measures the station against its limits and its budget. Parts: ${[...parts.keys()].join(', ')}; all of them if none is named.
  --json FILE    write every figure to FILE
  --chart FILE   draw those that have a budget, as SVG
  --rounds N     rounds that each figure is the median of (default ${full.rounds})
  --tiny         do hardly anything: to see that it runs, not how fast
  --cpu-prof DIR write a CPU profile of the process under test
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      chart: { type: 'string' },
      rounds: { type: 'string' },
      tiny: { type: 'boolean' },
      'cpu-prof': { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const named = positionals.length === 0 ? [...parts.keys()] : positionals;
  const unknown = named.filter((name) => !parts.has(name));
  if (unknown.length > 0) {
    process.stderr.write(
      `bench: there is no part ${unknown.join(', ')}; the parts are ${[...parts.keys()].join(', ')}\n`,
    );
    return 2;
  }
  const effort = { ...(values.tiny === true ? tiny : full) };
  const rounds = values.rounds === undefined ? effort.rounds : Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    process.stderr.write(`bench: --rounds expects a number from 1, not ${values.rounds}\n`);
    return 2;
  }
  const profile = values['cpu-prof'];
  const execArgv = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile];
  const measured: Measurement[] = [];
  for (const name of named) {
    const part = await parts.get(name)?.();
    measured.push(...((await part?.({ ...effort, rounds }, execArgv)) ?? []));
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(measured, null, 2)}\n`);
  if (values.chart !== undefined) writeFileSync(values.chart, chartOf(measured));
  process.stdout.write(`${tableOf(measured)}\n`);
  return 0;
}

process.exitCode = await main();
