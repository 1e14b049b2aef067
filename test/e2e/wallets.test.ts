import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorCeremony } from '../../simulators/authenticator/operator-key.ts';
import approveAll from '../../simulators/ledger/approve-all.json' with { type: 'json' };
import { type Emulator, startEmulator } from '../../simulators/ledger/emulator.ts';
import { makeStation } from '../../src/cli/init.ts';
import { type ComposedStation, composeStation } from '../../src/compose.ts';
import { loadConfig } from '../../src/config.ts';
import { entryText, operatorCreationOptions, operatorEntry } from '../../src/custody/operator-key.ts';
import { type OperatorName, second } from '../../src/domain/index.ts';
import { takeAway } from '../../src/main-network.ts';
import { SimulatedTime } from '../../src/simulated-time.ts';
import { regtest, seeds, walletOf } from '../chains/bitcoin/wallets.ts';
import { challenge, origin } from '../cli/operator-people.ts';
import { emptyFolder, ran } from '../cli/station.ts';
import { Operator } from '../simulators/ledger/operator.ts';

// A station whose signers are emulated Ledgers, each a process's own child, and people at the command line who make wallets of their
// keys. All keys are test keys.

const words = {
  'ledger-a': `${'abandon '.repeat(11)}about`,
  'ledger-b': undefined,
} as const;
const ethereum = 'eip155:31337';

let station: ComposedStation;
const time = new SimulatedTime();
const devices: Record<string, Emulator> = {};
const people: Record<string, string> = {};
let calling: string[];

async function person(folder: string, name: string): Promise<string> {
  const file = join(folder, `${name}.json`);
  const options = operatorCreationOptions(name as OperatorName, challenge);
  const registration = operatorCeremony(file, JSON.stringify({ kind: 'create', origin, options }));
  people[name] = file;
  return entryText(await operatorEntry(name as OperatorName, Buffer.from(registration), { challenge, origin }));
}

async function entries(folder: string, names: readonly string[]): Promise<string> {
  const made: string[] = [];
  for (const name of names) made.push(`      ${await person(folder, name)}`);
  return made.join('\n');
}

beforeAll(async () => {
  for (const [name, seed] of Object.entries(words)) {
    const app = { model: 'nanosp', app: 'bitcoin-test', apiPort: 0, automation: approveAll } as const;
    devices[name] = await startEmulator({ ...app, ...(seed === undefined ? {} : { seed }) });
  }
  devices['ledger-eth'] = await startEmulator({ model: 'nanosp', app: 'ethereum', apiPort: 0, automation: approveAll });
  const scratch = emptyFolder();
  mkdirSync(join(scratch, 'people'), { mode: 0o700 });
  const policy = join(scratch, 'policy.yaml');
  const [operators, recovery] = [
    await entries(join(scratch, 'people'), ['olivia', 'omar', 'oscar']),
    await entries(join(scratch, 'people'), ['rita', 'rolf', 'rosa']),
  ];
  writeFileSync(
    policy,
    `version: 1
trust_domain: sample.example
approvals: { rp_id: approve.example, origins: ['https://approve.example'] }
ripening: { factor: 24h, destination: 24h }
evidence: { webauthn: 1, accepts: [device, synced] }
admission: []
chains:
  - { chain: '${ethereum}', max_fee: '10000000000000000', max_fee_per_gas: '500000000000', access_list_entries: 0 }
  - { chain: '${regtest}', max_fee: '2000000', max_fee_per_kvb: '1000000', change_gap: 20 }
assets:
  - { asset: '${ethereum}/slip44:60', symbol: ETH, decimals: 18, max_payment: '100000000000000000000' }
  - { asset: '${regtest}/slip44:1', symbol: TBTC, decimals: 8, max_payment: '2100000000000000' }
wallets: [] # none yet
nonce_window: 8
operators:
  rp_id: localhost
  origins: ['${origin}']
  quorum: 2
  people:
${operators}
  recovery:
    quorum: 2
    people:
${recovery}
  delays: { policy: 1h, thaw: 1h, reinstate: 1h }
  open_for: 24h
`,
  );
  const signers = Object.entries(devices).map(
    ([name, { apiUrl }]) => `  - { name: ${name}, kind: ledger, transport: speculos, url: '${apiUrl}', review: 1m }\n`,
  );
  const config = `version: 1
data: data
policy: policy.yaml
keys: { state: keys/state.key, journal: keys/journal.pem, sealing: [{ file: keys/sealing.key }] }
tls: { ca: keys/ca.pem, certificate: keys/server.pem, key: keys/server.key }
listen: 127.0.0.1:0
operators_listen: 127.0.0.1:0
signers:
${signers.join('')}`;
  const folder = join(scratch, 'station');
  await makeStation({ folder, policy, trustDomain: undefined, names: [], time, config });
  station = await composeStation({
    config: loadConfig(join(folder, 'config.yaml')),
    time,
    log: () => {},
    retryAfter: second,
    onFatal: (error) => {
      throw error;
    },
  });
  const own = join(folder, takeAway, 'operators');
  calling = ['--address', `localhost:${station.api.operatorsPort}`, '--ca', join(own, 'ca.pem')];
  calling.push('--cert', join(own, 'operator.pem'), '--key', join(own, 'operator.key'));
}, 60_000);
afterAll(async () => {
  await station.close();
  for (const device of Object.values(devices)) await device.close();
});

