import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Api, createApi } from '../../src/api/server.ts';
import { accountAddress, keyFingerprint, onScreen } from '../../src/custody/chain.ts';
import { policyHash } from '../../src/custody/founding.ts';
import { readPolicyDocument } from '../../src/custody/policy-document.ts';
import { Malformed, parseChainId, type ScriptType, type Wallet, walletIdentity } from '../../src/domain/index.ts';
import { parseLeaf } from '../../src/journal/leaf.ts';
import { makeCa, trustDomain } from '../certificates.ts';
import { mainnet, regtest, seeds, walletOf } from '../chains/bitcoin/wallets.ts';
import { BitcoinStation } from '../custody/bitcoin-station.ts';
import { chain, type TestStation } from '../custody/station.ts';
import { accountKey, TestDevice } from '../custody/test-device.ts';
import { TestToken } from '../custody/test-token.ts';
import { emptyFolder, type Ran, ran } from './station.ts';

const folder = emptyFolder();
const at = (name: string): string => join(folder, name);
const devices = [
  new TestDevice('fake', seeds.abandon),
  new TestDevice('fake-2', seeds.glory),
  new TestDevice('fake-3', seeds.zoo),
] as const;
const [first, second] = devices;
const tokens = [new TestToken('hsm-1'), new TestToken('hsm-2')] as const;
const stations: { station: TestStation; api: Api }[] = [];

/** A station of the test devices, with or without operators; who calls it is a function of its own. */
async function serve(name: string, operators?: Record<string, never>) {
  const [signer, ...otherSigners] = devices;
  const opened = await BitcoinStation.open({
    signer,
    otherSigners: [...otherSigners, ...tokens],
    ...(operators && { operators }),
  });
  const ca = await makeCa();
  const { cert, key } = await ca.issueServer();
  const api = await createApi({
    custody: opened.station.custody,
    tls: { ca: ca.certificate, cert, key },
    clients: undefined,
    trustDomain,
    listen: { host: '127.0.0.1', port: 0 },
    operatorsListen: { host: '127.0.0.1', port: 0 },
    log: () => {},
  });
  stations.push({ station: opened.station, api });
  writeFileSync(at(`${name}-ca.pem`), ca.certificate);
  for (const role of ['operators', 'withdrawals']) {
    const own = await ca.issue({ role, name: 'olivia' });
    writeFileSync(at(`${name}-${role}.pem`), own.cert);
    writeFileSync(at(`${name}-${role}.key`), own.key, { mode: 0o600 });
  }
  const calling = (role = 'operators'): string[] => [
    ...['--address', `localhost:${api.operatorsPort}`, '--ca', at(`${name}-ca.pem`)],
    ...['--cert', at(`${name}-${role}.pem`), '--key', at(`${name}-${role}.key`)],
  ];
  return { station: opened.station, calling };
}

let founded: Awaited<ReturnType<typeof serve>>;
let plain: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  founded = await serve('founded', {});
  plain = await serve('plain');
});
afterAll(async () => {
  for (const { station, api } of stations) {
    await api.close(1_000);
    await station.close();
  }
});
beforeEach(() => {
  for (const device of devices) {
    device.answer = 'takes';
    device.asked.length = 0;
  }
  for (const token of tokens) token.asked.length = 0;
});

/** With nobody's key, so that it ends where an operator would sign. */
const add = (...args: string[]): Promise<Ran> =>
  ran('wallet', 'add', ...args, ...founded.calling(), '--software', at('nobody.key'));

