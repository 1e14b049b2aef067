import { expect, it } from 'vitest';
import type { CodeRecord, FactorId, StationName } from '../../src/domain/index.ts';
import { restore } from '../../src/store/restoring.ts';
import { BareStore, rowKey, start } from './bare-store.ts';

it('A6: a restore counts the codes of every factor as used, however many there are', async () => {
  const bare = new BareStore();
  const codes = Array.from({ length: 2_001 }, (_, i): CodeRecord => {
    const factor = `factor-${String(i).padStart(4, '0')}` as FactorId;
    return {
      factor,
      secret: new Uint8Array(1),
      algorithm: 'sha1',
      lastStep: i === 7 ? 900 : 5,
      failures: 0,
      lockedUntil: null,
    };
  });
  await bare.store.decide({}, () => ({
    result: undefined,
    writes: codes.map((record) => ({ table: 'codes', record, leaf: 0 })),
    leaves: [{ kind: 'refusals-aggregated', fields: { count: '1' } }],
  }));
  const { key, policy, journalKey } = bare.store.look({}).station;
  const station = { key, policy, journalKey, name: 'ab/2' as StationName, origin: 'portcullis/test/2', ticketEpoch: 2 };
  restore(
    bare.db,
    rowKey,
    {
      station: { ...station, factorEpoch: 1, metadata: 0 },
      now: start,
      freeze: { scope: 'station', active: true, who: 'station', why: 'restored', since: start },
      leaves: [
        { kind: 'station-restored', fields: {} },
        { kind: 'frozen', fields: {} },
      ],
      stepUsed: 77,
    },
    () => new Uint8Array(32),
  );
  const steps = bare.db
    .prepare<[], { lastStep: number }>('SELECT last_step AS lastStep FROM codes ORDER BY factor')
    .all();
  expect(steps.map(({ lastStep }) => lastStep)).toEqual(codes.map((_, i) => (i === 7 ? 900 : 77)));
  bare.close();
});
