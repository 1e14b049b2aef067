/** What a person proved: something known, held, or part of them (RFC 8176; NIST SP 800-63-3 §4.3.1). */
export type ProofCategory = 'knowledge' | 'possession' | 'inherence';

/**
 * Every value of the IANA registry that RFC 8176 §2 founded, and what it proves; a value that isn't here is not of the registry.
 * `null`: it proves nothing about a person and a factor. `mfa` and `mca` only say that there was more, `user` that someone was
 * there, `geo`, `rba` and `wia` where, how and on which machine. `kba` asks what others can find out (SP 800-63-3 §4.3.1 accepts it
 * for no digital authentication). `sms` and `tel` prove who the telephone company takes for the customer: a number is moved to
 * another SIM by persuading a clerk (SP 800-63B §5.1.3.3 restricts them for it).
 */
const categories: ReadonlyMap<string, ProofCategory | null> = new Map<string, ProofCategory | null>([
  ['pin', 'knowledge'],
  ['pwd', 'knowledge'],
  ['hwk', 'possession'],
  ['otp', 'possession'],
  ['pop', 'possession'],
  ['sc', 'possession'],
  ['swk', 'possession'],
  ['face', 'inherence'],
  ['fpt', 'inherence'],
  ['iris', 'inherence'],
  ['retina', 'inherence'],
  ['vbm', 'inherence'],
  ['geo', null],
  ['kba', null],
  ['mca', null],
  ['mfa', null],
  ['rba', null],
  ['sms', null],
  ['tel', null],
  ['user', null],
  ['wia', null],
]);

/** Ways in which a one-time code is sent to a telephone number. */
const telephone = ['sms', 'tel'];

/** The first value that the registry doesn't have. */
export function unknownMethod(amr: readonly string[]): string | undefined {
  return amr.find((method) => !categories.has(method));
}

/**
 * The different categories that authentication methods prove. A one-time code beside `sms` or `tel` counts for nothing: RFC 8176
 * has no way to say that it didn't come by that telephone.
 */
export function categoriesOf(amr: readonly string[]): ReadonlySet<ProofCategory> {
  const counted = amr.some((method) => telephone.includes(method)) ? amr.filter((method) => method !== 'otp') : amr;
  return new Set(counted.flatMap((method) => categories.get(method) ?? []));
}
