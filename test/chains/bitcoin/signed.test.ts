import { secp256k1 } from '@noble/curves/secp256k1.js';
import { Transaction as Scure } from '@scure/btc-signer';
import { Transaction as Library } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpreted } from '../../../simulators/demo/script-interpreter.ts';
import { lookAgain } from '../../../src/chains/bitcoin/assembled.ts';
import { judge } from '../../../src/chains/bitcoin/decode.ts';
import { assembleSigned, checkPart, decodeUnsigned } from '../../../src/chains/bitcoin/index.ts';
import { dustLimit } from '../../../src/chains/bitcoin/output.ts';
import {
  type DerivedScriptWallet,
  encodeSignatures,
  type InputSignature,
  Refusal,
  type ScriptType,
  type SignaturePart,
  scriptTypes,
  toHex,
  type UnsignedTransaction,
} from '../../../src/domain/index.ts';
import { type Coin, partOf, placeAt, psbtOf, type Request, recipients, signaturesOf, type Wanted } from './requests.ts';
import { regtest, walletOf } from './wallets.ts';

const wallets = Object.fromEntries(scriptTypes.map((script) => [script, walletOf({ script, chain: regtest })]));

function walletWith(script: ScriptType): DerivedScriptWallet {
  const wallet = wallets[script];
  if (wallet === undefined) throw new Error(`no wallet of ${script}`);
  return wallet;
}

function permitted(
  wallet: DerivedScriptWallet,
  request: Request,
  version: 0 | 2 = 0,
): UnsignedTransaction & { psbt: Uint8Array } {
  const result = decodeUnsigned(psbtOf(wallet, request, version), wallet);
  if (!result.ok) throw new Error(result.message);
  const { unsigned, psbt } = result.transaction;
  if (psbt === null) throw new Error('no PSBT');
  return { unsigned, psbt };
}

const spentBy = (wallet: DerivedScriptWallet, coins: readonly Coin[]) =>
  coins.map(({ branch, index, amount }) => ({ script: placeAt(wallet, branch, index).script, amount }));

const coins: readonly Coin[] = [
  { branch: 0, index: 3, amount: 100_000n, vout: 1 },
  { branch: 1, index: 7, amount: 50_000n, witnessed: true },
];
const request: Request = {
  coins,
  outputs: [
    { script: recipients.wpkh, amount: 60_000n },
    { index: 9, amount: 85_000n },
  ],
};

const coin = fc.record({
  branch: fc.constantFrom(0, 1),
  index: fc.nat(3),
  amount: fc.bigInt({ min: 10_000n, max: 10_000_000n }),
  vout: fc.nat(2),
  sequence: fc.constantFrom(0xffff_ffff, 0xffff_fffe, 0xffff_fffd, 0x8000_0000),
  witnessed: fc.boolean(),
});
const wanted: fc.Arbitrary<Wanted> = fc.oneof(
  fc.record({ script: fc.constantFrom(...Object.values(recipients)), amount: fc.bigInt({ min: 546n, max: 3000n }) }),
  fc.record({ index: fc.nat(3), amount: fc.bigInt({ min: 546n, max: 3000n }) }),
);
const requests: fc.Arbitrary<Request> = fc.record({
  coins: fc.array(coin, { minLength: 1, maxLength: 3 }),
  outputs: fc.array(wanted, { minLength: 1, maxLength: 3 }),
  version: fc.constantFrom(1, 2),
  lockTime: fc.constantFrom(0, 1, 800_000, 1_700_000_000),
});
const signers = fc.shuffledSubarray(['device-1', 'device-2', 'device-3'], { minLength: 2, maxLength: 2 });

