import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Wallet } from '../../src/domain/index.ts';
import { rootAt } from '../../src/journal/merkle.ts';
import { StorageFailed } from '../../src/store/failure.ts';
import type { Verdict, Write } from '../../src/store/verdict.ts';
import { BareStore, sample } from './bare-store.ts';

describe('a decision', () => {
  let bare: BareStore;
  beforeEach(() => {
    bare = new BareStore();
  });
  afterEach(() => bare.close());

  const spend = (key: string, text = ''): Verdict<string> => ({
    result: key,
    writes: [{ table: 'spent', record: { key, by: 'a test' }, leaf: 0 }],
    leaves: [{ kind: 'refused', fields: { key, text } }],
  });
  const decide = (key: string, text = ''): Promise<unknown> => bare.store.decide({}, () => spend(key, text));
  const spent = (key: string): boolean => bare.store.read('spent', key) !== undefined;
  const sending = (id: string) =>
    bare.store.decide({}, () => {
      const record = sample('transactions', {
        id: id as never,
        wallet: 'hot' as Wallet['id'],
        signer: 'ledger',
        state: 'SENT',
      });
      return {
        result: undefined,
        writes: [{ table: 'transactions', record }],
        permit: {
          transaction: record.id,
          wallet: { id: 'hot' } as Wallet,
          signer: 'ledger',
          tokenDescriptors: [],
          digests: [],
          registration: null,
        },
      };
    });
  const outcomes = async (...jobs: Promise<unknown>[]): Promise<string[]> =>
    (await Promise.allSettled(jobs)).map((s) =>
      s.status === 'fulfilled' ? 'done' : String(s.reason?.code ?? s.reason.message),
    );

  it('I5: its rows and its leaves are one commit, and the tree is the leaves’', async () => {
    await decide('a');
    expect(bare.store.leafOf('spent', 'a')).toBe(1);
    expect(bare.store.size).toBe(2);
    expect(rootAt(2, bare.store.log.readNode)).toHaveLength(32);
    expect(bare.count('COMMIT')).toBe(1);
  });

  it('those that come together share a COMMIT, each with its own leaves', async () => {
    void bare.company();
    await Promise.all([decide('a'), decide('b'), decide('c')]);
    expect(bare.count('COMMIT')).toBe(2);
    expect(['a', 'b', 'c'].map((key) => bare.store.leafOf('spent', key))).toEqual([1, 2, 3]);
  });

  it('a look from before a decision sees one state, and the decision’s once it was decided meanwhile', async () => {
    let decided: Promise<unknown> | undefined;
    const seen = bare.store.snapshot(() => {
      const before = spent('a');
      decided = decide('a');
      return [before, spent('a'), bare.store.snapshot(() => spent('a'))];
    });
    await decided;
    expect(seen).toEqual([false, true, true]);
    expect(bare.db.inTransaction).toBe(false);
    expect(() =>
      bare.store.snapshot(() => {
        throw new Error('a test');
      }),
    ).toThrow('a test');
    expect(bare.db.inTransaction).toBe(false);
    expect(bare.store.snapshot(() => spent('a'))).toBe(true);
  });

  it('H: a changed schema is met by a look of several reads before the first of them', () => {
    bare.db.exec('CREATE TRIGGER foreign_hand AFTER INSERT ON spent BEGIN SELECT 1; END');
    let reads = 0;
    expect(() => bare.store.snapshot(() => reads++)).toThrow(/schema/);
    expect(reads).toBe(0);
    expect(bare.store.tampered?.table).toBe('sqlite_schema');
  });

  it('sees only what it named', async () => {
    await expect(bare.store.decide({}, (facts) => ({ result: facts.get('spent', 'a') }))).rejects.toThrow(
      /did not name/,
    );
    await expect(bare.store.decide({}, (facts) => ({ result: facts.all('activeFreezes') }))).rejects.toThrow(
      /did not name/,
    );
    const named = await bare.store.decide({ rows: [['spent', 'a']], lookups: [['activeFreezes']] }, (facts) => ({
      result: [
        facts.get('spent', 'a'),
        facts.all('activeFreezes'),
        facts.named('spent', 'a'),
        facts.named('spent', 'b'),
      ],
    }));
    expect(named.result).toEqual([undefined, [], true, false]);
  });

  it('sees what an earlier one of its group wrote', async () => {
    void bare.company();
    const first = decide('a');
    const second = bare.store.decide({ rows: [['spent', 'a']] }, (facts) => ({ result: facts.get('spent', 'a')?.by }));
    await first;
    expect((await second).result).toBe('a test');
  });

  it('sees what an earlier one of its group made of the station, and nothing of one that failed', async () => {
    const { station } = bare.store.look({});
    const raise = (ticketEpoch: number, more: readonly Write[] = []): Promise<unknown> =>
      bare.store.decide({}, () => ({
        result: undefined,
        writes: [{ table: 'station', record: { ...station, ticketEpoch } }, ...more],
      }));
    const epoch = async (): Promise<number> =>
      (await bare.store.decide({}, (facts) => ({ result: facts.station.ticketEpoch }))).result;
    void bare.company();
    const failing = raise(7, [{ table: 'wallets', record: sample('wallets', { nextNonce: 0.5 }) }]).catch(
      () => 'failed',
    );
    const before = epoch();
    const raised = raise(2);
    const after = epoch();
    await raised;
    expect([await failing, await before, await after, await epoch()]).toEqual(['failed', 1, 2, 2]);
  });

  it('A11: sees the epoch that an earlier one of its group raised, and not one of a decision that failed', async () => {
    const raise = (fails: boolean) =>
      bare.store.decide({}, ({ station }) => ({
        result: undefined,
        writes: [
          { table: 'station', record: { ...station, ticketEpoch: station.ticketEpoch + 1 } },
          ...(fails ? [{ table: 'wallets', record: sample('wallets', { nextNonce: 0.5 }) } as const] : []),
        ],
      }));
    void bare.company();
    const seen = (): Promise<number> =>
      bare.store.decide({}, ({ station }) => ({ result: station.ticketEpoch })).then(({ result }) => result);
    const [failed, first, raised, second] = await Promise.allSettled([raise(true), seen(), raise(false), seen()]);
    expect([failed.status, raised.status]).toEqual(['rejected', 'fulfilled']);
    expect([first, second]).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'fulfilled', value: 2 },
    ]);
  });

  it('that fails leaves nothing, and its neighbours as they are', async () => {
    void bare.company();
    const wrong = bare.store.decide({}, () => ({
      ...spend('x'),
      writes: [...(spend('x').writes ?? []), { table: 'wallets', record: sample('wallets', { nextNonce: 0.5 }) }],
    }));
    const throws = bare.store.decide({}, () => {
      throw new Error('a judge’s mistake');
    });
    expect(await outcomes(decide('a'), wrong, throws, decide('b'))).toEqual([
      'done',
      expect.stringContaining('cannot store'),
      'a judge’s mistake',
      'done',
    ]);
    expect([spent('a'), spent('x'), spent('b')]).toEqual([true, false, true]);
    expect(bare.store.size).toBe(3);
    expect(rootAt(3, bare.store.log.readNode)).toHaveLength(32);
  });

  it('F2: a full disk fails the whole group, and nothing of it stands; once there is room it goes on', async () => {
    const pages = Number(bare.db.pragma('page_count', { simple: true }));
    bare.db.pragma(`max_page_count = ${pages}`);
    void bare.company();
    const sent = sending('t');
    expect(await outcomes(decide('a'), sent, decide('b', 'x'.repeat(60_000)), decide('c'))).toEqual(
      Array(4).fill('SQLITE_FULL'),
    );
    expect([spent('a'), spent('b'), spent('c')]).toEqual([false, false, false]);
    expect(bare.store.size).toBe(1);
    expect(bare.db.inTransaction).toBe(false);
    expect(bare.fatal).toEqual([]);
    bare.db.pragma('max_page_count = 100000');
    await decide('d');
    expect(bare.store.leafOf('spent', 'd')).toBe(1);
  });

  it('F2: a broken constraint fails the whole group', async () => {
    const notice = (id: string) =>
      bare.store.decide({}, () => ({
        result: 1,
        writes: [{ table: 'notices', record: sample('notices', { id: id as never, token: id, sequence: 1 }) }],
      }));
    void bare.company();
    expect(await outcomes(decide('a'), notice('n-1'), notice('n-2'))).toEqual(
      Array(3).fill('SQLITE_CONSTRAINT_UNIQUE'),
    );
    expect(spent('a')).toBe(false);
  });

  it.each(['SQLITE_FULL', 'SQLITE_BUSY', 'SQLITE_IOERR_FSYNC'])(
    'F2: a COMMIT that fails with %s fails all, and no permit comes of it',
    async (code) => {
      void bare.company();
      await new Promise((resolve) => setImmediate(resolve));
      bare.failing.set('COMMIT', code);
      expect(await outcomes(decide('a'), sending('t'), decide('b'))).toEqual([code, code, code]);
      expect(bare.db.inTransaction).toBe(false);
      expect([spent('a'), spent('b')]).toEqual([false, false]);
      expect(bare.store.read('transactions', 't')).toBeUndefined();
      expect(bare.store.size).toBe(1);
    },
  );

  it.each(['SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_DIR_FSYNC', 'SQLITE_IOERR', 'SQLITE_CORRUPT'])(
    'F2: after %s the process is to end, and until it does nothing more is decided',
    async (code) => {
      bare.failing.set('COMMIT', code);
      expect(await outcomes(decide('a'))).toEqual([code]);
      bare.failing.clear();
      expect(await outcomes(decide('b'), sending('t'))).toEqual([code, code]);
      expect(bare.fatal.map((f) => f.code)).toEqual([code]);
      expect([spent('a'), spent('b')]).toEqual([false, false]);
    },
  );

  it('F2: a full disk is no reason to end', async () => {
    bare.failing.set('COMMIT', 'SQLITE_FULL');
    expect(await outcomes(decide('a'))).toEqual(['SQLITE_FULL']);
    bare.failing.clear();
    expect(await outcomes(decide('a'))).toEqual(['done']);
    expect(bare.fatal).toEqual([]);
  });

  it('F2: a transaction that was lost in mid-group fails the whole group', async () => {
    void bare.company();
    const losing = bare.store.decide({}, () => {
      bare.db.exec('ROLLBACK');
      throw new Error('lost');
    });
    expect(await outcomes(decide('a'), losing, decide('b'))).toEqual(['lost', 'lost', 'lost']);
    expect([spent('a'), spent('b')]).toEqual([false, false]);
    expect(await outcomes(decide('c'))).toEqual(['done']);
    expect(bare.store.leafOf('spent', 'c')).toBe(1);
  });

  it('F2: a database that can’t be written refuses, says so, and can still be read', async () => {
    await decide('a');
    bare.db.pragma('query_only = ON');
    expect(await outcomes(decide('b'), sending('t'))).toEqual(['SQLITE_READONLY', 'SQLITE_READONLY']);
    expect([spent('a'), spent('b')]).toEqual([true, false]);
    await expect(decide('c')).rejects.toThrow(StorageFailed);
  });

  it('F2: a database that another process has locked refuses, and goes on once it is free', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-store-'));
    const file = join(folder, 'station.db');
    const own = new BareStore(file);
    own.db.pragma('busy_timeout = 0');
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    expect(await outcomes(own.store.decide({}, () => spend('a')))).toEqual(['SQLITE_BUSY']);
    other.exec('ROLLBACK');
    other.close();
    expect(await outcomes(own.store.decide({}, () => spend('a')))).toEqual(['done']);
    own.close();
    rmSync(folder, { recursive: true });
  });

  it('that comes after the store was closed is refused, and what waited is committed', async () => {
    void bare.company();
    const waiting = decide('a');
    bare.store.close();
    expect(await outcomes(waiting, decide('b'))).toEqual(['done', 'SQLITE_MISUSE']);
  });

  it('a watcher that throws harms neither the decision nor its neighbours nor other watchers', async () => {
    const told: number[] = [];
    bare.store.onCommit(() => {
      throw new Error('a watcher’s mistake');
    });
    bare.store.onCommit((writes) => told.push(writes.length));
    void bare.company();
    expect(await outcomes(decide('a'), decide('b'))).toEqual(['done', 'done']);
    expect(told).toEqual([1, 1]);
    expect(bare.listenerFailures).toHaveLength(2);
  });

  it('I5: a commit of leaves alone is told of, because the journal grew', async () => {
    let growth = 0;
    const unsubscribe = bare.store.onCommit(() => growth++);
    await bare.store.decide({}, () => ({ result: 1, leaves: [{ kind: 'refused', fields: {} }] }));
    expect(growth).toBe(1);
    await bare.store.decide({}, () => ({ result: 1 }));
    expect(growth, 'nothing was written').toBe(1);
    unsubscribe();
    await decide('a');
    expect(growth).toBe(1);
  });

  it('D4: a forged row refuses whatever reads it, and the store remembers that it met one', async () => {
    await decide('a');
    await decide('b');
    bare.db.exec(`UPDATE spent SET by = 'another' WHERE key = 'a'`);
    expect(bare.store.tampered).toBeUndefined();
    expect(() => bare.store.read('spent', 'a')).toThrow(/authentication code/);
    expect(bare.store.tampered?.table).toBe('spent');
    expect(spent('b')).toBe(true);
  });

  it('D4: a forged clock or station row: nothing is decided at all', async () => {
    bare.db.exec('UPDATE clock SET w = w + 86400000');
    expect(await outcomes(decide('a'), decide('b'))).toEqual([
      expect.stringContaining('row clock of clock fails'),
      expect.stringContaining('row clock of clock fails'),
    ]);
    expect(bare.store.tampered?.table).toBe('clock');
    expect(() => bare.store.look({})).toThrow(/authentication code/);
  });
});
