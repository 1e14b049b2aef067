import { certificatesIn, type Digest, fingerprint, Malformed, shown } from '../../domain/index.ts';
import { Members, textItem } from '../document.ts';
import { type Change, lessTightens, listed, moreTightens, named, otherLoosens, whole } from './change.ts';
import { lasting, together } from './english.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

/** An authority whose attestation of authenticators is believed. */
export interface PinnedAuthority {
  readonly name: string;
  /** PEM, one certificate. */
  readonly certificate: string;
  readonly fingerprint: Digest;
}

/** What the FIDO metadata (MDS3) are used for, and whose they have to be. */
export interface MetadataPolicy {
  readonly root: PinnedAuthority;
  /** The least that a model has to be certified as, to be hardware. */
  readonly certification: Certification;
  /** Whether a model that they don't list is hardware where a pinned authority attests it. */
  readonly unlisted: 'refuse' | 'accept';
  /** How long after the day on which the next one should be there they still make hardware of anything, ms. */
  readonly grace: number;
  /** Whether the authorities that they name for a model are believed as if they were pinned. */
  readonly authorities: boolean;
}

/** What makes an authenticator one of class `hardware`. */
export interface AuthenticatorsPolicy {
  readonly authorities: readonly PinnedAuthority[];
  /** AAGUIDs, as UUIDs; undefined: any model that is attested. */
  readonly models: readonly string[] | undefined;
  readonly metadata: MetadataPolicy | undefined;
}

export interface AuthenticatorsPart {
  readonly authenticators: AuthenticatorsPolicy;
}

/** From the least on (FIDO Metadata Service v3.0 §3.1.4). */
export const certifications = [
  'FIDO_CERTIFIED',
  'FIDO_CERTIFIED_L1',
  'FIDO_CERTIFIED_L1plus',
  'FIDO_CERTIFIED_L2',
  'FIDO_CERTIFIED_L2plus',
  'FIDO_CERTIFIED_L3',
  'FIDO_CERTIFIED_L3plus',
] as const;
export type Certification = (typeof certifications)[number];

export const authenticatorsSection: Section<AuthenticatorsPart> = {
  title: 'Which authenticators are hardware',
  parse(top) {
    const of = top.has('authenticators') ? top.members('authenticators') : new Members({}, '');
    const authorities = of.has('roots') ? of.list('roots', parseAuthority) : [];
    keyed(authorities, ({ name }) => name, of.at('roots'));
    keyed(authorities, (authority) => authority.fingerprint, of.at('roots'));
    const models = of.has('aaguids') ? of.list('aaguids', parseAaguid) : undefined;
    const metadata = of.has('metadata') ? parseMetadata(of.members('metadata')) : undefined;
    if (models !== undefined && authorities.length === 0 && metadata?.authorities !== true)
      throw new Malformed(
        of.at('roots'),
        'is missing: a model counts only where an authority attests it, and none is trusted',
      );
    keyed(models ?? [], (model) => model, of.at('aaguids'));
    of.done();
    return { authenticators: Object.freeze({ authorities, models, metadata }) };
  },
  changes: ({ authenticators: was }, { authenticators: will }) => [
    ...listed('authenticators.roots', byName(was), byName(will), {
      say: sayAuthority,
      added: 'looser',
      removed: 'tighter',
      kept: (member, old, fresh) => otherLoosens(member, old.fingerprint, fresh.fingerprint),
    }),
    ...whole('authenticators.aaguids', was.models, will.models, {
      say: (models) => together(models),
      comes: 'tighter',
      goes: 'looser',
      kept: (old, fresh) => named('authenticators.aaguids', old, fresh, 'looser'),
    }),
    ...whole('authenticators.metadata', was.metadata, will.metadata, {
      say: sayMetadata,
      // What they name is believed, too; without that they only ever refuse.
      comes: will.metadata?.authorities === true ? 'looser' : 'tighter',
      goes: 'looser',
      kept: metadataChanges,
    }),
  ],
  say: ({ authenticators: { authorities, models, metadata } }) => [
    ...(authorities.length === 0 && metadata?.authorities !== true
      ? ['No authenticator is of class hardware: nobody’s attestation is trusted.']
      : [
          `An authenticator whose credential cannot be backed up is of class hardware where its attestation leads to ${together(
            [
              ...authorities.map(sayAuthority),
              ...(metadata?.authorities === true ? ['what the FIDO metadata name for its model'] : []),
            ],
          )}.`,
        ]),
    ...(models === undefined ? [] : [`Only these models (AAGUID) are hardware: ${together(models)}.`]),
    ...(metadata === undefined ? [] : [`${sayMetadata(metadata)}.`]),
  ],
};

