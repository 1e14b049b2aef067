import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCreationOptions } from '../../simulators/authenticator/options.ts';
import { type AccountId, hour, minute, parseAdmission, type WithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { findings } from '../custody/audit-station.ts';
import { Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { leaves, refused } from './attempt.ts';
import { destinationIntent, deviceOf, furtherFactor, prepareFactor, restartUnder } from './people.ts';

const two = ['olivia', 'omar'] as const;
const subject = 'account:alice';
const account = 'alice' as AccountId;

describe('A8: recovery by operators', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open({ operators: {} });
  });
  afterEach(() => station.close());

  /** A registration response of a device of the account’s owner, or of whoever says that they are. */
  const registration = async (device = deviceOf('a new phone'), of: string = account): Promise<Uint8Array> => {
    const options = parseCreationOptions(await station.custody.factors.begin(of as AccountId));
    return new TextEncoder().encode(JSON.stringify(device.create(options)));
  };
  const factors = () =>
    Object.fromEntries(station.custody.factors.list(account).map((f) => [f.record.id, f.state] as const));
  const admit = async (device = deviceOf('a new phone')): Promise<Customer> => {
    const before = new Set(Object.keys(factors()));
    const { act } = await station.operators.act(two, 'admit', subject, await registration(device));
    expect(act.state).toBe('DONE');
    const [credential] = Object.keys(factors()).filter((id) => !before.has(id));
    return new Customer(station, account, device, credential as Customer['credential']);
  };
  const thaw = async () => {
    await station.operators.act(two, 'thaw', subject);
    await station.operators.ripen();
  };
  const pass = (hours: number) => station.time.pass(hours * hour);
  const notices = (kind: string) => station.custody.notices.waiting(-1, 100).filter((n) => n.kind === kind);

  it('A10: an account that never had a factor gets its first by a quorum, not by one operator; it ripens as any', async () => {
    const response = await registration();
    const first = await station.operators.sign('olivia', 'admit', subject, response);
    expect(first.act.state).toBe('OPEN');
    expect(first.description).toMatch(/^Admit the device passkey .* as the first factor of account alice\./);
    expect(factors()).toEqual({});
    // The other one need not send what the first sent.
    const { act } = await station.operators.sign('omar', 'admit', subject, first.act.payload);
    expect(act).toMatchObject({ state: 'DONE', operators: ['olivia', 'omar'] });
    expect(Object.values(factors())).toEqual(['announcing']);
    expect(notices('factor-added')).toHaveLength(1);
    await station.deliver();
    pass(24);
    expect(Object.values(factors())).toEqual(['ripe']);
    const [id = ''] = Object.keys(factors());
    const { record } = station.custody.factors.list(account)[0] ?? {};
    expect(record).toMatchObject({ admission: 'operators', attestedBy: [] });
    expect(parseAdmission(record?.intent ?? new Uint8Array())).toMatchObject({ account, credential: id, as: 'first' });
    expect(station.store.read('accounts', account)).toMatchObject({ everEnrolled: 1 });
  });

  it('A8: the challenge is looked at when the act is opened, and another account’s registration, or an old one, opens none', async () => {
    const response = await registration();
    await expect(station.operators.prepare('admit', 'account:bob', response)).rejects.toMatchObject({
      reason: 'challenge-mismatch',
    });
    station.time.pass(16 * minute);
    await expect(station.operators.prepare('admit', subject, response)).rejects.toMatchObject({
      reason: 'challenge-mismatch',
    });
    const fresh = await registration();
    await station.operators.sign('olivia', 'admit', subject, fresh);
    // An act stays open for longer than a challenge is good for.
    station.time.pass(hour);
    const [open] = station.custody.acts.list({ unsettled: true, limit: 10 });
    await station.operators.sign('omar', 'admit', subject, station.custody.acts.get(open?.act.id as never).act.payload);
    expect(Object.values(factors())).toEqual(['announcing']);
  });

  it('A8: what an act keeps of a registration is not taken from anybody who sends it: it was never verified', async () => {
    await station.operators.sign('olivia', 'admit', subject, await registration());
    const [open] = station.custody.acts.list({ unsettled: true, limit: 10 });
    const kept = new TextDecoder().decode(station.custody.acts.get(open?.act.id as never).act.payload);
    const forged = new TextEncoder().encode(kept.replace('"class":"device"', '"class":"synced"'));
    await expect(station.operators.prepare('admit', subject, forged)).rejects.toMatchObject({ reason: 'malformed' });
    await expect(
      station.operators.prepare('admit', 'account:bob', new TextEncoder().encode(kept)),
    ).rejects.toMatchObject({ reason: 'malformed' });
  });

  it('A8: an account that ever had a factor recovers: a quorum, 72 hours from the delivery of its own notice, the whitelist frozen', async () => {
    const alice = await station.ripeCustomer('alice');
    await station.custody.factors.revoke(alice.credential);
    await station.deliver();
    const size = station.custody.journal.size();
    const recovered = await admit();
    expect(leaves(station, size).find((leaf) => leaf.kind === 'factor-added')?.fields).toMatchObject({
      admission: 'recovery',
      operators: 'olivia omar',
    });
    const [notice, ...others] = notices('recovery-begun');
    expect(others).toEqual([]);
    expect(notice).toMatchObject({ account, subject: recovered.credential });
    expect(notice?.text).toContain('72 hours');
    // Nothing ripens unannounced.
    pass(100);
    expect(factors()[recovered.credential]).toBe('announcing');
    await station.deliver();
    pass(71);
    expect(factors()[recovered.credential]).toBe('pending');
    await thaw();
    // The thaw took a day: the factor is ripe only by now, and pays what stood before.
    expect(factors()[recovered.credential]).toBe('ripe');
    await expect(recovered.authorize('w-1')).resolves.toMatchObject({ state: 'AUTHORIZED' });
  });

  it('A8: while it recovers no destination is added, by whichever factor, nor another factor; ripe ones are paid by factors that stood', async () => {
    const alice = await station.ripeCustomer('alice');
    const recovered = await admit();
    await station.deliver();
    const listing = async (by: Customer) => {
      const { bytes, digest } = await destinationIntent(by, 'entry-2', mallorysAddress);
      return () => station.custody.destinations.add({ intent: bytes, attestations: [by.attest(digest)] });
    };
    const refusal = await refused(station, await listing(alice), 'account-recovering', 'destination');
    expect(refusal.details).toHaveProperty('not_before');
    await refused(station, await listing(recovered), 'account-recovering', 'destination');
    const next = await prepareFactor(station, account, deviceOf('another'), alice.credential);
    const approval = { kind: 'attestations', attestations: [alice.attest(next.intent.digest)] } as const;
    const add = () =>
      station.custody.factors.add({ intent: next.intent.bytes, registration: next.registration, approval });
    await refused(station, add, 'account-recovering', 'factor');
    const stands = station.custody.operators.account(account);
    expect(stands.recoversUntil).toBe(station.time.wall + 72 * hour);
    expect(stands.factors.map((f) => f.state)).toEqual(['ripe', 'pending']);
    expect(stands.freeze).toBeUndefined();
    await expect(alice.authorize('w-1')).resolves.toMatchObject({ state: 'AUTHORIZED' });
    await refused(station, () => recovered.authorize('w-2'), 'factor-unripe', 'withdrawal');
    pass(72);
    expect(station.custody.operators.account(account)).toMatchObject({ everEnrolled: true, recoversUntil: undefined });
    await expect(recovered.list('entry-2', mallorysAddress)).resolves.toMatchObject({ state: 'announcing' });
  });

  it('A8: what still ripened when the recovery began is cancelled: nothing of it ripens meanwhile', async () => {
    const alice = await station.ripeCustomer('alice');
    const thief = await furtherFactor(alice, deviceOf('thief'));
    await alice.list('entry-2', mallorysAddress);
    await station.deliver();
    const earlier = await admit(deviceOf('a wrong phone'));
    expect(factors()).toEqual({
      [alice.credential]: 'ripe',
      [thief.credential]: 'cancelled',
      [earlier.credential]: 'announcing',
    });
    const { destinations } = station.custody;
    expect(destinations.list(account).map((d) => [d.record.entry, d.state])).toEqual([
      ['entry-alice', 'ripe'],
      ['entry-2', 'cancelled'],
    ]);
    // A second recovery takes the first one's place.
    const later = await admit();
    expect(factors()).toMatchObject({ [earlier.credential]: 'cancelled', [later.credential]: 'announcing' });
    const retold = leaves(station).filter((leaf) => leaf.fields['by'] === 'recovery');
    expect(retold.map((leaf) => leaf.kind)).toEqual(['factor-revoked', 'destination-removed', 'factor-revoked']);
  });

  it('A8: the notice’s token cancels it, and so does revoking it; one operator refuses it before it is done', async () => {
    const alice = await station.ripeCustomer('alice');
    const one = await admit();
    const [notice] = notices('recovery-begun');
    await station.deliver();
    pass(30);
    // By then any other factor would be ripe, and past objecting.
    const { cancelled } = await station.custody.notices.report(notice?.token ?? '');
    expect(cancelled).toEqual([`factor ${one.credential}`]);
    const two_ = await admit(deviceOf('phone 2'));
    await station.custody.factors.revoke(two_.credential);
    expect(factors()).toEqual({
      [alice.credential]: 'ripe',
      [one.credential]: 'cancelled',
      [two_.credential]: 'removed',
    });
    await thaw();
    await expect(alice.list('entry-2', mallorysAddress)).resolves.toMatchObject({ state: 'announcing' });
    const third = await station.operators.sign('olivia', 'admit', subject, await registration(deviceOf('phone 3')));
    await station.operators.sign('oscar', 'refuse', `act:${third.act.id}`);
    expect(station.custody.acts.get(third.act.id).act.state).toBe('REFUSED');
  });

  it('A8: a recovery that waits again, because policy made it longer, can be objected to again', async () => {
    await station.ripeCustomer('alice');
    const one = await admit();
    const [notice] = notices('recovery-begun');
    await station.deliver();
    pass(72);
    expect(factors()[one.credential]).toBe('ripe');
    await restartUnder(station, (d) => d.replace('destination: 24h }', 'destination: 24h, recovery: 30d }'));
    expect(factors()[one.credential]).toBe('pending');
    const { cancelled } = await station.custody.notices.report(notice?.token ?? '');
    expect(cancelled).toEqual([`factor ${one.credential}`]);
  });

  it('A8: a credential that is enrolled anywhere is not admitted again', async () => {
    await station.ripeCustomer('alice');
    const exists = { reason: 'factor-exists' };
    // The same device again: it makes the same credential, where it is not told that there is one.
    const hers = await registration(deviceOf('alice'), 'bob');
    await expect(station.operators.prepare('admit', 'account:bob', hers)).rejects.toMatchObject(exists);
  });

  it('A8: a class that policy does not accept is not admitted either', async () => {
    const synced = deviceOf('synced', { backup: 'synced' });
    await station.close();
    station = await TestStation.open({
      operators: {},
      policy: (d) => d.replace('accepts: [device, synced]', 'accepts: [device]'),
    });
    await expect(station.operators.prepare('admit', subject, await registration(synced))).rejects.toMatchObject({
      reason: 'factor-class-refused',
    });
  });

  it('A8: a first factor that came in by voucher meanwhile makes the act another one: it lapses', async () => {
    const { act } = await station.operators.sign('olivia', 'admit', subject, await registration());
    await station.enrol('alice');
    await station.running.timekeeper.tick();
    expect(station.custody.acts.get(act.id).act.state).toBe('LAPSED');
  });

  it('I5: the receipt says who admitted the factor, and an audit finds nothing', async () => {
    const alice = await station.ripeCustomer('alice');
    await station.custody.factors.revoke(alice.credential);
    const recovered = await admit();
    await station.deliver();
    pass(72);
    await thaw();
    await recovered.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    const facts = verifyReceipt(await station.custody.journal.receipt('w-1' as WithdrawalId), station.verifierKey);
    const enrolled = facts.filter((f) => f.what === 'enrolled').map((f) => f.sentence);
    expect(enrolled.some((s) => /for the account to recover, admitted by the operators olivia, omar/.test(s))).toBe(
      true,
    );
    expect(findings(station.file, { stateKey: station.stateKey })).toEqual([]);
    const receipt = new TextDecoder().decode(await station.custody.journal.receipt('w-1' as WithdrawalId));
    const withFactor = (change: (factor: Record<string, unknown>) => Record<string, unknown>) => () => {
      const parsed: { factors: Record<string, unknown>[] } = JSON.parse(receipt);
      const factors_ = parsed.factors.map((f) => (f['credential'] === recovered.credential ? change(f) : f));
      return verifyReceipt(
        new TextEncoder().encode(JSON.stringify({ ...parsed, factors: factors_ })),
        station.verifierKey,
      );
    };
    expect(withFactor((f) => f)()).toHaveLength(facts.length);
    const reason = (name: string) => expect.objectContaining({ reason: name });
    expect(withFactor((f) => ({ ...f, voucher: 'a.b.c' }))).toThrow(reason('evidence-invalid'));
    const other = (f: Record<string, unknown>) => ({ ...f, intent: String(f['intent']).replace('recovery', 'first') });
    expect(withFactor(other)).toThrow(reason('factor-differs'));
  });
});
