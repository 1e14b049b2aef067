import { type Address, equalBytes, Refusal, type ScriptWallet, toHex } from '../../domain/index.ts';
import { addressOfScript } from './address.ts';
import { Places } from './place.ts';
import type { Psbt } from './psbt.ts';
import type { PsbtOutput } from './psbt-output.ts';
import { maxMoney, type TransactionOutput, writeOutput } from './transaction.ts';
import { scriptAt, type WalletScript } from './wallet-script.ts';
import { undecodable } from './wire.ts';

/** What an output does: it pays somebody, or it is the wallet's change, proven by derivation (B1), or by equality of a raw key's script. */
export type Output =
  | { readonly kind: 'payment'; readonly amount: bigint; readonly destination: Address; readonly weight: bigint }
  | { readonly kind: 'change'; readonly amount: bigint; readonly index: number; readonly at: WalletScript };

/** The outputs of a PSBT, in their order. Throws Refusal, which names the output. */
export function outputsOf({ transaction, outputs }: Psbt, wallet: ScriptWallet): Output[] {
  if (transaction.outputs.length === 0) throw undecodable('it has no outputs');
  const places = new Places(wallet);
  return transaction.outputs.map((output, i) => outputOf(output, outputs[i], i, wallet, places));
}

function outputOf(
  output: TransactionOutput,
  map: PsbtOutput | undefined,
  i: number,
  wallet: ScriptWallet,
  places: Places,
): Output {
  const { amount, script } = output;
  if (amount > maxMoney) throw undecodable(`output ${i} pays ${amount} sat, more than there are`);
  // B5: what neither a customer nor the wallet gets, or no node relays.
  const destination = addressOfScript(script, wallet.chain);
  if (destination === undefined) {
    const what = script[0] === 0x6a ? 'data (OP_RETURN)' : `to the script ${shownScript(script)}, which is no address`;
    throw refused(i, `it pays ${what}: it would have to pay an address of type pkh, sh, wpkh, wsh or tr`);
  }
  if (amount === 0n) throw refused(i, 'it pays nothing');
  const least = dustLimit(script);
  if (amount < least) throw refused(i, `it pays ${amount} sat, and nodes relay no output of its type below ${least}`);
  return (
    changeOf(output, map, wallet, places) ?? {
      kind: 'payment',
      amount,
      destination,
      weight: BigInt(4 * writeOutput(output).length),
    }
  );
}

/**
 * B1: an output that claims to be change is that only if its script is the wallet's own at the place that it names. An address that
 * the wallet receives at is none: paying it is a payment. Raw keys have one script, which is both: what goes there stays the
 * wallet's, whatever the PSBT says of it.
 */
function changeOf(
  { amount, script }: TransactionOutput,
  map: PsbtOutput | undefined,
  wallet: ScriptWallet,
  places: Places,
): Output | undefined {
  if (places.only !== undefined)
    return equalBytes(places.only.script, script) ? { kind: 'change', amount, index: 0, at: places.only } : undefined;
  for (const derivation of map === undefined ? [] : places.named(map).own) {
    const place = places.of(derivation);
    if (place === undefined) continue;
    if (place.branch !== 1) return undefined;
    // One claim an output: deriving costs more than everything else here.
    const at = scriptAt(wallet, 1, place.index);
    return equalBytes(at.script, script) ? { kind: 'change', amount, index: place.index, at } : undefined;
  }
  return undefined;
}

/** Bitcoin Core's `GetDustThreshold` at its default of 3 sat per virtual byte: what it would cost to spend the output. */
export function dustLimit(script: Uint8Array): bigint {
  const [version = 0xff] = script;
  const witness = version === 0 || (version > 0x50 && version <= 0x60);
  const spending = witness ? 32 + 4 + 1 + Math.floor(107 / 4) + 4 : 32 + 4 + 1 + 107 + 4;
  return 3n * BigInt(writeOutput({ amount: 0n, script }).length + spending);
}

function shownScript(script: Uint8Array): string {
  return script.length > 40 ? `${toHex(script.subarray(0, 40))}… (${script.length} bytes)` : toHex(script);
}

function refused(i: number, why: string): Refusal {
  return new Refusal('output-refused', `Output ${i} is refused: ${why}.`);
}
