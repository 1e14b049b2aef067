import { hash } from 'node:crypto';
import type { Digest, TransactionId, WalletId } from './ids.ts';

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  // By way of a string: Node takes longer to make an object of 32 bytes than to hash a few hundred.
  return new Uint8Array(Buffer.from(hash('sha256', whole(parts), 'binary'), 'latin1'));
}

function whole(parts: readonly Uint8Array[]): Uint8Array {
  const [only, second] = parts;
  return only !== undefined && second === undefined ? only : Buffer.concat(parts);
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** A prefix that keeps one use of a hash apart from every other: the ASCII name and a zero byte. */
export function domainTag(name: string): Uint8Array {
  return Buffer.from(`${name}\0`);
}

/** SHA-256 as 64 lowercase hex digits. */
export function digestOf(...parts: readonly Uint8Array[]): Digest {
  return hash('sha256', whole(parts)) as Digest;
}

/** formats.md, "Transaction id": the wallet and the canonical unsigned transaction, nothing else. */
export function transactionId(wallet: WalletId, unsigned: Uint8Array): TransactionId {
  const name = Buffer.from(wallet);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return hash('sha256', whole([domainTag('portcullis/transaction/v1'), length, name, unsigned])) as TransactionId;
}

/** formats.md, "Payment set": names the withdrawals that an anchor belongs to for ever, whatever their order. */
export function paymentSet(withdrawals: readonly string[]): Digest {
  return digestOf(domainTag('portcullis/payment-set/v1'), Buffer.from([...withdrawals].sort().join('\n')));
}
