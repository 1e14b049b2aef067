import {
  formatInstant,
  parseWithdrawalId,
  Refusal,
  type WalletId,
  type WithdrawalRecord,
} from '../../../domain/index.ts';
import { together } from '../../../gate/policy/english.ts';
import { walletsDemanding } from '../../../gate/policy/wallet-demand.ts';
import type { Policy } from '../../../gate/policy.ts';
import { quorumOf } from '../../../gate/rules/holds.ts';
import { present } from '../../../gate/rules/quorum-present.ts';
import type { Facts, RowKey } from '../../../store/facts.ts';
import { historyWith } from '../../history.ts';
import { moveWithdrawal } from '../../machine.ts';
import { toldBy } from '../../station.ts';
import { withdrawalScopes } from '../../withdrawals.ts';
import { approvalRows, approvalsNow, type ReadyApprovals, readyApprovals } from '../approvals.ts';
import type { Effect } from '../effect.ts';
import { paidWithdrawalText } from './withdrawal-text.ts';

/**
 * As many operators as the withdrawal needs approve its owner's intent: it is AUTHORIZED from then on, and remembers by which act,
 * so that their signatures are verified again before a device sees a byte (D4). Where too few of them count any more (suspended,
 * gone, or with another key or origin in policy), others may approve it anew, up to the device. One that was not held may be
 * approved, too, where a wallet that could pay it takes a quorum's approval in the place of evidence.
 */
export const approveEffect: Effect = {
  verb: 'approve',
  form: 'withdrawal:ID',
  payload: 'none',
  ask(subject, _payload, { station }) {
    if (!subject.startsWith('withdrawal:')) return undefined;
    const id = parseWithdrawalId(subject.slice('withdrawal:'.length), 'subject');
    const known = station.store.read('withdrawals', id);
    const earlier: ReadyApprovals = known === undefined ? { act: null, checked: [] } : readyApprovals(station, known);
    const rows: RowKey[] = [['withdrawals', id], ...approvalRows(earlier)];

    const stands = (facts: Facts): WithdrawalRecord => {
      const record = facts.get('withdrawals', id);
      if (record === undefined) throw new Refusal('not-found', `there is no withdrawal ${id}`);
      const approvals = approvalsNow(earlier, record, facts);
      if (record.epoch !== facts.station.factorEpoch)
        throw new Refusal('act-subject-changed', `withdrawal ${id} ended when every factor was revoked`);
      // It bounds the first permit, as everywhere: what is on its way to a device may be approved anew.
      if (record.payBy <= facts.now && record.state !== 'COMMITTED')
        throw new Refusal('pay-by-passed', `withdrawal ${id} had to be signed by ${formatInstant(record.payBy)}`);
      if (record.state === 'HELD') return record;
      const needed = neededBy(record, station.policy);
      const missed = !present(approvals, needed, station).passed;
      const approvable = record.state === 'AUTHORIZED' || record.state === 'COMMITTED';
      if (approvable && needed > 0 && missed) return record;
      throw new Refusal('act-subject-changed', `withdrawal ${id} is ${record.state}: there is nothing to approve`);
    };
    return {
      rows,
      tightens: false,
      whileSuspect: false,
      recovery: false,
      stoppedBy: known === undefined ? [] : withdrawalScopes(known),
      personal: false,
      approved: (facts) => stands(facts).intent,
      describe(facts) {
        const record = stands(facts);
        const wallets = record.state === 'HELD' ? [] : walletsTakingOperators(record, station.policy);
        const instead = wallets.length === 0 ? '' : `, in the place of evidence that ${together(wallets)} takes`;
        return `Approve ${paidWithdrawalText(record, station.policy)}${instead}`;
      },
      signatures: (facts) => Math.max(1, neededBy(stands(facts), station.policy)),
      delay: () => undefined,
      apply(facts, by) {
        const record = stands(facts);
        const approved: WithdrawalRecord = {
          ...record,
          state: record.state === 'HELD' ? moveWithdrawal(record.state, 'release') : record.state,
          act: by.act,
          history: historyWith(record.history, toldBy(facts, by.position)),
        };
        const fields = { withdrawal: id, intent: record.digest, operators: by.operators.join(' '), act: by.act };
        return {
          writes: [{ table: 'withdrawals', record: approved, leaf: by.position }],
          leaves: [{ kind: 'withdrawal-approved', fields }],
        };
      },
    };
  },
};

/** How many have to approve it: what it was held for, and once that is settled, what a wallet takes in the place of evidence. */
function neededBy(record: WithdrawalRecord, policy: Policy): number {
  if (record.state === 'HELD' || walletsTakingOperators(record, policy).length === 0) return record.operators;
  return Math.max(record.operators, quorumOf(policy));
}

/** The wallets that would pay it on a quorum's approval; of one that is bound to a wallet, that one alone. */
function walletsTakingOperators(record: WithdrawalRecord, policy: Policy): WalletId[] {
  return walletsDemanding(record, policy).flatMap(([id, { orOperators }]) =>
    orOperators && (record.wallet === null || record.wallet === id) ? [id] : [],
  );
}
