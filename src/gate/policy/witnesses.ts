import { createHash } from 'node:crypto';
import { type AssetId, Malformed, minute, parseAssetId, parsePositiveAmount, shown } from '../../domain/index.ts';
import { type Members, textItem } from '../document.ts';
import type { AssetsPart } from './assets.ts';
import { type Change, lessTightens, listed, moreTightens, named, whole } from './change.ts';
import { lasting, together } from './english.ts';
import { keyed } from './keyed.ts';
import type { ReferencePart } from './reference.ts';
import type { Section } from './section.ts';
import { amountOf } from './value.ts';

/** Above these amounts nothing is signed unless witnesses saw the journal lately: a station put back to an older state lacks that. */
export interface LargeWithdrawals {
  /** How old a cosignature may be, ms: by the clock against its own time, and in witnessed time since it came. */
  readonly cosignedWithin: number;
  /** How many witnesses. */
  readonly by: number;
  /** Base units of each asset, of all payments of a transaction together. */
  readonly above: ReadonlyMap<AssetId, bigint>;
}

export interface WitnessesPolicy {
  /** C2SP verifier keys of tlog-cosignature v1, `name+id+base64`. */
  readonly keys: readonly string[];
  readonly large: LargeWithdrawals | undefined;
}

export interface WitnessesPart {
  readonly witnesses: WitnessesPolicy | undefined;
}

type Context = AssetsPart & ReferencePart;

export const witnessesSection: Section<WitnessesPart, Context> = {
  title: 'Witnesses',
  parse: (top) => ({ witnesses: top.has('witnesses') ? parseWitnesses(top.members('witnesses')) : undefined }),
  changes: (was, will) => [
    ...named('witnesses.keys', was.witnesses?.keys ?? [], will.witnesses?.keys ?? [], 'looser'),
    ...whole('witnesses.large_withdrawals', was.witnesses?.large, will.witnesses?.large, {
      say: (large) => sayLarge(large, will),
      comes: 'tighter',
      goes: 'looser',
      kept: (old, fresh) => largeChanges(old, fresh, will),
    }),
  ],
  say: (policy) => {
    const { witnesses } = policy;
    if (witnesses === undefined) return ['No witness watches the journal.'];
    return [
      `The journal’s checkpoints are cosigned by ${together(witnesses.keys.map(nameOf))}.`,
      ...(witnesses.large === undefined ? [] : [`${sayLarge(witnesses.large, policy)}.`]),
    ];
  },
};

/** The name in a witness's key. */
export function nameOf(key: string): string {
  return key.slice(0, key.indexOf('+'));
}

function largeChanges(was: LargeWithdrawals, will: LargeWithdrawals, { assets }: Context): Change[] {
  const at = 'witnesses.large_withdrawals';
  return [
    ...lessTightens(`${at}.cosigned_within`, was.cosignedWithin, will.cosignedWithin, lasting),
    ...moreTightens(`${at}.by`, was.by, will.by),
    // An asset that is taken off the list is not paid at all.
    ...listed(
      `${at}.above`,
      [...was.above].filter(([asset]) => assets.has(asset)),
      will.above,
      {
        say: String,
        added: 'tighter',
        removed: 'looser',
        kept: (member, old, fresh) => lessTightens(member, old, fresh),
      },
    ),
  ];
}

function sayLarge({ cosignedWithin, by, above }: LargeWithdrawals, of: Context): string {
  const amounts = together([...above].map(([asset, amount]) => amountOf(amount, asset, of)));
  return `Above ${amounts} nothing is signed unless ${by} ${by === 1 ? 'witness' : 'witnesses'} cosigned within ${lasting(cosignedWithin)}`;
}

function parseWitnesses(of: Members): WitnessesPolicy {
  const keys = of.list('keys', parseKey);
  if (keys.length === 0) throw new Malformed(of.at('keys'), 'names no witness');
  keyed(keys, nameOf, of.at('keys'));
  const large = of.has('large_withdrawals') ? parseLarge(of.members('large_withdrawals'), keys.length) : undefined;
  of.done();
  return { keys, large };
}

function parseLarge(of: Members, witnesses: number): LargeWithdrawals {
  const large = {
    cosignedWithin: of.duration('cosigned_within'),
    by: of.has('by') ? of.count('by', 1, witnesses) : 1,
    above: new Map(
      [...keyed(of.memberList('above', parseAbove), ({ asset }) => asset, of.at('above'))].map(
        ([asset, { amount }]) => [asset, amount] as const,
      ),
    ),
  };
  if (large.cosignedWithin < minute) throw new Malformed(of.at('cosigned_within'), 'expected 1m or more');
  if (large.above.size === 0) throw new Malformed(of.at('above'), 'names no amount');
  of.done();
  return large;
}

function parseAbove(of: Members): { readonly asset: AssetId; readonly amount: bigint } {
  return {
    asset: parseAssetId(of.text('asset'), of.at('asset')),
    amount: parsePositiveAmount(of.text('amount'), of.at('amount')),
  };
}

/** C2SP signed-note, "Verifier keys", of type 0x04; a key whose id is not that of its name and bytes was mistyped. */
function parseKey(value: unknown, place: string): string {
  const text = textItem(value, place);
  const [, name, id, encoded] = /^([\x21-\x2a\x2c-\x7e]{1,128})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text) ?? [];
  const key = Buffer.from(encoded ?? '', 'base64');
  if (name === undefined || key.length !== 33 || key[0] !== 0x04 || key.toString('base64') !== encoded)
    throw new Malformed(
      place,
      `expected a witness's key, name+8 hex digits+base64 of 0x04 and 32 bytes, got ${shown(text)}`,
    );
  const made = createHash('sha256').update(`${name}\n`).update(key).digest('hex').slice(0, 8);
  if (made !== id) throw new Malformed(place, `has id ${shown(id)}, but its name and key make ${made}`);
  return text;
}
