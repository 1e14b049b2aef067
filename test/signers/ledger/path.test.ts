import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Malformed } from '../../../src/domain/index.ts';
import { parseEthereumPath } from '../../../src/signers/ledger/path.ts';

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
