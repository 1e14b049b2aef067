import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseWithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { ReceiptError } from '../../src/journal/receipt-error.ts';
import { acceptingCodes, Phone } from '../attacks/code-customer.ts';
import { TestStation } from '../custody/station.ts';
import { forge, type LooseLeaf, type LooseReceipt } from './forged-log.ts';

let station: TestStation;
let phone: Phone;
let genuine: LooseReceipt;
let step: number;
beforeAll(async () => {
  station = await TestStation.open({ policy: acceptingCodes });
  const alice = await station.ripeCustomer('alice');
  phone = await Phone.enrolledBy(alice);
  station.passDay();
  const { intent } = await alice.prepare('w-1');
  step = Math.floor(station.time.wall / 30_000);
  await station.custody.withdrawals.authorize({
    intent: intent.bytes,
    attestations: [alice.attest(intent.digest), phone.code()],
  });
  await station.sign(['w-1']);
  await station.settle();
  genuine = JSON.parse(new TextDecoder().decode(await station.custody.journal.receipt(parseWithdrawalId('w-1', 'id'))));
});
afterAll(() => station.close());

const verified = (receipt: LooseReceipt) =>
  verifyReceipt(new TextEncoder().encode(JSON.stringify(receipt)), station.verifierKey).map((f) => f.sentence);

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ReceiptError) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return 'verified';
}

describe('I5: a receipt of a withdrawal that a one-time code approved beside a passkey', () => {
  it('says what the log says of the code, and that nobody can check it', () => {
    const said = verified(genuine);
    expect(said).toContain(
      `The log says that a one-time code of factor ${phone.factor}, of time step ${step}, was right; it was enrolled, announced and ripe. Without its secret nobody can check the code.`,
    );
    expect(said.join('\n')).toMatch(new RegExp(`Factor ${phone.factor} was enrolled at .*, attested by factor `));
    expect(JSON.stringify(genuine)).not.toContain(phone.uri.slice(-60));
  });

  const leafOf = (leaves: LooseLeaf[]): LooseLeaf => {
    const found = leaves.find(({ kind }) => kind === 'withdrawal-authorized');
    if (found === undefined) throw new Error('no such leaf');
    return found;
  };
  const factorOf = (receipt: LooseReceipt) => receipt.factors.findIndex((f) => f.credential === phone.factor);

  it.each<[what: string, change: Parameters<typeof forge>[1], reason: string]>([
    ['the code left out', (_, r) => void r.evidence.attestations.splice(1, 1), 'evidence-invalid: '],
    ['the passkey left out', (_, r) => void r.evidence.attestations.splice(0, 1), 'evidence-invalid: '],
    [
      'nothing but the code',
      (leaves, r) => {
        r.evidence.attestations.splice(0, 1);
        const { personal, fields } = leafOf(leaves);
        personal['factors'] = phone.factor;
        for (const name of ['factors_w0', 'factors_d0']) fields[name] = fields[name]?.split(' ')[1] ?? '';
      },
      'evidence-invalid: leaf 8 was approved without a verified person',
    ],
    ['its factor left out', (_, r) => void r.factors.splice(factorOf(r), 1), 'factor-differs: '],
    [
      'a code that the leaf does not tell of',
      (leaves) => void delete leafOf(leaves).personal['codes'],
      'evidence-invalid: leaf 8 tells of other one-time codes',
    ],
    [
      'a code of another factor in the leaf',
      (leaves, r) => {
        leafOf(leaves).personal['codes'] = `${r.factors[0]?.credential}:${step}`;
      },
      'evidence-invalid: leaf 8 tells of other one-time codes',
    ],
    [
      'a code without a step',
      (leaves) => {
        leafOf(leaves).personal['codes'] = phone.factor;
      },
      'evidence-invalid: leaf 8 tells of other one-time codes',
    ],
    [
      'a passkey’s assertion told as a code',
      (leaves, r) => {
        const credential = r.evidence.attestations[0]?.['credential'] ?? '';
        r.evidence.attestations[0] = { kind: 'totp', factor: credential };
        leafOf(leaves).personal['codes'] = `${credential}:${step} ${phone.factor}:${step}`;
      },
      'makes no one-time codes',
    ],
  ])('is refused that shows %s', (_, change, reason) => {
    const { bytes, verifierKey } = forge(genuine, change);
    expect(reasonOf(() => verifyReceipt(bytes, verifierKey))).toContain(reason);
  });
});
