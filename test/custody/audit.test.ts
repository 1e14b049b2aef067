import { closeSync, copyFileSync, openSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { leafHash } from '../../src/journal/hash.ts';
import { appendLeaves, rootAt } from '../../src/journal/merkle.ts';
import { audited, findings, type Sample, sampleStation, tamper } from './audit-station.ts';

let sample: Sample;
let pristine: string;

beforeAll(async () => {
  sample = await sampleStation();
  pristine = `${sample.file}.pristine`;
  await sample.grow(9);
  tamper(sample.file, 'PRAGMA wal_checkpoint(TRUNCATE)');
  copyFileSync(sample.file, pristine);
});

/** A copy to do harm to. */
let file: string;
let copies = 0;
beforeEach(() => {
  file = `${sample.file}.${copies++}`;
  copyFileSync(pristine, file);
});

const keyed = (): { stateKey: Uint8Array } => ({ stateKey: sample.stateKey });

/** Replaces characters of a leaf by others of the same length. */
function edit(table: string, column: string, where: string, from: string, to: string): string {
  return `UPDATE ${table} SET ${column} = CAST(replace(CAST(${column} AS TEXT), '${from}', '${to}') AS BLOB) WHERE ${where}`;
}

describe('an honest station', () => {
  it('has nothing to be found, with and without its keys', () => {
    expect(findings(file)).toEqual([]);
    expect(findings(file, { ...keyed(), logKey: sample.logKey })).toEqual([]);
  });

  it('shows its size and the root that its stored tree has', () => {
    const { result } = audited(file, keyed());
    const db = new Database(file, { readonly: true });
    const hash = db.prepare<[number, number], { hash: Uint8Array }>(
      'SELECT hash FROM nodes WHERE level = ? AND "index" = ?',
    );
    const root = rootAt(sample.size, (level, index) => new Uint8Array(hash.get(level, index)?.hash ?? []));
    db.close();
    expect(result).toMatchObject({ size: 16, origin: sample.origin, logKey: sample.logKey, findings: 0, rows: 15 });
    expect(result.root).toBe(Buffer.from(root).toString('hex'));
  });

  it('is read beside its writer', () => {
    const writer = new Database(file);
    writer.exec("BEGIN IMMEDIATE; UPDATE clock SET w = w + 1 WHERE key = 'clock'");
    expect(findings(file, keyed())).toEqual([]);
    writer.exec('ROLLBACK');
    writer.close();
  });

  it('may have lost an opening: that is how a person is forgotten', () => {
    tamper(file, 'DELETE FROM openings');
    expect(findings(file, keyed())).toEqual([]);
  });
});

describe('S4: the journal', () => {
  it('with a leaf of other bytes: one finding, at that leaf', () => {
    tamper(file, edit('leaves', 'bytes', '"index" = 7', 'frozen', 'frozem'));
    expect(findings(file)).toEqual(['leaf-altered leaf 7']);
  });

  it('with a leaf of other bytes and its stored hash to match: the node above it', () => {
    tamper(file, edit('leaves', 'bytes', '"index" = 7', 'frozen', 'frozem'));
    const db = new Database(file);
    const bytes = db.prepare<[], { bytes: Uint8Array }>('SELECT bytes FROM leaves WHERE "index" = 7').get()?.bytes;
    db.prepare('UPDATE nodes SET hash = ? WHERE level = 0 AND "index" = 7').run(leafHash(new Uint8Array(bytes ?? [])));
    db.close();
    expect(findings(file)).toEqual(['node-altered node 1/3']);
  });

  it('without one of its leaves', () => {
    tamper(file, 'DELETE FROM leaves WHERE "index" = 8');
    expect(findings(file)).toEqual(['leaf-missing leaf 8']);
  });

  it('without a leaf and its hash: no root is shown', () => {
    tamper(file, 'DELETE FROM leaves WHERE "index" = 8', 'DELETE FROM nodes WHERE level = 0 AND "index" = 8');
    const { result, findings: found } = audited(file);
    expect(result.root).toBeUndefined();
    expect(found.map(({ tag }) => tag)).toContain('leaf-missing');
  });

  it('with two leaves swapped', () => {
    tamper(
      file,
      'UPDATE leaves SET "index" = -1 WHERE "index" = 7',
      'UPDATE leaves SET "index" = 7 WHERE "index" = 8',
      'UPDATE leaves SET "index" = 8 WHERE "index" = -1',
    );
    expect(findings(file)).toEqual(['leaf-altered leaf 7', 'leaf-altered leaf 8', 'time-reversed leaf 8']);
  });

  it('with its last leaves cut off', () => {
    tamper(file, 'DELETE FROM leaves WHERE "index" >= 14');
    expect(findings(file)).toEqual([
      'node-extra node 0/14',
      'node-extra node 0/15',
      'node-extra node 1/7',
      'node-extra node 2/3',
      'node-extra node 3/1',
      'node-extra node 4/0',
    ]);
  });

  it('cut off so far, nodes and all, that rows tell of entries that are gone', () => {
    tamper(file, 'DELETE FROM leaves WHERE "index" >= 5', 'DELETE FROM nodes WHERE ("index" + 1) << level > 5');
    const found = findings(file);
    expect(found).toContain('row-untold freezes station');
    expect(found).toContain('row-untold anchors hot nonce:0');
  });

  it('with a node altered, one gone, one put in', () => {
    tamper(
      file,
      'UPDATE nodes SET hash = zeroblob(32) WHERE level = 3 AND "index" = 1',
      'DELETE FROM nodes WHERE level = 1 AND "index" = 0',
      'INSERT INTO nodes VALUES (2, 4, zeroblob(32)), (40, 0, zeroblob(32))',
    );
    expect(findings(file)).toEqual([
      'node-altered node 3/1',
      'node-altered node 4/0',
      'node-extra node 2/4',
      'node-extra node 40/0',
      'node-missing node 1/0',
    ]);
  });

  it('with a leaf that is none, of another station, or of an earlier time', () => {
    tamper(file, edit('leaves', 'bytes', '"index" = 9', '{', '['));
    tamper(file, edit('leaves', 'bytes', '"index" = 10', '/1"', '/9"'));
    tamper(
      file,
      edit('leaves', 'bytes', '"index" = 8', `"station":"${sample.origin.slice(11, 15)}`, '"station":"zzzz'),
    );
    tamper(file, edit('leaves', 'bytes', '"index" = 11', '"w":"1', '"w":"0'));
    tamper(file, edit('leaves', 'bytes', '"index" = 12', '"w":"1', '"w":"2'));
    tamper(file, edit('leaves', 'bytes', '"index" = 13', '"refused"', '"station-founded"'));
    const found = findings(file);
    expect(found).toContain('leaf-malformed leaf 9');
    expect(found).toContain('leaf-foreign leaf 8');
    expect(found).toContain('leaf-foreign leaf 10');
    expect(found).toContain('leaf-malformed leaf 11');
    expect(found).toContain('time-reversed leaf 13');
    expect(found).toContain('leaf-foreign leaf 13');
    expect(found).toContain('time-reversed clock');
  });

  it('with an opening that does not open, or opens nothing', () => {
    tamper(
      file,
      "UPDATE openings SET value = 'mallory' WHERE leaf = 2 AND field = 'account'",
      "INSERT INTO openings VALUES (99, 'account', zeroblob(32), 'x'), (-3, 'account', zeroblob(32), 'x')",
    );
    const found = findings(file, keyed());
    expect(found).toContain('opening-wrong opening of leaf 2');
    expect(found).toContain('opening-wrong opening of leaf 99');
    expect(found).toContain('opening-wrong opening of leaf -3');
  });
});

describe('H: the journal’s head', () => {
  it('of a history that was written again, with every hash made anew, differs; its own row cannot be made to match', () => {
    tamper(file, edit('leaves', 'bytes', '"index" = 13', 'frozen', 'frozem'));
    rehash(file);
    expect(findings(file, keyed())).toEqual(['head-differs head']);
    tamper(file, `UPDATE head SET root = x'${audited(file).result.root}'`);
    expect(findings(file, keyed())).toEqual(['row-forged head head']);
  });

  it('of more entries than there are differs, and so does one that is gone', () => {
    tamper(file, 'DELETE FROM leaves WHERE "index" >= 14', 'DELETE FROM nodes WHERE ("index" + 1) << level > 14');
    expect(findings(file, keyed())).toEqual(['head-differs head']);
    tamper(file, 'DELETE FROM head');
    expect(findings(file, keyed())).toEqual(['head-differs head']);
  });
});

describe('S4: a checkpoint kept outside', () => {
  it('that the journal goes on from, whatever its size', () => {
    for (const size of [1, 2, 7, 8, 15, 16]) {
      const { result, findings: found } = audited(file, { checkpoint: sample.checkpoint(size), logKey: sample.logKey });
      expect(found).toEqual([]);
      expect(result.consistentWith).toBe(size);
    }
  });

  it('of more entries than the station has: it is behind', () => {
    const checkpoint = sample.checkpoint(16);
    tamper(file, 'DELETE FROM leaves WHERE "index" >= 12', 'DELETE FROM nodes WHERE ("index" + 1) << level > 12');
    const { result, findings: found } = audited(file, { ...keyed(), checkpoint });
    expect(found.map(({ tag }) => tag)).toEqual(['station-behind', 'head-differs']);
    expect(found[0]?.message).toMatch(/behind its checkpoint/);
    expect(result.consistentWith).toBeUndefined();
  });

  it('of a history that was written again, with every hash made anew: forked', async () => {
    // The same station went on in two ways from one backup.
    const kept = sample.checkpoint(14);
    tamper(file, edit('leaves', 'bytes', '"index" = 13', 'frozen', 'frozem'));
    rehash(file);
    expect(findings(file)).toEqual([]);
    expect(findings(file, { checkpoint: kept })).toEqual(['journal-forked journal']);
  });

  it('that was not signed by this log, or by a key other than the pinned one', async () => {
    const other = await sampleStation();
    const foreign = other.checkpoint(3);
    expect(findings(file, { checkpoint: foreign })).toEqual(['checkpoint-invalid checkpoint']);
    expect(findings(file, { checkpoint: foreign, logKey: other.logKey })).toEqual([
      'checkpoint-invalid checkpoint',
      'log-key-differs leaf 0',
    ]);
    const forged = new TextEncoder().encode(new TextDecoder().decode(sample.checkpoint(7)).replace('\n7\n', '\n8\n'));
    expect(findings(file, { checkpoint: forged })).toEqual(['checkpoint-invalid checkpoint']);
    expect(findings(file, { checkpoint: sample.checkpoint(7), logKey: 'nonsense' })).toEqual([
      'checkpoint-invalid checkpoint',
      'log-key-differs leaf 0',
    ]);
  });
});

describe('D4: a row', () => {
  it('that another hand wrote fails its code, whichever table and column', () => {
    const edits = {
      station: 'ticket_epoch = 9',
      clock: 'w = w + 1',
      accounts: 'ever_enrolled = 0',
      factors: 'sign_count = 7',
      destinations: "state = 'pending', w0 = 0, d0 = 0",
      listings: "entry = 'entry-2'",
      withdrawals: "state = 'AUTHORIZED'",
      transactions: "attempts = 0, blocked_by = NULL, state = 'SENT'",
      anchors: "payment_set = ''",
      wallets: 'next_nonce = 0',
      spent: "by = 'x'",
      freezes: 'active = 0',
    };
    for (const [table, change] of Object.entries(edits)) {
      const copy = `${file}.${table}`;
      copyFileSync(pristine, copy);
      tamper(copy, `UPDATE ${table} SET ${change}`);
      const found = findings(copy, keyed());
      expect(
        found.some((f) => f.startsWith(`row-forged ${table} `)),
        table,
      ).toBe(true);
      expect(
        found.every((f) => /^row-(contradicts|untold) /.test(f) || f.startsWith(`row-forged ${table} `)),
        found.join(),
      ).toBe(true);
    }
  });

  it('whose payment was edited contradicts its own intent, even without a key', () => {
    tamper(file, "UPDATE withdrawals SET amount = '9999'");
    expect(findings(file)).toEqual(['row-contradicts withdrawals w-1']);
    expect(audited(file).findings[0]?.message).toMatch(/amount/);
  });

  it.each([
    [
      'a destination',
      "UPDATE destinations SET destination = destination || '0'",
      'row-contradicts destinations entry-1',
    ],
    ['a factor’s key', 'UPDATE factors SET cose_key = zeroblob(4)', 'row-contradicts factors'],
    ['who attested a factor', 'UPDATE factors SET attested_by = \'["x"]\'', 'row-contradicts factors'],
    [
      'a factor’s intent',
      "UPDATE factors SET intent = CAST(replace(intent, '00Z', '01Z') AS BLOB)",
      'row-contradicts factors',
    ],
    ['a destination’s label', "UPDATE destinations SET label = 'x'", 'row-contradicts destinations entry-1'],
    [
      'a destination’s intent',
      "UPDATE destinations SET intent = CAST(replace(intent, '00Z', '01Z') AS BLOB)",
      'row-contradicts destinations entry-1',
    ],
    [
      'who listed a destination',
      `UPDATE destinations SET attested_by = '["x"]'`,
      'row-contradicts destinations entry-1',
    ],
    [
      'a destination’s evidence',
      "UPDATE destinations SET evidence = CAST(replace(evidence, 'AAAA', 'BBBB') AS BLOB)",
      'row-contradicts destinations entry-1',
    ],
    [
      'a withdrawal’s evidence',
      "UPDATE withdrawals SET evidence = CAST(replace(evidence, 'AAAA', 'BBBB') AS BLOB)",
      'row-contradicts withdrawals w-1',
    ],
    ['a transaction’s bytes', 'UPDATE transactions SET unsigned = zeroblob(4)', 'row-contradicts transactions'],
    ['what a transaction pays', 'UPDATE transactions SET pays = \'["w-2"]\'', 'row-contradicts transactions'],
    ['an intent', 'UPDATE withdrawals SET intent = zeroblob(4)', 'row-malformed withdrawals w-1'],
    ['a list', "UPDATE withdrawals SET history = 'x'", 'row-malformed withdrawals w-1'],
    ['a history', 'UPDATE withdrawals SET history = \'["9","4"]\'', 'row-contradicts withdrawals w-1'],
    ['its leaf, to one of another kind', 'UPDATE anchors SET leaf = 0', 'row-untold anchors hot nonce:0'],
    ['its leaf, to none', 'UPDATE freezes SET leaf = -1', 'row-untold freezes station'],
  ])('with %s edited is found without a key', (_, sql, expected) => {
    tamper(file, sql);
    expect(
      findings(file).some((f) => f.startsWith(expected)),
      findings(file).join(),
    ).toBe(true);
  });

  it.each(['spent', 'freezes', 'withdrawals', 'transactions', 'anchors', 'factors', 'destinations', 'accounts'])(
    'that was deleted from %s is missed by the entry that tells of it',
    (table) => {
      tamper(file, `DELETE FROM ${table}`);
      const found = findings(file, keyed());
      // Rows that name it are held against it, too.
      const missing = found.filter((f) => !f.startsWith('row-contradicts '));
      expect(missing.length).toBeGreaterThan(0);
      expect(
        missing.every((f) => f.startsWith(`row-missing ${table} `)),
        found.join(),
      ).toBe(true);
    },
  );

  it('that was put back to an older authentic version is found by the entry since', async () => {
    const older = new Database(pristine, { readonly: true });
    const before = older.prepare<[], Record<string, unknown>>("SELECT * FROM freezes WHERE scope = 'station'").get();
    older.close();
    const db = new Database(file);
    db.prepare('UPDATE leaves SET bytes = CAST(replace(CAST(bytes AS TEXT), ?, ?) AS BLOB) WHERE "index" = 10').run(
      '"kind":"refused","reason":"frozen","',
      '"kind":"thawed","scope":"station","',
    );
    db.close();
    rehash(file);
    expect(before).toMatchObject({ active: 1 });
    expect(findings(file, keyed())).toEqual(['head-differs head', 'row-older freezes station']);
  });
});

describe('the policy', () => {
  it('in force must be there, unaltered, and the one that the journal put in force', () => {
    tamper(file, "UPDATE policies SET document = document || ' '");
    expect(findings(file).map((f) => f.split(' ')[0])).toEqual(['policy-altered']);
    tamper(file, 'DELETE FROM policies');
    expect(findings(file).map((f) => f.split(' ')[0])).toEqual(['policy-missing']);
    tamper(file, "UPDATE station SET policy = 'x'", "INSERT INTO policies VALUES ('x', 'y')");
    expect(findings(file)).toEqual([
      'policy-altered policy x',
      'policy-altered policy x',
      expect.stringMatching(/^policy-missing policy [0-9a-f]{64}$/),
    ]);
  });
});

describe('the schema', () => {
  it('with a trigger that was put in, or an index that is gone', () => {
    tamper(file, 'CREATE TRIGGER t AFTER UPDATE ON clock BEGIN DELETE FROM freezes; END', 'DROP INDEX freezes_active');
    expect(findings(file)).toEqual(['schema-altered index freezes_active', 'schema-altered trigger t']);
  });

  it('of another release is not read', () => {
    tamper(file, 'PRAGMA user_version = 99');
    expect(() => findings(file)).toThrow(/schema version 99/);
  });

  it('without a station in it', () => {
    tamper(file, 'DELETE FROM station');
    expect(findings(file)).toEqual(['station-missing station']);
  });

  it('in a file with damaged pages is an error that says so', () => {
    const db = new Database(file);
    const page = db.prepare<[], { rootpage: number }>("SELECT rootpage FROM sqlite_master WHERE name = 'nodes'").get();
    db.close();
    damage(file, (page?.rootpage ?? 1) - 1);
    expect(() => findings(file)).toThrow(/cannot be read \(SQLITE_CORRUPT/);
  });
});

/** What a forger with the whole file does: makes every node anew from the leaves. */
function rehash(of: string): void {
  const db = new Database(of);
  const leaves = db.prepare<[], { bytes: Uint8Array }>('SELECT bytes FROM leaves ORDER BY "index"').all();
  const nodes = new Map<string, Uint8Array>();
  const { nodes: made } = appendLeaves(
    0,
    leaves.map(({ bytes }) => leafHash(new Uint8Array(bytes))),
    (level, index) => nodes.get(`${level}/${index}`) ?? new Uint8Array(),
  );
  db.exec('DELETE FROM nodes');
  const insert = db.prepare('INSERT INTO nodes VALUES (?, ?, ?)');
  for (const { level, index, hash } of made) insert.run(level, index, hash);
  db.close();
}

function damage(of: string, page: number): void {
  const handle = openSync(of, 'r+');
  writeSync(handle, new Uint8Array(512).fill(0xff), 0, 512, page * 4096);
  closeSync(handle);
}
