import { createHash } from 'node:crypto';
import type { Digest, TransactionId, WalletId } from './ids.ts';

const utf8 = new TextEncoder();

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** A prefix that keeps one use of a hash apart from every other: the ASCII name and a zero byte. */
export function domainTag(name: string): Uint8Array {
  return utf8.encode(`${name}\0`);
}

/** SHA-256 as 64 lowercase hex digits. */
export function digestOf(...parts: readonly Uint8Array[]): Digest {
  return toHex(sha256(...parts)) as Digest;
}

/** formats.md, "Transaction id": the wallet and the canonical unsigned transaction, nothing else. */
export function transactionId(wallet: WalletId, unsigned: Uint8Array): TransactionId {
  const name = utf8.encode(wallet);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, name.length);
  return toHex(sha256(domainTag('portcullis/transaction/v1'), length, name, unsigned)) as TransactionId;
}

/** formats.md, "Payment set": names the withdrawals that an anchor belongs to for ever, whatever their order. */
export function paymentSet(withdrawals: readonly string[]): Digest {
  return digestOf(domainTag('portcullis/payment-set/v1'), utf8.encode([...withdrawals].sort().join('\n')));
}
