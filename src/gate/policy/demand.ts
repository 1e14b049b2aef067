import { type AcceptedClass, Malformed, type WalletId } from '../../domain/index.ts';
import {
  allOf,
  asFarAs,
  atLeast,
  attestationsMost,
  completed,
  type EvidenceDemand,
  meets,
  missing,
  noDemand,
  sayDemand,
  type Tally,
} from '../demand.ts';
import type { Members } from '../document.ts';
import type { Change, Direction } from './change.ts';
import { together } from './english.ts';

/** The most of each that a document may ask for. */
const most: EvidenceDemand = { assertions: 8, classes: 3, enrolments: 8, webauthn: 4, hardware: 4 };

/** Takes a demand's members, each of which may be absent, out of the document that has them; `otherwise` has those that are. */
export function parseDemand(of: Members, otherwise: EvidenceDemand = noDemand): EvidenceDemand {
  const count = (member: keyof EvidenceDemand, least: number): number =>
    of.has(member) ? of.count(member, least, most[member]) : otherwise[member];
  return completed({
    assertions: count('assertions', 1),
    classes: count('classes', 2),
    enrolments: count('enrolments', 1),
    // The one count whose absence may mean more than none.
    webauthn: count('webauthn', otherwise.webauthn > 0 ? 0 : 1),
    hardware: count('hardware', 1),
  });
}

/** Raised is tighter; lowered, or lowered in one count and raised in another, is looser. */
export function demandDirection(was: EvidenceDemand, will: EvidenceDemand): Direction {
  if (!atLeast(will, was)) return 'looser';
  return atLeast(was, will) ? 'same' : 'tighter';
}

export function demandChange(member: string, was: EvidenceDemand, will: EvidenceDemand): Change[] {
  const direction = demandDirection(was, will);
  return direction === 'same' ? [] : [{ member, was: sayDemand(was), will: sayDemand(will), direction }];
}

/** Whatever of a policy demands evidence. */
export interface Demanding {
  readonly evidence: EvidenceDemand & { readonly accepts: readonly AcceptedClass[] };
  readonly bands: readonly { readonly evidence: EvidenceDemand }[];
  readonly walletDemands: ReadonlyMap<WalletId, { readonly evidence: EvidenceDemand }>;
  readonly attesters: readonly { readonly issuer: string }[];
}

/**
 * What attests a further factor, as far as the account has it: as much as any payment takes. With less, a thief of one factor would
 * make the second that a large payment asks for.
 */
export function enrolmentDemand({ evidence, bands, walletDemands }: Demanding): EvidenceDemand {
  // A8: whatever the amount, and whether or not operators would do instead.
  const ofWallets = [...walletDemands.values()].map((demand) => demand.evidence);
  return allOf([evidence, ...bands.map((band) => band.evidence), ...ofWallets]);
}

/**
 * A further factor is attested by what a payment takes, as far as the account has it. So where that is more than one factor, one that
 * stops counting lowers it: what keeps it from paying lets a thief of another one enrol.
 */
export function enrolmentEased(change: Change, was: Demanding, will: Demanding): Change {
  const nobody: Tally = { webauthn: 0, hardware: 0, totp: 0, services: 0 };
  const dependsOnAccount = [was, will].every((policy) => {
    const demand = enrolmentDemand(policy);
    return !atLeast(asFarAs(demand, nobody), demand);
  });
  return dependsOnAccount ? { ...change, direction: 'looser' } : change;
}

/** Refuses a policy that demands what it does not accept: nobody could ever meet it. Throws `Malformed`. */
export function checkDemands(policy: Demanding): void {
  const { evidence, bands, walletDemands, attesters } = policy;
  const { accepts } = evidence;
  if (accepts.includes('mfa-service') && attesters.length === 0)
    throw new Malformed('policy.evidence.accepts', 'names mfa-service, and policy.attesters has no key of one');
  // A6: a one-time code names no payment.
  if (evidence.webauthn === 0 && !accepts.includes('mfa-service'))
    throw new Malformed(
      'policy.evidence.webauthn',
      'is 0: then only tokens of an MFA service name a payment, and policy.evidence.accepts does not name mfa-service',
    );
  const places: [string, EvidenceDemand][] = [
    ['policy.evidence', evidence],
    ...bands.map((band, i): [string, EvidenceDemand] => [`policy.bands[${i}]`, band.evidence]),
    ...[...walletDemands].map(([id, demand]): [string, EvidenceDemand] => [
      `policy.wallets[${id}].evidence`,
      demand.evidence,
    ]),
  ];
  for (const [place, demand] of places) checkReach(place, demand, policy);
  if (enrolmentDemand(policy).assertions > attestationsMost)
    throw new Malformed(
      'policy.evidence',
      `with what bands and wallets demand it takes more than ${attestationsMost} attestations, and a request carries no more`,
    );
}

function checkReach(place: string, demand: EvidenceDemand, { evidence: { accepts }, attesters }: Demanding): void {
  const services = new Set(attesters.map(({ issuer }) => issuer)).size;
  const any = (accepted: boolean): number => (accepted ? attestationsMost : 0);
  const all: Tally = {
    webauthn: any(accepts.some((name) => name !== 'totp' && name !== 'mfa-service')),
    hardware: any(accepts.includes('hardware')),
    totp: any(accepts.includes('totp')),
    services: accepts.includes('mfa-service') ? services : 0,
  };
  if (meets(all, demand)) return;
  const why = `with every factor that policy.evidence.accepts lets count (${together(accepts)}), still`;
  throw new Malformed(place, `demands more than anyone can give: ${why} ${missing(demand, all, accepts).join('; ')}`);
}
