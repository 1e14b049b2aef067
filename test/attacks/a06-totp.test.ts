import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthenticatorApp } from '../../simulators/exchange/authenticator-app.ts';
import { lockAfter, refuseSharedCodes } from '../../src/custody/codes.ts';
import { Keyring } from '../../src/custody/seal.ts';
import {
  type Attestation,
  day,
  hour,
  minute,
  parseAccountId,
  type Reason,
  Refusal,
  type WallMs,
  type WithdrawalRecord,
} from '../../src/domain/index.ts';
import { type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { leaves, refused, remembered } from './attempt.ts';
import { acceptingCodes, Phone } from './code-customer.ts';
import { destinationIntent, deviceOf, furtherFactor, prepareFactor } from './people.ts';

let station: TestStation;
let alice: Customer;
let phone: Phone;
beforeEach(async () => {
  station = await TestStation.open({ policy: acceptingCodes });
  alice = await station.ripeCustomer('alice');
  phone = await Phone.enrolledBy(alice);
  station.passDay();
});
afterEach(() => station.close());

/** What approves a withdrawal of Alice's, given its digest. */
type Evidence = (digest: string) => Attestation[];
const withCode =
  (...codes: Attestation[]): Evidence =>
  (digest) => [alice.attest(digest), ...codes];

let ids = 0;
/** An attempt to authorize a withdrawal of its own. */
async function attempt(evidence: Evidence, id = `w-${ids++}`): Promise<() => Promise<WithdrawalRecord>> {
  const { intent } = await alice.prepare(id, { amount: 10n ** 15n });
  const attestations = evidence(intent.digest);
  return () => station.custody.withdrawals.authorize({ intent: intent.bytes, attestations });
}

const authorize = async (evidence: Evidence, id?: string): Promise<WithdrawalRecord> => (await attempt(evidence, id))();

/** Why it was refused; `accepted` if it wasn't. */
async function reasonOf(run: () => Promise<unknown>): Promise<Reason | 'accepted'> {
  const error: unknown = await run().then(
    () => 'accepted',
    (thrown: unknown) => thrown,
  );
  if (error === 'accepted') return 'accepted';
  if (error instanceof Refusal) return error.reason;
  throw error;
}

/** All verified before any is decided: the store takes the first decision at once, and those behind it in one group. */
function together(...runs: (() => Promise<unknown>)[]): Promise<(Reason | 'accepted')[]> {
  void station.store.decide({}, () => ({ result: undefined }));
  return Promise.all(runs.map(reasonOf));
}

const reasonFor = async (evidence: Evidence): Promise<Reason | 'accepted'> => reasonOf(await attempt(evidence));

describe('a one-time code beside a passkey', () => {
  it.each([-30_000, 0, 30_000])(
    'approves, of a step %i ms away; the leaf says of which factor and step',
    async (later) => {
      const code = phone.code(later);
      const step = Math.floor((station.time.wall + later) / 30_000);
      const record = await authorize(withCode(code), 'w-1');
      expect(record.state).toBe('AUTHORIZED');
      expect(record.factors).toEqual([alice.credential, phone.factor]);
      expect(phone.row).toMatchObject({ lastStep: step, failures: 0, lockedUntil: null });
      const index = Number(record.history.at(-1));
      const told = station.store.log.openings(index).find(({ field }) => field === 'codes');
      expect(told?.value).toBe(`${phone.factor}:${step}`);
    },
  );

  it('is signed for later without being asked again, while its factor stands', async () => {
    await authorize(withCode(phone.code()), 'w-1');
    station.time.pass(hour);
    await station.sign(['w-1'], station.payment({ value: 10n ** 15n }));
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
  });

  it('A14: is worth nothing any more once its factor is revoked', async () => {
    await authorize(withCode(phone.code()), 'w-1');
    await station.custody.factors.revoke(phone.factor);
    expect(station.custody.withdrawals.get('w-1' as never).state).toBe('CANCELLED');
    expect(await reasonFor(withCode(phone.code(30_000)))).toBe('factor-revoked');
  });

  it('D4: kept evidence of a factor that was revoked by another hand’s undoing is no evidence', async () => {
    await authorize(withCode(phone.code()), 'w-1');
    const record = station.store.read('factors', phone.factor);
    if (record === undefined) throw new Error('no factor');
    await station.store.decide({}, () => ({
      result: undefined,
      writes: [{ table: 'factors', record: { ...record, state: 'removed' } }],
    }));
    await refused(
      station,
      () => station.sign(['w-1'], station.payment({ value: 10n ** 15n })),
      'factor-revoked',
      'transaction',
    );
  });

  it('may come first in the request', async () => {
    expect(await reasonFor((digest) => [phone.code(), alice.attest(digest)])).toBe('accepted');
  });
});

describe('A6: one-time codes alone', () => {
  it('approve no withdrawal, whether or not they are right, and none is looked at', async () => {
    for (const code of [phone.code(), phone.wrong()])
      await refused(station, await attempt(() => [code]), 'attestation-insufficient', 'withdrawal');
    expect(phone.row.failures).toBe(0);
  });

  it('of two apps are no more than of one', async () => {
    const second = await Phone.enrolledBy(alice);
    station.passDay();
    await refused(
      station,
      await attempt(() => [phone.code(), second.code()]),
      'attestation-insufficient',
      'withdrawal',
    );
  });

  it('list no destination', async () => {
    const { bytes } = await destinationIntent(alice, 'entry-2', mallorysAddress);
    const add = () => station.custody.destinations.add({ intent: bytes, attestations: [phone.code()] });
    await refused(station, add, 'attestation-insufficient', 'destination');
  });

  it('enrol no factor', async () => {
    const thief = await prepareFactor(station, alice.account, deviceOf('thief'), phone.factor);
    const approval = { kind: 'attestations', attestations: [phone.code()] } as const;
    const add = () =>
      station.custody.factors.add({ intent: thief.intent.bytes, registration: thief.registration, approval });
    await refused(station, add, 'attestation-insufficient', 'factor');
  });

  it('A10: are nobody’s: an account that has nothing else left is frozen', async () => {
    await station.custody.factors.revoke(alice.credential);
    expect(station.custody.operators.station().freezes.map(({ scope }) => scope)).toEqual(['account:alice']);
  });

  it('A10: that go leave the account as it is, while a passkey is left', async () => {
    await station.custody.factors.revoke(phone.factor);
    expect(station.custody.operators.station().freezes).toEqual([]);
  });

  it('cannot be made an account’s first factor by a voucher', async () => {
    const account = parseAccountId('bob', 'account');
    const { uri, enrolment } = station.custody.factors.beginCode(account);
    const code = new AuthenticatorApp(uri).codeAt(station.time.wall);
    const registration = { enrolment, code };
    const prepared = await station.custody.factors.prepare({
      account,
      registration,
      attestedBy: undefined,
      lifetime: undefined,
    });
    const { credential, key, intent } = prepared;
    const jws = await station.voucher({ account: 'bob', credential, key, station: prepared.station });
    const approval = { kind: 'voucher', jws } as const;
    const add = () => station.custody.factors.add({ intent: intent.bytes, registration: { enrolment }, approval });
    await refused(station, add, 'attestation-insufficient', 'factor');
  });
});

describe('A6: a code beside evidence that does not stand', () => {
  const mallorys = async (): Promise<Customer> => station.ripeCustomer('mallory', mallorysAddress);

  it('is not looked at: who has no other factor of the account learns of none, and locks nobody out', async () => {
    const mallory = await mallorys();
    const unripe = await furtherFactor(alice, deviceOf('unripe'));
    await station.deliver();
    const beside: [Reason, (digest: string) => Attestation][] = [
      ['factor-foreign', (digest) => mallory.attest(digest)],
      ['challenge-mismatch', () => alice.attest('ab'.repeat(32))],
      ['factor-unripe', (digest) => unripe.attest(digest)],
    ];
    for (const [reason, other] of beside) {
      for (const code of [phone.code(), phone.wrong()]) {
        await refused(station, await attempt((digest) => [code, other(digest)]), reason, 'withdrawal');
        await refused(station, await attempt((digest) => [other(digest), code]), reason, 'withdrawal');
      }
    }
    expect(phone.row).toMatchObject({ failures: 0 });
    // And one that stands beside it does not help.
    const both = (code: Attestation) => (digest: string) => [alice.attest(digest), mallory.attest(digest), code];
    for (const code of [phone.code(), phone.wrong()])
      await refused(station, await attempt(both(code)), 'factor-foreign', 'withdrawal');
  });

  it('of another account’s factor is refused unseen, right or wrong', async () => {
    const mallory = await mallorys();
    const { intent } = await mallory.prepare('w-m', { destination: mallorysAddress, amount: 10n ** 15n });
    for (const code of [phone.code(), phone.wrong()]) {
      const attestations = [mallory.attest(intent.digest), code];
      await refused(
        station,
        () => station.custody.withdrawals.authorize({ intent: intent.bytes, attestations }),
        'factor-foreign',
        'withdrawal',
      );
    }
    expect(phone.row).toMatchObject({ failures: 0 });
  });

  it('of a factor that is not ripe is refused unseen', async () => {
    const second = await Phone.enrolledBy(alice);
    for (const code of [second.code(60_000), second.wrong()])
      await refused(station, await attempt(withCode(code)), 'factor-unripe', 'withdrawal');
    expect(second.row.failures).toBe(0);
  });

  it('of a passkey, or of nobody, is refused', async () => {
    const { code } = phone.code();
    for (const [factor, reason] of [
      [alice.credential, 'attestation-invalid'],
      ['bm9ib2R5', 'factor-unknown'],
    ] as const) {
      const other: Attestation = { kind: 'totp', factor: factor as never, code };
      await refused(station, await attempt(withCode(other)), reason, 'withdrawal');
    }
  });

  it('several of one factor in a request are none: that would be several guesses', async () => {
    for (const codes of [
      [phone.code(), phone.code(30_000)],
      [phone.code(), phone.wrong()],
      [phone.wrong(0), phone.wrong(1)],
    ])
      await refused(station, await attempt(withCode(...codes)), 'attestation-invalid', 'withdrawal');
    expect(phone.row.failures).toBe(0);
  });
});

describe('A6: the same code twice', () => {
  it('in its own step, for the same and for another withdrawal', async () => {
    const code = phone.code();
    await authorize(withCode(code), 'w-1');
    await refused(station, await attempt(withCode(code)), 'attestation-spent', 'withdrawal');
  });

  it.each([30_000, 59_999])('%i ms later, at another place of the window', async (later) => {
    const code = phone.code(30_000);
    await authorize(withCode(code));
    station.time.pass(later);
    await refused(station, await attempt(withCode(code)), 'attestation-spent', 'withdrawal');
  });

  it('after a restart', async () => {
    const code = phone.code();
    await authorize(withCode(code));
    await station.restart();
    await refused(station, await attempt(withCode(code)), 'attestation-spent', 'withdrawal');
  });

  it('two at once: one of them is used', async () => {
    const code = phone.code();
    const [a, b] = [await attempt(withCode(code)), await attempt(withCode(code))];
    const found = await together(a, b);
    expect(found.sort()).toEqual(['accepted', 'changed-meanwhile']);
    await refused(station, b, 'attestation-spent', 'withdrawal');
  });

  it('two at once, each beside a passkey of its own', async () => {
    const other = await furtherFactor(alice, deviceOf('other'));
    station.passDay();
    const code = phone.code();
    const a = await attempt(withCode(code));
    const b = await attempt((digest) => [other.attest(digest), code]);
    expect((await together(a, b)).sort()).toEqual(['accepted', 'changed-meanwhile']);
  });

  it('in one transaction, for two withdrawals that it authorizes', async () => {
    const code = phone.code();
    const authorizations = [];
    for (const id of ['w-a', 'w-b']) {
      const { intent } = await alice.prepare(id, { amount: 10n ** 15n });
      authorizations.push({ intent: intent.bytes, attestations: [alice.attest(intent.digest), code] });
    }
    const evidence = [{ verification: { genuine: true, evidence: { kind: 'totp', factor: phone.factor, step: 7 } } }];
    expect(() => refuseSharedCodes([evidence, evidence] as never)).toThrow('one one-time code came with several');
    expect(() => refuseSharedCodes([evidence, []] as never)).not.toThrow();
  });

  it('a step before one that was used is used, too', async () => {
    const before = phone.code(-30_000);
    await authorize(withCode(phone.code()));
    await refused(station, await attempt(withCode(before)), 'attestation-spent', 'withdrawal');
    expect(await reasonFor(withCode(phone.code(30_000)))).toBe('accepted');
  });

  it('a code of its own enrolment is used', async () => {
    const unripened = await TestStation.open({
      policy: (d) => acceptingCodes(d).replace('factor: 24h', 'factor: 1s'),
    });
    try {
      const bob = await unripened.ripeCustomer('bob');
      const other = await Phone.enrolledBy(bob);
      unripened.time.pass(2_000);
      for (const later of [0, 30_000]) {
        const { intent } = await bob.prepare(`w-${later}`, { amount: 10n ** 15n });
        const attestations = [bob.attest(intent.digest), other.code(later)];
        const run = () => unripened.custody.withdrawals.authorize({ intent: intent.bytes, attestations });
        expect(await reasonOf(run)).toBe('attestation-spent');
      }
    } finally {
      await unripened.close();
    }
  });

  it('a refusal spends none', async () => {
    const code = phone.code();
    const { intent } = await alice
      .prepare('w-x', { amount: 10n ** 15n, destination: mallorysAddress })
      .catch(() => alice.prepare('w-x'));
    const attestations = [alice.attest(intent.digest), code];
    await station.custody.operators.freeze('account:alice', 'olivia', 'a drill');
    expect(await reasonOf(() => station.custody.withdrawals.authorize({ intent: intent.bytes, attestations }))).toBe(
      'frozen',
    );
    await station.custody.operators.thaw('account:alice', 'olivia', 'over');
    expect(phone.row.lastStep).toBeLessThan(Math.floor(station.time.wall / 30_000));
    expect(await reasonFor(withCode(code))).toBe('accepted');
  });
});

describe('A6: guessing', () => {
  const guess = (n = 0): Promise<Reason | 'accepted'> => reasonFor(withCode(phone.wrong(n)));

  it('a wrong code is refused, leaves its leaf, and counts, and nothing else changes', async () => {
    const before = remembered(station);
    const size = station.custody.journal.size();
    expect(await guess()).toBe('code-wrong');
    const { codes, ...rest } = remembered(station);
    const { codes: codesBefore, ...restBefore } = before;
    expect(rest).toEqual(restBefore);
    expect(codes).not.toEqual(codesBefore);
    expect(phone.row).toMatchObject({ failures: 1, lockedUntil: null });
    expect(leaves(station, size).map(({ kind, fields }) => [kind, fields['reason']])).toEqual([
      ['refused', 'code-wrong'],
    ]);
  });

  it('counts whatever else was wrong with the request', async () => {
    const run = await attempt(withCode(phone.wrong()));
    await station.custody.operators.freeze('account:alice', 'olivia', 'a drill');
    expect(await reasonOf(run)).toBe('frozen');
    expect(phone.row.failures).toBe(1);
  });

  it('counts where a destination, a factor or a transaction is asked for', async () => {
    const { bytes, digest } = await destinationIntent(alice, 'entry-2', mallorysAddress);
    const attestations = [alice.attest(digest), phone.wrong()];
    expect(await reasonOf(() => station.custody.destinations.add({ intent: bytes, attestations }))).toBe('code-wrong');
    expect(phone.row.failures).toBe(1);

    const { intent, registration } = await prepareFactor(station, alice.account, deviceOf('new'), alice.credential);
    const approval = { kind: 'attestations', attestations: [alice.attest(intent.digest), phone.wrong()] } as const;
    expect(await reasonOf(() => station.custody.factors.add({ intent: intent.bytes, registration, approval }))).toBe(
      'code-wrong',
    );
    expect(phone.row.failures).toBe(2);

    const prepared = await alice.prepare('w-i');
    const authorization = {
      intent: prepared.intent.bytes,
      attestations: [alice.attest(prepared.intent.digest), phone.wrong()],
    };
    const sign = () =>
      station.custody.transactions.sign({
        wallet: 'hot-1' as never,
        unsigned: station.payment(),
        pays: ['w-i' as never],
        replaces: undefined,
        authorizations: [authorization],
      });
    expect(await reasonOf(sign)).toBe('code-wrong');
    expect(phone.row.failures).toBe(3);
  });

  it('three are free; the next locks the factor for a minute of witnessed time, and says until when', async () => {
    for (let n = 0; n < 4; n++) expect(await guess(n)).toBe('code-wrong');
    const error = await (await attempt(withCode(phone.code())))().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      reason: 'factor-locked',
      details: { not_before: new Date(station.time.wall + minute).toISOString().replace('.000', '') },
    });
    // While it is locked nothing is looked at, and so nothing counted.
    await refused(station, await attempt(withCode(phone.wrong())), 'factor-locked', 'withdrawal');
    expect(phone.row.failures).toBe(4);
    station.time.pass(minute + 1_000);
    expect(await reasonFor(withCode(phone.code()))).toBe('accepted');
    expect(phone.row).toMatchObject({ failures: 0, lockedUntil: null });
  });

  it('each further one doubles the time, up to a day', async () => {
    expect([0, 1, 2, 3, 4, 5, 6, 14, 15, 16, 400].map(lockAfter)).toEqual([
      0,
      0,
      0,
      0,
      minute,
      2 * minute,
      4 * minute,
      1_024 * minute,
      day,
      day,
      day,
    ]);
    for (let n = 0; n < 6; n++) {
      station.time.pass(lockAfter(n) + 1_000);
      expect(await guess(n)).toBe('code-wrong');
    }
    const { lockedUntil } = phone.row;
    const { w } = station.store.look({});
    expect(lockedUntil).toBe(w + 4 * minute);
  });

  it('the count outlives a restart', async () => {
    for (let n = 0; n < 4; n++) await guess(n);
    await station.restart();
    expect(await reasonFor(withCode(phone.code()))).toBe('factor-locked');
  });

  it('many at once: of all that are judged each counts, and what the others found is told to nobody', async () => {
    const runs = [];
    for (let n = 0; n < 12; n++) runs.push(await attempt(withCode(phone.wrong(n))));
    runs.push(await attempt(withCode(phone.code())));
    const found = await together(...runs);
    const judged = found.filter((reason) => reason === 'code-wrong').length;
    expect(judged).toBe(1);
    expect(found.filter((reason) => reason === 'changed-meanwhile').length).toBe(runs.length - judged);
    expect(phone.row.failures).toBe(judged);
  });

  it('over and over at once, gets no further than one by one', async () => {
    let told = 0;
    for (let round = 0; round < 10; round++) {
      const runs = [];
      for (let n = 0; n < 5; n++) runs.push(await attempt(withCode(phone.wrong(n))));
      const found = await together(...runs);
      told += found.filter((reason) => reason === 'code-wrong').length;
    }
    expect(told).toBe(4);
    expect(phone.row.failures).toBe(4);
  });

  it('of one factor locks no other, of this account or another’s', async () => {
    const second = await Phone.enrolledBy(alice);
    const bob = await station.ripeCustomer('bob', mallorysAddress);
    const bobs = await Phone.enrolledBy(bob);
    station.passDay();
    for (let n = 0; n < 5; n++) await guess(n);
    expect(await reasonFor(withCode(phone.code()))).toBe('factor-locked');
    expect(await reasonFor(withCode(second.code()))).toBe('accepted');
    const { intent } = await bob.prepare('w-b', { destination: mallorysAddress, amount: 10n ** 15n });
    const attestations = [bob.attest(intent.digest), bobs.code()];
    expect(await reasonOf(() => station.custody.withdrawals.authorize({ intent: intent.bytes, attestations }))).toBe(
      'accepted',
    );
    // The code of another app is a wrong one.
    const swapped: Attestation = { kind: 'totp', factor: second.factor, code: bobs.code(30_000).code };
    expect(await reasonFor(withCode(swapped))).toBe('code-wrong');
    expect(second.row.failures).toBe(1);
    expect(bobs.row.failures).toBe(0);
  });
});

