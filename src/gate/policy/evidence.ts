import { type AcceptedClass, acceptedClasses, Malformed, shown } from '../../domain/index.ts';
import { allOf, type EvidenceDemand, noDemand, sayDemand } from '../demand.ts';
import { textItem } from '../document.ts';
import { named } from './change.ts';
import { type Demanding, demandChange, enrolmentDemand, enrolmentEased, parseDemand } from './demand.ts';
import { together } from './english.ts';
import type { Section } from './section.ts';

export interface EvidencePart {
  /** How much evidence every approval takes; and what counts as evidence at all. */
  readonly evidence: EvidenceDemand & { readonly accepts: readonly AcceptedClass[] };
}

const one: EvidenceDemand = { ...noDemand, webauthn: 1 };

export const evidenceSection: Section<EvidencePart, EvidencePart & Demanding> = {
  title: 'Evidence',
  parse(top) {
    const of = top.members('evidence');
    const evidence = {
      ...allOf([parseDemand(of, one), { ...noDemand, assertions: 1 }]),
      accepts: of.list('accepts', (value, place) => parseAccepted(textItem(value, place), place)),
    };
    if (evidence.accepts.length === 0) throw new Malformed(of.at('accepts'), 'names no class');
    of.done();
    return { evidence };
  },
  changes: (was, will) => [
    ...demandChange('evidence', was.evidence, will.evidence),
    ...named('evidence.accepts', was.evidence.accepts, will.evidence.accepts, 'looser').map((change) =>
      enrolmentEased(change, was, will),
    ),
  ],
  say: (policy) => [
    `A customer's approval takes ${sayDemand(policy.evidence)}.`,
    `What counts as evidence is of the ${policy.evidence.accepts.length === 1 ? 'class' : 'classes'} ${together(policy.evidence.accepts)}; a factor counts once, and a one-time code never alone.`,
    `A further factor is attested by ${sayDemand(enrolmentDemand(policy))}, as far as the account has factors for it.`,
  ],
};

function parseAccepted(value: string, place: string): AcceptedClass {
  const found = acceptedClasses.find((known) => known === value);
  if (found !== undefined) return found;
  throw new Malformed(place, `expected one of ${acceptedClasses.join(', ')}, got ${shown(value)}`);
}
