import type { Entry } from './key-map.ts';
import { type Derivation, derivationOf, named, onlyOne, tapDerivationOf, wholeValue } from './psbt-field.ts';
import type { TransactionOutput } from './transaction.ts';
import { Reader, undecodable } from './wire.ts';

/** What a PSBT says of an output, beside what the transaction itself says: whose it claims to be. */
export interface PsbtOutput {
  readonly derivations: readonly Derivation[];
  readonly tapDerivations: readonly Derivation[];
}

const nothing: TransactionOutput = { amount: 0n, script: new Uint8Array(0) };

/** `own` is what only version 2 says here. `beyond` and errors as in `readInput`. */
export function readOutputMap(
  entries: readonly Entry[],
  place: string,
  version: 0 | 2,
  beyond: string[],
): { readonly output: PsbtOutput; readonly own: TransactionOutput } {
  const derivations: Derivation[] = [];
  const tapDerivations: Derivation[] = [];
  let amount: bigint | undefined;
  let script: Uint8Array | undefined;
  for (const entry of entries) {
    switch (entry.type) {
      case 0x00: // PSBT_OUT_REDEEM_SCRIPT
      case 0x01: // PSBT_OUT_WITNESS_SCRIPT
        // What the output pays to is in its script. Whether that is the wallet's, only derivation proves (B1).
        onlyOne(entry, place);
        break;
      case 0x02: // PSBT_OUT_BIP32_DERIVATION
        derivations.push(derivationOf(entry, place));
        break;
      case 0x03: // PSBT_OUT_AMOUNT
        if (version === 0) throw undecodable(`${named(entry, place)} is not of version 0`);
        amount = new Reader(wholeValue(entry, place, 8), named(entry, place)).u64();
        break;
      case 0x04: // PSBT_OUT_SCRIPT
        if (version === 0) throw undecodable(`${named(entry, place)} is not of version 0`);
        script = onlyOne(entry, place);
        break;
      case 0x05: // PSBT_OUT_TAP_INTERNAL_KEY
        wholeValue(entry, place, 32);
        break;
      case 0x06: // PSBT_OUT_TAP_TREE
        expectTree(onlyOne(entry, place), named(entry, place));
        break;
      case 0x07: // PSBT_OUT_TAP_BIP32_DERIVATION
        tapDerivations.push(tapDerivationOf(entry, place));
        break;
      default:
        beyond.push(named(entry, place));
    }
  }
  const output = { derivations, tapDerivations };
  if (version === 0) return { output, own: nothing };
  if (amount === undefined) throw undecodable(`${place} has no amount (03)`);
  if (script === undefined) throw undecodable(`${place} has no script (04)`);
  return { output, own: { amount, script } };
}

/** BIP-371: leaves in depth-first order, each its depth, its version and its script; together they are one whole tree. */
function expectTree(value: Uint8Array, what: string): void {
  const reader = new Reader(value, what);
  // The share of the tree that is still without leaves, in units of 2^-128.
  let open = 1n << 128n;
  while (!reader.done) {
    const depth = reader.u8();
    if (depth > 128) throw reader.wrong(`a leaf at depth ${depth}, deeper than 128`);
    reader.u8();
    reader.bytes();
    open -= 1n << BigInt(128 - depth);
  }
  if (open !== 0n) throw reader.wrong('its leaves make no whole tree');
}
