import { RawTx } from '@scure/btc-signer';

/** A transaction that pays the script out of nothing: no Bitcoin node comes with this, and the station asks none. */
export function madeUp(script: Uint8Array, amount: bigint, n: number): Uint8Array {
  const finalScriptSig = Uint8Array.of(2, n, 0);
  return RawTx.encode({
    version: 2,
    segwitFlag: false,
    inputs: [{ txid: new Uint8Array(32), index: 0xffff_ffff, finalScriptSig, sequence: 0xffff_ffff }],
    outputs: [{ amount, script }],
    lockTime: 0,
  });
}
