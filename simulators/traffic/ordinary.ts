import { addressOf, dollars, ether, type TrafficEvent } from './event.ts';
import { Chance, zipf } from './random.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** How an exchange's customers, its services and its operators behave when nobody attacks. */
export interface OrdinarySettings {
  /** Accounts that withdraw now and then; some much more often than others. */
  readonly accounts: number;
  readonly days: number;
  /** On a working day, of all accounts. */
  readonly withdrawalsPerDay: number;
  /** New customers a day, each of whom withdraws for the first time. */
  readonly newPerDay: number;
  /** Part of the withdrawals that go to an address that other customers use, too: another exchange's, a merchant's. */
  readonly shared: number;
  readonly sharedDestinations: number;
  /** Part of the requests that begin with one that is refused, and how likely another refusal follows each. */
  readonly mistakes: number;
  readonly again: number;
  /** Reviews a day that a person refuses on the device. */
  readonly deviceRefusalsPerDay: number;
  /** Times within the month when everyone wants to withdraw at once: how many, how long, how many times as much. */
  readonly rushes: { readonly count: number; readonly hours: number; readonly times: number };
}

export const exchange: OrdinarySettings = {
  accounts: 10_000,
  days: 30,
  withdrawalsPerDay: 900,
  newPerDay: 12,
  shared: 0.04,
  sharedDestinations: 60,
  mistakes: 0.05,
  again: 0.45,
  deviceRefusalsPerDay: 0.5,
  rushes: { count: 2, hours: 4, times: 2 },
};

/** What honest people are refused for, in the proportion in which the names stand here. */
const reasons = [
  'attestation-missing',
  'intent-expired',
  'destination-unripe',
  'destination-unlisted',
  'signature-invalid',
  'user-not-verified',
  'challenge-mismatch',
  'amount-above-ceiling',
];

/** A month, or as long as is asked for, of an exchange at work, in the order of time. The same for the same seed. */
export function ordinaryTraffic(seed: number, settings: OrdinarySettings = exchange): TrafficEvent[] {
  const chance = new Chance(seed);
  const events: TrafficEvent[] = [];
  const anyAccount = zipf(settings.accounts, 0.6);
  const anyShared = zipf(settings.sharedDestinations, 0.8);
  const rushes = Array.from({ length: settings.rushes.count }, () => chance.below(settings.days * 24) * hour);
  let newcomers = 0;

  const withdraw = (at: number, account: string, own: number, first: boolean): void => {
    if (chance.happens(settings.mistakes)) refuse(at, account);
    const destination = chance.happens(settings.shared) ? addressOf(1, anyShared(chance)) : addressOf(2, own);
    const inEther = chance.happens(0.6);
    const amount = inEther
      ? BigInt(Math.round(chance.pareto(0.05, 1.2, 100) * 1e9)) * 10n ** 9n
      : BigInt(Math.round(chance.pareto(100, 1.2, 300_000) * 1e6));
    const asset = inEther ? ether : dollars;
    events.push({ kind: 'withdrawal', at, account, destination, asset, amount, wallet: 'hot', first, theft: false });
  };
  const refuse = (at: number, account: string): void => {
    const reason = reasons[chance.below(reasons.length)] ?? 'attestation-missing';
    for (let left = chance.repeats(settings.again); left >= 0; left--)
      events.push({ kind: 'refusal', at: at + left * 20_000, account, client: 'exchange', reason });
  };

  const step = 5 * minute;
  for (let at = 0; at < settings.days * day; at += step) {
    const busy = hourly(at) * weekly(at) * rush(at, rushes, settings);
    const share = (busy * step) / day;
    for (let left = chance.poisson(settings.withdrawalsPerDay * share); left > 0; left--) {
      const n = anyAccount(chance);
      withdraw(at + chance.below(step), `customer-${n}`, n, false);
    }
    for (let left = chance.poisson(settings.newPerDay * share); left > 0; left--) {
      const n = settings.accounts + newcomers++;
      withdraw(at + chance.below(step), `customer-${n}`, n, true);
    }
    for (let left = chance.poisson(settings.deviceRefusalsPerDay * share); left > 0; left--) {
      // A person who refused one often refuses the next as well, until they have asked.
      for (let more = chance.repeats(0.3); more >= 0; more--)
        events.push({ kind: 'device-refusal', at: at + chance.below(step), wallet: 'hot' });
    }
  }
  return events.sort((a, b) => a.at - b.at);
}

/** More in the afternoon than at night: between 0.4 and 1.6, 1 on average. */
function hourly(at: number): number {
  return 1 + 0.6 * Math.sin((2 * Math.PI * ((at % day) / hour - 9)) / 24);
}

/** Less on the last two days of seven. */
function weekly(at: number): number {
  return Math.floor(at / day) % 7 >= 5 ? 0.7 : 1;
}

function rush(at: number, rushes: readonly number[], { rushes: { hours, times } }: OrdinarySettings): number {
  return rushes.some((start) => at >= start && at < start + hours * hour) ? times : 1;
}
