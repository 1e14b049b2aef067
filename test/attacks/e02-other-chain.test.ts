import { toRlp } from 'viem';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { alicesAddress, TestStation } from '../custody/station.ts';
import { refused } from './attempt.ts';
import { bytesOf, plain, unsignedOf } from './bytes.ts';

describe('E2: a transaction that another chain would take', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open();
    await (await station.ripeCustomer('alice')).authorize('w-1');
  });
  afterEach(() => station.close());

  for (const chainId of [1, 5, 11155111, 31338]) {
    it(`E2: of chain ${chainId}, of whatever type`, async () => {
      const typed = station.payment({ chainId });
      await refused(station, () => station.sign(['w-1'], typed), 'chain-mismatch', 'transaction');
      const rest = { chainId, to: plain(alicesAddress), value: 10n ** 18n, gas: 21_000n, gasPrice: 20_000_000_000n };
      for (const type of ['legacy', 'eip2930'] as const) {
        const old = unsignedOf({ type, ...rest });
        await refused(station, () => station.sign(['w-1'], old), 'chain-mismatch', 'transaction');
      }
    });
  }

  const fields = (...chain: `0x${string}`[]) =>
    bytesOf(toRlp(['0x', '0x04a817c800', '0x5208', plain(alicesAddress), '0x0de0b6b3a7640000', '0x', ...chain]));

  it('E2: of no chain, as before EIP-155', async () => {
    await refused(station, () => station.sign(['w-1'], fields()), 'chain-mismatch', 'transaction');
  });

  it('E2: of chain 0, which every chain or none may be', async () => {
    await refused(station, () => station.sign(['w-1'], fields('0x', '0x', '0x')), 'chain-mismatch', 'transaction');
    const typed = ['0x', '0x', '0x3b9aca00', '0x04a817c800', '0x5208', plain(alicesAddress), '0x01', '0x', []] as const;
    const unsigned = Uint8Array.of(2, ...bytesOf(toRlp(typed)));
    await refused(station, () => station.sign(['w-1'], unsigned), 'chain-mismatch', 'transaction');
  });
});
