import { createPublicKey, verify } from 'node:crypto';
import { hexToBytes } from '@noble/curves/utils.js';

/**
 * Ledger's public key (secp256k1, uncompressed SEC 1) for token information: what signs the tickers and decimals that the
 * app believes. The one point that recovers from both the USDT and the USDC signature of Ledger's published token list.
 */
const ledgerTokenKey =
  '045e6c1020c14dc46442fe89f97c0b68cdb15976dc24f24c316e7b30fe4e8cc76b1489150c21514ebf440ff5dea5393d83de5358cd098fce8fd0f81daa94979183';

const point = hexToBytes(ledgerTokenKey);
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const key = createPublicKey({
  format: 'jwk',
  key: { kty: 'EC', crv: 'secp256k1', x: base64url(point.subarray(1, 33)), y: base64url(point.subarray(33)) },
});

/** Whether Ledger signed these bytes (ECDSA over their SHA-256, DER). */
export function signedByLedger(bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature);
}
