import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditTiles, filesOf, type TileAuditRequest } from '../../src/custody/audit/tiles.ts';
import { minute, toHex } from '../../src/domain/index.ts';
import { heldSigner, signedCheckpoint } from '../../src/journal/checkpoint-signer.ts';
import { leafHash } from '../../src/journal/hash.ts';
import { appendLeaves, missingNode, type NodeReader, rootAt } from '../../src/journal/merkle.ts';
import { formatVerifierKey, noteVerifier, parseVerifierKey, readNote } from '../../src/journal/note.ts';
import { decodeBundle, encodeBundle, firstNode, joinHashes, type Tile } from '../../src/journal/tiles.ts';
import { TileFolder } from '../../src/store/tile-folder.ts';
import { writeTiles } from '../../src/store/tile-writer.ts';
import { TestStation } from '../custody/station.ts';
import { SampleWitness } from '../journal/sample-witness.ts';

// S4 of a journal as it was published: whoever holds the files, or the station and its journal key too, changes history. An auditor
// has the files, keys that were pinned, and perhaps a checkpoint of an earlier day.

let station: TestStation;
let witness: SampleWitness;
let published: string;
/** At 300 entries, cosigned. */
let kept: Uint8Array;
let size: number;
let folder: string;

const pad = async (count: number): Promise<void> => {
  await station.store.decide({}, () => ({
    result: undefined,
    leaves: Array.from({ length: count }, (_, i) => ({
      kind: 'refused' as const,
      fields: { what: 'withdrawal', reason: 'limit-exceeded', number: String(i) },
    })),
  }));
};
const utf8 = new TextEncoder();
const seconds = (): number => Math.floor(station.time.wall / 1_000);

beforeAll(async () => {
  station = await TestStation.open();
  witness = new SampleWitness('witness.example/w1', parseVerifierKey(station.verifierKey), 0);
  const alice = await station.ripeCustomer('alice');
  await alice.authorize('w-1');
  await station.sign(['w-1']);
  await station.settle();
  await pad(300 - station.store.size);
  station.time.pass(10 * minute);
  witness.time = seconds();
  const early = await station.custody.journal.head();
  const { text } = readNote(early.note);
  kept = utf8.encode(`${early.note}${witness.line(text)}`);
  station.time.pass(10 * minute);
  await pad(500);
  const head = await station.custody.journal.head();
  size = head.size;
  published = mkdtempSync(join(tmpdir(), 'portcullis-s4-'));
  writeTiles(new TileFolder(published), station.store.log, head, [parseVerifierKey(station.verifierKey)]);
});
afterAll(async () => {
  await station.close();
  rmSync(published, { recursive: true });
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-s4-'));
  cpSync(published, folder, { recursive: true });
  return () => rmSync(folder, { recursive: true });
});

function found(more: Partial<TileAuditRequest> = {}): string[] {
  const findings: string[] = [];
  auditTiles({ read: filesOf(folder), logKey: station.verifierKey, ...more }, ({ tag, where }) =>
    findings.push(`${tag}: ${where}`),
  );
  return findings;
}
const outside = (): Partial<TileAuditRequest> => ({ checkpoint: kept, witnesses: [witness.key] });

