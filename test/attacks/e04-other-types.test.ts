import { toRlp } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alicesAddress, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { bytesOf, type Hex, plain, unsignedOf } from './bytes.ts';

describe('E4: transactions that do something other than pay', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open();
    await (await station.ripeCustomer('alice')).authorize('w-1');
  });
  afterEach(() => station.close());

  const sign = (unsigned: Uint8Array) => () => station.sign(['w-1'], unsigned);
  const key = `0x${'00'.repeat(32)}` as const;

  it('E4: the creation of a contract', async () => {
    for (const type of ['legacy', 'eip2930', 'eip1559'] as const) {
      for (const data of ['0x', '0x6080'] as const) {
        const creation = unsignedOf({ type, chainId: 31337, value: 10n ** 18n, gas: 21_000n, data });
        await refused(station, sign(creation), 'contract-creation', 'transaction');
      }
    }
  });

  it('E4: blobs (type 3), set-code (type 4, EIP-7702), and every type that is not known', async () => {
    const body = [
      '0x7a69',
      '0x',
      '0x3b9aca00',
      '0x04a817c800',
      '0x5208',
      plain(alicesAddress),
      '0x0de0b6b3a7640000',
      '0x',
      [],
    ] satisfies (Hex | never[])[];
    for (const type of [3, 4, 0, 5, 0x7f]) {
      const unsigned = Uint8Array.of(type, ...bytesOf(toRlp(body)));
      const refusal = await refused(station, sign(unsigned), 'transaction-type-refused', 'none');
      expect(refusal.details['field']).toBe('unsigned');
    }
  });

  it('E4: an access list beyond policy', async () => {
    const accessList = [{ address: plain(alicesAddress), storageKeys: [key] }];
    const feeMarket = station.payment({ accessList });
    await refused(station, sign(feeMarket), 'access-list-refused', 'transaction');
    const listed = unsignedOf({
      type: 'eip2930',
      chainId: 31337,
      to: plain(alicesAddress),
      value: 10n ** 18n,
      gas: 21_000n,
      gasPrice: 20_000_000_000n,
      accessList,
    });
    await refused(station, sign(listed), 'access-list-refused', 'transaction');
  });
});
