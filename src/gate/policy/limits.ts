import { type AssetId, day, hour, Malformed, parseAssetId, parsePositiveAmount } from '../../domain/index.ts';
import { type Members, textItem } from '../document.ts';

/** What is counted together: one account's payments, one wallet's, one asset's, or the station's. */
export const limitScopes = ['account', 'wallet', 'asset', 'station'] as const;
export type LimitScope = (typeof limitScopes)[number];

export const limitWindows = { hour, day, week: 7 * day } as const;
export type LimitWindow = keyof typeof limitWindows;

/** What happens to a payment that would go over: it is refused, or held for operators. */
export const limitActions = ['refuse', 'hold'] as const;
export type LimitAction = (typeof limitActions)[number];

/** Counts only payments to young destinations, or only those of young accounts. */
export const youngKinds = ['destination', 'account'] as const;
export type YoungKind = (typeof youngKinds)[number];

/** At most `most` within any `window`, for each subject of `scope`. */
export interface LimitPolicy {
  readonly scope: LimitScope;
  readonly window: LimitWindow;
  /** Base units of this asset, or of the reference currency where undefined. */
  readonly asset: AssetId | undefined;
  readonly most: bigint;
  readonly young: YoungKind | undefined;
  readonly action: LimitAction;
}

/** How long after it became ripe a destination is young; how long after its first factor an account is. ms of witnessed time. */
export interface YouthPolicy {
  readonly destination: number;
  readonly account: number;
}

/** The currency of limits that count several assets together; prices are the operators' (design §8). */
export interface ReferencePolicy {
  /** Such as `USD`. */
  readonly currency: string;
  /** Its base unit: 2 for cents. */
  readonly decimals: number;
  /** A price table older than this, in witnessed ms, counts for nothing; then only base-unit limits and ceilings hold. */
  readonly pricesLast: number;
}

/** Above this amount a payment needs more: operators, or more classes of factors. */
export interface BandPolicy {
  /** Base units of this asset, or of the reference currency where undefined. */
  readonly asset: AssetId | undefined;
  readonly above: bigint;
  readonly operators: number;
  readonly classes: number;
}

/** When withdrawals are authorized: UTC; outside, they are held or refused. */
export interface HoursPolicy {
  /** 0 is Sunday (as Date.getUTCDay). */
  readonly days: readonly number[];
  /** Minutes of the day, `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  readonly action: LimitAction;
}

export function parseLimit(of: Members): LimitPolicy {
  const limit = {
    scope: of.oneOf('scope', limitScopes),
    window: of.oneOf('window', Object.keys(limitWindows) as LimitWindow[]),
    asset: optionalAsset(of),
    most: parsePositiveAmount(of.text('most'), of.at('most')),
    young: of.has('young') ? of.oneOf('young', youngKinds) : undefined,
    action: of.has('action') ? of.oneOf('action', limitActions) : ('refuse' as const),
  };
  if (limit.scope === 'asset' && limit.asset === undefined) throw new Malformed(of.at('asset'), 'is missing');
  if (limit.scope === 'wallet' && limit.action === 'hold') {
    throw new Malformed(
      of.at('action'),
      'a wallet is chosen when a transaction is signed, too late to hold a withdrawal',
    );
  }
  return limit;
}

export function parseYouth(of: Members): YouthPolicy {
  const youth = { destination: of.duration('destination'), account: of.duration('account') };
  of.done();
  return youth;
}

export function parseReference(of: Members): ReferencePolicy {
  const currency = of.text('currency');
  if (!/^[A-Z]{3,8}$/.test(currency)) throw new Malformed(of.at('currency'), 'expected 3 to 8 capital letters');
  const reference = { currency, decimals: of.count('decimals', 0, 18), pricesLast: of.duration('prices_last') };
  of.done();
  return reference;
}

export function parseBand(of: Members): BandPolicy {
  const band = {
    asset: optionalAsset(of),
    above: parsePositiveAmount(of.text('above'), of.at('above')),
    operators: of.has('operators') ? of.count('operators', 1, 32) : 0,
    classes: of.has('classes') ? of.count('classes', 2, 3) : 0,
  };
  if (band.operators === 0 && band.classes === 0)
    throw new Malformed(of.place, 'demands neither operators nor classes');
  return band;
}

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

export function parseHours(of: Members): HoursPolicy {
  const hours = {
    days: of.list('days', (value, place) => {
      const at = weekdays.findIndex((name) => name === textItem(value, place));
      if (at < 0) throw new Malformed(place, `expected one of ${weekdays.join(', ')}`);
      return at;
    }),
    from: timeOfDay(of, 'from'),
    to: timeOfDay(of, 'to'),
    action: of.oneOf('action', limitActions),
  };
  if (hours.to <= hours.from) throw new Malformed(of.at('to'), 'is not later than from');
  of.done();
  return hours;
}

function timeOfDay(of: Members, member: string): number {
  const text = of.text(member);
  const match = /^(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)$/.exec(text);
  if (match === null) throw new Malformed(of.at(member), 'expected a time of the day, UTC, such as 07:30');
  return text === '24:00' ? 1440 : Number(match[1]) * 60 + Number(match[2]);
}

const optionalAsset = (of: Members): AssetId | undefined =>
  of.has('asset') ? parseAssetId(of.text('asset'), of.at('asset')) : undefined;
