import { StatusError, status } from '../../os/status.ts';
import { signedByLedger } from './ledger-key.ts';

/** What Ledger says of a token. It holds until the next signature, refusal or error. */
export interface Token {
  readonly ticker: string;
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly decimals: number;
  readonly chainId: bigint;
}

/** tickerLen ‖ ticker ‖ address20 ‖ decimals u32 ‖ chain u32 ‖ signature (DER) over all but the first byte. */
export function parseToken(data: Uint8Array): Token {
  const tickerEnd = 1 + (data[0] ?? 0);
  const signatureStart = tickerEnd + 28;
  if (!signedByLedger(data.subarray(1, signatureStart), data.subarray(signatureStart))) {
    throw new StatusError(status.incorrectData, 'token information that Ledger didn’t sign');
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    ticker: new TextDecoder().decode(data.subarray(1, tickerEnd)),
    address: data.slice(tickerEnd, tickerEnd + 20),
    decimals: view.getUint32(tickerEnd + 20),
    chainId: BigInt(view.getUint32(tickerEnd + 24)),
  };
}
