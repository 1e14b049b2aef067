import { undecodable } from './wire.ts';

/** Below it a lock time is a block's height, from it on a time in s since 1970 (Bitcoin Core, `LOCKTIME_THRESHOLD`). */
export const lockTimeThreshold = 500_000_000;

/** What one input of a version 2 PSBT requires. */
export interface RequiredLock {
  readonly time: number | undefined;
  readonly height: number | undefined;
}

/** BIP-370, "Determining Lock Time": the highest of the kind that every input with a requirement has; height where both would do. */
export function lockTimeOf(locks: readonly RequiredLock[], fallback: number): number {
  const required = locks.filter(({ time, height }) => time !== undefined || height !== undefined);
  if (required.length === 0) return fallback;
  if (required.every(({ height }) => height !== undefined)) return highest(required.map(({ height = 0 }) => height));
  if (required.every(({ time }) => time !== undefined)) return highest(required.map(({ time = 0 }) => time));
  throw undecodable('one input requires a height to lock it, another a time: no lock time has both (BIP-370)');
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
