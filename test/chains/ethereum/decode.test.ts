import fc from 'fast-check';
import { keccak256, serializeTransaction } from 'viem';
import { describe, expect, it } from 'vitest';
import { encodeUnsigned } from '../../../src/chains/ethereum/encode.ts';
import { decodeUnsigned } from '../../../src/chains/ethereum/index.ts';
import { encodeRlp, integerBytes, joined, type Rlp } from '../../../src/chains/ethereum/rlp.ts';
import { largest, parseTransaction } from '../../../src/chains/ethereum/transaction.ts';
import { type Effects, maxAmount, reasons, toHex } from '../../../src/domain/index.ts';
import {
  bytesOf,
  gwei,
  hex,
  mutated,
  payment,
  recipient,
  token,
  tokenPayment,
  transactions,
  transferData,
} from './samples.ts';

const int = (value: bigint | number) => integerBytes(BigInt(value));
const zero = new Uint8Array(20);
const none = new Uint8Array();

/** The fields of `payment` as RLP, to be spoilt. */
const fields1559 = {
  chainId: int(1),
  nonce: int(7),
  priority: int(gwei),
  most: int(30n * gwei),
  gasLimit: int(21_000),
  to: recipient,
  value: int(10n ** 18n),
  data: none,
  accessList: [] as Rlp,
};
const type2 = (changes: Partial<Record<keyof typeof fields1559, Rlp>>, ...more: Rlp[]) =>
  joined([Uint8Array.of(2), encodeRlp([...Object.values({ ...fields1559, ...changes }), ...more])]);
const type1 = (...more: Rlp[]) =>
  Uint8Array.of(1, ...encodeRlp([int(1), int(7), int(gwei), int(21_000), recipient, int(1), none, [], ...more]));
const legacy = (...end: Rlp[]) => encodeRlp([int(7), int(gwei), int(21_000), recipient, int(1), none, ...end]);

function effects(bytes: Uint8Array): Effects {
  const decoded = decodeUnsigned(bytes);
  if (!decoded.ok) throw new Error(`refused: ${decoded.reason}: ${decoded.message}`);
  return decoded.effects;
}

function refusal(bytes: Uint8Array): string {
  const decoded = decodeUnsigned(bytes);
  return decoded.ok ? 'accepted' : decoded.reason;
}

describe('E1: what a transaction does is read from its bytes alone', () => {
  it('reads a payment of Ether (EIP-1559)', () => {
    expect(effects(encodeUnsigned(payment))).toEqual({
      chain: 'eip155:1',
      payments: [
        {
          asset: 'eip155:1/slip44:60',
          destination: 'eip155:1:0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B',
          amount: 10n ** 18n,
          weight: 1n,
        },
      ],
      maxFee: 21_000n * 30n * gwei,
      feeRate: 30n * gwei,
      priorityFeeRate: gwei,
      anchor: { id: 'nonce:7', nonce: 7 },
      accessListEntries: 0,
    });
  });

  it('reads a payment of a token', () => {
    expect(effects(encodeUnsigned(tokenPayment)).payments).toEqual([
      {
        asset: 'eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
        destination: 'eip155:1:0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B',
        amount: 2_500_000n,
        weight: 1n,
      },
    ]);
  });

  it('reads what wallets write: the bytes of viem, legacy, EIP-2930 and EIP-1559', () => {
    const to = '0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B';
    const shared = { chainId: 11155111, nonce: 0, gas: 21_000n, to, value: 5n } as const;
    for (const serialized of [
      serializeTransaction({ ...shared, type: 'legacy', gasPrice: gwei }),
      serializeTransaction({ ...shared, type: 'eip2930', gasPrice: gwei }),
      serializeTransaction({ ...shared, type: 'eip1559', maxFeePerGas: gwei, maxPriorityFeePerGas: gwei }),
    ]) {
      expect(effects(hex(serialized))).toEqual({
        chain: 'eip155:11155111',
        payments: [
          { asset: 'eip155:11155111/slip44:60', destination: `eip155:11155111:${to}`, amount: 5n, weight: 1n },
        ],
        maxFee: 21_000n * gwei,
        feeRate: gwei,
        priorityFeeRate: gwei,
        anchor: { id: 'nonce:0', nonce: 0 },
        accessListEntries: 0,
      });
    }
  });

  it('gives Keccak-256 of the bytes as what the key signs', () => {
    const bytes = encodeUnsigned(payment);
    const decoded = decodeUnsigned(bytes);
    expect(decoded.ok && `0x${toHex(decoded.digest)}`).toBe(keccak256(bytes));
  });

  // EIP-155, "Example".
  it('gives the signing hash of EIP-155’s own example', () => {
    const bytes = hex('ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080');
    const decoded = decodeUnsigned(bytes);
    expect(decoded.ok && toHex(decoded.digest)).toBe(
      'daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53',
    );
  });
});

describe('E2: a transaction names its chain', () => {
  it('takes the chain from the bytes, whatever it is', () => {
    expect(effects(bytesOf({ chainId: 137 })).chain).toBe('eip155:137');
    expect(effects(legacy(int(56), none, none)).chain).toBe('eip155:56');
  });

  it.each([
    ['six fields, as before EIP-155', legacy()],
    ['a legacy transaction for chain 0', legacy(none, none, none)],
    ['a typed transaction for chain 0', type2({ chainId: none })],
  ])('refuses %s', (_, bytes) => {
    expect(refusal(bytes)).toBe('chain-mismatch');
  });

  it('refuses a chain id that a double does not hold exactly', () => {
    expect(effects(bytesOf({ chainId: Number.MAX_SAFE_INTEGER })).chain).toBe('eip155:9007199254740991');
    expect(refusal(type2({ chainId: int(2n ** 53n) }))).toBe('transaction-undecodable');
  });
});

