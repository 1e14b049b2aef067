import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deviation } from '../../simulators/authenticator/deviation.ts';
import { type Assertion, digestOf, type WithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { ReceiptError } from '../../src/journal/receipt-error.ts';
import { authorizeShown, confirmed, framed, showingPayments } from '../attacks/payment-shown.ts';
import { deviceOf, furtherFactor } from '../attacks/people.ts';
import { type Customer, mallorysAddress, TestStation } from '../custody/station.ts';
import { forge, type LooseLeaf, type LooseReceipt } from './forged-log.ts';

let station: TestStation;
let alice: Customer;
let second: Customer;
let genuine: LooseReceipt;
const policy = (document: string): string =>
  `${showingPayments(document)}authenticators_use: { unverified: [device] }\n`;

const receiptOf = async (id: string): Promise<LooseReceipt> =>
  JSON.parse(new TextDecoder().decode(await station.custody.journal.receipt(id as WithdrawalId)));
const judged = (receipt: LooseReceipt, key = station.verifierKey): string => {
  try {
    return verifyReceipt(new TextEncoder().encode(JSON.stringify(receipt)), key)
      .filter(({ what }) => what === 'attested')
      .map(({ sentence }) => sentence)
      .join('\n');
  } catch (error) {
    if (error instanceof ReceiptError) return `${error.reason}: ${error.message}`;
    throw error;
  }
};

/** Has every leaf name another policy, whose document the receipt shows. */
function renamePolicy(leaves: readonly LooseLeaf[], receipt: LooseReceipt, document: string): void {
  receipt.policies = [document];
  for (const { fields } of leaves)
    if ('policy' in fields) fields['policy'] = digestOf(new TextEncoder().encode(document));
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const shown = ({ credential, authenticatorData, clientData, signature }: Assertion): Record<string, string> => ({
  kind: 'webauthn',
  credential,
  authenticator_data: base64url(authenticatorData),
  client_data: base64url(clientData),
  signature: base64url(signature),
});

/** The receipt, with other attestations in the place of those that were made. */
function approvedBy(...attestations: readonly Assertion[]): LooseReceipt {
  const receipt = structuredClone(genuine);
  receipt.evidence.attestations = attestations.map(shown);
  return receipt;
}

/** As the same page, customer and withdrawal would have it, but for what deviates. */
const instead = async (how: Parameters<typeof confirmed>[2]): Promise<string> =>
  judged(approvedBy((await confirmed(alice, 'w-1', how)).attestation));

beforeAll(async () => {
  station = await TestStation.open({ policy });
  alice = await station.ripeCustomer('alice');
  second = await furtherFactor(alice, deviceOf('second'));
  station.passDay();
  await authorizeShown(alice, 'w-1');
  genuine = await receiptOf('w-1');
});
afterAll(() => station.close());

describe('I5: a receipt of a payment that the customer’s browser showed', () => {
  it('says what was shown, and where', () => {
    expect(judged(genuine)).toBe(
      `Factor ${alice.credential} signed this intent on https://www.exchange.example; its browser showed the payment itself: ` +
        '"ETH" "1", payee "Exchange" ("https://www.exchange.example"), ' +
        '"to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 on eip155:31337: 1 ETH, fees up to 0.001 ETH"; ' +
        'it was enrolled, announced and ripe.',
    );
  });

  it('A11: is of this withdrawal’s destination and amount, or proves nothing', async () => {
    expect(await instead({ shown: { destination: mallorysAddress } })).toMatch(
      /^evidence-invalid: .* another destination$/,
    );
    expect(await instead({ shown: { amount: 2n * 10n ** 18n } })).toMatch(/^evidence-invalid: .* another amount$/);
    const total = (value: unknown) => instead({ deviation: { payment: { total: { currency: 'ETH', value } } } });
    for (const value of ['1.5', '-1', '01x', '', '0', '1e0', '10']) {
      expect(await total(value)).toMatch(/^evidence-invalid: .* another amount$/);
    }
    for (const value of [1, undefined])
      expect(await total(value)).toMatch(/^evidence-invalid: .* lacks what was shown$/);
  });

  it.each<[string, Deviation]>([
    ['payment', { clientData: { payment: 'x' } }],
    ['total', { payment: { total: undefined } }],
    ['currency', { payment: { total: { value: '1' } } }],
    ['instrument', { payment: { instrument: null } }],
    ['text', { payment: { instrument: { icon: '' } } }],
  ])('A11: without its %s proves nothing', async (_, deviation) => {
    expect(await instead({ deviation })).toMatch(/^evidence-invalid: .* lacks what was shown$/);
  });

  it('A2: the challenge, the person and the key are checked as of any other', async () => {
    expect(await instead({ deviation: { challenge: 'A'.repeat(43) } })).toMatch(/another challenge$/);
    expect(await instead({ deviation: { userPresent: false } })).toMatch(/without a person$/);
    expect(await instead({ deviation: { tamper: 'signature' } })).toMatch(/does not verify/);
  });

  it('A8: was asked for by a page that the policy names for it, framed by none that it does not, of its payee', async () => {
    expect(judged(approvedBy((await confirmed(alice, 'w-1', { page: framed })).attestation))).toContain(
      'showed the payment',
    );
    expect(await instead({ page: { origin: 'https://evil.example' } })).toMatch(
      /"https:..evil.example", which the policy does not name$/,
    );
    expect(await instead({ page: { ...framed, topOrigin: 'https://evil.example' } })).toMatch(/within another one$/);
    const others = { payee_name: 'payee_name: Another', payee_origin: 'payee_origin: https://another.example' };
    for (const [member, instead] of Object.entries(others)) {
      const { bytes, verifierKey } = forge(genuine, (leaves, receipt) => {
        const [document = ''] = receipt.policies;
        const changed = document.replace(new RegExp(`${member}: .*`), instead);
        expect(changed).not.toBe(document);
        renamePolicy(leaves, receipt, changed);
      });
      expect(judged(JSON.parse(new TextDecoder().decode(bytes)), verifierKey)).toMatch(
        /another payee than the policy’s$/,
      );
    }
  });

  it('A5: a payment inside an assertion, or an assertion without one under its type, proves nothing', async () => {
    const { intent } = await alice.prepare('w-1');
    const made = (deviation: Deviation) => judged(approvedBy(alice.attest(intent.digest, deviation)));
    expect(made({ clientData: { payment: {} } })).toMatch(/was not made by a request for an assertion$/);
    expect(made({ type: 'payment.get' })).toMatch(/made on "https:..approve.example", which the policy does not name$/);
    // A destination has no payment.
    const receipt = structuredClone(genuine);
    receipt.destination.evidence.attestations = [shown((await confirmed(alice, 'w-1')).attestation)];
    expect(judged(receipt)).toMatch(/was not made by a request for an assertion$/);
  });

  it('I5: the leaf tells how many were shown, and it is held to it', async () => {
    const { intent } = await alice.prepare('w-1');
    expect(judged(approvedBy(alice.attest(intent.digest)))).toMatch(/another number of payments that browsers showed$/);
    const { bytes, verifierKey } = forge(genuine, (leaves) => {
      for (const { kind, fields } of leaves) if (kind === 'withdrawal-authorized') fields['payments_shown'] = '2';
    });
    expect(judged(JSON.parse(new TextDecoder().decode(bytes)), verifierKey)).toMatch(
      /another number of payments that browsers showed$/,
    );
  });

  it('A5: an attestation without a verified user only adds to one with', async () => {
    const { intent } = await alice.prepare('w-1');
    const silent = alice.attest(intent.digest, { userVerified: false });
    expect(judged(approvedBy(silent))).toMatch(/^evidence-invalid: .* without a verified person$/);

    const two = await alice.prepare('w-2');
    await station.custody.withdrawals.authorize({
      intent: two.intent.bytes,
      attestations: [alice.attest(two.intent.digest), second.attest(two.intent.digest, { userVerified: false })],
    });
    const [first, other] = judged(await receiptOf('w-2')).split('\n');
    expect(first).toBe(
      `Factor ${alice.credential} signed this intent on https://approve.example; it was enrolled, announced and ripe.`,
    );
    expect(other).toContain('on https://approve.example, without verifying its user; it was enrolled');
  });
});
