import { Transaction } from 'bitcoinjs-lib/src/transaction';

/** A signed transaction's name on its chain, as people write it. Throws where the bytes are none. */
export function txidOf(raw: Uint8Array): string {
  return Transaction.fromBuffer(raw).getId();
}
