import { type AccountId, day, formatInstant, hour, Refusal, second, type WallMs } from '../domain/index.ts';
import type { Facts } from '../store/facts.ts';

/** How many removals at once, and within what time as many come back, ms of witnessed time. */
interface Rate {
  readonly most: number;
  readonly within: number;
  readonly told: string;
}

/** More than the factors that an account may have: all of them can go on one day. */
const ofAccount: Rate = { most: 50, within: day, told: 'the account has had 50 removals within a day' };
const ofStation: Rate = {
  most: 1_000,
  within: hour,
  told: 'all accounts together have had 1000 removals within an hour',
};

/**
 * Removals need no evidence, so that whoever has the withdrawal service's certificate could take every customer's whitelist and
 * factors away in minutes (design §4: they are rate-limited). Counted in memory: a limit on speed needs to outlive no restart.
 * The generic cell rate algorithm (ITU-T I.371): of each rate, the moment by which all that was taken has come back.
 */
export class RemovalRate {
  readonly #accounts = new Map<AccountId, number>();
  #station = Number.NEGATIVE_INFINITY;

  /** Counts a removal, or throws `removal-limit` and counts nothing. */
  take(account: AccountId, facts: Pick<Facts, 'w' | 'now'>): void {
    const byAccount = taken(ofAccount, 'account', this.#accounts.get(account), facts);
    this.#station = taken(ofStation, 'station', this.#station, facts);
    // The one that moved last stands last, so that what has come back whole is found first.
    this.#accounts.delete(account);
    this.#accounts.set(account, byAccount);
    for (const [idle, until] of this.#accounts) {
      if (until > facts.w) break;
      this.#accounts.delete(idle);
    }
  }
}

function taken(
  { most, within, told }: Rate,
  scope: 'account' | 'station',
  until: number = Number.NEGATIVE_INFINITY,
  { w, now }: Pick<Facts, 'w' | 'now'>,
): number {
  const next = Math.max(until, w) + within / most;
  const wait = next - w - within;
  if (wait <= 0) return next;
  const notBefore = formatInstant((now + Math.ceil(wait / second) * second) as WallMs);
  throw new Refusal('removal-limit', `${told}: the next not before ${notBefore}`, { scope, not_before: notBefore });
}
