import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseEntryId, type TransactionRecord, type WallMs } from '../../src/domain/index.ts';
import { parseLeaf } from '../../src/journal/leaf.ts';
import type { Outcome } from '../../src/signers/signer.ts';
import { TamperedRow } from '../../src/store/failure.ts';
import { deviceOf, furtherFactor } from '../attacks/people.ts';
import { type Customer, ether, mallorysAddress, TestStation } from './station.ts';

describe('a signer that asks nobody, and operators who approved', () => {
  let station: TestStation;
  afterEach(() => station.close());

  it('S5: what an operator approved who was suspended while it signs is withheld', async () => {
    const held = `bands:\n  - { asset: '${ether}', above: '1', operators: 2 }\n`;
    station = await TestStation.open({ automatic: true, operators: {}, policy: (document) => `${document}${held}` });
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    for (const name of ['olivia', 'omar']) await station.operators.sign(name, 'approve', 'withdrawal:w-1');
    let answer: () => void = () => {};
    station.signer.behaviour = (_permit, signed) => new Promise<Outcome>((resolve) => (answer = () => resolve(signed)));
    const { id } = await station.sign(['w-1']);
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
    await station.operators.sign('oscar', 'operators', 'suspend:omar', 'a drill');
    answer();
    await station.settle();
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'WITHHELD', signed: null });
  });
});

