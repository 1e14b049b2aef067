import { secp256k1 } from '@noble/curves/secp256k1.js';
import { Transaction as Library, networks, Psbt } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpreted } from '../../../simulators/demo/script-interpreter.ts';
import {
  addressOfScript,
  assembleSigned,
  checkPart,
  checkWallet,
  decodeUnsigned,
  digests,
  scriptAt,
} from '../../../src/chains/bitcoin/index.ts';
import {
  encodeSignatures,
  formatDescriptor,
  parseSignatures,
  type TokenScriptWallet,
  toHex,
  tokenScripts,
} from '../../../src/domain/index.ts';
import { bytesOf, type Coin, placeAt, previousOf, psbtOf, type Request, recipients, tokenPart } from './requests.ts';
import { mainnet, regtest, signet, testnet4, tokenSecrets, tokenWalletOf, walletOf } from './wallets.ts';

function permitted(wallet: TokenScriptWallet, psbt: Uint8Array): { unsigned: Uint8Array; psbt: Uint8Array } {
  const result = decodeUnsigned(psbt, wallet);
  if (!result.ok) throw new Error(result.message);
  const { unsigned, psbt: own } = result.transaction;
  if (own === null) throw new Error('no PSBT');
  return { unsigned, psbt: own };
}

const spentBy = (wallet: TokenScriptWallet, coins: readonly Coin[]) =>
  coins.map(({ amount }) => ({ script: placeAt(wallet, 0, 0).script, amount }));

/** The signers whose keys sign, as many as are needed. */
const signing = ({ keys, threshold }: TokenScriptWallet): string[] =>
  keys.slice(0, threshold).map(({ signer }) => signer);

