import { keccak_256 } from '@noble/hashes/sha3.js';
import { keccak256, serializeTransaction } from 'viem';
import { describe, expect, it } from 'vitest';
import { encodeUnsigned } from '../../../src/chains/ethereum/encode.ts';
import { decodeUnsigned } from '../../../src/chains/ethereum/index.ts';
import { encodeRlp } from '../../../src/chains/ethereum/rlp.ts';
import { maxAmount, toHex } from '../../../src/domain/index.ts';
import { effects, int, legacy, none, refusal, type2, zero } from './bytes.ts';
import { bytesOf, gwei, hex, payment, recipient, token, tokenPayment, transferData } from './samples.ts';

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
      change: [],
      anchors: ['nonce:7'],
      nonce: 7,
      lock: undefined,
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
        change: [],
        anchors: ['nonce:0'],
        nonce: 0,
        lock: undefined,
        accessListEntries: 0,
      });
    }
  });

  it('gives Keccak-256 of the bytes as what the key signs', () => {
    const bytes = encodeUnsigned(payment);
    const decoded = decodeUnsigned(bytes);
    expect(decoded.ok && `0x${toHex(keccak_256(decoded.transaction.unsigned))}`).toBe(keccak256(bytes));
  });

  // EIP-155, "Example".
  it('gives the signing hash of EIP-155’s own example', () => {
    const bytes = hex('ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080');
    const decoded = decodeUnsigned(bytes);
    expect(decoded.ok && toHex(keccak_256(decoded.transaction.unsigned))).toBe(
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

describe('E7: the anchor is the nonce', () => {
  it('is the same for every version that spends it, and another for another nonce', () => {
    const bumped = effects(bytesOf({ maxFeePerGas: 60n * gwei })).anchors;
    expect(bumped).toEqual(effects(bytesOf({})).anchors);
    expect(bumped).toEqual(effects(legacy(int(1), none, none)).anchors);
    expect(effects(bytesOf({ nonce: 8 }))).toMatchObject({ anchors: ['nonce:8'], nonce: 8 });
  });
});

describe('E9: fees that are not in the transaction', () => {
  it('names the chain, so that the gate can refuse one whose data fee has no bound', () => {
    expect(effects(bytesOf({ chainId: 10 }))).toMatchObject({ chain: 'eip155:10', maxFee: 21_000n * 30n * gwei });
  });
});
