import {
  type FactorClass,
  type FactorId,
  Malformed,
  type OperatorName,
  parseFactorId,
  parseOperatorName,
} from '../../domain/index.ts';
import type { Members } from '../document.ts';
import { keyed } from './keyed.ts';
import { parseClass, parseHost, parseOrigin } from './origins.ts';

/** A person of the station: a name and the one WebAuthn key that speaks for it. */
export interface OperatorPolicy {
  readonly name: OperatorName;
  readonly credential: FactorId;
  /** COSE_Key (RFC 9052), base64url. */
  readonly key: string;
  readonly class: FactorClass;
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

/** Parses `operators`. Whether 1 of 1 is allowed, the whole policy says: it depends on the networks. */
export function parseOperators(of: Members): OperatorsPolicy {
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