const coin = fc.record({
  branch: fc.constant(0),
  index: fc.constant(0),
  amount: fc.bigInt({ min: 10_000n, max: 10_000_000n }),
  vout: fc.nat(2),
  sequence: fc.constantFrom(0xffff_ffff, 0xffff_fffe, 0xffff_fffd, 0x8000_0000),
  witnessed: fc.boolean(),
});
const amount = fc.bigInt({ min: 546n, max: 3000n });
const requests: fc.Arbitrary<Request> = fc.record({
  coins: fc.array(coin, { minLength: 1, maxLength: 3 }),
  outputs: fc.array(
    fc.oneof(
      fc.record({ script: fc.constantFrom(...Object.values(recipients)), amount }),
      fc.record({ index: fc.constant(0), amount }),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  version: fc.constantFrom(1, 2),
  lockTime: fc.constantFrom(0, 1, 800_000, 1_700_000_000),
});

describe.each(tokenScripts)('a wallet of tokens’ keys, %s', (script) => {
  const wallet = tokenWalletOf({ script, chain: regtest });

  it('has one address, which @scure/btc-signer finds too, on any network', () => {
    for (const chain of [mainnet, testnet4, signet, regtest]) {
      const there = tokenWalletOf({ script, chain });
      expect(() => checkWallet(there, 'wallet')).not.toThrow();
      expect(addressOfScript(scriptAt(there, 0, 0).script, chain)).toBe(there.address);
    }
    for (const [branch, index] of [
      [0, 1],
      [1, 0],
      [1, 5],
    ] as const)
      expect(() => scriptAt(wallet, branch, index)).toThrow(RangeError);
  });

  it('its change goes to the same script: index 0, however many outputs do', () => {
    const outputs = [
      { script: recipients.tr, amount: 10_000n },
      { index: 0, amount: 20_000n },
      { index: 0, amount: 30_000n },
    ];
    const result = decodeUnsigned(
      psbtOf(wallet, { coins: [{ branch: 0, index: 0, amount: 90_000n }], outputs }),
      wallet,
    );
    expect(result).toMatchObject({
      ok: true,
      effects: {
        payments: [{ amount: 10_000n }],
        change: [
          { index: 0, amount: 20_000n },
          { index: 0, amount: 30_000n },
        ],
        maxFee: 30_000n,
      },
    });
  });

  it('I2: reads its own PSBT as the same, which names no origin', () => {
    const request: Request = {
      coins: [{ branch: 0, index: 0, amount: 90_000n }],
      outputs: [
        { script: recipients.tr, amount: 10_000n },
        { index: 0, amount: 20_000n },
      ],
    };
    const first = decodeUnsigned(psbtOf(wallet, request), wallet);
    if (!first.ok) throw new Error(first.message);
    expect(decodeUnsigned(first.transaction.psbt ?? new Uint8Array(), wallet)).toEqual(first);
    const read = Psbt.fromBuffer(Buffer.from(first.transaction.psbt ?? []));
    expect(read.data.inputs.map((input) => input.bip32Derivation)).toEqual([undefined]);
    const { witnessScript } = placeAt(wallet, 0, 0).input;
    const hexOf = (bytes: Uint8Array | undefined) => bytes && toHex(bytes);
    expect(hexOf(read.data.inputs[0]?.witnessScript)).toBe(hexOf(witnessScript));
    expect(read.data.outputs.map((output) => hexOf(output.witnessScript))).toEqual([undefined, hexOf(witnessScript)]);
  });

  it('I7: its digests are bitcoinjs-lib’s; signed by test keys they assemble to what an independent interpreter takes', () => {
    fc.assert(
      fc.property(requests, fc.constantFrom<0 | 2>(0, 2), (of, version) => {
        const transaction = permitted(wallet, psbtOf(wallet, of, version));
        const own = digests(transaction, wallet);
        const library = Library.fromBuffer(transaction.unsigned);
        const { script: spent, input } = placeAt(wallet, 0, 0);
        const code =
          input.witnessScript ?? (script === 'wpkh' ? bytesOf(`76a914${toHex(spent.subarray(2))}88ac`) : spent);
        expect(own).toEqual(
          of.coins.map((one, i) =>
            script === 'pkh' ? library.hashForSignature(i, code, 1) : library.hashForWitnessV0(i, code, one.amount, 1),
          ),
        );
        const parts = signing(wallet).map((signer) => tokenPart(own, wallet, signer));
        for (const part of parts) expect(checkPart(transaction, wallet, part)).toMatchObject({ ok: true });
        const assembled = assembleSigned(transaction, parts, wallet);
        if (!assembled.ok) throw new Error(assembled.message);
        expect(interpreted(assembled.raw, spentBy(wallet, of.coins))).toEqual(of.coins.map(() => 'ok'));
        expect(Library.fromBuffer(assembled.raw).getId()).toBe(assembled.hash);
      }),
      { numRuns: 25 },
    );
  });

  it('takes what bitcoinjs-lib writes of it, and signs as bitcoinjs-lib does', () => {
    const at = placeAt(wallet, 0, 0);
    const previous = previousOf(at.script, 90_000n, 0, 7, script !== 'pkh');
    const psbt = new Psbt({ network: networks.regtest });
    psbt.addInput({
      hash: Library.fromBuffer(previous).getId(),
      index: 0,
      nonWitnessUtxo: previous,
      ...(at.input.witnessScript === undefined ? {} : { witnessScript: at.input.witnessScript }),
    });
    psbt.addOutput({ script: recipients.wpkh, value: 50_000n });
    psbt.addOutput({ script: at.script, value: 30_000n });
    const transaction = permitted(wallet, psbt.toBuffer());
    const assembled = assembleSigned(
      transaction,
      signing(wallet).map((signer) => tokenPart(digests(transaction, wallet), wallet, signer)),
      wallet,
    );
    if (!assembled.ok) throw new Error(assembled.message);
    // Both nonces are RFC 6979's, so that the same signatures come out.
    for (const secret of tokenSecrets.slice(0, wallet.threshold))
      psbt.signInput(0, {
        publicKey: secp256k1.getPublicKey(secret),
        sign: (hash: Uint8Array) => secp256k1.sign(hash, secret, { prehash: false, lowS: true }),
      });
    psbt.finalizeAllInputs();
    expect(toHex(assembled.raw)).toBe(toHex(psbt.extractTransaction(true).toBuffer()));
  });

  it('I7: takes no signature over another transaction, by another key, or of another type', () => {
    const coins: readonly Coin[] = [{ branch: 0, index: 0, amount: 90_000n }];
    const of = (paid: bigint) =>
      permitted(wallet, psbtOf(wallet, { coins, outputs: [{ script: recipients.tr, amount: paid }] }));
    const [transaction, other] = [of(50_000n), of(50_001n)];
    const [signer = ''] = signing(wallet);
    expect(checkPart(transaction, wallet, tokenPart(digests(other, wallet), wallet, signer))).toMatchObject({
      ok: false,
    });
    const stranger = tokenWalletOf({ script: 'wpkh', chain: regtest, keys: [3] });
    const foreign = { ...tokenPart(digests(transaction, wallet), stranger, 'token-3'), signer };
    expect(checkPart(transaction, wallet, foreign)).toMatchObject({ ok: false });
    const good = tokenPart(digests(transaction, wallet), wallet, signer);
    const typed = parseSignatures(good.signature, 'signature').map((one) => ({
      ...one,
      signature: one.signature.with(-1, 0x81),
    }));
    expect(checkPart(transaction, wallet, { signer, signature: encodeSignatures(typed) })).toMatchObject({ ok: false });
    expect(checkPart(transaction, wallet, good)).toMatchObject({ ok: true });
  });
});

describe('what a wallet of tokens’ keys says of itself', () => {
  const wallet = tokenWalletOf({ script: 'wpkh', chain: regtest });
  const changed = (publicKey: string): TokenScriptWallet => {
    const keys = wallet.keys.map((key) => ({ ...key, publicKey }));
    return { ...wallet, keys, descriptor: formatDescriptor({ ...wallet, keys }) };
  };

  it('refuses a key that is no point of the curve', () => {
    // BIP-340's vectors have it: x = 5 is on no point.
    const none = `02${'00'.repeat(31)}05`;
    expect(() => checkWallet(changed(none), 'wallet')).toThrow(`wallet.descriptor: holds ${none}, which is no point`);
  });

  it('S6: refuses an address that is another’s', () => {
    const other = tokenWalletOf({ script: 'wpkh', chain: regtest, keys: [1] });
    expect(() => checkWallet({ ...wallet, address: other.address }, 'wallet')).toThrow('wallet.address: is');
    expect(() => checkWallet({ ...wallet, descriptor: other.descriptor }, 'wallet')).toThrow(
      'wallet.descriptor: is not',
    );
  });

  it('has the script that a Ledger’s wallet has for the same keys', () => {
    const derived = walletOf({ script: 'wsh-sortedmulti', chain: regtest });
    const at = scriptAt(derived, 0, 4);
    const keys = at.keys.map(({ publicKey }) => ({ publicKey: toHex(publicKey) }));
    const raw = scriptAt({ derives: false, script: 'wsh-sortedmulti', threshold: 2, keys }, 0, 0);
    expect({ ...raw, keys: [] }).toEqual({ ...at, keys: [] });
  });

  it('BIP-143, "Native P2WPKH": the script of the key of its second input', () => {
    const publicKey = '025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357';
    const { script } = scriptAt({ derives: false, script: 'wpkh', threshold: 1, keys: [{ publicKey }] }, 0, 0);
    expect(toHex(script)).toBe('00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1');
  });
});
