import { parseArgs } from 'node:util';
import { composeStation } from './compose.ts';
import { loadConfig } from './config.ts';
import { Refusal } from './domain/index.ts';
import { machineTime } from './machine-time.ts';
import { atStake, checkMainNetworks } from './main-network.ts';
import { stationLog } from './station-log.ts';

// The real station: the machine's time, the devices that the config names. Started by `portcullis run`.

/**
 * sysexits(3), EX_CONFIG: each start tries the HSM's PIN, and a service manager that starts it again and again would lock the token (F4).
 * `RestartPreventExitStatus=78` in its unit.
 */
const tryNoMore = 78;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } }, strict: true });
  if (values.config === undefined) throw new Error('daemon: --config FILE is missing');
  const config = loadConfig(values.config);
  const time = machineTime();
  const station = await composeStation({
    config,
    time,
    // At the start, and of each policy that is proposed.
    allowed: (policy) => checkMainNetworks(atStake(policy, config, time.simulated)),
    log: stationLog,
    onFatal: (error) => {
      // Only a fresh read of the disk tells what stands: end here, and recover by starting again.
      stationLog('fatal', { error: error.message });
      process.exit(70);
    },
  });
  stationLog('serving', {
    station: station.station,
    port: station.api.port,
    operators_port: station.api.operatorsPort,
    verifier_key: station.verifierKey,
  });
  // A terminal that hangs up sends it too: a station is none's that one could close.
  process.on('SIGHUP', () => station.reload());
  stopOnSignal(() => station.close());
}

function stopOnSignal(close: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      stationLog('stopping', { signal });
      close().then(
        () => process.exit(0),
        (error: unknown) => {
          stationLog('stop-failed', { error: String(error) });
          process.exit(1);
        },
      );
    });
  }
}

// With a listener of its own, Node does not open its inspector to whoever can send the signal (threat S8).
process.on('SIGUSR1', () => {});

main().catch((error: unknown) => {
  const reason = error instanceof Refusal ? { reason: error.reason } : {};
  stationLog('start-failed', { ...reason, error: error instanceof Error ? error.message : String(error) });
  const pin = error instanceof Refusal && (error.reason === 'hsm-pin-refused' || error.reason === 'hsm-pin-locked');
  process.exitCode = pin ? tryNoMore : 1;
});
