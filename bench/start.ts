import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeStation } from '../src/cli/init.ts';
import type { Effort } from './effort.ts';
import { type Measurement, measurement } from './measurement.ts';

const daemon = fileURLToPath(new URL('../src/daemon.ts', import.meta.url));
/** Until what a start leaves behind has been collected, ms. */
const rest = 2_000;

/** The part `start`: from the daemon's process to its serving, and what it holds at rest. Of a station without customers. */
export async function benchStart(effort: Effort): Promise<Measurement[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'portcullis-bench-start-'));
  const starts: number[] = [];
  const resting: number[] = [];
  try {
    const folder = join(scratch, 'station');
    await makeStation({ folder, policy: undefined, trustDomain: undefined, names: [] });
    const config = join(folder, 'config.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/127\.0\.0\.1:744[34]/g, '127.0.0.1:0'));
    for (let i = 0; i <= effort.rounds; i++) {
      const { ms, rssMb } = await once(config, effort.bareMs < 50 ? 0 : rest);
      // The first start reads its files from the disk, not from memory: it is not counted.
      if (i === 0) continue;
      starts.push(ms);
      resting.push(rssMb);
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return [
    measurement('start.ms', 'ms', starts, { most: 1_000 }),
    measurement('rss.idle_mb', 'MB', resting, { most: 120 }),
  ];
}

async function once(config: string, restMs: number): Promise<{ ms: number; rssMb: number }> {
  const start = performance.now();
  const child = spawn(process.execPath, [daemon, '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  await serving(child);
  const ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, restMs));
  const rssMb = residentMb(child.pid ?? 0);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
  return { ms, rssMb };
}

/** Until its log says that it serves. */
async function serving(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new Error('the daemon has no log');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    if (line.includes('"serving"')) {
      // It goes on logging: nobody may stop reading.
      child.stderr.resume();
      return;
    }
  }
  throw new Error(`the daemon did not start: ${lines.join('\n')}`);
}

/** proc_pid_status(5): VmRSS, kB. Of the daemon; each signer's child is a process of its own. */
function residentMb(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kb === undefined) throw new Error(`process ${pid} has no VmRSS`);
  return Number(kb) / 1024;
}
