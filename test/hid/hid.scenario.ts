import { bytesToHex, recoverTransactionAddress, type TransactionSerializedEIP1559 } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import { type Bench, openBench } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench?.[Symbol.asyncDispose]());

describe('one', () => {
  it('signs', async () => {
    const { exchange, alice, first } = bench;
    await bench.machine.order({
      order: 'run',
      as: 'root',
      argv: ['/bin/sh', '-c', 'cp deploy/udev/*.rules /etc/udev/rules.d/ && udevadm control --reload'],
    });
    await first.plug();
    const asked = await exchange.pay(alice, 'w-1');
    await first.approve();
    const { signed } = await exchange.until(asked.id, TransactionState.SIGNED);
    const raw = bytesToHex(signed) as TransactionSerializedEIP1559;
    expect(exchange.station.wallet.address).toContain(await recoverTransactionAddress({ serializedTransaction: raw }));
  });
});
