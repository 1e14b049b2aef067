import { RawPSBTV0, RawPSBTV2 } from '@scure/btc-signer/psbt.js';
import { RawOldTx } from '@scure/btc-signer/script.js';
import { Psbt as Library } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUnsigned } from '../../../src/chains/bitcoin/index.ts';
import { type Psbt, readPsbt } from '../../../src/chains/bitcoin/psbt.ts';
import type { Derivation } from '../../../src/chains/bitcoin/psbt-field.ts';
import { maxMoney, writeUnsigned } from '../../../src/chains/bitcoin/transaction.ts';
import { scriptTypes, toHex } from '../../../src/domain/index.ts';
import { psbtOf, type Request, recipients } from './requests.ts';
import { regtest, walletOf } from './wallets.ts';

// B4: the station's own reader against @scure/btc-signer's and, for version 0, bitcoinjs-lib's. What it takes, they read with the
// same fields; what it refuses, they refuse, but for what is named here.
//
// Where the station is stricter: a hash preimage must be one (both take any; BIP-174); no map has more than 64 entries, no request
// more than 200 inputs, 500 outputs or 4 MiB; and bitcoinjs-lib keeps a previous transaction as it comes, reads compact sizes that
// are too long, and fields of version 2 in version 0.
// Where it is laxer in reading, a transaction that it signs cannot be: @scure/btc-signer checks that keys and taproot keys are points
// (here each is compared with one derived, or not used), that no amount is negative (here it is beyond the supply), and knows fields
// of later BIPs (here they are unknown, and refused).

const hexOf = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : toHex(bytes));
const derivationOf = ({ key, fingerprint, steps }: Derivation) => `${toHex(key)} ${fingerprint}/${steps.join('/')}`;
const originOf = (key: Uint8Array, fingerprint: number, path: readonly number[]) =>
  `${toHex(key)} ${fingerprint.toString(16).padStart(8, '0')}/${path.join('/')}`;

/** The one shape in which the readers are compared. */
function ours({ transaction, inputs, outputs }: Psbt) {
  return {
    version: transaction.version | 0,
    inputs: transaction.inputs.map(({ txid, vout, sequence }, i) => {
      const input = inputs[i];
      if (input === undefined) throw new Error(`no map for input ${i}`);
      const { previous, witnessUtxo, derivations, tapDerivations } = input;
      return {
        outpoint: `${toHex(txid)} ${vout} ${sequence}`,
        previous: hexOf(previous?.stripped),
        spent: previous?.output && `${previous.output.amount} ${toHex(previous.output.script)}`,
        witnessUtxo: witnessUtxo && `${witnessUtxo.amount} ${toHex(witnessUtxo.script)}`,
        sighash: input.sighash,
        redeemScript: hexOf(input.redeemScript),
        witnessScript: hexOf(input.witnessScript),
        derivations: derivations.map(derivationOf),
        tapDerivations: tapDerivations.map(derivationOf),
        tapInternalKey: hexOf(input.tapInternalKey),
        signed: input.signed !== undefined,
      };
    }),
    outputs: transaction.outputs.map(({ amount, script }, i) => {
      const { derivations = [], tapDerivations = [] } = outputs[i] ?? {};
      return {
        pays: `${amount} ${toHex(script)}`,
        derivations: derivations.map(derivationOf),
        tapDerivations: tapDerivations.map(derivationOf),
      };
    }),
  };
}

