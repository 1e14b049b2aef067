import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { audit } from '../../src/custody/audit/audit.ts';
import { policyHash } from '../../src/custody/founding.ts';
import { type Digest, encodePrices } from '../../src/domain/index.ts';
import { findings, tamper } from './audit-station.ts';
import { alicesAddress, chain, ether, mallorysAddress, TestStation, tokenAsset, walletId } from './station.ts';

const otherKey = '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5';
const otherWallet = (id: string, key = otherKey, address = addressOfKey(key)): string =>
  `  - { id: ${id}, chain: '${chain}', signer: fake, path: "m/44'/60'/0'/0/1", address: '${chain}:${address}', public_key: '${key}', first_nonce: '0' }\nnonce_window`;

let station: TestStation;

beforeEach(async () => {
  station = await TestStation.open({ operators: {} });
});
afterEach(() => station.close());

const inForce = (): Digest => station.store.look({}).station.policy;
const tighter = (d: string): string => d.replace('nonce_window: 4', 'nonce_window: 3');
const looser = (d: string): string => d.replace('nonce_window: 4', 'nonce_window: 9');
const propose = (text: string, names = ['olivia', 'omar']) => station.operators.act(names, 'policy', 'document', text);

describe('a policy that operators change', () => {
  it('I3: takes effect with its quorum where it only tightens, with a leaf, its document kept', async () => {
    const text = station.document(tighter);
    const one = await station.operators.sign('olivia', 'policy', 'document', text);
    expect(one.act.state).toBe('OPEN');
    expect(inForce()).toBe(station.policyHash);
    const both = await station.operators.sign('omar', 'policy', 'document', text);
    expect(both.act.state).toBe('DONE');
    expect(inForce()).toBe(policyHash(text));
    expect(station.store.policy(inForce())).toBe(text);
    expect(station.custody.operators.station().policy).toBe(policyHash(text));
    const size = station.custody.journal.size();
    const leaves = station.custody.journal
      .entries(0, size)
      .map(({ leaf }) => JSON.parse(new TextDecoder().decode(leaf)));
    expect(leaves.filter((leaf) => leaf.kind === 'policy-in-force').at(-1)).toMatchObject({
      policy: policyHash(text),
      replaces: station.policyHash,
      act: both.act.id,
    });
  });

  it('S4: a former policy that is taken out of the database is missed: receipts and wallets’ former ids rest on it', async () => {
    await propose(station.document(tighter));
    await station.stop();
    expect(findings(station.file, { stateKey: station.stateKey })).toEqual([]);
    tamper(station.file, `DELETE FROM policies WHERE hash = '${station.policyHash}'`);
    expect(findings(station.file, { stateKey: station.stateKey })).toEqual([
      `policy-missing policy ${station.policyHash}`,
    ]);
    station.start();
  });

  it('I3: ripens where anything in it loosens, and binds decisions only then', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    const far = station.payment({ nonce: 6 });
    await propose(station.document(looser));
    await expect(station.sign(['w-1'], far)).rejects.toMatchObject({ reason: 'nonce-out-of-window' });
    await station.operators.ripen();
    expect(inForce()).toBe(policyHash(station.document(looser)));
    await alice.authorize('w-2');
    expect(await station.sign(['w-2'], far)).toMatchObject({ anchor: 'nonce:6' });
  });

  it('is in force after a restart, too', async () => {
    const alice = await station.ripeCustomer('alice');
    await propose(station.document((d) => d.replace("max_payment: '100000000000000000000'", "max_payment: '1'")));
    await station.restart();
    await expect(alice.authorize('w-1')).rejects.toMatchObject({ reason: 'amount-above-ceiling' });
  });

  it('D6: waits out the longer of the old delay and the new one', async () => {
    const longer = (d: string) => looser(d).replace('delays: { policy: 24h', 'delays: { policy: 72h');
    const prepared = await station.operators.prepare('policy', 'document', station.document(longer));
    expect(prepared.delay).toBe(72 * 3_600_000);
    const shorter = (d: string) => looser(d).replace('delays: { policy: 24h', 'delays: { policy: 1h');
    expect((await station.operators.prepare('policy', 'document', station.document(shorter))).delay).toBe(
      24 * 3_600_000,
    );
  });

  it('says what is different, what follows, and what a replay shows, before anyone signs', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    const small = (d: string) => looser(d).replace("max_payment: '100000000000000000000'", "max_payment: '5'");
    const { details, description } = await station.operators.prepare('policy', 'document', station.document(small));
    expect(description).toContain('2 change(s), of which these loosen: nonce_window');
    expect(details).toEqual(
      expect.arrayContaining([
        'looser: nonce_window: 4 -> 9',
        expect.stringMatching(/^tighter: assets\[.*\]\.max_payment: /),
        'Something loosens: once it has its quorum and its notice was delivered, it ripens for 24 hours.',
        'Replay of 1 recorded withdrawal(s): 1 would end otherwise.',
        '  amount-within-ceiling: 1',
      ]),
    );
  });

  it('is read as strictly as at a start', async () => {
    const refused = async (change: (d: string) => string) => {
      const failure = await station.operators
        .prepare('policy', 'document', station.document(change))
        .catch((e: unknown) => e);
      return failure instanceof Error ? failure.message : 'prepared';
    };
    expect(await refused((d) => `${d}unknown: 1\n`)).toContain('policy.unknown');
    expect(await refused((d) => d.replace(/address: '[^']*19E7[^']*'/, `address: '${alicesAddress}'`))).toContain(
      'hot-1',
    );
    expect(await refused((d) => d.replace(/key: [A-Za-z0-9_-]{60,}/, `key: ${'A'.repeat(80)}`))).toContain(
      'policy.operators',
    );
    expect(await refused((d) => `${d}denied: ['${mallorysAddress.toLowerCase()}']\n`)).toContain('policy.denied');
    const main = (d: string) =>
      d.replace(
        'assets:\n',
        "  - { chain: 'eip155:1', max_fee: '1', max_fee_per_gas: '1', access_list_entries: 0 }\nassets:\n",
      );
    expect(await refused(main)).toContain('policy.chains');
  });

  it('is refused once it is in force, and by one operator while it ripens', async () => {
    await propose(station.document(tighter));
    await expect(
      station.operators.sign('olivia', 'policy', 'document', station.document(tighter)),
    ).resolves.toMatchObject({ act: { state: 'OPEN' } });
    const act = await propose(station.document(looser));
    await station.operators.sign('oscar', 'refuse', `act:${act.act.id}`);
    await station.operators.ripen();
    expect(station.custody.acts.get(act.act.id).act.state).toBe('REFUSED');
    expect(inForce()).toBe(policyHash(station.document(tighter)));
  });

  it('I3: a loosening one waits while the station is frozen; a tightening one does not', async () => {
    await propose(station.document(looser));
    await station.operators.sign('oscar', 'freeze', 'station', 'something is wrong');
    await station.operators.ripen();
    expect(inForce()).toBe(station.policyHash);
    await propose(station.document(tighter));
    expect(inForce()).toBe(policyHash(station.document(tighter)));
  });
});

