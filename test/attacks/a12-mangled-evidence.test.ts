import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Attestation, parseWithdrawalId, type Sealed } from '../../src/domain/index.ts';
import { type Customer, TestStation } from '../custody/station.ts';
import { leaves, refused, remembered } from './attempt.ts';
import { deviceOf } from './people.ts';

/** COSE’s number of it. Of its signatures (r, s) there is always a twin, (r, n - s). */
const es256 = -7;

describe('A12: evidence mangled, to pass as new', () => {
  let station: TestStation;
  let alice: Customer;
  let intent: Sealed;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.enrol('alice', deviceOf('phone', { backup: 'synced', algorithms: [es256] }));
    station.passDay();
    await alice.list('entry-1');
    await station.deliver();
    station.passDay();
    intent = (await alice.prepare('w-1')).intent;
  });
  afterEach(() => station.close());

  const authorize = (bytes: Uint8Array, attestation: Attestation) => () =>
    station.custody.withdrawals.authorize({ intent: bytes, attestations: [attestation] });
  const authorized = (): number => leaves(station).filter((leaf) => leaf.kind === 'withdrawal-authorized').length;

  it('A12: the twin of an ES256 signature is the same approval of the same withdrawal', async () => {
    const first = await authorize(intent.bytes, alice.attest(intent.digest))();
    const before = remembered(station);
    const twin = alice.attest(intent.digest, { tamper: 'mirrored-signature' });
    expect(await authorize(intent.bytes, twin)()).toEqual(first);
    expect(remembered(station)).toEqual(before);
    expect(authorized()).toBe(1);
  });

  it('A12: nor does it spend the approval anew where the withdrawal’s row was lost', async () => {
    await authorize(intent.bytes, alice.attest(intent.digest))();
    station.db.prepare('DELETE FROM withdrawals').run();
    const twin = alice.attest(intent.digest, { tamper: 'mirrored-signature' });
    await refused(station, authorize(intent.bytes, twin), 'attestation-spent', 'withdrawal');
    await refused(station, authorize(intent.bytes, alice.attest(intent.digest)), 'attestation-spent', 'withdrawal');
  });

  it('A12: two twins at once are one withdrawal', async () => {
    const twin = alice.attest(intent.digest, { tamper: 'mirrored-signature' });
    const [one, two] = await Promise.all([
      authorize(intent.bytes, alice.attest(intent.digest))(),
      authorize(intent.bytes, twin)(),
    ]);
    expect(two).toEqual(one);
    expect(authorized()).toBe(1);
  });

  it('A12: client data with a space more are not what was signed', async () => {
    const spaced = alice.attest(intent.digest, { tamper: 'clientDataJSON' });
    await refused(station, authorize(intent.bytes, spaced), 'signature-invalid', 'withdrawal');
  });

  it('A12: other bytes that say the same are no intent', async () => {
    const text = new TextDecoder().decode(intent.bytes);
    const variants = [
      ` ${text}`,
      `${text}\n`,
      `\uFEFF${text}`,
      text.replace('"account":"alice"', '"account": "alice"'),
      text.replace('"account":"alice"', '"account":"\\u0061lice"'),
      text.replace('{"account":"alice",', '{"account":"alice","account":"alice",'),
      text.replace('{"account":"alice",', '{').replace(/\}$/, ',"account":"alice"}'),
      text.replace(/\}$/, ',"zz":"1"}'),
    ];
    for (const variant of variants) {
      const bytes = new TextEncoder().encode(variant);
      expect(bytes).not.toEqual(intent.bytes);
      await refused(station, authorize(bytes, alice.attest(intent.digest)), 'malformed', 'none');
    }
  });

  it('A12: another intent under the same id is refused by name, and the first one stands', async () => {
    const first = await authorize(intent.bytes, alice.attest(intent.digest))();
    const other = (await alice.prepare('w-1', { amount: 2n })).intent;
    const reuse = authorize(other.bytes, alice.attest(other.digest));
    await refused(station, reuse, 'withdrawal-id-reused', 'withdrawal');
    await station.restart();
    await refused(station, reuse, 'withdrawal-id-reused', 'withdrawal');
    expect(station.custody.withdrawals.get(parseWithdrawalId('w-1', 'id'))).toEqual(first);
  });

  it('A12: nor does an id of a withdrawal that ended serve another', async () => {
    await authorize(intent.bytes, alice.attest(intent.digest))();
    await station.custody.withdrawals.cancel(parseWithdrawalId('w-1', 'id'));
    const other = (await alice.prepare('w-1', { amount: 2n })).intent;
    const reuse = authorize(other.bytes, alice.attest(other.digest));
    await refused(station, reuse, 'withdrawal-id-reused', 'withdrawal');
  });
});
