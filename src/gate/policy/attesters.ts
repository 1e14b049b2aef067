import { formatInstant, Malformed, parseInstant, type WallMs } from '../../domain/index.ts';
import { Members } from '../document.ts';
import { lessTightens, listed, moreTightens, otherLoosens } from './change.ts';
import { type PolicyJwk, parseJwk, parseKeyName, sayJwk } from './jwk.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

/** An MFA service's key, and when it signs: by the wall time at which a token says that it was issued. */
export interface Attester {
  readonly issuer: string;
  readonly kid: string;
  readonly jwk: PolicyJwk;
  /** It signed nothing before; undefined: no bound. */
  readonly from: WallMs | undefined;
  /** It signs nothing at this time or after; undefined: no bound. */
  readonly until: WallMs | undefined;
}

export interface AttestersPart {
  readonly attesters: readonly Attester[];
}

export const attestersSection: Section<AttestersPart> = {
  title: 'MFA services',
  parse(top) {
    const attesters = top.has('attesters') ? top.list('attesters', parseAttester) : [];
    keyed(attesters, (a) => a.kid, top.at('attesters'));
    // Under two names it would count as two services, and outlive the end of either.
    keyed(attesters, (a) => sayJwk(a.jwk), top.at('attesters'));
    return { attesters };
  },
  // A key that goes, or whose time shrinks, also takes what it approved and isn't signed yet: tokens are verified again at signing.
  changes: (was, will) =>
    listed('attesters', byKid(was), byKid(will), {
      say: sayAttester,
      added: 'looser',
      removed: 'tighter',
      kept: (member, old, fresh) => [
        ...otherLoosens(`${member}.issuer`, old.issuer, fresh.issuer),
        ...otherLoosens(`${member}.jwk`, sayJwk(old.jwk), sayJwk(fresh.jwk)),
        ...moreTightens(`${member}.from`, old.from ?? -Infinity, fresh.from ?? -Infinity, sayBound),
        ...lessTightens(`${member}.until`, old.until ?? Infinity, fresh.until ?? Infinity, sayBound),
      ],
    }),
  say: ({ attesters }) =>
    attesters.length === 0
      ? ['No MFA service’s token is accepted.']
      : attesters.map((a) => `Tokens of ${sayAttester(a)}.`),
};

const byKid = ({ attesters }: AttestersPart): [string, Attester][] => attesters.map((a) => [a.kid, a]);

const sayBound = (at: number): string => (Number.isFinite(at) ? formatInstant(at as WallMs) : 'none');

function sayAttester({ issuer, kid, jwk, from, until }: Attester): string {
  const bounds = [
    ...(from === undefined ? [] : [`from ${formatInstant(from)}`]),
    ...(until === undefined ? [] : [`until ${formatInstant(until)}`]),
  ];
  const issued = bounds.length === 0 ? '' : `, issued ${bounds.join(' ')}`;
  return `${issuer} under its key ${kid}, ${sayJwk(jwk)}${issued}`;
}

function parseAttester(value: unknown, place: string): Attester {
  const of = new Members(value, place);
  const attester = {
    issuer: parseKeyName(of, 'issuer'),
    kid: parseKeyName(of, 'kid'),
    jwk: parseJwk(of),
    from: parseBound(of, 'from'),
    until: parseBound(of, 'until'),
  };
  if ((attester.until ?? Infinity) <= (attester.from ?? -Infinity))
    throw new Malformed(of.at('until'), 'is not later than from');
  of.done();
  return attester;
}

const parseBound = (of: Members, member: string): WallMs | undefined =>
  of.has(member) ? parseInstant(of.text(member), of.at(member)) : undefined;
