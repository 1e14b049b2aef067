import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUnsigned } from '../../../src/chains/ethereum/encode.ts';
import { decodeUnsigned } from '../../../src/chains/ethereum/index.ts';
import { encodeRlp } from '../../../src/chains/ethereum/rlp.ts';
import { largest, parseTransaction } from '../../../src/chains/ethereum/transaction.ts';
import { maxAmount, reasons } from '../../../src/domain/index.ts';
import { effects, fields1559, int, legacy, none, refusal, type1, type2 } from './bytes.ts';
import { bytesOf, hex, mutated, recipient, token, transactions } from './samples.ts';

describe('E6: one encoding, and no signature', () => {
  it.each([
    ['nothing', none],
    ['a string where the transaction belongs', Uint8Array.of(0x82, 1, 1)],
    ['a list with no fields', Uint8Array.of(0xc0)],
    ['0xff', Uint8Array.of(0xff)],
    ['a byte behind the end', Uint8Array.of(...bytesOf({}), 0)],
    ['a byte cut off', bytesOf({}).subarray(0, -1)],
    ['a type without payload', Uint8Array.of(2)],
    ['a field too few', Uint8Array.of(2, ...encodeRlp(Object.values(fields1559).slice(0, 8)))],
    ['a field too many', type2({}, none)],
    ['a field too many (EIP-2930)', type1(none)],
    ['a field too many (legacy)', legacy(int(1), none, none, none)],
    ['seven legacy fields', legacy(int(1))],
    ['a nonce with leading zeros', type2({ nonce: hex('0007') })],
    ['a nonce of one zero byte', type2({ nonce: hex('00') })],
    ['a value with leading zeros', type2({ value: hex('0001') })],
    ['a chain id with leading zeros', type2({ chainId: hex('0001') })],
    ['a gas limit with leading zeros', type2({ gasLimit: hex('005208') })],
    ['a fee with leading zeros', type2({ most: hex('00ffffffffff') })],
    ['a nonce above 2^53 - 1', type2({ nonce: int(2n ** 53n) })],
    ['a nonce of 2^64 - 1 (EIP-2681)', type2({ nonce: int(2n ** 64n - 1n) })],
    ['a gas limit of 2^64', type2({ gasLimit: int(2n ** 64n) })],
    ['a fee of 2^256', type2({ most: int(2n ** 256n) })],
    ['a value of 2^256', type2({ value: int(2n ** 256n) })],
    ['a recipient of 19 bytes', type2({ to: recipient.subarray(1) })],
    ['a recipient of 21 bytes', type2({ to: Uint8Array.of(0, ...recipient) })],
    ['a list as nonce', type2({ nonce: [int(7)] })],
    ['a list as recipient', type2({ to: [recipient] })],
    ['a list as calldata', type2({ data: [] })],
    ['a string as access list', type2({ accessList: none })],
    ['an access entry that is a string', type2({ accessList: [token] })],
    ['an access entry with one part', type2({ accessList: [[token]] })],
    ['an access entry with three parts', type2({ accessList: [[token, [], []]] })],
    ['an access entry with a short address', type2({ accessList: [[token.subarray(1), []]] })],
    ['storage keys that are a string', type2({ accessList: [[token, none]] })],
    ['a storage key of 31 bytes', type2({ accessList: [[token, [new Uint8Array(31)]]] })],
    ['a storage key of 33 bytes', type2({ accessList: [[token, [new Uint8Array(33)]]] })],
    ['a storage key that is a list', type2({ accessList: [[token, [[]]]] })],
    ['more than a node relays', type2({ data: new Uint8Array(largest) })],
  ])('refuses %s', (_, bytes) => {
    expect(refusal(bytes)).toBe('transaction-undecodable');
    // By the reading itself, not only because encoding it again would give other bytes.
    expect(() => parseTransaction(bytes)).toThrow(expect.objectContaining({ reason: 'transaction-undecodable' }));
  });

  const r = int(2n ** 255n + 1n);
  it.each([
    ['legacy', legacy(int(37), r, r)],
    ['legacy, before EIP-155', legacy(int(27), r, r)],
    ['legacy, with half a signature', legacy(int(37), r, none)],
    ['legacy, with the other half', legacy(int(37), none, r)],
    ['EIP-2930', type1(none, r, r)],
    ['EIP-1559', type2({}, int(1), r, r)],
  ])('refuses what is signed already: %s', (_, bytes) => {
    expect(refusal(bytes)).toBe('transaction-signed-already');
  });

  it('says what was wrong without repeating it at length', () => {
    const decoded = decodeUnsigned(type2({ value: new Uint8Array(100_000).fill(0xff) }));
    expect(decoded).toMatchObject({ ok: false, reason: 'transaction-undecodable' });
    expect(decoded.ok || decoded.message.length).toBeLessThan(200);
  });

  it('takes the largest integers that fit', () => {
    const bytes = bytesOf({
      nonce: Number.MAX_SAFE_INTEGER,
      gasLimit: 2n ** 64n - 1n,
      value: maxAmount,
      maxFeePerGas: maxAmount,
    });
    expect(effects(bytes)).toMatchObject({ anchors: ['nonce:9007199254740991'], nonce: Number.MAX_SAFE_INTEGER });
    expect(effects(bytes).payments[0]?.amount).toBe(maxAmount);
  });

  it('reads every transaction that it should, and encodes it again to the same bytes', () => {
    fc.assert(
      fc.property(transactions, (transaction) => {
        const bytes = encodeUnsigned(transaction);
        const parsed = parseTransaction(bytes);
        expect(encodeUnsigned(parsed)).toEqual(bytes);
        const decoded = decodeUnsigned(bytes);
        // A token that pays itself can be drawn only by chance; nothing else here is refused.
        expect(decoded.ok || decoded.message).toBe(true);
      }),
    );
  });

  it('never throws: any bytes are read or refused with a reason of the catalogue', () => {
    const typed = fc
      .tuple(fc.constantFrom(1, 2, 3, 0xc9, 0xf8), fc.uint8Array({ maxLength: 200 }))
      .map(([t, rest]) => Uint8Array.of(t, ...rest));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), typed, mutated), (bytes) => {
        const decoded = decodeUnsigned(bytes);
        if (decoded.ok) expect(encodeUnsigned(parseTransaction(bytes))).toEqual(bytes);
        else expect(reasons).toHaveProperty(decoded.reason);
      }),
      { numRuns: 3_000 },
    );
  });
});
