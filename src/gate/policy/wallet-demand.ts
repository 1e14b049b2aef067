import {
  type AssetId,
  type ChainId,
  chainOfAsset,
  Malformed,
  parseAssetId,
  parsePositiveAmount,
  type Wallet,
  type WalletId,
} from '../../domain/index.ts';
import { atLeast, type EvidenceDemand, noDemand, sayDemand } from '../demand.ts';
import type { Members } from '../document.ts';
import type { AssetsPart } from './assets.ts';
import type { Change } from './change.ts';
import { parseDemand } from './demand.ts';
import { together } from './english.ts';
import { keyed } from './keyed.ts';
import type { OperatorsPart } from './people.ts';
import type { ReferencePart } from './reference.ts';
import { amountOf } from './value.ts';

/** What a wallet demands by itself of each withdrawal that it pays: for one that signs without a person, what a screen is to others. */
export interface WalletDemand {
  /** Of the evidence that authorized the withdrawal. */
  readonly evidence: EvidenceDemand;
  /** Only of a withdrawal of more than this, in base units, positive; of an asset that stands not here, of every one. */
  readonly above: ReadonlyMap<AssetId, bigint>;
  /** A quorum of operators that approved the withdrawal does in the evidence's place. */
  readonly orOperators: boolean;
}

type Payment = { readonly asset: AssetId; readonly amount: bigint };
type Context = AssetsPart & ReferencePart;

/** Takes a wallet's demand out of its document. Throws `Malformed`. */
export function parseWalletDemand(of: Members, chain: ChainId): WalletDemand {
  const evidence = parseDemand(of);
  const floors = of.has('above') ? of.memberList('above', (item) => parseFloor(item, chain)) : [];
  keyed(floors, ({ asset }) => asset, of.at('above'));
  const above = new Map(floors.map(({ asset, amount }) => [asset, amount]));
  const orOperators = of.has('or_operators') && of.flag('or_operators');
  of.done();
  if (evidence.assertions === 0) throw new Malformed(of.place, 'demands nothing');
  return { evidence, above, orOperators };
}

function parseFloor(of: Members, chain: ChainId): Payment {
  const asset = parseAssetId(of.text('asset'), of.at('asset'));
  if (chainOfAsset(asset) !== chain) throw new Malformed(of.at('asset'), `${asset} is not on the wallet’s ${chain}`);
  return { asset, amount: parsePositiveAmount(of.text('amount'), of.at('amount')) };
}

/** Whether it is demanded of a withdrawal of so much. */
export function demandedOf({ above }: WalletDemand, { asset, amount }: Payment): boolean {
  return amount > (above.get(asset) ?? 0n);
}

/** The wallets that could pay it by their chain, and demand something of so much. */
export function walletsDemanding(
  payment: Payment,
  of: { readonly wallets: ReadonlyMap<WalletId, Wallet>; readonly walletDemands: ReadonlyMap<WalletId, WalletDemand> },
): readonly (readonly [WalletId, WalletDemand])[] {
  return [...of.walletDemands].filter(
    ([id, demand]) => of.wallets.get(id)?.chain === chainOfAsset(payment.asset) && demandedOf(demand, payment),
  );
}

export const noWalletDemand: WalletDemand = { evidence: noDemand, above: new Map(), orOperators: false };

/** Whether `one` refuses whatever `other` does. */
function asStrict(one: WalletDemand, other: WalletDemand): boolean {
  if (other.evidence.assertions === 0) return true;
  return (
    atLeast(one.evidence, other.evidence) &&
    [...one.above].every(([asset, amount]) => amount <= (other.above.get(asset) ?? 0n)) &&
    (other.orOperators || !one.orOperators)
  );
}

export function walletDemandChange(member: string, was: WalletDemand, will: WalletDemand, of: Context): Change[] {
  const tightens = asStrict(will, was);
  if (tightens && asStrict(was, will)) return [];
  const [old, fresh] = [sayWalletDemand(was, of), sayWalletDemand(will, of)];
  return [{ member, was: old, will: fresh, direction: tightens ? 'tighter' : 'looser' }];
}

/** In English; every demand that differs reads otherwise. */
export function sayWalletDemand({ evidence, above, orOperators }: WalletDemand, of: Context): string {
  const floors = [...above].map(([asset, amount]) => amountOf(amount, asset, of)).sort();
  const from = floors.length === 0 ? '' : `, for more than ${together(floors)} and any amount of another asset`;
  const or = orOperators ? `${from === '' ? '' : ','} or in its place the approval of the operators’ quorum` : '';
  return `${sayDemand(evidence)}${from}${or}`;
}

/** Refuses a demand that names what the policy lacks. Throws `Malformed`. */
export function checkWalletDemands(
  of: AssetsPart & OperatorsPart & { readonly walletDemands: ReadonlyMap<WalletId, WalletDemand> },
): void {
  for (const [id, { above, orOperators }] of of.walletDemands) {
    const place = `policy.wallets[${id}].evidence`;
    const unknown = [...above.keys()].find((asset) => !of.assets.has(asset));
    if (unknown !== undefined) throw new Malformed(`${place}.above`, `${unknown} is no asset of the policy`);
    if (orOperators && of.operators === undefined)
      throw new Malformed(
        'policy.operators',
        `is missing: ${place} lets operators approve, and nobody could approve anything`,
      );
  }
}
