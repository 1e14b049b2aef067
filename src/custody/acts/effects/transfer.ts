import { parseWalletId, type Reason, Refusal } from '../../../domain/index.ts';
import { evacuates } from '../../../gate/rules/evacuation.ts';
import { decideTreasury, explainTreasury } from '../../../gate/treasury.ts';
import { refusalOf } from '../../refusals.ts';
import type { Facts, Station } from '../../station.ts';
import {
  permitTreasury,
  type ReadyTreasury,
  readyTreasury,
  stoppedBy,
  treasuryCase,
  treasuryRows,
} from '../../treasury.ts';
import type { Effect, TakenBy } from '../effect.ts';

const inFlight: Reason = 'replacement-in-flight';

/**
 * Unsigned bytes of one transaction. A PSBT holds the previous transaction of each coin (B2), some KB each: a hundred coins at once
 * are half of a request (`api/listener.ts`).
 */
export const mostUnsigned = 512 * 1024;

/** The station's own money, moved to its own wallets or to policy's treasury list: exact bytes, by quorum, at once. */
export const transferEffect: Effect = {
  verb: 'transfer',
  form: 'wallet:ID',
  payload: { most: mostUnsigned },
  ask(subject, payload, { station }) {
    if (!subject.startsWith('wallet:')) return undefined;
    const wallet = station.policy.wallets.get(parseWalletId(subject.slice('wallet:'.length), 'subject'));
    const ready = readyTreasury(station, 'transfer', wallet, payload);
    return {
      rows: treasuryRows(ready),
      tightens: false,
      whileSuspect: false,
      recovery: false,
      stoppedBy: stoppedBy(ready, station.policy),
      personal: false,
      approved: (facts) => standing(station, ready, facts),
      describe: () => described(station, ready),
      signatures: () => station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => undefined,
      apply: (facts, by) => applied(station, ready, facts, by),
    };
  },
};

function described(station: Station, ready: ReadyTreasury): string {
  const { effects, wallet } = ready;
  const safety = evacuates(effects.payments, station.policy) ? ' to safety, also under a freeze' : '';
  const moves = effects.payments.map(({ amount, asset, destination }) => `${amount} of ${asset} to ${destination}`);
  return `Transfer from wallet ${wallet.id}${safety}: ${moves.join('; ')}. ${feeOf(ready)}`;
}

/** For people: what it spends and what it can cost. */
export function feeOf({ effects }: ReadyTreasury): string {
  return `It spends ${effects.anchors.join(', ')}; its fee can reach ${effects.maxFee}`;
}

/**
 * The unsigned transaction, which operators sign for, as long as nothing makes it wrong for good; a freeze or a suspect clock only
 * has it wait, and so does what it takes the place of while that is before its device.
 */
export function standing(station: Station, ready: ReadyTreasury, facts: Facts): Uint8Array {
  const verdict = explainTreasury(treasuryCase(station, ready, facts, 'first', { operators: [], signatures: [] }));
  if (!verdict.approved && verdict.refusal?.reason !== inFlight) throw refusalOf(verdict);
  if (facts.get('transactions', ready.id) !== undefined && ready.newest !== ready.id)
    throw new Refusal('transaction-not-retryable', `transaction ${ready.id} was asked for before, and replaced`);
  return ready.transaction.unsigned;
}

/** Judged whole in the commit that permits it; the signatures are the machinery's to count, here and again before the device. */
export function applied(
  station: Station,
  ready: ReadyTreasury,
  facts: Facts,
  by: TakenBy,
): ReturnType<typeof permitTreasury> {
  const operators = { operators: by.operators, signatures: [] };
  const verdict = decideTreasury(treasuryCase(station, ready, facts, 'first', operators));
  if (!verdict.approved) throw refusalOf(verdict);
  return permitTreasury(ready, facts, by);
}
