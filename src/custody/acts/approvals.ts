import { type ActId, parseIntent, Refusal, type WithdrawalRecord } from '../../domain/index.ts';
import type { OperatorSignature } from '../../gate/cases.ts';
import type { Facts, RowKey } from '../../store/facts.ts';
import type { Station } from '../station.ts';
import { type CheckedSignature, checkKept, operatorRows, signaturesNow } from './signatures.ts';

/** Operators' approvals of a withdrawal, verified again before and outside the decision that relies on them. */
export interface ReadyApprovals {
  /** The act that they were read from. */
  readonly act: ActId | null;
  readonly checked: readonly CheckedSignature[];
}

/**
 * D4: that operators approved a withdrawal is shown by their signatures, each over an intent of their own for exactly this one, under
 * the keys of the policy in force; never by its state. Nobody where none did.
 */
export function readyApprovals(station: Station, record: WithdrawalRecord): ReadyApprovals {
  if (record.act === null) return { act: record.act, checked: [] };
  const { act: id } = record;
  const act = station.reading(() => station.store.read('acts', id));
  if (act === undefined) return { act: id, checked: [] };
  const subject = `withdrawal:${record.id}`;
  const expected = { verb: 'approve', subject, digest: record.digest, base: undefined } as const;
  // They approved it in the generation that its owner did; whether that still counts is the gate's to say.
  const { intent } = parseIntent(record.intent, 'portcullis/withdrawal/v1');
  return { act: id, checked: checkKept(act, expected, station.policy, intent.station) };
}

export function approvalRows({ checked }: ReadyApprovals): RowKey[] {
  return operatorRows(checked);
}

/** The approvals with their operators as the decision sees them. Throws if the withdrawal was decided on meanwhile. */
export function approvalsNow(ready: ReadyApprovals, record: WithdrawalRecord, facts: Facts): OperatorSignature[] {
  if (record.act !== ready.act)
    throw new Refusal('changed-meanwhile', `withdrawal ${record.id} was approved anew meanwhile: ask again`);
  return signaturesNow(ready.checked, facts);
}
