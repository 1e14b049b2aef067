import {
  type PrepareWithdrawalResponse,
  type Withdrawal,
  type WithdrawalServiceClient,
  WithdrawalServiceService,
} from '../../src/generated/portcullis/v1/withdrawal.ts';
import type { Customer } from './customer.ts';
import { call } from './station-client.ts';

/** What a customer asks to be paid. Amounts are base units, decimal. */
export interface WithdrawalOrder {
  readonly id: string;
  /** CAIP-19. */
  readonly asset: string;
  readonly amount: string;
  /** CAIP-10. */
  readonly destination: string;
  readonly maxFee: string;
}

/** The intent that the customer is to approve, and what the station would say to it now. */
export function prepare(
  withdrawals: WithdrawalServiceClient,
  account: string,
  order: WithdrawalOrder,
): Promise<PrepareWithdrawalResponse> {
  return call(withdrawals, WithdrawalServiceService.prepareWithdrawal, {
    withdrawalId: order.id,
    account,
    asset: order.asset,
    amount: order.amount,
    destination: order.destination,
    maxFee: order.maxFee,
    payBy: undefined,
    lifetimeSeconds: 0,
  });
}

/** Prepares, has the customer approve, authorizes. The evidence is spent with it. */
export async function withdraw(
  withdrawals: WithdrawalServiceClient,
  customer: Pick<Customer, 'account' | 'approve'>,
  order: WithdrawalOrder,
): Promise<Withdrawal> {
  const { intent, rpId } = await prepare(withdrawals, customer.account, order);
  const { withdrawal } = await call(withdrawals, WithdrawalServiceService.authorizeWithdrawal, {
    intent: intent?.canonical ?? Buffer.alloc(0),
    attestations: [customer.approve(intent, rpId)],
  });
  if (withdrawal === undefined) throw new Error('the station answered without a withdrawal');
  return withdrawal;
}
