import { verifyReceipt } from '../../journal/receipt.ts';
import { parseReceipt } from '../../journal/receipt-document.ts';
import { ReceiptError, type ReceiptReason } from '../../journal/receipt-error.ts';
import { saidByBytes } from './released.ts';

/** What a receipt proves, a sentence each; or why it proves nothing. */
export type AuditedReceipt =
  | { readonly proven: true; readonly sentences: readonly string[] }
  | { readonly proven: false; readonly reason: ReceiptReason; readonly message: string };

/** Checks a receipt with nothing but the log's public key (C2SP verifier key), as whoever was given one would. */
export function auditReceipt(receipt: Uint8Array, logKey: string): AuditedReceipt {
  try {
    const sentences = verifyReceipt(receipt, logKey).map((fact) => fact.sentence);
    return { proven: true, sentences: [...sentences, ...saidByBytes(parseReceipt(receipt))] };
  } catch (error) {
    if (!(error instanceof ReceiptError)) throw error;
    return { proven: false, reason: error.reason, message: error.message };
  }
}
