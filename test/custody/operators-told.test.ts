import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leaves } from '../attacks/attempt.ts';
import { findings, tamper } from './audit-station.ts';
import { TestStation, walletId } from './station.ts';

/** The whole database says of itself what the journal says. */
async function expectClean(station: TestStation): Promise<void> {
  await station.stop();
  expect(findings(station.file, { stateKey: station.stateKey })).toEqual([]);
  station.start();
}

// S5, S11: what one of them does alone and at once, and what the station does by itself, the other operators hear of.

describe('operators are told', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open({ operators: {} });
  });
  afterEach(() => station.close());

  const told = (kind: string) => station.custody.notices.waiting(-1, 100).filter((notice) => notice.kind === kind);
  const leafOf = (kind: string) => leaves(station).findLast((leaf) => leaf.kind === kind);

  it('S5: of a freeze by one of them: what, who and why', async () => {
    await station.operators.sign('olivia', 'freeze', `wallet:${walletId}`, 'drill');
    const [notice, ...more] = told('frozen');
    expect(more).toEqual([]);
    expect(notice).toMatchObject({ account: null, subject: `wallet:${walletId}` });
    expect(notice?.text).toBe(`Operator olivia froze wallet:${walletId}: drill. A quorum can thaw it.`);
    expect(leafOf('frozen')?.fields['notice']).toBe(notice?.id);
    await expectClean(station);
  });

  it('S5: of a person’s freeze the log has no more than a commitment, also with the notice', async () => {
    await station.operators.sign('olivia', 'freeze', 'account:alice', 'drill');
    expect(told('frozen')).toMatchObject([{ account: null, subject: 'account:alice' }]);
    expect(JSON.stringify(leafOf('frozen'))).not.toContain('alice');
    await expectClean(station);
  });

  it('S11: of a suspension: who, by whom and why', async () => {
    await station.operators.sign('olivia', 'operators', 'suspend:omar', 'lost the key');
    const [notice, ...more] = told('operator-suspended');
    expect(more).toEqual([]);
    expect(notice).toMatchObject({ account: null, subject: 'omar' });
    expect(notice?.text).toMatch(/^Operator omar was suspended by olivia: lost the key\./);
    expect(leafOf('operator-suspended')?.fields['notice']).toBe(notice?.id);
    await expectClean(station);
  });

  it('S7: of a wallet that froze because its device answered with a wrong signature', async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    station.signer.behaviour = () => ({ kind: 'signed', signature: new Uint8Array(64) });
    const { id } = await station.sign(['w-1']);
    await station.settle();
    const [notice, ...more] = told('frozen');
    expect(more).toEqual([]);
    expect(notice).toMatchObject({ account: null, subject: `wallet:${walletId}` });
    expect(notice?.text).toContain(id);
    expect(leafOf('frozen')?.fields['notice']).toBe(notice?.id);
    await expectClean(station);
  });

  it('D4: of a row that another hand wrote: the table, not whose row it is', async () => {
    const alice = await station.ripeCustomer('alice');
    await station.stop();
    tamper(station.file, "UPDATE destinations SET label = 'x'");
    station.start();
    await expect(alice.authorize('w-1')).rejects.toMatchObject({ reason: 'fact-tampered' });
    await station.settle();
    const [notice, ...more] = told('frozen');
    expect(more).toEqual([]);
    expect(notice).toMatchObject({ account: null, subject: 'station' });
    expect(notice?.text).toContain('table destinations');
    expect(notice?.text).not.toContain('alice');
    expect(leafOf('frozen')?.fields['notice']).toBe(notice?.id);
  });
});
