import {
  type AssetId,
  assetParts,
  type ChainId,
  chainOfAsset,
  type ExpectedPayment,
  paymentTo,
  type ShownPayment,
  type WithdrawalIntent,
} from '../domain/index.ts';
import type { AssetPolicy } from './policy/assets.ts';
import { inUnits } from './policy/english.ts';
import type { Policy } from './policy.ts';

export type Payable = Pick<WithdrawalIntent, 'asset' | 'amount' | 'destination' | 'maxFee'>;
type Shown = Pick<Policy, 'payment' | 'assets'>;

/**
 * What a browser is to show of a withdrawal (Secure Payment Confirmation), from its intent and the policy alone: Prepare hands it
 * out, and what was shown is compared with it character by character. Undefined: the policy lets no browser confirm it.
 */
export function paymentOf(intent: Payable, { payment, assets }: Shown): ShownPayment | undefined {
  const asset = assets.get(intent.asset);
  if (payment === undefined || asset?.paymentCurrency === undefined) return undefined;
  const { payeeName, payeeOrigin, icon } = payment;
  const value = inUnits(intent.amount, asset.decimals);
  return {
    payeeName,
    payeeOrigin,
    total: { currency: asset.paymentCurrency, value },
    // Everything in the one text that all browsers show; the amount again, since Chromium rounds a total to 10 decimal places.
    instrument: {
      displayName: `${paymentTo(intent.destination)}${value} ${asset.symbol}, fees up to ${feeText(intent, assets)}`,
      icon,
    },
  };
}

/** What a confirmation of the withdrawal is verified against. */
export function paymentExpected(intent: Payable, policy: Shown): ExpectedPayment | undefined {
  const shown = paymentOf(intent, policy);
  if (shown === undefined || policy.payment === undefined) return undefined;
  const { origins, topOrigins } = policy.payment;
  return { shown, origins, topOrigins };
}

function feeText({ asset, maxFee }: Payable, assets: ReadonlyMap<AssetId, AssetPolicy>): string {
  const native = nativeOf(chainOfAsset(asset), assets);
  return native === undefined
    ? `${maxFee} base units of the native asset`
    : `${inUnits(maxFee, native.decimals)} ${native.symbol}`;
}

/** SLIP-44 names a chain's coin; a policy need not let it be paid out. */
function nativeOf(chain: ChainId, assets: ReadonlyMap<AssetId, AssetPolicy>): AssetPolicy | undefined {
  return [...assets.values()].find(({ asset }) => {
    const parts = assetParts(asset);
    return parts.chain === chain && parts.namespace === 'slip44';
  });
}
