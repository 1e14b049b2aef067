import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refused } from '../attacks/attempt.ts';
import { deviceOf, prepareFactor } from '../attacks/people.ts';
import { type Customer, TestStation } from './station.ts';

describe('what is refused by rule', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  it('I5: cancelling what is signed, and retrying what was not declined, leave their leaves', async () => {
    const { id } = await alice.authorize('w-1');
    const transaction = await station.sign(['w-1']);
    await station.settle();
    const { withdrawals, transactions } = station.custody;
    await refused(station, () => withdrawals.cancel(id), 'withdrawal-not-cancellable', 'withdrawal');
    await refused(station, () => transactions.retry(transaction.id), 'transaction-not-retryable', 'transaction');
  });

  it('I5: a registration made on another page leaves its leaf', async () => {
    const thief = deviceOf('thief');
    const { intent, registration } = await prepareFactor(station, alice.account, thief, alice.credential);
    const made = JSON.parse(new TextDecoder().decode(registration));
    const said = Buffer.from(made.response.clientDataJSON, 'base64url').toString();
    const elsewhere = said.replace('https://approve.example', 'https://elsewhere.example');
    made.response.clientDataJSON = Buffer.from(elsewhere).toString('base64url');
    const add = () =>
      station.custody.factors.add({
        intent: intent.bytes,
        registration: new TextEncoder().encode(JSON.stringify(made)),
        approval: { kind: 'attestations', attestations: [alice.attest(intent.digest)] },
      });
    await refused(station, add, 'origin-mismatch', 'factor');
  });
});

describe('why an operator acts', () => {
  it('S10: is said in any letters, on one line', async () => {
    const station = await TestStation.open();
    const { operators } = station.custody;
    const decomposed = 'Gerät gestohlen: alles anhalten!'.normalize('NFD');
    const frozen = await operators.freeze('station', 'olga', decomposed);
    expect(frozen.why).toBe('Gerät gestohlen: alles anhalten!');
    await operators.thaw('station', 'olga', 'x'.repeat(256));
    for (const why of ['', ' x', 'x\ny', '<b>', 'x'.repeat(257), '\u202e'])
      await expect(operators.freeze('station', 'olga', why), why).rejects.toMatchObject({ field: 'why' });
    await station.close();
  });
});
