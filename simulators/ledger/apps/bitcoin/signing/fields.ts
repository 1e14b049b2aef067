/** Key types of the PSBT's maps that the app reads (BIP-174, BIP-370, BIP-371). */
export const globalField = { transactionVersion: 0x02, fallbackLocktime: 0x03 } as const;

export const inputField = {
  previousTransaction: 0x00,
  witnessUtxo: 0x01,
  sighashType: 0x03,
  redeemScript: 0x04,
  witnessScript: 0x05,
  derivation: 0x06,
  previousTxid: 0x0e,
  outputIndex: 0x0f,
  sequence: 0x10,
  tapDerivation: 0x16,
} as const;

export const outputField = { derivation: 0x02, amount: 0x03, script: 0x04, tapDerivation: 0x07 } as const;
