import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf, importChunkMost, parseImportManifest } from '../../src/domain/index.ts';
import { addressLine, OldPasskey } from '../custody/importing.ts';
import { alicesAddress, mallorysAddress } from '../custody/station.ts';
import { emptyFolder, ran } from './station.ts';

const station = `${'ab'.repeat(16)}/1`;
const alice = new OldPasskey('alice');
const nowhere = ['--address', 'localhost:1', '--ca', '/dev/null', '--cert', '/dev/null', '--key', '/dev/null'];

async function plan(...lines: readonly string[]) {
  const folder = emptyFolder();
  const file = join(folder, 'customers.jsonl');
  const planned = join(folder, 'plan');
  writeFileSync(file, lines.join('\n'));
  return { file, planned, ...(await ran('onboarding', 'plan', file, '--station', station, '--out', planned)) };
}

describe('portcullis onboarding', () => {
  it('plans chunks that each fit a request, passkeys first, and a manifest of exactly these', async () => {
    const others = Array.from({ length: 200 }, (_, i) =>
      alice.line({ account: `a-${i}`, credential: `${'A'.repeat(40)}${1000 + i}` }),
    );
    // The file's spelling is its own; the chunk has the one of RFC 8785.
    const spaced = `  ${JSON.stringify(JSON.parse(alice.line())).replaceAll('":"', '" : "')}`;
    const { code, err, out, planned } = await plan(addressLine('alice'), '', spaced, ...others);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(`201 passkey(s) and 1 address(es) in 2 chunk(s), for station ${station}`);
    expect(readdirSync(planned)).toEqual(['chunk-0000.jsonl', 'chunk-0001.jsonl', 'manifest.json']);
    const manifest = parseImportManifest(new Uint8Array(readFileSync(join(planned, 'manifest.json'))));
    const chunks = [0, 1].map((i) => new Uint8Array(readFileSync(join(planned, `chunk-000${i}.jsonl`))));
    expect(manifest).toEqual({
      station,
      chunks: chunks.map((chunk) => digestOf(chunk)),
      factors: 201,
      destinations: 1,
    });
    for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(importChunkMost);
    const lines = Buffer.concat(chunks).toString().trimEnd().split('\n');
    expect(lines[0]).toBe(alice.line());
    expect(lines.at(-1)).toBe(addressLine('alice'));
  });

  it.each([
    ['is not JSON', ['{'], 'line 2: is not JSON'],
    ['is no object', ['[]'], 'line 2: is not a JSON object'],
    ['has a number', ['{"sign_count":0}'], 'line 2: "sign_count" must be a text in quotes'],
    ['claims an age', [alice.line({ enrolled: '2020' })], 'line 2: "enrolled" is not a member'],
    ['claims a class', [alice.line({ class: 'hardware' })], 'line 2: "class" is not a member'],
    ['is of no type', ['{}'], 'line 2.type: expected portcullis/import-factor/v1'],
    ['has a wrong key', [alice.line({ key: 'AAAA' })], 'line 2.key:'],
    [
      'has an address in another spelling (D7)',
      [addressLine('alice', alicesAddress.toLowerCase() as never)],
      'line 2.destination',
    ],
    ['stands there twice', [alice.line()], 'stands in the file twice'],
    [
      'is of an account without a passkey',
      [addressLine('bob', mallorysAddress)],
      'line 2: the file has no passkey of account bob',
    ],
  ])('writes nothing where a line %s', async (_, lines, expected) => {
    const { code, err, planned } = await plan(alice.line(), ...lines);
    expect(err).toContain(expected);
    expect(code).toBe(1);
    expect(existsSync(planned)).toBe(false);
  });

  it('overwrites no plan, and needs a passkey at all', async () => {
    const { file, planned } = await plan(alice.line());
    const again = await ran('onboarding', 'plan', file, '--station', station, '--out', planned);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('--out: ') });
    expect((await plan('')).err).toContain('has no passkey');
  });

  it('S10: neither proposes nor sends a folder whose chunks are not what its manifest names, or counts', async () => {
    const { planned } = await plan(alice.line(), addressLine('alice'));
    const chunk = join(planned, 'chunk-0000.jsonl');
    const manifest = join(planned, 'manifest.json');
    const was = { chunk: readFileSync(chunk, 'utf8'), manifest: readFileSync(manifest, 'utf8') };
    const both = async (expected: string) => {
      const proposed = await ran('onboarding', 'propose', planned, ...nowhere, '--software', '/dev/null');
      expect(proposed).toMatchObject({ code: 1, err: expect.stringContaining(expected) });
    };
    writeFileSync(chunk, was.chunk.replace('alice', 'mallory'));
    await both('is not what the manifest names');
    const sent = await ran('onboarding', 'send', planned, '--act', 'ab'.repeat(32), ...nowhere);
    expect(sent).toMatchObject({ code: 1, err: expect.stringContaining('is not what the manifest names') });
    writeFileSync(chunk, was.chunk);
    writeFileSync(manifest, was.manifest.replace('"destinations":"1"', '"destinations":"2"'));
    await both('counts otherwise than its chunks');
  });
});
