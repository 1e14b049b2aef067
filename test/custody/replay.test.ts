import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AccountId, day, hour, type WithdrawalId } from '../../src/domain/index.ts';
import { ether, TestStation } from './station.ts';

let station: TestStation;

beforeEach(async () => {
  station = await TestStation.open({ operators: {} });
});
afterEach(() => station.close());

const replay = (change: (d: string) => string, back = 30 * day) =>
  station.custody.operators.replay(new TextEncoder().encode(station.document(change)), back);
const band = (d: string) => `${d}bands: [{ asset: '${ether}', above: '1500000000000000000', operators: 2 }]\n`;

describe('a policy that is replayed', () => {
  it('says which recorded withdrawals would end otherwise, and by which rule', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    await alice.authorize('w-2', { amount: 2n * 10n ** 18n });
    expect(await replay((d) => d)).toMatchObject({ decided: 2, changed: 0, cut: false, examples: [] });
    const { changed, byRule, examples } = await replay(band);
    expect(changed).toBe(1);
    expect([...byRule]).toEqual([[`band-${ether}-1500000000000000000`, 1]]);
    expect(examples).toMatchObject([{ withdrawal: 'w-2', was: 'approved', will: 'held' }]);
  });

  it('counts towards limits what it replays, in the order in which it was', async () => {
    const alice = await station.ripeCustomer('alice');
    for (const id of ['w-1', 'w-2', 'w-3']) {
      await alice.authorize(id);
      station.time.pass(hour);
    }
    const { examples } = await replay(
      (d) => `${d}limits: [{ scope: account, window: day, asset: '${ether}', most: '2000000000000000000' }]\n`,
    );
    expect(examples.map((e) => [e.withdrawal, e.will])).toEqual([['w-3', 'refused']]);
  });

  it('takes things as they were: what was revoked since then, an expired intent, a freeze change nothing', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    await station.custody.factors.revoke(alice.credential);
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    station.time.pass(2 * day);
    expect(await replay((d) => d)).toMatchObject({ decided: 1, changed: 0 });
    expect((await replay((d) => d.replace('destination: 24h', 'destination: 96h'))).examples).toMatchObject([
      { withdrawal: 'w-1', was: 'approved', will: 'refused', rule: 'destination-ripe' },
    ]);
  });

  it('goes no further back than it is told, and changes nothing', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    station.time.pass(3 * day);
    const before = station.custody.journal.size();
    expect((await replay((d) => d, 2 * day)).decided).toBe(0);
    expect((await replay((d) => d, 4 * day)).decided).toBe(1);
    expect(station.custody.journal.size()).toBe(before);
  });

  it('decides in slices: many are replayed whole, each once, while others are asked in between', async () => {
    const alice = await station.ripeCustomer('alice');
    for (let i = 0; i < 120; i++) {
      const { intent } = await alice.prepare(`w-${i}`, { amount: BigInt(i + 1) });
      await station.custody.withdrawals.authorize({
        intent: intent.bytes,
        attestations: [alice.attest(intent.digest)],
      });
      if (i % 10 === 9)
        for (let k = i - 9; k <= i; k++) await station.custody.withdrawals.cancel(`w-${k}` as WithdrawalId);
    }
    const asked = replay((d) => d.replace("max_payment: '100000000000000000000'", "max_payment: '60'"));
    expect(station.custody.factors.list('alice' as AccountId)).toHaveLength(1);
    expect(await asked).toMatchObject({ decided: 120, changed: 60 });
    expect((await asked).examples).toHaveLength(20);
  });

  it('says what it cannot know', async () => {
    expect((await replay((d) => d)).unknowns.join(' ')).toMatch(/refused.*assertions.*prices/s);
  });
});
