import {
  type AuthenticatorClass,
  digestOf,
  type FactorId,
  hour,
  Malformed,
  type OperatorName,
  parseFactorId,
  parseOperatorName,
} from '../../domain/index.ts';
import type { Members } from '../document.ts';
import { type Change, lessTightens, listed, moreTightens, named, otherLoosens, whole } from './change.ts';
import { lasting, together } from './english.ts';
import { keyed } from './keyed.ts';
import { parseClass, parseHost, parseOrigin } from './origins.ts';
import type { Section } from './section.ts';

/** A person of the station: a name and the one WebAuthn key that speaks for it. */
export interface OperatorPolicy {
  readonly name: OperatorName;
  readonly credential: FactorId;
  /** COSE_Key (RFC 9052), base64url. */
  readonly key: string;
  readonly class: AuthenticatorClass;
  readonly backupEligible: boolean;
}

/** M of N: any `quorum` of `people`. */
export interface Quorum {
  readonly quorum: number;
  readonly people: readonly OperatorPolicy[];
}

/** The station's people, and the offline quorum that stands in for them when too many are lost. */
export interface OperatorsPolicy extends Quorum {
  /** The relying party of their keys: `localhost`, where the station's own page is served on loopback. */
  readonly rpId: string;
  readonly origins: readonly string[];
  readonly recovery: Quorum;
  /** How long an act that loosens waits once its notice was delivered; ms of witnessed time. */
  readonly delays: { readonly policy: number; readonly thaw: number; readonly reinstate: number };
  /** How long an act waits for its quorum, ms. */
  readonly openFor: number;
}

export interface OperatorsPart {
  /** The station's people; undefined where none are founded, which only test networks allow. */
  readonly operators: OperatorsPolicy | undefined;
}

export const operatorsSection: Section<OperatorsPart> = {
  title: 'Operators',
  parse: (top) => ({ operators: top.has('operators') ? parseOperators(top.members('operators')) : undefined }),
  changes: (was, will) =>
    whole('operators', was.operators, will.operators, {
      say: (operators) => sayQuorum(operators),
      // Whoever is founded can lift and approve what nobody could before; without operators nobody stops anything.
      comes: 'looser',
      goes: 'looser',
      kept: operatorChanges,
    }),
  say: ({ operators }) => (operators === undefined ? ['There are no operators.'] : sayOperators(operators)),
};

function operatorChanges(was: OperatorsPolicy, will: OperatorsPolicy): Change[] {
  return [
    ...otherLoosens('operators.rp_id', was.rpId, will.rpId),
    ...named('operators.origins', was.origins, will.origins, 'looser'),
    ...quorumChanges('operators', was, will),
    ...quorumChanges('operators.recovery', was.recovery, will.recovery),
    ...moreTightens('operators.delays.policy', was.delays.policy, will.delays.policy, lasting),
    ...moreTightens('operators.delays.thaw', was.delays.thaw, will.delays.thaw, lasting),
    ...moreTightens('operators.delays.reinstate', was.delays.reinstate, will.delays.reinstate, lasting),
    // The longer an act waits for signatures, the more time there is to come by them.
    ...lessTightens('operators.open_for', was.openFor, will.openFor, lasting),
  ];
}

/**
 * Somebody who goes leaves fewer to approve, but also fewer to refuse and to freeze: a quorum that means ill would first take away
 * whoever could stop it. So it ripens, and meanwhile that person can refuse it. (Suspending is at once, and lowers no number.)
 */
function quorumChanges(place: string, was: Quorum, will: Quorum): Change[] {
  return [
    ...moreTightens(`${place}.quorum`, was.quorum, will.quorum),
    ...listed(`${place}.people`, byName(was), byName(will), {
      say: sayPerson,
      added: 'looser',
      removed: 'looser',
      kept: (member, old, fresh) => [
        ...otherLoosens(`${member}.credential`, old.credential, fresh.credential),
        ...otherLoosens(`${member}.key`, old.key, fresh.key),
        ...otherLoosens(`${member}.class`, old.class, fresh.class),
        ...otherLoosens(`${member}.backup_eligible`, old.backupEligible, fresh.backupEligible),
      ],
    }),
  ];
}

