import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptingCodes, Phone } from '../attacks/code-customer.ts';
import { findings, tamper } from './audit-station.ts';
import { type Customer, TestStation } from './station.ts';

describe('the audit of a station with one-time codes', () => {
  let station: TestStation;
  let alice: Customer;
  let phone: Phone;

  beforeEach(async () => {
    station = await TestStation.open({ policy: acceptingCodes });
    alice = await station.ripeCustomer('alice');
    phone = await Phone.enrolledBy(alice);
    station.passDay();
    for (const [id, code] of [
      ['w-1', phone.wrong()],
      ['w-2', phone.code()],
    ] as const) {
      const { intent } = await alice.prepare(id, { amount: 10n ** 15n });
      const attestations = [alice.attest(intent.digest), code];
      await station.custody.withdrawals.authorize({ intent: intent.bytes, attestations }).catch(() => undefined);
    }
  });
  afterEach(() => station.close());

  const keys = (): { stateKey: Uint8Array; logKey: string } => ({
    stateKey: station.stateKey,
    logKey: station.verifierKey,
  });

  it('finds nothing, whatever codes were used and guessed', () => {
    expect(phone.row.lastStep).toBeGreaterThan(0);
    expect(findings(station.file, keys())).toEqual([]);
  });

  it('D4: misses what codes are checked by, if it was deleted, and finds it if it was forged', () => {
    tamper(station.file, 'UPDATE codes SET last_step = 0');
    expect(findings(station.file, keys())).toEqual([`row-forged codes ${phone.factor}`]);
    tamper(station.file, 'DELETE FROM codes');
    expect(findings(station.file)).toEqual([`row-missing codes ${phone.factor}`]);
  });

  it('finds a row of codes that another entry is said to tell of', () => {
    tamper(station.file, 'UPDATE codes SET leaf = 0');
    expect(findings(station.file).some((found) => found.includes(`codes ${phone.factor}`))).toBe(true);
  });
});
