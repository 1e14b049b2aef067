import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmulatedStation, startEmulatedStation } from '../../simulators/demo/emulated-station.ts';
import { Courier } from '../../simulators/exchange/courier.ts';
import { MfaCustomer, MfaService } from '../../simulators/exchange/mfa-service.ts';
import { requestSignature } from '../../simulators/exchange/sign.ts';
import { call, connect } from '../../simulators/exchange/station-client.ts';
import { whitelist } from '../../simulators/exchange/whitelist.ts';
import { prepare, withdraw } from '../../simulators/exchange/withdraw.ts';
import { DestinationServiceClient } from '../../src/generated/portcullis/v1/destination.ts';
import { JournalServiceClient, JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import { TransactionServiceClient, TransactionState } from '../../src/generated/portcullis/v1/transaction.ts';
import {
  WithdrawalServiceClient,
  WithdrawalServiceService,
  WithdrawalState,
} from '../../src/generated/portcullis/v1/withdrawal.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { chainId, oneEther, transferOf } from './exchange.ts';

const aDay = 24 * 60 * 60 + 1;
const service = { role: 'withdrawals', name: 'service' } as const;

describe('A7: a withdrawal that an MFA service attests, over gRPC, to the signature', () => {
  let station: EmulatedStation;
  let courier: Courier;
  let mfa: MfaService;
  let alice: MfaCustomer;
  let now: Date;
  const order = (id: string) => ({
    id,
    asset: `eip155:${chainId}/slip44:60`,
    amount: oneEther.toString(),
    destination: `eip155:${chainId}:0x70997970C51812dc3A010C7d01b50e0d17dc79C8`,
    maxFee: (oneEther / 1000n).toString(),
  });

  beforeAll(async () => {
    station = await startEmulatedStation(`eip155:${chainId}`, '--mfa-service', '--auto-approve');
    courier = new Courier(station, () => {});
    const { key, issuer, kid } = station.mfa ?? { key: '', issuer: '', kid: '' };
    mfa = new MfaService(key, issuer, kid);
    now = await station.pass(0);
    alice = new MfaCustomer('alice', mfa, () => now);
  });
  afterAll(async () => {
    courier.close();
    await station.close();
  });

  it('lists a destination, withdraws to it, and proves it to whoever has the log’s key', async () => {
    const destinations = connect(DestinationServiceClient, station, service);
    const withdrawals = connect(WithdrawalServiceClient, station, service);
    const transactions = connect(TransactionServiceClient, station, service);
    const journal = connect(JournalServiceClient, station, { role: 'auditors', name: 'auditor' });
    try {
      await whitelist(destinations, alice, 'entry-alice', order('').destination, '');
      await courier.empty();
      now = await station.pass(aDay);
      expect((await withdraw(withdrawals, alice, order('w-1'))).state).toBe(WithdrawalState.AUTHORIZED);

      // Another's token, and a token for another intent.
      const { intent } = await prepare(withdrawals, 'alice', order('w-2'));
      const other = await prepare(withdrawals, 'alice', order('w-3'));
      const { digest = Buffer.alloc(0), canonical = Buffer.alloc(0) } = intent ?? {};
      expect(digest).toHaveLength(32);
      expect(() => mfa.approve('mallory', canonical, ['pwd', 'hwk'], now)).toThrow('another account');
      const authorize = (attestation: ReturnType<MfaCustomer['approve']>) =>
        call(withdrawals, WithdrawalServiceService.authorizeWithdrawal, {
          intent: canonical,
          attestations: [attestation],
        });
      await expect(authorize(alice.approve(other.intent))).rejects.toThrow('approves the intent');
      const weak = mfa.approve('alice', canonical, ['pwd', 'otp', 'sms'], now);
      await expect(authorize({ evidence: { $case: 'mfaToken', value: weak } })).rejects.toThrow('proves knowledge');

      const unsigned = transferOf(0);
      const asked = await requestSignature(transactions, station.wallet.id, unsigned, ['w-1']);
      const stream = transactions.watchTransactions({ transactionIds: [asked.id] });
      for await (const { transaction } of stream) if (transaction?.state === TransactionState.SIGNED) break;
      stream.cancel();
      const { receipt } = await call(journal, JournalServiceService.getReceipt, { withdrawalId: 'w-1' });
      const facts = verifyReceipt(receipt, station.verifierKey);
      expect(facts.find((fact) => fact.what === 'attested')?.sentence).toContain('mfa.sample.example');
      expect(facts.at(-1)?.what).toBe('signed');
    } finally {
      for (const client of [destinations, withdrawals, transactions, journal]) client.close();
    }
  }, 60_000);
});
