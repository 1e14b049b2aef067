import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Keyring, sealedUnder, sealingKeyId } from '../../src/custody/seal.ts';
import type { CodeRecord, FactorId } from '../../src/domain/index.ts';
import type { Store } from '../../src/store/store.ts';
import { TestStation } from './station.ts';

const rows = 150;
const secretOf = (i: number): Uint8Array => new TextEncoder().encode(`test secret ${i}`);
const factorOf = (i: number): FactorId => `factor-${i}` as FactorId;

/** Puts secrets under a key, as enrolments would have. */
async function fill(store: Store, ring: Keyring, count = rows, from = 0): Promise<void> {
  const records = Array.from({ length: count }, (_, n): CodeRecord => {
    const factor = factorOf(from + n);
    const secret = ring.seal('code-secret', factor, secretOf(from + n), randomBytes(12));
    return { factor, secret, algorithm: 'sha1', lastStep: 7, failures: 2, lockedUntil: null };
  });
  await store.decide({}, () => ({
    result: undefined,
    writes: records.map((record) => ({ table: 'codes', record, leaf: 0 }) as const),
    leaves: [{ kind: 'refusals-aggregated', fields: { counts: '' } }],
  }));
}

describe('changing the sealing key', () => {
  let station: TestStation;
  const [oldest, old, now] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
  if (oldest === undefined || old === undefined || now === undefined) throw new Error('no keys');

  beforeEach(async () => {
    station = await TestStation.open();
  });
  afterEach(() => station.close());

  const restartWith = async (...keys: Uint8Array[]): Promise<void> => {
    station.laters.length = 0;
    station.sealingKeys = keys;
    await station.restart();
  };
  const stored = (i: number): CodeRecord => {
    const record = station.store.read('codes', factorOf(i));
    if (record === undefined) throw new Error(`no code ${i}`);
    return record;
  };
  const underKey = (key: Uint8Array): number =>
    Array.from({ length: rows }, (_, i) => sealedUnder(stored(i).secret)).filter((id) => id === sealingKeyId(key))
      .length;
  const sealing = () => station.custody.operators.station().sealing;
  /** Runs timers until there are none, or `most` of them. */
  const run = async (most = Number.POSITIVE_INFINITY): Promise<number> => {
    let ran = 0;
    for (; ran < most && station.laters.length > 0; ran++) {
      station.laters.shift()?.();
      await station.store.decide({}, () => ({ result: undefined }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return ran;
  };

  /** A transaction whose signature was finished under a freeze. */
  const withheld = async () => {
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    station.signer.behaviour = async (_permit, signed) => {
      await station.custody.operators.freeze('station', 'olivia', 'a drill');
      return signed;
    };
    const permitted = await station.sign(['w-1']);
    await station.settle();
    return permitted;
  };

  it('with one key there is nothing to do', async () => {
    await restartWith(now);
    expect(station.laters).toEqual([]);
    expect(sealing()).toEqual({ current: sealingKeyId(now), former: [] });
  });

  it('seals everything anew, in small commits, and says how many are left and when a former key may go', async () => {
    await restartWith(old);
    await fill(station.store, new Keyring([old]));
    const before = stored(149);
    const leaf = station.store.leafOf('codes', factorOf(149));
    await restartWith(now, old, oldest);
    await fill(station.store, new Keyring([oldest]), 1, rows);
    expect(sealing()).toEqual({
      current: sealingKeyId(now),
      former: [
        { key: sealingKeyId(old), missing: false, sealed: 150 },
        { key: sealingKeyId(oldest), missing: false, sealed: 1 },
      ],
    });
    const size = station.store.size;
    const writes: number[] = [];
    station.store.onCommit((written) => writes.push(written.length));
    await run();
    expect(writes.filter((n) => n > 0)).toEqual([64, 64, 22, 1]);
    expect(underKey(now)).toBe(150);
    expect(sealing().former.map(({ sealed }) => sealed)).toEqual([0, 0]);
    expect(station.events).toContain('sealed-anew');
    // Nothing else of the row changed, the secret in it neither, and no entry tells of it.
    expect({ ...stored(149), secret: before.secret }).toEqual(before);
    expect(new Keyring([now]).unseal('code-secret', factorOf(149), stored(149).secret)).toEqual(secretOf(149));
    expect(station.store.leafOf('codes', factorOf(149))).toBe(leaf);
    expect(station.store.size).toBe(size);
    await restartWith(now);
    expect(sealing()).toEqual({ current: sealingKeyId(now), former: [] });
  });

  it('I9: killed in between, goes on where it stopped', async () => {
    await restartWith(old);
    await fill(station.store, new Keyring([old]));
    await restartWith(now, old);
    await run(1);
    expect([underKey(now), underKey(old)]).toEqual([64, 86]);
    // A kill: the timers of the process that was are gone, and its database as it stood is what the next one finds.
    await restartWith(now, old);
    expect(sealing().former).toEqual([{ key: sealingKeyId(old), missing: false, sealed: 86 }]);
    await run();
    expect(underKey(now)).toBe(150);
  });

  it('a key that is not at hand is named, and holds up nothing else', async () => {
    await restartWith(oldest);
    await fill(station.store, new Keyring([oldest]), 3, rows);
    await restartWith(old);
    await fill(station.store, new Keyring([old]));
    await restartWith(now, old);
    expect(station.details).toContainEqual(['sealing-key-missing', { key: sealingKeyId(oldest), sealed: 3 }]);
    await run();
    expect(underKey(now)).toBe(150);
    expect(sealing().former).toEqual([
      { key: sealingKeyId(old), missing: false, sealed: 0 },
      { key: sealingKeyId(oldest), missing: true, sealed: 3 },
    ]);
    expect(station.custody.operators.station().freezes).toEqual([]);
    // Named again: it goes on.
    await restartWith(now, oldest);
    await run();
    expect(sealing().former).toEqual([{ key: sealingKeyId(oldest), missing: false, sealed: 0 }]);
  });

  it('a row that changes while it is sealed anew keeps its change', async () => {
    await restartWith(old);
    await fill(station.store, new Keyring([old]), 1);
    await restartWith(now, old);
    const [work] = station.laters.splice(0);
    // In one group: the change first, the row as it was found before it.
    const changed = station.store.decide({ rows: [['codes', factorOf(0)]] }, () => ({
      result: undefined,
      writes: [{ table: 'codes', record: { ...stored(0), failures: 3 } }],
    }));
    work?.();
    await changed;
    await station.store.decide({}, () => ({ result: undefined }));
    expect(stored(0).failures).toBe(3);
    expect(sealedUnder(stored(0).secret)).toBe(sealingKeyId(now));
  });

  it('ends with the station', async () => {
    await restartWith(now, old);
    expect(station.laters).toHaveLength(1);
    await station.stop();
    expect(station.laters).toEqual([]);
    station.start();
  });

  it('F2: what the disk refuses is tried again later', async () => {
    await restartWith(old);
    await fill(station.store, new Keyring([old]), 1);
    await restartWith(now, old);
    const exec = station.db.exec.bind(station.db);
    station.db.exec = (sql) => {
      if (sql === 'COMMIT') throw Object.assign(new Error('injected'), { code: 'SQLITE_FULL' });
      return exec(sql);
    };
    station.laters.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    station.db.exec = exec;
    expect(station.events).toContain('not-sealed-anew');
    expect(station.waits.at(-1)).toBe(60_000);
    await run();
    expect(sealedUnder(stored(0).secret)).toBe(sealingKeyId(now));
  });

  it('a signature that is withheld is sealed anew, too, and comes out at the thaw', async () => {
    const permitted = await withheld();
    const [before] = station.sealingKeys;
    if (before === undefined) throw new Error('no key');
    await restartWith(now, before);
    await run();
    await restartWith(now);
    expect(station.store.read('transactions', permitted.id)?.state).toBe('WITHHELD');
    await station.custody.operators.thaw('station', 'olivia', 'it is over');
    await station.settle();
    expect(station.store.read('transactions', permitted.id)?.state).toBe('SIGNED');
  });

  it('a signature that is withheld under a missing key says so, and freezes nothing', async () => {
    const permitted = await withheld();
    const { sealingKeys } = station;
    await restartWith(now);
    await station.custody.operators.thaw('station', 'olivia', 'it is over');
    await station.settle();
    expect(station.store.read('transactions', permitted.id)).toMatchObject({
      state: 'WITHHELD',
      blockedBy: 'sealing-key-missing',
    });
    expect(station.custody.operators.station().freezes).toEqual([]);
    await restartWith(now, ...sealingKeys);
    await station.settle();
    expect(station.store.read('transactions', permitted.id)?.state).toBe('SIGNED');
  });
});
