import { type AcceptedClass, acceptedClasses, Malformed, shown } from '../../domain/index.ts';
import { textItem } from '../document.ts';
import { type Change, moreTightens, named } from './change.ts';
import { counted, together } from './english.ts';
import type { Section } from './section.ts';

export interface EvidencePart {
  /** How many WebAuthn assertions; and what counts as evidence at all. */
  readonly evidence: { readonly webauthn: number; readonly accepts: readonly AcceptedClass[] };
}

export const evidenceSection: Section<EvidencePart> = {
  title: 'Evidence',
  parse(top) {
    const of = top.members('evidence');
    const evidence = {
      webauthn: of.count('webauthn', 1, 4),
      accepts: of.list('accepts', (value, place) => parseAccepted(textItem(value, place), place)),
    };
    if (evidence.accepts.length === 0) throw new Malformed(of.at('accepts'), 'names no class');
    of.done();
    return { evidence };
  },
  changes: (was, will) => [
    ...moreTightens('evidence.webauthn', was.evidence.webauthn, will.evidence.webauthn),
    ...named('evidence.accepts', was.evidence.accepts, will.evidence.accepts, 'looser').map((change) =>
      enrolmentEased(change, will),
    ),
  ],
  say: ({ evidence: { webauthn, accepts } }) => [
    `A customer's approval takes ${counted(webauthn, 'WebAuthn assertion')} by different factors, of the ${accepts.length === 1 ? 'class' : 'classes'} ${together(accepts)}.`,
  ],
};

function parseAccepted(value: string, place: string): AcceptedClass {
  const found = acceptedClasses.find((known) => known === value);
  if (found !== undefined) return found;
  throw new Malformed(place, `expected one of ${acceptedClasses.join(', ')}, got ${shown(value)}`);
}

/**
 * A further factor is attested by as many ripe ones as a withdrawal takes, as far as the account has them. Where a withdrawal takes
 * several, a factor that stops counting lowers that number: what keeps it from withdrawing lets a thief of the other one enrol.
 */
export function enrolmentEased(change: Change, { evidence }: EvidencePart): Change {
  return evidence.webauthn > 1 && change.direction === 'tighter' ? { ...change, direction: 'looser' } : change;
}
