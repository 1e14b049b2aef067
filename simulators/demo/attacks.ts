import type { Attestation, Intent } from '../../src/generated/portcullis/v1/evidence.ts';
import {
  type TransactionServiceClient,
  TransactionServiceService,
} from '../../src/generated/portcullis/v1/transaction.ts';
import {
  type WithdrawalServiceClient,
  WithdrawalServiceService,
} from '../../src/generated/portcullis/v1/withdrawal.ts';
import type { Customer } from '../exchange/customer.ts';
import { requestSignature } from '../exchange/sign.ts';
import { call, Refused } from '../exchange/station-client.ts';
import { prepare, type WithdrawalOrder } from '../exchange/withdraw.ts';
import { tell } from './narrator.ts';

/** A withdrawal service that was taken over, with its own certificate, and what it has seen of customers' approvals. */
export interface Attacker {
  readonly withdrawals: WithdrawalServiceClient;
  readonly transactions: TransactionServiceClient;
  readonly rpId: string;
  readonly wallet: string;
  readonly alice: Customer;
  readonly bob: Customer;
  /** A withdrawal of Alice's that would be fine. */
  readonly order: WithdrawalOrder;
  /** An address that nobody listed. */
  readonly strangers: string;
  /** Unsigned bytes that pay `value` wei to `to` (CAIP-10) at `nonce` steps after the wallet's next. */
  readonly transfer: (to: string, value: bigint, nonceAhead?: number) => Promise<Uint8Array>;
  /** A withdrawal that was paid already. */
  readonly paid: { readonly id: string; readonly attestation: Attestation; readonly intent: Intent };
}

export interface Refusal {
  readonly attack: string;
  readonly reason: string;
}

/** Tries each, expects each to be refused, and tells of it. Throws if one goes through. */
export async function tryAttacks(a: Attacker): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  const attempt = async (attack: string, run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      tell.refused(attack, error.reason, error.message);
      refusals.push({ attack, reason: error.reason });
      return;
    }
    throw new Error(`the station let it through: ${attack}`);
  };
  const authorize = (intent: Intent | undefined, attestations: Attestation[]) =>
    call(a.withdrawals, WithdrawalServiceService.authorizeWithdrawal, {
      intent: intent?.canonical ?? Buffer.alloc(0),
      attestations,
    });
  const edited = (intent: Intent | undefined, change: (members: Record<string, string>) => void): Intent => {
    const members: Record<string, string> = JSON.parse((intent?.canonical ?? Buffer.from('{}')).toString());
    change(members);
    const canonical = Buffer.from(JSON.stringify(members, Object.keys(members).sort()));
    return { canonical, digest: intent?.digest ?? Buffer.alloc(0) };
  };
  const value = BigInt(a.order.amount);
  const fresh = (name: string, change: Partial<WithdrawalOrder> = {}) =>
    prepare(a.withdrawals, a.alice.account, { ...a.order, id: name, ...change });

  await attempt('Authorize Alice’s withdrawal with no attestation, as in January 2022', async () => {
    const { intent } = await fresh('attack-none');
    return authorize(intent, []);
  });
  await attempt('Ask for a signature for a withdrawal that nobody authorized', async () =>
    requestSignature(a.transactions, a.wallet, await a.transfer(a.order.destination, value), ['attack-none']),
  );
  await attempt('Alice approves 1 ETH; the amount is changed to 50 before it is authorized', async () => {
    const { intent } = await fresh('attack-amount');
    const approval = a.alice.approve(intent, a.rpId);
    return authorize(
      edited(intent, (m) => (m['amount'] = `${50n * 10n ** 18n}`)),
      [approval],
    );
  });
  await attempt('The same, with a freshly prepared intent for 50 ETH and Alice’s approval for 1', async () => {
    const { intent: approved } = await fresh('attack-amount-2');
    const { intent } = await fresh('attack-amount-3', { amount: `${50n * 10n ** 18n}` });
    return authorize(intent, [a.alice.approve(approved, a.rpId)]);
  });
  await attempt('Alice approves her own address; the destination is changed to the thief’s', async () => {
    const { intent } = await fresh('attack-destination');
    const approval = a.alice.approve(intent, a.rpId);
    return authorize(
      edited(intent, (m) => (m['destination'] = a.strangers)),
      [approval],
    );
  });
  await attempt('Bob, who has a passkey of his own, approves Alice’s withdrawal', async () => {
    const { intent } = await fresh('attack-account');
    return authorize(intent, [a.bob.approve(intent, a.rpId)]);
  });
  await attempt('The approval of the payment that was just made is used for a second one', async () => {
    const { intent } = await fresh('attack-replay');
    return authorize(intent, [a.paid.attestation]);
  });
  await attempt('The payment that was just made is asked for again, at a second nonce', async () =>
    requestSignature(a.transactions, a.wallet, await a.transfer(a.order.destination, value), [a.paid.id]),
  );
  await attempt('Alice herself is talked into approving an address that is not on her list', async () => {
    const { intent } = await fresh('attack-unlisted', { destination: a.strangers });
    return authorize(intent, [a.alice.approve(intent, a.rpId)]);
  });

  const { intent } = await fresh('attack-bytes');
  await authorize(intent, [a.alice.approve(intent, a.rpId)]);
  await attempt('Alice approved 1 ETH; the transaction pays 2', async () =>
    requestSignature(a.transactions, a.wallet, await a.transfer(a.order.destination, 2n * value), ['attack-bytes']),
  );
  await attempt('Alice approved her own address; the transaction pays the thief’s', async () =>
    requestSignature(a.transactions, a.wallet, await a.transfer(a.strangers, value), ['attack-bytes']),
  );
  const explained = await call(a.transactions, TransactionServiceService.explainTransaction, {
    wallet: a.wallet,
    unsigned: Buffer.from(await a.transfer(a.order.destination, value)),
    withdrawalIds: ['attack-bytes'],
    replaces: '',
  });
  const passed = explained.rules.filter((rule) => rule.passed).length;
  tell.good(`The transaction that was approved would pass: ${passed} of ${explained.rules.length} rules.`);
  return refusals;
}
