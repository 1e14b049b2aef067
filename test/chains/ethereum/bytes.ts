import { decodeUnsigned } from '../../../src/chains/ethereum/index.ts';
import { encodeRlp, integerBytes, joined, type Rlp } from '../../../src/chains/ethereum/rlp.ts';
import type { Effects } from '../../../src/domain/index.ts';
import { gwei, recipient } from './samples.ts';

// Transactions put together field by field, so that a field can be wrong.

export const int = (value: bigint | number) => integerBytes(BigInt(value));
export const zero = new Uint8Array(20);
export const none = new Uint8Array();

/** The fields of `payment` as RLP, to be spoilt. */
export const fields1559 = {
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
export const type2 = (changes: Partial<Record<keyof typeof fields1559, Rlp>>, ...more: Rlp[]) =>
  joined([Uint8Array.of(2), encodeRlp([...Object.values({ ...fields1559, ...changes }), ...more])]);
export const type1 = (...more: Rlp[]) =>
  Uint8Array.of(1, ...encodeRlp([int(1), int(7), int(gwei), int(21_000), recipient, int(1), none, [], ...more]));
export const legacy = (...end: Rlp[]) => encodeRlp([int(7), int(gwei), int(21_000), recipient, int(1), none, ...end]);

export function effects(bytes: Uint8Array): Effects {
  const decoded = decodeUnsigned(bytes);
  if (!decoded.ok) throw new Error(`refused: ${decoded.reason}: ${decoded.message}`);
  return decoded.effects;
}

export function refusal(bytes: Uint8Array): string {
  const decoded = decodeUnsigned(bytes);
  return decoded.ok ? 'accepted' : decoded.reason;
}
