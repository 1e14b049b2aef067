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

/** A transaction that operators ask for: the station's own move, or one that does nothing but spend an anchor (design §4). */
export interface TreasuryCase extends Moment {
  readonly phase: Phase;
  readonly kind: 'transfer' | 'void';
  /** Its id, formats.md. */
  readonly id: string;
  readonly wallet: Wallet | undefined;
  readonly effects: Effects;
  /** As of `TransactionCase`; a void's is that of what it voids. */
  readonly anchorId: string;
  readonly anchor: AnchorRecord | undefined;
  readonly otherAnchors: readonly AnchorRecord[];
  readonly walletState: WalletRecord | undefined;
  /** The newest transaction on the anchor, and the payments that it makes. */
  readonly newest: TransactionRecord | undefined;
  readonly newestPayments: readonly Payment[];
  /** `first`: those whose signatures its act just counted. `again`: their signatures, verified again (D4). */
  readonly operators: readonly OperatorName[];
  readonly signatures: readonly OperatorSignature[];
}
