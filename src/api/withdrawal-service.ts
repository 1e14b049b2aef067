import type { Withdrawals } from '../custody/custody.ts';
import {
  parseAccountId,
  parseAddress,
  parseAmount,
  parseAssetId,
  parsePositiveAmount,
  parseWithdrawalId,
  type WithdrawalRecord,
  type WithdrawalState,
} from '../domain/index.ts';
import {
  WithdrawalState as State,
  type Withdrawal,
  WithdrawalServiceService,
} from '../generated/portcullis/v1/withdrawal.ts';
import { parseAuthorization, preparedMessage } from './evidence.ts';
import { parseLifetime, parseSomeList, parseTime } from './fields.ts';
import { pourChanges } from './outlet.ts';
import { withdrawalRights } from './rights.ts';
import { bind, type Service } from './service.ts';

const states: Readonly<Record<WithdrawalState, State>> = {
  HELD: State.HELD,
  AUTHORIZED: State.AUTHORIZED,
  COMMITTED: State.COMMITTED,
  SIGNED: State.SIGNED,
  REFUSED: State.REFUSED,
  CANCELLED: State.CANCELLED,
  EXPIRED: State.EXPIRED,
  VOIDED: State.VOIDED,
};

export function withdrawalMessage(record: WithdrawalRecord): Withdrawal {
  return {
    id: record.id,
    account: record.account,
    asset: record.asset,
    amount: String(record.amount),
    destination: record.destination,
    maxFee: String(record.maxFee),
    payBy: new Date(record.payBy),
    state: states[record.state],
    intentDigest: Buffer.from(record.digest, 'hex'),
    transactionId: record.transaction ?? '',
    authorizedAt: new Date(record.authorizedAt),
    operatorsNeeded: record.operators,
    heldBy: [...record.heldBy],
  };
}

/** `WithdrawalService` of the API, spoken to custody: `of` a client, by the name in its certificate. */
export function withdrawalService(of: (client: string) => Withdrawals): Service {
  return bind(WithdrawalServiceService, withdrawalRights, {
    prepareWithdrawal: async (request, { name }) => {
      const prepared = await of(name).prepare({
        withdrawal: parseWithdrawalId(request.withdrawalId, 'withdrawal_id'),
        account: parseAccountId(request.account, 'account'),
        asset: parseAssetId(request.asset, 'asset'),
        amount: parsePositiveAmount(request.amount, 'amount'),
        destination: parseAddress(request.destination, 'destination'),
        maxFee: parseAmount(request.maxFee, 'max_fee'),
        payBy: parseTime(request.payBy, 'pay_by'),
        lifetime: parseLifetime(request.lifetimeSeconds, 'lifetime_seconds'),
      });
      return {
        ...preparedMessage(prepared),
        paymentRequestJson: prepared.paymentRequest ?? '',
        operatorsNeeded: prepared.held?.operators ?? 0,
        heldBy: [...(prepared.held?.by ?? [])],
      };
    },
    authorizeWithdrawal: async (request, { name }) => ({
      withdrawal: withdrawalMessage(await of(name).authorize(parseAuthorization(request))),
    }),
    getWithdrawal: (request, { name }) => ({
      withdrawal: withdrawalMessage(of(name).get(parseWithdrawalId(request.withdrawalId, 'withdrawal_id'))),
    }),
    watchWithdrawals: (request, outlet, { name }) => {
      const withdrawals = of(name);
      const ids = new Set(parseSomeList(request.withdrawalIds, 100, 'withdrawal_ids', parseWithdrawalId));
      return pourChanges(
        outlet,
        (watcher) => withdrawals.watch([...ids], watcher),
        (record: WithdrawalRecord) => ({ withdrawal: withdrawalMessage(record) }),
      );
    },
    cancelWithdrawal: async (request, { name }) => ({
      withdrawal: withdrawalMessage(await of(name).cancel(parseWithdrawalId(request.withdrawalId, 'withdrawal_id'))),
    }),
  });
}
