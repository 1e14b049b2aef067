import { AuthenticatorApp } from '../../simulators/exchange/authenticator-app.ts';
import type { CodeRecord, FactorId, OneTimeCode } from '../../src/domain/index.ts';
import type { Customer, TestStation } from '../custody/station.ts';

/** One-time codes count, beside passkeys. */
export function acceptingCodes(document: string): string {
  const changed = document.replace('accepts: [device, synced]', 'accepts: [device, synced, totp]');
  if (changed === document) throw new Error('the test policy has changed');
  return changed;
}

/** A customer's phone with an app, enrolled as a factor of the account. */
export class Phone {
  readonly station: TestStation;
  readonly app: AuthenticatorApp;
  readonly uri: string;
  readonly factor: FactorId;

  private constructor(station: TestStation, uri: string, factor: FactorId) {
    this.station = station;
    this.uri = uri;
    this.app = new AuthenticatorApp(uri);
    this.factor = factor;
  }

  /** Enrolled, attested by the customer's passkey, and announced; not ripe yet. */
  static async enrolledBy(customer: Customer): Promise<Phone> {
    const { station, account } = customer;
    const { factors } = station.custody;
    const { uri, enrolment } = factors.beginCode(account);
    const code = new AuthenticatorApp(uri).codeAt(station.time.wall);
    const { intent, credential } = await factors.prepare({
      account,
      registration: { enrolment, code },
      attestedBy: customer.credential,
      lifetime: undefined,
    });
    const attestations = [customer.attest(intent.digest)];
    const approval = { kind: 'attestations', attestations } as const;
    await factors.add({ intent: intent.bytes, registration: { enrolment }, approval });
    await station.deliver();
    return new Phone(station, uri, credential);
  }

  /** What the app shows `later` ms from now. */
  code(later = 0): OneTimeCode {
    return { kind: 'totp', factor: this.factor, code: this.app.codeAt(this.station.time.wall + later) };
  }

  /** A code that is none of the present ones: the `n`th of those. */
  wrong(n = 0): OneTimeCode {
    const { wall } = this.station.time;
    const present = [-60_000, -30_000, 0, 30_000, 60_000].map((later) => this.app.codeAt(wall + later));
    const codes = Array.from({ length: n + 6 }, (_, i) => String(i).padStart(6, '0'));
    const code = codes.filter((other) => !present.includes(other)).at(n);
    if (code === undefined) throw new Error('every code is right');
    return { kind: 'totp', factor: this.factor, code };
  }

  get row(): CodeRecord {
    const record = this.station.store.read('codes', this.factor);
    if (record === undefined) throw new Error('the phone is not enrolled');
    return record;
  }
}
