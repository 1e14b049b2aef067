import { bytesToHex, parseTransaction, recoverTransactionAddress, type TransactionSerializedEIP1559 } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Customer } from '../../simulators/exchange/customer.ts';
import { call, connect } from '../../simulators/exchange/station-client.ts';
import { JournalServiceClient, JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import { OperatorServiceClient, OperatorServiceService } from '../../src/generated/portcullis/v1/operator.ts';
import { TransactionServiceService, TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import { Device, Exchange, oneEther, speculos } from './exchange.ts';

describe('a withdrawal, over gRPC, through the signer’s process, on a Ledger', () => {
  let exchange: Exchange;
  let device: Device;
  let alice: Customer;
  beforeAll(async () => {
    exchange = await Exchange.open();
    device = new Device(exchange.station.ledger);
    alice = await exchange.customer('alice');
  });
  afterAll(() => exchange.close());

  it('I1, I2, I7: is shown on the device as approved, and comes back signed by the wallet’s key', async () => {
    const asked = await exchange.pay(alice, 'w-signed');
    const screens = await device.review('Sign transaction');
    expect(screens).toContain('Amount\n1 ETH');
    expect(screens).toContain('To\n0x70997970C51812dc\n3A010C7d01b50e0d17\ndc79C8');
    const { signed } = await exchange.until(asked.id, TransactionState.SIGNED);
    const raw = bytesToHex(signed) as TransactionSerializedEIP1559;
    expect(parseTransaction(raw)).toMatchObject({
      value: oneEther,
      nonce: 0,
      to: '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
    });
    expect(exchange.station.wallet.address).toContain(await recoverTransactionAddress({ serializedTransaction: raw }));
    // Asking again prompts nobody.
    const again = await call(exchange.transactions, TransactionServiceService.signTransaction, {
      wallet: exchange.station.wallet.id,
      unsigned: Buffer.from(asked.unsigned),
      withdrawalIds: ['w-signed'],
      authorizations: [],
      replaces: '',
    });
    expect(again.transaction?.signed).toEqual(signed);
    expect(await device.screen()).toMatch(/app is ready|Transaction signed/);
  });

  it('F3: refused on the device, it is declined, and goes before the device again only when asked to', async () => {
    const asked = await exchange.pay(alice, 'w-declined');
    await device.review('Reject transaction');
    const declined = await exchange.until(asked.id, TransactionState.DECLINED);
    expect(declined.blockedBy).toBe('device-refused');
    await call(exchange.transactions, TransactionServiceService.retryTransaction, { transactionId: asked.id });
    await device.review('Sign transaction');
    await exchange.until(asked.id, TransactionState.SIGNED);
  });

  it('I5: an auditor gets entries and a receipt, and portcullis verify finds nothing', async () => {
    const journal = connect(JournalServiceClient, exchange.station, { role: 'auditors', name: 'auditor' });
    const { receipt } = await call(journal, JournalServiceService.getReceipt, { withdrawalId: 'w-signed' });
    expect(JSON.parse(receipt.toString())).toMatchObject({ type: 'portcullis/receipt/v1' });
    const { entries, size } = await call(journal, JournalServiceService.getEntries, { fromIndex: 0n, limit: 1000 });
    expect(BigInt(entries.length)).toBe(size);
    journal.close();
    const verified = await exchange.station.portcullis('verify', '--config', exchange.station.config);
    expect(verified).toMatchObject({ code: 0, output: expect.stringContaining('nothing was found') });
  });

  it('an operator sees the station, and freezes it; two of them thaw it, and it ripens', async () => {
    const station = { ...exchange.station, address: exchange.station.operatorsAddress };
    const operators = connect(OperatorServiceClient, station, { role: 'operators', name: 'operator' });
    const { operator, pass } = exchange.station;
    expect((await operator('olivia', 'freeze', 'station', '--why', 'drill')).code).toBe(0);
    await expect(exchange.pay(alice, 'w-frozen')).rejects.toMatchObject({ reason: 'frozen' });
    const thaw = { scope: 'station', why: 'drill over' };
    await expect(call(operators, OperatorServiceService.thaw, thaw)).rejects.toMatchObject({
      reason: 'operators-founded',
    });
    for (const name of ['olivia', 'omar']) expect((await operator(name, 'thaw', 'station')).code).toBe(0);
    await exchange.courier.empty();
    expect((await call(operators, OperatorServiceService.getStation, {})).freezes).toHaveLength(1);
    await pass(3_601);
    const seen = await call(operators, OperatorServiceService.getStation, {});
    expect(seen.freezes).toEqual([]);
    expect(seen.simulatedTime).toBe(true);
    operators.close();
  });

  describe.skipIf(speculos !== undefined)('with faults (a real Speculos has none on request)', () => {
    it('F3: locked, it stays PERMITTED with its reason, and goes on by itself once unlocked', async () => {
      await device.fault('lock');
      const asked = await exchange.pay(alice, 'w-locked');
      await exchange.until(asked.id, TransactionState.PERMITTED, 'device-locked');
      await device.fault('unlock');
      await device.review('Sign transaction');
      await exchange.until(asked.id, TransactionState.SIGNED);
    });

    it('S6: with another app open, or another seed, nothing is sent to the device', async () => {
      await device.fault('wrong-app');
      const asked = await exchange.pay(alice, 'w-app');
      await exchange.until(asked.id, TransactionState.PERMITTED, 'device-wrong-app');
      await device.mend();
      await device.fault('seed', {
        seed: 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about',
      });
      await exchange.until(asked.id, TransactionState.PERMITTED, 'device-foreign');
      await device.mend();
      await device.review('Sign transaction');
      await exchange.until(asked.id, TransactionState.SIGNED);
    });

    it('F3: unplugged during the review, it is uncertain, and the same bytes go out again when the device is back', async () => {
      const asked = await exchange.pay(alice, 'w-unplugged');
      await exchange.until(asked.id, TransactionState.SENT);
      while (!(await device.screen()).startsWith('Review')) await new Promise((resolve) => setTimeout(resolve, 10));
      await device.fault('unplug');
      await exchange.until(asked.id, TransactionState.UNCERTAIN);
      await device.fault('plug');
      await device.review('Sign transaction');
      const signed = await exchange.until(asked.id, TransactionState.SIGNED);
      expect(signed.unsigned).toEqual(asked.unsigned);
    });

    it('S7: a wrong signature is not released, and the wallet is frozen', async () => {
      await device.fault('wrong-signature');
      const asked = await exchange.pay(alice, 'w-forged');
      await device.review('Sign transaction');
      const uncertain = await exchange.until(asked.id, TransactionState.UNCERTAIN);
      expect(uncertain.blockedBy).toBe('signature-wrong');
      expect(uncertain.signed).toHaveLength(0);
      await device.mend();
      await expect(exchange.pay(alice, 'w-after')).rejects.toMatchObject({ reason: 'frozen' });
    });
  });
});
