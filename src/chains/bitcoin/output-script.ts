import secp256k1 from 'secp256k1/bindings.js';

// The outputs that have an address: BIP-13's two, BIP-141's two, and BIP-341's.

/** What an output pays to. `program`: 20 bytes of pkh, sh and wpkh, 32 of wsh and tr. */
export interface Output {
  readonly kind: 'pkh' | 'sh' | 'wpkh' | 'wsh' | 'tr';
  readonly program: Uint8Array;
}

const DUP = 0x76;
const HASH160 = 0xa9;
const EQUAL = 0x87;
const EQUALVERIFY = 0x88;
const CHECKSIG = 0xac;
const OP_1 = 0x51;

/** The script of an output: its one spelling, with the shortest pushes. */
export function scriptOfOutput({ kind, program }: Output): Uint8Array {
  switch (kind) {
    case 'pkh':
      return Uint8Array.of(DUP, HASH160, 20, ...program, EQUALVERIFY, CHECKSIG);
    case 'sh':
      return Uint8Array.of(HASH160, 20, ...program, EQUAL);
    case 'wpkh':
    case 'wsh':
      return Uint8Array.of(0, program.length, ...program);
    case 'tr':
      return Uint8Array.of(OP_1, 32, ...program);
  }
}

/** What a script pays to; undefined for any other script, also for a taproot key that is no point, which nobody can spend (BIP-341). */
export function outputOfScript(script: Uint8Array): Output | undefined {
  switch (script.length) {
    case 22:
      return begins(script, 0, 20) ? { kind: 'wpkh', program: script.slice(2) } : undefined;
    case 23:
      return begins(script, HASH160, 20) && script[22] === EQUAL
        ? { kind: 'sh', program: script.slice(2, 22) }
        : undefined;
    case 25:
      return begins(script, DUP, HASH160, 20) && script[23] === EQUALVERIFY && script[24] === CHECKSIG
        ? { kind: 'pkh', program: script.slice(3, 23) }
        : undefined;
    case 34:
      if (begins(script, 0, 32)) return { kind: 'wsh', program: script.slice(2) };
      return begins(script, OP_1, 32) && isPoint(script.subarray(2))
        ? { kind: 'tr', program: script.slice(2) }
        : undefined;
    default:
      return undefined;
  }
}

/** Whether 32 bytes are the x coordinate of a point of secp256k1 (BIP-340, `lift_x`). */
export function isPoint(x: Uint8Array): boolean {
  return secp256k1.publicKeyVerify(Uint8Array.of(2, ...x));
}

function begins(script: Uint8Array, ...bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => script[i] === byte);
}