const byName = ({ people }: Quorum): [string, OperatorPolicy][] => people.map((person) => [person.name, person]);

function sayPerson({ name, credential, key, class: class_, backupEligible }: OperatorPolicy): string {
  const kept = backupEligible ? 'that may be backed up' : 'that cannot be backed up';
  return `${name} (${class_} credential ${credential} ${kept}, key ${digestOf(Buffer.from(key, 'base64url'))})`;
}

const sayQuorum = ({ quorum, people }: Quorum): string =>
  `${quorum} of ${people.length}: ${together(people.map(sayPerson))}`;

function sayOperators({ rpId, origins, recovery, delays, openFor, ...own }: OperatorsPolicy): string[] {
  return [
    `The operators are any ${sayQuorum(own)}.`,
    `When too many of them are lost, the recovery quorum stands in: any ${sayQuorum(recovery)}.`,
    `They sign with WebAuthn credentials of the relying party ${rpId}, on ${together(origins)}.`,
    `What they approve and loosens waits once its notice was delivered: policy ${lasting(delays.policy)}, a thaw ${lasting(delays.thaw)}, a reinstatement ${lasting(delays.reinstate)}.`,
    `An act that has not its quorum after ${lasting(openFor)} is void.`,
  ];
}

/** An act's signatures come from several people, who read first. ms. */
const openForLeast = hour;

/** Parses `operators`. Whether 1 of 1 is allowed, the whole policy says: it depends on the networks. */
function parseOperators(of: Members): OperatorsPolicy {
  const rpId = parseHost(of.text('rp_id'), of.at('rp_id'));
  const origins = of.list('origins', (value, place) => parseOrigin(value, place, rpId));
  if (origins.length === 0) throw new Malformed(of.at('origins'), 'names no origin');
  const people = parseQuorum(of, 'people');
  const recovery = of.members('recovery');
  const delays = of.members('delays');
  const policy = {
    rpId,
    origins,
    ...people,
    recovery: parseQuorum(recovery, 'people'),
    delays: {
      policy: delays.duration('policy'),
      thaw: delays.duration('thaw'),
      reinstate: delays.duration('reinstate'),
    },
    openFor: of.duration('open_for'),
  };
  // Nobody could change it back: no second signature would ever be in time.
  if (policy.openFor < openForLeast)
    throw new Malformed(of.at('open_for'), 'is shorter than an hour: no quorum would be in time');
  recovery.done();
  delays.done();
  of.done();
  const all = [...policy.people, ...policy.recovery.people];
  keyed(all, (person) => person.name, of.place);
  keyed(all, (person) => person.credential, of.place);
  keyed(all, (person) => person.key, of.place);
  return Object.freeze(policy);
}

function parseQuorum(of: Members, list: string): Quorum {
  const quorum = of.count('quorum', 1, 32);
  const people = of.memberList(list, parsePerson);
  if (people.length < quorum) {
    throw new Malformed(of.at('quorum'), `${quorum} of ${people.length} can never be reached`);
  }
  return { quorum, people };
}

function parsePerson(of: Members): OperatorPolicy {
  const person = {
    name: parseOperatorName(of.text('name'), of.at('name')),
    credential: parseFactorId(of.text('credential'), of.at('credential')),
    key: of.text('key'),
    class: parseClass(of.text('class'), of.at('class')),
    backupEligible: of.flag('backup_eligible'),
  };
  if (!/^[A-Za-z0-9_-]{20,1400}$/.test(person.key))
    throw new Malformed(of.at('key'), 'expected a COSE key in base64url');
  return person;
}
