import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Attestation, parseEntryId, type WithdrawalId } from '../../src/domain/index.ts';
import { type Customer, ether, mallorysAddress, TestStation, walletId } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { acceptingCodes, Phone } from './code-customer.ts';
import { accepting, tokenFor } from './mfa-customers.ts';
import { destinationIntent, deviceOf, furtherFactor, prepareFactor, restartUnder } from './people.ts';

const missing = 'needs one more factor of a class other than webauthn';
const evidence = 'webauthn: 1, accepts: [device, synced, mfa-service]';
const services = accepting(undefined, evidence);
const above = `\nbands:\n  - { asset: '${ether}', above: '1000000000000000000', classes: 2 }\n`;
const banded = (document: string): string => `${services(document)}${above}`;
const ofWallet = (document: string): string =>
  services(document).replace("first_nonce: '0' }", "first_nonce: '0', evidence: { classes: 2 } }");

const large = { amount: 2n * 10n ** 18n };

function authorize(customer: Customer, intent: Uint8Array, ...attestations: Attestation[]) {
  return () => customer.station.custody.withdrawals.authorize({ intent, attestations });
}

describe('A5: less evidence than policy demands', () => {
  let station: TestStation;
  let alice: Customer;
  const open = async (policy: (document: string) => string): Promise<void> => {
    station = await TestStation.open({ policy });
    alice = await station.ripeCustomer('alice');
  };
  afterEach(() => station.close());

  describe('by amount', () => {
    beforeEach(() => open(banded));

    it('A5: above the amount, one passkey is refused, and told what else it takes; with a token it is enough', async () => {
      const { intent, evidenceWanted } = await alice.prepare('w-1', large);
      expect(evidenceWanted).toMatchObject({
        summary:
          'one WebAuthn assertion and evidence of 2 different classes, of the classes device, synced, mfa-service',
        demand: { assertions: 2, classes: 2, enrolments: 1, webauthn: 1, hardware: 0 },
        factors: [{ id: alice.credential, kind: 'webauthn', class: 'device' }],
        services: ['mfa.example'],
        wallets: [],
      });
      const passkey = alice.attest(intent.digest);
      const alone = await refused(
        station,
        authorize(alice, intent.bytes, passkey),
        'attestation-insufficient',
        'withdrawal',
      );
      expect(alone.message).toBe(missing);
      const token = tokenFor(station, 'alice', intent.digest);
      // Nor the token alone.
      const other = await refused(
        station,
        authorize(alice, intent.bytes, token),
        'attestation-insufficient',
        'withdrawal',
      );
      expect(other.message).toBe('needs one more WebAuthn assertion');
      const authorized = await authorize(alice, intent.bytes, passkey, tokenFor(station, 'alice', intent.digest))();
      expect(authorized.state).toBe('AUTHORIZED');
    });

    it('A5: two passkeys are of one class', async () => {
      const second = await furtherFactor(alice, deviceOf('second device'));
      station.passDay();
      const { intent } = await alice.prepare('w-1', large);
      const both = [alice.attest(intent.digest), second.attest(intent.digest)];
      const refusal = await refused(
        station,
        authorize(alice, intent.bytes, ...both),
        'attestation-insufficient',
        'withdrawal',
      );
      expect(refusal.message).toBe(missing);
    });

    it('up to the amount, the passkey alone is enough', async () => {
      expect((await alice.authorize('w-1')).state).toBe('AUTHORIZED');
    });

    it('A8: who used tokens needs one to add a passkey: a thief of the first does not come by the second class so', async () => {
      const { intent } = await alice.prepare('w-1', large);
      await authorize(alice, intent.bytes, alice.attest(intent.digest), tokenFor(station, 'alice', intent.digest))();
      const prepared = await prepareFactor(station, alice.account, deviceOf('thief'), alice.credential);
      expect(prepared.evidenceWanted?.demand).toMatchObject({ assertions: 2, classes: 2, webauthn: 1 });
      const add = (...attestations: Attestation[]) =>
        station.custody.factors.add({
          intent: prepared.intent.bytes,
          registration: prepared.registration,
          approval: { kind: 'attestations', attestations },
        });
      const passkey = alice.attest(prepared.intent.digest);
      const alone = await refused(station, () => add(passkey), 'attestation-insufficient', 'factor');
      expect(alone.message).toBe(missing);
      const token = tokenFor(station, 'alice', prepared.intent.digest);
      expect((await add(passkey, token)).state).toBe('announcing');
    });
  });

  it('A5, A8: codes are the second class, too: the passkey alone adds them, and then both add whatever is next', async () => {
    await open((d) => `${acceptingCodes(d)}${above}`);
    const phone = await Phone.enrolledBy(alice);
    station.passDay();
    const { intent, evidenceWanted } = await alice.prepare('w-1', large);
    expect(evidenceWanted.factors).toEqual([
      { id: alice.credential, kind: 'webauthn', class: 'device' },
      { id: phone.factor, kind: 'totp', class: 'totp' },
    ]);
    const code = await refused(
      station,
      authorize(alice, intent.bytes, phone.code()),
      'attestation-insufficient',
      'withdrawal',
    );
    expect(code.message).toBe('a one-time code is a second factor only: needs one more factor of class webauthn');
    const both = [alice.attest(intent.digest), phone.code()];
    expect((await authorize(alice, intent.bytes, ...both)()).state).toBe('AUTHORIZED');

    const prepared = await prepareFactor(station, alice.account, deviceOf('thief'), alice.credential);
    const add = (...attestations: Attestation[]) =>
      station.custody.factors.add({
        intent: prepared.intent.bytes,
        registration: prepared.registration,
        approval: { kind: 'attestations', attestations },
      });
    const passkey = alice.attest(prepared.intent.digest);
    const alone = await refused(station, () => add(passkey), 'attestation-insufficient', 'factor');
    expect(alone.message).toBe(missing);
    station.time.pass(30_000);
    expect((await add(passkey, phone.code())).state).toBe('announcing');
  });

  it('A8: that an account uses an MFA service is known from its first token, whatever that approved', async () => {
    await open(banded);
    const uses = () => station.store.read('accounts', alice.account)?.usesService;
    const tokenBeside = (digest: string) => [alice.attest(digest), tokenFor(station, 'alice', digest)];
    expect(uses()).toBe(false);
    const intent = await destinationIntent(alice, 'entry-2', mallorysAddress);
    await station.custody.destinations.add({ intent: intent.bytes, attestations: tokenBeside(intent.digest) });
    expect(uses()).toBe(true);

    const bob = await station.ripeCustomer('bob');
    const further = await prepareFactor(station, bob.account, deviceOf('bobs second'), bob.credential);
    const attestations = [bob.attest(further.intent.digest), tokenFor(station, 'bob', further.intent.digest)];
    const { registration } = further;
    const approval = { kind: 'attestations', attestations } as const;
    await station.custody.factors.add({ intent: further.intent.bytes, registration, approval });
    expect(station.store.read('accounts', bob.account)).toMatchObject({ usesService: true, everEnrolled: 2 });
  });

  it('D4: what was authorized by less than policy takes by now is not signed', async () => {
    await open(services);
    await alice.authorize('w-1', large);
    await restartUnder(station, (d) => `${accepting(undefined, evidence)(d)}${above}`);
    const sign = () => station.sign(['w-1'], station.payment({ value: large.amount }));
    const refusal = await refused(station, sign, 'attestation-insufficient', 'transaction');
    expect(refusal.message).toBe(missing);
    expect(refusal.details['withdrawal']).toBe('w-1');
  });

  it('A5: a wallet that demands more pays nothing that was approved by less, and explaining says so', async () => {
    await open(ofWallet);
    const { intent, evidenceWanted } = await alice.prepare('w-1');
    expect(evidenceWanted.wallets).toEqual([
      {
        wallet: walletId,
        demand: { assertions: 2, classes: 2, enrolments: 1, webauthn: 0, hardware: 0 },
        operators: 0,
      },
    ]);
    expect(evidenceWanted.summary).toContain('; for hot-1 to pay it, also evidence of 2 different classes');
    // No wallet pays a destination that is only listed.
    const entry = parseEntryId('entry-2', 'entry');
    const destination = { entry, account: alice.account, destination: mallorysAddress, label: '', lifetime: undefined };
    expect((await station.custody.destinations.prepare(destination)).evidenceWanted.wallets).toEqual([]);
    // What the amount takes anyway is no wallet's own.
    await restartUnder(station, (d) => `${ofWallet(d)}${above}`);
    expect((await alice.prepare('w-1', large)).evidenceWanted).toMatchObject({ demand: { classes: 2 }, wallets: [] });
    await authorize(alice, intent.bytes, alice.attest(intent.digest))();
    const refusal = await refused(station, () => station.sign(['w-1']), 'attestation-insufficient', 'transaction');
    expect(refusal.message).toBe(missing);
    const explained = async (id: string) => {
      const request = { wallet: walletId, unsigned: station.payment(), pays: [id as WithdrawalId] };
      const { rules } = await station.custody.transactions.explain({ ...request, replaces: undefined });
      return rules.find(({ rule }) => rule === 'evidence-for-wallet');
    };
    expect(await explained('w-1')).toMatchObject({ passed: false, explanation: missing });

    const more = (await alice.prepare('w-2')).intent;
    await authorize(alice, more.bytes, alice.attest(more.digest), tokenFor(station, 'alice', more.digest))();
    expect(await explained('w-2')).toMatchObject({ passed: true });
    await expect(station.sign(['w-2'])).resolves.toMatchObject({ state: 'PERMITTED' });
  });
});
