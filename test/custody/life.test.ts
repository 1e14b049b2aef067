import { recoverTransactionAddress } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { publicKeyOf, testKey } from './fake-signer.ts';
import { TestStation } from './station.ts';

describe('the life of a withdrawal', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open();
  });
  afterEach(() => station.close());

  it('I1: an attested withdrawal to a ripe destination is authorized, permitted, signed and released', async () => {
    const alice = await station.ripeCustomer('alice');
    const authorized = await alice.authorize('w-1');
    expect(authorized.state).toBe('AUTHORIZED');

    const permitted = await station.sign(['w-1']);
    expect(permitted.state).toBe('PERMITTED');
    await station.settle();

    const signed = station.custody.transactions.get(permitted.id);
    expect(signed.state).toBe('SIGNED');
    expect(station.custody.withdrawals.get(authorized.id).state).toBe('SIGNED');
    const serialized = `0x02${Buffer.from(signed.signed ?? [])
      .toString('hex')
      .slice(2)}` as const;
    expect(await recoverTransactionAddress({ serializedTransaction: serialized })).toBe(
      addressOfKey(publicKeyOf(testKey)),
    );
    expect(station.signer.seen).toHaveLength(1);
  });
});