function edit(file: string, change: (bytes: Buffer) => Uint8Array): void {
  const path = join(folder, file);
  writeFileSync(path, change(readFileSync(path)));
}
const flip =
  (at: number) =>
  (bytes: Buffer): Buffer => {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
const entries = (change: (entries: Uint8Array[]) => Uint8Array[]) => (bytes: Buffer) =>
  encodeBundle(change(decodeBundle(bytes)));

/** Another history, as someone publishes it who has the journal key: its tiles are whole, and its checkpoint genuine. */
async function republished(change: (leaves: Uint8Array[]) => Uint8Array[]): Promise<void> {
  const genuine = [...station.store.log.leaves(0, size)].map(({ bytes }) => new Uint8Array(bytes));
  const leaves = change(genuine);
  const nodes = new Map<string, Uint8Array>();
  const readNode: NodeReader = (level, index) => {
    const hash = nodes.get(`${level}/${index}`);
    if (hash === undefined) throw missingNode(level, index);
    return hash;
  };
  for (const { level, index, hash } of appendLeaves(0, leaves.map(leafHash), readNode).nodes)
    nodes.set(`${level}/${index}`, hash);
  const tile = ({ level, index, width }: Tile): Uint8Array => {
    if (level === 'entries') return encodeBundle(leaves.slice(index * 256, index * 256 + width));
    const first = firstNode({ level, index });
    return joinHashes(Array.from({ length: width }, (_, i) => readNode(first.level, first.index + i)));
  };
  const root = rootAt(leaves.length, readNode);
  const signer = heldSigner(station.origin, station.journalKey);
  const note = await signedCheckpoint({ origin: station.origin, size: leaves.length, root, extensions: [] }, [signer]);
  rmSync(folder, { recursive: true });
  writeTiles(new TileFolder(folder), { readNode, tile }, { origin: station.origin, size: leaves.length, root, note }, [
    signer.verifier,
  ]);
}
const changed = (leaf: Uint8Array, from: string, to: string): Uint8Array =>
  utf8.encode(new TextDecoder().decode(leaf).replace(from, to));

describe('S4: a published journal', () => {
  it('is found to be whole, to go on from what was kept outside, and to be seen by its witness', () => {
    expect(found()).toEqual([]);
    expect(found(outside())).toEqual([]);
    const result = auditTiles({ read: filesOf(folder), logKey: station.verifierKey, ...outside() }, () => {});
    expect(result).toMatchObject({ size, origin: station.origin, consistentWith: 300, findings: 0 });
    expect(result.root).toBe(toHex(station.store.head().root));
    expect(result.cosignatures).toEqual([{ witness: 'witness.example/w1', time: witness.time }]);
  });

  it('flipped: a bit in an entry, in a hash, in a hash above, in the checkpoint, in a cosignature', () => {
    edit(
      'tile/entries/001',
      entries((all) => all.map((entry, i) => (i === 44 ? flip(20)(Buffer.from(entry)) : entry))),
    );
    expect(found()).toEqual(expect.arrayContaining(['leaf-altered: leaf 300', 'node-altered: tile/1/000.p/3']));
  });

  it('flipped: a bit in a hash names the entry', () => {
    edit('tile/0/000', flip(32 * 7));
    expect(found()).toEqual(['leaf-altered: leaf 7']);
  });

  it('flipped: a bit in a hash above names the tile', () => {
    edit('tile/1/000.p/3', flip(32));
    expect(found()).toEqual(['node-altered: tile/1/000.p/3']);
  });

  it('flipped: a bit in the checkpoint, or in a witness’s line', () => {
    const genuine = readFileSync(join(folder, 'checkpoint'));
    edit('checkpoint', (bytes) => flip(bytes.indexOf('\n') + 1)(bytes));
    expect(found()).toEqual(['checkpoint-invalid: checkpoint']);
    writeFileSync(join(folder, 'checkpoint'), genuine);
    const line = new TextDecoder().decode(kept).split('\n').at(-2) ?? '';
    const forged = new TextDecoder().decode(kept).replace(line, `${line.slice(0, -9)}AAAAA${line.slice(-4)}`);
    expect(found({ ...outside(), checkpoint: utf8.encode(forged) })).toEqual([
      'cosignature-invalid: the given checkpoint',
    ]);
  });

  it('dropped: an entry out of its bundle, a bundle, a tile', () => {
    edit(
      'tile/entries/000',
      entries((all) => all.toSpliced(9, 1)),
    );
    const one = found();
    expect(one).toContain('tile-malformed: tile/entries/000');
    expect(one).toContain('leaf-moved: leaf 9');
    expect(one).toContain('leaf-missing: leaf 255');
  });

  it('dropped: a bundle, a hash tile, both', () => {
    rmSync(join(folder, 'tile/entries/001'));
    expect(found()).toEqual(['tile-missing: tile/entries/001']);
    rmSync(join(folder, 'tile/0/001'));
    expect(found()).toEqual([
      'tile-missing: tile/entries/001',
      'tile-missing: tile/0/001',
      'node-altered: tile/1/000.p/3',
    ]);
  });

  it('reordered: two entries of a bundle, two bundles', () => {
    edit(
      'tile/entries/000',
      entries((all) => all.toSpliced(5, 2, ...all.slice(5, 7).reverse())),
    );
    expect(found().filter((finding) => !finding.startsWith('time-'))).toEqual([
      'leaf-moved: leaf 5',
      'leaf-moved: leaf 6',
      'node-altered: tile/1/000.p/3',
      'root-differs: checkpoint',
    ]);
  });

  it('reordered: two bundles', () => {
    const [a, b] = ['000', '001'].map((name) => join(folder, 'tile/entries', name));
    renameSync(a ?? '', `${a}.old`);
    renameSync(b ?? '', a ?? '');
    renameSync(`${a}.old`, b ?? '');
    const findings = found();
    expect(findings).toContain('leaf-altered: leaf 0');
    expect(findings).toContain('leaf-altered: leaf 511');
    expect(findings).toContain('time-reversed: leaf 256');
  });

  it('truncated: the last bundle cut short, the checkpoint left as it was', () => {
    const last = `tile/entries/003.p/${size - 768}`;
    edit(
      last,
      entries((all) => all.slice(0, -2)),
    );
    expect(found()).toEqual([
      `tile-malformed: ${last}`,
      `leaf-missing: leaf ${size - 2}`,
      `leaf-missing: leaf ${size - 1}`,
    ]);
  });

  it('truncated by whoever has the key: it is behind what was kept outside', async () => {
    await republished((leaves) => leaves.slice(0, 280));
    expect(found()).toEqual([]);
    expect(found(outside())).toEqual(['station-behind: the given checkpoint']);
  });

  it('forked by whoever has the key: it does not go on from what was kept outside', async () => {
    await republished((leaves) =>
      leaves.with(50, changed(leaves[50] ?? new Uint8Array(), '"number":"', '"number":"1')),
    );
    expect(found()).toEqual([]);
    expect(found(outside())).toEqual(['journal-forked: the given checkpoint']);
  });

  it('forked by whoever has the key: an entry dropped from the middle, or put in', async () => {
    await republished((leaves) => leaves.toSpliced(120, 1));
    expect(found(outside())).toEqual(['journal-forked: the given checkpoint']);
  });

  it('backdated by whoever has the key: an entry of a time when its witness saw none of it', async () => {
    const early = new Date(station.time.wall - 19 * minute).toISOString().replace(/\.\d+Z$/, 'Z');
    await republished((leaves) => [
      ...leaves.slice(0, 300),
      utf8.encode(new TextDecoder().decode(leaves[300]).replace(/"time":"[^"]*"/, `"time":"${early}"`)),
      ...leaves.slice(301),
    ]);
    expect(found()).toEqual([]);
    expect(found(outside())).toEqual(['leaf-backdated: leaf 300']);
    // Without a witness, only that time does not go back within the log.
    await republished((leaves) => [
      ...leaves.slice(0, 300),
      utf8.encode(new TextDecoder().decode(leaves[300]).replace(/"time":"[^"]*"/, '"time":"2021-01-01T00:00:00Z"')),
      ...leaves.slice(301),
    ]);
    expect(found()).toEqual(['time-reversed: leaf 300']);
  });

  it('another log’s, or one whose checkpoint is gone', () => {
    expect(
      found({ logKey: formatVerifierKey(noteVerifier(station.origin, generateKeyPairSync('ed25519').publicKey)) }),
    ).toEqual(['checkpoint-invalid: checkpoint']);
    rmSync(join(folder, 'checkpoint'));
    expect(found()).toEqual(['checkpoint-invalid: checkpoint']);
  });
});
