import type { AuthenticatorClass } from '../../domain/index.ts';
import { Members, textItem } from '../document.ts';
import { named } from './change.ts';
import { together } from './english.ts';
import { parseClass } from './origins.ts';
import type { Section } from './section.ts';

/** What policy wants of authenticators, by class, whenever one of them attests. */
export interface AuthenticatorsUse {
  /** Need not verify their user; such an attestation is never the only one. */
  readonly unverified: readonly AuthenticatorClass[];
  /** Must count their signatures: one that always says 0 is refused. */
  readonly movingCounter: readonly AuthenticatorClass[];
  /** Are refused once their credential is backed up (BS). */
  readonly notBackedUp: readonly AuthenticatorClass[];
}

export interface AuthenticatorsUsePart {
  readonly authenticatorsUse: AuthenticatorsUse;
}

const names = [
  ['unverified', 'unverified', 'looser'],
  ['moving_counter', 'movingCounter', 'tighter'],
  ['not_backed_up', 'notBackedUp', 'tighter'],
] as const;

export const authenticatorsUseSection: Section<AuthenticatorsUsePart> = {
  title: 'How authenticators are used',
  parse(top) {
    const of = top.has('authenticators_use') ? top.members('authenticators_use') : new Members({}, '');
    const classes = (name: string): readonly AuthenticatorClass[] =>
      of.has(name) ? of.list(name, (value, place) => parseClass(textItem(value, place), place)) : [];
    const authenticatorsUse = {
      unverified: classes('unverified'),
      movingCounter: classes('moving_counter'),
      notBackedUp: classes('not_backed_up'),
    };
    of.done();
    return { authenticatorsUse };
  },
  changes: ({ authenticatorsUse: was }, { authenticatorsUse: will }) =>
    names.flatMap(([member, name, added]) => named(`authenticators_use.${member}`, was[name], will[name], added)),
  say: ({ authenticatorsUse: { unverified, movingCounter, notBackedUp } }) => [
    unverified.length === 0
      ? 'Every authenticator verifies its user each time.'
      : `Every authenticator verifies its user each time, but for class ${together(unverified)}: without it, one of these only adds to another attestation.`,
    ...(movingCounter.length === 0 ? [] : [`Those of class ${together(movingCounter)} must count their signatures.`]),
    ...(notBackedUp.length === 0
      ? []
      : [`Those of class ${together(notBackedUp)} are refused once they are backed up.`]),
  ],
};
