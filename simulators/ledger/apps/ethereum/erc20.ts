import { bytesToHex } from '@noble/curves/utils.js';
import { displayed } from './address.ts';
import { decimal } from './amount.ts';
import type { Token } from './token.ts';

/** A call that the app's ERC-20 plugin understands. */
export interface Erc20Call {
  readonly kind: 'transfer' | 'approve';
  /** Who receives, or may spend: 20 bytes. */
  readonly to: Uint8Array;
  readonly amount: bigint;
  /** What follows the arguments. */
  readonly extra: Uint8Array;
}

const unlimited = (1n << 256n) - 1n;
/** The plugin's text buffer, less the end of the text. */
const longestValue = 99;

export const erc20Purpose = ({ kind }: Erc20Call): string =>
  `to ${kind === 'transfer' ? 'send' : 'approve'} ERC20 token`;

/** What the plugin shows of a call, once it knows the token. */
export function erc20Pairs(call: Erc20Call, token: Token): (readonly [string, string])[] {
  const { kind, to, amount, extra } = call;
  const number = amount === unlimited ? 'Unlimited' : decimal(amount, token.decimals);
  return [
    [kind === 'transfer' ? 'Send' : 'Approve', `${number} ${token.ticker}`],
    [kind === 'transfer' ? 'To' : 'Approve to', displayed(to)],
    ...(extra.length === 0 ? [] : [['Extra Data', extraText(extra)] as const]),
  ];
}

/** Text where it is printable, up to its first zero; otherwise hex. */
function extraText(extra: Uint8Array): string {
  const end = extra.indexOf(0);
  const bytes = end === -1 ? extra : extra.subarray(0, end);
  const printable = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return printable
    ? new TextDecoder().decode(bytes).slice(0, longestValue)
    : `0x${bytesToHex(bytes)
        .toUpperCase()
        .slice(0, longestValue - 3)}`;
}
