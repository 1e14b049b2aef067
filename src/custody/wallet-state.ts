import type { AnchorRecord, Effects, Wallet, WalletRecord } from '../domain/index.ts';
import type { Facts } from '../store/facts.ts';

/** What a wallet's row says once a transaction is permitted: the highest nonce, and the highest index of change, only rise. */
export function walletAfter(wallet: Wallet, effects: Effects, facts: Facts): WalletRecord {
  const before = walletBefore(wallet, facts.get('wallets', wallet.id));
  const { nextNonce, nextChange } = before;
  return {
    ...before,
    nextNonce: Math.max(nextNonce, (effects.nonce ?? -1) + 1),
    // Raw keys have one script, to which change always goes: there is no next one.
    nextChange:
      wallet.kind === 'script' && !wallet.derives
        ? nextChange
        : Math.max(nextChange, ...effects.change.map(({ index }) => index + 1)),
  };
}

/** A wallet's row, or what stands for it before its first transaction. */
export function walletBefore(wallet: Wallet, record: WalletRecord | undefined): WalletRecord {
  const nextNonce = wallet.kind === 'account' ? wallet.firstNonce : 0;
  return record ?? { wallet: wallet.id, nextNonce, nextChange: 0, leastNonce: 0, statedFor: 0 };
}

/** Anchors among what a transaction spends, without its own (B7). The facts have to hold each of them. */
export function anchorsBeside(own: string, effects: Effects, wallet: Wallet, facts: Facts): AnchorRecord[] {
  return effects.anchors
    .filter((anchor) => anchor !== own)
    .flatMap((anchor) => facts.get('anchors', wallet.id, anchor) ?? []);
}
