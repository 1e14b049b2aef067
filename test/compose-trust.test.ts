import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { createApi } from '../src/api/server.ts';
import { foundingPolicy } from '../src/cli/founding-policy.ts';
import { type ComposedStation, composeStation } from '../src/compose.ts';
import { loadConfig, loadPolicy } from '../src/config.ts';
import { Station } from '../src/custody/station.ts';
import type { Policy } from '../src/gate/policy.ts';
import { machineTime } from '../src/machine-time.ts';
import { emptyFolder, newStation } from './cli/station.ts';

vi.mock(import('../src/api/server.ts'), async (original) => {
  const real = await original();
  return { ...real, createApi: vi.fn(real.createApi) };
});

let station: ComposedStation | undefined;
afterEach(async () => {
  await station?.close();
  vi.mocked(createApi).mockClear();
});

const authority = 'ab'.repeat(32);

/** Starts a station; `policies` takes what it does when a policy takes effect. */
async function start(policies: ((policy: Policy) => void)[], logged: unknown[]): Promise<ComposedStation> {
  const { config } = await newStation();
  writeFileSync(config, readFileSync(config, 'utf8').replace(/127\.0\.0\.1:744[34]/g, '127.0.0.1:0'));
  vi.spyOn(Station.prototype, 'onPolicy').mockImplementation((listener) => {
    policies.push(listener);
  });
  const log = (event: string, details: object = {}) => logged.push({ event, ...details });
  station = await composeStation({ config: loadConfig(config), time: machineTime(), log, onFatal: () => {} });
  return station;
}

const naming = (policy: Policy): Policy => ({
  ...policy,
  clients: { authorities: [authority], revoked: new Set(), wallets: new Map() },
});

it('S11: the listeners begin with what policy says of clients, and follow each policy that takes effect', async () => {
  const [policies, logged]: [((policy: Policy) => void)[], unknown[]] = [[], []];
  const { policy } = await start(policies, logged);
  expect(vi.mocked(createApi).mock.calls[0]?.[0].clients).toBe(policy.clients);
  for (const adopt of policies) adopt(naming(policy));
  expect(logged).toContainEqual({ event: 'authority-missing', authority });
});

it('S11: a policy that takes effect while the listeners open is followed too', async () => {
  const [policies, logged]: [((policy: Policy) => void)[], unknown[]] = [[], []];
  const open = vi.mocked(createApi).getMockImplementation();
  if (open === undefined) throw new Error('createApi is not mocked');
  vi.mocked(createApi).mockImplementationOnce(async (options) => {
    const api = await open(options);
    for (const adopt of policies) adopt(inForce);
    return api;
  });
  const file = join(emptyFolder(), 'policy.yaml');
  writeFileSync(file, foundingPolicy('station.example').replace('made-by-init', authority));
  const inForce = loadPolicy(file).policy;
  await start(policies, logged);
  expect(logged).toContainEqual({ event: 'authority-missing', authority });
});