function scures(bytes: Uint8Array, version: 0 | 2): ReturnType<typeof ours> {
  const read = version === 0 ? RawPSBTV0.decode(bytes) : RawPSBTV2.decode(bytes);
  const { unsignedTx, txVersion } = read.global;
  // Beyond the counts it gives one more map than there is.
  const inputs = read.inputs.slice(0, unsignedTx?.inputs.length ?? read.global.inputCount);
  const outputs = read.outputs.slice(0, unsignedTx?.outputs.length ?? read.global.outputCount);
  return {
    version: (unsignedTx?.version ?? txVersion ?? 0) | 0,
    inputs: inputs.map((input, i) => {
      const spent = unsignedTx?.inputs[i];
      // It shows txids as people do; an unsigned transaction's it leaves in that order too.
      const txid = Uint8Array.from(spent?.txid ?? input.txid ?? []).reverse();
      const vout = spent?.index ?? input.index ?? -1;
      const { nonWitnessUtxo: previous, witnessUtxo, bip32Derivation = [], tapBip32Derivation = [] } = input;
      const output = previous?.outputs[vout];
      return {
        outpoint: `${toHex(txid)} ${vout} ${spent?.sequence ?? input.sequence ?? 0xffff_ffff}`,
        previous: previous && toHex(RawOldTx.encode(previous)),
        spent: output && `${output.amount} ${toHex(output.script)}`,
        witnessUtxo: witnessUtxo && `${witnessUtxo.amount} ${toHex(witnessUtxo.script)}`,
        sighash: input.sighashType,
        redeemScript: hexOf(input.redeemScript),
        witnessScript: hexOf(input.witnessScript),
        derivations: bip32Derivation.map(([key, { fingerprint, path }]) => originOf(key, fingerprint, path)),
        tapDerivations: tapBip32Derivation.map(([key, { der }]) => originOf(key, der.fingerprint, der.path)),
        tapInternalKey: hexOf(input.tapInternalKey),
        signed: [
          input.partialSig,
          input.finalScriptSig,
          input.finalScriptWitness,
          input.tapKeySig,
          input.tapScriptSig,
        ].some((field) => field !== undefined),
      };
    }),
    outputs: outputs.map((output, i) => {
      const paid = unsignedTx?.outputs[i];
      const { bip32Derivation = [], tapBip32Derivation = [] } = output;
      return {
        pays: `${paid?.amount ?? output.amount} ${toHex(paid?.script ?? output.script ?? new Uint8Array())}`,
        derivations: bip32Derivation.map(([key, { fingerprint, path }]) => originOf(key, fingerprint, path)),
        tapDerivations: tapBip32Derivation.map(([key, { der }]) => originOf(key, der.fingerprint, der.path)),
      };
    }),
  };
}

/** Of bitcoinjs-lib, whose paths are text and whose previous transactions are bytes. */
function librarys(bytes: Uint8Array) {
  const { data } = Library.fromBuffer(bytes);
  return {
    unsigned: toHex(data.getTransaction()),
    inputs: data.inputs.map((input) => ({
      witnessUtxo: input.witnessUtxo && `${input.witnessUtxo.value} ${toHex(input.witnessUtxo.script)}`,
      sighash: input.sighashType,
      redeemScript: hexOf(input.redeemScript),
      witnessScript: hexOf(input.witnessScript),
      tapInternalKey: hexOf(input.tapInternalKey),
      derivations: (input.bip32Derivation ?? []).map((one) => `${toHex(one.pubkey)} ${toHex(one.masterFingerprint)}`),
    })),
  };
}

function likeLibrary({ transaction, inputs }: Psbt): ReturnType<typeof librarys> {
  return {
    unsigned: toHex(writeUnsigned(transaction)),
    inputs: inputs.map(({ witnessUtxo, sighash, redeemScript, witnessScript, tapInternalKey, derivations }) => ({
      witnessUtxo: witnessUtxo && `${witnessUtxo.amount} ${toHex(witnessUtxo.script)}`,
      sighash,
      redeemScript: hexOf(redeemScript),
      witnessScript: hexOf(witnessScript),
      tapInternalKey: hexOf(tapInternalKey),
      derivations: derivations.map(({ key, fingerprint }) => `${toHex(key)} ${fingerprint}`),
    })),
  };
}

type Attempt<T> = { readonly read: T } | { readonly error: string };

function attempt<T>(read: () => T): Attempt<T> {
  try {
    return { read: read() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : 'unknown' };
  }
}

