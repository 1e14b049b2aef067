import { equalBytes, Refusal, type ScriptWallet, toHex } from '../../domain/index.ts';
import type { Branch } from './derive.ts';
import { Places, shownOrigin } from './place.ts';
import type { Psbt } from './psbt.ts';
import type { PsbtInput } from './psbt-input.ts';
import { maxMoney, shownOutpoint, shownTxid, type TransactionInput, type TransactionOutput } from './transaction.ts';
import { scriptAt, type WalletScript } from './wallet-script.ts';
import { undecodable } from './wire.ts';

/** One input, proven to spend an output of the wallet (B2, B3, B4). */
export interface Spend {
  readonly input: TransactionInput;
  /** What it spends. */
  readonly output: TransactionOutput;
  readonly branch: Branch;
  readonly index: number;
  readonly at: WalletScript;
  /** The previous transaction without witnesses; undefined for taproot, whose signatures commit to what they spend (BIP-341). */
  readonly previous: Uint8Array | undefined;
}

/** The inputs of a PSBT, each the wallet's own. Throws Refusal, which names the input. */
export function spendsOf({ transaction, inputs }: Psbt, wallet: ScriptWallet): Spend[] {
  if (transaction.inputs.length === 0) throw undecodable('it has no inputs');
  const seen = new Map<string, number>();
  for (const [i, input] of transaction.inputs.entries()) {
    const outpoint = shownOutpoint(input);
    const before = seen.get(outpoint);
    if (before !== undefined) throw undecodable(`inputs ${before} and ${i} both spend ${outpoint}`);
    seen.set(outpoint, i);
  }
  const places = new Places(wallet);
  return inputs.map((map, i) => {
    const input = transaction.inputs[i];
    if (input === undefined) throw undecodable(`input ${i} is in no transaction`);
    return spendOf(input, map, i, wallet, places);
  });
}

function spendOf(input: TransactionInput, map: PsbtInput, i: number, wallet: ScriptWallet, places: Places): Spend {
  if (map.signed !== undefined) {
    throw new Refusal(
      'transaction-signed-already',
      `Input ${i} carries a signature already (${map.signed}): send the PSBT without signatures and final scripts.`,
    );
  }
  expectSighash(map.sighash, i, wallet);
  const { branch, index, at } = placeOf(map, i, wallet, places);
  const output = spentOutput(input, map, i, wallet);
  if (!equalBytes(output.script, at.script)) {
    throw foreign(
      i,
      `it spends the script ${shownScript(output.script)}, and the wallet's at /${branch}/${index} is ${toHex(at.script)}`,
    );
  }
  expectScript(map.redeemScript, at.redeemScript, i, 'redeem script');
  expectScript(map.witnessScript, at.witnessScript, i, 'witness script');
  expectScript(map.tapInternalKey, at.internalKey, i, 'internal key');
  return { input, output, branch, index, at, previous: wallet.script === 'tr' ? undefined : map.previous?.stripped };
}

/** B3: only a signature of the whole transaction. */
function expectSighash(sighash: number | undefined, i: number, { script }: ScriptWallet): void {
  const allowed = script === 'tr' ? [0, 1] : [1];
  if (sighash === undefined || allowed.includes(sighash)) return;
  const wanted = script === 'tr' ? '00 (DEFAULT) or 01 (ALL)' : '01 (ALL)';
  throw new Refusal(
    'sighash-refused',
    `Input ${i} asks for a signature of type ${sighash.toString(16).padStart(2, '0')}, which leaves others room to change the transaction: it must be ${wanted}, or left out.`,
  );
}

/** B4: where in the wallet the input's keys lie, all of them, by derivation. Raw keys need not be named: their wallet has one script. */
function placeOf(
  map: PsbtInput,
  i: number,
  wallet: ScriptWallet,
  places: Places,
): { readonly branch: Branch; readonly index: number; readonly at: WalletScript } {
  const { own, other } = places.named(map);
  if (other.length > 0)
    throw foreign(
      i,
      `it names keys as ${wallet.script === 'tr' ? 'no taproot' : 'a taproot'} input does, and the wallet is ${wallet.script}`,
    );
  if (own.length === 0 && places.only === undefined)
    throw foreign(i, 'it names no key of the wallet: give it its derivation');
  const claimed = own.map((derivation) => {
    const place = places.of(derivation);
    if (place === undefined)
      throw foreign(
        i,
        `its key ${toHex(derivation.key)} comes from ${shownOrigin(derivation)}, which is none of the wallet's`,
      );
    return { derivation, place };
  });
  const { branch, index } = claimed[0]?.place ?? { branch: 0, index: 0 };
  const at = places.only ?? scriptAt(wallet, branch, index);
  for (const { derivation, place } of claimed) {
    if (place.branch !== branch || place.index !== index)
      throw foreign(i, `its keys lie at /${branch}/${index} and at /${place.branch}/${place.index}`);
    const derived = at.keys[place.key]?.publicKey ?? new Uint8Array(0);
    const right = wallet.script === 'tr' ? derived.subarray(1) : derived;
    if (derivation.inLeaves || !equalBytes(derivation.key, right))
      throw foreign(
        i,
        `its key at ${shownOrigin(derivation)} is said to be ${toHex(derivation.key)}, and is ${toHex(right)}`,
      );
  }
  return { branch, index, at };
}

/**
 * B2 (CVE-2020-14199): up to segwit v0 a signature commits to no amount but its own input's, or to none, so that only the whole
 * previous transaction, by its hash, says what is spent. Taproot's commits to all of them.
 */
function spentOutput(input: TransactionInput, map: PsbtInput, i: number, { script }: ScriptWallet): TransactionOutput {
  const { previous, witnessUtxo } = map;
  if (previous === undefined) {
    if (script !== 'tr') throw foreign(i, 'it does not give the previous transaction whole (non_witness_utxo)');
    if (witnessUtxo === undefined) throw foreign(i, 'it does not say what it spends (witness_utxo)');
    return withinSupply(witnessUtxo, i);
  }
  if (!equalBytes(previous.txid, input.txid))
    throw foreign(
      i,
      `it gives the transaction ${shownTxid(previous.txid)}, and spends one of ${shownTxid(input.txid)}`,
    );
  const { output } = previous;
  if (output === undefined) throw foreign(i, `its previous transaction has no output ${input.vout}`);
  if (witnessUtxo !== undefined && witnessUtxo.amount !== output.amount)
    throw foreign(i, `its witness_utxo has ${witnessUtxo.amount} sat, and the previous transaction ${output.amount}`);
  if (witnessUtxo !== undefined && !equalBytes(witnessUtxo.script, output.script))
    throw foreign(i, 'its witness_utxo has another script than the previous transaction');
  return withinSupply(output, i);
}

function withinSupply(output: TransactionOutput, i: number): TransactionOutput {
  if (output.amount > maxMoney) throw undecodable(`input ${i} spends ${output.amount} sat, more than there are`);
  return output;
}

function expectScript(given: Uint8Array | undefined, own: Uint8Array | undefined, i: number, name: string): void {
  if (given === undefined || (own !== undefined && equalBytes(given, own))) return;
  const right = own === undefined ? 'the wallet has none' : `the wallet's is ${shownScript(own)}`;
  throw foreign(i, `its ${name} is ${shownScript(given)}, and ${right}`);
}

function shownScript(script: Uint8Array): string {
  return script.length > 40 ? `${toHex(script.subarray(0, 40))}… (${script.length} bytes)` : toHex(script);
}

function foreign(i: number, why: string): Refusal {
  return new Refusal('input-foreign', `Input ${i} is not proven to be the wallet's: ${why}.`);
}