describe('the recovery quorum', () => {
  const replaced = (d: string): string => d.replace('name: olivia', 'name: otto');

  it('S11: may name other people, after the delay', async () => {
    const act = await propose(station.document(replaced), ['rita', 'rolf']);
    expect(act.act.state).toBe('ANNOUNCING');
    await station.operators.ripen();
    expect(inForce()).toBe(policyHash(station.document(replaced)));
  });

  it('S11: loosens nothing else', async () => {
    await expect(
      propose(
        station.document((d) => looser(replaced(d))),
        ['rita', 'rolf'],
      ),
    ).rejects.toMatchObject({
      reason: 'operator-unknown',
    });
  });
});

describe('the wallets of another policy', () => {
  const without = (d: string): string => d.replace(/wallets:\n.*\n/, 'wallets: []\n');
  const otherPath = (d: string): string => d.replace("m/44'/60'/0'/0/0", "m/44'/60'/0'/0/7");

  it('are shown with their signer, and go again', async () => {
    await propose(station.document((d) => d.replace('nonce_window', otherWallet('hot-2'))));
    await station.operators.ripen();
    expect(station.custody.operators.station().wallets.map((w) => [w.id, w.readiness.ready])).toEqual([
      [walletId, true],
      ['hot-2', true],
    ]);
    await propose(station.document());
    expect(station.custody.operators.station().wallets.map((w) => w.id)).toEqual([walletId]);
  });

  it('say it where no signer has their key', async () => {
    await propose(
      station.document((d) => d.replace('nonce_window', otherWallet('hot-2').replace('signer: fake', 'signer: gone'))),
    );
    await station.operators.ripen();
    const wallet = station.custody.operators.station().wallets.find((w) => w.id === 'hot-2');
    expect(wallet?.readiness).toEqual({
      ready: false,
      reason: 'device-missing',
      message: 'the config names no signer gone',
    });
  });

  it('I4: none goes while its transactions are not finished, and the refusal names them', async () => {
    const alice = await station.ripeCustomer('alice');
    station.signer.readiness = { ready: false, reason: 'device-locked', message: 'locked' };
    await alice.authorize('w-1');
    const { id } = await station.sign(['w-1']);
    await expect(propose(station.document(without))).rejects.toMatchObject({
      reason: 'policy-strands-transactions',
      message: expect.stringContaining(id),
    });
  });

  it('E7: an id that made transactions keeps its key, and the key its id, also after it was gone', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    const renamed = (d: string): string => d.replace('id: hot-1', 'id: hot-9');
    for (const change of [otherPath, renamed])
      await expect(propose(station.document(change))).rejects.toMatchObject({ reason: 'wallet-id-taken' });
    await propose(station.document(without));
    expect(inForce()).toBe(policyHash(station.document(without)));
    for (const change of [otherPath, renamed])
      await expect(propose(station.document(change))).rejects.toMatchObject({ reason: 'wallet-id-taken' });
    await propose(station.document());
    await station.operators.ripen();
    expect(inForce()).toBe(station.policyHash);
  });

  it('E7: a key that moves to a token, and from one to another, keeps its wallet: its nonces have the same owner', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    for (const key of ['0a', '0b']) {
      const moved = station.document((d) => d.replace(/^( {2}- \{ id: hot-1,.*) path: "[^"]*"/m, `$1 key: '${key}'`));
      expect((await propose(moved)).act.state).toBe('ANNOUNCING');
      await station.operators.ripen();
      expect(inForce()).toBe(policyHash(moved));
    }
  });

  it('E7: one that made none may become another', async () => {
    await propose(station.document(otherPath));
    await station.operators.ripen();
    expect(inForce()).toBe(policyHash(station.document(otherPath)));
  });

  it('I4: what was begun between signing and ripening strands nothing either: the act lapses', async () => {
    const alice = await station.ripeCustomer('alice');
    const act = await propose(station.document((d) => looser(without(d))));
    station.signer.readiness = { ready: false, reason: 'device-locked', message: 'locked' };
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.operators.ripen();
    expect(station.custody.acts.get(act.act.id).act.state).toBe('LAPSED');
    expect(inForce()).toBe(station.policyHash);
  });
});

