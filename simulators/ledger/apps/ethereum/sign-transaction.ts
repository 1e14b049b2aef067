import { bytesToHex, concatBytes, equalBytes } from '@noble/curves/utils.js';
import type { Apdu } from '../../os/apdu.ts';
import { answer, nothing, StatusError, status } from '../../os/status.ts';
import type { Pair, Words } from '../../os/ui.ts';
import { addressOf, displayed } from './address.ts';
import { amountText, feeText } from './amount.ts';
import { BlindSigningOff } from './blind-signing.ts';
import type { Context } from './context.ts';
import { type Erc20Call, erc20Pairs, erc20Purpose } from './erc20.ts';
import { mainnet, networkName, ticker } from './networks.ts';
import { takePath } from './path.ts';
import { type SigningReview, showReview } from './review.ts';
import type { Token } from './token.ts';
import { TransactionStream, type TransactionType } from './transaction.ts';

/** INS 04: path ‖ transaction, in chunks; P1 00 begins, 80 goes on. 9000 alone asks for more. */
export function signTransaction(context: Context, { p1, p2, data }: Apdu): Uint8Array | undefined {
  if (p2 !== 0 || (p1 !== 0x00 && p1 !== 0x80))
    throw new StatusError(status.wrongP1P2, `signing with P1 ${p1}, P2 ${p2}`);
  const chunk = p1 === 0x00 ? begin(context, data) : data;
  if (context.transaction === undefined) throw new StatusError(status.notStarted, 'a continuation without a start');
  const { path, stream } = context.transaction;
  if (!stream.push(chunk)) return answer(nothing);
  showReview(context, reviewOf(context, path, stream));
  return undefined;
}

/** What is left of the first chunk after path and type byte. */
function begin(context: Context, data: Uint8Array): Uint8Array {
  // What an unfinished command left behind goes; token information only if there was one.
  if (context.busy) context.reset();
  const { path, rest } = takePath(data);
  const [first] = rest;
  if (first === undefined) throw new StatusError(status.incorrectData, 'a path without a transaction');
  const type = transactionType(first);
  context.transaction = { path, stream: new TransactionStream(type, context.settings.blindSigning) };
  return type === 0 ? rest : rest.subarray(1);
}

/** EIP-2718: a first byte up to 0x7f is a type, above it a legacy transaction's list begins. */
function transactionType(first: number): TransactionType {
  if (first > 0x7f) return 0;
  if (first === 1 || first === 2) return first;
  throw new StatusError(status.typeUnsupported, `transaction type ${first}`);
}

function reviewOf(context: Context, path: readonly number[], stream: TransactionStream): SigningReview {
  const { os, settings } = context;
  const from = displayed(addressOf(os.publicKey(path).point));
  const call = stream.calldata.erc20;
  const token = call === undefined ? undefined : tokenFor(context, stream);
  const blind = stream.calldata.present && token === undefined;
  if (blind && !settings.blindSigning) {
    throw new BlindSigningOff('calldata that the app doesn’t understand');
  }
  const digest = stream.digest();
  const pairs: Pair[] =
    call === undefined
      ? plainPairs(context, stream, blind || settings.transactionHash ? digest : undefined)
      : [...(token === undefined ? [] : erc20Pairs(call, token)), ...networkPair(stream), feePair(stream)];
  return {
    operation: 'transaction',
    title: call === undefined ? 'Review transaction' : `Review transaction ${erc20Purpose(call)}`,
    pairs: [['From', from], ...pairs],
    approve: approveWords(blind, call),
    approved: 'Transaction signed',
    refused: 'Transaction rejected',
    blind,
    onApprove: () => {
      const { rs, odd } = os.sign(path, digest);
      os.replySignature(concatBytes(Uint8Array.of(vByte(stream, odd)), rs));
    },
  };
}

/** A touch screen has room for the whole question. */
function approveWords(blind: boolean, call: Erc20Call | undefined): Words {
  const nano = blind ? 'Accept risk and sign transaction' : 'Sign transaction';
  return { nano, touch: `${nano}${call === undefined ? '' : ` ${erc20Purpose(call)}`}?` };
}

/** Ledger's word on the token that is called, where the host has provided it. */
const tokenFor = ({ tokens }: Context, stream: TransactionStream): Token | undefined =>
  tokens.find((token) => token?.chainId === stream.chainId && equalBytes(token.address, destination(stream)));

/** The app's buffer has 20 bytes, zero at first; a shorter `to` fills its beginning. */
function destination(stream: TransactionStream): Uint8Array {
  const padded = new Uint8Array(20);
  padded.set(stream.bytes('to'));
  return padded;
}

function plainPairs(context: Context, stream: TransactionStream, hash: Uint8Array | undefined): Pair[] {
  const value = stream.number('value');
  const amount = amountText(value, ticker(stream.chainId));
  if (amount === undefined) throw new StatusError(status.overflow, 'an amount that doesn’t fit the screen');
  const to = stream.bytes('to').length === 0 ? 'Contract' : displayed(destination(stream));
  const nonce: Pair[] = context.settings.nonce ? [['Nonce', stream.number('nonce').toString()]] : [];
  return [
    ...(stream.calldata.present && value === 0n ? [] : [['Amount', amount] as const]),
    ['To', to],
    ...nonce,
    feePair(stream),
    ...networkPair(stream),
    ...(hash === undefined ? [] : [[{ nano: 'Tx hash', touch: 'Transaction hash' }, `0x${bytesToHex(hash)}`] as const]),
  ];
}

const feePair = (stream: TransactionStream): Pair => [
  'Max fees',
  feeText(stream.number('gasPrice'), stream.number('gasLimit'), ticker(stream.chainId)),
];

const networkPair = (stream: TransactionStream): Pair[] =>
  stream.chainId === mainnet ? [] : [['Network', networkName(stream.chainId) ?? stream.chainId.toString()]];

/**
 * Typed transactions: the parity. Legacy: 27 + parity, or EIP-155's v cut to one byte, from the first four bytes of the
 * chain id only; the host puts it together again.
 */
function vByte(stream: TransactionStream, odd: boolean): number {
  const parity = odd ? 1 : 0;
  if (stream.type !== 0) return parity;
  const v = stream.bytes('v');
  if (v.length === 0) return 27 + parity;
  const chain = v.subarray(0, 4).reduce((sum, byte) => sum * 256 + byte, 0);
  return (chain * 2 + 35 + parity) & 0xff;
}
