import { day } from '../../domain/index.ts';
import { moreTightens } from './change.ts';
import { lasting } from './english.ts';
import type { Section } from './section.ts';

/** How long after it became ripe a destination is young; how long after its first factor an account is. ms of witnessed time. */
export interface YouthPolicy {
  readonly destination: number;
  readonly account: number;
}

export interface YouthPart {
  readonly youth: YouthPolicy;
}

/** Where policy says nothing of youth: what was just whitelisted or enrolled is young for a week. */
const youthDefault: YouthPolicy = { destination: 7 * day, account: 7 * day };

export const youthSection: Section<YouthPart> = {
  title: 'Youth',
  parse(top) {
    if (!top.has('young')) return { youth: youthDefault };
    const of = top.members('young');
    const youth = { destination: of.duration('destination'), account: of.duration('account') };
    of.done();
    return { youth };
  },
  // Limits on what is young only ever refuse: the longer it is young, the more they refuse.
  changes: (was, will) => [
    ...moreTightens('young.destination', was.youth.destination, will.youth.destination, lasting),
    ...moreTightens('young.account', was.youth.account, will.youth.account, lasting),
  ],
  say: ({ youth: { destination, account } }) => [
    `A destination is young for ${lasting(destination)} after it became ripe, an account for ${lasting(account)} after its first factor.`,
  ],
};
