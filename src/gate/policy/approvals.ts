import { Malformed } from '../../domain/index.ts';
import { named, otherLoosens } from './change.ts';
import { together } from './english.ts';
import { parseHost, parseOrigin } from './origins.ts';
import type { Section } from './section.ts';

/** Where customers approve. */
export interface ApprovalsPart {
  readonly rpId: string;
  readonly origins: readonly string[];
}

export const approvalsSection: Section<ApprovalsPart> = {
  title: 'Where customers approve',
  parse(top) {
    const of = top.members('approvals');
    const rpId = parseHost(of.text('rp_id'), of.at('rp_id'));
    const origins = of.list('origins', (value, place) => parseOrigin(value, place, rpId));
    if (origins.length === 0) throw new Malformed(of.at('origins'), 'names no origin');
    of.done();
    return { rpId, origins };
  },
  changes: (was, will) => [
    ...otherLoosens('approvals.rp_id', was.rpId, will.rpId),
    ...named('approvals.origins', was.origins, will.origins, 'looser'),
  ],
  say: ({ rpId, origins }) => [
    `Customers approve with WebAuthn credentials of the relying party ${rpId}, on ${together(origins)} and nowhere else.`,
  ],
};