describe('portcullis wallet create', () => {
  const create = (...args: string[]): Promise<Ran> =>
    ran('wallet', 'create', ...args, ...founded.calling(), '--software', at('nobody.key'));
  const [hsm, other] = tokens;

  it('has an HSM make the key of an account, tells what it is, journals it, and proposes the wallet', async () => {
    const size = founded.station.store.size;
    const { out, code } = await create(
      'hsm-hot',
      '--chain',
      chain,
      '--signer',
      'hsm-1',
      '--key-id',
      'a1b2',
      '--first-nonce',
      '3',
    );
    const publicKey = hsm.publicKeyAt('a1b2');
    expect(hsm.asked).toEqual(['create a1b2 hsm-hot']);
    expect(out).toContain(
      `  made key    a1b2\n  public key  ${publicKey}\n  fingerprint ${keyFingerprint(publicKey)}\n`,
    );
    expect(out).toContain('  attributes  CKA_SENSITIVE true, CKA_EXTRACTABLE false\n');
    expect(out).toContain(`address     ${accountAddress(parseChainId(chain, ''), publicKey)}\n`);
    expect(out).toContain("signer: hsm-1, key: 'a1b2',");
    expect(out).toContain('looser: wallets[hsm-hot]');
    expect(code).toBe(1);
    const leaf = parseLeaf(founded.station.store.log.leaf(size) ?? new Uint8Array());
    expect(leaf).toMatchObject({
      kind: 'signer-key-created',
      fields: { signer: 'hsm-1', key: 'a1b2', public_key: publicKey, device: hsm.device, who: 'olivia' },
    });
  });

  it('chooses an id that nobody chose, of 16 random bytes', async () => {
    await create('hsm-hot', '--chain', chain, '--signer', 'hsm-1');
    expect(hsm.asked).toEqual([expect.stringMatching(/^create [0-9a-f]{32} hsm-hot$/)]);
  });

  it('makes one on Bitcoin of one key, or of a key in each of several HSMs', async () => {
    const single = await create('btc-hsm', '--chain', regtest, '--signer', 'hsm-1', '--key-id', '01');
    expect(single.out).toContain(`descriptor  wpkh(${hsm.publicKeyAt('01')})#`);
    const both = ['--signer', 'hsm-1', '--signer', 'hsm-2', '--key-id', '02', '--key-id', '03'];
    const several = await create('btc-both', '--chain', regtest, ...both, '--threshold', '2');
    expect(several.out).toContain(`wsh(sortedmulti(2,${hsm.publicKeyAt('02')},${other.publicKeyAt('03')}))#`);
    expect(several.out).toContain("keys: ['02', '03'], signers: [hsm-1, hsm-2],");
    expect(several.out).toContain('looser: wallets[btc-both]');
  });

  it('of keys in one token, under the names of two signers, there is no wallet: its threshold would be nothing', async () => {
    const { device } = other;
    other.device = hsm.device;
    try {
      const both = ['--signer', 'hsm-1', '--signer', 'hsm-2', '--key-id', '12', '--key-id', '13', '--threshold', '2'];
      for (const make of [create, add]) {
        const { out, err, code } = await make('btc-both', '--chain', regtest, ...both);
        expect([code, err]).toEqual([1, expect.stringContaining('hsm-2 and hsm-1 are one token (Test token 1.0')]);
        expect(out).not.toContain('btc-both');
      }
    } finally {
      other.device = device;
    }
  });

  it('makes no key before it knows that policy could have the wallet', async () => {
    for (const args of [
      ['btc-hsm', '--chain', regtest, '--signer', 'hsm-1', '--script', 'tr'],
      ['btc-hsm', '--chain', mainnet, '--signer', 'hsm-1'],
      ['hot-1', '--chain', chain, '--signer', 'hsm-1'],
      ['hsm-hot', '--chain', chain, '--signer', 'hsm-1', '--key-id', 'XY'],
      ['hsm-hot', '--chain', chain, '--signer', 'hsm-1', '--key-id', '01', '--key-id', '02'],
      ['hsm-hot', '--chain', chain, '--signer', 'hsm-1', '--path', 'm/0'],
    ]) {
      const { code, out } = await create(...args);
      expect([code === 0, out.includes('made key')], args.join(' ')).toEqual([false, false]);
    }
    expect(hsm.asked).toEqual([]);
  });

  it('a Ledger makes no keys, and says so', async () => {
    first.createKey = async () => {
      throw new Malformed('signer', 'fake derives its keys from its device’s seed: read one at a path');
    };
    const { err, code } = await create('hot-9', '--chain', chain, '--signer', 'fake');
    expect(err).toContain('derives its keys');
    expect(code).toBe(1);
  });

  it('add takes an HSM’s key that exists, by its id, and nobody is sent to a screen', async () => {
    await create('hsm-hot', '--chain', chain, '--signer', 'hsm-1', '--key-id', 'c3');
    hsm.asked.length = 0;
    const { out } = await add('hsm-hot', '--chain', chain, '--signer', 'hsm-1', '--key-id', 'c3');
    expect(hsm.asked).toEqual(['read c3']);
    expect(out).toContain(`  key         c3\n  public key  ${hsm.publicKeyAt('c3')}\n`);
    expect(out).not.toContain('On the device');
    expect(out).toContain('looser: wallets[hsm-hot]');
    const { err, code } = await add('hsm-hot', '--chain', chain, '--signer', 'hsm-1', '--key-id', 'd4');
    expect([err.includes('hsm-key-unfit'), code]).toEqual([true, 1]);
  });
});

