import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/domain/index.ts';
import { consistencyProof, inclusionProof, rootAt } from '../../src/journal/merkle.ts';
import { parseVerifierKey } from '../../src/journal/note.ts';
import { startTiler } from '../../src/store/tiler.ts';
import { TestStation } from '../custody/station.ts';
import { SampleWitness } from './sample-witness.ts';

// An implementation that is not ours reads what a station published: Go's, as Debian has it, without a network.

const go = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'go'))
  .find((path) => existsSync(path));
const gopath = '/usr/share/gocode';
const missing =
  go === undefined
    ? 'there is no go'
    : existsSync(join(gopath, 'src/golang.org/x/mod/sumdb/tlog'))
      ? undefined
      : 'golang.org/x/mod is not there (Debian: golang-golang-x-mod-dev)';
const skipped = missing !== undefined && process.env['CI'] === undefined;

describe.skipIf(skipped)(`Go’s sumdb/tlog and sumdb/note${skipped ? ` (skipped: ${missing})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-go-'));
  const program = join(folder, 'program');
  const tiles = join(folder, 'tiles');
  const proofs = join(folder, 'proofs.json');
  const time = Date.UTC(2022, 0, 17) / 1_000;
  let station: TestStation;
  let size: number;

  const checked = (): { readonly status: number | null; readonly said: string } => {
    const { status, stdout, stderr } = spawnSync(program, [tiles, proofs], { encoding: 'utf8' });
    return { status, said: `${stdout}${stderr}` };
  };

  beforeAll(async () => {
    const env = { ...process.env, GO111MODULE: 'off', GOPATH: gopath, GOFLAGS: '', GOCACHE: join(folder, 'cache') };
    const source = fileURLToPath(new URL('go/main.go', import.meta.url));
    execFileSync(go ?? 'go', ['build', '-o', program, source], { env });

    // The policy has the witness's key, the witness the station's: that one is told when there is a station.
    const log = { name: '', id: new Uint8Array(4), publicKey: generateKeyPairSync('ed25519').publicKey };
    const witness = new SampleWitness('witness.example/w1', log, time);
    station = await TestStation.open({ policy: (document) => `${document}witnesses: { keys: ['${witness.key}'] }\n` });
    Object.assign(log, parseVerifierKey(station.verifierKey));
    const alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
    await station.sign(['w-1']);
    await station.settle();
    // Past the second level of tiles.
    for (let batch = 0; batch < 66; batch++) {
      await station.store.decide({}, () => ({
        result: undefined,
        leaves: Array.from({ length: 1_000 }, (_, i) => ({
          kind: 'refused' as const,
          fields: { what: 'withdrawal', reason: 'limit-exceeded', number: String(batch * 1_000 + i) },
        })),
      }));
    }
    const { journal } = station.custody;
    const asked = await journal.witnesses.request('witness.example/w1', undefined);
    const answer = witness.add(asked.body);
    expect(answer.status).toBe(200);
    await journal.witnesses.accept(asked.size, answer.body);
    const cosigned = (await journal.witnesses.cosigned())?.note;
    const head = await journal.head();
    size = head.size;
    const tiler = startTiler({ file: station.file, folder: tiles, kept: [], keys: [station.verifierKey] });
    await tiler.publish({ ...head, cosigned });
    await tiler.close();
    const { readNode } = station.store.log;
    const indexes = [0, 1, 7, 255, 256, 40_000, 65_535, 65_536, size - 2, size - 1];
    const sizes = [1, 2, 255, 256, 257, 40_000, 65_536, 65_537, size - 1, size];
    writeFileSync(
      proofs,
      JSON.stringify({
        log_key: station.verifierKey,
        witness_key: witness.key,
        cosigned_at: time,
        inclusion: indexes.map((index) => ({ index, proof: inclusionProof(index, size, readNode).map(toHex) })),
        consistency: sizes.map((from) => ({
          size: from,
          root: toHex(rootAt(from, readNode)),
          proof: consistencyProof(from, size, readNode).map(toHex),
        })),
      }),
    );
  }, 120_000);
  afterAll(async () => {
    await station.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('I5: verify a station’s checkpoint and cosignature, its tiles and entries, its inclusion and consistency proofs', () => {
    expect(checked()).toEqual({
      status: 0,
      said: `size ${size} root ${Buffer.from(rootAt(size, station.store.log.readNode)).toString('base64')} inclusion 10 consistency 10\n`,
    });
  });

  it.each<[string, string, (bytes: Buffer) => Buffer, RegExp]>([
    [
      'a bit in an entry',
      'tile/entries/007',
      (b) => flipped(b, 1_000),
      /tile\/entries\/007 is not what the tree holds/,
    ],
    ['a bit in a hash', 'tile/0/007', (b) => flipped(b, 40), /tile\/entries\/007|downloaded inconsistent tile/],
    ['a bit in a hash above', 'tile/1/000', (b) => flipped(b, 40), /inconsistent tile|Go proves it otherwise/],
    ['an entry that is gone', 'tile/entries/000', (b) => b.subarray(2 + b.readUInt16BE(0)), /has 255 entries/],
    ['a bundle cut off', 'tile/entries/003', (b) => b.subarray(0, -1), /ends within an entry/],
    ['a bit in the checkpoint', 'checkpoint.cosigned', (b) => flipped(b, b.indexOf('\n') + 1), /checkpoint: /],
  ])('S4: refuse %s', (_, file, change, expected) => {
    const path = join(tiles, file);
    const genuine = readFileSync(path);
    try {
      writeFileSync(path, change(Buffer.from(genuine)));
      const { status, said } = checked();
      expect(said).toMatch(expected);
      expect(status).toBe(1);
    } finally {
      writeFileSync(path, genuine);
    }
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}
