import { formatInstant, type WithdrawalRecord } from '../../../domain/index.ts';
import type { Policy } from '../../../gate/policy.ts';
import { formatUnits } from '../../notice.ts';

/** A withdrawal decoded, for operators. */
export function paidWithdrawalText(record: WithdrawalRecord, policy: Policy): string {
  const { id, account, asset, amount, destination, payBy, heldBy } = record;
  const known = policy.assets.get(asset);
  const sum = `${formatUnits(amount, known?.decimals ?? 0)} ${known?.symbol ?? asset}`;
  const held = heldBy.length === 0 ? '' : `, held by ${heldBy.join(', ')}`;
  return `withdrawal ${id}: ${sum} of account ${account} to ${destination}, to be signed by ${formatInstant(payBy)}${held}`;
}
