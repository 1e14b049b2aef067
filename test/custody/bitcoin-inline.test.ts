import { afterEach, describe, expect, it } from 'vitest';
import type { Authorization } from '../../src/custody/custody.ts';
import type { Attestation, Sealed } from '../../src/domain/index.ts';
import { refused } from '../attacks/attempt.ts';
import { acceptingCodes, Phone } from '../attacks/code-customer.ts';
import { accepting, tokenFor } from '../attacks/mfa-customers.ts';
import { BitcoinStation, bitcoin, coin, payees, to } from './bitcoin-station.ts';
import type { Customer } from './station.ts';

describe('two authorizations that come with one transaction', () => {
  let of: BitcoinStation;
  let alice: Customer;
  const open = async (policy: (document: string) => string) => {
    of = await BitcoinStation.open({ policy });
    const [first] = await of.customers({ alice: payees.wpkh });
    if (first === undefined) throw new Error('no customer');
    alice = first;
  };
  afterEach(() => of.close());

  const amounts = { 'w-1': 50_000n, 'w-2': 60_000n };
  const prepare = async (id: keyof typeof amounts): Promise<Sealed> =>
    (await alice.prepare(id, { asset: bitcoin, amount: amounts[id], destination: payees.wpkh, maxFee: 10_000n }))
      .intent;
  const given = ({ bytes }: Sealed, ...attestations: Attestation[]): Authorization => ({ intent: bytes, attestations });
  const sign = (...authorizations: Authorization[]) => {
    const payments = Object.values(amounts).map((amount) => to(payees.wpkh, amount));
    return of.pay(
      ['w-1', 'w-2'],
      { coins: [coin(0)], outputs: [...payments, { index: 0, amount: 99_885_000n }] },
      { authorizations },
    );
  };
  const states = () => Object.keys(amounts).map((id) => of.station.store.read('withdrawals', id)?.state);

  it('A5: leave the counter of the factor that approved both at the higher, in whatever order they come', async () => {
    await open((document) => document);
    const [first, second] = [await prepare('w-1'), await prepare('w-2')];
    const lower = given(second, alice.attest(second.digest));
    const assertion = alice.attest(first.digest);
    await of.settled(await sign(given(first, assertion), lower));
    const count = new DataView(assertion.authenticatorData.slice(33, 37).buffer);
    expect(of.station.store.read('factors', alice.credential)?.signCount).toBe(count.getUint32(0));
    expect(states()).toEqual(['SIGNED', 'SIGNED']);
  });

  it('A3: one token’s name is good for one of them', async () => {
    await open(accepting());
    const [first, second] = [await prepare('w-1'), await prepare('w-2')];
    const token = ({ digest }: Sealed, jti: string) => tokenFor(of.station, 'alice', digest, { claims: { jti } });
    const shared = () =>
      sign(given(first, token(first, 'one-name-for-both')), given(second, token(second, 'one-name-for-both')));
    await refused(of.station, shared, 'attestation-spent', 'transaction');
    expect(states()).toEqual([undefined, undefined]);
    await of.settled(
      await sign(given(first, token(first, 'one-name-for-both')), given(second, token(second, 'another-name-of-it'))),
    );
    expect(states()).toEqual(['SIGNED', 'SIGNED']);
  });

  it('A8: what one of them showed of the account is not forgotten over the other', async () => {
    await open(accepting());
    const [first, second] = [await prepare('w-1'), await prepare('w-2')];
    const byToken = given(first, tokenFor(of.station, 'alice', first.digest, {}));
    await of.settled(await sign(byToken, given(second, alice.attest(second.digest))));
    expect(of.station.store.read('accounts', 'alice')).toMatchObject({ usesService: true });
  });

  it('A6: one one-time code is good for one of them', async () => {
    await open(acceptingCodes);
    const phone = await Phone.enrolledBy(alice);
    of.station.passDay();
    const [first, second] = [await prepare('w-1'), await prepare('w-2')];
    const both = (intent: Sealed, later = 0) => given(intent, alice.attest(intent.digest), phone.code(later));
    const shared = () => sign(both(first), both(second));
    await refused(of.station, shared, 'attestation-spent', 'transaction');
    expect(states()).toEqual([undefined, undefined]);
    await of.settled(await sign(both(first), both(second, 30_000)));
    expect(states()).toEqual(['SIGNED', 'SIGNED']);
  });
});
