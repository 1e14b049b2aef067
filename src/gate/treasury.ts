import { decide, type Rule, type Verdict } from './rule.ts';
import { changeWithinGap, lockPassed, nonceInWindow, othersAnchorsLeft } from './rules/anchor-holds.ts';
import { clockTrusted } from './rules/clock-trusted.ts';
import { notFrozenUnlessEvacuating } from './rules/evacuation.ts';
import { accessListWithinPolicy, dataFeeBounded, feeWithinPolicy } from './rules/fees-bounded.ts';
import { takesThePlaceForMore } from './rules/replacement-pays-more.ts';
import { treasuryAnchorHolds } from './rules/treasury-anchor.ts';
import { movesNothingElsewhere, operatorsAsked } from './rules/treasury-moves.ts';
import { chainMatches, walletKnown } from './rules/wallet-chain.ts';
import { walletStated } from './rules/wallet-stated.ts';
import type { TreasuryCase } from './treasury-case.ts';

export type { TreasuryCase } from './treasury-case.ts';

/** What makes the bytes wrong for good, whoever signs and whenever. */
const treasuryItself: readonly Rule<TreasuryCase>[] = [
  walletKnown,
  walletStated,
  chainMatches,
  movesNothingElsewhere,
  accessListWithinPolicy,
  dataFeeBounded,
  feeWithinPolicy,
  treasuryAnchorHolds,
  othersAnchorsLeft,
  takesThePlaceForMore,
  nonceInWindow,
  changeWithinGap,
  lockPassed,
];

/** I1: no customer, so a quorum; and only to the station's own wallets or the operators' own list. */
export function decideTreasury(of: TreasuryCase): Verdict {
  return decide([notFrozenUnlessEvacuating, clockTrusted, ...treasuryItself, operatorsAsked], of);
}

/** The same rule objects, those that need no operator yet. */
export function explainTreasury(of: TreasuryCase): Verdict {
  return decide(treasuryItself, of);
}
