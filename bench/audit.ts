import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Effort } from './effort.ts';
import { type Measurement, measurement } from './measurement.ts';
import { makePast } from './past.ts';

const program = fileURLToPath(new URL('audit-process.ts', import.meta.url));

interface Taken {
  readonly size: number;
  readonly rows: number;
  readonly findings: number;
  readonly ms: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

/**
 * The part `audit`: what `portcullis verify` does with a station's database, of ten thousand, of a hundred thousand and of a million entries, each
 * in a process of its own: how long an entry takes, with the rows that it tells of, and the most memory that the process had.
 */
export async function benchAudit(effort: Effort): Promise<Measurement[]> {
  const small = effort.bareMs < 50;
  const sizes = small ? { few: 40, some: 80, many: 160 } : { few: 10_000, some: 100_000, many: 1_000_000 };
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-audit-'));
  const taken: Record<keyof typeof sizes, Taken[]> = { few: [], some: [], many: [] };
  const names = ['few', 'some', 'many'] as const;
  try {
    const pasts = new Map<string, Awaited<ReturnType<typeof makePast>>>();
    for (const name of names) pasts.set(name, await makePast(join(folder, `${name}.db`), sizes[name]));
    for (let round = 0; round < effort.rounds; round++) {
      for (const name of names) {
        const past = pasts.get(name);
        if (past !== undefined) taken[name].push(audited(past.file, past.stateKey));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const us = (of: Taken, ms: 'ms' | 'cpuMs'): number => (of[ms] * 1_000) / of.size;
  const ratio = (of: (one: Taken) => number): number[] =>
    taken.many.map((one, round) => of(one) / of(taken.few[round] ?? one));
  return [
    measurement('audit.entries', 'entries', [taken.many[0]?.size ?? 0]),
    measurement('audit.rows', 'rows', [taken.many[0]?.rows ?? 0]),
    measurement(
      'audit.many.s',
      's',
      taken.many.map(({ ms }) => ms / 1_000),
    ),
    ...names.flatMap((name) => [
      measurement(
        `audit.${name}.entry_us`,
        'µs',
        taken[name].map((one) => us(one, 'ms')),
      ),
      measurement(
        `audit.${name}.entry_cpu_us`,
        'µs',
        taken[name].map((one) => us(one, 'cpuMs')),
      ),
      measurement(
        `audit.${name}.rss_mb`,
        'MB',
        taken[name].map(({ rssMb }) => rssMb),
      ),
    ]),
    measurement(
      'audit.entry_cpu.ratio_to_ten_thousand',
      '×',
      ratio((one) => us(one, 'cpuMs')),
      { most: 1.5 },
    ),
    measurement(
      'audit.rss.ratio_to_ten_thousand',
      '×',
      ratio(({ rssMb }) => rssMb),
      { most: 1.5 },
    ),
  ];
}

/** As little as it runs in: what V8 would leave to a later collection says nothing about what is kept. */
const tight = ['--max-semi-space-size=2', '--max-old-space-size=80'];

function audited(file: string, stateKey: Uint8Array): Taken {
  const child = spawnSync(process.execPath, [...tight, program, file], {
    input: Buffer.from(stateKey),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`the audit of ${file} ended with ${child.status ?? child.signal}`);
  const taken: Taken = JSON.parse(child.stdout);
  if (taken.findings > 0) throw new Error(`the audit of ${file} found ${taken.findings} things`);
  return taken;
}