function compare(bytes: Uint8Array, version: 0 | 2): 'read' | 'refused' {
  const own = attempt(() => readPsbt(bytes));
  const scure = attempt(() => scures(bytes, version));
  if ('error' in own) {
    if ('read' in scure)
      expect(own.error).toMatch(/is not the hash of its value|more than (64 entries|200|500|4194304)/);
    return 'refused';
  }
  const { read } = own;
  if ('read' in scure) {
    expect(scure.read).toEqual(ours(read));
  } else {
    const negative = read.transaction.outputs.some(({ amount }) => amount > maxMoney);
    if (read.beyond.length === 0 && !negative) expect(scure.error).toMatch(/square root|not on curve/);
  }
  if (version === 0) expect(attempt(() => librarys(bytes))).toEqual({ read: likeLibrary(read) });
  return 'read';
}

const coin = fc.record({
  branch: fc.constantFrom(0, 1),
  index: fc.nat(3),
  amount: fc.bigInt({ min: 10_000n, max: 10_000_000n }),
  vout: fc.nat(2),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
  witnessed: fc.boolean(),
});
const requests: fc.Arbitrary<Request> = fc.record({
  coins: fc.array(coin, { minLength: 1, maxLength: 3 }),
  outputs: fc.array(
    fc.oneof(
      fc.record({ script: fc.constantFrom(...Object.values(recipients)), amount: fc.bigInt({ min: 0n, max: 3000n }) }),
      fc.record({ index: fc.nat(3), branch: fc.constantFrom(0, 1), amount: fc.bigInt({ min: 546n, max: 3000n }) }),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  version: fc.constantFrom(1, 2, 3),
  lockTime: fc.integer({ min: 0, max: 0xffff_ffff }),
});

describe.each(scriptTypes)('PSBTs of %s', (script) => {
  const wallet = walletOf({ script, chain: regtest });
  const version = fc.constantFrom<0 | 2>(0, 2);

  it('B4: are read by three readers as the same', () => {
    fc.assert(
      fc.property(requests, version, (request, of) => {
        expect(compare(psbtOf(wallet, request, of), of)).toBe('read');
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  it('B4: are read alike or refused alike when bytes of them change', () => {
    const counts = { read: 0, refused: 0 };
    const flips = fc.array(fc.tuple(fc.noBias(fc.nat(9_999)), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 2,
    });
    // One PSBT changed in many ways: making it takes longer than reading it.
    fc.assert(
      fc.property(requests, version, fc.array(flips, { minLength: 40, maxLength: 40 }), (request, of, changes) => {
        const good = psbtOf(wallet, request, of);
        for (const change of changes) {
          const bytes = good.slice();
          for (const [where, flip] of change) {
            const at = Math.floor((where * good.length) / 10_000);
            bytes[at] = (bytes[at] ?? 0) ^ flip;
          }
          counts[compare(bytes, of)] += 1;
          // Whatever is signed was read.
          if (decodeUnsigned(bytes, wallet).ok) expect('read' in attempt(() => readPsbt(bytes))).toBe(true);
        }
      }),
      { numRuns: 6, endOnFailure: true },
    );
    // Both happen, or nothing was compared.
    expect(counts.read).toBeGreaterThan(60);
    expect(counts.refused).toBeGreaterThan(10);
  });

  it('B4: are refused by all when they are cut off, wherever', () => {
    const request: Request = {
      coins: [{ branch: 0, index: 1, amount: 10_000n }],
      outputs: [{ index: 2, amount: 9_000n }],
    };
    for (const of of [0, 2] as const) {
      const good = psbtOf(wallet, request, of);
      for (let end = 0; end < good.length; end += 7) {
        expect(() => readPsbt(good.subarray(0, end))).toThrow(/cannot be decoded whole/);
        expect(() => scures(good.subarray(0, end), of)).toThrow();
      }
      expect(() => readPsbt(Uint8Array.of(...good, 0))).toThrow('1 bytes after the end');
    }
  });
});
