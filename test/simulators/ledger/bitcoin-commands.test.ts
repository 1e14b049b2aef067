import { schnorr } from '@noble/curves/secp256k1.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { HDKey } from '@scure/bip32';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BitcoinApp } from '../../../simulators/ledger/apps/bitcoin/app.ts';
import { mainnet, testnet } from '../../../simulators/ledger/apps/bitcoin/network.ts';
import { outputKey, tapTweak } from '../../../simulators/ledger/apps/bitcoin/policy/taproot.ts';
import type { Os } from '../../../simulators/ledger/os/app.ts';
import { Device } from '../../../simulators/ledger/os/device.ts';
import { Faults } from '../../../simulators/ledger/os/faults.ts';
import { corrupt } from '../../../simulators/ledger/os/tamper.ts';
import { BitcoinHolder } from './bitcoin-holder.ts';
import { command, compactSize, continued, MerkleHost } from './merkle-host.ts';

const hardened = 2 ** 31;
const zeros = new Uint8Array(32);

let holder: BitcoinHolder;
let host: MerkleHost;

beforeEach(() => {
  holder = new BitcoinHolder(mainnet);
  host = new MerkleHost();
});
afterEach(() => holder.device.close());

/** “84'/0'/0'” as it travels. */
function pathBytes(text: string): Uint8Array {
  const steps = text === '' ? [] : text.split('/');
  const out = new DataView(new ArrayBuffer(1 + 4 * steps.length));
  out.setUint8(0, steps.length);
  for (const [i, step] of steps.entries()) {
    out.setUint32(1 + 4 * i, Number.parseInt(step, 10) + (step.endsWith("'") ? hardened : 0));
  }
  return new Uint8Array(out.buffer);
}

const xpub = (display: number, path: string): string => command(0, Uint8Array.of(display), pathBytes(path));

const textOf = (answer: string | undefined): string => Buffer.from((answer ?? '').slice(0, -4), 'hex').toString();

/** The device's own key, with its origin. */
async function ownKey(path: string): Promise<string> {
  return `[f5acc2fd/${path}]${textOf(await holder.send(xpub(0, path)))}`;
}

const otherKey = (i: number): string =>
  `[0000000${i}/48'/0'/0'/2']${HDKey.fromMasterSeed(new Uint8Array(32).fill(i)).publicExtendedKey}`;

describe('extended keys', () => {
  it.each([
    "44'/0'/0'",
    "49'/0'/100'",
    "84'/0'/0'/1/5",
    "86'/0'/3'",
    "45'/0'/0'",
    "48'/0'/0'/1'",
    "4541509'/1112098098'",
  ])('%s goes out unseen', async (path) => expect(textOf(await holder.send(xpub(0, path)))).toMatch(/^xpub/));

  it.each([
    "84'/0'/101'",
    "84'/1'/0'",
    "84'/0'",
    "84'/0'/0",
    "84'/0'/0'/0'",
    "48'/0'/0'",
    "48'/0'/0'/3'",
    "47'/0'/0'",
    '',
  ])('%s does not', async (path) => expect(await holder.send(xpub(0, path))).toBe('6a82'));

  it.each(["84'/1'/0'", '', "44'/2'/0'"])('%s isn’t the app’s at all', async (path) =>
    expect(await holder.send(xpub(1, path))).toBe('6a82'),
  );

  it('of BIP-45 are the app’s own for every coin, and are shown for all but its own', async () => {
    expect(await holder.send(xpub(0, "45'/1'/0'"))).toBe('6a82');
    expect(await holder.send(xpub(1, "45'/1'/0'"))).toBeUndefined();
    expect(holder.screen).toBe('Confirm public key');
  });

  it('allows ten steps', async () => {
    expect(await holder.send(xpub(0, "84'/0'/0'/1/2/3/4/5/6/7"))).toMatch(/9000$/);
    expect(await holder.send(xpub(0, "84'/0'/0'/1/2/3/4/5/6/7/8"))).toBe('6a80');
  });

  it('are the test network’s in its app', async () => {
    holder.device.close();
    holder = new BitcoinHolder(testnet);
    expect(textOf(await holder.send(xpub(0, "84'/1'/0'")))).toMatch(/^tpub/);
    expect(await holder.send(xpub(0, "84'/0'/0'"))).toBe('6a82');
  });
});

