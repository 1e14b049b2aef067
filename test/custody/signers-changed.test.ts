import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TransactionId, TransactionRecord } from '../../src/domain/index.ts';
import { BitcoinStation, bitcoin, coin, FakeBitcoinSigner, payees, to } from './bitcoin-station.ts';

const away = { ready: false, reason: 'device-missing', message: 'a test' } as const;

describe('a policy that gives a key of several to another signer', () => {
  let of: BitcoinStation;
  const [first, second, third, fourth] = [
    new FakeBitcoinSigner(),
    new FakeBitcoinSigner('fake-2'),
    new FakeBitcoinSigner('fake-3'),
    new FakeBitcoinSigner('fake-4'),
  ];
  beforeEach(async () => {
    for (const signer of [first, second, third, fourth]) {
      signer.seen.length = 0;
      signer.readiness = { ready: true, device: 'fake' };
      signer.behaviour = (_permit, signed) => signed;
    }
    of = await BitcoinStation.open({ operators: {}, signer: first, otherSigners: [second, third, fourth] });
    const [alice] = await of.customers({ alice: payees.wpkh });
    await alice?.authorize('w-1', { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 10_000n });
  });
  afterEach(() => of.close());

  const pay = async (): Promise<TransactionId> => {
    const outputs = [to(payees.wpkh, 50_000n), { index: 0, amount: 99_945_000n }];
    return (await of.pay(['w-1'], { coins: [coin(0)], outputs }, { wallet: 'btc-multi' })).id;
  };
  const settled = (id: TransactionId): Promise<TransactionRecord> => of.settled({ id });
  const reassign = async (to_: string): Promise<void> => {
    const text = of.station.document((d) => d.replace('[fake, fake-2, fake-3]', to_));
    expect(text).toContain(to_);
    await of.station.operators.act(['olivia', 'omar'], 'policy', 'document', text);
    await of.station.operators.ripen();
    await of.station.settle();
  };
  const frozen = () => of.station.custody.operators.station().freezes.map(({ scope }) => scope);

  it('I9: leaves what the former one signed aside: it is nobody’s wrong signature', async () => {
    second.readiness = away;
    third.readiness = away;
    const id = await pay();
    expect(await settled(id)).toMatchObject({ state: 'PERMITTED', signedBy: ['fake'] });
    await reassign('[fake-4, fake-2, fake-3]');
    second.readiness = { ready: true, device: 'fake' };
    second.changed();
    const record = await settled(id);
    expect(frozen()).toEqual([]);
    expect(record.state).toBe('SIGNED');
    expect([...record.signedBy].sort()).toHaveLength(2);
    expect(record.signedBy).not.toContain('fake');
  });

  it('S7: while the former one has it, does not take its answer for a wrong signature', async () => {
    let answer = (): void => undefined;
    second.readiness = away;
    third.readiness = away;
    first.behaviour = (_permit, signed) => new Promise((resolve) => (answer = () => resolve(signed)));
    const id = await pay();
    while (first.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const text = of.station.document((d) => d.replace('[fake, fake-2, fake-3]', '[fake-4, fake-2, fake-3]'));
    await of.station.operators.act(['olivia', 'omar'], 'policy', 'document', text);
    await of.station.deliver();
    of.station.passDay();
    await of.station.running.timekeeper.tick();
    answer();
    const record = await settled(id);
    expect(frozen()).toEqual([]);
    expect(record.state).not.toBe('SENT');
  });
});
