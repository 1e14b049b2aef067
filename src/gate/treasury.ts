import type {
  AnchorRecord,
  Effects,
  OperatorName,
  Payment,
  TransactionRecord,
  Wallet,
  WalletRecord,
} from '../domain/index.ts';
import type { Moment, OperatorSignature, Phase } from './cases.ts';
import { decide, type Rule, type Verdict } from './rule.ts';
import { nonceInWindow } from './rules/anchor-holds.ts';
import { clockTrusted } from './rules/clock-trusted.ts';
import { notFrozenUnlessEvacuating } from './rules/evacuation.ts';
import { accessListWithinPolicy, dataFeeBounded, feeWithinPolicy } from './rules/fees-bounded.ts';
import { treasuryAnchorHolds } from './rules/treasury-anchor.ts';
import { movesNothingElsewhere, operatorsAsked } from './rules/treasury-moves.ts';
import { chainMatches, walletKnown } from './rules/wallet-chain.ts';

/** A transaction that operators ask for: the station's own move, or one that does nothing but spend an anchor (design §4). */
export interface TreasuryCase extends Moment {
  readonly phase: Phase;
  readonly kind: 'transfer' | 'void';
  /** Its id, formats.md. */
  readonly id: string;
  readonly wallet: Wallet | undefined;
  readonly effects: Effects;
  readonly anchor: AnchorRecord | undefined;
  readonly walletState: WalletRecord | undefined;
  /** The newest transaction on the anchor, and the payments that it makes. */
  readonly newest: TransactionRecord | undefined;
  readonly newestPayments: readonly Payment[];
  /** `first`: those whose signatures its act just counted. `again`: their signatures, verified again (D4). */
  readonly operators: readonly OperatorName[];
  readonly signatures: readonly OperatorSignature[];
}

/** What makes the bytes wrong for good, whoever signs and whenever. */
const treasuryItself: readonly Rule<TreasuryCase>[] = [
  walletKnown,
  chainMatches,
  movesNothingElsewhere,
  accessListWithinPolicy,
  dataFeeBounded,
  feeWithinPolicy,
  treasuryAnchorHolds,
  nonceInWindow,
];

/** I1: no customer, so a quorum; and only to the station's own wallets or the operators' own list. */
export function decideTreasury(of: TreasuryCase): Verdict {
  return decide([notFrozenUnlessEvacuating, clockTrusted, ...treasuryItself, operatorsAsked], of);
}

/** The same rule objects, those that need no operator yet. */
export function explainTreasury(of: TreasuryCase): Verdict {
  return decide(treasuryItself, of);
}