const byName = ({ authorities }: AuthenticatorsPolicy): [string, PinnedAuthority][] =>
  authorities.map((authority) => [authority.name, authority]);

const sayAuthority = (authority: PinnedAuthority): string => `${authority.name} (${authority.fingerprint})`;

function sayMetadata({ root, certification, unlisted, grace, authorities }: MetadataPolicy): string {
  const others =
    unlisted === 'accept'
      ? 'a model that they do not list is hardware all the same'
      : 'a model that they do not list is not hardware';
  const named = authorities
    ? 'the authorities that they name for a model are believed'
    : 'the authorities that they name are not believed';
  return `FIDO metadata under ${sayAuthority(root)} refuse models that are reported broken, whatever the class; to be hardware a model is ${certification} or better; ${others}; ${named}; ${lasting(grace)} after the next ones are due they make nothing hardware any more`;
}

function metadataChanges(was: MetadataPolicy, will: MetadataPolicy): Change[] {
  const place = 'authenticators.metadata';
  const rank = (of: MetadataPolicy): number => certifications.indexOf(of.certification);
  const said = (index: number): string => certifications[index] ?? '';
  const flag = (is: boolean): number => (is ? 1 : 0);
  return [
    ...otherLoosens(`${place}.root`, sayAuthority(was.root), sayAuthority(will.root)),
    ...moreTightens(`${place}.certification`, rank(was), rank(will), said),
    ...lessTightens(
      `${place}.unlisted`,
      flag(was.unlisted === 'accept'),
      flag(will.unlisted === 'accept'),
      (accepts) => (accepts === 1 ? 'accept' : 'refuse'),
    ),
    ...lessTightens(`${place}.grace`, was.grace, will.grace, lasting),
    ...lessTightens(`${place}.roots`, flag(was.authorities), flag(will.authorities), (believed) =>
      believed === 1 ? 'believed' : 'not believed',
    ),
  ];
}

function parseAuthority(value: unknown, place: string): PinnedAuthority {
  const of = new Members(value, place);
  const name = of.text('name');
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?$/.test(name))
    throw new Malformed(of.at('name'), `expected a name of 1 to 64 plain letters, got ${shown(name)}`);
  const authority = pinned(of, name);
  of.done();
  return authority;
}

function pinned(of: Members, name: string, member = 'certificate'): PinnedAuthority {
  const certificate = of.text(member);
  const [only, ...others] = certificatesIn(certificate, of.at(member));
  if (only === undefined || others.length > 0) throw new Malformed(of.at(member), 'expected one certificate in PEM');
  // One that vouches for nobody could only vouch for itself.
  if (!only.ca)
    throw new Malformed(of.at(member), 'is no authority’s certificate: its basic constraints do not say CA');
  return { name, certificate, fingerprint: fingerprint(only) };
}

const zero = '00000000-0000-0000-0000-000000000000';

function parseAaguid(value: unknown, place: string): string {
  const text = textItem(value, place);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text))
    throw new Malformed(place, `expected a UUID in lowercase, got ${shown(text)}`);
  if (text === zero) throw new Malformed(place, 'is no model’s: authenticators that do not tell theirs have it');
  return text;
}

function parseMetadata(of: Members): MetadataPolicy {
  const metadata: MetadataPolicy = {
    root: pinned(of, 'FIDO metadata', 'root'),
    certification: of.oneOf('certification', certifications),
    unlisted: of.oneOf('unlisted', ['refuse', 'accept']),
    grace: of.duration('grace'),
    authorities: of.has('roots') && of.oneOf('roots', ['believed', 'ignored']) === 'believed',
  };
  of.done();
  return metadata;
}