describe('messages', () => {
  const sign = (path: string, message: Uint8Array): Promise<string | undefined> => {
    const chunks = Array.from({ length: Math.ceil(message.length / 64) }, (_, i) =>
      message.slice(64 * i, 64 * (i + 1)),
    );
    return host.run(holder, command(16, pathBytes(path), compactSize(message.length), host.tree(chunks)));
  };
  const hash = (message: Uint8Array): string => bytesToHex(sha256(message)).toUpperCase();
  const shown = async (label: string): Promise<string> => {
    const pages: string[] = [];
    for (const screen of await holder.select('Sign message')) {
      const [head = '', ...lines] = screen.split('\n');
      if (head.replace(/ \(\d+\/\d+\)$/, '') === label) pages.push(...lines);
    }
    return pages.join('');
  };

  it.each([
    ['a line break', 'one\ntwo', 'Message', 'onetwo'],
    ['640 characters', 'x'.repeat(640), 'Message', 'x'.repeat(640)],
  ])('with %s are shown', async (_, message, label, expected) => {
    expect(await sign("84'/0'/0'/0/0", new TextEncoder().encode(message))).toBeUndefined();
    expect(await shown(label)).toBe(expected);
    expect(holder.screen).toBe('Message signed');
  });

  it.each([
    ['641 characters', new Uint8Array(641).fill(0x78)],
    ['a tab', Uint8Array.of(0x61, 0x09)],
    ['anything above ASCII', new TextEncoder().encode('é')],
  ])('with %s are shown as their hash', async (_, message) => {
    expect(await sign("84'/0'/0'/0/0", message)).toBeUndefined();
    expect(await shown('Message hash')).toBe(hash(message));
  });

  it('at a path that is another coin’s are reviewed, and not signed', async () => {
    await sign("44'/60'/0'/0/0", new TextEncoder().encode('hi'));
    await holder.select('Sign message');
    expect(holder.replies.at(-1)).toBe('b007');
    expect(holder.screen).toBe('Message rejected');
  });

  it('of 2³² bytes are none, nor do they have eleven steps', async () => {
    const length = hexToBytes('ff0000000001000000');
    expect(await holder.send(command(16, pathBytes("84'/0'/0'"), length, zeros))).toBe('6a80');
    const deep = pathBytes("84'/0'/0'/1/2/3/4/5/6/7/8");
    expect(await holder.send(command(16, deep, compactSize(1), zeros))).toBe('6a87');
  });

  it('may be empty', async () => {
    expect(await sign("84'/0'/0'/0/0", new Uint8Array(0))).toBeUndefined();
    await holder.select('Sign message');
    expect(holder.replies.at(-1)).toMatch(/^.{130}9000$/);
  });

  it('whose chunks aren’t the root’s are refused unseen', async () => {
    host.lie = (request, honest) => (request[0] === 0x40 ? honest.with(-1, 0) : honest);
    expect(await sign("84'/0'/0'/0/0", new TextEncoder().encode('hello'))).toBe('b007');
  });

  it('whose chunks are of another length than their number says are refused', async () => {
    const root = host.tree([Uint8Array.of(1), Uint8Array.of(2)]);
    expect(await host.run(holder, command(16, pathBytes("84'/0'/0'"), compactSize(70), root))).toBe('b007');
  });
});

