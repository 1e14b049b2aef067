import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foundingPolicy } from '../src/cli/founding-policy.ts';
import { makeStation } from '../src/cli/init.ts';
import { composeStation } from '../src/compose.ts';
import { loadConfig } from '../src/config.ts';
import type { TimeSource } from '../src/domain/index.ts';
import { openCheckpoint } from '../src/journal/checkpoint.ts';
import { parseVerifierKey } from '../src/journal/note.ts';
import { decodeBundle, tilePath } from '../src/journal/tiles.ts';
import { machineTime } from '../src/machine-time.ts';
import { SimulatedTime } from '../src/simulated-time.ts';
import { emptyFolder } from './cli/station.ts';
import { publicKeyOf, testKey } from './custody/fake-signer.ts';
import { referenceRoot as rootOf } from './journal/reference.ts';

/** The address of the test key, and another's. */
const own = '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A';
const others = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const sepolia = 'eip155:11155111';

async function station(of: { chain?: string; address?: string; time?: TimeSource } = {}) {
  const { chain = sepolia, address = own } = of;
  const folder = join(emptyFolder(), 'station');
  const wallet = `{ id: hot-1, chain: '${chain}', signer: ledger, path: "m/44'/60'/0'/0/0", address: '${chain}:${address}', public_key: '${publicKeyOf(testKey)}', first_nonce: '0' }`;
  const policy = join(emptyFolder(), 'policy.yaml');
  const document = foundingPolicy('station.example').replaceAll(sepolia, chain);
  writeFileSync(policy, document.replace(/^wallets: \[\]$/m, `wallets:\n  - ${wallet}`));
  expect(readFileSync(policy, 'utf8')).toContain(wallet);
  await makeStation({ folder, policy, trustDomain: undefined, names: [], ...(of.time ? { time: of.time } : {}) });
  const file = join(folder, 'config.yaml');
  const config = readFileSync(file, 'utf8').replace(/127\.0\.0\.1:744[34]/g, '127.0.0.1:0');
  writeFileSync(file, config.replace('transport: hid # USB', "transport: speculos\n    url: 'http://127.0.0.1:9'"));
  return { folder, file };
}

/** Starts a station and stops it again; rejects with what stopped its start. */
async function start(file: string, time: TimeSource = machineTime()): Promise<void> {
  const composed = await composeStation({ config: loadConfig(file), time, log: () => {}, onFatal: () => {} });
  await composed.close();
}

describe('a station’s start', () => {
  it('comes about with what init made', async () => {
    await expect(start((await station()).file)).resolves.toBeUndefined();
  });

  it('publishes its journal as files: a checkpoint of all that there is when it stops', async () => {
    const { folder, file } = await station();
    await start(file);
    const tiles = join(folder, 'data/tiles');
    const note = readFileSync(join(tiles, 'checkpoint'));
    const verifier = parseVerifierKey(readFileSync(join(folder, 'take-away/journal.vkey'), 'utf8').trim());
    const { size, root } = openCheckpoint(note, [verifier]);
    const bundle = decodeBundle(readFileSync(join(tiles, tilePath({ level: 'entries', index: 0, width: size }))));
    expect(rootOf(bundle)).toEqual(root);
  });

  it('S11: is stopped by a policy file that is not the one in force', async () => {
    const { folder, file } = await station();
    chmodSync(join(folder, 'policy.yaml'), 0o600);
    appendFileSync(join(folder, 'policy.yaml'), '# looser\n');
    await expect(start(file)).rejects.toMatchObject({ reason: 'policy-changed' });
  });

  it('I6: real time and simulated time never meet in one station', async () => {
    await expect(start((await station()).file, new SimulatedTime())).rejects.toThrow(/never runs on simulated time/);
    await expect(start((await station({ time: new SimulatedTime() })).file)).rejects.toThrow(/never runs on real time/);
  });

  it('S6: is stopped by a wallet whose address is not its key’s', async () => {
    await expect(start((await station({ address: others })).file)).rejects.toThrow(
      /hot-1\.address: is not the address/,
    );
  });

  it('S6: is stopped by an emulated Ledger for a main network', async () => {
    await expect(start((await station({ chain: 'eip155:1' })).file)).rejects.toThrow(/for test networks only/);
  });

  it('F2: is stopped by a database that is out of reach, before it is opened', async () => {
    const config = loadConfig((await station()).file);
    // Below a file: root too can't write there.
    const out = { ...config, database: join(config.file, 'station.db') };
    const started = composeStation({ config: out, time: machineTime(), log: () => {}, onFatal: () => {} });
    await expect(started).rejects.toThrow(/config\.data.*station\.db may not be written/);
  });
});