describe('A6: a clock that is moved back', () => {
  it('revives no step', async () => {
    const code = phone.code();
    await authorize(withCode(code));
    station.time.pass(10 * minute);
    await authorize(withCode(phone.code()));
    station.time.wall = (station.time.wall - 10 * minute) as WallMs;
    await station.running.timekeeper.tick();
    expect(await reasonFor(withCode(code))).toBe('clock-suspect');
    await station.custody.operators.acknowledgeClock('olivia', 'a drill');
    // Whatever the clock says, steps only go forward.
    expect(await reasonFor(withCode(code))).toMatch(/^(attestation-spent|code-wrong)$/);
    expect(await reasonFor(withCode(phone.code(30_000)))).toMatch(/^(attestation-spent|code-wrong)$/);
  });
});

describe('A6: enrolling one-time codes', () => {
  const begun = (customer = alice) => station.custody.factors.beginCode(customer.account);
  const appOf = async (uri: string) => {
    return new AuthenticatorApp(uri);
  };
  const prepare = (customer: Customer, enrolment: Uint8Array, code: string) =>
    station.custody.factors.prepare({
      account: customer.account,
      registration: { enrolment, code },
      attestedBy: customer.credential,
      lifetime: undefined,
    });

  it('takes a code that the app shows now', async () => {
    const { uri, enrolment } = begun();
    const app = await appOf(uri);
    expect(await reasonOf(() => prepare(alice, enrolment, app.codeAt(station.time.wall - 10 * minute)))).toBe(
      'code-wrong',
    );
    expect(await reasonOf(() => prepare(alice, enrolment, app.codeAt(station.time.wall)))).toBe('accepted');
  });

  it('is for the account that began it, for a quarter of an hour, in its ticket epoch', async () => {
    const bob = await station.ripeCustomer('bob', mallorysAddress);
    const { uri, enrolment } = begun();
    const app = await appOf(uri);
    const now = () => app.codeAt(station.time.wall);
    await expect(prepare(bob, enrolment, now())).rejects.toThrow(
      'enrollment: was not begun at this station for this account',
    );
    const changed = enrolment.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
    for (const bytes of [changed, enrolment.subarray(1), new Uint8Array(), phone.row.secret])
      await expect(prepare(alice, bytes, now())).rejects.toThrow('enrollment: was not begun at this station');
    station.time.pass(15 * minute);
    await prepare(alice, enrolment, now());
    station.time.pass(1_000);
    await expect(prepare(alice, enrolment, now())).rejects.toThrow('enrollment: has expired');

    const other = begun();
    await station.custody.operators.acknowledgeClock('olivia', 'a drill');
    await expect(prepare(alice, other.enrolment, (await appOf(other.uri)).codeAt(station.time.wall))).rejects.toThrow(
      'has expired',
    );
  });

  it('is of the secret that the intent was attested for, and once', async () => {
    const [one, two] = [begun(), begun()];
    const { intent } = await prepare(alice, one.enrolment, (await appOf(one.uri)).codeAt(station.time.wall));
    const approval = { kind: 'attestations', attestations: [alice.attest(intent.digest)] } as const;
    const add = (enrolment: Uint8Array) =>
      station.custody.factors.add({ intent: intent.bytes, registration: { enrolment }, approval });
    await expect(add(two.enrolment)).rejects.toThrow(
      'enrollment: is not the registration that the intent was prepared for',
    );
    const added = await add(one.enrolment);
    expect(added.record).toMatchObject({ kind: 'totp', class: 'totp', state: 'announcing' });
    expect((await add(one.enrolment)).record).toEqual(added.record);
    station.time.pass(1_000);
    const again = await prepare(alice, one.enrolment, (await appOf(one.uri)).codeAt(station.time.wall));
    const attestations = [alice.attest(again.intent.digest)];
    await refused(
      station,
      () =>
        station.custody.factors.add({
          intent: again.intent.bytes,
          registration: { enrolment: one.enrolment },
          approval: { kind: 'attestations', attestations },
        }),
      'factor-exists',
      'factor',
    );
  });

  it('leaves the options for passkeys to passkeys', async () => {
    const { excludeCredentials } = JSON.parse(await station.custody.factors.begin(alice.account));
    expect(excludeCredentials).toEqual([{ type: 'public-key', id: alice.credential }]);
  });

  it('where policy does not accept them is refused', async () => {
    const strict = await TestStation.open();
    try {
      const bob = await strict.ripeCustomer('bob');
      await expect(Phone.enrolledBy(bob)).rejects.toMatchObject({ reason: 'factor-class-refused' });
    } finally {
      await strict.close();
    }
  });

  it('S9: the secret is nowhere in the clear: not on disk, in the journal, in a list, a log, a receipt or a refusal', async () => {
    const encoded = new URL(phone.uri).searchParams.get('secret') ?? '';
    const secret = Buffer.from(new Keyring(station.sealingKeys).unseal('code-secret', phone.factor, phone.row.secret));
    expect(secret.length).toBe(20);
    await authorize(withCode(phone.code()), 'w-1');
    const refusal = await (await attempt(withCode(phone.wrong())))().catch((error: unknown) => error);
    const said = [
      JSON.stringify(leaves(station)),
      JSON.stringify(station.custody.factors.list(alice.account)),
      JSON.stringify(station.details),
      JSON.stringify(station.custody.notices.waiting(-1, 1_000)),
      JSON.stringify(refusal),
      String(refusal),
      new TextDecoder().decode(await station.custody.journal.receipt('w-1' as never)),
    ].join('\n');
    const forms = [encoded, secret.toString('hex'), secret.toString('base64'), secret.toString('base64url')];
    for (const form of forms) expect(said).not.toContain(form);
    for (const file of [station.file, `${station.file}-wal`]) {
      const bytes = readFileSync(file);
      for (const form of [secret, ...forms.map((text) => Buffer.from(text))]) expect(bytes.includes(form)).toBe(false);
    }
  });
});
