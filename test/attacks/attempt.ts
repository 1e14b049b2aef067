import { expect } from 'vitest';
import {
  canonicalBytes,
  type Flat,
  type Reason,
  Refusal,
  type Sealed,
  second,
  type WallMs,
} from '../../src/domain/index.ts';
import { type Leaf, parseLeaf } from '../../src/journal/leaf.ts';
import type { TestStation } from '../custody/station.ts';

/** Everything that the station remembers but its clock and its journal, as it lies on the disk. */
export function remembered(station: TestStation): Readonly<Record<string, readonly unknown[]>> {
  const names = station.db
    .prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map((row) => row.name)
    .filter((name) => !['clock', 'head', 'leaves', 'nodes', 'openings'].includes(name));
  return Object.fromEntries(names.map((name) => [name, station.db.prepare(`SELECT * FROM "${name}"`).all()]));
}

/** The journal's leaves from an index on. */
export function leaves(station: TestStation, from = 0): Leaf[] {
  const { journal } = station.custody;
  return journal.entries(from, journal.size()).map(({ leaf }) => parseLeaf(leaf));
}

export type Proof = 'withdrawal' | 'transaction' | 'destination' | 'factor' | 'act' | 'none';

/**
 * An attack that must fail: refused for exactly this reason, nothing remembered of it but the leaf that I5 demands (`none`
 * where the call was malformed, and so is only counted), and no device asked. Returns the refusal.
 */
export async function refused(
  station: TestStation,
  attempt: () => Promise<unknown>,
  reason: Reason,
  proof: Proof,
): Promise<Refusal> {
  await station.settle();
  const before = remembered(station);
  const size = station.custody.journal.size();
  const asked = station.signer.seen.length;
  const error: unknown = await attempt().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  await station.settle();
  if (!(error instanceof Refusal)) throw new Error('the attack was not refused', { cause: error });
  expect(error.reason, error.message).toBe(reason);
  const told = leaves(station, size).map(({ kind, fields }) => ({
    kind,
    what: fields['what'],
    reason: fields['reason'],
  }));
  expect(told).toEqual(proof === 'none' ? [] : [{ kind: 'refused', what: proof, reason }]);
  expect(remembered(station)).toEqual(before);
  expect(station.signer.seen).toHaveLength(asked);
  return error;
}

/** Seconds that the daemon sees pass, one by one, as it does when it runs. */
export async function live(station: TestStation, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += second) {
    station.time.pass(second);
    await station.running.timekeeper.tick();
  }
}

/** The wall clock is set, and nothing else moves. */
export function setWall(station: TestStation, by: number): void {
  station.time.wall = (station.time.wall + by) as WallMs;
}

/** An intent with some members changed, as a client in the attacker's hands would send it: ticket and all. */
export function altered(intent: Sealed, members: Flat): Uint8Array {
  return canonicalBytes({ ...intent.fields, ...members });
}
