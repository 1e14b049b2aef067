import { otherLoosens } from './change.ts';
import { parseHost } from './origins.ts';
import type { Section } from './section.ts';

export interface TrustDomainPart {
  /** Client certificates name `spiffe://<trust domain>/<role>/<name>`. */
  readonly trustDomain: string;
}

export const trustDomainSection: Section<TrustDomainPart> = {
  title: 'Trust domain',
  parse: (top) => ({ trustDomain: parseHost(top.text('trust_domain'), top.at('trust_domain')) }),
  changes: (was, will) => otherLoosens('trust_domain', was.trustDomain, will.trustDomain),
  say: ({ trustDomain }) => [`Client certificates name their roles under spiffe://${trustDomain}/.`],
};
