import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { schnorr } from '@noble/curves/secp256k1.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { RawTx, Transaction } from '@scure/btc-signer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  legacySighash,
  outputBytes,
  publicKeyHashCode,
  segwitSighash,
  sighash,
  taprootSighash,
  uint32,
} from '../../../simulators/ledger/apps/bitcoin/signing/sighash.ts';

interface Coin {
  readonly amount: bigint;
  readonly script: Uint8Array;
}

const uint64 = (n: bigint): Uint8Array => new Uint8Array(new BigUint64Array([n]).buffer);

/** A transaction taken apart as the app's host hands it over. */
function parts(raw: Uint8Array, coins: readonly Coin[] = []) {
  const tx = RawTx.decode(raw);
  const inputs = tx.inputs.map(({ txid, index, sequence }) => ({
    outpoint: concatBytes(Uint8Array.from(txid).reverse(), uint32(index)),
    sequence: uint32(sequence),
  }));
  const outputs = tx.outputs.map(({ amount, script }) => outputBytes(uint64(amount), script));
  const hashes = {
    prevouts: sha256(concatBytes(...inputs.map(({ outpoint }) => outpoint))),
    sequences: sha256(concatBytes(...inputs.map(({ sequence }) => sequence))),
    amounts: sha256(concatBytes(...coins.map(({ amount }) => uint64(amount)))),
    scripts: sha256(concatBytes(...coins.map(({ script }) => outputBytes(new Uint8Array(0), script)))),
    outputs: sha256(concatBytes(...outputs)),
  };
  return { frame: { version: uint32(tx.version), locktime: uint32(tx.lockTime) }, inputs, outputs, hashes };
}

type Parts = ReturnType<typeof parts>;
const at = <T>(list: readonly T[], i: number): T => {
  const item = list[i];
  if (item === undefined) throw new RangeError(`no item ${i}`);
  return item;
};

const segwit = ({ frame, hashes, inputs, outputs }: Parts, i: number, type: number, code: Uint8Array, amount: bigint) =>
  segwitSighash(frame, hashes, { ...at(inputs, i), scriptCode: code, amount: uint64(amount) }, type, outputs[i]);

function taproot({ frame, hashes, inputs, outputs }: Parts, i: number, type: number, coin: Coin, leaf?: Uint8Array) {
  const own = {
    input: (type & 0x80) === 0 ? undefined : { ...at(inputs, i), amount: uint64(coin.amount), script: coin.script },
    output: (type & 3) === sighash.single ? at(outputs, i) : undefined,
  };
  return taprootSighash(frame, hashes, i, type, own, leaf);
}

describe('BIP-143: the examples of the standard', () => {
  it('native P2WPKH', () => {
    const transaction = parts(
      hexToBytes(
        '0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000',
      ),
    );
    const code = publicKeyHashCode(hexToBytes('1d0f172a0ecb48aee1be1f2687d2963ae33f71a1'));
    expect(bytesToHex(segwit(transaction, 1, sighash.all, code, 600_000_000n))).toBe(
      'c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670',
    );
  });

  it('P2WPKH in P2SH', () => {
    const transaction = parts(
      hexToBytes(
        '0100000001db6b1b20aa0fd7b23880be2ecbd4a98130974cf4748fb66092ac4d3ceb1a54770100000000feffffff02b8b4eb0b000000001976a914a457b684d7f0d539a46a45bbc043f35b59d0d96388ac0008af2f000000001976a914fd270b1ee6abcaea97fea7ad0402e8bd8ad6d77c88ac92040000',
      ),
    );
    const code = publicKeyHashCode(hexToBytes('79091972186c449eb1ded22b78e40d009bdf0089'));
    expect(bytesToHex(segwit(transaction, 0, sighash.all, code, 1_000_000_000n))).toBe(
      '64f3b0f4dd2bb3aa1ce8566d220cc74dda9df97d8490cc81d89d735c92e59fb6',
    );
  });

  it.each([
    [0x01, '185c0be5263dce5b4bb50a047973c1b6272bfbd0103a89444597dc40b248ee7c'],
    [0x02, 'e9733bc60ea13c95c6527066bb975a2ff29a925e80aa14c213f686cbae5d2f36'],
    [0x03, '1e1f1c303dc025bd664acb72e583e933fae4cff9148bf78c157d1e8f78530aea'],
    [0x81, '2a67f03e63a6a422125878b40b82da593be8d4efaafe88ee528af6e5a9955c6e'],
    [0x82, '781ba15f3779d5542ce8ecb5c18716733a5ee42a6f51488ec96154934e2c890a'],
    [0x83, '511e8e52ed574121fc1b654970395502128263f62662e076dc6baf05c2e6a99b'],
  ])('6-of-6 P2WSH in P2SH, SIGHASH %i', (type, hash) => {
    const transaction = parts(
      hexToBytes(
        '010000000136641869ca081e70f394c6948e8af409e18b619df2ed74aa106c1ca29787b96e0100000000ffffffff0200e9a435000000001976a914389ffce9cd9ae88dcc0631e88a821ffdbe9bfe2688acc0832f05000000001976a9147480a33f950689af511e6e84c138dbbd3c3ee41588ac00000000',
      ),
    );
    const script = hexToBytes(
      '56210307b8ae49ac90a048e9b53357a2354b3334e9c8bee813ecb98e99a7e07e8c3ba32103b28f0c28bfab54554ae8c658ac5c3e0ce6e79ad336331f78c428dd43eea8449b21034b8113d703413d57761b8b9781957b8c0ac1dfe69f492580ca4195f50376ba4a21033400f6afecb833092a9a21cfdf1ed1376e58c5d1f47de74683123987e967a8f42103a6d48b1131e94ba04d9737d61acdaa1322008af9602b3b14862c07a1789aac162102d8b661b0b3302ee2f162b09e07a55ad5dfbe673a9f01d9f0c19617681024306b56ae',
    );
    expect(bytesToHex(segwit(transaction, 0, type, script, 987_654_321n))).toBe(hash);
  });
});

