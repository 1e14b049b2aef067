import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { foundingPolicy } from '../../src/cli/founding-policy.ts';
import { day, parseAccountId } from '../../src/domain/index.ts';
import { parsePolicy } from '../../src/gate/policy.ts';
import { Customer, chain, ether, mallorysAddress, TestStation } from '../custody/station.ts';
import { leaves, refused, setWall } from './attempt.ts';
import { destinationIntent, deviceOf, furtherFactor, prepareFactor } from './people.ts';

describe('A10: accounts that are nobody’s', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open();
  });
  afterEach(() => station.close());

  const ghost = parseAccountId('ghost', 'account');
  const enrol = async (account: string, name: string, jws: string | undefined) => {
    const prepared = await prepareFactor(station, parseAccountId(account, 'account'), deviceOf(name), undefined);
    return () =>
      station.custody.factors.add({
        intent: prepared.intent.bytes,
        registration: prepared.registration,
        approval: jws === undefined ? undefined : { kind: 'voucher', jws },
      });
  };
  const voucherFor = async (account: string, name: string, claims: Record<string, unknown> = {}): Promise<string> => {
    const prepared = await prepareFactor(station, parseAccountId(account, 'account'), deviceOf(name), undefined);
    const { credential, key } = prepared;
    return station.voucher({ account, credential, key, station: prepared.station }, claims);
  };

  it('A10: an invented account enrols no key without a voucher', async () => {
    await refused(station, await enrol('ghost', 'ghost', undefined), 'voucher-missing', 'factor');
  });

  it('A10: nor with a voucher that was given for a customer', async () => {
    await refused(
      station,
      await enrol('ghost', 'ghost', await voucherFor('bob', 'ghost')),
      'voucher-invalid',
      'factor',
    );
  });

  it('A10: one voucher admits one factor, however often its number is used', async () => {
    const first = await enrol('bob', 'bob', await voucherFor('bob', 'bob', { jti: 'one-number-for-two' }));
    await first();
    await refused(
      station,
      await enrol('ghost', 'ghost', await voucherFor('ghost', 'ghost', { jti: 'one-number-for-two' })),
      'voucher-spent',
      'factor',
    );
    await station.restart();
    await refused(
      station,
      await enrol('ghost', 'ghost', await voucherFor('ghost', 'ghost', { jti: 'one-number-for-two' })),
      'voucher-spent',
      'factor',
    );
  });

  it('A10: an account that never enrolled withdraws nothing and lists nothing', async () => {
    const device = deviceOf('ghost');
    const { credential } = await prepareFactor(station, ghost, device, undefined);
    const nobody = new Customer(station, 'ghost', device, credential);
    const intent = await destinationIntent(nobody, 'entry-1');
    const list = () =>
      station.custody.destinations.add({ intent: intent.bytes, attestations: [nobody.attest(intent.digest)] });
    await refused(station, list, 'factor-unknown', 'destination');
    await refused(station, () => nobody.authorize('w-1'), 'destination-unlisted', 'withdrawal');
  });

  it('A10: an account emptied by revocation is not a new one: it only recovers', async () => {
    const bob = await station.enrol('bob');
    await station.custody.factors.revoke(bob.credential);
    const jws = await voucherFor('bob', 'thief');
    await refused(station, await enrol('bob', 'thief', jws), 'frozen', 'factor');
    await station.custody.operators.thaw('account:bob', 'ops-1', 'a test');
    await refused(station, await enrol('bob', 'thief', jws), 'voucher-not-first', 'factor');
    await station.restart();
    await refused(station, await enrol('bob', 'thief', jws), 'voucher-not-first', 'factor');
  });

  it('A10: the removal of the last factor that lives freezes the account, with who and why; not of one among several', async () => {
    const bob = await station.enrol('bob');
    station.passDay();
    const second = await furtherFactor(bob, deviceOf('bob 2'));
    station.passDay();
    const size = station.custody.journal.size();
    await station.custody.factors.revoke(bob.credential);
    expect(station.store.read('freezes', 'account:bob')).toBeUndefined();
    await station.custody.factors.revoke(second.credential);
    const freeze = { active: true, who: 'station', why: 'its last factor was revoked' };
    expect(station.store.read('freezes', 'account:bob')).toMatchObject(freeze);
    expect(leaves(station, size).map((leaf) => leaf.kind)).toEqual(['factor-revoked', 'factor-revoked', 'frozen']);
    // Once is enough: a thaw is not undone by asking again.
    await station.custody.operators.thaw('account:bob', 'ops-1', 'a test');
    await station.custody.factors.revoke(second.credential);
    expect(station.store.read('freezes', 'account:bob')?.active).toBe(false);
  });

  it('A10: nor does a revoked credential come back, for its account or for another', async () => {
    const device = deviceOf('bob');
    const bob = await station.enrol('bob', device);
    await station.custody.factors.revoke(bob.credential);
    const prepared = await prepareFactor(station, ghost, deviceOf('bob'), undefined);
    expect(prepared.credential).toBe(bob.credential);
    const { credential, key } = prepared;
    const jws = await station.voucher({ account: 'ghost', credential, key, station: prepared.station });
    const again = () =>
      station.custody.factors.add({
        intent: prepared.intent.bytes,
        registration: prepared.registration,
        approval: { kind: 'voucher', jws },
      });
    await refused(station, again, 'factor-exists', 'factor');
  });

  it('A10: two first factors in one turn: one is the first', async () => {
    const one = await enrol('bob', 'bob', await voucherFor('bob', 'bob'));
    const two = await enrol('bob', 'thief', await voucherFor('bob', 'thief'));
    const outcomes = await Promise.allSettled([one(), two()]);
    // Either may be verified before the other.
    expect(outcomes.map((o) => o.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(leaves(station).filter((leaf) => leaf.kind === 'factor-added')).toHaveLength(1);
    expect(leaves(station).at(-1)).toMatchObject({ kind: 'refused', fields: { reason: 'voucher-not-first' } });
  });
});

