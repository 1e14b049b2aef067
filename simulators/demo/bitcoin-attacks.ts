import { RawPSBTV0 } from '@scure/btc-signer/psbt.js';

/**
 * A PSBT of the sample's, as a withdrawal service that was taken over would change it: what is done, and the bytes. Its last output
 * is change.
 */
export function attacksOn(psbt: Uint8Array, thiefs: Uint8Array): [string, Uint8Array][] {
  const edited = (edit: (raw: ReturnType<typeof RawPSBTV0.decode>) => void): Uint8Array => {
    const raw = RawPSBTV0.decode(psbt);
    edit(raw);
    return RawPSBTV0.encode(raw);
  };
  return [
    [
      'The change goes to the thief’s address, and still claims to be the wallet’s',
      edited(({ global: { unsignedTx } }) => {
        const change = unsignedTx?.outputs.at(-1);
        if (change !== undefined) change.script = thiefs;
      }),
    ],
    [
      'There is no change: whoever mines it gets what is left',
      edited(({ global: { unsignedTx }, outputs }) => {
        unsignedTx?.outputs.pop();
        outputs.pop();
      }),
    ],
    [
      'Carol’s output is left out, and her withdrawal counts as paid',
      edited(({ global: { unsignedTx }, outputs }) => {
        unsignedTx?.outputs.splice(2, 1);
        outputs.splice(2, 1);
      }),
    ],
    [
      'An input is said to hold less than it does: the rest would be fee that no screen shows (CVE-2020-14199)',
      edited(({ inputs: [input] }) => {
        if (input?.witnessUtxo !== undefined) input.witnessUtxo.amount -= 10_000_000n;
      }),
    ],
    [
      'The signature is to cover no output (SIGHASH_NONE): they are chosen afterwards',
      edited(({ inputs: [input] }) => {
        if (input !== undefined) input.sighashType = 2;
      }),
    ],
  ];
}
