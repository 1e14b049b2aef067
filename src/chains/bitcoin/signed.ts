import {
  type Assembled,
  type Effects,
  equalBytes,
  type InputSignature,
  parseSignatures,
  Refusal,
  type Released,
  type ScriptWallet,
  type SignaturePart,
  toHex,
  type UnsignedTransaction,
} from '../../domain/index.ts';
import { lookAgain } from './assembled.ts';
import { effectsOf, type Judged, judge } from './decode.ts';
import { type FinalInput, finalise } from './finalised.ts';
import { Sighashes, sighashAll, sighashDefault } from './sighash.ts';
import { type Digest, faultOfEcdsa, faultOfSchnorr } from './signature.ts';
import { writeTransaction } from './transaction.ts';
import { undecodable } from './wire.ts';

/** One signer's answer, every signature of it judged; or why it is discarded. */
export type PartChecked =
  | { readonly ok: true; readonly signatures: readonly InputSignature[] }
  | { readonly ok: false; readonly message: string };

/**
 * What a signer that computes nothing itself signs: one digest for each input, in their order, of the type ALL (DEFAULT of taproot).
 *
 * @throws Refusal where `transaction` isn't one that `decodeUnsigned` gave for this wallet
 */
export function digests(transaction: UnsignedTransaction, wallet: ScriptWallet): Uint8Array[] {
  const { transaction: read, spends } = permitted(transaction, wallet);
  const sighashes = new Sighashes(read, spends, wallet.script);
  const type = wallet.script === 'tr' ? sighashDefault : sighashAll;
  return spends.map((_, i) => sighashes.of(i, type));
}

/**
 * I7, of one signer's answer: for each input and each of the wallet's keys that this signer holds, exactly one signature, by that key
 * over exactly the permitted transaction, canonical, and nothing else.
 *
 * @throws Refusal where `transaction` isn't one that `decodeUnsigned` gave for this wallet
 */
export function checkPart(transaction: UnsignedTransaction, wallet: ScriptWallet, part: SignaturePart): PartChecked {
  return checked(permitted(transaction, wallet), wallet, part);
}

/**
 * I7: puts the signers' signatures to the permitted transaction, as many as the wallet's threshold, and lets the result go only if
 * another decoder reads the same transaction in it and finds each signature right.
 *
 * @throws Refusal where `transaction` isn't one that `decodeUnsigned` gave for this wallet
 */
export function assembleSigned(
  transaction: UnsignedTransaction,
  parts: readonly SignaturePart[],
  wallet: ScriptWallet,
): Assembled {
  const judged = permitted(transaction, wallet);
  if (new Set(parts.map(({ signer }) => signer)).size !== parts.length) return wrong('one signer answered twice');
  const signatures: InputSignature[] = [];
  for (const part of parts) {
    const result = checked(judged, wallet, part);
    if (!result.ok) return wrong(`of ${part.signer}, ${result.message}`);
    signatures.push(...result.signatures);
  }
  const finals: FinalInput[] = [];
  for (const [i, spend] of judged.spends.entries()) {
    const own = signatures.filter(({ input }) => input === i);
    const final = finalise(spend, own, wallet);
    if (final === undefined) return wrong(`input ${i} has ${own.length} signatures of ${wallet.threshold}`);
    finals.push(final);
  }
  const raw = writeTransaction(
    judged.transaction,
    finals.map(({ scriptSig }) => scriptSig),
    finals.map(({ witness }) => witness),
  );
  const look = lookAgain(raw, judged, wallet);
  if (!look.ok) return wrong(`of the assembled transaction, ${look.fault}`);
  return { ok: true, raw, hash: look.txid };
}

/**
 * What the permitted transaction does, read again from the station's PSBT around it.
 *
 * @throws Refusal where `transaction` isn't one that `decodeUnsigned` gave for this wallet
 */
export function effectsOfPermitted(transaction: UnsignedTransaction, wallet: ScriptWallet): Effects {
  return effectsOf(permitted(transaction, wallet), wallet);
}

/**
 * Whether signed bytes are the permitted transaction with the signatures of as many of the wallet's keys as its threshold: what I7 asks,
 * of bytes that come from elsewhere. A wrong amount of a coin would make the signatures wrong (BIP-143, BIP-341) or differs from the
 * transaction that made it.
 *
 * @throws Refusal where `transaction` isn't one that `decodeUnsigned` gave for this wallet
 */
export function released(transaction: UnsignedTransaction, raw: Uint8Array, wallet: ScriptWallet): Released {
  const look = lookAgain(raw, permitted(transaction, wallet), wallet);
  return look.ok ? { ok: true, hash: look.txid } : look;
}

/** The permitted transaction, from the daemon's own PSBT: both of its forms must say the same. */
function permitted({ unsigned, psbt }: UnsignedTransaction, wallet: ScriptWallet): Judged {
  if (psbt === null) throw undecodable('there is none');
  const judged = judge(psbt, wallet);
  if (!equalBytes(judged.unsigned, unsigned)) throw undecodable('it is around another transaction');
  return judged;
}

function checked({ transaction, spends }: Judged, wallet: ScriptWallet, part: SignaturePart): PartChecked {
  let given: readonly InputSignature[];
  try {
    given = parseSignatures(part.signature, 'signature');
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, message: error.message };
    throw error;
  }
  const held = wallet.keys.flatMap(({ signer }, k) => (signer === part.signer ? [k] : []));
  if (held.length === 0) return { ok: false, message: 'it holds no key of the wallet' };
  if (given.length !== held.length * spends.length)
    return { ok: false, message: `it gave ${given.length} signatures, not ${held.length * spends.length}` };
  const named = new Map(given.map((signature) => [nameOf(signature.input, signature.key), signature]));
  const sighashes = new Sighashes(transaction, spends, wallet.script);
  for (const [i, { at }] of spends.entries()) {
    for (const k of held) {
      const key = wallet.script === 'tr' ? at.script.subarray(2) : at.keys[k]?.publicKey;
      if (key === undefined) return { ok: false, message: `the wallet has no key ${k}` };
      // As many as are wanted, and each of these there: so none is over, and none there twice.
      const signature = named.get(nameOf(i, key))?.signature;
      if (signature === undefined) return { ok: false, message: `input ${i} has no signature by ${toHex(key)}` };
      const digest: Digest = (type) => sighashes.of(i, type);
      const fault =
        wallet.script === 'tr' ? faultOfSchnorr(signature, digest, key) : faultOfEcdsa(signature, digest, key);
      if (fault !== undefined) return { ok: false, message: `input ${i}’s signature by ${toHex(key)}: ${fault}` };
    }
  }
  return { ok: true, signatures: given };
}

function nameOf(input: number, key: Uint8Array): string {
  return `${input} ${toHex(key)}`;
}

function wrong(why: string): Assembled {
  return { ok: false, reason: 'signature-wrong', message: `The signatures were discarded: ${why}.` };
}
