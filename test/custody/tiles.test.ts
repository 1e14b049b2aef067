import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leafHash } from '../../src/journal/hash.ts';
import { decodeBundle } from '../../src/journal/tiles.ts';
import { TestStation } from './station.ts';

let station: TestStation;
beforeEach(async () => {
  station = await TestStation.open();
});
afterEach(() => station.close());

describe('Tiles, asked for', () => {
  it('are made of what is there, as wide as is asked', async () => {
    await station.enrol('alice');
    const { journal } = station.custody;
    const size = journal.size();
    const entries = decodeBundle(journal.tile({ level: 'entries', index: 0, width: size }));
    expect(entries).toEqual(journal.entries(0, size).map(({ leaf }) => new Uint8Array(leaf)));
    const hashes = journal.tile({ level: 0, index: 0, width: 2 });
    expect(hashes).toEqual(new Uint8Array(Buffer.concat(entries.slice(0, 2).map(leafHash))));
  });

  it.each([
    { level: 'entries', index: 0, width: 256 },
    { level: 0, index: 0, width: 3 },
    { level: 0, index: 1, width: 1 },
    { level: 1, index: 0, width: 1 },
    { level: 63, index: 0, width: 1 },
  ] as const)('are not there before the journal is so long: $level/$index of $width', (tile) => {
    expect(() => station.custody.journal.tile(tile)).toThrow(expect.objectContaining({ reason: 'not-found' }));
  });
});
