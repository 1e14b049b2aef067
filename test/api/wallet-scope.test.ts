import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TransactionRecord } from '../../src/domain/index.ts';
import { Refusal } from '../../src/domain/index.ts';
import { TransactionServiceService } from '../../src/generated/portcullis/v1/transaction.ts';
import * as fake from './fake-custody.ts';
import { drain, methods, open, type Served, sendBytes, serve } from './served.ts';

describe('S1, S3: withdrawals and transactions are a client’s', () => {
  let served: Served;
  beforeEach(async () => {
    served = await serve();
  });
  afterEach(() => served.close());

  it('by the name in its certificate, in every method', async () => {
    const client = await served.client(await served.ca.issue({ role: 'withdrawals', name: 'payroll' }));
    const own = methods.filter(({ path }) => /\.(Transaction|Withdrawal)Service\//.test(path));
    expect(own).toHaveLength(10);
    for (const method of own) {
      await sendBytes(client, method, new Uint8Array());
      expect(served.fake.clients.splice(0), method.path).toEqual(['payroll']);
    }
  });

  it('a watch ends with the refusal once policy takes the wallet away', async () => {
    let tell: (record: TransactionRecord) => void = () => {};
    served.fake.behaviours.set('transactions.watch', (_ids, watcher) => {
      tell = watcher as typeof tell;
      tell(fake.transaction);
      return () => {};
    });
    const stream = open(await served.client('withdrawals'), TransactionServiceService.watchTransactions, {
      transactionIds: [fake.transactionId],
    });
    await new Promise((resolve) => stream.once('data', resolve));
    const rest = drain(stream);
    served.fake.behaviours.set('transactions.allow', () => {
      throw new Refusal('wallet-not-allowed');
    });
    tell({ ...fake.transaction, signed: new Uint8Array([1]) });
    expect(await rest).toMatchObject({ values: [], error: { reason: 'wallet-not-allowed' } });
  });
});