describe('registration', () => {
  const register = (name: string, template: string, keys: readonly string[], version: 1 | 2 = 2) => {
    const policy = host.policy(name, template, keys, version);
    return host.run(holder, command(2, compactSize(policy.length), policy));
  };
  const path = "48'/0'/0'/2'";

  it.each([
    ['wsh(sortedmulti(2,@0/**,@1/**))', 2],
    ['sh(wsh(sortedmulti(1,@0/**,@1/**)))', 2],
    ['wsh(thresh(2,pk(@0/**),s:pk(@1/**),sln:older(12960)))', 2],
    ['wsh(or_d(pk(@0/**),and_v(v:pkh(@1/**),older(1000))))', 2],
    ['tr(@0/**,multi_a(1,@1/**,@0/<2;3>/*))', 2],
    ['tr(@0/**,and_v(v:pk(@1/**),older(5)))', 2],
  ])('takes %s, and knows it again', async (template, count) => {
    const keys = [await ownKey(path), otherKey(1)].slice(0, count);
    expect(await register('Vault', template, keys)).toBeUndefined();
    const screens = await holder.select('Register account');
    expect(screens.slice(0, 2)).toEqual(['Review account\nto register', 'Account name\nVault']);
    expect(screens.filter((screen) => / key@/.test(screen)).map((screen) => screen.split(' ')[0])).toContain('Our');
    const answer = hexToBytes(holder.replies.at(-1) ?? '');
    await holder.press('both');
    const address = await host.run(
      holder,
      command(3, Uint8Array.of(0), answer.slice(0, 32), answer.slice(32, 64), Uint8Array.of(0, 0, 0, 0, 9)),
    );
    expect(textOf(address)).toMatch(/^(bc1|3)/);
  });

  it('shows the unspendable key as a dummy', async () => {
    const nums = HDKey.fromMasterSeed(new Uint8Array(32).fill(1));
    const dummy = new HDKey({
      publicKey: hexToBytes('0250929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0'),
      chainCode: nums.chainCode ?? zeros,
    }).publicExtendedKey;
    await register('Vault', 'tr(@0/**,pk(@1/**))', [dummy, await ownKey(path)]);
    expect((await holder.select('Register account')).some((screen) => screen.startsWith('Dummy key@0'))).toBe(true);
  });

  it.each([
    ['a name that begins with a space', ' a', 'wsh(pk(@0/**))', 1, '00006a80'],
    ['a name that ends with one', 'a ', 'wsh(pk(@0/**))', 1, '00006a80'],
    ['a name with a letter that can’t be shown', '\u0001', 'wsh(pk(@0/**))', 1, '00006a80'],
    ['a bare key', 'a', 'pk(@0/**)', 1, '6a82'],
    ['a bare multisignature', 'a', 'sortedmulti(1,@0/**,@1/**)', 2, '6a82'],
    ['a key too many', 'a', 'wsh(pk(@0/**))', 2, '6a80'],
    ['a key too few', 'a', 'wsh(multi(1,@0/**,@1/**))', 1, '6a80'],
    ['the same key twice', 'a', 'wsh(multi(1,@0/**,@1/**))', -1, '00016a82'],
    ['a branch that is used twice', 'a', 'wsh(multi(1,@0/**,@0/**))', 1, '00016a82'],
    ['a witness that anyone can change', 'a', 'wsh(or_b(pk(@0/**),su:older(5)))', 1, '00016a82'],
    [
      'a signed witness that anyone can change',
      'a',
      'wsh(j:and_b(multi(2,@0/**,@1/**),s:or_i(older(1),older(4252898))))',
      2,
      '00016a82',
    ],
    ['no signature', 'a', 'wsh(or_d(pk(@0/**),older(5)))', 1, '00016a82'],
    ['heights mixed with times', 'a', 'wsh(and_v(v:pk(@0/**),and_v(v:after(5),after(500000001))))', 1, '00016a82'],
    ['a lock that means nothing', 'a', 'wsh(and_v(v:pk(@0/**),older(65536)))', 1, '00016a82'],
    ['a leaf that isn’t sane', 'a', 'tr(@0/**,{pk(@1/**),older(5)})', 2, '00016a82'],
    ['a top that isn’t of type B', 'a', 'wsh(pk_k(@0/**))', 1, '00016a82'],
  ])('refuses %s without a screen', async (_, name, template, count, word) => {
    const own = await ownKey(path);
    const keys = count === -1 ? [own, own] : [own, otherKey(1), otherKey(2)].slice(0, count);
    expect(await register(name, template, keys)).toBe(word);
    expect(holder.screen).toBe('Bitcoin\napp is ready');
  });

  it('takes the first version of policies, with one key of its own', async () => {
    const [own, second] = [await ownKey(path), await ownKey("48'/0'/1'/2'")];
    const keys = [own, otherKey(1), second].map((key) => `${key}/**`);
    expect(await register('Old', 'wsh(sortedmulti(1,@0,@1,@2))', keys, 1)).toBe('6a80');
    expect(await register('Old', 'wsh(sortedmulti(2,@0,@1))', keys.slice(0, 2), 1)).toBeUndefined();
    await holder.select('Register account');
    expect(holder.replies.at(-1)).toMatch(/^.{128}9000$/);
    await holder.press('both');
    expect(await register('New', 'wsh(sortedmulti(1,@0/**,@1/**))', [own, second])).toBeUndefined();
  });

  it('refuses a third version, or 253 keys, before it asks for anything', async () => {
    const policy = host.policy('a', 'wsh(pk(@0/**))', [await ownKey(path)]);
    const crowded = concatBytes(policy.slice(0, -33), compactSize(253), policy.slice(-32));
    for (const changed of [policy.with(0, 3), crowded]) {
      expect(await host.run(holder, command(2, compactSize(changed.length), changed))).toBe('6a80');
    }
    expect(host.asked).toEqual([]);
  });

  it.each(['sh(pkh(@0/**))', 'sh(wsh(pk(@0/**)))'])('takes %s, and has no address for it', async (template) => {
    expect(await register('a', template, [await ownKey(path)])).toBeUndefined();
    await holder.select('Register account');
    const answer = hexToBytes(holder.replies.at(-1) ?? '');
    await holder.press('both');
    const asked = command(3, Uint8Array.of(0), answer.slice(0, 64), new Uint8Array(5));
    expect(await host.run(holder, asked)).toBe('b007');
  });

  it('refuses a template that is longer than it has room for, and a name', async () => {
    const keys = [await ownKey(path)];
    const long = `wsh(${'n'.repeat(500)}:pk(@0/**))`;
    expect(await register('a', long, keys)).toBe('6a80');
    expect(await register('x'.repeat(65), 'wsh(pk(@0/**))', keys)).toBe('6a80');
    expect(host.asked).toEqual([]);
  });

  it('refuses a template of another length than the policy says', async () => {
    const policy = host.policy('a', 'wsh(pk(@0/**))', [await ownKey(path)]);
    expect(await host.run(holder, command(2, compactSize(policy.length), policy.with(3, 13)))).toBe('6a80');
  });

  it('refuses sixteen keys', async () => {
    const keys = [
      await ownKey(path),
      ...Array.from({ length: 15 }, (_, i) => HDKey.fromMasterSeed(new Uint8Array(32).fill(9 + i)).publicExtendedKey),
    ];
    const template = `wsh(multi(1,${keys.map((_, i) => `@${i}/**`).join(',')}))`;
    expect(await register('a', template, keys)).toBe('6a82');
    expect(await register('a', template.replace(',@15/**', ''), keys.slice(0, 15))).toBeUndefined();
  });

  it('refuses keys of the other network', async () => {
    const tpub = HDKey.fromMasterSeed(new Uint8Array(32).fill(1), { private: 0x04358394, public: 0x043587cf });
    expect(await register('a', 'wsh(multi(1,@0/**,@1/**))', [await ownKey(path), tpub.publicExtendedKey])).toBe('6a80');
  });

  it('knows no key that only claims to be its own', async () => {
    const claimed = (await ownKey(path)).replace(path, "48'/0'/1'/2'");
    expect(await register('a', 'wsh(pk(@0/**))', [claimed])).toBe('00026a80');
  });
});

describe('addresses', () => {
  const address = (
    policy: Uint8Array,
    seal = zeros,
    display = 0,
    index = 0,
    change = 0,
  ): Promise<string | undefined> => {
    const tail = new DataView(new ArrayBuffer(5));
    tail.setUint8(0, change);
    tail.setUint32(1, index);
    return host.run(holder, command(3, Uint8Array.of(display), sha256(policy), seal, new Uint8Array(tail.buffer)));
  };

  it.each([
    ["44'/0'/100'", 'pkh(@0/**)', /^1/],
    ["49'/0'/0'", 'sh(wpkh(@0/**))', /^3/],
    ["84'/0'/0'", 'wpkh(@0/<0;1>/*)', /^bc1q/],
    ["86'/0'/0'", 'tr(@0/**)', /^bc1p/],
  ])('of %s need no registration', async (path, template, expected) => {
    const policy = host.policy('', template, [await ownKey(path)]);
    expect(textOf(await address(policy))).toMatch(expected);
    expect(textOf(await address(policy, zeros, 0, 50_000, 1))).toMatch(expected);
    expect(await address(policy, zeros, 0, 50_001)).toBe('6a80');
    expect(await address(policy, zeros, 0, 0, 2)).toBe('6a80');
  });

  it.each([
    ['another purpose', "49'/0'/0'", 'wpkh(@0/**)'],
    ['other branches', "84'/0'/0'", 'wpkh(@0/<1;0>/*)'],
    ['a deeper key', "84'/0'/0'/0", 'wpkh(@0/**)'],
    ['a script tree', "86'/0'/0'", 'tr(@0/**,pk(@0/<2;3>/*))'],
    ['a script tree without keys', "86'/0'/0'", 'tr(@0/**,older(5))'],
  ])('of %s do', async (_, path, template) => {
    expect(await address(host.policy('', template, [await ownKey(path)]))).toBe('6a80');
  });

  it('of a policy with a key that it has no use for do', async () => {
    expect(await address(host.policy('', 'wpkh(@0/**)', [await ownKey("84'/0'/0'"), otherKey(1)]))).toBe('6a80');
  });

  it('of a policy with something behind it are refused', async () => {
    const policy = host.policy('', 'wpkh(@0/**)', [await ownKey("84'/0'/0'")]);
    const longer = concatBytes(policy, Uint8Array.of(0));
    host.know(longer);
    expect(await address(longer)).toBe('6a80');
  });

  it('of an account above 100 need it', async () => {
    const key = textOf(await holder.send(xpub(1, "84'/0'/101'")));
    expect(key).toBe('');
    await holder.select('Approve public key');
    const policy = host.policy('', 'wpkh(@0/**)', [`[f5acc2fd/84'/0'/101']${textOf(holder.replies.at(-1))}`]);
    expect(await address(policy)).toBe('6a80');
  });

  it('come with the seal of another policy: b008', async () => {
    const policy = host.policy('', 'wpkh(@0/**)', [await ownKey("84'/0'/0'")]);
    expect(await address(policy, new Uint8Array(32).fill(1))).toBe('b008');
  });
});

describe('the app and its host', () => {
  const asking = (): Promise<string | undefined> =>
    holder.send(command(3, Uint8Array.of(0), zeros, zeros, new Uint8Array(5)));

  it('stays in the middle of a command where the system is asked its name', async () => {
    expect(await asking()).toMatch(/^4000.*e000$/);
    expect(await holder.send('b001000000')).toMatch(/^0107426974636f696e/);
    expect(await holder.send(continued(Uint8Array.of(1, 1, 1)))).toBe('6a80');
  });

  it('loses a command to a malformed one', async () => {
    await asking();
    expect(await holder.send('f80100000500')).toBe('6a87');
    expect(await holder.send('f801000000')).toBe('b007');
  });

  it('takes no command while a person decides, and goes on after', async () => {
    await holder.send(xpub(1, "84'/0'/0'"));
    for (const other of ['e105000100', 'b001000000', 'f801000000', 'e1', 'b0a7000000']) {
      expect(await holder.send(other)).toBe('6901');
    }
    expect(holder.screen).toBe('Confirm public key');
    await holder.select('Approve public key');
    expect(textOf(holder.replies.at(-1))).toMatch(/^xpub/);
    expect(await holder.send('e105000100')).toBe('f5acc2fd9000');
  });

  it('ends, as its process does, after five seconds in which the host says nothing', async () => {
    let crashed = 0;
    holder.device.listen({ reply: () => undefined, unplugged: () => undefined, crashed: () => void crashed++ });
    holder.device.ticker.pause();
    await asking();
    for (let tick = 0; tick < 49; tick++) holder.device.ticker.step();
    expect(crashed).toBe(0);
    holder.device.ticker.step();
    expect(crashed).toBe(1);
  });

  it.each([
    ['lock', { kind: 'lock' }],
    ['wrong-app', { kind: 'wrong-app', name: 'Ethereum' }],
    ['hang', { kind: 'hang', moment: { at: 'now' } }],
    ['slow', { kind: 'slow', ms: 10_000 }],
    ['unplug', { kind: 'unplug', moment: { at: 'now' } }],
  ] as const)('F3: starts afresh where the fault %s kept its host away, so that it can be mended', async (_, fault) => {
    let crashed = 0;
    holder.device.listen({ reply: () => undefined, unplugged: () => undefined, crashed: () => void crashed++ });
    holder.device.ticker.pause();
    await asking();
    holder.device.break(fault);
    for (let tick = 0; tick < 50; tick++) holder.device.ticker.step();
    expect(crashed).toBe(0);
    holder.device.mend();
    expect(await holder.send('f801000000')).toBe('b007');
    expect(await holder.send('e105000100')).toBe('f5acc2fd9000');
  });

  it('never ends while a person takes their time', async () => {
    holder.device.ticker.pause();
    await holder.send(xpub(1, "84'/0'/0'"));
    for (let tick = 0; tick < 500; tick++) holder.device.ticker.step();
    expect(holder.screen).toBe('Confirm public key');
  });

  it('forgets what it was at when it is opened again', async () => {
    await asking();
    holder.device.break({ kind: 'plug' });
    expect(await holder.send('f801000000')).toBe('b007');
    await holder.send(xpub(1, "84'/0'/0'"));
    holder.device.break({ kind: 'plug' });
    expect(await holder.send('e105000100')).toBe('f5acc2fd9000');
  });

  it('has no settings, and says who made it', async () => {
    const screens: string[] = [];
    for (let i = 0; i < 4; i++) {
      screens.push(holder.screen);
      await holder.press('right');
    }
    expect(screens).toEqual(['Bitcoin\napp is ready', 'App info', 'Quit app', 'Quit app']);
    holder.device.buttons.press('left');
  });
});

/** A device, and what its system does for the app. */
function system(): { os: Os; device: Device } {
  const lent: Os[] = [];
  const device = new Device({
    model: 'nanosp',
    apps: [
      (os) => {
        lent.push(os);
        return new BitcoinApp(os, mainnet);
      },
    ],
  });
  const [os] = lent;
  if (os === undefined) throw new Error('no app was made');
  return { os, device };
}

describe('S6, F3: faults reach the Bitcoin app’s signatures', () => {
  const message = new TextEncoder().encode('hello custody');
  const signed = async (): Promise<string | undefined> => {
    await host.run(holder, command(16, pathBytes("84'/0'/0'/0/0"), compactSize(message.length), host.tree([message])));
    await holder.select('Sign message');
    await holder.press('both');
    return holder.replies.at(-1);
  };
  const right =
    '20337b7571f5d18638c4d2c7f202f1e9e8c1835a2df70dd9713ea256767955096a61429f79771dcbdd3b90731d9e1b337cebd2b7d6ef8fbc625db9dafd60f0948a9000';

  it.each([
    ['a wrong key', { kind: 'wrong-signature' } as const, 67],
    ['a high s', { kind: 'high-s' } as const, 67],
    ['a short answer', { kind: 'corrupt', form: 'short' } as const, 66],
    ['a bare answer', { kind: 'corrupt', form: 'bare' } as const, 2],
  ])('%s', async (_, fault, length) => {
    expect(await signed()).toBe(right);
    holder.device.break(fault);
    const answer = await signed();
    expect(answer).toHaveLength(2 * length);
    expect(answer).not.toBe(right);
  });

  it('another seed has another fingerprint, other keys and other seals', async () => {
    holder.device.break({ kind: 'seed', seed: `${'abandon '.repeat(11)}about` });
    // BIP-39's first English test vector, without a passphrase.
    expect(await holder.send('e105000100')).toBe('73c5da0a9000');
  });

  it('a refusal by itself answers 6985', async () => {
    holder.device.break({ kind: 'refuse' });
    expect(await holder.send(xpub(1, "84'/0'/0'"))).toBe('6985');
  });

  it('taproot signatures are of the tweaked key, or of the sibling’s where the fault says so', () => {
    const path = [86 + hardened, hardened, hardened, 0, 0];
    const digest = sha256(message);
    const { os, device } = system();
    const internal = os.publicKey(path).point.slice(1, 33);
    const sign = () => os.signSchnorr(path, digest, tapTweak(internal));
    expect(schnorr.verify(sign(), digest, outputKey(internal))).toBe(true);
    expect(sign()).not.toEqual(sign());
    expect(schnorr.verify(os.signSchnorr(path, digest), digest, internal)).toBe(true);
    device.break({ kind: 'wrong-signature' });
    expect(schnorr.verify(sign(), digest, outputKey(internal))).toBe(false);
  });

  it('a short answer is short of a taproot signature too', () => {
    const faults = new Faults();
    faults.add({ kind: 'corrupt', form: 'short' });
    expect(corrupt(new Uint8Array(64), faults)).toHaveLength(63);
    expect(corrupt(new Uint8Array(72), faults)).toHaveLength(64);
  });

  it('taproot signatures verify whatever the parity of the key’s point', () => {
    const digest = sha256(message);
    const { os } = system();
    for (let i = 0; i < 8; i++) {
      const path = [86 + hardened, hardened, hardened, 0, i];
      const internal = os.publicKey(path).point.slice(1, 33);
      const signature = os.signSchnorr(path, digest, tapTweak(internal));
      expect(schnorr.verify(signature, digest, outputKey(internal))).toBe(true);
    }
  });
});

it('a command’s data is what its instruction says: too little is 6a87', async () => {
  for (const [instruction, data] of [
    [0, '00'],
    [2, ''],
    [3, concatBytes(Uint8Array.of(0), zeros, zeros)],
    [16, '00'],
  ] as const) {
    expect(await holder.send(command(instruction, typeof data === 'string' ? hexToBytes(data) : data))).toBe('6a87');
  }
});
