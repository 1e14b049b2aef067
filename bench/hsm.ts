import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noSoftHsm, SoftHsm } from '../test/softhsm.ts';
import { bareParts } from './bare.ts';
import { BenchClient } from './client.ts';
import type { Effort } from './effort.ts';
import { closedLoop } from './load.ts';
import { type Measurement, measurement, quantile } from './measurement.ts';
import { ServerProcess } from './server-process.ts';
import { needs } from './sign.ts';
import type { BenchHsm } from './station.ts';

const inFlights = [1, 8, 64, 256] as const;
/** One wallet a key: a wallet's nonces are taken in their order. */
const keys = 8;
const processors = 2;

/**
 * The part `hsm`: attested, whitelisted, durable signatures through SoftHSM2, each by one SignTransaction with its authorization inline, and
 * fetched; beside it, in each round, a C loop over the same module, token and key, and the parts that a signature is made of.
 */
export async function benchHsm(effort: Effort, execArgv: readonly string[]): Promise<Measurement[]> {
  if (noSoftHsm !== undefined) {
    process.stderr.write(`bench: hsm is left out: ${noSoftHsm}\n`);
    return [];
  }
  const ids = Array.from({ length: keys }, (_, i) => `a${i}`);
  const token = new SoftHsm(ids);
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-hsm-'));
  const loop = compiledLoop(folder);
  const { module, label, pin, environment } = token;
  const hsm: BenchHsm = {
    module,
    label,
    pin,
    environment,
    processes: 1,
    keys: ids.map((id) => ({ id, publicKey: token.publicKey(id) })),
  };
  const small = effort.bareMs < 50;
  const most = small ? 8 : Math.max(...inFlights);
  const server = await ServerProcess.start(most, execArgv, hsm);
  const ready = await server.ask('ready');
  const station = new BenchClient(ready.port, ready);
  const echo = new BenchClient(ready.echoPort, ready);
  const values = new Map<string, { readonly unit: string; readonly rounds: number[] }>();
  const add = (name: string, unit: string, value: number): void => {
    const of = values.get(name) ?? { unit, rounds: [] };
    of.rounds.push(value);
    values.set(name, of);
  };
  try {
    for (let round = -1; round < effort.rounds; round++) {
      // The first finds the code cold, and is not counted.
      const told = round < 0 ? () => {} : add;
      const cLoop = looped(loop, hsm, small ? 0.2 : 2);
      told('hsm.c_loop.rate', '1/s', cLoop);
      const echoes = await timed(effort.count, 64, () => echo.echo());
      let rate64 = 0;
      for (const asked of inFlights) {
        const inFlight = Math.min(asked, most);
        const count = Math.max(inFlight, Math.round((effort.count * (Math.min(asked, 64) + 16)) / 80));
        const work = await server.ask('make', { count, wallets: 'hsm' });
        await server.ask('latencies');
        const each: number[] = [];
        const rate = await timed(count, inFlight, async (i) => {
          const one = work[i];
          if (one === undefined) throw new Error(`the bench made no work ${i}`);
          const start = performance.now();
          await station.signInline(one);
          each.push(performance.now() - start);
        });
        await server.ask('idle');
        const { permit, sign } = await server.ask('latencies');
        told(`sign.hsm.rate_${asked}`, '1/s', rate);
        told(`sign.hsm.p50_${asked}_ms`, 'ms', quantile(each, 0.5));
        told(`sign.hsm.p99_${asked}_ms`, 'ms', quantile(each, 0.99));
        told(`sign.hsm.gate_${asked}_ms`, 'ms', quantile(permit, 0.5));
        told(`sign.hsm.token_${asked}_ms`, 'ms', quantile(sign, 0.5));
        if (asked === 64) rate64 = rate;
      }
      // One JavaScript thread makes the daemon's part; the token's is made beside it, as far as there are processors.
      const grouped = await server.ask('commit', { group: 32, ms: effort.bareMs });
      let daemon = (needs.calls * 1e6) / echoes + needs.decisions * grouped.wall;
      for (const part of bareParts)
        daemon += needs.parts[part] * (await server.ask('bare', { part, ms: effort.bareMs })).wall;
      const ceiling = Math.min(1e6 / daemon, (processors * 1e6) / (daemon + 1e6 / cLoop));
      told('sign.hsm.ceiling', '1/s', ceiling);
      told('sign.hsm.ratio_to_ceiling', '×', rate64 / ceiling);
      told('sign.hsm.ratio_to_c_loop', '×', rate64 / cLoop);
    }
  } finally {
    station.close();
    echo.close();
    await server.close();
    token.close();
    rmSync(folder, { recursive: true });
  }
  const budgets: Readonly<Record<string, object>> = {
    'sign.hsm.ratio_to_ceiling': { least: 0.8 },
    'sign.hsm.ratio_to_c_loop': { least: 1 },
  };
  return [...values].map(([name, { unit, rounds }]) => measurement(name, unit, rounds, budgets[name]));
}

/** Jobs a second. */
async function timed(count: number, inFlight: number, job: (index: number) => Promise<void>): Promise<number> {
  return count / (await closedLoop(count, inFlight, job));
}

function compiledLoop(folder: string): string {
  const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
  const program = join(folder, 'softhsm-loop');
  const flags = ['-O2', '-pthread', '-isystem', path('node_modules/pkcs11js/includes'), '-o', program];
  execFileSync('cc', [...flags, path('bench/softhsm-loop.c'), '-ldl'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

/** Signatures a second of one thread. */
function looped(program: string, { module, label, pin, environment, keys: [key] }: BenchHsm, seconds: number): number {
  const args = [module, label, key?.id ?? '', String(seconds), '1'];
  const { rate }: { rate: number } = JSON.parse(
    execFileSync(program, args, { env: environment, input: `${pin}\n` }).toString(),
  );
  return rate;
}