describe('a signer that asks nobody', () => {
  let station: TestStation;
  let alice: Customer;
  /** What the signer has and did not answer yet. */
  let held: (() => void)[];
  beforeEach(async () => {
    station = await TestStation.open({ automatic: true });
    alice = await station.ripeCustomer('alice');
    await station.settle();
    held = [];
  });
  afterEach(() => station.close());

  const pay = async (id: string, nonce: number): Promise<TransactionRecord['id']> => {
    await alice.authorize(id, { amount: 10n ** 18n + BigInt(nonce) });
    return (await station.sign([id], station.payment({ nonce, value: 10n ** 18n + BigInt(nonce) }))).id;
  };
  const get = (id: TransactionRecord['id']): TransactionRecord => station.custody.transactions.get(id);
  const kinds = (id: TransactionRecord['id']): string[] =>
    get(id).history.map((index) => parseLeaf(station.store.log.leaf(Number(index)) ?? new Uint8Array()).kind);
  /** The signer takes what it is given and answers when it is let, or, being closed, that it can't. */
  const hold = (): void => {
    const lost: Outcome = { kind: 'uncertain', reason: 'device-lost', message: 'closed' };
    const open: (() => void)[] = [];
    station.signer.behaviour = (_permit, signed) =>
      new Promise<Outcome>((resolve) => {
        held.push(() => resolve(signed));
        open.push(() => resolve(lost));
      });
    station.signer.close = () => {
      for (const end of open) end();
      return Promise.resolve();
    };
  };
  const letGo = async (): Promise<void> => {
    station.signer.behaviour = (_permit, signed) => signed;
    for (const answer of held.splice(0)) answer();
    await station.settle();
  };
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
  };

  it('gets its permit by the commit that permits, and one more records its signature', async () => {
    await alice.authorize('w-1');
    let decisions = 0;
    station.store.onCommit(() => decisions++);
    const { id, state } = await station.sign(['w-1']);
    expect(state).toBe('SENT');
    await station.settle();
    expect(get(id)).toMatchObject({ state: 'SIGNED', signer: 'fake', signedBy: ['fake'], attempts: 1 });
    expect(kinds(id)).toEqual(['transaction-permitted', 'transaction-sent', 'transaction-signed']);
    expect(decisions).toBe(2);
    expect(station.events).not.toContain('dispatch-failed');
  });

  it('takes as many at once as it says, and the others in their order', async () => {
    hold();
    Object.assign(station.signer, { concurrency: 2 });
    const ids = [await pay('w-1', 0), await pay('w-2', 1), await pay('w-3', 2)];
    await turns();
    expect(station.signer.seen.map(({ transaction }) => transaction)).toEqual(ids.slice(0, 2));
    await letGo();
    expect(station.signer.seen.map(({ transaction }) => transaction)).toEqual(ids);
    expect(ids.map((id) => get(id).state)).toEqual(['SIGNED', 'SIGNED', 'SIGNED']);
  });

  it('S12: what waits for it while a freeze comes is not sent, and goes on once it is lifted', async () => {
    hold();
    await pay('w-1', 0);
    const second = await pay('w-2', 1);
    await station.custody.operators.freeze('station', 'ops-1', 'drill');
    await letGo();
    expect(station.signer.seen).toHaveLength(1);
    expect(get(second)).toMatchObject({ state: 'UNCERTAIN', blockedBy: 'changed-meanwhile' });
    await station.custody.operators.thaw('station', 'ops-1', 'it was one');
    await station.settle();
    expect(get(second).state).toBe('SIGNED');
  });

  it('what waits while its customer approves another payment is read again, and sent', async () => {
    hold();
    await pay('w-1', 0);
    const second = await pay('w-2', 1);
    // Writes the passkey's counter, on which the second relied.
    await alice.authorize('w-3', { amount: 5n });
    await letGo();
    expect(get(second)).toMatchObject({ state: 'SIGNED', attempts: 1 });
    expect(kinds(second)).toEqual(['transaction-permitted', 'transaction-sent', 'transaction-signed']);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['a freeze', 'frozen', () => station.custody.operators.freeze('account:alice', 'ops-1', 'drill')],
    ['a factor revoked', 'factor-unusable', () => station.custody.factors.revoke(alice.credential)],
    [
      'a destination removed',
      'destination-removed',
      () => station.custody.destinations.remove(parseEntryId('entry-alice', 'entry')),
    ],
  ])('S12: %s while it signs withholds what it signed', async (_what, _reason, act) => {
    hold();
    const id = await pay('w-1', 0);
    await turns();
    await act();
    await letGo();
    expect(get(id)).toMatchObject({ state: 'WITHHELD', signed: null });
  });

  it('S12: a further factor that approved it, revoked while it signs, withholds what it signed', async () => {
    const second = await furtherFactor(alice, deviceOf('second'));
    station.passDay();
    await station.settle();
    hold();
    await second.authorize('w-1');
    const { id } = await station.sign(['w-1']);
    await turns();
    await station.custody.factors.revoke(second.credential);
    // Nothing else stops it: the account keeps its first.
    expect(station.store.read('freezes', 'account:alice')?.active ?? false).toBe(false);
    await letGo();
    expect(get(id)).toMatchObject({ state: 'WITHHELD', blockedBy: 'factor-revoked' });
  });

  it('D4: what it signed is withheld once a row was met that another hand wrote, whichever row that is', async () => {
    const bob = await station.ripeCustomer('bob', mallorysAddress);
    hold();
    const id = await pay('w-1', 0);
    await turns();
    station.db.exec("UPDATE factors SET sign_count = 0 WHERE account = 'bob'");
    // The freeze that tells of it has no commit yet when the signature comes.
    // In the group in which the signature is recorded: the freeze that tells of it comes with the next.
    void station.store.decide({}, () => ({ result: undefined }));
    const met = station.store
      .decide({ rows: [['factors', bob.credential]] }, () => ({ result: undefined }))
      .catch((error: unknown) => error);
    for (const answer of held.splice(0)) answer();
    expect(await met).toBeInstanceOf(TamperedRow);
    await station.settle();
    expect(get(id)).toMatchObject({ state: 'WITHHELD', signed: null });
  });

  it('what it has is not taken for lost by whoever asks all signers to go on', async () => {
    hold();
    const id = await pay('w-1', 0);
    await turns();
    station.running.dispatch.kickAll();
    for (let i = 0; i < 10; i++) await turns();
    expect(get(id).state).toBe('SENT');
    expect(station.signer.seen).toHaveLength(1);
    await letGo();
    expect(get(id)).toMatchObject({ state: 'SIGNED', attempts: 1 });
  });

  it('S12: a freeze that is committed together with its signature, just before it, withholds that', async () => {
    let answer: () => void = () => {};
    station.signer.behaviour = (_permit, signed) => new Promise<Outcome>((resolve) => (answer = () => resolve(signed)));
    const id = await pay('w-1', 0);
    await turns();
    // Company, so that both are decided in one group.
    void station.store.decide({}, () => ({ result: undefined }));
    const frozen = station.custody.operators.freeze('station', 'ops-1', 'drill');
    answer();
    await frozen;
    await station.settle();
    expect(get(id).state).toBe('WITHHELD');
  });

  it('I6: a clock that became suspect while it signed withholds what it signed', async () => {
    hold();
    const id = await pay('w-1', 0);
    await turns();
    station.time.wall = (station.time.wall - 3_600_000) as WallMs;
    await station.running.timekeeper.tick();
    await letGo();
    expect(get(id)).toMatchObject({ state: 'WITHHELD', blockedBy: 'clock-suspect' });
  });

  /** The next commits, as many as it says, fail as if the disk were full. */
  const failCommits = (): { fails: number } => {
    const exec = station.db.exec.bind(station.db);
    const left = { fails: 0 };
    station.db.exec = (sql) => {
      if (sql === 'COMMIT' && left.fails-- > 0) throw new Database.SqliteError('injected', 'SQLITE_FULL');
      exec(sql);
      return station.db;
    };
    return left;
  };

  it('I9: what it had when the process ended is uncertain, and goes again with the same bytes', async () => {
    hold();
    const id = await pay('w-1', 0);
    await turns();
    expect(get(id).state).toBe('SENT');
    // As if the process had ended before it could record anything.
    failCommits().fails = 1;
    await station.stop();
    station.signer.behaviour = (_permit, signed) => signed;
    station.start();
    await station.settle();
    expect(get(id).state).toBe('SIGNED');
    expect(station.signer.seen.map(({ transaction }) => transaction)).toEqual([id, id]);
    expect(kinds(id).slice(1, 4)).toEqual(['transaction-sent', 'transaction-uncertain', 'transaction-sent']);
  });

  it('I9: a signature that the disk had no room for is recorded once there is, and it is not asked twice', async () => {
    const disk = failCommits();
    station.signer.behaviour = (_permit, signed) => {
      disk.fails = 1;
      return signed;
    };
    const id = await pay('w-1', 0);
    await station.settle();
    expect(get(id).state).toBe('SENT');
    station.wake();
    await station.settle();
    expect(get(id).state).toBe('SIGNED');
    expect(station.signer.seen).toHaveLength(1);
  });

  it('F3: once it failed, what is permitted waits for it as PERMITTED, until it says that it is back', async () => {
    station.signer.behaviour = () => ({ kind: 'uncertain', reason: 'device-lost', message: 'gone' });
    const lost = await pay('w-1', 0);
    await turns();
    expect(get(lost).state).toBe('UNCERTAIN');
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'gone' };
    station.signer.behaviour = (_permit, signed) => signed;
    const waits = await pay('w-2', 1);
    await station.settle();
    expect(get(waits)).toMatchObject({ state: 'PERMITTED', blockedBy: 'device-missing', attempts: 0 });
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    expect([get(lost).state, get(waits).state]).toEqual(['SIGNED', 'SIGNED']);
  });

  it('S7: a wrong signature of its releases nothing and freezes the wallet', async () => {
    station.signer.behaviour = () => ({ kind: 'signed', signature: new Uint8Array(64).fill(7) });
    const id = await pay('w-1', 0);
    await station.settle();
    expect(get(id)).toMatchObject({ state: 'UNCERTAIN', signed: null });
    expect(station.store.read('freezes', 'wallet:hot-1')).toMatchObject({ active: true, who: 'station' });
    await expect(pay('w-2', 1)).rejects.toMatchObject({ reason: 'frozen' });
  });

  it('a station that was told to stop sends it nothing more', async () => {
    hold();
    await pay('w-1', 0);
    const waits = await pay('w-2', 1);
    await turns();
    const seen = station.signer.seen.length;
    await station.stop();
    expect(station.signer.seen).toHaveLength(seen);
    station.signer.behaviour = (_permit, signed) => signed;
    station.start();
    await station.settle();
    expect(get(waits).state).toBe('SIGNED');
  });
});
