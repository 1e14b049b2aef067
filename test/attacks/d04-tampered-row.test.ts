import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAccountId, parseEntryId, parseNoticeId, type Reason, Refusal } from '../../src/domain/index.ts';
import { alicesAddress, type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { leaves } from './attempt.ts';
import { deviceOf, prepareFactor } from './people.ts';

describe('D4: a row that another hand wrote into the database', () => {
  let station: TestStation;
  let alice: Customer;
  let bob: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
    bob = await station.ripeCustomer('bob');
  });
  afterEach(() => station.close());

  /** As someone at the file: a connection of their own, with no key. */
  function write(sql: string, ...values: (string | number | Uint8Array)[]): void {
    const theirs = new Database(station.file);
    try {
      expect(theirs.prepare(sql).run(...values).changes).toBe(1);
    } finally {
      theirs.close();
    }
  }

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  async function reasonOf(attempt: Promise<unknown>): Promise<Reason | undefined> {
    const error: unknown = await attempt.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined && !(error instanceof Refusal)) throw error;
    return error?.reason;
  }

  /** The station is frozen, in memory and on disk, says why, and stays so. */
  async function expectFrozen(table: string): Promise<void> {
    await turn();
    await station.settle();
    expect(leaves(station).filter((leaf) => leaf.kind === 'frozen')).toMatchObject([
      { fields: { scope: 'station', who: 'station', why: 'fact-tampered', table } },
    ]);
    for (const restarted of [false, true]) {
      if (restarted) await station.restart();
      const view = async () => station.custody.operators.station();
      // The view shows each wallet's next nonce: where that row is the forged one, it says that instead.
      if (table === 'wallets') expect(await reasonOf(view())).toBe('fact-tampered');
      else expect((await view()).freezes[0]).toMatchObject({ scope: 'station', active: true });
      expect(await reasonOf(bob.authorize('w-bob'))).toBe('frozen');
    }
    await station.settle();
    expect(station.signer.seen).toEqual([]);
  }

  const day = 86_400_000;
  type Attack = readonly [what: string, table: string, write: () => void, attempt: () => Promise<unknown>];
  const young = async (): Promise<void> => {
    await alice.list('entry-2', mallorysAddress);
    await station.deliver();
  };
  const toYoung = () => alice.authorize('w-1', { destination: mallorysAddress });

  const attacks: readonly Attack[] = [
    [
      'a destination made ripe',
      'destinations',
      () => write(`UPDATE destinations SET w0 = w0 - ${day} WHERE entry = 'entry-2'`),
      toYoung,
    ],
    [
      'a destination with a shorter delay',
      'destinations',
      () => write("UPDATE destinations SET d0 = 0 WHERE entry = 'entry-2'"),
      toYoung,
    ],
    [
      'a ripe destination with another address',
      'destinations',
      () => write("UPDATE destinations SET destination = ? WHERE entry = 'entry-alice'", mallorysAddress),
      () => alice.authorize('w-1'),
    ],
    [
      'a ripe destination made another account’s',
      'destinations',
      () => write("UPDATE destinations SET account = 'bob' WHERE entry = 'entry-alice'"),
      () => station.custody.destinations.remove(parseEntryId('entry-alice', 'entry')),
    ],
    [
      'a listing that names another entry',
      'listings',
      () =>
        write("UPDATE listings SET entry = 'entry-alice' WHERE account = 'alice' AND destination = ?", mallorysAddress),
      toYoung,
    ],
    [
      'a factor with the thief’s key',
      'factors',
      () => write("UPDATE factors SET cose_key = ? WHERE account = 'alice'", new Uint8Array(77)),
      () => alice.authorize('w-1'),
    ],
    [
      'a factor whose counter was turned back',
      'factors',
      () => write("UPDATE factors SET sign_count = 0 WHERE account = 'alice'"),
      () => alice.authorize('w-1'),
    ],
    [
      'a factor of another class',
      'factors',
      () => write("UPDATE factors SET class = 'hardware' WHERE account = 'alice'"),
      () => alice.authorize('w-1'),
    ],
    [
      'a factor moved to another account',
      'factors',
      () => write("UPDATE factors SET account = 'bobby' WHERE account = 'alice'"),
      () => alice.authorize('w-1'),
    ],
    [
      'an account that never enrolled',
      'accounts',
      () => write("UPDATE accounts SET ever_enrolled = 0 WHERE account = 'alice'"),
      async () => {
        const device = deviceOf('thief');
        const prepared = await prepareFactor(station, parseAccountId('alice', 'account'), device, undefined);
        const { credential, key } = prepared;
        const jws = await station.voucher({ account: 'alice', credential, key, station: prepared.station });
        return station.custody.factors.add({
          intent: prepared.intent.bytes,
          registration: prepared.registration,
          approval: { kind: 'voucher', jws },
        });
      },
    ],
    [
      'a notice acknowledged by nobody',
      'notices',
      () => write("UPDATE notices SET kind = 'factor-added' WHERE subject = 'entry-2'"),
      () => station.custody.notices.acknowledge(noticeOf('entry-2')),
    ],
  ];

  const noticeOf = (subject: string) => {
    const row = station.db.prepare<[string], { id: string }>('SELECT id FROM notices WHERE subject = ?').get(subject);
    return parseNoticeId(row?.id ?? '', 'notice');
  };

  for (const [what, table, tamper, attempt] of attacks) {
    it(`D4: ${what} is seen, and freezes the station`, async () => {
      await young();
      tamper();
      expect(await reasonOf(attempt())).toBe('fact-tampered');
      await expectFrozen(table);
    });
  }

  const authorized: readonly [string, string, () => void][] = [
    ['amount', 'withdrawals', () => write("UPDATE withdrawals SET amount = '2000000000000000000'")],
    ['destination', 'withdrawals', () => write('UPDATE withdrawals SET destination = ?', mallorysAddress)],
    ['state', 'withdrawals', () => write("UPDATE withdrawals SET state = 'HELD'")],
    ['evidence', 'withdrawals', () => write("UPDATE withdrawals SET evidence = x'7b7d'")],
    ['anchor', 'withdrawals', () => write("UPDATE withdrawals SET anchor = 'nonce:9'")],
    ['code', 'withdrawals', () => write('UPDATE withdrawals SET mac = zeroblob(32)')],
    ['code’s length', 'withdrawals', () => write("UPDATE withdrawals SET mac = x''")],
    ['leaf', 'withdrawals', () => write('UPDATE withdrawals SET leaf = leaf + 1')],
    ['factor’s row since', 'factors', () => write("UPDATE factors SET w0 = w0 + 1 WHERE account = 'alice'")],
    [
      'destination’s row since',
      'destinations',
      () => write("UPDATE destinations SET state = 'announcing' WHERE entry = 'entry-alice'"),
    ],
  ];
  for (const [what, table, tamper] of authorized) {
    it(`D4: a withdrawal’s ${what}, written after it was authorized, is seen when it is to be signed`, async () => {
      await alice.authorize('w-1');
      tamper();
      expect(await reasonOf(station.sign(['w-1']))).toBe('fact-tampered');
      await expectFrozen(table);
    });
  }

  /** A transaction that waits for its device. */
  async function waiting(): Promise<void> {
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
  }

  const permitted: readonly [string, string, () => void][] = [
    [
      'bytes',
      'transactions',
      () => write('UPDATE transactions SET unsigned = ?', station.payment({ value: 2n * 10n ** 18n })),
    ],
    ['wallet', 'transactions', () => write("UPDATE transactions SET wallet = 'hot-1', attempts = 7")],
    ['payments', 'transactions', () => write(`UPDATE transactions SET pays = '["w-bob"]'`)],
    ['anchor’s row', 'anchors', () => write("UPDATE anchors SET payment_set = 'none'")],
    ['wallet’s row', 'wallets', () => write('UPDATE wallets SET next_nonce = 0')],
  ];
  for (const [what, table, tamper] of permitted) {
    it(`D4: a permitted transaction’s ${what} is seen before the device sees a byte`, async () => {
      await waiting();
      tamper();
      station.signer.readiness = { ready: true, device: 'fake' };
      station.signer.changed();
      await expectFrozen(table);
    });
  }

  it('D4: a transaction that was declined is not brought back by writing its state', async () => {
    station.signer.behaviour = () => ({ kind: 'declined', reason: 'device-refused', message: 'no' });
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
    station.signer.seen.length = 0;
    write("UPDATE transactions SET state = 'PERMITTED'");
    await station.restart();
    await expectFrozen('transactions');
  });

  it('D4: what comes in the very turn in which it is met is stopped too, before the freeze is on the disk', async () => {
    await bob.authorize('w-bob-1');
    const { intent } = await alice.prepare('w-1');
    write("UPDATE destinations SET w0 = 1 WHERE entry = 'entry-alice'");
    const alices = station.custody.withdrawals.authorize({
      intent: intent.bytes,
      attestations: [alice.attest(intent.digest)],
    });
    const bobs = station.sign(['w-bob-1']);
    expect(await reasonOf(alices)).toBe('fact-tampered');
    expect(await reasonOf(bobs)).toBe('frozen');
    await expectFrozen('destinations');
  });

  it('D4: a freeze is not lifted by writing it', async () => {
    await station.custody.operators.freeze('account:alice', 'ops-1', 'a call');
    write('UPDATE freezes SET active = 0');
    expect(await reasonOf(alice.authorize('w-1'))).toBe('fact-tampered');
    await turn();
    expect(await reasonOf(bob.authorize('w-bob'))).toBe('frozen');
    await station.restart();
    expect(await reasonOf(alice.authorize('w-1'))).toBe('fact-tampered');
    expect(await reasonOf(bob.authorize('w-bob'))).toBe('frozen');
    expect(station.signer.seen).toEqual([]);
  });

  // Without these rows nothing can be decided at all, so that not even the freeze can be recorded: every call says why.
  const central: readonly [string, string, string][] = [
    ['a lower factor epoch', 'station', 'UPDATE station SET factor_epoch = factor_epoch - 1'],
    ['an older ticket epoch', 'station', 'UPDATE station SET ticket_epoch = ticket_epoch - 1'],
    ['another policy', 'station', "UPDATE station SET policy = 'none'"],
    ['a later W', 'clock', `UPDATE clock SET w = w + ${day}`],
    ['a clock no longer suspect', 'clock', 'UPDATE clock SET suspect = 0, high_water = 0'],
  ];
  for (const [what, table, sql] of central) {
    it(`D4: ${what}: nothing is decided any more, and no station starts from it`, async () => {
      await young();
      await alice.authorize('w-1');
      write(sql);
      expect(await reasonOf(station.sign(['w-1']))).toBe('fact-tampered');
      expect(await reasonOf(bob.authorize('w-bob'))).toBe('fact-tampered');
      expect(await reasonOf(station.custody.operators.thaw('station', 'ops-1', 'why not'))).toBe('fact-tampered');
      await station.settle();
      expect(station.signer.seen).toEqual([]);
      await expect(station.restart()).rejects.toThrow(`row ${table} of ${table} fails its authentication code`);
    });
  }

  it('D4: an authentic row under another key is not authentic', async () => {
    await young();
    const theirs = new Database(station.file);
    theirs.exec(`UPDATE listings SET entry = 'x' WHERE account = 'alice' AND destination = '${mallorysAddress}';
      DELETE FROM listings WHERE account = 'alice' AND destination = '${mallorysAddress}';
      INSERT INTO listings SELECT account, '${mallorysAddress}', entry, leaf, mac FROM listings
        WHERE account = 'alice' AND destination = '${alicesAddress}'`);
    theirs.close();
    expect(await reasonOf(toYoung())).toBe('fact-tampered');
    await expectFrozen('listings');
  });
});
