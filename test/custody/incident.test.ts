import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDisputed } from '../../src/custody/incident/disputed.ts';
import { type IncidentRequest, reportIncident } from '../../src/custody/incident/incident.ts';
import type { IncidentReport } from '../../src/custody/incident/report.ts';
import { type TransactionId, transactionId, type WallMs } from '../../src/domain/index.ts';
import { tamper } from './audit-station.ts';
import { alicesAddress, type Customer, chain, ether, mallorysAddress, TestStation, walletId } from './station.ts';

const ethers = (n: number): bigint => BigInt(n) * 10n ** 18n;

describe('an incident report', () => {
  let station: TestStation;
  let alice: Customer;
  let bob: Customer;
  /** After everybody's factors and destinations ripened, before anything is paid. */
  let begin: WallMs;

  beforeEach(async () => {
    station = await TestStation.open({ operators: {}, automatic: true });
    alice = await station.enrol('alice');
    bob = await station.enrol('bob');
    station.passDay();
    await alice.list('entry-a');
    await bob.list('entry-b', mallorysAddress);
    await station.deliver();
    station.passDay();
    begin = station.time.wall;
  });
  afterEach(() => station.close());

  const report = (of: Partial<IncidentRequest> = {}): IncidentReport =>
    reportIncident({
      file: station.file,
      since: begin,
      until: (station.time.wall + 1_000) as WallMs,
      accounts: [],
      destinations: [],
      assets: [],
      disputed: undefined,
      stateKey: station.stateKey,
      logKey: undefined,
      checkpoint: undefined,
      ...of,
    });
  const disputed = (...ids: string[]) => parseDisputed(ids.join('\n'), 'list');
  const paid = (of?: Partial<IncidentRequest>): string[] => report(of).payments.map(({ withdrawal }) => withdrawal);

  async function pay(who: Customer, id: string, nonce: number, amount = ethers(1), gwei = 20n): Promise<TransactionId> {
    const destination = who === alice ? alicesAddress : mallorysAddress;
    await who.authorize(id, { amount, destination });
    const { id: transaction } = await station.sign([id], bytes(destination, nonce, amount, gwei));
    await station.settle();
    return transaction;
  }
  const bytes = (destination: string, nonce: number, amount: bigint, gwei: bigint): Uint8Array =>
    station.payment({
      to: destination.slice(chain.length + 1) as `0x${string}`,
      nonce,
      value: amount,
      maxFeePerGas: gwei * 10n ** 9n,
    });

  it('counts what was released from its first second up to, and not including, its last', async () => {
    station.time.pass(60_000);
    const since = station.time.wall;
    await pay(alice, 'w-1', 0);
    station.time.pass(60_000);
    const until = station.time.wall;
    await pay(bob, 'w-2', 1);
    expect(paid()).toEqual(['w-1', 'w-2']);
    expect(paid({ since, until })).toEqual(['w-1']);
    expect(paid({ since: until })).toEqual(['w-2']);
    expect(paid({ until: since })).toEqual([]);
  });

  it('tells of a payment who attested it, enrolled on whose word, to what listed destination, ripe since when, released when', async () => {
    const transaction = await pay(alice, 'w-1', 0, 1_500_000_000_000_000_001n);
    const [told] = report().payments;
    const day = 86_400_000;
    expect(told).toMatchObject({
      withdrawal: 'w-1',
      account: 'alice',
      asset: ether,
      amount: '1500000000000000001',
      units: '1.500000000000000001',
      symbol: 'ETH',
      destination: alicesAddress,
      policy: station.policyHash,
      attested_by: [
        {
          kind: 'webauthn',
          id: alice.credential,
          class: 'device',
          user_verified: true,
          admission: 'voucher',
          admitted_by: ['admission.example'],
          ripening: { w0: 0, d0: day, ripe_for: day + 2_000 },
          state: 'standing',
        },
      ],
      held: null,
      listing: {
        entry: 'entry-a',
        label: 'my wallet',
        listed_by: [{ id: alice.credential, ripening: { w0: 0, d0: day, ripe_for: 1_000 } }],
        ripening: { w0: day + 1_000, d0: day, ripe_for: 1_000, ripe_not_before: '2022-01-19T00:46:01Z' },
      },
      transaction: { id: transaction, wallet: walletId, anchor: 'nonce:0', replaced_by: [] },
    });
    expect(told?.transaction.hash).toMatch(/^0x[0-9a-f]{64}$/);
    expect(told?.listing?.ripening.notice_delivered?.time).toBe('2022-01-18T00:46:01Z');
    expect(told?.attested_by[0]?.enrolled?.time).toBe('2022-01-17T00:46:00Z');
  });

  it('says of a factor that it was revoked since', async () => {
    await pay(alice, 'w-1', 0);
    await station.custody.factors.revoke(alice.credential);
    expect(report().payments[0]?.attested_by[0]?.state).toBe('revoked');
  });

  it('counts a payment once, however often it was replaced, and when its first version was released', async () => {
    const first = await pay(alice, 'w-1', 0);
    station.time.pass(60_000);
    const later = station.time.wall;
    const { id } = await station.sign(['w-1'], bytes(alicesAddress, 0, ethers(1), 30n), first);
    await station.settle();
    const { payments, agreement, totals } = report();
    expect(payments.map(({ transaction }) => transaction)).toMatchObject([{ id: first, replaced_by: [id] }]);
    expect(totals.assets).toMatchObject([{ amount: String(ethers(1)) }]);
    expect(agreement.holds).toBe(true);
    // In the span of the replacement alone, nothing new was paid.
    const after = report({ since: later });
    expect(after.payments).toEqual([]);
    expect(after.agreement).toMatchObject({ holds: true, differences: [] });
    expect(report({ since: later, disputed: disputed('w-1') }).disputed).toMatchObject({
      paid: 0,
      outside: [{ withdrawal: 'w-1' }],
    });
  });

  it('does not count what operators state that never confirmed', async () => {
    const first = await pay(alice, 'w-1', 0);
    const until = (station.time.wall + 1_000) as WallMs;
    const own = [...station.policy.wallets.values()][0]?.address ?? '';
    const nothing = bytes(own, 0, 0n, 60n);
    const quorum = ['olivia', 'omar'];
    station.time.pass(3_600_000);
    await station.operators.act(quorum, 'void', `transaction:${first}`, nothing);
    await station.settle();
    expect(paid({ until })).toEqual(['w-1']);
    station.time.pass(3_600_000);
    await station.operators.act(quorum, 'void', `confirmed:${transactionId(walletId, nothing)}`);
    const { payments, not_paid, agreement, events } = report();
    expect(payments).toEqual([]);
    expect(not_paid).toMatchObject([{ withdrawal: 'w-1', state: 'VOIDED' }]);
    expect(agreement.holds).toBe(true);
    expect(events.map(({ sentence }) => sentence).join('\n')).toMatch(/void [0-9a-f]{64} was permitted at nonce:0/);
    // What was stated after the span counts for it all the same.
    expect(paid({ until })).toEqual([]);
  });

  it('tells what was refused, by reason and account, what was authorized and not paid, and who froze what', async () => {
    await alice.authorize('w-1');
    await expect(bob.authorize('w-2', { destination: alicesAddress })).rejects.toThrow();
    await expect(bob.authorize('w-3', { destination: mallorysAddress }, { userVerified: false })).rejects.toThrow();
    await station.operators.sign('olivia', 'freeze', 'account:alice', 'she called');
    await bob.list('entry-c', alicesAddress);
    const { refusals, not_paid, events, changes, payments } = report();
    expect(payments).toEqual([]);
    expect(refusals).toMatchObject({ total: 2, only_counted: 0, by_account: [{ account: 'bob', count: 2 }] });
    expect(refusals.by_reason.map(({ reason }) => reason).sort()).toEqual([
      'destination-unlisted',
      'user-not-verified',
    ]);
    expect(not_paid).toMatchObject([{ withdrawal: 'w-1', account: 'alice', state: 'AUTHORIZED' }]);
    expect(events.map(({ kind }) => kind)).toEqual(['operator-acted', 'act-effective', 'frozen']);
    expect(events.at(-1)?.sentence).toBe('olivia froze account alice: she called');
    expect(changes).toMatchObject([
      { kind: 'destination-added', account: 'bob', subject: alicesAddress, by: [bob.credential], affected: false },
    ]);
    expect(report({ accounts: ['alice'] }).refusals.total).toBe(0);
  });

  it('is narrowed to accounts, destinations and assets, and to what is disputed', async () => {
    await pay(alice, 'w-1', 0);
    await pay(bob, 'w-2', 1, ethers(2));
    await pay(bob, 'w-3', 2, ethers(3));
    expect(paid({ accounts: ['bob'] })).toEqual(['w-2', 'w-3']);
    expect(paid({ destinations: [alicesAddress] })).toEqual(['w-1']);
    expect(paid({ assets: [`${chain}/slip44:1`] })).toEqual([]);
    const { totals, disputed: list, basis } = report({ accounts: ['bob'], disputed: disputed('w-1', 'w-3') });
    expect(basis).toBe('disputed');
    expect(totals).toMatchObject({ accounts: 1, payments: 1, assets: [{ units: '3' }] });
    expect(list).toMatchObject({ named: 2, paid: 1, left_out: 1, outside: [] });
    expect(report().basis).toBe('everything-paid');
  });

  it('names what a list of disputed withdrawals has that the station never had, never paid, or paid at another time', async () => {
    await pay(alice, 'w-early', 0);
    station.time.pass(60_000);
    const since = station.time.wall;
    await pay(bob, 'w-1', 1);
    await bob.authorize('w-2', { destination: mallorysAddress });
    const list = parseDisputed('﻿w-1 # the first\r\n\nw-2\nw-1\nw-nine\nw-early\n', 'list');
    expect(report({ since, disputed: list }).disputed).toEqual({
      named: 4,
      repeated: ['w-1'],
      paid: 1,
      unknown: ['w-nine'],
      left_out: 0,
      outside: [{ withdrawal: 'w-early', released: expect.objectContaining({ time: expect.any(String) }) }],
      not_paid: [{ withdrawal: 'w-2', state: 'AUTHORIZED' }],
    });
    expect(() => parseDisputed('w-1\nw 2\n', 'list')).toThrow('list line 2');
    expect(() => parseDisputed('# nothing\n', 'list')).toThrow('names no withdrawal');
  });

  describe('that does not follow from the journal says so', () => {
    beforeEach(async () => {
      await pay(alice, 'w-1', 0);
      await pay(bob, 'w-2', 1, ethers(2));
      await station.settle();
    });
    const wrong = (): IncidentReport['agreement'] => {
      const { agreement } = report();
      expect(agreement.holds).toBe(false);
      return agreement;
    };

    it.each([
      ["UPDATE withdrawals SET amount = '1' WHERE id = 'w-1'", 'withdrawal w-1: amount is 1 in its row'],
      ["UPDATE withdrawals SET account = 'bob' WHERE id = 'w-1'", 'withdrawal w-1: account is bob in its row, alice'],
      ["DELETE FROM withdrawals WHERE id = 'w-1'", 'pays withdrawal w-1, which has no row'],
      ['DELETE FROM transactions', 'withdrawal w-2 was paid in the range by the journal, and not by its row'],
      ['UPDATE transactions SET pays = \'["w-1","w-2"]\'', 'withdrawal w-1: released is'],
    ])('S4: %s', (sql, difference) => {
      tamper(station.file, sql);
      const { differences, findings } = wrong();
      expect(differences.join('\n')).toContain(difference);
      expect(findings).toBeGreaterThan(0);
    });

    it('S4: a journal whose entries of a payment were cut out of it', () => {
      const at = (kind: string): number => {
        const db = new Database(station.file, { readonly: true });
        const [row] = db
          .prepare<[string], { index: number }>('SELECT "index" FROM leaves WHERE instr(bytes, ?) > 0')
          .all(`"kind":"${kind}"`);
        db.close();
        return row?.index ?? -1;
      };
      tamper(station.file, `DELETE FROM leaves WHERE "index" = ${at('withdrawal-authorized')}`);
      const { differences, findings } = wrong();
      expect(findings).toBeGreaterThan(0);
      expect(differences).toContain('withdrawal w-1 was paid, but no entry authorizes it');
      tamper(station.file, `DELETE FROM leaves WHERE "index" = ${at('transaction-permitted')}`);
      expect(wrong().differences.join('\n')).toMatch(/transaction [0-9a-f]{64} was signed, but no entry permits it/);
    });

    it('S4: even where both counts agree, for whatever the audit finds', () => {
      tamper(station.file, "UPDATE clock SET w = w + 1 WHERE key = 'clock'");
      const agreement = wrong();
      expect(agreement.differences).toEqual([]);
      expect(agreement.found).toMatchObject([{ tag: 'row-forged', where: 'clock clock' }]);
    });
  });

  it('reads an account and a destination from the intent where the openings were erased, since the entry binds it', async () => {
    await pay(alice, 'w-1', 0);
    tamper(station.file, 'DELETE FROM openings');
    const { agreement, accounts } = report();
    expect(agreement).toMatchObject({ holds: true, from_leaves: { accounts: 1 } });
    expect(accounts).toMatchObject([{ account: 'alice' }]);
    // An edited row is still found: the entry has the digest of what was signed.
    tamper(station.file, "UPDATE withdrawals SET account = 'bob'");
    expect(report().agreement.differences).toContain('withdrawal w-1: account is bob in its row, alice in the journal');
  });
});
