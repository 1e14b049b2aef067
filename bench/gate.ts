import { BenchClient } from './client.ts';
import type { Effort } from './effort.ts';
import { closedLoop, openLoop } from './load.ts';
import { type Measurement, measurement, quantile } from './measurement.ts';
import { ServerProcess } from './server-process.ts';
import type { Work } from './work.ts';

/** Of what the station can do, how much it is asked. */
const load = 0.4;

/**
 * The part `gate`: from a decoded request to its durable decision, within the station, while withdrawals come at random at a
 * rate below half of what it can take; each is authorized, permitted, and signed by a signer that costs nothing.
 */
export async function benchGate(effort: Effort, execArgv: readonly string[]): Promise<Measurement[]> {
  const server = await ServerProcess.start(effort.slots, execArgv);
  const ready = await server.ask('ready');
  const client = new BenchClient(ready.port, ready);
  const names = ['p50', 'p99', 'authorize_p50', 'permit_p50', 'client_p50', 'client_p99', 'rate'] as const;
  const rounds: Record<(typeof names)[number], number[]> = {
    p50: [],
    p99: [],
    authorize_p50: [],
    permit_p50: [],
    client_p50: [],
    client_p99: [],
    rate: [],
  };
  try {
    await capacity(server, client, effort);
    for (let i = 0; i < effort.rounds; i++) {
      // Anew in each round: the machine's other work comes and goes.
      const rate = load * (await capacity(server, client, effort));
      const work = await server.ask('make', { count: effort.count, wallets: 'hot' });
      await server.ask('latencies');
      const taken = await openLoop(effort.count, rate, (index) => client.authorizeAndPermit(at(work, index)));
      const { authorize, permit } = await server.ask('latencies');
      await server.ask('idle');
      rounds.p50.push(quantile([...authorize, ...permit], 0.5));
      rounds.p99.push(quantile([...authorize, ...permit], 0.99));
      rounds.authorize_p50.push(quantile(authorize, 0.5));
      rounds.permit_p50.push(quantile(permit, 0.5));
      rounds.client_p50.push(quantile(taken, 0.5));
      rounds.client_p99.push(quantile(taken, 0.99));
      rounds.rate.push(rate);
    }
  } finally {
    client.close();
    await server.close();
  }
  return [
    measurement('gate.p50_ms', 'ms', rounds.p50, { most: 1 }),
    measurement('gate.p99_ms', 'ms', rounds.p99, { most: 5 }),
    measurement('gate.authorize.p50_ms', 'ms', rounds.authorize_p50),
    measurement('gate.permit.p50_ms', 'ms', rounds.permit_p50),
    // Both calls of a withdrawal, as the client sees them, from the moment at which the first was due.
    measurement('gate.client.p50_ms', 'ms', rounds.client_p50),
    measurement('gate.client.p99_ms', 'ms', rounds.client_p99),
    measurement('gate.rate', '1/s', rounds.rate),
  ];
}

/** Withdrawals a second that are authorized, permitted and signed, as many in flight as there are slots. */
async function capacity(server: ServerProcess, client: BenchClient, { count, slots }: Effort): Promise<number> {
  const work = await server.ask('make', { count, wallets: 'hot' });
  const start = performance.now();
  await closedLoop(count, slots, (index) => client.authorizeAndPermit(at(work, index)));
  await server.ask('idle');
  return (count * 1_000) / (performance.now() - start);
}

function at(work: readonly Work[], index: number): Work {
  const found = work[index];
  if (found === undefined) throw new Error(`the bench made no work ${index}`);
  return found;
}
