import type { TransactionCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** E2, B8: the bytes are for the chain of their wallet, and policy names both. */
export const walletKnown: Rule<Pick<TransactionCase, 'wallet'>> = {
  name: 'wallet-known',
  judge({ wallet }) {
    if (wallet !== undefined) return pass(`policy names wallet ${wallet.id}, ${wallet.address}`);
    return refuse('wallet-unknown', 'policy names no such wallet');
  },
};

export const chainMatches: Rule<Pick<TransactionCase, 'wallet' | 'effects'>> = {
  name: 'chain-matches',
  judge({ wallet, effects }) {
    if (wallet !== undefined && effects.chain === wallet.chain)
      return pass(`the transaction is for ${effects.chain}, as its wallet is`);
    return refuse(
      'chain-mismatch',
      `the transaction is for ${effects.chain}, its wallet for ${wallet?.chain ?? 'no chain'}`,
    );
  },
};
