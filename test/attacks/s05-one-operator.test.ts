import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeSignatures, encodeSignatures } from '../../src/custody/acts/signatures.ts';
import {
  type ActId,
  type ActRecord,
  type OperatorVerb,
  type Reason,
  sha256,
  toHex,
  type WithdrawalId,
} from '../../src/domain/index.ts';
import { type Customer, ether, TestStation } from '../custody/station.ts';
import { altered, leaves, live, refused } from './attempt.ts';

/** From one ether on a payment needs two operators. */
const bands = (document: string): string => `${document}bands: [{ asset: '${ether}', above: '1', operators: 2 }]\n`;

describe('S5: one operator', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({ operators: {}, policy: bands });
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const empty = new Uint8Array();
  const frozen = () => station.custody.operators.station().freezes.map(({ scope }) => scope);
  const withdrawal = (id = 'w-1') => station.custody.withdrawals.get(id as WithdrawalId);
  const act = (id: ActId) => station.custody.acts.get(id).act;

  /** What olivia prepared, signed as the test says. */
  async function submitted(
    of: { verb: OperatorVerb; subject: string },
    sign: (digest: { digest: string }) => Parameters<typeof station.custody.acts.submit>[0]['attestation'],
  ) {
    const { intent } = await station.operators.prepare(of.verb, of.subject);
    return () => station.custody.acts.submit({ intent: intent.bytes, attestation: sign(intent), payload: empty });
  }

  /** A row as the station itself could have written it: what a bug or a thief of the state key would leave. */
  async function rewrite(id: ActId, change: (record: ActRecord) => ActRecord): Promise<void> {
    const record = station.store.read('acts', id);
    if (record === undefined) throw new Error('there is no such act');
    const write = { table: 'acts', record: change(record) } as const;
    await station.store.decide({}, () => ({ result: undefined, writes: [write] }));
  }

  it('S5: does not lift a freeze, nor by signing twice, over the same intent or another', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const first = await station.operators.sign('olivia', 'thaw', 'station');
    station.time.pass(2_000);
    const again = await submitted({ verb: 'thaw', subject: 'station' }, (i) =>
      station.operators.named('olivia').sign(i as never),
    );
    await refused(station, again, 'already-approved', 'act');
    expect(act(first.act.id)).toMatchObject({ state: 'OPEN', operators: ['olivia'] });
    await station.operators.ripen();
    expect(frozen()).toEqual(['station']);
  });

  it('S5: does not act for another: the key says who signed, not what was sent', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    await station.operators.sign('olivia', 'thaw', 'station');
    const { intent } = await station.operators.prepare('thaw', 'station');
    const own = station.operators.named('olivia').sign(intent);
    const attestation = { ...own, credential: station.operators.named('omar').credential };
    const forged = () => station.custody.acts.submit({ intent: intent.bytes, attestation, payload: empty });
    await refused(station, forged, 'signature-invalid', 'act');
  });

  it('S5: a customer’s key, or one that policy does not name, is nobody’s', async () => {
    const { intent } = await station.operators
      .prepare('refuse', 'withdrawal:w-1')
      .catch(() => station.operators.prepare('freeze', 'station', 'drill'));
    const attestation = alice.attest(intent.digest);
    const payload = new TextEncoder().encode('drill');
    await refused(
      station,
      () => station.custody.acts.submit({ intent: intent.bytes, attestation, payload }),
      'operator-unknown',
      'act',
    );
    // The recovery quorum’s people carry what is theirs, and no freeze.
    const rita = station.operators.named('rita').sign(intent);
    const recovery = () => station.custody.acts.submit({ intent: intent.bytes, attestation: rita, payload });
    await refused(station, recovery, 'operator-unknown', 'act');
  });

  it('S5: signs what the station prepared, for what stands, on this station, in time', async () => {
    await station.operators.sign('omar', 'freeze', 'station', 'drill');
    const { intent } = await station.operators.prepare('thaw', 'station');
    const sealed = (members: Record<string, string>) => {
      const bytes = altered(intent, members);
      const digest = toHex(sha256(bytes));
      const attestation = station.operators.named('olivia').sign({ digest: digest as never });
      return () => station.custody.acts.submit({ intent: bytes, attestation, payload: empty });
    };
    await refused(station, sealed({ station: `${'0'.repeat(32)}/1` }), 'station-mismatch', 'act');
    await refused(station, sealed({ digest: 'ab'.repeat(32) }), 'act-subject-changed', 'act');
    await refused(station, sealed({ base: 'ab'.repeat(32) }), 'act-lapsed', 'act');
    await refused(station, sealed({ subject: 'account:alice' }), 'not-found', 'none');
    await refused(
      station,
      sealed({ expires: '2022-01-19T00:46:03Z', issued: '2022-01-19T00:46:02Z' }),
      'ticket-invalid',
      'act',
    );
    station.time.pass(6 * 60_000);
    const late = () =>
      station.custody.acts.submit({
        intent: intent.bytes,
        attestation: station.operators.named('olivia').sign(intent),
        payload: empty,
      });
    await refused(station, late, 'intent-expired', 'act');
  });

  const deviations: [Parameters<TestStation['operators']['sign']>[4], Reason][] = [
    [{ userVerified: false }, 'user-not-verified'],
    [{ origin: 'https://approve.example' }, 'origin-mismatch'],
    [{ hashedRpId: 'approve.example' }, 'rp-mismatch'],
    [{ crossOrigin: true }, 'cross-origin'],
    [{ backupEligible: true }, 'backup-state-invalid'],
    [{ counter: 1 }, 'counter-regressed'],
    [{ tamper: 'signature' }, 'signature-invalid'],
    [{ challenge: Buffer.alloc(32).toString('base64url') }, 'challenge-mismatch'],
  ];
  it.each(deviations)('A5: %o: %s', async (deviation, reason) => {
    for (const why of ['one', 'two']) await station.operators.sign('olivia', 'freeze', 'account:bob', why);
    await refused(
      station,
      () => station.operators.sign('olivia', 'freeze', 'station', 'drill', deviation),
      reason,
      'act',
    );
    expect(frozen()).toEqual(['account:bob']);
  });

  it('S5: approvals of one freeze do not lift another that came after', async () => {
    await station.operators.sign('olivia', 'freeze', 'account:bob', 'first');
    const { act: old } = await station.operators.act(['omar', 'oscar'], 'thaw', 'account:bob');
    await station.deliver();
    station.time.pass(1_000);
    await station.operators.sign('olivia', 'freeze', 'account:bob', 'first');
    await station.operators.ripen();
    expect(act(old.id).state).toBe('LAPSED');
    expect(frozen()).toEqual(['account:bob']);
    expect(leaves(station).find((leaf) => leaf.kind === 'act-ended')?.fields).toMatchObject({
      state: 'LAPSED',
      reason: 'act-subject-changed',
    });
  });

  it('S5: a withdrawal that needs two operators is not paid with the approval of one', async () => {
    expect((await alice.authorize('w-1')).state).toBe('HELD');
    const { act: own } = await station.operators.sign('olivia', 'approve', 'withdrawal:w-1');
    expect(own.state).toBe('OPEN');
    expect(station.custody.acts.held(10)).toMatchObject([
      { record: { id: 'w-1' }, needed: 2, act: { operators: ['olivia'] } },
    ]);
    await refused(station, () => station.sign(['w-1']), 'withdrawal-held', 'transaction');
    const { act: done } = await station.operators.sign('omar', 'approve', 'withdrawal:w-1');
    expect(done.state).toBe('DONE');
    expect(withdrawal()).toMatchObject({ state: 'AUTHORIZED', act: done.id });
    const third = () => station.operators.sign('oscar', 'approve', 'withdrawal:w-1');
    await refused(station, third, 'act-subject-changed', 'none');
    const { id } = await station.sign(['w-1']);
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('SIGNED');
    await refused(
      station,
      () => station.operators.sign('oscar', 'approve', 'withdrawal:w-1'),
      'act-subject-changed',
      'none',
    );
  });

  it('D4: what operators approved is approved anew where their signatures no longer count under the policy in force', async () => {
    await alice.authorize('w-1');
    const { act: first } = await station.operators.act(['olivia', 'omar'], 'approve', 'withdrawal:w-1');
    await expect(station.operators.prepare('approve', 'withdrawal:w-1')).rejects.toMatchObject({
      reason: 'act-subject-changed',
    });
    // As with another key or origin in policy: one of the two verifies no more.
    await rewrite(first.id, (record) => ({
      ...record,
      evidence: encodeSignatures(decodeSignatures(record.evidence).slice(0, 1)),
    }));
    await refused(station, () => station.sign(['w-1']), 'quorum-missing', 'transaction');
    station.time.pass(1_000);
    const { act: second } = await station.operators.act(['olivia', 'oscar'], 'approve', 'withdrawal:w-1');
    expect(withdrawal()).toMatchObject({ state: 'AUTHORIZED', act: second.id });
    const { id } = await station.sign(['w-1']);
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('SIGNED');
  });

  it('S12: nothing is approved under a freeze of what it touches, nor after its time to be paid', async () => {
    await alice.authorize('w-1');
    const prepared = await station.operators.prepare('approve', 'withdrawal:w-1');
    await station.operators.sign('oscar', 'freeze', 'account:alice', 'drill');
    await refused(station, () => station.operators.sign('olivia', 'approve', 'withdrawal:w-1'), 'frozen', 'act');
    expect(prepared.description).toMatch(/^Approve withdrawal w-1: 1 ETH of account alice to eip155:31337:0x/);
    await alice.authorize('w-2').catch(() => {});
    await station.operators.act(['olivia', 'omar'], 'thaw', 'account:alice');
    await station.operators.ripen();
    await alice.authorize('w-2');
    station.time.pass(24 * 3_600_000);
    const late = () => station.operators.sign('olivia', 'approve', 'withdrawal:w-2');
    await refused(station, late, 'pay-by-passed', 'none');
  });

  it('S5: an approval is of that one withdrawal, and dies with it', async () => {
    await alice.authorize('w-1');
    await alice.authorize('w-2');
    const { act: own } = await station.operators.sign('olivia', 'approve', 'withdrawal:w-1');
    await station.operators.sign('omar', 'approve', 'withdrawal:w-2');
    expect([withdrawal('w-1').state, withdrawal('w-2').state]).toEqual(['HELD', 'HELD']);
    await station.operators.sign('oscar', 'refuse', 'withdrawal:w-1');
    expect(withdrawal('w-1').state).toBe('REFUSED');
    await live(station, 62_000);
    expect(act(own.id).state).toBe('LAPSED');
  });

  it('I3: one operator refuses a withdrawal, held or authorized; not one that a transaction pays', async () => {
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    for (const id of ['w-1', 'w-2']) {
      await alice.authorize(id);
      await station.operators.act(['olivia', 'omar'], 'approve', `withdrawal:${id}`);
    }
    await station.operators.sign('oscar', 'refuse', 'withdrawal:w-1');
    expect(withdrawal('w-1').state).toBe('CANCELLED');
    await station.sign(['w-2']);
    await refused(
      station,
      () => station.operators.sign('oscar', 'refuse', 'withdrawal:w-2'),
      'act-subject-changed',
      'none',
    );
  });

  it('D4: a withdrawal is signed only while operators’ signatures verify; its state and its act’s names show nothing', async () => {
    await alice.authorize('w-1');
    const { act: one } = await station.operators.sign('olivia', 'approve', 'withdrawal:w-1');
    // As if it had been approved by two, in every row, but for the second one’s signature.
    const doubled = (record: ActRecord): ActRecord => {
      const [kept] = decodeSignatures(record.evidence);
      if (kept === undefined) throw new Error('nothing was kept');
      const omar = station.operators.named('omar').name;
      return {
        ...record,
        state: 'DONE',
        operators: ['olivia', 'omar'],
        evidence: encodeSignatures([kept, kept, { ...kept, operator: omar }]),
      };
    };
    await rewrite(one.id, doubled);
    const authorized = { ...withdrawal(), state: 'AUTHORIZED', act: one.id } as const;
    const write = { table: 'withdrawals', record: authorized } as const;
    await station.store.decide({}, () => ({ result: undefined, writes: [write] }));
    await refused(station, () => station.sign(['w-1']), 'quorum-missing', 'transaction');
  });

  it('D4: an act takes effect by signatures that verify, by as many different operators', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act: one } = await station.operators.sign('olivia', 'thaw', 'station');
    await rewrite(one.id, (record) => {
      const [kept] = decodeSignatures(record.evidence);
      if (kept === undefined) throw new Error('nothing was kept');
      const omar = station.operators.named('omar').name;
      const evidence = encodeSignatures([kept, kept, { ...kept, operator: omar }]);
      return { ...record, operators: ['olivia', 'omar', 'oscar'], evidence };
    });
    await live(station, 62_000);
    expect(act(one.id).state).toBe('OPEN');
    // Signatures under another act of theirs are not signatures under this one.
    const { act: other } = await station.operators.sign('omar', 'epoch', 'factors');
    const [foreign] = decodeSignatures(other.evidence);
    await rewrite(one.id, (record) => {
      const [kept] = decodeSignatures(record.evidence);
      if (kept === undefined || foreign === undefined) throw new Error('nothing was kept');
      return { ...record, operators: ['olivia', 'omar'], evidence: encodeSignatures([kept, foreign]) };
    });
    await live(station, 62_000);
    expect(act(one.id).state).toBe('OPEN');
    expect(frozen()).toEqual(['station']);
  });

  it('D4: an act that ripened is verified again when it takes effect', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act: ripening } = await station.operators.act(['olivia', 'omar'], 'thaw', 'station');
    await station.deliver();
    await rewrite(ripening.id, (record) => ({
      ...record,
      evidence: encodeSignatures(decodeSignatures(record.evidence).slice(0, 1)),
    }));
    station.passDay();
    await live(station, 2_000);
    expect(act(ripening.id).state).toBe('RIPENING');
    expect(frozen()).toEqual(['station']);
  });

  it('S2: does not keep the others from acting by opening acts without end', async () => {
    for (let i = 0; i < 16; i++) {
      await station.operators.sign('omar', 'freeze', `account:bob-${i}`, 'drill');
      await station.operators.sign('olivia', 'thaw', `account:bob-${i}`);
    }
    await station.operators.sign('omar', 'freeze', 'station', 'drill');
    await refused(station, () => station.operators.sign('olivia', 'thaw', 'station'), 'act-limit', 'act');
    expect((await station.operators.sign('olivia', 'freeze', 'account:eve', 'drill')).act.state).toBe('DONE');
    expect((await station.operators.sign('omar', 'thaw', 'station')).act.state).toBe('OPEN');
    // Joining what another opened is nothing new.
    expect((await station.operators.sign('olivia', 'thaw', 'station')).act.state).toBe('ANNOUNCING');
  });

  it('S2, S10: what comes with an act is bounded, and of a closed character set', async () => {
    for (const why of ['', 'x'.repeat(257), 'line\nbreak', '\u202edrill', '<b>', 'x'.repeat(70_000)]) {
      await refused(station, () => station.operators.sign('olivia', 'freeze', 'station', why), 'malformed', 'none');
    }
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    await refused(station, () => station.operators.sign('olivia', 'thaw', 'station', 'a note'), 'malformed', 'none');
  });

  it('S4: a station that froze itself over a forged row is thawed by a quorum, after its delay', async () => {
    station.db.prepare("UPDATE destinations SET label = 'forged'").run();
    await expect(alice.authorize('w-1')).rejects.toMatchObject({ reason: 'fact-tampered' });
    expect(frozen()).toEqual(['station']);
    station.db.prepare("UPDATE destinations SET label = 'my wallet'").run();
    await expect(alice.authorize('w-1')).rejects.toMatchObject({ reason: 'frozen' });
    await station.operators.act(['olivia', 'omar'], 'thaw', 'station');
    await expect(alice.authorize('w-1')).rejects.toMatchObject({ reason: 'frozen' });
    await station.operators.ripen();
    expect(frozen()).toEqual([]);
    expect((await alice.authorize('w-1')).state).toBe('HELD');
  });

  it('S4: a forgery that is met while a thaw ripens is not forgotten with it', async () => {
    await station.operators.sign('olivia', 'freeze', 'station', 'drill');
    const { act: thaw } = await station.operators.act(['olivia', 'omar'], 'thaw', 'station');
    await station.deliver();
    station.db.prepare("UPDATE destinations SET label = 'forged'").run();
    await expect(alice.authorize('w-1')).rejects.toMatchObject({ reason: 'fact-tampered' });
    station.db.prepare("UPDATE destinations SET label = 'my wallet'").run();
    station.passDay();
    await live(station, 2_000);
    expect(act(thaw.id).state).toBe('LAPSED');
    expect(frozen()).toEqual(['station']);
  });
});
