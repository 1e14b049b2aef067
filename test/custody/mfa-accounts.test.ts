import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audit } from '../../src/custody/audit/audit.ts';
import type { Finding } from '../../src/custody/audit/finding.ts';
import { day, hour, parseAccountId, parseEntryId } from '../../src/domain/index.ts';
import { refused } from '../attacks/attempt.ts';
import { accepting, attester, MfaCustomer, ripeMfaCustomer } from '../attacks/mfa-customers.ts';
import { alicesAddress, ether, mallorysAddress, TestStation } from './station.ts';

const young = `
limits:
  - { scope: account, window: day, asset: '${ether}', most: '500000000000000000', young: account }
young: { destination: 1h, account: 72h }
`;

describe('an account that only an MFA service speaks for', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open({ policy: (document) => `${accepting()(document)}${young.trimStart()}` });
  });
  afterEach(() => station.close());

  const row = (name: string) => station.store.read('accounts', parseAccountId(name, 'account'));

  it('has its row from its first token on, and is young from then (A10)', async () => {
    expect(row('alice')).toBeUndefined();
    const alice = new MfaCustomer(station, 'alice');
    const first = station.store.look({}).w;
    await alice.list('entry-alice');
    expect(row('alice')).toMatchObject({ everEnrolled: 0, since: first, firstPaid: null });
    await station.deliver();
    station.passDay();
    await alice.list('entry-alice-2', mallorysAddress);
    expect(row('alice')).toMatchObject({ since: first });
    await refused(station, () => alice.authorize('w-1'), 'limit-exceeded', 'withdrawal');
    station.passDay();
    station.passDay();
    const w = station.store.look({}).w;
    expect((await alice.authorize('w-1')).state).toBe('AUTHORIZED');
    expect(row('alice')).toMatchObject({ everEnrolled: 0, since: first, firstPaid: w });
  });

  it('has none from a token that is refused', async () => {
    const alice = new MfaCustomer(station, 'alice');
    await refused(
      station,
      () => alice.list('entry-alice', alicesAddress, { claims: { amr: ['pwd'] } }),
      'attestation-invalid',
      'destination',
    );
    expect(row('alice')).toBeUndefined();
  });

  it('may enrol a first passkey by a voucher, and keeps its age', async () => {
    await new MfaCustomer(station, 'alice').list('entry-alice');
    const { since } = row('alice') ?? {};
    station.time.pass(hour);
    await station.enrol('alice');
    expect(row('alice')).toMatchObject({ everEnrolled: 1, since });
  });

  it('leaves a database in which everything says the same', async () => {
    const alice = await ripeMfaCustomer(station, 'alice');
    await station.custody.destinations.remove(parseEntryId('entry-alice', 'entry'));
    await alice.list('entry-alice-2');
    await station.deliver();
    for (const _ of [1, 2, 3]) station.passDay();
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    await station.stop();
    const found: unknown[] = [];
    audit({ file: station.file, stateKey: station.stateKey, logKey: station.verifierKey }, (f) => found.push(f));
    expect(found).toEqual([]);
    station.start();
  });

  it('S4: shows an auditor without the state key that a kept token is another service’s', async () => {
    const alice = await ripeMfaCustomer(station, 'alice');
    for (const _ of [1, 2]) station.passDay();
    await alice.authorize('w-1');
    const forge = (table: string, iss: string) => {
      const forged = alice.token('', { claims: { iss } });
      const kept = JSON.stringify({ type: 'portcullis/evidence/v1', attestations: [forged] });
      station.db.prepare(`UPDATE ${table} SET evidence = ?`).run(Buffer.from(kept));
    };
    const findings = () => {
      const found: Finding[] = [];
      audit({ file: station.file, logKey: station.verifierKey }, (finding) => found.push(finding));
      return found.map(({ tag }) => tag);
    };
    expect(findings()).toEqual([]);
    forge('withdrawals', 'other.example');
    expect(findings()).toHaveLength(1);
    forge('destinations', 'other.example');
    expect(findings()).toHaveLength(2);
    forge('withdrawals', 'mfa.example');
    forge('destinations', 'mfa.example');
    expect(findings()).toEqual([]);
  });

  it('is replayed under another policy, whose keys say what its tokens are worth', async () => {
    const alice = await ripeMfaCustomer(station, 'alice');
    for (const _ of [1, 2]) station.passDay();
    await alice.authorize('w-1');
    const replay = (change: (d: string) => string) =>
      station.custody.operators.replay(new TextEncoder().encode(station.document(change)), 30 * day);
    expect(await replay((d) => d)).toMatchObject({ decided: 1, changed: 0 });
    expect((await replay((d) => d.replace(attester('ed-1'), ''))).examples).toMatchObject([
      { withdrawal: 'w-1', was: 'approved', will: 'refused', rule: 'evidence-genuine' },
    ]);
  });
});
