import { RawTx, Transaction } from '@scure/btc-signer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUnsigned, scriptOfAddress } from '../../../src/chains/bitcoin/index.ts';
import { dustLimit } from '../../../src/chains/bitcoin/output.ts';
import { largestPsbt } from '../../../src/chains/bitcoin/psbt.ts';
import { virtualSize } from '../../../src/chains/bitcoin/size.ts';
import { type Decoded, type DerivedScriptWallet, type Reason, scriptTypes, toHex } from '../../../src/domain/index.ts';
import { type Changes, type Coin, psbtOf, type Request, recipients } from './requests.ts';
import { mainnet, regtest, walletOf } from './wallets.ts';

const wpkh = walletOf({ script: 'wpkh', chain: regtest });
const coins: readonly Coin[] = [
  { branch: 0, index: 3, amount: 100_000n, vout: 1 },
  { branch: 1, index: 7, amount: 50_000n, witnessed: true },
];
const request: Request = {
  coins,
  outputs: [
    { script: recipients.wpkh, amount: 60_000n },
    { index: 9, amount: 65_000n },
    { script: recipients.pkh, amount: 20_000n },
  ],
};

function decoded(wallet: DerivedScriptWallet, of: Request = request, version: 0 | 2 = 0, changes: Changes = {}) {
  const result = decodeUnsigned(psbtOf(wallet, of, version, changes), wallet);
  if (!result.ok) throw new Error(`${result.reason}: ${result.message}`);
  return result;
}

function refusal(result: Decoded): { reason: Reason; message: string } {
  if (result.ok) throw new Error('it was not refused');
  return result;
}

