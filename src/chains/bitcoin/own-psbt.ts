import type { ScriptType } from '../../domain/index.ts';
import { stepsOf } from './derive.ts';
import { type Entry, magic, writeMap } from './key-map.ts';
import type { Output } from './output.ts';
import type { Spend } from './spend.ts';
import { writeOutput } from './transaction.ts';
import type { KeyOrigin, WalletScript } from './wallet-script.ts';
import { compactSize, joined, u32 } from './wire.ts';

/**
 * The PSBT that signers get (formats.md, "A PSBT of the station's own"): version 0, with what they need to know of the wallet's own
 * inputs and change, each entry derived or proven here and in its one place. Nothing else of the request goes on.
 */
export function ownPsbt(
  unsigned: Uint8Array,
  spends: readonly Spend[],
  outputs: readonly Output[],
  script: ScriptType,
): Uint8Array {
  return joined([
    magic,
    writeMap([entry(0x00, unsigned)]),
    ...spends.map((spend) => writeMap(inputEntries(spend, script))),
    ...outputs.map((output) => writeMap(output.kind === 'change' ? outputEntries(output.at) : [])),
  ]);
}

function inputEntries({ previous, output, at }: Spend, script: ScriptType): Entry[] {
  const entries: Entry[] = [];
  if (previous !== undefined) entries.push(entry(0x00, previous));
  if (script !== 'pkh') entries.push(entry(0x01, writeOutput(output)));
  return [...entries, ...scriptEntries(at, inputTypes)];
}

function outputEntries(at: WalletScript): Entry[] {
  return scriptEntries(at, outputTypes);
}

const inputTypes = { redeem: 0x04, witness: 0x05, derivation: 0x06, tapDerivation: 0x16, internal: 0x17 };
const outputTypes = { redeem: 0x00, witness: 0x01, derivation: 0x02, tapDerivation: 0x07, internal: 0x05 };

function scriptEntries(at: WalletScript, types: typeof inputTypes): Entry[] {
  const { internalKey, redeemScript, witnessScript, keys } = at;
  if (internalKey !== undefined) {
    // No leaves: the key path (BIP-371).
    const origins = keys.flatMap(({ origin }) =>
      origin === undefined
        ? []
        : [{ type: types.tapDerivation, data: internalKey, value: joined([compactSize(0), originBytes(origin)]) }],
    );
    return [...origins, entry(types.internal, internalKey)];
  }
  const entries: Entry[] = keys.flatMap(({ publicKey, origin }) =>
    origin === undefined ? [] : [{ type: types.derivation, data: publicKey, value: originBytes(origin) }],
  );
  if (redeemScript !== undefined) entries.push(entry(types.redeem, redeemScript));
  if (witnessScript !== undefined) entries.push(entry(types.witness, witnessScript));
  return entries;
}

function entry(type: number, value: Uint8Array): Entry {
  return { type, data: new Uint8Array(0), value };
}

function originBytes({ fingerprint, path }: KeyOrigin): Uint8Array {
  return joined([Uint8Array.from(Buffer.from(fingerprint, 'hex')), ...stepsOf(path).map(u32)]);
}