describe.each(scriptTypes)('a transaction of %s', (script) => {
  const wallet = walletWith(script);

  it('I7: signed by test keys, whatever it is, assembles to what an independent interpreter takes', () => {
    fc.assert(
      fc.property(
        requests,
        fc.constantFrom<0 | 2>(0, 2),
        signers,
        fc.constantFrom<0 | 1>(0, 1),
        (of, version, two, type) => {
          const transaction = permitted(wallet, of, version);
          const names = script === 'wsh-sortedmulti' ? two : ['device-1'];
          const parts = names.map((signer) => partOf(transaction.psbt, wallet, of.coins, signer, type));
          for (const part of parts) expect(checkPart(transaction, wallet, part)).toMatchObject({ ok: true });
          const assembled = assembleSigned(transaction, parts, wallet);
          if (!assembled.ok) throw new Error(assembled.message);
          expect(interpreted(assembled.raw, spentBy(wallet, of.coins))).toEqual(of.coins.map(() => 'ok'));
          // It does judge: what was spent is in what is signed, or in what the script is.
          const poorer = spentBy(wallet, of.coins).map((one) => ({ ...one, amount: one.amount - 1n }));
          const renamed = spentBy(wallet, of.coins).map((one) => ({ ...one, script: one.script.with(5, 0) }));
          expect(interpreted(assembled.raw, script === 'pkh' ? renamed : poorer)).not.toContain('ok');
          const library = Library.fromBuffer(assembled.raw);
          expect(library.getId()).toBe(assembled.hash);
          const scure = Scure.fromRaw(assembled.raw, { allowUnknownInputs: true, disableScriptCheck: true });
          expect(scure.id).toBe(assembled.hash);
          expect(scure.unsignedTx).toEqual(transaction.unsigned);
          // The order of the parts is nobody's choice.
          expect(assembleSigned(transaction, parts.toReversed(), wallet)).toEqual(assembled);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('its virtual size is estimated from above, by at most two units of weight for each signature', () => {
    const transaction = permitted(wallet, request);
    const names = script === 'wsh-sortedmulti' ? ['device-1', 'device-2'] : ['device-1'];
    const parts = names.map((signer) => partOf(transaction.psbt, wallet, coins, signer));
    const assembled = assembleSigned(transaction, parts, wallet);
    const decoded = decodeUnsigned(transaction.psbt, wallet);
    if (!assembled.ok || !decoded.ok) throw new Error('refused');
    const real = Library.fromBuffer(assembled.raw).virtualSize();
    const { maxFee, effectsRate } = { maxFee: decoded.effects.maxFee, effectsRate: decoded.effects.feeRate };
    const rateOf = (size: number) => (maxFee * 1000n + BigInt(size) - 1n) / BigInt(size);
    const slack = coins.length * names.length * (script === 'pkh' ? 2 : 1);
    expect(effectsRate).toBeLessThanOrEqual(rateOf(real));
    expect(effectsRate).toBeGreaterThanOrEqual(rateOf(real + slack));
  });

  it('I7: neither a signature that is missing nor one that is over is passed on', () => {
    const transaction = permitted(wallet, request);
    const signed = signaturesOf(transaction.psbt, wallet, coins, 'device-1');
    const [first, second] = signed;
    if (first === undefined || second === undefined) throw new Error('nothing is signed');
    const tell = (signatures: readonly InputSignature[]) => {
      const result = checkPart(transaction, wallet, { signer: 'device-1', signature: encodeSignatures(signatures) });
      return result.ok ? 'ok' : result.message;
    };
    expect(tell(signed)).toBe('ok');
    expect(tell([second, first])).toBe('ok');
    expect(tell([])).toBe('it gave 0 signatures, not 2');
    expect(tell([first])).toBe('it gave 1 signatures, not 2');
    expect(tell([first, second, first])).toBe('it gave 3 signatures, not 2');
    expect(tell([first, first])).toContain('input 1 has no signature by');
    expect(tell([first, { ...second, input: 2 }])).toContain('input 1 has no signature by');
    expect(tell([first, { ...second, key: first.key }])).toContain('input 1 has no signature by');
    // One input's signature stands in another's place.
    expect(
      tell([
        { ...first, input: 1, key: second.key },
        { ...second, input: 0, key: first.key },
      ]),
    ).toMatch(/^input 0’s signature by [0-9a-f]+: it is not by that key over the permitted transaction$/);
  });

  it('I7: a signature of another transaction is discarded', () => {
    const transaction = permitted(wallet, request);
    for (const other of [
      { ...request, lockTime: 1 },
      { ...request, version: 1 },
      {
        ...request,
        outputs: [
          { script: recipients.pkh, amount: 60_000n },
          { index: 9, amount: 85_000n },
        ],
      },
      {
        ...request,
        outputs: [
          { script: recipients.wpkh, amount: 60_001n },
          { index: 9, amount: 85_000n },
        ],
      },
      { ...request, coins: coins.map((one) => ({ ...one, sequence: 0xffff_ffff })) },
    ]) {
      const part = partOf(permitted(wallet, other).psbt, wallet, coins, 'device-1');
      const result = checkPart(transaction, wallet, part);
      expect(result).toMatchObject({ ok: false, message: expect.stringContaining('over the permitted transaction') });
      expect(assembleSigned(transaction, [part], wallet)).toMatchObject({ ok: false, reason: 'signature-wrong' });
    }
  });

  it('I7: any byte of a signer’s answer that changes makes it another signature’s, or none', () => {
    const transaction = permitted(wallet, request);
    const part = partOf(transaction.psbt, wallet, coins, 'device-1');
    fc.assert(
      fc.property(fc.nat(part.signature.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const signature = part.signature.with(at, (part.signature[at] ?? 0) ^ flip);
        expect(checkPart(transaction, wallet, { ...part, signature })).toMatchObject({ ok: false });
        expect(checkPart(transaction, wallet, { ...part, signature: part.signature.slice(0, at) })).toMatchObject({
          ok: false,
        });
      }),
      { numRuns: 60 },
    );
  });

  it('I7: of a signer that holds none of the wallet’s keys nothing is taken', () => {
    const transaction = permitted(wallet, request);
    const part = partOf(transaction.psbt, wallet, coins, 'device-1');
    expect(checkPart(transaction, wallet, { ...part, signer: 'device-9' })).toEqual({
      ok: false,
      message: 'it holds no key of the wallet',
    });
    expect(checkPart(transaction, wallet, { signer: 'device-9', signature: new Uint8Array() })).toMatchObject({
      ok: false,
    });
  });

  it('I7: the permitted transaction and its PSBT must be the same one', () => {
    const transaction = permitted(wallet, request);
    const other = permitted(wallet, { ...request, lockTime: 7 });
    const part = partOf(transaction.psbt, wallet, coins, 'device-1');
    for (const mixed of [
      { unsigned: other.unsigned, psbt: transaction.psbt },
      { unsigned: transaction.unsigned, psbt: null },
    ]) {
      expect(() => checkPart(mixed, wallet, part)).toThrow(Refusal);
      expect(() => assembleSigned(mixed, [part], wallet)).toThrow(Refusal);
    }
  });
});

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** A DER signature's numbers as bytes. */
function numbersOf(signature: Uint8Array): { r: bigint; s: bigint } {
  return secp256k1.Signature.fromBytes(signature.subarray(0, -1), 'der');
}

/** DER of two integers given as bytes, with the length that they have. */
function der(r: readonly number[], s: readonly number[], more: readonly number[] = []): Uint8Array {
  return Uint8Array.of(0x30, 4 + r.length + s.length, 2, r.length, ...r, 2, s.length, ...s, ...more);
}

function bytesOf(value: bigint): number[] {
  const bytes = [...Buffer.from(value.toString(16).padStart(64, '0'), 'hex')];
  while (bytes.length > 1 && bytes[0] === 0 && (bytes[1] ?? 0) < 0x80) bytes.shift();
  return (bytes[0] ?? 0) >= 0x80 ? [0, ...bytes] : bytes;
}

describe('I7: of ECDSA signatures only canonical ones', () => {
  const wallet = walletWith('wpkh');
  const one: Request = { coins: coins.slice(0, 1), outputs: [{ script: recipients.wpkh, amount: 60_000n }] };
  const transaction = permitted(wallet, one);
  const [good] = signaturesOf(transaction.psbt, wallet, one.coins, 'device-1');
  if (good === undefined) throw new Error('nothing is signed');
  const { r, s } = numbersOf(good.signature);
  const [R, S] = [bytesOf(r), bytesOf(s)];
  const tell = (signature: Uint8Array) => {
    const part = { signer: 'device-1', signature: encodeSignatures([{ ...good, signature }]) };
    const result = checkPart(transaction, wallet, part);
    return result.ok ? 'ok' : result.message.slice(result.message.indexOf(': ') + 2);
  };
  const notDer = 'it is not strict DER (BIP-66)';

  it('as it is made', () => {
    expect(tell(good.signature)).toBe('ok');
    expect(tell(Uint8Array.of(...der(R, S), 1))).toBe('ok');
  });

  const wrong: readonly [string, Uint8Array, string][] = [
    [
      'a high s',
      Uint8Array.of(...der(R, bytesOf(order - s)), 1),
      's is in the upper half of the group order (BIP-146)',
    ],
    ['no sighash type', der(R, S), `its sighash type is ${S.at(-1)}, not 1 (ALL)`],
    ['SIGHASH_NONE', Uint8Array.of(...der(R, S), 2), 'its sighash type is 2, not 1 (ALL)'],
    ['SIGHASH_ALL with ANYONECANPAY', Uint8Array.of(...der(R, S), 0x81), 'its sighash type is 129, not 1 (ALL)'],
    ['SIGHASH_DEFAULT, which ECDSA doesn’t have', Uint8Array.of(...der(R, S), 0), 'its sighash type is 0, not 1 (ALL)'],
    [
      'a needless zero before r',
      Uint8Array.of(...der([0, ...(R[0] === 0 ? R.slice(1) : R)], S).with(1, 4 + 33 + S.length), 1),
      R[0] === 0 ? 'ok' : notDer,
    ],
    ['a needless zero before s', Uint8Array.of(...der(R, [0, ...S]), 1), notDer],
    ['a byte behind s', Uint8Array.of(...der(R, S, [0]), 1), notDer],
    ['a wrong length', Uint8Array.of(...der(R, S).with(1, 5 + R.length + S.length), 1), notDer],
    ['another tag', Uint8Array.of(...der(R, S).with(0, 0x31), 1), notDer],
    ['another tag of r', Uint8Array.of(...der(R, S).with(2, 3), 1), notDer],
    ['r of 0', Uint8Array.of(...der([0], S), 1), notDer],
    ['s of 0', Uint8Array.of(...der(R, [0]), 1), notDer],
    ['r of the order', Uint8Array.of(...der(bytesOf(order), S), 1), notDer],
    [
      'r above the order by its own',
      Uint8Array.of(...der(bytesOf(r + order > 2n ** 256n ? order : r + order), S), 1),
      notDer,
    ],
    ['r negative', Uint8Array.of(...der([0x80 | (R[0] ?? 0), ...R.slice(1)], S), 1), notDer],
    ['64 bytes', Uint8Array.from([...good.signature.slice(4, 36), ...good.signature.slice(4, 35), 1]), notDer],
    ['its sighash type alone', Uint8Array.of(1), notDer],
    [
      'another key’s',
      Uint8Array.of(
        ...secp256k1.sign(new Uint8Array(32), new Uint8Array(32).fill(5), { format: 'der', prehash: false }),
        1,
      ),
      'it is not by that key over the permitted transaction',
    ],
  ];
  it.each(wrong)('%s', (_what, signature, message) => {
    expect(tell(signature)).toBe(message);
  });
});

describe('I7: of Schnorr signatures only those of DEFAULT and ALL', () => {
  const wallet = walletWith('tr');
  const one: Request = { coins: coins.slice(0, 1), outputs: [{ script: recipients.wpkh, amount: 60_000n }] };
  const transaction = permitted(wallet, one);
  const [plain] = signaturesOf(transaction.psbt, wallet, one.coins, 'device-1', 0);
  const [all] = signaturesOf(transaction.psbt, wallet, one.coins, 'device-1', 1);
  if (plain === undefined || all === undefined) throw new Error('nothing is signed');
  const tell = (signature: Uint8Array, key = plain.key) => {
    const part = { signer: 'device-1', signature: encodeSignatures([{ ...plain, key, signature }]) };
    const result = checkPart(transaction, wallet, part);
    return result.ok ? 'ok' : result.message.replace(/^.*?(?:: )/, '');
  };

  it('64 bytes for DEFAULT, 65 for ALL', () => {
    expect([plain.signature.length, all.signature.length]).toEqual([64, 65]);
    expect(tell(plain.signature)).toBe('ok');
    expect(tell(all.signature)).toBe('ok');
  });

  it('anything else is discarded', () => {
    expect(tell(Uint8Array.of(...plain.signature, 0))).toBe('its sighash type is 0, not 1 (ALL)');
    expect(tell(Uint8Array.of(...plain.signature, 0x83))).toBe('its sighash type is 131, not 1 (ALL)');
    expect(tell(Uint8Array.of(...plain.signature, 1))).toContain('not by that key');
    expect(tell(all.signature.slice(0, 64))).toContain('not by that key');
    expect(tell(plain.signature.slice(0, 63))).toBe('it has 63 bytes, not 64 or 65');
    expect(tell(Uint8Array.of(...all.signature, 1))).toBe('it has 66 bytes, not 64 or 65');
    // The key before the tweak is not what the output pays.
    const { tapInternalKey = new Uint8Array(32) } = placeAt(wallet, 0, 3).input;
    expect(tell(plain.signature, tapInternalKey)).toContain('has no signature by');
  });
});

describe('several signers', () => {
  const wallet = walletWith('wsh-sortedmulti');
  const transaction = permitted(wallet, request);
  const part = (signer: string): SignaturePart => partOf(transaction.psbt, wallet, coins, signer);
  const tell = (...parts: readonly SignaturePart[]) => {
    const result = assembleSigned(transaction, parts, wallet);
    return result.ok ? 'ok' : result.message;
  };

  it('I7: nothing is assembled of fewer signatures than the threshold', () => {
    expect(tell()).toBe('The signatures were discarded: input 0 has 0 signatures of 2.');
    expect(tell(part('device-2'))).toBe('The signatures were discarded: input 0 has 1 signatures of 2.');
  });

  it('I7: one signer does not count twice', () => {
    expect(tell(part('device-2'), part('device-2'))).toBe('The signatures were discarded: one signer answered twice.');
    expect(tell(part('device-2'), { ...part('device-2'), signer: 'device-1' })).toContain(
      'of device-1, input 0 has no signature',
    );
  });

  it('any two of three do, and of three the first two in the script’s order are taken', () => {
    const all = ['device-1', 'device-2', 'device-3'].map(part);
    const assembled = assembleSigned(transaction, all, wallet);
    if (!assembled.ok) throw new Error(assembled.message);
    expect(interpreted(assembled.raw, spentBy(wallet, coins))).toEqual(['ok', 'ok']);
    expect(assembleSigned(transaction, all.toReversed(), wallet)).toEqual(assembled);
  });

  it('a signer that holds two of the keys signs with both, and alone reaches the threshold', () => {
    const two: DerivedScriptWallet = {
      ...wallet,
      keys: wallet.keys.map((key, i) => ({ ...key, signer: i < 2 ? 'device-1' : 'device-2' })),
    };
    const both = partOf(transaction.psbt, two, coins, 'device-1');
    expect(checkPart(transaction, two, both)).toMatchObject({ ok: true });
    expect(assembleSigned(transaction, [both], two)).toMatchObject({ ok: true });
    const half = part('device-1');
    expect(checkPart(transaction, two, half)).toEqual({ ok: false, message: 'it gave 2 signatures, not 4' });
  });
});

describe('I7: the second look', () => {
  for (const script of scriptTypes) {
    it(`finds every byte of a signed transaction of ${script} that differs`, () => {
      const wallet = walletWith(script);
      const transaction = permitted(wallet, request);
      const names = script === 'wsh-sortedmulti' ? ['device-1', 'device-3'] : ['device-1'];
      const parts = names.map((signer) => partOf(transaction.psbt, wallet, coins, signer));
      const assembled = assembleSigned(transaction, parts, wallet);
      if (!assembled.ok) throw new Error(assembled.message);
      const judged = judge(transaction.psbt, wallet);
      expect(lookAgain(assembled.raw, judged, wallet)).toEqual({ ok: true, txid: assembled.hash });
      for (let at = 0; at < assembled.raw.length; at++) {
        const raw = assembled.raw.with(at, (assembled.raw[at] ?? 0) ^ (1 << (at % 8)));
        expect(lookAgain(raw, judged, wallet).ok, `byte ${at}`).toBe(false);
      }
      // The same, with a count of inputs that is longer than it needs be.
      const count = script === 'pkh' ? 4 : 6;
      const long = Uint8Array.of(...assembled.raw.slice(0, count), 0xfd, 2, 0, ...assembled.raw.slice(count + 1));
      expect(lookAgain(long, judged, wallet)).toEqual({ ok: false, fault: 'encoding it again gives other bytes' });
      for (const raw of [
        assembled.raw.slice(0, -1),
        Uint8Array.of(...assembled.raw, 0),
        transaction.unsigned,
        new Uint8Array(),
      ])
        expect(lookAgain(raw, judged, wallet).ok).toBe(false);
    });

    it(`finds what stands in another place in a transaction of ${script}`, () => {
      const wallet = walletWith(script);
      const transaction = permitted(wallet, request);
      const names = script === 'wsh-sortedmulti' ? ['device-1', 'device-3'] : ['device-1'];
      const parts = names.map((signer) => partOf(transaction.psbt, wallet, coins, signer));
      const assembled = assembleSigned(transaction, parts, wallet);
      if (!assembled.ok) throw new Error(assembled.message);
      const judged = judge(transaction.psbt, wallet);
      const changed = (change: (read: Library) => void) => {
        const read = Library.fromBuffer(assembled.raw);
        change(read);
        const look = lookAgain(read.toBuffer(), judged, wallet);
        return look.ok ? 'ok' : look.fault;
      };
      const more = Uint8Array.of(7);
      for (const change of [
        (read: Library) => read.ins.reverse(),
        (read: Library) => read.outs.reverse(),
        (read: Library) => read.outs.pop(),
        (read: Library) => read.addOutput(recipients.tr, 1000n),
      ]) {
        const fault = changed((read) => void change(read));
        expect(fault).toBe('what it does differs from the permitted transaction');
      }
      // A witness or scriptSig with something over, one swapped with another's, one missing.
      const inputs = (read: Library) => {
        const [first, second] = read.ins;
        if (first === undefined || second === undefined) throw new Error('two inputs were signed');
        return { first, second };
      };
      const forged = [
        (read: Library) => {
          const { first } = inputs(read);
          if (first.witness.length === 0) first.script = first.script.slice(1);
          first.witness = first.witness.filter((_, i) => i !== (script === 'wsh-sortedmulti' ? 1 : 0));
        },
        (read: Library) => {
          const { first } = inputs(read);
          first.witness = [...first.witness, more];
        },
        (read: Library) => {
          const { first } = inputs(read);
          first.script = Uint8Array.of(...first.script, 1, 7);
        },
        (read: Library) => {
          const { first, second } = inputs(read);
          [first.witness, second.witness] = [second.witness, first.witness];
          [first.script, second.script] = [second.script, first.script];
        },
        (read: Library) => {
          const { first } = inputs(read);
          first.witness = [];
          first.script = new Uint8Array();
        },
        (read: Library) => {
          const { first } = inputs(read);
          if (first.witness.length > 0) first.witness = first.witness.toReversed();
          else first.script = first.script.toReversed();
          if (script === 'tr') first.witness = [];
        },
      ];
      for (const forge of forged) expect(changed(forge)).toMatch(/^(input [01]: |it cannot be decoded again)/);
    });
  }
});

it('the dust limit and the bounds leave room for what the properties above make', () => {
  for (const script of Object.values(recipients)) expect(dustLimit(script)).toBeLessThanOrEqual(546n);
  expect(toHex(recipients.tr)).toHaveLength(68);
});
