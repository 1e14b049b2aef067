import { formatInstant, parseWithdrawalId, Refusal, type WithdrawalRecord } from '../../../domain/index.ts';
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
 * gone, or with another key or origin in policy), others may approve it anew, up to the device.
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
      const missed = !present(approvals, record.operators, station).passed;
      const reapprovable = record.state === 'AUTHORIZED' || record.state === 'COMMITTED';
      if (reapprovable && record.operators > 0 && missed) return record;
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
      describe: (facts) => `Approve ${paidWithdrawalText(stands(facts), station.policy)}`,
      signatures: (facts) => Math.max(1, stands(facts).operators),
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
