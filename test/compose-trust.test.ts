import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { createApi } from '../src/api/server.ts';
import { type ComposedStation, composeStation } from '../src/compose.ts';
import { loadConfig } from '../src/config.ts';
import { Station } from '../src/custody/station.ts';
import { machineTime } from '../src/machine-time.ts';
import { newStation } from './cli/station.ts';

vi.mock(import('../src/api/server.ts'), async (original) => {
  const real = await original();
  return { ...real, createApi: vi.fn(real.createApi) };
});

let station: ComposedStation | undefined;
afterEach(async () => {
  await station?.close();
  vi.restoreAllMocks();
});

it('S11: the listeners begin with what policy says of clients, and follow each policy that takes effect', async () => {
  const { config } = await newStation();
  writeFileSync(config, readFileSync(config, 'utf8').replace(/127\.0\.0\.1:744[34]/g, '127.0.0.1:0'));
  const logged: unknown[] = [];
  const listening = vi.spyOn(Station.prototype, 'onPolicy');
  station = await composeStation({
    config: loadConfig(config),
    time: machineTime(),
    log: (event, details) => logged.push({ event, ...details }),
    onFatal: () => {},
  });
  const { policy } = station;
  expect(vi.mocked(createApi).mock.calls[0]?.[0].clients).toBe(policy.clients);
  const authority = 'ab'.repeat(32);
  const next = { ...policy, clients: { authorities: [authority], revoked: new Set<string>(), wallets: new Map() } };
  for (const [listener] of listening.mock.calls) listener(next);
  expect(logged).toContainEqual({ event: 'authority-missing', authority });
});
