import { type Address, parseAddress } from '../../domain/index.ts';
import { parseLabel } from '../../domain/label.ts';
import type { Members } from '../document.ts';

/** Where the station's own transfers may go, besides its own wallets. Ripens as any other loosening of policy does. */
export interface TreasuryDestination {
  readonly address: Address;
  readonly label: string;
  /** A cold wallet to which a quorum may evacuate under a freeze (design §4). */
  readonly evacuation: boolean;
}

export function parseTreasuryDestination(of: Members): TreasuryDestination {
  return {
    address: parseAddress(of.text('address'), of.at('address')),
    label: parseLabel(of.text('label'), of.at('label')),
    evacuation: of.has('evacuation') ? of.flag('evacuation') : false,
  };
}
