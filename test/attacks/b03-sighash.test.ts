import { describe, expect, it } from 'vitest';
import { effectsOf, everyWallet, firstInput, honest, refuses } from './bitcoin.ts';

const names: Readonly<Record<number, string>> = {
  0: 'DEFAULT',
  1: 'ALL',
  2: 'NONE',
  3: 'SINGLE',
  129: 'ALL with ANYONECANPAY',
  130: 'NONE with ANYONECANPAY',
  131: 'SINGLE with ANYONECANPAY',
  4: '4, which is none',
  257: 'ALL behind another byte',
  128: 'ANYONECANPAY alone',
};

describe.each(everyWallet)('B3: inputs of %s that ask for a signature of a part', (_, wallet) => {
  for (const [text, name] of Object.entries(names)) {
    const type = Number(text);
    const allowed = type === 1 || (type === 0 && wallet.script === 'tr');
    it(`${name} is ${allowed ? 'taken' : 'refused'}`, () => {
      const first = firstInput((input) => ({ ...input, sighashType: type }));
      const second = { input: (input: object, i: number) => (i === 1 ? { ...input, sighashType: type } : input) };
      if (allowed) {
        expect(effectsOf(wallet, honest, first)).toEqual(effectsOf(wallet, honest));
        return;
      }
      refuses(wallet, honest, 'sighash-refused', 'Input 0 asks for a signature of type', first);
      // One of several is enough.
      refuses(wallet, honest, 'sighash-refused', 'Input 1 asks for a signature of type', second);
    });
  }
});
