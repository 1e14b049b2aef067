import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TransactionRecord, WithdrawalId } from '../../src/domain/index.ts';
import type { Outcome, Readiness } from '../../src/signers/signer.ts';
import { type Customer, TestStation } from './station.ts';

const missing: Readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };

describe('the road to a device', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const pay = async (id: string, nonce: number): Promise<TransactionRecord['id']> => {
    await alice.authorize(id, { amount: 10n ** 18n + BigInt(nonce) });
    return (await station.sign([id], station.payment({ nonce, value: 10n ** 18n + BigInt(nonce) }))).id;
  };
  const stateOf = (id: TransactionRecord['id']): string => station.custody.transactions.get(id).state;
  const plug = (): void => {
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
  };
  /** The next commit fails as if the disk were full. */
  const failCommits = (count: number): void => {
    const exec = station.db.exec.bind(station.db);
    let left = count;
    station.db.exec = (sql) => {
      if (sql === 'COMMIT' && left > 0) {
        left--;
        throw new Database.SqliteError('injected', 'SQLITE_FULL');
      }
      exec(sql);
      return station.db;
    };
  };

  it('I9: what one transaction fails with holds up no other, and it says what it is blocked by', async () => {
    station.signer.readiness = missing;
    const first = await pay('w-1', 0);
    const second = await pay('w-2', 1);
    await station.settle();
    // A row that another hand removed leaves the transaction without what it pays.
    station.db.exec(`DELETE FROM withdrawals WHERE id = 'w-1'`);
    plug();
    await station.settle();
    expect(stateOf(second)).toBe('SIGNED');
    expect(station.custody.transactions.get(first)).toMatchObject({
      state: 'PERMITTED',
      blockedBy: 'withdrawal-unknown',
    });
    expect(station.signer.seen.map((permit) => permit.transaction)).toEqual([second]);
  });

  it('a device that is not there is asked once a run for all that waits, and again by one timer', async () => {
    station.signer.readiness = missing;
    for (const nonce of [0, 1, 2]) {
      await pay(`w-${nonce}`, nonce);
      await station.settle();
    }
    expect(station.laters).toHaveLength(1);
    let asked = 0;
    const check = station.signer.check.bind(station.signer);
    station.signer.check = (wallet) => {
      asked++;
      return check(wallet);
    };
    station.wake();
    await station.settle();
    expect(asked).toBe(1);
    expect(station.laters).toHaveLength(1);
    plug();
    await station.settle();
    expect(station.signer.seen).toHaveLength(3);
  });

  it('a signature that the disk had no room for is recorded once there is, and nobody is asked twice', async () => {
    station.signer.behaviour = (_permit, signed) => {
      failCommits(1);
      return signed;
    };
    const id = await pay('w-1', 0);
    await station.settle();
    expect(stateOf(id)).toBe('SENT');
    station.wake();
    await station.settle();
    expect(stateOf(id)).toBe('SIGNED');
    expect(station.signer.seen).toHaveLength(1);
  });

  it('I4: what a device had when the process ended, and nobody recorded, is uncertain and goes again with the same bytes', async () => {
    let die: (outcome: Outcome) => void = () => {};
    station.signer.behaviour = () => new Promise<Outcome>((resolve) => (die = resolve));
    const id = await pay('w-1', 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(stateOf(id)).toBe('SENT');
    failCommits(1);
    die({ kind: 'uncertain', reason: 'device-lost', message: 'gone' });
    station.signer.behaviour = (_permit, signed) => signed;
    await station.restart();
    await station.settle();
    expect(stateOf(id)).toBe('SIGNED');
    expect(station.signer.seen.map((permit) => Buffer.from(permit.unsigned).toString('hex'))).toEqual(
      Array(2).fill(Buffer.from(station.payment({ nonce: 0 })).toString('hex')),
    );
    const kinds = station.custody.transactions.get(id).history.map((leaf) => kindOf(station, leaf));
    expect(kinds).toEqual([
      'transaction-permitted',
      'transaction-sent',
      'transaction-uncertain',
      'transaction-sent',
      'transaction-signed',
    ]);
  });

  it('I4: an approval that was spent stays one while its owner’s passkey counts on', async () => {
    let answer: (outcome: Outcome) => void = () => {};
    let asSigned: Outcome | undefined;
    station.signer.behaviour = (_permit, signed) => {
      asSigned = signed;
      return new Promise<Outcome>((resolve) => (answer = resolve));
    };
    const id = await pay('w-1', 0);
    const { intent } = await alice.prepare('w-2');
    const request = { intent: intent.bytes, attestations: [alice.attest(intent.digest)] };
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    if (asSigned === undefined) throw new Error('the device was not asked');
    // In one turn, so that the authorization is decided in the same commit, just before the signature is recorded.
    void station.store.decide({}, () => ({ result: undefined }));
    const authorized = station.custody.withdrawals.authorize(request);
    answer(asSigned);
    await authorized;
    await station.settle();
    expect(stateOf(id)).toBe('SIGNED');
    expect(station.events).not.toContain('dispatch-failed');
  });

  it('S2: what ends uncertain is tried again after ever longer, and kicks for others do not hurry it', async () => {
    station.signer.behaviour = () => ({ kind: 'uncertain', reason: 'device-lost', message: 'gone' });
    const id = await pay('w-1', 0);
    await station.settle();
    for (let tried = 1; tried < 13; tried++) {
      station.running.dispatch.kick(station.signer.name);
      await station.settle();
      expect(station.signer.seen).toHaveLength(tried);
      station.wake();
      await station.settle();
    }
    const doubled = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600].map((s) => s * 1_000);
    expect(station.waits).toEqual(doubled);
    // The device says that it changed: at once, and from the first pace on.
    station.signer.changed();
    await station.settle();
    expect(station.waits.at(-1)).toBe(1_000);
    expect(station.laters).toHaveLength(1);
    station.signer.behaviour = (_permit, signed) => signed;
    station.wake();
    await station.settle();
    expect(stateOf(id)).toBe('SIGNED');
    expect(station.laters).toEqual([]);
  });

  it('S2: a signature shows that the device is well: what rests is tried again at once', async () => {
    station.signer.behaviour = () => ({ kind: 'uncertain', reason: 'device-lost', message: 'gone' });
    const resting = await pay('w-1', 0);
    await station.settle();
    station.signer.behaviour = (_permit, signed) => signed;
    await pay('w-2', 1);
    await station.settle();
    expect(stateOf(resting)).toBe('SIGNED');
  });

  it('a station that was told to stop while a device was asked sends it nothing more', async () => {
    let ready: (readiness: Readiness) => void = () => {};
    const check = station.signer.check.bind(station.signer);
    station.signer.check = () => new Promise<Readiness>((resolve) => (ready = resolve));
    await pay('w-1', 0);
    const stopped = station.stop();
    ready({ ready: true, device: 'fake' });
    await stopped;
    expect(station.signer.seen).toEqual([]);
    station.signer.check = check;
    station.start();
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
  });

  it.each([
    ['is there', { ready: true, device: 'fake' } as const],
    ['is not', missing],
  ])(
    'I4: what was replaced while the device was asked, which then %s, neither goes to it nor waits for it',
    async (_what, said) => {
      station.signer.behaviour = () => ({ kind: 'uncertain', reason: 'device-timeout', message: 'late' });
      const old = await pay('w-0', 0);
      await station.settle();
      let answer: (readiness: Readiness) => void = () => {};
      const check = station.signer.check.bind(station.signer);
      station.signer.check = () => new Promise<Readiness>((resolve) => (answer = resolve));
      station.wake();
      await new Promise((resolve) => setImmediate(resolve));
      const dearer = station.payment({ nonce: 0, maxFeePerGas: 25_000_000_000n });
      await station.sign(['w-0'], dearer, old);
      station.signer.check = check;
      const { length } = station.signer.seen;
      answer(said);
      await station.settle();
      expect(station.custody.transactions.get(old)).toMatchObject({ state: 'REPLACED', blockedBy: 'device-timeout' });
      expect(station.signer.seen.slice(length).map((permit) => permit.transaction)).not.toContain(old);
      expect(station.events).not.toContain('dispatch-failed');
    },
  );

  it('S7: a wrong signature is not released, and freezes its wallet with a leaf of its own', async () => {
    station.signer.behaviour = () => ({ kind: 'signed', signature: new Uint8Array(64).fill(1) });
    const id = await pay('w-1', 0);
    await station.settle();
    expect(station.custody.transactions.get(id)).toMatchObject({ state: 'UNCERTAIN', signed: null });
    const { freezes } = station.custody.operators.station();
    expect(freezes.map((f) => f.scope)).toEqual(['wallet:hot-1']);
    await alice.authorize('w-2');
    await expect(station.sign(['w-2'], station.payment({ nonce: 1 }))).rejects.toMatchObject({ reason: 'frozen' });
  });

  it('a withdrawal that a transaction pays cannot be cancelled, whatever became of the device', async () => {
    station.signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'no' });
    await pay('w-1', 0);
    await station.settle();
    await expect(station.custody.withdrawals.cancel('w-1' as WithdrawalId)).rejects.toMatchObject({
      reason: 'withdrawal-not-cancellable',
    });
  });
});

function kindOf(station: TestStation, leaf: string): string {
  const bytes = station.store.log.leaf(Number(leaf));
  return String(JSON.parse(new TextDecoder().decode(bytes)).kind);
}
