import { type FactorClass, Malformed } from '../../domain/index.ts';
import { textItem } from '../document.ts';
import { type Change, moreTightens, named } from './change.ts';
import { counted, together } from './english.ts';
import { parseClass } from './origins.ts';
import type { Section } from './section.ts';

export interface EvidencePart {
  /** How many WebAuthn assertions, by which classes of factors. */
  readonly evidence: { readonly webauthn: number; readonly classes: readonly FactorClass[] };
}

export const evidenceSection: Section<EvidencePart> = {
  title: 'Evidence',
  parse(top) {
    const of = top.members('evidence');
    const evidence = {
      webauthn: of.count('webauthn', 1, 4),
      classes: of.list('classes', (value, place) => parseClass(textItem(value, place), place)),
    };
    if (evidence.classes.length === 0) throw new Malformed(of.at('classes'), 'names no class');
    of.done();
    return { evidence };
  },
  changes: (was, will) => [
    ...moreTightens('evidence.webauthn', was.evidence.webauthn, will.evidence.webauthn),
    ...named('evidence.classes', was.evidence.classes, will.evidence.classes, 'looser').map((change) =>
      enrolmentEased(change, will),
    ),
  ],
  say: ({ evidence: { webauthn, classes } }) => [
    `A customer's approval takes ${counted(webauthn, 'WebAuthn assertion')} by different factors, of the ${classes.length === 1 ? 'class' : 'classes'} ${together(classes)}.`,
  ],
};

/**
 * A further factor is attested by as many ripe ones as a withdrawal takes, as far as the account has them. Where a withdrawal takes
 * several, a factor that stops counting lowers that number: what keeps it from withdrawing lets a thief of the other one enrol.
 */
export function enrolmentEased(change: Change, { evidence }: EvidencePart): Change {
  return evidence.webauthn > 1 && change.direction === 'tighter' ? { ...change, direction: 'looser' } : change;
}