describe('portcullis wallet add', () => {
  it.each([
    ['wpkh', []],
    ['tr', ['--script', 'tr']],
    ['sh-wpkh', ['--script', 'sh-wpkh', '--account', '7']],
    ['pkh', ['--script', 'pkh', '--path', "m/44'/1'/3'"]],
  ] as const)('makes a wallet of one key, %s, at its standard path', async (script: ScriptType, args) => {
    const account = script === 'sh-wpkh' ? 7 : script === 'pkh' ? 3 : 0;
    const wallet = walletOf({ script, chain: regtest, seeds: [seeds.glory], account });
    const { out, code } = await add('btc-new', '--chain', regtest, '--signer', 'fake-2', ...args);
    expect(out).toContain(`descriptor  ${wallet.descriptor}`);
    expect(out).toContain(`address     ${wallet.address}`);
    expect(second.asked).toEqual([`key ${wallet.keys[0]?.path}`, ...['show btc-new /0/0', 'show btc-new /1/0']]);
    // What a person compares, before they are asked: as the device spells it.
    expect(out).toContain(`\n  ${onScreen(wallet.address)}\n  it showed the same\n`);
    expect(out).toContain('looser: wallets[btc-new]');
    expect(code).toBe(1);
  });

  it('makes one of several keys: registered on each device first, every key to be compared', async () => {
    const names = ['fake', 'fake-2', 'fake-3'];
    const wallet = walletOf({ script: 'wsh-sortedmulti', chain: regtest, threshold: 1 });
    const signers = names.flatMap((name) => ['--signer', name]);
    const file = at('several.yaml');
    const { out } = await add('vault', '--chain', regtest, ...signers, '--threshold', '1', '--out', file);
    expect(out).toContain(`descriptor  ${wallet.descriptor}`);
    for (const [i, device] of devices.entries()) {
      const [key] = wallet.keys.slice(i);
      const proof = device.hmacOf({ id: 'vault' as never, descriptor: wallet.descriptor });
      expect(device.asked.slice(-4)).toEqual([
        "key m/48'/1'/0'/2'",
        'register vault',
        `show vault /0/0 with ${Buffer.from(proof).toString('hex')}`,
        `show vault /1/0 with ${Buffer.from(proof).toString('hex')}`,
      ]);
      expect(out).toContain(`  key       [${key?.fingerprint}/48'/1'/0'/2']${key?.xpub} (its own)`);
      expect(out).not.toContain(Buffer.from(proof).toString('hex'));
    }
    const proposed = readPolicyDocument(readFileSync(file)).policy.wallets;
    const found: Wallet | undefined = [...proposed.values()].find(({ id }) => id === 'vault');
    expect(found).toMatchObject({ kind: 'script', descriptor: wallet.descriptor, address: wallet.address });
    expect(found && walletIdentity(found)).toBe(walletIdentity(wallet));
    // Nothing else of the text is another.
    const [line = ''] = readFileSync(file, 'utf8')
      .split('\n')
      .filter((text) => text.includes('id: vault'));
    expect(readFileSync(file, 'utf8').replace(`${line}\n`, '')).toBe(founded.station.document());
  });

  it('makes one on Ethereum: path, key and address', async () => {
    const { out } = await add('hot-2', '--chain', chain, '--signer', 'fake', '--account', '2', '--first-nonce', '5');
    expect(first.asked).toEqual(["key m/44'/60'/2'/0/0", 'show hot-2 /0/0']);
    expect(out).toContain(
      `path        m/44'/60'/2'/0/0\npublic key  ${accountKey.publicKey}\naddress     ${chain}:${accountKey.address}\n`,
    );
    expect(out).toContain("first_nonce: '5' }");
    expect(out).toContain('looser: wallets[hot-2]');
  });

  it('stops where a device shows another address, and proposes nothing', async () => {
    first.answer = 'shows another';
    const { out, err, code } = await add(
      'btc-new',
      '--chain',
      regtest,
      '--signer',
      'fake',
      '--script',
      'tr',
      '--account',
      '4',
    );
    expect(err).toContain('device-address-differs: The device showed another address than the wallet has there.');
    expect(err).toMatch(/fake showed tb1p\w+, and btc-new has tb1p\w+ there/);
    expect(err).toContain('Pay nothing to it');
    expect(out).not.toContain('The entry of policy');
    expect(code).toBe(1);
  });

  it('stops where a person refuses on a device, and says on which', async () => {
    second.answer = 'refuses';
    const { out, err, code } = await add(
      ...['vault', '--chain', regtest, '--signer', 'fake', '--signer', 'fake-2', '--threshold', '2'],
    );
    expect(out).toContain('registered on fake,');
    expect(err).toContain('device-refused: A person refused it on the device.\n  fake-2: the device answered 6985');
    expect([out.includes('The entry of policy'), code]).toEqual([false, 1]);
  });

  it.each([
    ['another address than it derives', { address: `${regtest}:bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080` }],
    ['that the device showed another', { shown: 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx' }],
  ])('S11: a station that tells of %s is not believed', async (_what, lie) => {
    const { wallets } = founded.station.custody;
    const honest = wallets.showAddress.bind(wallets);
    wallets.showAddress = async (of) => ({ ...(await honest(of)), ...(lie as object) });
    try {
      const { out, err, code } = await add('btc-new', '--chain', regtest, '--signer', 'fake-2');
      expect([code, err]).toEqual([1, expect.stringContaining('pay nothing to it')]);
      expect(out).not.toContain('The entry of policy');
    } finally {
      wallets.showAddress = honest;
    }
  });

  it('S11: a policy that is not in force is not signed for, although the station tells of it', async () => {
    const { operators } = founded.station.custody;
    const honest = operators.policy.bind(operators);
    const told = founded.station.document((d) => d.replace('nonce_window: 4', 'nonce_window: 9'));
    operators.policy = () => ({ hash: policyHash(told), document: told });
    try {
      const { out, err, code } = await add('btc-new', '--chain', regtest, '--signer', 'fake-2');
      expect([code, err]).toEqual([1, expect.stringContaining('prepared another intent than was asked for')]);
      expect(out).not.toContain('Sign with');
    } finally {
      operators.policy = honest;
    }
  });

  it('S11: a policy that hasn’t the hash which the station names is not built upon', async () => {
    const { operators } = founded.station.custody;
    const honest = operators.policy.bind(operators);
    operators.policy = (hash) => ({ ...honest(hash), document: founded.station.document((d) => `${d}# another\n`) });
    try {
      const { err, code } = await add('btc-new', '--chain', regtest, '--signer', 'fake-2');
      expect([code, err]).toEqual([1, expect.stringContaining('does not have the hash that it named')]);
      expect(second.asked).toEqual([]);
    } finally {
      operators.policy = honest;
    }
  });

  it('where policy founds no operators, tells how a station gets it', async () => {
    const file = at('plain.yaml');
    const { out, err, code } = await ran(
      ...['wallet', 'add', 'btc-new', '--chain', regtest, '--signer', 'fake-2', '--out', file, ...plain.calling()],
    );
    expect(out).toContain('  - { id: btc-new, chain:');
    expect(err).toContain('founds no operators');
    expect(err).toContain(`portcullis init DIR --policy ${file}`);
    expect([code, existsSync(file)]).toEqual([1, true]);
    const again = await ran(
      ...['wallet', 'add', 'btc-new', '--chain', regtest, '--signer', 'fake-2', '--out', file, ...plain.calling()],
    );
    expect(again.err).toContain('--out: EEXIST');
  });

  it.each([
    ['no signer', ['x', '--chain', regtest], '--signer is missing'],
    ['no chain', ['x', '--signer', 'fake'], '--chain is missing'],
    ['one signer twice', ['x', '--chain', regtest, '--signer', 'fake', '--signer', 'fake'], 'names one twice'],
    [
      'several keys without a threshold',
      ['x', '--chain', regtest, '--signer', 'fake', '--signer', 'fake-2'],
      '--threshold is missing',
    ],
    [
      'a threshold that is never reached',
      ['x', '--chain', regtest, '--signer', 'a', '--signer', 'b', '--threshold', '3'],
      '3 of 2 keys can never sign',
    ],
    [
      'a threshold of one key',
      ['x', '--chain', regtest, '--signer', 'fake', '--threshold', '1'],
      'has one key, and no --threshold',
    ],
    [
      'one key in a script of several',
      ['x', '--chain', regtest, '--signer', 'fake', '--script', 'wsh-sortedmulti'],
      'takes two signers or more',
    ],
    [
      'several keys in a script of one',
      ['x', '--chain', regtest, '--signer', 'a', '--signer', 'b', '--script', 'tr'],
      'tr has one key',
    ],
    [
      'a script that is none',
      ['x', '--chain', regtest, '--signer', 'fake', '--script', 'p2wpkh'],
      '--script: expected one of pkh',
    ],
    [
      'a path and an account',
      ['x', '--chain', regtest, '--signer', 'fake', '--path', 'm/0', '--account', '1'],
      'exclude each other',
    ],
    ['Bitcoin’s options on Ethereum', ['x', '--chain', chain, '--signer', 'fake', '--script', 'tr'], 'has no --script'],
    [
      'Ethereum’s on Bitcoin',
      ['x', '--chain', regtest, '--signer', 'fake', '--first-nonce', '1'],
      'has no --first-nonce',
    ],
    [
      'several signers on Ethereum',
      ['x', '--chain', chain, '--signer', 'a', '--signer', 'b'],
      'has one key, and so one --signer',
    ],
    ['an account that is none', ['x', '--chain', regtest, '--signer', 'fake', '--account', '-1'], 'account'],
  ])('a command line with %s makes no sense', async (_what, args, said) => {
    const { err, code } = await add(...args);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
    expect(devices.flatMap(({ asked }) => asked)).toEqual([]);
  });

  it.each([
    ['an id that is taken', ['btc-1', '--chain', regtest, '--signer', 'fake'], 'policy has a wallet btc-1 already'],
    ['an id that is none', ['BTC', '--chain', regtest, '--signer', 'fake'], 'ID: expected 1 to 32 characters'],
    [
      'a chain that policy lacks',
      ['x', '--chain', mainnet, '--signer', 'fake'],
      `policy does not name the chain ${mainnet}`,
    ],
    ['a chain that is none', ['x', '--chain', 'bitcoin', '--signer', 'fake'], '--chain: expected a CAIP-2 chain'],
    [
      'a signer that the config lacks',
      ['x', '--chain', regtest, '--signer', 'vault'],
      'the config names no signer vault, only fake, fake-2, fake-3',
    ],
    ['a key that a wallet has', ['x', '--chain', regtest, '--signer', 'fake'], 'policy.wallets'],
    [
      'another script’s path',
      ['x', '--chain', regtest, '--signer', 'fake-2', '--path', "m/49'/1'/0'"],
      "wpkh on regtest is m/84'/1'/ACCOUNT'",
    ],
  ])('%s is told, and nothing comes of it', async (_what, args, said) => {
    const { out, err, code } = await add(...args);
    expect([code, err]).toEqual([1, expect.stringContaining(said)]);
    expect(out).not.toContain('compare the address');
  });

  it('a signer before which another’s device stands is told', async () => {
    const { readKey } = first;
    second.readKey = (...of: Parameters<typeof readKey>) => first.constructor.prototype.readKey.apply(first, of);
    try {
      const { err } = await add(
        ...['vault', '--chain', regtest, '--signer', 'fake', '--signer', 'fake-2', '--threshold', '2'],
      );
      expect(err).toContain('fake-2 gave the same key as fake: they have one device');
    } finally {
      Reflect.deleteProperty(second, 'readKey');
    }
  });

  it('is for operators', async () => {
    const { err, code } = await ran(
      ...['wallet', 'add', 'x', '--chain', regtest, '--signer', 'fake', ...founded.calling('withdrawals')],
    );
    expect([code, devices.flatMap(({ asked }) => asked)]).toEqual([1, []]);
    expect(err).not.toBe('');
  });
});

describe('portcullis wallet list', () => {
  it('says of every wallet where it stands, and what its signers lack', async () => {
    await founded.station.settle();
    const { out, code } = await ran('wallet', 'list', ...founded.calling());
    expect(code).toBe(0);
    expect(out).toMatch(/^hot-1 {2}eip155:31337:0x\w+\n {2}next nonce 0, ready\n {2}fake: ready\n/);
    expect(out).toMatch(/\nbtc-1 {2}bip122:\w+:bcrt1q\w+\n {2}next change index 0, ready\n {2}fake: ready\n/);
    expect(out).toContain('  fake-3: ready, NOT REGISTERED: portcullis wallet register');
  });

  it('says the same to programs', async () => {
    const { out } = await ran('wallet', 'list', '--json', ...founded.calling());
    const [account, script, , several] = JSON.parse(out);
    expect(account).toMatchObject({
      id: 'hot-1',
      chain,
      ready: true,
      nextNonce: 0,
      signers: [{ signer: 'fake', ready: true }],
    });
    expect(script).toMatchObject({ id: 'btc-1', chain: regtest, nextChange: 0 });
    expect(several.signers).toHaveLength(3);
    expect(several.signers[2]).toEqual({ signer: 'fake-3', ready: true, registered: false });
  });
});

describe('portcullis status', () => {
  it('says a wallet’s next nonce, or on Bitcoin its next change index', async () => {
    const { out } = await ran('status', ...founded.calling());
    expect(out).toMatch(/wallet {4}hot-1 \S+, next nonce 0, ready/);
    expect(out).toMatch(/wallet {4}btc-1 \S+, next change index 0, ready/);
  });
});

describe('portcullis wallet show', () => {
  const show = (...args: string[]): Promise<Ran> => ran('wallet', 'show', ...args, ...founded.calling());

  it('says descriptor and checksum, keys, and the first addresses of either branch', async () => {
    const wallet = walletOf({ script: 'wsh-sortedmulti', chain: regtest });
    const { out, code } = await show('btc-multi');
    expect(code).toBe(0);
    expect(out).toContain(`descriptor  ${wallet.descriptor}\nsigns       any 2 of 3\n`);
    expect(out).toContain(`receive     /0/0  ${wallet.address} (on screens ${onScreen(wallet.address)})`);
    expect(out.match(/^(receive|change) /gm)).toHaveLength(6);
    expect(out).toContain('change      /1/2  ');
    expect((await show('btc-multi', '--index', '40')).out).toContain('receive     /0/40  ');
    expect((await show('hot-1')).out).toContain("path        m/44'/60'/0'/0/0");
  });

  it('says it to programs', async () => {
    const { out } = await show('btc-1', '--json');
    const wallet = walletOf({ script: 'wpkh', chain: regtest });
    expect(JSON.parse(out)).toMatchObject({ id: 'btc-1', descriptor: wallet.descriptor, nextChange: 0, first: 0 });
    expect(JSON.parse(out).receive[0]).toBe(wallet.address);
    expect(JSON.parse(out).change).toHaveLength(3);
  });

  it('has it compared on its devices, or on the one that is named', async () => {
    expect((await show('btc-1', '--on-device', '--index', '4')).code).toBe(0);
    expect(first.asked).toEqual(['show btc-1 /0/4']);
    const unregistered = await show('btc-multi', '--on-device', '--signer', 'fake-3');
    expect(unregistered.err).toContain('btc-multi is not registered on fake-3: have it registered there first');
  });

  it.each([
    ['a wallet that policy lacks', ['nobody'], 'policy has no wallet nobody, only hot-1, btc-1'],
    ['a signer that it lacks', ['btc-1', '--on-device', '--signer', 'fake-2'], 'has no key on fake-2, but on fake'],
    ['an index of an account', ['hot-1', '--index', '1'], 'has one address'],
    ['an index that is none', ['btc-1', '--index', 'x'], 'expected a whole number'],
    ['a signer without --on-device', ['btc-1', '--signer', 'fake'], '--signer goes with --on-device'],
    ['both --json and --on-device', ['btc-1', '--json', '--on-device'], 'exclude each other'],
  ])('tells %s', async (_what, args, said) => {
    const { err, code } = await show(...args);
    expect([code > 0, err]).toEqual([true, expect.stringContaining(said)]);
    expect(first.asked).toEqual([]);
  });
});

describe('portcullis wallet register', () => {
  it('registers it where it was not, as on a device in another’s place', async () => {
    const { out, code } = await ran('wallet', 'register', 'btc-multi', '--signer', 'fake-2', ...founded.calling());
    expect([code, second.asked]).toEqual([0, ['register btc-multi']]);
    expect(out).toContain('Approve it there only if the screens say exactly this:\n  name      btc-multi\n');
    expect((await ran('wallet', 'show', 'btc-multi', ...founded.calling())).out).toContain('fake-2: ready, registered');
  });

  it('is nothing for a wallet of one key', async () => {
    const { err, code } = await ran('wallet', 'register', 'btc-1', ...founded.calling());
    expect([code, err]).toEqual([1, expect.stringContaining('nothing is to be registered')]);
  });

  it('a word that it has not is a usage error', async () => {
    expect((await ran('wallet')).code).toBe(2);
    expect((await ran('wallet', 'remove', 'btc-1')).err).toContain('expected add, create, list, show or register');
  });
});
