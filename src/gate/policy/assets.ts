import {
  type AssetId,
  assetParts,
  digestOf,
  Malformed,
  parseAssetId,
  parsePositiveAmount,
  shown,
} from '../../domain/index.ts';
import { Members } from '../document.ts';
import { type Change, lessTightens, listed, otherLoosens } from './change.ts';
import { inUnits } from './english.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

export interface AssetPolicy {
  readonly asset: AssetId;
  readonly symbol: string;
  readonly decimals: number;
  /** Ceiling for one payment, base units. */
  readonly maxPayment: bigint;
  /** Ledger's signed description of a token, hex; a Ledger shows, and so signs, no token without it. */
  readonly ledgerDescriptor: string | undefined;
  /**
   * The three letters under which browsers show amounts (Payment Request §7.1: a well-formed ISO 4217 code, assigned or not);
   * undefined: payments of this asset aren't confirmed in a browser's own dialog.
   */
  readonly paymentCurrency: string | undefined;
}

export interface AssetsPart {
  readonly assets: ReadonlyMap<AssetId, AssetPolicy>;
}

export const assetsSection: Section<AssetsPart> = {
  title: 'Assets',
  parse: (top) => ({ assets: keyed(top.list('assets', parseAsset), (a) => a.asset, top.at('assets')) }),
  changes: (was, will) =>
    listed('assets', was.assets, will.assets, {
      say: sayAsset,
      added: 'looser',
      removed: 'tighter',
      kept: (member, old, fresh) => [
        // What people read on screens, and what a price is multiplied by.
        ...otherLoosens(`${member}.symbol`, old.symbol, fresh.symbol),
        ...otherLoosens(`${member}.decimals`, old.decimals, fresh.decimals),
        ...lessTightens(`${member}.max_payment`, old.maxPayment, fresh.maxPayment),
        ...withoutIsTighter(`${member}.ledger_descriptor`, old.ledgerDescriptor, fresh.ledgerDescriptor),
        ...withoutIsTighter(`${member}.payment_currency`, old.paymentCurrency, fresh.paymentCurrency),
      ],
    }),
  say: ({ assets }) =>
    assets.size === 0 ? ['No asset may be paid.'] : [...assets.values()].map((asset) => `${sayAsset(asset)}.`),
};

function sayAsset({ asset, symbol, decimals, maxPayment, ledgerDescriptor, paymentCurrency }: AssetPolicy): string {
  const signed =
    ledgerDescriptor === undefined
      ? ''
      : `; Ledger’s description of it has SHA-256 ${digestOf(Buffer.from(ledgerDescriptor, 'hex'))}`;
  const currency = paymentCurrency === undefined ? '' : `; browsers show it as ${paymentCurrency}`;
  return `${symbol} (${asset}, ${decimals} decimals): at most ${inUnits(maxPayment, decimals)} ${symbol} in one payment${signed}${currency}`;
}

/** Without the one a Ledger does not sign the token, without the other no browser confirms its payments. */
function withoutIsTighter(member: string, was: string | undefined, will: string | undefined): Change[] {
  const change = otherLoosens(member, was, will);
  return will === undefined ? change.map((c) => ({ ...c, direction: 'tighter' as const })) : change;
}

function parseAsset(value: unknown, place: string): AssetPolicy {
  const of = new Members(value, place);
  const asset = parseAssetId(of.text('asset'), of.at('asset'));
  const token = assetParts(asset).namespace !== 'slip44';
  const result = {
    asset,
    symbol: parseSymbol(of.text('symbol'), of.at('symbol')),
    decimals: of.count('decimals', 0, 77),
    maxPayment: parsePositiveAmount(of.text('max_payment'), of.at('max_payment')),
    ledgerDescriptor:
      token && of.has('ledger_descriptor')
        ? parseHex(of.text('ledger_descriptor'), of.at('ledger_descriptor'))
        : undefined,
    paymentCurrency: of.has('payment_currency')
      ? parseCurrency(of.text('payment_currency'), of.at('payment_currency'))
      : undefined,
  };
  of.done();
  return result;
}

function parseSymbol(value: string, place: string): string {
  if (!/^[A-Za-z0-9.]{1,12}$/.test(value))
    throw new Malformed(place, `expected 1 to 12 letters, digits or dots, got ${shown(value)}`);
  return value;
}

function parseCurrency(value: string, place: string): string {
  if (!/^[A-Z]{3}$/.test(value)) throw new Malformed(place, `expected three capital letters, got ${shown(value)}`);
  return value;
}

function parseHex(value: string, place: string): string {
  if (!/^(?:[0-9a-f]{2}){1,512}$/.test(value)) throw new Malformed(place, 'expected lowercase hex');
  return value;
}
