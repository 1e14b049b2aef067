import { type ChainId, equalBytes, type Payment, Refusal, toHex } from '../../domain/index.ts';
import { addressOn, isZero, nativeAsset, tokenAsset } from './address.ts';
import type { Transaction } from './transaction.ts';

/** `transfer(address,uint256)` of ERC-20: the first 4 bytes of its Keccak-256. */
const transferSelector = Uint8Array.of(0xa9, 0x05, 0x9c, 0xbb);
/** Selector, address word, amount word (Solidity ABI). */
const transferSize = 4 + 32 + 32;
const addressPadding = 12;

/**
 * The one payment that a transaction makes: Ether without calldata, or an ERC-20 `transfer`. Everything else can move more
 * than it says (approve, permit, multicall, fallback functions), so it is refused: `call-refused` (threat E3).
 * Whether the token is registered is the gate's question.
 */
export function paymentOf(transaction: Transaction, chain: ChainId): Payment {
  const { to, value, data } = transaction;
  if (data.length === 0) {
    if (isZero(to)) {
      throw new Refusal('destination-mismatch', 'The transaction pays the zero address, which nobody can approve.');
    }
    return { asset: nativeAsset(chain), destination: addressOn(chain, to), amount: value, weight: 1n };
  }

  const selector = data.subarray(0, 4);
  if (!equalBytes(selector, transferSelector)) throw refused(`its function is 0x${toHex(selector)}, not transfer`);
  if (data.length !== transferSize) throw refused(`transfer takes ${transferSize} bytes, not ${data.length}`);
  // A transfer isn't payable: Ether sent with it reverts in an honest token and is lost in another.
  if (value !== 0n) throw refused(`it sends ${value} wei along with a token transfer`);
  if (!isZero(data.subarray(4, 4 + addressPadding))) throw refused('the recipient has dirty upper bytes');
  const recipient = data.subarray(4 + addressPadding, 36);
  if (isZero(recipient)) throw refused('the recipient is the zero address');
  if (equalBytes(recipient, to)) throw refused('the recipient is the token contract itself');
  return {
    asset: tokenAsset(chain, to),
    destination: addressOn(chain, recipient),
    amount: BigInt(`0x${toHex(data.subarray(36))}`),
    weight: 1n,
  };
}

function refused(why: string): Refusal {
  return new Refusal('call-refused', `The transaction calls a contract, and ${why}.`);
}