const file = join(
  resolve(import.meta.dirname, '../../..', process.env['PORTCULLIS_VECTORS'] ?? '../shared/vectors'),
  'bitcoin/bip-0341-wallet-test-vectors.json',
);
const missing = !existsSync(file);

interface WalletVectors {
  readonly keyPathSpending: readonly {
    readonly given: {
      readonly rawUnsignedTx: string;
      readonly utxosSpent: readonly { readonly scriptPubKey: string; readonly amountSats: number }[];
    };
    readonly inputSpending: readonly {
      readonly given: { readonly txinIndex: number; readonly hashType: number };
      readonly intermediary: { readonly sigHash: string };
    }[];
  }[];
}

describe.skipIf(missing)(`BIP-341: wallet-test-vectors.json${missing ? ` (skipped: no ${file})` : ''}`, () => {
  const { keyPathSpending }: WalletVectors = missing ? { keyPathSpending: [] } : JSON.parse(readFileSync(file, 'utf8'));

  it.each(
    keyPathSpending.flatMap(({ given, inputSpending }) => inputSpending.map((spending) => ({ given, spending }))),
  )('input $spending.given.txinIndex, SIGHASH $spending.given.hashType', ({ given, spending }) => {
    const coins = given.utxosSpent.map(({ scriptPubKey, amountSats }) => ({
      script: hexToBytes(scriptPubKey),
      amount: BigInt(amountSats),
    }));
    const { txinIndex, hashType } = spending.given;
    const hash = taproot(parts(hexToBytes(given.rawUnsignedTx), coins), txinIndex, hashType, at(coins, txinIndex));
    expect(bytesToHex(hash)).toBe(spending.intermediary.sigHash);
  });
});

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyScript = fc.uint8Array({ minLength: 1, maxLength: 300 });
const anyAmount = fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n });
const anyTransaction = fc.record({
  version: fc.integer({ min: 1, max: 3 }),
  lockTime: fc.nat(0xffffffff),
  inputs: fc.array(
    fc.record({
      txid: bytes(32),
      index: fc.nat(0xffffffff),
      sequence: fc.nat(0xffffffff),
      finalScriptSig: fc.constant(new Uint8Array(0)),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  outputs: fc.array(fc.record({ amount: anyAmount, script: anyScript }), { minLength: 6, maxLength: 8 }),
  coins: fc.array(fc.record({ amount: anyAmount, script: anyScript }), { minLength: 6, maxLength: 6 }),
  pick: fc.nat(),
});

describe('what is signed is what @scure/btc-signer signs', () => {
  const lax = { allowUnknownInputs: true, allowUnknownOutputs: true, disableScriptCheck: true } as const;
  const raw = ({
    version,
    lockTime,
    inputs,
    outputs,
  }: {
    version: number;
    lockTime: number;
    inputs: unknown;
    outputs: unknown;
  }) => RawTx.encode({ version, lockTime, inputs, outputs, segwitFlag: false, witnesses: undefined } as never);

  it.each([0x01, 0x02, 0x03, 0x81, 0x82, 0x83])('BIP-143, SIGHASH %i', (type) => {
    fc.assert(
      fc.property(anyTransaction, (any) => {
        const encoded = raw(any);
        const index = any.pick % any.inputs.length;
        const { script, amount } = at(any.coins, index);
        const theirs = Transaction.fromRaw(encoded, lax).preimageWitnessV0(index, script, type, amount);
        expect(segwit(parts(encoded), index, type, script, amount)).toEqual(theirs);
      }),
    );
  });

  it.each([0x00, 0x01, 0x02, 0x03, 0x81, 0x82, 0x83])('BIP-341 and BIP-342, SIGHASH %i', (type) => {
    fc.assert(
      fc.property(anyTransaction, fc.option(anyScript, { nil: undefined }), (any, leaf) => {
        const encoded = raw(any);
        const index = any.pick % any.inputs.length;
        const coins = any.coins.slice(0, any.inputs.length);
        const theirs = Transaction.fromRaw(encoded, lax).preimageWitnessV1(
          index,
          coins.map(({ script }) => script),
          type,
          coins.map(({ amount }) => amount),
          undefined,
          leaf,
        );
        const leafHash =
          leaf === undefined ? undefined : schnorr.utils.taggedHash('TapLeaf', outputBytes(Uint8Array.of(0xc0), leaf));
        expect(taproot(parts(encoded, coins), index, type, at(coins, index), leafHash)).toEqual(theirs);
      }),
    );
  });

  it('before SegWit', () => {
    fc.assert(
      fc.property(anyTransaction, (any) => {
        const encoded = raw(any);
        const index = any.pick % any.inputs.length;
        const script = publicKeyHashCode(sha256(at(any.coins, index).script).subarray(12));
        const { frame, inputs, outputs } = parts(encoded);
        const transaction: { preimageLegacy?: unknown } = Transaction.fromRaw(encoded, lax) as never;
        const { preimageLegacy } = transaction;
        if (typeof preimageLegacy !== 'function') throw new TypeError('preimageLegacy is gone');
        const theirs: unknown = preimageLegacy.call(transaction, index, script, sighash.all);
        expect(legacySighash(frame, inputs, index, script, outputs)).toEqual(theirs);
      }),
    );
  });
});
