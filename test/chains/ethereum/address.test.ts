import fc from 'fast-check';
import { getAddress } from 'viem';
import { describe, expect, it } from 'vitest';
import { checksummed } from '../../../src/chains/ethereum/address.ts';
import { canonicalAddress, canonicalAsset, nativeAsset } from '../../../src/chains/ethereum/index.ts';
import { parseAddress, parseAssetId, parseChainId, toHex } from '../../../src/domain/index.ts';

const good = 'eip155:1:0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B';
const hexDigits = good.slice('eip155:1:0x'.length);
const notCanonical = (message: string) =>
  expect.objectContaining({
    reason: 'address-not-canonical',
    field: 'destination',
    message: expect.stringContaining(message),
  });
const address = (value: string) => canonicalAddress(parseAddress(value, 'destination'), 'destination');
const asset = (value: string) => canonicalAsset(parseAssetId(value, 'destination'), 'destination');

describe('D7: an address has one canonical form', () => {
  // EIP-55, "Test Cases".
  it.each([
    '0x52908400098527886E0F7030069857D2E4169EE7',
    '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
    '0xde709f2102306220921060314715629080e2fb77',
    '0x27b1fdb04752bbc536007a920d24acb045561c26',
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
    '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
  ])('takes %s of EIP-55 as it is', (reference) => {
    expect(address(`eip155:1:${reference}`)).toBe(`eip155:1:${reference}`);
  });

  it('agrees with viem on the checksum of any address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        expect(checksummed(bytes)).toBe(getAddress(`0x${toHex(bytes)}`));
      }),
    );
  });

  it.each([
    ['all lower case', good.toLowerCase()],
    ['all upper case', `eip155:1:0x${hexDigits.toUpperCase()}`],
    ['a wrong checksum', good.replace('aeC9B', 'aec9B')],
    ['a chain id with a leading zero', good.replace('eip155:1:', 'eip155:01:')],
  ])('refuses %s and gives the right form', (_, value) => {
    expect(() => address(value)).toThrow(notCanonical(`write ${good}`));
  });

  it('tells a failed checksum, which may be a typing error, from a missing one', () => {
    expect(() => address(good.replace('aeC9B', 'aec9B'))).toThrow(notCanonical('compare it with its source'));
    expect(() => address(good.toLowerCase())).not.toThrow(notCanonical('compare it with its source'));
    expect(() => address(good.replace(':1:', ':01:'))).not.toThrow(notCanonical('compare it with its source'));
  });

  it.each([
    ['one digit short', good.slice(0, -1)],
    ['one digit long', `${good}0`],
    ['not hex', good.replace('Ab58', 'Gb58')],
    ['0X', good.replace('0x', '0X')],
    ['without 0x', good.replace('0x', '')],
    ['of another namespace', `bip122:000000000019d6689c085ae165831e93:0x${hexDigits}`],
    ['on chain 0', good.replace('eip155:1:', 'eip155:0:')],
    ['on a chain in hex', good.replace('eip155:1:', 'eip155:0x1:')],
    ['on a chain with a sign', good.replace('eip155:1:', 'eip155:-1:')],
    ['on a chain beyond 2^53 - 1', good.replace('eip155:1:', 'eip155:9007199254740992:')],
  ])('refuses an address %s', (_, value) => {
    expect(() => address(value)).toThrow(expect.objectContaining({ reason: 'address-not-canonical' }));
  });

  it('refuses the zero address', () => {
    expect(() => address(`eip155:1:0x${'0'.repeat(40)}`)).toThrow(
      expect.objectContaining({ reason: 'malformed', message: expect.stringContaining('zero address') }),
    );
  });

  it('has exactly one spelling for each address: any other case of its letters is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.bigInt(0n, 2n ** 40n - 1n), (bytes, mask) => {
        fc.pre(bytes.some((byte) => byte !== 0));
        const right = checksummed(bytes).slice(2);
        const cased = [...right.toLowerCase()]
          .map((digit, i) => ((mask >> BigInt(i)) & 1n ? digit.toUpperCase() : digit))
          .join('');
        fc.pre(cased !== right);
        expect(() => address(`eip155:1:0x${cased}`)).toThrow(notCanonical(`write eip155:1:0x${right}`));
      }),
    );
  });
});

describe('D7: an asset has one canonical form', () => {
  const usdc = 'eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';

  it('takes slip44:60 as the native asset of any chain, and tokens by EIP-55', () => {
    expect(asset('eip155:1/slip44:60')).toBe('eip155:1/slip44:60');
    expect(asset('eip155:8453/slip44:60')).toBe(nativeAsset(parseChainId('eip155:8453', 'chain')));
    expect(asset(usdc)).toBe(usdc);
  });

  it.each([
    ['a token in lower case', usdc.toLowerCase(), `write ${usdc}`],
    ['a token with a wrong checksum', usdc.replace('eB48', 'EB48'), `write ${usdc}`],
    ['a leading zero in the chain', 'eip155:01/slip44:60', 'write eip155:1/slip44:60'],
    ['a leading zero in the coin type', 'eip155:1/slip44:060', 'expected eip155:1/slip44:60'],
    ['another coin type', 'eip155:1/slip44:0', 'expected eip155:1/slip44:60'],
    ['another kind of token', usdc.replace('erc20', 'erc721'), 'or eip155:1/erc20:'],
    ['a short token', usdc.slice(0, -2), '40 hex digits'],
    ['another chain family', 'bip122:000000000019d6689c085ae165831e93/slip44:0', 'expected a chain eip155'],
  ])('refuses %s', (_, value, message) => {
    expect(() => asset(value)).toThrow(notCanonical(message));
  });

  it('refuses the zero address as a token', () => {
    expect(() => asset(`eip155:1/erc20:0x${'0'.repeat(40)}`)).toThrow(expect.objectContaining({ reason: 'malformed' }));
  });
});
