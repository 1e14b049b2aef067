import { type Address, parseAddress } from '../../domain/index.ts';
import { textItem } from '../document.ts';
import { named } from './change.ts';
import type { Section } from './section.ts';

export interface DeniedPart {
  /** Never paid to, whoever listed it. */
  readonly denied: ReadonlySet<Address>;
}

/** A deny list can be long; a screen shows its beginning. */
const saidMost = 20;

export const deniedSection: Section<DeniedPart> = {
  title: 'Denied destinations',
  parse: (top) => ({
    denied: new Set(
      top.has('denied') ? top.list('denied', (value, place) => parseAddress(textItem(value, place), place)) : [],
    ),
  }),
  changes: (was, will) => named('denied', was.denied, will.denied, 'tighter'),
  say({ denied }) {
    if (denied.size === 0) return ['No destination is denied.'];
    const told = [...denied].slice(0, saidMost).map((address) => `${address} is never paid.`);
    return denied.size > saidMost ? [...told, `Nor are ${denied.size - saidMost} others.`] : told;
  },
};
