import { type AssetId, day, hour, Malformed, parseAssetId, parsePositiveAmount } from '../../domain/index.ts';
import type { Members } from '../document.ts';
import type { AssetsPart } from './assets.ts';
import { demands } from './change.ts';
import { keyed } from './keyed.ts';
import type { ReferencePart } from './reference.ts';
import type { Section } from './section.ts';
import { amountOf, unitName } from './value.ts';

/** What is counted together: one account's payments, one wallet's, one asset's, or the station's. */
export const limitScopes = ['account', 'wallet', 'asset', 'station'] as const;
export type LimitScope = (typeof limitScopes)[number];

export const limitWindows = { hour, day, week: 7 * day } as const;
export type LimitWindow = keyof typeof limitWindows;
export const windowNames = Object.keys(limitWindows) as LimitWindow[];

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

export interface LimitsPart {
  readonly limits: readonly LimitPolicy[];
}

type Context = AssetsPart & ReferencePart;

export const limitsSection: Section<LimitsPart, Context> = {
  title: 'Limits',
  parse(top) {
    const limits = top.has('limits') ? top.memberList('limits', parseLimit) : [];
    keyed(limits, limitKey, top.at('limits'));
    return { limits };
  },
  changes: (was, will) =>
    demands('limits', was.limits, will.limits, {
      name: limitKey,
      say: (limit) => sayLimit(limit, will),
      met: (limit, by) => goneWith(limit, will) || by.some((other) => covers(other, limit)),
    }),
  say: (policy) =>
    policy.limits.length === 0
      ? ['No limit counts several payments together.']
      : policy.limits.map((limit) => `${sayLimit(limit, policy)}.`),
};

const limitKey = ({ scope, window, asset, young, action }: LimitPolicy): string =>
  [scope, window, unitName(asset), ...(young === undefined ? [] : [`young ${young}`]), action].join(' ');

/**
 * Whether `other` refuses, or holds, whatever `limit` does. Only where both count the same thing: what no limit named before is
 * counted from zero.
 */
function covers(other: LimitPolicy, limit: LimitPolicy): boolean {
  return (
    other.scope === limit.scope &&
    other.asset === limit.asset &&
    other.young === limit.young &&
    limitWindows[other.window] >= limitWindows[limit.window] &&
    other.most <= limit.most &&
    (other.action === limit.action || other.action === 'refuse')
  );
}

/** An asset that is taken off the list is not paid at all: its limits go with it. */
function goneWith({ asset }: LimitPolicy, { assets }: Context): boolean {
  return asset !== undefined && !assets.has(asset);
}

function sayLimit(limit: LimitPolicy, of: Context): string {
  const { scope, window, asset, most, young, action } = limit;
  const whose = {
    account: 'Each account may be paid',
    wallet: 'Each wallet may pay',
    asset: 'Of the asset there may be paid',
    station: 'The station may pay',
  }[scope];
  const kind = { account: ' on behalf of young accounts', destination: ' to young destinations' };
  const over = action === 'hold' ? 'more is held for operators' : 'more is refused';
  const counted = asset === undefined ? ', all assets together' : '';
  const which = young === undefined ? '' : kind[young];
  return `${whose} up to ${amountOf(most, asset, of)} within any ${window}${which}${counted}; ${over}`;
}

function parseLimit(of: Members): LimitPolicy {
  const limit = {
    scope: of.oneOf('scope', limitScopes),
    window: of.oneOf('window', windowNames),
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

export const optionalAsset = (of: Members): AssetId | undefined =>
  of.has('asset') ? parseAssetId(of.text('asset'), of.at('asset')) : undefined;