describe('prices that operators set', () => {
  const document = encodePrices({ currency: 'USD', decimals: 2, prices: { [ether]: '300025' } });

  it('S3: take effect with the quorum, and count from then', async () => {
    const { description } = await station.operators.prepare('policy', 'prices', document);
    expect(description).toBe(`Set the prices of 1 asset(s) in USD: ${ether} at 3000.25`);
    await station.operators.sign('olivia', 'policy', 'prices', document);
    expect(station.store.read('prices', 'prices')).toBeUndefined();
    const { act } = await station.operators.sign('omar', 'policy', 'prices', document);
    expect(act.state).toBe('DONE');
    expect(station.store.read('prices', 'prices')).toMatchObject({ act: act.id, since: station.store.look({}).w });
    expect(station.store.read('prices', 'prices')?.document).toEqual(document);
  });

  it('S4: leave, as policies do, a journal and rows that verify finds in order', async () => {
    await station.operators.act(['olivia', 'omar'], 'policy', 'prices', document);
    await propose(station.document(tighter));
    const found: unknown[] = [];
    audit({ file: station.file, stateKey: station.stateKey, logKey: station.verifierKey }, (f) => found.push(f));
    expect(found).toEqual([]);
  });

  it('S4: verify finds prices that went, that were put back, and that another hand wrote', async () => {
    const found = (): string[] => {
      const told: string[] = [];
      audit({ file: station.file }, ({ tag, where }) => told.push(`${tag} ${where}`));
      return told;
    };
    const low = encodePrices({ currency: 'USD', decimals: 2, prices: { [ether]: '1' } });
    await station.operators.act(['olivia', 'omar'], 'policy', 'prices', low);
    const before = station.db.prepare('SELECT * FROM prices').get() as Record<string, unknown>;
    await station.operators.act(['olivia', 'omar'], 'policy', 'prices', document);
    expect(found()).toEqual([]);
    const set = station.db.prepare('UPDATE prices SET document = ?, act = ?, since = ?, mac = ?');
    set.run(before['document'], before['act'], before['since'], before['mac']);
    expect(found()).toEqual(['row-older prices prices']);
    const now = station.custody.acts.list({ unsettled: false, limit: 1 })[0]?.act.id;
    set.run(before['document'], now, before['since'], before['mac']);
    expect(found()).toEqual(['row-contradicts prices prices']);
    station.db.prepare('DELETE FROM prices').run();
    expect(found()).toEqual(['row-missing prices prices']);
  });

  it('are read strictly', async () => {
    await expect(station.operators.prepare('policy', 'prices', '{"type":"x"}')).rejects.toThrow('payload');
  });

  it('D7: prices that no limit would look at are refused: another currency, an asset in another spelling', async () => {
    await propose(station.document((d) => `${d}reference: { currency: USD, decimals: 2, prices_last: 24h }\n`));
    for (const wrong of [
      { currency: 'EUR', decimals: 2, prices: { [ether]: '300025' } },
      { currency: 'USD', decimals: 3, prices: { [ether]: '300025' } },
      { currency: 'USD', decimals: 2, prices: { [tokenAsset.toLowerCase()]: '1' } },
    ]) {
      await expect(station.operators.prepare('policy', 'prices', encodePrices(wrong))).rejects.toThrow('payload');
    }
    const right = encodePrices({ currency: 'USD', decimals: 2, prices: { [tokenAsset]: '1' } });
    await expect(station.operators.prepare('policy', 'prices', right)).resolves.toBeDefined();
  });
});
