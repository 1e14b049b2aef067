import { generationOf } from '../../domain/index.ts';
import type { Moment, TransactionCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/**
 * What a restored station remembers of a wallet is as old as the backup: nonces and outpoints were used since. Nothing of the wallet's
 * goes to its device before a quorum has stated which (I4).
 */
export const walletStated: Rule<Pick<Moment, 'station'> & Pick<TransactionCase, 'wallet' | 'walletState'>> = {
  name: 'wallet-stated',
  judge({ station, wallet, walletState }) {
    const generation = generationOf(station.name);
    if (generation === 1) return pass('the station was never restored');
    if (walletState?.statedFor === generation) return pass('operators stated what it had used before the restore');
    const id = wallet?.id ?? '';
    return refuse(
      'wallet-unstated',
      `the station was restored, and nobody has stated what ${id} used since the backup`,
      {
        wallet: id,
      },
    );
  },
};