async function portcullis(...args: string[]): Promise<string> {
  const { code, out, err } = await ran(...args, ...calling);
  return `${err}\n${out}\nexit ${code}`;
}

/** A second operator signs what the first proposed, and the notice's delivery and an hour put it in force. */
async function inForce(proposed: string): Promise<void> {
  const [, id = 'none'] = /act sign ([0-9a-f]{64})/.exec(proposed) ?? [];
  time.advance(second);
  expect(await portcullis('act', 'sign', id, '--software', people['omar'] ?? '')).toContain('exit 0');
  const { notices } = station.running.custody;
  for (const { id: notice } of notices.waiting(-1, 1_000)) await notices.acknowledge(notice);
  time.advance(3_601 * second);
  await station.running.timekeeper.tick(0);
}

const add = (...args: string[]): Promise<string> =>
  portcullis('wallet', 'add', ...args, '--software', people['olivia'] ?? '');

const operatorOf = (name: string): Operator => new Operator(devices[name]?.apiUrl ?? '');

describe('a wallet made at the command line, of the keys of emulated Ledgers', () => {
  it('of one key: read, compared on its screen, signed by a quorum, in force and ready', async () => {
    const wallet = walletOf({ script: 'wpkh', chain: regtest, seeds: [seeds.abandon] });
    const proposed = await add('btc-1', '--chain', regtest, '--signer', 'ledger-a');
    expect(proposed).toContain(`descriptor  ${wallet.descriptor}`);
    expect(proposed.match(/it showed the same/g)).toHaveLength(2);
    expect(proposed).toContain('1 of 2 signed (olivia)');
    await inForce(proposed);
    await station.running.dispatch.idle();
    expect(await portcullis('wallet', 'list')).toContain('next change index 0, ready\n  ledger-a: ready');
    expect(await portcullis('wallet', 'show', 'btc-1', '--on-device', '--index', '7')).toContain('it showed the same');
  }, 60_000);

  it('of two keys: registered on each device; what proves it is found for the wallet, policy naming it or not', async () => {
    const signers = ['--signer', 'ledger-b', '--signer', 'ledger-a', '--threshold', '2'];
    const wallet = walletOf({ script: 'wsh-sortedmulti', chain: regtest, seeds: [seeds.glory, seeds.abandon] });
    // A person who refuses at the second device: nothing is proposed.
    await operatorOf('ledger-a').fault({ kind: 'refuse' });
    const refused = await add('vault', '--chain', regtest, ...signers);
    expect(refused).toMatch(/device-refused: .*\n {2}ledger-a: /);
    expect(refused).toContain('registered on ledger-b, fingerprint f5acc2fd');
    expect(refused).not.toContain('The entry of policy');
    await operatorOf('ledger-a').mend();
    const proposed = await add('vault', '--chain', regtest, ...signers);
    expect(proposed).toContain(`descriptor  ${wallet.descriptor}`);
    expect(proposed.match(/it showed the same/g)).toHaveLength(4);
    await inForce(proposed);
    const shown = await portcullis('wallet', 'show', 'vault', '--json');
    const { signers: told } = JSON.parse(shown.split('\n')[1] ?? '');
    expect(told).toMatchObject([
      { signer: 'ledger-b', registered: true },
      { signer: 'ledger-a', registered: true },
    ]);
    expect(
      await portcullis('wallet', 'show', 'vault', '--on-device', '--signer', 'ledger-b', '--index', '3'),
    ).toContain('it showed the same');
  }, 60_000);

  it('on Ethereum: the address is compared on the device', async () => {
    const proposed = await add('hot-1', '--chain', ethereum, '--signer', 'ledger-eth');
    expect(proposed).toContain(`address     ${ethereum}:0xDad77910DbDFdE764fC21FCD4E74D71bBACA6D8D`);
    expect(proposed).toContain('it showed the same');
    expect(proposed).toContain('1 of 2 signed (olivia)');
  }, 60_000);

  it('tells what is wrong with a device: another app, locked, another seed than the wallet’s', async () => {
    expect(await add('x', '--chain', regtest, '--signer', 'ledger-eth')).toMatch(
      /device-wrong-app: .*\n {2}ledger-eth: /,
    );
    await operatorOf('ledger-b').fault({ kind: 'lock' });
    expect(await add('x', '--chain', regtest, '--signer', 'ledger-b')).toContain('device-locked');
    await operatorOf('ledger-b').mend();
    await operatorOf('ledger-a').fault({ kind: 'seed', seed: `${'zoo '.repeat(11)}wrong` });
    expect(await portcullis('wallet', 'show', 'btc-1', '--on-device')).toContain('device-foreign');
    expect(await portcullis('wallet', 'register', 'vault', '--signer', 'ledger-a')).toContain('device-foreign');
    await operatorOf('ledger-a').mend();
  }, 60_000);
});
