import { crypto } from 'bitcoinjs-lib';
import { describe, expect, it } from 'vitest';
import { scriptOfAddress } from '../../src/chains/bitcoin/index.ts';
import { bytesOf, placeAt, type Request, recipients } from '../chains/bitcoin/requests.ts';
import { regtest, tokenWalletOf, walletOf } from '../chains/bitcoin/wallets.ts';
import { coins, effectsOf, honest, own, ownTokens, tokenTypes, types } from './bitcoin.ts';

const hash160 = (bytes: Uint8Array): Buffer => Buffer.from(crypto.hash160(bytes));
const paid = (amount: bigint) => expect.objectContaining({ amount });

describe.each(types)('B1: change of a wallet of %s that isn’t change', (script) => {
  const wallet = own(script);
  const claiming = (index: number, branch = 1) => placeAt(wallet, branch, index).output;

  it('what the wallet’s own derivation gives is change', () => {
    expect(effectsOf(wallet, honest)).toMatchObject({
      change: [{ index: 9, amount: 85_000n }],
      payments: [{ amount: 60_000n }],
    });
  });

  it('a foreign script that claims the wallet’s change address is a payment, to be approved as such', () => {
    const effects = effectsOf(wallet, honest, {
      output: (output, i) => (i === 1 ? { ...output, script: recipients.tr } : output),
    });
    expect(effects.change).toEqual([]);
    expect(effects.payments).toEqual([paid(60_000n), paid(85_000n)]);
    const [, stolen] = effects.payments;
    expect(stolen && scriptOfAddress(stolen.destination)).toEqual(recipients.tr);
  });

  it('another change address of the wallet than the one that is claimed is a payment', () => {
    const effects = effectsOf(wallet, honest, {
      output: (output, i) => (i === 1 ? { ...output, ...claiming(10) } : output),
    });
    expect(effects.change).toEqual([]);
    expect(effects.payments).toEqual([paid(60_000n), paid(85_000n)]);
  });

  it('change that doesn’t say where it lies is a payment', () => {
    const outputs = [
      { script: recipients.wpkh, amount: 60_000n },
      { script: placeAt(wallet, 1, 9).script, amount: 85_000n },
    ];
    expect(effectsOf(wallet, { coins, outputs })).toMatchObject({ change: [], payments: [{}, {}] });
  });

  it('an address that the wallet receives at is a payment, never change', () => {
    const outputs = [
      { script: recipients.wpkh, amount: 60_000n },
      { index: 9, branch: 0, amount: 85_000n },
    ];
    expect(effectsOf(wallet, { coins, outputs })).toMatchObject({ change: [], payments: [{}, {}] });
  });

  it('a change address that is said to be one that the wallet receives at is a payment', () => {
    const effects = effectsOf(wallet, honest, {
      output: (output, i) => (i === 1 ? { ...output, ...claiming(9, 0) } : output),
    });
    expect(effects).toMatchObject({ change: [], payments: [{}, { amount: 85_000n }] });
  });

  it('change of another account of the same device is a payment', () => {
    const account = walletOf({ script, chain: regtest, account: 1 });
    const other = placeAt(account, 1, 9);
    const request: Request = {
      coins,
      outputs: [
        { script: recipients.wpkh, amount: 60_000n },
        { script: other.script, amount: 85_000n },
      ],
    };
    // Under its own origin, and under the wallet's.
    for (const output of [other.output, claiming(9)]) {
      const effects = effectsOf(wallet, request, { output: (one, i) => (i === 1 ? { ...one, ...output } : one) });
      expect(effects).toMatchObject({ change: [], payments: [{}, { amount: 85_000n }] });
    }
  });

  it('change far off says how far: the gate bounds it', () => {
    const outputs = [
      { script: recipients.wpkh, amount: 60_000n },
      { index: 1_000_000, amount: 85_000n },
    ];
    expect(effectsOf(wallet, { coins, outputs }).change).toEqual([{ index: 1_000_000, amount: 85_000n }]);
  });
});

it('B1: of a multisig whose keys are not all the wallet’s, nothing is change', () => {
  const wallet = own('wsh-sortedmulti');
  // Two of the three keys, and the threshold that one thief reaches.
  const easier = walletOf({ script: 'wsh-sortedmulti', chain: regtest, threshold: 1 });
  const other = placeAt(easier, 1, 9);
  const effects = effectsOf(wallet, honest, {
    output: (output, i) => (i === 1 ? { ...output, ...other.output, script: other.script } : output),
  });
  expect(effects).toMatchObject({ change: [], payments: [{}, { amount: 85_000n }] });
});

describe.each(tokenTypes)('B1: change of a wallet of tokens’ keys, %s, that isn’t change', (script) => {
  const wallet = ownTokens(script);

  it('what goes to its one script is change, at the one place that it has', () => {
    expect(effectsOf(wallet, honest)).toMatchObject({
      change: [{ index: 0, amount: 85_000n }],
      payments: [{ amount: 60_000n }],
    });
  });

  it('a foreign script is a payment, whatever key of the wallet’s it is said to be of', () => {
    const bip32Derivation = wallet.keys.map(({ publicKey }): [Uint8Array, { fingerprint: number; path: number[] }] => [
      bytesOf(publicKey),
      { fingerprint: hash160(bytesOf(publicKey)).readUInt32BE(0), path: [] },
    ]);
    const effects = effectsOf(wallet, honest, {
      output: (output, i) => (i === 1 ? { ...output, bip32Derivation, script: recipients.tr } : output),
    });
    expect(effects.change).toEqual([]);
    expect(effects.payments).toEqual([paid(60_000n), paid(85_000n)]);
  });

  it('its own keys in another script, or under another threshold, or beside a stranger’s, are no change', () => {
    const others =
      script === 'wsh-sortedmulti'
        ? [
            tokenWalletOf({ script, chain: regtest, threshold: 1 }),
            tokenWalletOf({ script, chain: regtest, keys: [0, 1, 3] }),
            tokenWalletOf({ script: 'wpkh', chain: regtest }),
          ]
        : [
            tokenWalletOf({ script: script === 'pkh' ? 'wpkh' : 'pkh', chain: regtest }),
            tokenWalletOf({ script, chain: regtest, keys: [1] }),
          ];
    for (const other of others) {
      const { script: elsewhere, output: fields } = placeAt(other, 0, 0);
      const effects = effectsOf(wallet, honest, {
        output: (output, i) => (i === 1 ? { ...output, ...fields, script: elsewhere } : output),
      });
      expect(effects).toMatchObject({ change: [], payments: [{}, { amount: 85_000n }] });
    }
  });
});
