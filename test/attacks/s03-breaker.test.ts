import { afterEach, describe, expect, it } from 'vitest';
import { audit } from '../../src/custody/audit/audit.ts';
import {
  type AccountId,
  type Address,
  day,
  type FreezeScope,
  hour,
  minute,
  parseWithdrawalId,
  type TransactionId,
} from '../../src/domain/index.ts';
import { type Customer, chain, ether, mallorysAddress, TestStation, walletId } from '../custody/station.ts';
import { leaves, live } from './attempt.ts';

/** The address of the nth thief: made up, and not of the test mnemonic. */
const addressOf = (n: number): Address => `${chain}:0x${String(n).padStart(40, '0')}` as Address;
const hex = (address: Address): `0x${string}` => address.slice(chain.length + 1) as `0x${string}`;

describe('S3: the circuit breaker', () => {
  let station: TestStation;
  afterEach(() => station.close());

  const open = async (...rules: string[]): Promise<void> => {
    station = await TestStation.open({
      operators: {},
      policy: (document) => `${document}breaker:\n${rules.map((rule) => `  - { ${rule} }\n`).join('')}`,
    });
  };
  const shared = 'watch: shared-destination, window: hour, above: 2, freeze: destination';

  /** Accounts whose factors were stolen, each with the same address of the thief's on its list. */
  const victims = async (count: number, to: (i: number) => Address = () => mallorysAddress): Promise<Customer[]> => {
    const customers: Customer[] = [];
    for (let i = 1; i <= count; i++) customers.push(await station.enrol(`victim-${i}`));
    station.passDay();
    for (const [i, customer] of customers.entries()) await customer.list(`entry-${i}`, to(i));
    await station.deliver();
    station.passDay();
    return customers;
  };
  const drain = (victim: Customer, id: string, destination = mallorysAddress, amount?: bigint) =>
    victim.authorize(id, { destination, ...(amount === undefined ? {} : { amount }) });
  const pay = (id: string, nonce: number, to = mallorysAddress, value = 10n ** 18n) =>
    station.sign([id], station.payment({ nonce, to: hex(to), value }));
  const get = (id: TransactionId) => station.custody.transactions.get(id);
  const frozen = () => station.custody.operators.station().freezes.map((f) => [f.scope, f.who]);
  const kinds = (from: number) => leaves(station, from).map((leaf) => leaf.kind);
  /** Victims and the rule's index are bounded: `at` never throws for what is there. */
  const at = (list: readonly Customer[], i: number): Customer => {
    const one = list[i];
    if (one === undefined) throw new Error('no such victim');
    return one;
  };
  const reasonOf = (attempt: Promise<unknown>): Promise<string> =>
    attempt.then(
      () => 'done',
      (error: { reason: string }) => error.reason,
    );
  const audited = () => {
    const found: unknown[] = [];
    audit({ file: station.file, stateKey: station.stateKey }, (finding) => found.push(finding));
    return found;
  };

  it('S3: the account above the count freezes the destination in the commit that authorizes it: it is not paid, nor what waits', async () => {
    await open(shared);
    const all = await victims(4);
    await drain(at(all, 0), 'w-0');
    await pay('w-0', 0);
    await station.settle();
    await drain(at(all, 1), 'w-1');
    // Permitted, and its device is not there: the freeze comes before it is.
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    const waiting = await pay('w-1', 1);
    await station.settle();
    const size = station.custody.journal.size();
    expect((await drain(at(all, 2), 'w-2')).state).toBe('AUTHORIZED');
    expect(kinds(size)).toEqual(['withdrawal-authorized', 'breaker-tripped', 'frozen']);
    expect(frozen()).toEqual([[`destination:${mallorysAddress}`, 'breaker']]);
    const [, tripped] = leaves(station, size);
    expect(tripped?.fields).toMatchObject({
      rule: 'shared-destination-hour-destination',
      window: 'hour',
      above: '2',
      counted: '3',
      by: 'withdrawal w-2',
      scope_kind: 'destination',
      policy: station.policyHash,
    });
    // The address names a person's: the log has a commitment to it.
    expect(JSON.stringify(leaves(station, size))).not.toContain(mallorysAddress);

    expect(await reasonOf(pay('w-2', 2))).toBe('frozen');
    expect(await reasonOf(drain(at(all, 3), 'w-3'))).toBe('frozen');
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    expect(get(waiting.id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'frozen' });
    expect(station.signer.seen).toHaveLength(1);
    expect(audited()).toEqual([]);
  });

  it('S3: tells the operators, once, by a notice that the log names', async () => {
    await open(shared, 'watch: shared-destination, window: day, above: 2, freeze: station');
    const all = await victims(3);
    const size = station.custody.journal.size();
    for (const [i, victim] of all.entries()) await drain(victim, `w-${i}`);
    expect(frozen().map(([scope]) => scope)).toEqual([`destination:${mallorysAddress}`, 'station']);
    const notices = station.custody.notices.waiting(-1, 100).filter((n) => n.kind === 'frozen');
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatchObject({ account: null, subject: `destination:${mallorysAddress}` });
    expect(notices[0]?.text).toContain('more than 2 accounts paid one destination within an hour');
    expect(notices[0]?.text).toContain('station (breaker: more than 2 accounts paid one destination within a day)');
    expect(leaves(station, size).filter((leaf) => leaf.fields['notice'] === notices[0]?.id)).toHaveLength(1);
    expect(audited()).toEqual([]);
  });

  it('S3: one account that pays it often is one; and what came more than the window ago does not count', async () => {
    await open(shared);
    const all = await victims(3);
    for (let i = 0; i < 5; i++) await drain(at(all, 0), `again-${i}`);
    await drain(at(all, 1), 'w-1');
    station.time.pass(hour + 5 * minute);
    await drain(at(all, 2), 'w-2');
    expect(frozen()).toEqual([]);
  });

  it('S3: counts and freezes survive restarts', async () => {
    await open(shared);
    const all = await victims(4);
    await drain(at(all, 0), 'w-0');
    await drain(at(all, 1), 'w-1');
    await station.restart();
    await drain(at(all, 2), 'w-2');
    expect(frozen()).toHaveLength(1);
    await station.restart();
    expect(await reasonOf(drain(at(all, 3), 'w-3'))).toBe('frozen');
    expect(await reasonOf(pay('w-2', 0))).toBe('frozen');
  });

  it('I3: only a quorum thaws, and it ripens; what was stopped goes on by itself, and counting starts from zero', async () => {
    await open(shared);
    const all = await victims(6);
    await drain(at(all, 0), 'w-0');
    station.signer.readiness = { ready: false, reason: 'device-missing', message: 'unplugged' };
    const waiting = await pay('w-0', 0);
    for (const i of [1, 2]) await drain(at(all, i), `w-${i}`);
    station.signer.readiness = { ready: true, device: 'fake' };
    station.signer.changed();
    await station.settle();
    const scope: FreezeScope = `destination:${mallorysAddress}`;
    await station.operators.sign('olivia', 'thaw', scope);
    await station.operators.ripen();
    expect(frozen()).toHaveLength(1);
    await station.operators.act(['olivia', 'omar'], 'thaw', scope);
    expect(frozen()).toHaveLength(1);
    await station.operators.ripen();
    expect(frozen()).toEqual([]);
    await station.settle();
    expect(get(waiting.id).state).toBe('SIGNED');
    // Nothing of what tripped it counts any more: two more are let, the third trips it again.
    await drain(at(all, 3), 'w-3');
    await drain(at(all, 4), 'w-4');
    expect(frozen()).toEqual([]);
    await drain(at(all, 5), 'w-5');
    expect(frozen()).toHaveLength(1);
    expect(audited()).toEqual([]);
  });

  it('S3: so does the sum of accounts that never withdrew before; one that did counts no more', async () => {
    await open('watch: first-withdrawals, window: hour, above: 2, freeze: station');
    const all = await victims(3, (i) => addressOf(i + 1));
    await drain(at(all, 0), 'w-0', addressOf(1));
    await drain(at(all, 0), 'w-0b', addressOf(1));
    await drain(at(all, 1), 'w-1', addressOf(2));
    expect(frozen()).toEqual([]);
    await drain(at(all, 2), 'w-2', addressOf(3));
    expect(frozen()).toEqual([['station', 'breaker']]);
    expect(await reasonOf(pay('w-2', 0, addressOf(3)))).toBe('frozen');
  });

  it('S3: one account’s share of a wallet freezes it with its permit: the device sees nothing of that one', async () => {
    await open('watch: outflow-share, window: day, above: 50, freeze: account');
    const all = await victims(11, (i) => addressOf(i + 1));
    for (let i = 0; i < 10; i++) {
      await drain(at(all, i), `w-${i}`, addressOf(i + 1));
      await pay(`w-${i}`, i, addressOf(i + 1));
      await station.settle();
    }
    expect(frozen()).toEqual([]);
    const much = 12n * 10n ** 18n;
    await drain(at(all, 10), 'much', addressOf(11), much);
    const { id } = await pay('much', 10, addressOf(11), much);
    await station.settle();
    expect(frozen()).toEqual([['account:victim-11', 'breaker']]);
    expect(get(id)).toMatchObject({ state: 'PERMITTED', blockedBy: 'frozen' });
    expect(station.signer.seen).toHaveLength(10);
    expect(audited()).toEqual([]);
  });

  it('S3: reviews that people refuse on the device freeze its wallet; a device that cannot show one does not', async () => {
    await open('watch: device-refusals, window: hour, above: 1, freeze: wallet');
    const all = await victims(4);
    const refuse = async (i: number, reason: 'device-refused' | 'device-cannot-show') => {
      station.signer.behaviour = () => ({ kind: 'declined', reason, message: 'no' });
      await drain(at(all, i), `w-${i}`);
      await pay(`w-${i}`, i);
      await station.settle();
    };
    await refuse(0, 'device-refused');
    await refuse(1, 'device-cannot-show');
    expect(frozen()).toEqual([]);
    await station.restart();
    await refuse(2, 'device-refused');
    expect(frozen()).toEqual([[`wallet:${walletId}`, 'breaker']]);
    expect(audited()).toEqual([]);
  });

  it('S3: what happens under a freeze does not count: not what is refused at a device whose wallet was just frozen', async () => {
    await open('watch: device-refusals, window: hour, above: 0, freeze: wallet');
    const [victim] = await victims(1);
    if (victim === undefined) throw new Error('no victim');
    await drain(victim, 'w-0');
    station.signer.behaviour = async () => {
      await station.operators.sign('olivia', 'freeze', `wallet:${walletId}`, 'looks odd');
      return { kind: 'declined', reason: 'device-refused', message: 'no' };
    };
    const size = station.custody.journal.size();
    await pay('w-0', 0);
    await station.settle();
    expect(frozen()).toEqual([[`wallet:${walletId}`, 'olivia']]);
    expect(kinds(size)).not.toContain('breaker-tripped');
  });

  it('S3: what operators froze before is not frozen again', async () => {
    await open('watch: refusals, window: hour, above: 2, freeze: account');
    const [victim] = await victims(1);
    if (victim === undefined) throw new Error('no victim');
    const blind = () => reasonOf(victim.prepare('w').then(({ intent }) => unproven(intent.bytes)));
    await blind();
    await station.operators.sign('olivia', 'freeze', 'account:victim-1', 'looks odd');
    for (let i = 0; i < 5; i++) expect(await blind()).toBe('frozen');
    expect(frozen()).toEqual([['account:victim-1', 'olivia']]);
    await station.operators.act(['olivia', 'omar'], 'thaw', 'account:victim-1');
    await station.operators.ripen();
    // What a freeze refused does not count, or the thaw would be undone at once.
    await blind();
    expect(frozen()).toEqual([]);
  });

  const unproven = (intent: Uint8Array) => station.custody.withdrawals.authorize({ intent, attestations: [] });

  describe('over refusals, which leave sixty leaves a minute at most (S13)', () => {
    const rules = (account: number, client = 1_000) => [
      `watch: refusals, window: hour, above: ${account}, freeze: account`,
      `watch: client-refusals, window: hour, above: ${client}, freeze: station`,
    ];
    const rowsOf = () =>
      station.db
        .prepare<[], { scope: string }>('SELECT scope FROM buckets ORDER BY scope')
        .all()
        .map((r) => r.scope);

    it('S13: trips by the count, whether or not it is on the disk, and writes no more than sixty leaves and the trip', async () => {
      await open(...rules(100));
      const [victim] = await victims(1, () => addressOf(1));
      if (victim === undefined) throw new Error('no victim');
      const { intent } = await victim.prepare('w', { destination: addressOf(1) });
      const size = station.custody.journal.size();
      for (let i = 0; i < 100; i++) expect(await reasonOf(unproven(intent.bytes))).toBe('attestation-missing');
      expect(frozen()).toEqual([]);
      expect(kinds(size)).toHaveLength(60);
      expect(await reasonOf(unproven(intent.bytes))).toBe('attestation-missing');
      expect(frozen()).toEqual([['account:victim-1', 'breaker']]);
      expect(kinds(size).slice(60)).toEqual(['breaker-tripped', 'frozen']);
      for (let i = 0; i < 300; i++) expect(await reasonOf(unproven(intent.bytes))).toBe('frozen');
      expect(kinds(size)).toHaveLength(62);
      await live(station, minute);
      expect(leaves(station, size).at(-1)).toMatchObject({
        kind: 'refusals-aggregated',
        fields: { counts: 'attestation-missing=41 frozen=300' },
      });
      expect(audited()).toEqual([]);
    });

    it('S13: what was only counted in memory is written by the minute’s sweep, and at an orderly end', async () => {
      await open(...rules(100));
      const [victim, other] = await victims(2, (i) => addressOf(i + 1));
      if (victim === undefined || other === undefined) throw new Error('no victims');
      const prepared = async () => (await victim.prepare('w', { destination: addressOf(1) })).intent.bytes;
      const packed = () =>
        station.db.prepare("SELECT packed FROM buckets WHERE scope = 'breaker:account:victim-1'").get();
      const one = await prepared();
      for (let i = 0; i < 60; i++) await reasonOf(unproven(one));
      const before = packed();
      for (let i = 0; i < 20; i++) await reasonOf(unproven(one));
      expect(packed()).toEqual(before);
      await live(station, minute);
      expect(packed()).not.toEqual(before);
      // 80 so far, all of them on the disk. Of these 15, what has no leaf of its own is written at the end.
      const noise = (await other.prepare('noise', { destination: addressOf(2) })).intent.bytes;
      const three = await prepared();
      for (let i = 0; i < 55; i++) await reasonOf(unproven(noise));
      const between = packed();
      for (let i = 0; i < 15; i++) await reasonOf(unproven(three));
      expect(packed()).not.toEqual(between);
      await station.restart();
      for (let i = 0; i < 5; i++) await reasonOf(unproven(three));
      expect(frozen()).toEqual([]);
      await reasonOf(unproven(three));
      expect(frozen()).toEqual([['account:victim-1', 'breaker']]);
    });

    it('S13: made-up accounts make no rows', async () => {
      await open(...rules(2));
      const [victim] = await victims(1);
      if (victim === undefined) throw new Error('no victim');
      for (let i = 0; i < 70; i++) {
        const account = `nobody-${i}` as AccountId;
        const of = { withdrawal: parseWithdrawalId('w', 'id'), account, asset: ether, amount: 1n, maxFee: 10n ** 15n };
        const { intent } = await station.custody.withdrawals.prepare({
          ...of,
          destination: mallorysAddress,
          payBy: undefined,
          lifetime: undefined,
        });
        await reasonOf(unproven(intent.bytes));
      }
      await live(station, minute);
      expect(rowsOf()).toEqual([]);
    });

    it('S3: over all accounts, those of one client: its name is its certificate’s', async () => {
      await open(...rules(100, 4));
      const all = await victims(3);
      const ask = async (client: string, victim: Customer) => {
        const { intent } = await victim.prepare('w', { destination: mallorysAddress });
        const of = station.custody.withdrawalsOf(client);
        return reasonOf(of.authorize({ intent: intent.bytes, attestations: [] }));
      };
      for (const victim of [...all, ...all])
        await ask('other', victim)
          .then(() => ask('kiosk', victim))
          .catch(() => {});
      expect(frozen()).toEqual([['station', 'breaker']]);
      expect(leaves(station).find((leaf) => leaf.kind === 'breaker-tripped')?.fields).toMatchObject({
        rule: 'client-refusals-hour-station',
        counted: '5',
        client: 'other',
      });
    });

    it('S3: a client’s refused transactions count as well', async () => {
      await open(...rules(100, 2));
      const transactions = station.custody.transactionsOf('exchange');
      const request = { wallet: walletId, unsigned: station.payment(), pays: [parseWithdrawalId('w', 'id')] };
      for (let i = 0; i < 3; i++) {
        const attempt = transactions.sign({ ...request, replaces: undefined, authorizations: [] });
        expect(await reasonOf(attempt)).toBe('withdrawal-unknown');
      }
      expect(frozen()).toEqual([['station', 'breaker']]);
    });

    it('S3: attestations that do not verify count apart from other refusals', async () => {
      await open('watch: attestation-failures, window: day, above: 2, freeze: account');
      const [victim] = await victims(1);
      if (victim === undefined) throw new Error('no victim');
      for (let i = 0; i < 4; i++) {
        const { intent } = await victim.prepare('w', { destination: mallorysAddress });
        expect(await reasonOf(unproven(intent.bytes))).toBe('attestation-missing');
      }
      for (let i = 0; i < 3; i++) {
        expect(frozen()).toEqual([]);
        const { intent } = await victim.prepare('w', { destination: mallorysAddress });
        const wrong = victim.attest('ab'.repeat(32));
        const attempt = station.custody.withdrawals.authorize({ intent: intent.bytes, attestations: [wrong] });
        expect(await reasonOf(attempt)).toBe('challenge-mismatch');
      }
      expect(frozen()).toEqual([['account:victim-1', 'breaker']]);
      station.time.pass(2 * day);
      expect(frozen()).toHaveLength(1);
    });
  });
});
