import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLeaf } from '../../src/journal/leaf.ts';
import {
  decodeBundle,
  encodeBundle,
  firstNode,
  joinHashes,
  type Tile,
  TileError,
  tilePath,
  tilesBetween,
  tileWidth,
} from '../../src/journal/tiles.ts';
import '../seeded.ts';

const paths = (from: number, to: number): string[] => [...tilesBetween(from, to)].map(tilePath);

describe('C2SP tlog-tiles: where a tile lies', () => {
  it('gives the paths of the specification', () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067');
    expect(tilePath({ level: 'entries', index: 0, width: 256 })).toBe('tile/entries/000');
    expect(tilePath({ level: 1, index: 0, width: 17 })).toBe('tile/1/000.p/17');
    expect(tilePath({ level: 63, index: 1_000, width: 1 })).toBe('tile/63/x001/000.p/1');
  });

  it.each<[string, Tile]>([
    ['level', { level: 64, index: 0, width: 1 }],
    ['level', { level: -1, index: 0, width: 1 }],
    ['index', { level: 0, index: -1, width: 1 }],
    ['index', { level: 0, index: 0.5, width: 1 }],
    ['width', { level: 0, index: 0, width: 0 }],
    ['width', { level: 0, index: 0, width: 257 }],
  ])('there is none of another %s', (what, tile) => {
    expect(() => tilePath(tile)).toThrow(
      expect.objectContaining({ reason: 'tile-invalid', message: expect.stringContaining(what) }),
    );
  });

  it('a tree of 70,000 has the tiles that the specification counts, and one of 256 a full and a partial one', () => {
    const of = (prefix: string): string[] => paths(0, 70_000).filter((path) => path.startsWith(`tile/${prefix}/`));
    const full = (path: string): boolean => !path.includes('.p/');
    expect([of('0').filter(full).length, of('0').filter((p) => !full(p))]).toEqual([273, ['tile/0/273.p/112']]);
    expect(of('1')).toEqual(['tile/1/000', 'tile/1/001.p/17']);
    expect(of('2')).toEqual(['tile/2/000.p/1']);
    expect(of('entries')).toHaveLength(274);
    expect(paths(0, 256)).toEqual(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']);
    expect(paths(0, 0)).toEqual([]);
  });

  it('what a tree grew by is what the greater has and the smaller has not', () => {
    fc.assert(
      fc.property(fc.nat(200_000), fc.nat(2_000), (from, more) => {
        const had = new Set(paths(0, from));
        expect(new Set(paths(from, from + more))).toEqual(new Set(paths(0, from + more).filter((p) => !had.has(p))));
      }),
      { numRuns: 30 },
    );
  });

  it('a tile is as wide as the tree reaches, and 0 beyond it', () => {
    expect(tileWidth({ level: 'entries', index: 0 }, 300)).toBe(256);
    expect(tileWidth({ level: 0, index: 1 }, 300)).toBe(44);
    expect(tileWidth({ level: 0, index: 2 }, 300)).toBe(0);
    expect(tileWidth({ level: 1, index: 0 }, 300)).toBe(1);
    expect(tileWidth({ level: 63, index: 0 }, 300)).toBe(0);
    expect(firstNode({ level: 2, index: 3 })).toEqual({ level: 16, index: 768 });
  });
});

describe('C2SP tlog-tiles: what lies in it', () => {
  it('a bundle is each entry’s length in 16 bits, and the entry', () => {
    const entries = [Uint8Array.of(7), new Uint8Array(0), new Uint8Array(258).fill(9)];
    const bundle = encodeBundle(entries);
    expect([...bundle.subarray(0, 7)]).toEqual([0, 1, 7, 0, 0, 1, 2]);
    expect(decodeBundle(bundle)).toEqual(entries);
  });

  it('a bundle that ends within an entry is none', () => {
    const bundle = encodeBundle([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
    const whole = new Set([0, 5, 8]);
    for (let length = 0; length <= bundle.length; length++) {
      const read = (): number => decodeBundle(bundle.subarray(0, length)).length;
      if (whole.has(length)) expect(read()).toBeLessThanOrEqual(2);
      else expect(read).toThrow(TileError);
    }
  });

  it('I5: an entry that fits no bundle is not made: 65,535 bytes do, one more does not', () => {
    expect(encodeBundle([new Uint8Array(0xffff)])).toHaveLength(0x10001);
    expect(() => encodeBundle([new Uint8Array(0x10000)])).toThrow(
      expect.objectContaining({ reason: 'entry-too-long' }),
    );
    const context = { station: 'ab/1', w: 0, time: '2022-01-17T00:46:00Z' };
    const leaf = (length: number): Uint8Array =>
      encodeLeaf({ kind: 'frozen', fields: { why: 'x'.repeat(length) } }, context, () => new Uint8Array(32)).bytes;
    const fixed = leaf(0).length;
    expect(leaf(0xffff - fixed)).toHaveLength(0xffff);
    expect(() => leaf(0x10000 - fixed)).toThrow(expect.objectContaining({ reason: 'entry-too-long' }));
  });

  it('a hash tile is its hashes, 32 bytes each', () => {
    expect(joinHashes([new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)])).toHaveLength(64);
    expect(() => joinHashes([new Uint8Array(31)])).toThrow(expect.objectContaining({ reason: 'tile-invalid' }));
  });
});