describe('decodeUnsigned', () => {
  for (const script of scriptTypes) {
    for (const chain of [mainnet, regtest]) {
      it(`I2: says what a PSBT of ${script} on ${chain} does, the same in versions 0 and 2`, () => {
        const wallet = walletOf({ script, chain });
        const result = decoded(wallet, request);
        const { effects, transaction } = result;
        expect(effects.payments.map(({ amount, weight }) => [amount, weight])).toEqual([
          [60_000n, 4n * 31n],
          [20_000n, 4n * 34n],
        ]);
        expect(effects.payments.map(({ destination }) => scriptOfAddress(destination))).toEqual([
          recipients.wpkh,
          recipients.pkh,
        ]);
        expect(effects).toMatchObject({
          chain,
          change: [{ index: 9, amount: 65_000n }],
          maxFee: 5_000n,
          nonce: undefined,
          lock: undefined,
          accessListEntries: 0,
        });
        expect(effects.priorityFeeRate).toBe(effects.feeRate);
        for (const { asset } of effects.payments) expect(asset).toBe(`${chain}/slip44:${chain === mainnet ? 0 : 1}`);
        const second = decoded(wallet, request, 2);
        expect(second).toEqual(result);
        expect(transaction.unsigned).toEqual(Transaction.fromPSBT(psbtOf(wallet, request)).unsignedTx);
      });

      it(`I9: decodes its own PSBT of ${script} on ${chain} to the same again`, () => {
        const wallet = walletOf({ script, chain });
        const result = decoded(wallet);
        expect(decodeUnsigned(result.transaction.psbt ?? new Uint8Array(), wallet)).toEqual(result);
      });
    }
  }

  it('I4: anchors are all outpoints, by (txid as shown, number)', () => {
    const many: Request = {
      coins: Array.from({ length: 12 }, (_, i) => ({ branch: 0, index: i, amount: 10_000n, vout: (i * 7) % 12 })),
      outputs: [{ script: recipients.wpkh, amount: 60_000n }],
    };
    const transaction = Transaction.fromPSBT(psbtOf(wpkh, many));
    const expected = Array.from({ length: transaction.inputsLength }, (_, i) => {
      const { txid = new Uint8Array(), index = -1 } = transaction.getInput(i);
      return { txid: toHex(txid), index };
    });
    expected.sort((a, b) => (a.txid < b.txid ? -1 : a.txid > b.txid ? 1 : a.index - b.index));
    expect(decoded(wpkh, many).effects.anchors).toEqual(expected.map(({ txid, index }) => `outpoint:${txid}:${index}`));
  });

  it('I4: two outputs of one transaction are ordered by number, not by how it is written', () => {
    const script = walletScript();
    const previous = RawTx.encode({
      version: 2,
      segwitFlag: false,
      inputs: [{ txid: new Uint8Array(32).fill(9), index: 0, finalScriptSig: new Uint8Array(1), sequence: 0 }],
      outputs: Array.from({ length: 12 }, () => ({ amount: 10_000n, script })),
      lockTime: 0,
    });
    const txid = Transaction.fromRaw(previous).id;
    const both: Request = {
      coins: [
        { branch: 0, index: 0, amount: 10_000n },
        { branch: 0, index: 0, amount: 10_000n },
      ],
      outputs: [{ script: recipients.wpkh, amount: 12_000n }],
    };
    const changes: Changes = {
      input: (input, i) => ({
        ...input,
        txid,
        index: [10, 9][i] ?? 0,
        nonWitnessUtxo: previous,
        witnessUtxo: { script, amount: 10_000n },
      }),
    };
    expect(decoded(wpkh, both, 0, changes).effects.anchors).toEqual([`outpoint:${txid}:9`, `outpoint:${txid}:10`]);
  });

  it('the same transaction has the same PSBT of the station’s own, whatever else the request says of it', () => {
    const plain = decoded(wpkh);
    const more = decoded(wpkh, request, 2, {
      input: (input, i) => {
        const { witnessUtxo, ...rest } = input;
        return i === 0 ? { ...rest, sighashType: 1 } : input;
      },
      // Who is paid is none of the signers' concern.
      output: (output, i) =>
        i === 0
          ? { ...output, bip32Derivation: [[new Uint8Array(33).fill(2), { fingerprint: 1, path: [5] }]] }
          : output,
    });
    expect(more).toEqual(plain);
    // A previous transaction with its witnesses or without: its name is the same.
    const bare = decoded(wpkh, request, 0, {
      input: (input) => {
        const { nonWitnessUtxo, ...rest } = input;
        if (!(nonWitnessUtxo instanceof Uint8Array)) return input;
        const raw = RawTx.decode(nonWitnessUtxo);
        return { ...rest, nonWitnessUtxo: RawTx.encode({ ...raw, segwitFlag: false, witnesses: undefined }) };
      },
    });
    expect(bare).toEqual(plain);
  });

  it('what two scripts of one wallet spend may lie at any place of its receive and change branches', () => {
    const far: Request = {
      coins: [{ branch: 0, index: 2 ** 31 - 1, amount: 100_000n }],
      outputs: [{ index: 2 ** 31 - 1, amount: 90_000n }],
    };
    expect(decoded(wpkh, far).effects.change).toEqual([{ index: 2 ** 31 - 1, amount: 90_000n }]);
  });

  it('a multisig input may name fewer keys than the wallet has: its script proves them all', () => {
    const multi = walletOf({ script: 'wsh-sortedmulti', chain: regtest });
    const fewer = decoded(multi, request, 0, {
      input: (input) => ({ ...input, bip32Derivation: (input.bip32Derivation ?? []).slice(0, 1) }),
      output: (output) => ({ ...output, bip32Derivation: (output.bip32Derivation ?? []).slice(1, 2) }),
    });
    expect(fewer).toEqual(decoded(multi));
  });

  it('extended keys of the whole PSBT say nothing that the descriptor doesn’t, and are left out', () => {
    // BIP-174, PSBT_GLOBAL_XPUB: 01 and 78 bytes; a fingerprint and a path.
    const bytes = psbtOf(wpkh, request);
    const xpub = Uint8Array.of(79, 1, ...new Uint8Array(78).fill(4), 8, 1, 2, 3, 4, 5, 0, 0, 0x80);
    const body = bytes.subarray(5);
    const end = endOfMap(body);
    const more = Uint8Array.of(...bytes.subarray(0, 5 + end), ...xpub, ...body.subarray(end));
    expect(decodeUnsigned(more, wpkh)).toEqual(decoded(wpkh));
  });

  describe('bounds', () => {
    it('at most 4 MiB', () => {
      const bytes = new Uint8Array(largestPsbt + 1);
      bytes.set(psbtOf(wpkh, request));
      expect(refusal(decodeUnsigned(bytes, wpkh)).message).toContain(`more than ${largestPsbt}`);
    });

    it('at most 200 inputs and 500 outputs', () => {
      const coin = (i: number) => ({ branch: 0, index: i % 5, amount: 10_000n });
      const at = (inputs: number, outputs: number): Request => ({
        coins: Array.from({ length: inputs }, (_, i) => coin(i)),
        outputs: Array.from({ length: outputs }, () => ({ script: recipients.wpkh, amount: 294n })),
      });
      expect(decoded(wpkh, at(200, 500)).effects.payments).toHaveLength(500);
      expect(refusal(decodeUnsigned(psbtOf(wpkh, at(201, 1)), wpkh))).toMatchObject({
        reason: 'transaction-undecodable',
        message: expect.stringContaining('201 inputs, more than 200'),
      });
      expect(refusal(decodeUnsigned(psbtOf(wpkh, at(20, 501)), wpkh))).toMatchObject({
        reason: 'transaction-undecodable',
        message: expect.stringContaining('501 outputs, more than 500'),
      });
    });

    it('what nodes relay: 400000 units of weight', () => {
      const size = (length: number, inputs: number) => () => virtualSize(new Uint8Array(length), inputs, wpkh);
      // Each input has 108 bytes of witness, and the transaction 2 of marker.
      expect(size(99_972, 1)()).toBe(Math.ceil((4 * 99_972 + 110) / 4));
      expect(size(99_973, 1)).toThrow('it could weigh 400002 units');
    });

    it.each([0, 3, -1])('version %i of a transaction is not signed', (version) => {
      expect(refusal(decodeUnsigned(psbtOf(wpkh, { ...request, version }), wpkh))).toMatchObject({
        reason: 'transaction-undecodable',
        message: expect.stringContaining(`of version ${version >>> 0}; 1 and 2 are signed here`),
      });
    });

    it('no inputs, or no outputs, are no transaction', () => {
      expect(refusal(decodeUnsigned(psbtOf(wpkh, { ...request, coins: [] }), wpkh)).message).toContain(
        'it has no inputs',
      );
      expect(refusal(decodeUnsigned(psbtOf(wpkh, { ...request, outputs: [] }), wpkh)).message).toContain(
        'it has no outputs',
      );
    });

    it('outputs beyond the inputs', () => {
      const outputs = [{ script: recipients.wpkh, amount: 150_001n }];
      expect(refusal(decodeUnsigned(psbtOf(wpkh, { ...request, outputs }), wpkh))).toMatchObject({
        reason: 'transaction-undecodable',
        message: expect.stringContaining('its outputs have 150001 sat, and its inputs 150000'),
      });
    });

    it('amounts beyond what there is, which could wrap', () => {
      const outputs = [{ script: recipients.wpkh, amount: 2n ** 63n - 1n }];
      expect(refusal(decodeUnsigned(psbtOf(wpkh, { ...request, outputs }), wpkh)).message).toContain(
        'more than there are',
      );
      const rich = { ...request, coins: [{ branch: 0, index: 0, amount: 2_100_000_000_000_001n }] };
      expect(refusal(decodeUnsigned(psbtOf(wpkh, rich), wpkh)).message).toContain(
        'input 0 spends 2100000000000001 sat',
      );
    });
  });

  it('dust limits are Bitcoin Core’s', () => {
    const limits = Object.fromEntries(Object.entries(recipients).map(([type, script]) => [type, dustLimit(script)]));
    // `GetDustThreshold` at 3000 sat per kvB.
    expect(limits).toEqual({ pkh: 546n, sh: 540n, wpkh: 294n, wsh: 330n, tr: 330n });
  });

  it('never throws, for any bytes of any length', () => {
    const good = psbtOf(wpkh, request);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((tail) => Uint8Array.of(...good.subarray(0, 5), ...tail)),
      fc.nat(good.length).map((end) => good.slice(0, end)),
      fc
        .array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 })
        .map((flips) => flips.reduce((all, [at, flip]) => all.with(at, (all[at] ?? 0) ^ flip), good)),
    );
    fc.assert(
      fc.property(bytes, (some) => {
        const result = decodeUnsigned(some, wpkh);
        if (!result.ok) expect(result.message).toMatch(/^[\x20-\x7e’…]+$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('a megabyte of nothing, of unknown keys, of empty maps, of counts without what they count: a reason each', () => {
    const size = 1024 * 1024;
    const head = [0x70, 0x73, 0x62, 0x74, 0xff];
    const filled = (start: readonly number[], byte: number) => {
      const all = new Uint8Array(size).fill(byte);
      all.set(start);
      return all;
    };
    const unknown = new Uint8Array(size);
    unknown.set(head);
    for (let at = 5, n = 0; at + 7 <= size - 1; at += 7, n += 1) unknown.set([5, 0xf0, n, n >> 8, n >> 16, 0, 0], at);
    const version2 = [
      ...head,
      1,
      2,
      4,
      2,
      0,
      0,
      0,
      1,
      4,
      5,
      0xfe,
      255,
      255,
      255,
      255,
      1,
      5,
      1,
      1,
      1,
      0xfb,
      4,
      2,
      0,
      0,
      0,
    ];
    const hostile = [
      new Uint8Array(size),
      filled(head, 0),
      filled(head, 0xff),
      filled(head, 1),
      unknown,
      filled([...version2, 0], 0),
      // An unsigned transaction that counts 2^32 - 1 inputs.
      filled([...head, 1, 0, 0xfe, 0xe0, 0xff, 0x0f, 0, 2, 0, 0, 0, 0xfe, 255, 255, 255, 255], 0),
      // One of a megabyte of outputs with empty scripts.
      filled([...head, 1, 0, 0xfe, 0xe0, 0xff, 0x0f, 0, 2, 0, 0, 0, 0, 0xfe, 255, 255, 255, 255], 0),
    ];
    for (const bytes of hostile) expect(refusal(decodeUnsigned(bytes, wpkh)).reason).toBe('transaction-undecodable');
  });
});

/** Offset of a map's separator. */
function endOfMap(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] !== 0) {
    at += 1 + (bytes[at] ?? 0);
    at += 1 + (bytes[at] ?? 0);
  }
  return at;
}

function walletScript(): Uint8Array {
  const transaction = Transaction.fromPSBT(
    psbtOf(wpkh, { coins: [{ branch: 0, index: 0, amount: 1000n }], outputs: [{ index: 0, amount: 500n }] }),
  );
  return transaction.getInput(0).witnessUtxo?.script ?? new Uint8Array();
}
