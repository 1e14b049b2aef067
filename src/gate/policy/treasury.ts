import { type Address, parseAddress } from '../../domain/index.ts';
import { parseLabel } from '../../domain/label.ts';
import type { Members } from '../document.ts';
import { type Change, listed, otherLoosens } from './change.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

/** Where the station's own transfers may go, besides its own wallets. Ripens as any other loosening of policy does. */
export interface TreasuryDestination {
  readonly address: Address;
  readonly label: string;
  /** A cold wallet to which a quorum may evacuate under a freeze (design §4). */
  readonly evacuation: boolean;
}

export interface TreasuryPart {
  readonly treasury: readonly TreasuryDestination[];
}

export const treasurySection: Section<TreasuryPart> = {
  title: 'Treasury',
  parse(top) {
    const treasury = top.has('treasury') ? top.memberList('treasury', parseDestination) : [];
    keyed(treasury, (t) => t.address, top.at('treasury'));
    return { treasury };
  },
  changes: (was, will) =>
    listed('treasury', byAddress(was), byAddress(will), {
      say: sayDestination,
      added: 'looser',
      removed: 'tighter',
      kept: (member, old, fresh) => [
        ...otherLoosens(`${member}.label`, old.label, fresh.label),
        ...evacuation(`${member}.evacuation`, old.evacuation, fresh.evacuation),
      ],
    }),
  say: ({ treasury }) => [
    'A quorum of operators may transfer between the station’s own wallets.',
    ...treasury.map((destination) => `So may it to ${sayDestination(destination)}.`),
  ],
};

const byAddress = ({ treasury }: TreasuryPart): [string, TreasuryDestination][] => treasury.map((t) => [t.address, t]);

function sayDestination({ address, label, evacuation }: TreasuryDestination): string {
  return `${address} (${label})${evacuation ? ', even under a freeze' : ''}`;
}

function evacuation(member: string, was: boolean, will: boolean): Change[] {
  return was === will ? [] : [{ member, was: String(was), will: String(will), direction: will ? 'looser' : 'tighter' }];
}

function parseDestination(of: Members): TreasuryDestination {
  return {
    address: parseAddress(of.text('address'), of.at('address')),
    label: parseLabel(of.text('label'), of.at('label')),
    evacuation: of.has('evacuation') ? of.flag('evacuation') : false,
  };
}
