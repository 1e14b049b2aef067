import type { TransactionState, WithdrawalState } from '../domain/index.ts';

/**
 * The states of design §4, as one table each. A move that is not here does not exist: `move` throws rather than guess, so
 * no use-case can put money into a state that the model (machine.model in the tests) does not know.
 */

export type WithdrawalEvent = 'hold' | 'release' | 'commit' | 'sign' | 'refuse' | 'cancel' | 'expire' | 'void';

export const withdrawalMoves: Readonly<
  Record<WithdrawalState, Readonly<Partial<Record<WithdrawalEvent, WithdrawalState>>>>
> = {
  HELD: { release: 'AUTHORIZED', refuse: 'REFUSED', cancel: 'CANCELLED', expire: 'EXPIRED' },
  AUTHORIZED: { hold: 'HELD', commit: 'COMMITTED', cancel: 'CANCELLED', expire: 'EXPIRED' },
  // From here on a transaction that pays it may exist: nothing ends it but being paid, or a void that a quorum saw confirmed.
  COMMITTED: { sign: 'SIGNED', void: 'VOIDED' },
  // A replacement signs it again.
  SIGNED: { sign: 'SIGNED', void: 'VOIDED' },
  REFUSED: {},
  CANCELLED: {},
  EXPIRED: {},
  VOIDED: {},
};

export type TransactionEvent =
  | 'send'
  | 'collect'
  | 'sign'
  | 'withhold'
  | 'release'
  | 'decline'
  | 'lose'
  | 'retry'
  | 'replace'
  | 'void';

export const transactionMoves: Readonly<
  Record<TransactionState, Readonly<Partial<Record<TransactionEvent, TransactionState>>>>
> = {
  // A rule may stop it for good (its destination was removed, its factor revoked): then its anchor is freed by a void alone.
  PERMITTED: { send: 'SENT', void: 'VOIDED' },
  // Of several signers one has answered, and others are to be asked.
  SENT: { collect: 'PERMITTED', sign: 'SIGNED', withhold: 'WITHHELD', decline: 'DECLINED', lose: 'UNCERTAIN' },
  SIGNED: { replace: 'REPLACED', void: 'VOIDED' },
  // Finished under a freeze: sealed, and in no answer until it is released.
  WITHHELD: { release: 'SIGNED', void: 'VOIDED' },
  // A person said no: again only when a client asks.
  DECLINED: { retry: 'PERMITTED', replace: 'REPLACED', void: 'VOIDED' },
  // A signature may exist: the same bytes go out again by themselves, or another version on the same anchor.
  UNCERTAIN: { send: 'SENT', replace: 'REPLACED', void: 'VOIDED' },
  REPLACED: {},
  VOIDED: {},
};

/** A state was asked to move in a way that the table does not have: a mistake of the program's. */
export class ImpossibleMove extends Error {
  constructor(what: string, from: string, event: string) {
    super(`a ${what} in state ${from} cannot ${event}`);
    this.name = 'ImpossibleMove';
  }
}

export function moveWithdrawal(from: WithdrawalState, event: WithdrawalEvent): WithdrawalState {
  const to = withdrawalMoves[from][event];
  if (to === undefined) throw new ImpossibleMove('withdrawal', from, event);
  return to;
}

export function moveTransaction(from: TransactionState, event: TransactionEvent): TransactionState {
  const to = transactionMoves[from][event];
  if (to === undefined) throw new ImpossibleMove('transaction', from, event);
  return to;
}

/** States in which a withdrawal can still end without being paid. */
export function canEnd(state: WithdrawalState): boolean {
  return withdrawalMoves[state].cancel !== undefined;
}
