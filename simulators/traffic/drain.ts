import { addressOf, bitcoin, ether, type TrafficEvent } from './event.ts';
import { Chance } from './random.ts';

/** What a thief does who can approve for many customers at once. */
export interface DrainSettings {
  /** When it begins, ms since the start of the traffic. */
  readonly start: number;
  readonly accounts: number;
  /** How long it takes, ms. */
  readonly lasts: number;
  /** The thief's addresses, over which the accounts are spread by chance; with two, one of each chain. */
  readonly destinations: number;
  /** Part of the accounts that never withdrew before. */
  readonly dormant: number;
}

/**
 * January 2022, as far as it is public: 483 accounts lost 4,836.26 ETH and 443.93 BTC within a short time in one night, to few addresses.
 * That it took twenty minutes, and that half of the accounts had never withdrawn, are this simulation's own assumptions.
 */
export const january2022: Omit<DrainSettings, 'start'> = {
  accounts: 483,
  lasts: 20 * 60_000,
  destinations: 1,
  dormant: 0.5,
};

/** The drain, payment by payment, with evidence that verifies: what a thief of factors gets, or whoever found a way around them. */
export function drain(seed: number, settings: DrainSettings): TrafficEvent[] {
  const chance = new Chance(seed ^ 0x5eed);
  const events: TrafficEvent[] = [];
  for (let i = 0; i < settings.accounts; i++) {
    const to = chance.below(settings.destinations);
    const onBitcoin = settings.destinations === 2 && to === 1;
    events.push({
      kind: 'withdrawal',
      at: settings.start + Math.floor(chance.next() * settings.lasts),
      account: `victim-${i}`,
      destination: onBitcoin ? 'bip122:000000000019d6689c085ae165831e93:thief' : addressOf(3, to),
      asset: onBitcoin ? bitcoin : ether,
      amount: onBitcoin ? 91_911_000n : BigInt(Math.round(chance.pareto(3, 1.4, 100) * 1e9)) * 10n ** 9n,
      wallet: onBitcoin ? 'hot-bitcoin' : 'hot',
      first: chance.happens(settings.dormant),
      theft: true,
    });
  }
  return events.sort((a, b) => a.at - b.at);
}

/** The same night as it was asked for: "without the 2FA authentication control being inputted". The station refuses each. */
export function drainWithoutEvidence(seed: number, settings: DrainSettings): TrafficEvent[] {
  return drain(seed, settings).map(({ at }, i) => ({
    kind: 'refusal',
    at,
    account: `victim-${i}`,
    client: 'exchange',
    reason: 'attestation-missing',
  }));
}