describe('A10: accounts that were just made', () => {
  let station: TestStation;
  afterEach(() => station.close());

  const one = 10n ** 18n;
  const open = async (): Promise<void> => {
    station = await TestStation.open({
      policy: (document) =>
        `${document}young: { destination: 24h, account: 720h }
limits:
  - { scope: wallet, window: week, asset: '${ether}', most: '${2n * one}', young: account }
`,
    });
  };
  const to = (address: string) => address.slice(address.lastIndexOf(':') + 1) as `0x${string}`;

  it('A10: young accounts share one outflow limit a wallet, however many there are; the others keep theirs', async () => {
    await open();
    const old = await station.ripeCustomer('old');
    station.time.pass(30 * day);
    const ghosts: Customer[] = [];
    for (let i = 1; i <= 3; i++) ghosts.push(await station.enrol(`ghost-${i}`));
    station.passDay();
    for (const [i, ghost_] of ghosts.entries()) await ghost_.list(`entry-${i}`, mallorysAddress);
    await station.deliver();
    station.passDay();
    for (const [i, ghost_] of ghosts.entries()) await ghost_.authorize(`w-${i}`, { destination: mallorysAddress });
    const pay = (i: number) => station.sign([`w-${i}`], station.payment({ nonce: i, to: to(mallorysAddress) }));
    await pay(0);
    await pay(1);
    const refusal = await refused(station, () => pay(2), 'limit-exceeded', 'transaction');
    expect(refusal.details).toMatchObject({ scope: 'wallet', window: 'week', used: String(2n * one) });
    await station.restart();
    await refused(station, () => pay(2), 'limit-exceeded', 'transaction');
    await old.authorize('w-old', { amount: 50n * one });
    expect((await station.sign(['w-old'], station.payment({ nonce: 2, value: 50n * one }))).id).toMatch(
      /^[0-9a-f]{64}$/,
    );
  });

  it('A10: five hundred ghosts together get out no more than the limit of the founding policy', {
    timeout: 120_000,
  }, async () => {
    const founding = parse(
      foundingPolicy('station.example').replaceAll('eip155:11155111', chain).replace('made-by-init', 'ab'.repeat(32)),
    );
    const [limit, ...others] = parsePolicy(founding).limits;
    expect(others).toEqual([]);
    expect(limit).toMatchObject({ scope: 'wallet', window: 'week', young: 'account', asset: ether, action: 'refuse' });
    station = await TestStation.open({
      policy: (d) => `${d}young: ${JSON.stringify(founding.young)}\nlimits: ${JSON.stringify(founding.limits)}\n`,
    });
    const ghosts: Customer[] = [];
    for (let i = 0; i < 500; i++) ghosts.push(await station.enrol(`ghost-${i}`));
    station.passDay();
    for (const [i, ghost_] of ghosts.entries()) await ghost_.list(`entry-${i}`, mallorysAddress);
    while (station.custody.notices.waiting(-1, 1).length > 0) await station.deliver();
    station.passDay();
    let paid = 0n;
    for (const [i, ghost_] of ghosts.entries()) {
      await ghost_.authorize(`w-${i}`, { destination: mallorysAddress });
      const signing = station.sign([`w-${i}`], station.payment({ nonce: Number(paid / one), to: to(mallorysAddress) }));
      const signed = await signing.catch((error: unknown) => error);
      if (signed instanceof Error) expect(signed).toMatchObject({ reason: 'limit-exceeded' });
      else paid += one;
    }
    expect(paid).toBe(limit?.most);
  });

  it('A10: an account is no older for its further factors, nor for waiting on a stopped station', async () => {
    await open();
    const ghost_ = await station.ripeCustomer('ghost');
    await furtherFactor(ghost_, deviceOf('ghost-2'));
    await station.stop();
    // A machine that was off: witnessed time grows by ten minutes a day at most (I6).
    setWall(station, 60 * day);
    station.time.mono = 0;
    station.time.bootId = 'another';
    station.start();
    const { account } = ghost_;
    const { since } = station.store.read('accounts', account) ?? { since: 0 };
    expect(station.store.look({}).w - since).toBeLessThan(4 * day);
  });
});
