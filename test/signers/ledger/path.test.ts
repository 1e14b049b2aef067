import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Malformed, scriptTypes } from '../../../src/domain/index.ts';
import { parseBitcoinPath, parseEthereumPath } from '../../../src/signers/ledger/path.ts';

describe('the path of an Ethereum key', () => {
  it.each(["m/44'/60'/0'/0/0", "m/44'/60'/7'/1/2147483647", "m/44'/60'/2147483647'/0/0"])('may be %s', (path) => {
    expect(parseEthereumPath(path, 'path')).toBe(path);
  });

  it.each([
    '',
    'm',
    "44'/60'/0'/0/0",
    "M/44'/60'/0'/0/0",
    'm/44h/60h/0h/0/0',
    "m/44'/60'/0'/0",
    "m/44'/60'/0'/0/0/0",
    "m/44'/60'/0/0/0",
    "m/44'/60'/0'/0'/0",
    "m/44'/60'/0'/0/0'",
    "m/44'/61'/0'/0/0",
    "m/49'/60'/0'/0/0",
    "m/44'/60'/00'/0/0",
    "m/44'/60'/0'/0/01",
    "m/44'/60'/0'/0/2147483648",
    "m/44'/60'/0'/0/9999999999",
    "m/44'/60'/0'/0/-1",
    "m/44'/60'/0'/0/ 1",
    "m/44'/60'/0'/0/0\n",
    "m/44'/60'/0'//0",
    "m/44'/60'/0'/0/0x1",
    'm/44’/60’/0’/0/0',
    "m/44'/60'/0'/0/٣",
  ])('S6: is never %j, which the library would read in its own way', (path) => {
    expect(() => parseEthereumPath(path, 'path')).toThrow(Malformed);
  });

  it('S6: has exactly five numbers, each below 2^31, however it is written', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("'", '/', 'm', '4', '6', '0', 'h', '1', ' ') }), (path) => {
        fc.pre(!/^m\/44'\/60'\/\d+'\/\d+\/\d+$/.test(path));
        expect(() => parseEthereumPath(path, 'path')).toThrow(Malformed);
      }),
    );
  });
});

describe('the path of an account of Bitcoin’s', () => {
  it.each([
    ["m/44'/0'/0'", 'Bitcoin', 'pkh'],
    ["m/49'/0'/7'", 'Bitcoin', 'sh-wpkh'],
    ["m/84'/1'/0'", 'Bitcoin Test', 'wpkh'],
    ["m/86'/1'/100'", 'Bitcoin Test', 'tr'],
    ["m/48'/1'/0'/2'", 'Bitcoin Test', 'wsh-sortedmulti'],
  ] as const)('may be %s in %s, for %s and no other script', (path, app, script) => {
    expect(parseBitcoinPath(path, 'path', app)).toBe(path);
    for (const other of scriptTypes) {
      if (other === script) expect(parseBitcoinPath(path, 'path', app, other)).toBe(path);
      else expect(() => parseBitcoinPath(path, 'path', app, other), other).toThrow(Malformed);
    }
    const otherApp = app === 'Bitcoin' ? 'Bitcoin Test' : 'Bitcoin';
    expect(() => parseBitcoinPath(path, 'path', otherApp)).toThrow(Malformed);
  });

  it.each([
    '',
    'm',
    "84'/0'/0'",
    "m/84'/0'",
    "m/84'/0'/0",
    "m/84'/0'/0'/0",
    "m/84'/0'/0'/2'",
    "m/48'/0'/0'",
    "m/48'/0'/0'/1'",
    "m/48'/0'/0'/2",
    "m/45'/0'/0'",
    "m/84'/0'/101'",
    "m/84'/0'/00'",
    "m/84'/2'/0'",
    'm/84h/0h/0h',
    "m/84'/0'/0'\n",
    "m/84'/0'/-1'",
  ])('is never %j: the app would ask a person, or the library read it in its own way', (path) => {
    expect(() => parseBitcoinPath(path, 'path', 'Bitcoin')).toThrow(/expected a path such as m\/84'\/0'\/0'/);
  });
});
