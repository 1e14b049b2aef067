import { schnorr } from '@noble/curves/secp256k1.js';
import { Transaction as Scure } from '@scure/btc-signer';
import { Transaction as Library } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Sighashes } from '../../../src/chains/bitcoin/sighash.ts';
import { verifySchnorr } from '../../../src/chains/bitcoin/signature.ts';
import type { Spend } from '../../../src/chains/bitcoin/spend.ts';
import { readUnsigned, type Transaction, writeUnsigned } from '../../../src/chains/bitcoin/transaction.ts';
import { scriptAt } from '../../../src/chains/bitcoin/wallet-script.ts';
import { type ScriptType, scriptTypes, toHex } from '../../../src/domain/index.ts';
import { bytesOf } from './requests.ts';
import { readVectors, vectorsMissing, whySkipped } from './vectors.ts';
import { regtest, walletOf } from './wallets.ts';

function spendsOf(transaction: Transaction, script: ScriptType, amounts: readonly bigint[]): Spend[] {
  const wallet = walletOf({ script, chain: regtest });
  return transaction.inputs.map((input, i) => {
    const at = scriptAt(wallet, 0, i);
    const output = { amount: amounts[i] ?? 0n, script: at.script };
    return { input, output, branch: 0, index: i, at, previous: undefined };
  });
}

/** BIP-143's script code, or the script that a legacy signature stands for. */
function codeOf({ at }: Spend): Uint8Array {
  if (at.witnessScript !== undefined) return at.witnessScript;
  const program = at.redeemScript ?? at.script;
  return program.length === 22 ? bytesOf(`76a914${toHex(program.subarray(2))}88ac`) : program;
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const amounts = fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const transactions = fc.record({
  version: fc.constantFrom(1, 2, 0xffff_ffff),
  inputs: fc.array(fc.record({ txid: bytes(32), vout: u32, sequence: u32 }), { minLength: 1, maxLength: 6 }),
  outputs: fc.array(fc.record({ amount: amounts, script: fc.uint8Array({ maxLength: 300 }) }), {
    minLength: 1,
    maxLength: 6,
  }),
  lockTime: u32,
});

describe('sighashes', () => {
  it.each(scriptTypes)('are those of bitcoinjs-lib and @scure/btc-signer for %s', (script) => {
    fc.assert(
      fc.property(transactions, fc.array(amounts, { minLength: 6, maxLength: 6 }), (transaction, values) => {
        const raw = writeUnsigned(transaction);
        const spends = spendsOf(transaction, script, values);
        const own = new Sighashes(transaction, spends, script);
        const library = Library.fromBuffer(raw);
        const scure = Scure.fromRaw(raw, {
          allowUnknownOutputs: true,
          allowUnknownInputs: true,
          allowUnknownVersion: true,
          disableScriptCheck: true,
        });
        const scripts = spends.map(({ output }) => output.script);
        const spent = spends.map(({ output }) => output.amount);
        for (const [i, spend] of spends.entries()) {
          const { amount } = spend.output;
          switch (script) {
            case 'pkh':
              // @scure keeps its own to itself; the signatures in signed.test.ts are made over it.
              expect(own.of(i, 1)).toEqual(library.hashForSignature(i, spend.output.script, 1));
              break;
            case 'tr':
              for (const type of [0, 1]) {
                expect(own.of(i, type)).toEqual(library.hashForWitnessV1(i, scripts, spent, type));
                expect(own.of(i, type)).toEqual(scure.preimageWitnessV1(i, scripts, type, spent));
              }
              break;
            default:
              expect(own.of(i, 1)).toEqual(library.hashForWitnessV0(i, codeOf(spend), amount, 1));
              expect(own.of(i, 1)).toEqual(scure.preimageWitnessV0(i, codeOf(spend), 1, amount));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are BIP-143’s for its native P2WPKH example', () => {
    const transaction = readUnsigned(
      bytesOf(
        '0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000',
      ),
    );
    const script = bytesOf('00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1');
    const spends = transaction.inputs.map((input): Spend => {
      const at = { script, redeemScript: undefined, witnessScript: undefined, keys: [], internalKey: undefined };
      return { input, output: { amount: 600_000_000n, script }, branch: 0, index: 0, at, previous: undefined };
    });
    expect(toHex(new Sighashes(transaction, spends, 'wpkh').of(1, 1))).toBe(
      'c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670',
    );
  });
});

interface Wanted {
  readonly given: {
    readonly rawUnsignedTx: string;
    readonly utxosSpent: readonly { readonly scriptPubKey: string; readonly amountSats: number }[];
  };
  readonly inputSpending: readonly {
    readonly given: { readonly txinIndex: number; readonly hashType: number };
    readonly intermediary: { readonly sigHash: string };
  }[];
}

describe.skipIf(vectorsMissing)(`BIP-341’s wallet vectors${whySkipped}`, () => {
  const read = (): Wanted[] =>
    vectorsMissing ? [] : JSON.parse(readVectors('bip-0341-wallet-test-vectors.json')).keyPathSpending;
  for (const { given, inputSpending } of read()) {
    const transaction = readUnsigned(bytesOf(given.rawUnsignedTx));
    const spends = transaction.inputs.map((input, i): Spend => {
      const { scriptPubKey = '', amountSats = 0 } = given.utxosSpent[i] ?? {};
      const output = { amount: BigInt(amountSats), script: bytesOf(scriptPubKey) };
      const at = {
        script: output.script,
        redeemScript: undefined,
        witnessScript: undefined,
        keys: [],
        internalKey: undefined,
      };
      return { input, output, branch: 0, index: 0, at, previous: undefined };
    });
    for (const { given: of, intermediary } of inputSpending) {
      const { txinIndex, hashType } = of;
      // The station signs ALL and DEFAULT: NONE, SINGLE and ANYONECANPAY have no digest here (B3).
      if (hashType > 1) continue;
      test(`input ${txinIndex} signs what type ${hashType} says`, () => {
        expect(toHex(new Sighashes(transaction, spends, 'tr').of(txinIndex, hashType))).toBe(intermediary.sigHash);
      });
    }
  }
});

describe.skipIf(vectorsMissing)(`BIP-340’s vectors${whySkipped}`, () => {
  const rows = (vectorsMissing ? '' : readVectors('bip-0340-test-vectors.csv')).trim().split('\n').slice(1);
  test.each(rows.map((row) => row.trim().split(',')))(
    'vector %s',
    (_index, _secret, key, _aux, message, signature, result) => {
      const [m, s, p] = [bytesOf(message ?? ''), bytesOf(signature ?? ''), bytesOf(key ?? '')];
      expect(verifySchnorr(s, m, p)).toBe(result === 'TRUE');
      expect(schnorr.verify(s, m, p)).toBe(result === 'TRUE');
    },
  );
});

it('I7: Schnorr signatures are judged as @noble/curves judges them, mutated ones too', () => {
  fc.assert(
    fc.property(bytes(32), bytes(32), fc.nat(95), fc.integer({ min: 0, max: 255 }), (secret, message, at, flip) => {
      fc.pre(BigInt(`0x${toHex(secret)}`) > 0n && (secret[0] ?? 255) < 255);
      const whole = Uint8Array.of(...schnorr.sign(message, secret), ...schnorr.getPublicKey(secret));
      const changed = whole.map((byte, i) => (i === at ? byte ^ flip : byte));
      const [signature, key] = [changed.subarray(0, 64), changed.subarray(64)];
      expect(verifySchnorr(signature, message, key)).toBe(schnorr.verify(signature, message, key));
    }),
    { numRuns: 100 },
  );
});
