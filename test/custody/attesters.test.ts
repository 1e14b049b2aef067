import { afterEach, describe, expect, it } from 'vitest';
import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import { parseCreationOptions } from '../../simulators/authenticator/options.ts';
import type { EntryId, WithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { alicesAddress, Customer, mallorysAddress, TestStation, testSeed } from './station.ts';

let station: TestStation;
afterEach(() => station.close());

/** A customer with two ripe factors, the second attested by the first. */
async function twoFactors(): Promise<[Customer, Customer]> {
  const first = await station.enrol('alice');
  station.passDay();
  const { factors } = station.custody;
  const { account } = first;
  const device = new Authenticator({ origin: 'https://approve.example', seed: testSeed('a second device') });
  const options = parseCreationOptions(await factors.begin(account));
  const registration = new TextEncoder().encode(JSON.stringify(device.create(options)));
  const prepared = await factors.prepare({ account, registration, attestedBy: first.credential, lifetime: undefined });
  const { intent, credential } = prepared;
  const attestation = first.attest(intent.digest);
  await factors.add({
    intent: intent.bytes,
    registration,
    approval: { kind: 'attestations', attestations: [attestation] },
  });
  await station.deliver();
  station.passDay();
  return [first, new Customer(station, 'alice', device, credential)];
}

async function listByBoth([first, second]: [Customer, Customer], entry: string, destination = alicesAddress) {
  const { destinations } = station.custody;
  const request = { entry: entry as EntryId, account: first.account, destination, label: '', lifetime: undefined };
  const { intent } = await destinations.prepare(request);
  const attestations = [first.attest(intent.digest), second.attest(intent.digest)];
  return destinations.add({ intent: intent.bytes, attestations });
}

describe('a destination that two factors attested', () => {
  it('I3, A14: is cancelled while it ripens by the revocation of either', async () => {
    station = await TestStation.open();
    const both = await twoFactors();
    const { record } = await listByBoth(both, 'entry-1');
    expect(record.attestedBy).toEqual([both[0].credential, both[1].credential]);
    const { cancelled } = await station.custody.factors.revoke(both[1].credential);
    expect(cancelled).toContain('destination entry-1');
  });

  it('I5: is told in the receipt with both, each with what it had ripened since', async () => {
    station = await TestStation.open();
    const both = await twoFactors();
    await listByBoth(both, 'entry-1');
    await listByBoth(both, 'entry-2', mallorysAddress);
    await station.deliver();
    station.passDay();
    const { intent } = await both[0].prepare('w-1');
    const attestations = both.map((factor) => factor.attest(intent.digest));
    await station.custody.withdrawals.authorize({ intent: intent.bytes, attestations });
    await station.sign(['w-1']);
    await station.settle();
    const receipt = await station.custody.journal.receipt('w-1' as WithdrawalId);
    const facts = verifyReceipt(receipt, station.verifierKey);
    expect(facts.filter((f) => f.what === 'attested')).toHaveLength(2);
    for (const { credential } of both) {
      expect(facts.find((f) => f.what === 'ripe')?.sentence).toContain(credential);
    }
    const { leaves }: { leaves: { leaf: string }[] } = JSON.parse(new TextDecoder().decode(receipt));
    const told = leaves.map(({ leaf }): Record<string, string> => JSON.parse(leaf));
    const of = (kind: string): Record<string, string> => told.find((l) => l['kind'] === kind) ?? {};
    const ripened = told.filter((l) => l['kind'] === 'factor-ripening');
    const w0 = ripened.map((l) => l['w0']).join(' ');
    expect(new Set(w0.split(' ')).size).toBe(2);
    expect(of('destination-added')).toMatchObject({ attested_by_w0: w0, attested_by_d0: '86400000 86400000' });
    expect(of('withdrawal-authorized')).toMatchObject({ factors_w0: w0, factors_d0: '86400000 86400000' });
    const { w0: listed, d0 } = of('destination-ripening');
    expect(of('transaction-permitted')).toMatchObject({ destinations_w0: listed, destinations_d0: d0 });
    expect(of('factor-added')).toMatchObject({ attested_by_w0: '', attested_by_d0: '' });
  });
});