describe('E3: of calls, only an ERC-20 transfer', () => {
  const calling = (data: Uint8Array, changes = {}) => encodeUnsigned({ ...tokenPayment, data, ...changes });
  const words = toHex(transferData(recipient, 1n)).slice(8);
  const withSelector = (selector: string) => calling(hex(selector + words));

  it.each([
    ['approve', '095ea7b3'],
    ['transferFrom', '23b872dd'],
    ['increaseAllowance', '39509351'],
    ['permit', 'd505accf'],
    ['multicall', 'ac9650d8'],
    ['an unknown function', '00000000'],
  ])('refuses %s', (_, selector) => {
    expect(refusal(withSelector(selector))).toBe('call-refused');
  });

  it.each([
    ['a byte of calldata', hex('00')],
    ['a selector alone', hex('a9059cbb')],
    ['calldata one byte short', transferData(recipient, 1n).subarray(0, 67)],
    ['calldata one byte long', Uint8Array.of(...transferData(recipient, 1n), 0)],
    ['calldata one word long', Uint8Array.of(...transferData(recipient, 1n), ...new Uint8Array(32))],
    ['dirty address bits, high', hex(toHex(transferData(recipient, 1n)).replace('a9059cbb00', 'a9059cbb01'))],
    ['dirty address bits, low', hex(toHex(transferData(recipient, 1n)).replace('00ab5801', '01ab5801'))],
    ['a transfer to the zero address', transferData(zero, 1n)],
    ['a transfer to the token itself', transferData(token, 1n)],
  ])('refuses %s', (_, data) => {
    expect(refusal(calling(data))).toBe('call-refused');
  });

  it('refuses Ether sent along with a transfer', () => {
    expect(refusal(calling(transferData(recipient, 1n), { value: 1n }))).toBe('call-refused');
  });

  it('reads the whole width of the amount', () => {
    expect(effects(calling(transferData(recipient, maxAmount))).payments[0]?.amount).toBe(maxAmount);
    expect(effects(calling(transferData(recipient, 0n))).payments[0]?.amount).toBe(0n);
  });

  it('refuses Ether to the zero address', () => {
    expect(refusal(bytesOf({ to: zero }))).toBe('destination-mismatch');
  });
});

describe('E4: other kinds of transaction', () => {
  it.each([
    ['legacy', encodeRlp([int(7), int(gwei), int(21_000), none, int(1), none, int(1), none, none])],
    ['EIP-1559', type2({ to: none, data: hex('6000') })],
  ])('refuses to create a contract (%s)', (_, bytes) => {
    expect(refusal(bytes)).toBe('contract-creation');
  });

  it.each([
    [0, 'never defined'],
    [3, 'blobs, EIP-4844'],
    [4, 'set code, EIP-7702'],
    [5, 'unknown'],
    [0x7f, 'unknown'],
  ])('refuses type %i (%s)', (type) => {
    expect(refusal(Uint8Array.of(type, ...bytesOf({}).subarray(1)))).toBe('transaction-type-refused');
    expect(refusal(Uint8Array.of(type))).toBe('transaction-type-refused');
  });

  it('counts the access list’s entries for policy', () => {
    const entry = { address: token, storageKeys: [new Uint8Array(32), new Uint8Array(32).fill(1)] };
    expect(effects(bytesOf({ accessList: [entry, entry] })).accessListEntries).toBe(2);
    expect(
      effects(encodeUnsigned({ ...payment, type: 'eip2930', gasPrice: 1n, accessList: [entry] })).accessListEntries,
    ).toBe(1);
  });
});

describe('E5: the fee is exact', () => {
  it('computes gas × price beyond 2^256 without wrapping', () => {
    const { maxFee } = effects(bytesOf({ gasLimit: 2n ** 64n - 1n, maxFeePerGas: maxAmount }));
    expect(maxFee).toBe((2n ** 64n - 1n) * maxAmount);
    expect(maxFee > maxAmount).toBe(true);
  });

  it('does not read as 0 what is a multiple of 2^256', () => {
    expect(effects(bytesOf({ gasLimit: 2n ** 32n, maxFeePerGas: 2n ** 224n })).maxFee).toBe(2n ** 256n);
  });

  it('refuses a priority fee above the maximum fee', () => {
    expect(refusal(bytesOf({ maxPriorityFeePerGas: 31n * gwei }))).toBe('priority-fee-above-max');
    expect(refusal(bytesOf({ maxPriorityFeePerGas: 30n * gwei }))).toBe('accepted');
  });
});

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

  it('takes the largest integers that fit', () => {
    const bytes = bytesOf({
      nonce: Number.MAX_SAFE_INTEGER,
      gasLimit: 2n ** 64n - 1n,
      value: maxAmount,
      maxFeePerGas: maxAmount,
    });
    expect(effects(bytes).anchor).toEqual({ id: 'nonce:9007199254740991', nonce: Number.MAX_SAFE_INTEGER });
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

describe('E7: the anchor is the nonce', () => {
  it('is the same for every version that spends it, and another for another nonce', () => {
    const bumped = effects(bytesOf({ maxFeePerGas: 60n * gwei })).anchor;
    expect(bumped).toEqual(effects(bytesOf({})).anchor);
    expect(bumped).toEqual(effects(legacy(int(1), none, none)).anchor);
    expect(effects(bytesOf({ nonce: 8 })).anchor).toEqual({ id: 'nonce:8', nonce: 8 });
  });
});

describe('E9: fees that are not in the transaction', () => {
  it('names the chain, so that the gate can refuse one whose data fee has no bound', () => {
    expect(effects(bytesOf({ chainId: 10 }))).toMatchObject({ chain: 'eip155:10', maxFee: 21_000n * 30n * gwei });
  });
});
