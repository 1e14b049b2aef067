import fc from 'fast-check';
import secp256k1 from 'secp256k1/bindings.js';
import { encodeUnsigned } from '../../../src/chains/ethereum/encode.ts';
import type { AccessEntry, FeeMarketTransaction, Transaction } from '../../../src/chains/ethereum/transaction.ts';
import { toHex } from '../../../src/domain/index.ts';

/** A test key: it holds nothing on any chain. */
export const testKey = new Uint8Array(32).fill(7);
export const testPublicKey = toHex(secp256k1.publicKeyCreate(testKey, true));
/** Another test key. */
export const foreignKey = new Uint8Array(32).fill(8);

export const recipient = hex('ab5801a7d398351b8be11c439e05c5b3259aec9b');
export const token = hex('a0b86991c6218b36c1d19d4a2e9eb0ce3606eb48');
export const gwei = 10n ** 9n;

export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replace(/^0x/, ''), 'hex'));
}

/** 1 ether to `recipient` on chain 1, EIP-1559. */
export const payment: FeeMarketTransaction = {
  type: 'eip1559',
  chainId: 1,
  nonce: 7,
  maxPriorityFeePerGas: gwei,
  maxFeePerGas: 30n * gwei,
  gasLimit: 21_000n,
  to: recipient,
  value: 10n ** 18n,
  data: new Uint8Array(),
  accessList: [],
};

/** Calldata of `transfer(address,uint256)`. */
export function transferData(to: Uint8Array, amount: bigint): Uint8Array {
  return hex(`a9059cbb${toHex(to).padStart(64, '0')}${amount.toString(16).padStart(64, '0')}`);
}

/** 2.5 of a token with 6 decimals to `recipient`. */
export const tokenPayment: FeeMarketTransaction = {
  ...payment,
  gasLimit: 65_000n,
  to: token,
  value: 0n,
  data: transferData(recipient, 2_500_000n),
};

export function bytesOf(changes: Partial<FeeMarketTransaction>): Uint8Array {
  return encodeUnsigned({ ...payment, ...changes });
}

// Small values and the edges of each width are where encodings differ, so they are drawn more often than chance would.
const upTo = (bits: number) =>
  fc.oneof(
    fc.constantFrom(0n, 1n, 0x7fn, 0x80n, 0xffn, 0x100n, 2n ** BigInt(bits) - 1n),
    fc.bigInt(0n, 2n ** BigInt(bits) - 1n),
  );
const bytesSized = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const liveAddress = bytesSized(20).filter((address) => address.some((byte) => byte !== 0));
const safe = fc.oneof(fc.constantFrom(0, 1, 127, 128, 255, 256, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());
const accessList: fc.Arbitrary<AccessEntry[]> = fc.array(
  fc.record({ address: bytesSized(20), storageKeys: fc.array(bytesSized(32), { maxLength: 3 }) }),
  { maxLength: 3 },
);

const call = fc.oneof(
  fc.record({ value: upTo(256), data: fc.constant(new Uint8Array()) }),
  fc.record({
    value: fc.constant(0n),
    data: fc.tuple(liveAddress, upTo(256)).map(([to, amount]) => transferData(to, amount)),
  }),
);
const common = fc
  .record({ chainId: safe.filter((id) => id > 0), nonce: safe, gasLimit: upTo(64), to: liveAddress, call })
  .map(({ call: { value, data }, ...rest }) => ({ ...rest, value, data }));

/** Every transaction that the decoder takes whole. */
export const transactions: fc.Arbitrary<Transaction> = fc.oneof(
  fc.tuple(common, upTo(256)).map(([fields, gasPrice]): Transaction => ({ ...fields, type: 'legacy', gasPrice })),
  fc
    .tuple(common, upTo(256), accessList)
    .map(([fields, gasPrice, list]): Transaction => ({ ...fields, type: 'eip2930', gasPrice, accessList: list })),
  fc.tuple(common, fc.tuple(upTo(256), upTo(256)), accessList).map(([fields, fees, list]): Transaction => {
    const [maxPriorityFeePerGas = 0n, maxFeePerGas = 0n] = fees.toSorted((a, b) => (a < b ? -1 : 1));
    return { ...fields, type: 'eip1559', maxPriorityFeePerGas, maxFeePerGas, accessList: list };
  }),
);

/** Bytes near to those of a transaction: some changed, inserted, taken out, cut off or put behind. */
export const mutated: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    transactions,
    fc.array(
      fc.record({
        at: fc.nat(),
        byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0x81, 0xb8, 0xc0, 0xf8), fc.nat(255)),
        how: fc.nat(3),
      }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  )
  .map(([transaction, changes]) => {
    const bytes = [...encodeUnsigned(transaction)];
    for (const { at, byte, how } of changes) {
      // Most of what decides lies in front, so half of the changes go there.
      const place = (at % 2 === 0 ? at : at % 24) % (bytes.length + 1);
      if (how === 0) bytes.splice(place, 0, byte);
      else if (how === 1) bytes.splice(place, 1);
      else bytes.splice(place, 1, byte);
    }
    return Uint8Array.from(bytes);
  });
