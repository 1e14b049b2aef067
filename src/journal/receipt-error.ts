/** What keeps a receipt from proving anything. */
export type ReceiptReason =
  /** Not the bytes of a receipt of version 1. */
  | 'receipt-malformed'
  /** The checkpoint is not signed by the log's key, or is another log's. */
  | 'checkpoint-invalid'
  /** A leaf is not in the tree of the checkpoint, not of its station, or out of order. */
  | 'leaf-unproven'
  /** A leaf that the receipt's sentence needs is not there. */
  | 'leaf-missing'
  /** An opening does not open its leaf's commitment, or one that is needed is not there. */
  | 'opening-wrong'
  /** The intent is not what was authorized. */
  | 'intent-differs'
  /** A policy document is not one that the leaves name, or one is not there. */
  | 'policy-differs'
  /** A factor or its key is not the one that was enrolled, or was not ripe. */
  | 'factor-differs'
  /** An attestation is not a factor's signature over this intent. */
  | 'evidence-invalid'
  /** The destination is not the one that was listed and announced, or was not ripe. */
  | 'destination-differs'
  /** A transaction is not the one that was permitted or signed. */
  | 'transaction-differs';

/** The receipt proves nothing: part of it is missing, wrong, or of something else. */
export class ReceiptError extends Error {
  readonly reason: ReceiptReason;

  constructor(reason: ReceiptReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReceiptError';
    this.reason = reason;
  }
}
