import { describe, expect, it } from 'vitest';
import { placeAt, previousOf, recipients, txidOf } from '../chains/bitcoin/requests.ts';
import { effectsOf, entry, everyWallet, firstInput, honest, nthInput, own, refuses, utxo } from './bitcoin.ts';

const committing = everyWallet.filter(([, { script }]) => script !== 'tr');

describe.each(committing)(
  'B2: what an input of %s spends is known by its whole previous transaction only',
  (_, wallet) => {
    const { script } = wallet;
    const { script: spent } = placeAt(wallet, 0, 3);

    it('none given', () => {
      refuses(
        wallet,
        honest,
        'input-foreign',
        "Input 0 is not proven to be the wallet's: it does not give the previous transaction whole (non_witness_utxo)",
        entry(1, '00', undefined),
      );
    });

    it('another one, which would make the fee look small', () => {
      const poorer = previousOf(spent, 10_000n, 1, 0, false);
      refuses(wallet, honest, 'input-foreign', `it gives the transaction ${txidOf(poorer)}, and spends one of`, {
        maps: (maps) => {
          entry(1, '00', poorer).maps?.(maps);
          if (script !== 'pkh') entry(1, '01', utxo(10_000n, spent)).maps?.(maps);
        },
      });
    });

    it('one without that output', () => {
      const changes = firstInput((input) => ({
        ...input,
        index: 9,
        witnessUtxo: undefined,
        nonWitnessUtxo: undefined,
      }));
      const previous = previousOf(spent, 100_000n, 1, 0, false);
      refuses(wallet, honest, 'input-foreign', 'its previous transaction has no output 9', {
        ...changes,
        ...entry(1, '00', previous),
      });
    });
  },
);

describe.each(everyWallet)('B2: CVE-2020-14199 with inputs of %s', (_, wallet) => {
  const { script: spent } = placeAt(wallet, 0, 3);
  const previous = previousOf(spent, 100_000n, 1, 0, false);
  // Taproot's inputs don't have to give it, but are held to it.
  const beside = (value: Uint8Array) => ({
    maps: (maps: Parameters<NonNullable<ReturnType<typeof entry>['maps']>>[0]) => {
      entry(1, '00', previous).maps?.(maps);
      entry(1, '01', value).maps?.(maps);
    },
  });

  it('another amount beside the transaction', () => {
    refuses(
      wallet,
      honest,
      'input-foreign',
      'its witness_utxo has 70000 sat, and the previous transaction 100000',
      beside(utxo(70_000n, spent)),
    );
  });

  it('another script beside the transaction', () => {
    const other = wallet.derives ? placeAt(wallet, 0, 4).script : recipients.wpkh;
    refuses(wallet, honest, 'input-foreign', 'its witness_utxo has another script', beside(utxo(100_000n, other)));
  });
});

describe('B2: inputs of tr', () => {
  const wallet = own('tr');

  it('need no previous transaction: their signatures commit to every amount and script (BIP-341)', () => {
    expect(effectsOf(wallet, honest).maxFee).toBe(5_000n);
  });

  it('must say what they spend', () => {
    refuses(
      wallet,
      honest,
      'input-foreign',
      'it does not say what it spends (witness_utxo)',
      entry(1, '01', undefined),
    );
  });
});

it.each(everyWallet)('B2: one outpoint of %s under two amounts', (_, wallet) => {
  const [first] = honest.coins;
  if (first === undefined) throw new Error('there is no coin');
  const twice = { ...honest, coins: [...honest.coins, first] };
  const previous = previousOf(placeAt(wallet, 0, 3).script, 100_000n, 1, 0, false);
  refuses(wallet, twice, 'transaction-undecodable', `inputs 0 and 2 both spend ${txidOf(previous)}:1`, {
    ...nthInput(2, () => ({ txid: txidOf(previous), nonWitnessUtxo: undefined })),
    ...entry(3, '01', utxo(1_000_000n, placeAt(wallet, 0, 3).script)),
  });
});
