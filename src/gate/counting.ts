import {
  type AccountRecord,
  type AssetId,
  type Buckets,
  type BucketWindow,
  type DestinationRecord,
  formatInstant,
  type PricesInForce,
  second,
  type WallMs,
  worth,
} from '../domain/index.ts';
import type { Moment } from './cases.ts';
import type { LimitPolicy, LimitScope, YoungKind } from './policy/limits.ts';
import type { Policy } from './policy.ts';

// What limits count: the same for the rules that judge it and for the commits that record it.

/** One payment, as limits see it. */
export interface CountedPayment {
  readonly asset: AssetId;
  readonly amount: bigint;
  readonly worth: Worth;
  readonly young: Readonly<Record<YoungKind, boolean>>;
}

export type Worth = { readonly known: true; readonly value: bigint } | { readonly known: false; readonly why: string };

/** What of a payment a limit counts, or why nothing. */
export type Share =
  | { readonly counts: true; readonly amount: bigint }
  | { readonly counts: false; readonly why: string };

export function countedPayment(
  of: Pick<Moment, 'policy' | 'w'> & {
    readonly asset: AssetId;
    readonly amount: bigint;
    readonly prices: PricesInForce | undefined;
    readonly account: AccountRecord | undefined;
    readonly entry: DestinationRecord | undefined;
  },
): CountedPayment {
  const { asset, amount, policy, account, entry, w } = of;
  return {
    asset,
    amount,
    worth: worthOf(of),
    young: {
      // A10: what the station knows no age of is young.
      account: account === undefined || w - account.since < policy.youth.account,
      destination: entry === undefined || w - ripeSince(entry, policy) < policy.youth.destination,
    },
  };
}

/** W at which an entry became ripe, by the longer of its own delay and the one in force (D6). */
function ripeSince({ w0, d0 }: DestinationRecord, policy: Policy): number {
  return w0 === null || d0 === null ? Number.POSITIVE_INFINITY : w0 + Math.max(d0, policy.ripening.destination);
}

function worthOf(of: Parameters<typeof countedPayment>[0]): Worth {
  const { policy, prices, asset, amount, w } = of;
  const { reference } = policy;
  const unknown = (why: string): Worth => ({ known: false, why });
  if (reference === undefined) return unknown('policy names no reference currency');
  if (prices === undefined) return unknown('operators have set no prices');
  if (prices.prices.currency !== reference.currency || prices.prices.decimals !== reference.decimals)
    return unknown(`the prices are not in ${reference.currency} with ${reference.decimals} decimals`);
  if (w - prices.since > reference.pricesLast)
    return unknown(
      `the prices are ${hours(w - prices.since)} old, and policy counts them for ${hours(reference.pricesLast)}`,
    );
  const decimals = policy.assets.get(asset)?.decimals;
  const value = decimals === undefined ? undefined : worth(prices.prices, asset, amount, decimals);
  return value === undefined ? unknown(`there is no price of ${asset}`) : { known: true, value };
}

/** What of a payment counts towards a limit. */
export function shareOf({ asset, young }: Pick<LimitPolicy, 'asset' | 'young'>, payment: CountedPayment): Share {
  if (asset !== undefined && asset !== payment.asset) return { counts: false, why: `it pays ${payment.asset}` };
  if (young !== undefined && !payment.young[young]) return { counts: false, why: `its ${young} is no longer young` };
  if (asset !== undefined) return { counts: true, amount: payment.amount };
  const { worth: value } = payment;
  return value.known ? { counts: true, amount: value.value } : { counts: false, why: value.why };
}

/** The name under which buckets count what a limit is about (formats.md, "Buckets"). */
export function thingOf({ asset, young }: Pick<LimitPolicy, 'asset' | 'young'>, { reference }: Policy): string {
  const unit = asset ?? `${reference?.currency ?? ''}.${reference?.decimals ?? ''}`;
  return young === undefined ? unit : `${unit}+${young}`;
}

/** What one payment adds to the buckets of a scope: each thing once, however many limits are on it. */
export function thingsCounted(policy: Policy, scope: LimitScope, payment: CountedPayment): ReadonlyMap<string, bigint> {
  const things = new Map<string, bigint>();
  for (const limit of policy.limits) {
    if (limit.scope !== scope) continue;
    const share = shareOf(limit, payment);
    if (share.counts && share.amount > 0n) things.set(thingOf(limit, policy), share.amount);
  }
  return things;
}

/** The unit of a limit or a band, for people. */
export function unitOf(asset: AssetId | undefined, { reference, assets }: Policy): string {
  if (asset !== undefined) return `base units of ${assets.get(asset)?.symbol ?? asset}`;
  return `base units of ${reference?.currency ?? 'reference currency'} (${reference?.decimals ?? 0} decimals)`;
}

/** How a limit would stand with `amount` more. */
export interface Standing {
  readonly used: bigint;
  readonly wouldBe: bigint;
  readonly within: boolean;
  readonly details: Readonly<Record<string, string>>;
  readonly told: string;
}

export function standing(
  limit: LimitPolicy,
  counted: Buckets,
  amount: bigint,
  of: Pick<Moment, 'policy' | 'w' | 'now'>,
): Standing {
  const { policy, w, now } = of;
  const window: BucketWindow = limit.window;
  const used = counted.within(thingOf(limit, policy), window, w);
  const wouldBe = used + amount;
  const left = limit.most > used ? limit.most - used : 0n;
  const unit = unitOf(limit.asset, policy);
  const within = wouldBe <= limit.most;
  const details: Record<string, string> = {
    limit: String(limit.most),
    used: String(used),
    would_be: String(wouldBe),
    left: String(left),
    window: limit.window,
    scope: limit.scope,
    unit: limit.asset ?? policy.reference?.currency ?? '',
  };
  // Never, if the payment alone is above it.
  if (!within && amount <= limit.most) {
    const frees = counted.freesAt(thingOf(limit, policy), window, w, limit.most - amount);
    details['not_before'] = formatInstant((now + Math.ceil((frees - w) / second) * second) as WallMs);
  }
  const told =
    `${used} of ${limit.most} ${unit} used within the ${limit.window}, with this ${wouldBe}` +
    (within ? '' : `: at most ${left} now`) +
    (details['not_before'] === undefined ? '' : `, this not before ${details['not_before']}`);
  return { used, wouldBe, within, details, told };
}

const hours = (ms: number): string => `${Math.floor(ms / 3_600_000)} h`;
