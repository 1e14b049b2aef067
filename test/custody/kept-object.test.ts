import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { foundIn, type ObjectPlace, objectPublisher } from '../../src/custody/kept-object.ts';
import { heldSigner, signedCheckpoint } from '../../src/journal/checkpoint-signer.ts';
import { leafHash } from '../../src/journal/hash.ts';
import { appendLeaves, missingNode, type NodeReader, rootAt } from '../../src/journal/merkle.ts';
import { JournalBehind } from '../../src/store/failure.ts';
import type { PublishedHead } from '../../src/store/tile-writer.ts';

const origin = 'portcullis/test';
const signer = heldSigner(origin, generateKeyPairSync('ed25519').privateKey);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A token's data objects, in memory. */
class Objects implements ObjectPlace {
  readonly name = 'hsm’s data object test';
  notes: Uint8Array[] = [];
  kept = 0;

  async read(): Promise<readonly Uint8Array[]> {
    return [...this.notes];
  }

  async keep(note: Uint8Array, instead: readonly Uint8Array[]): Promise<void> {
    this.kept++;
    this.notes = [...this.notes.filter((one) => !instead.includes(one)), note];
  }

  get texts(): string[] {
    return this.notes.map((note) => new TextDecoder().decode(note));
  }
}

function tree(size: number, entry = (i: number): string => `entry ${i}`): NodeReader {
  const known = new Map<string, Uint8Array>();
  const read: NodeReader = (level, index) => {
    const hash = known.get(`${level}/${index}`);
    if (hash === undefined) throw missingNode(level, index);
    return hash;
  };
  const leaves = Array.from({ length: size }, (_, i) => leafHash(bytes(entry(i))));
  for (const { level, index, hash } of appendLeaves(0, leaves, read).nodes) known.set(`${level}/${index}`, hash);
  return read;
}

async function head(readNode: NodeReader, size: number, by = signer): Promise<PublishedHead> {
  const root = rootAt(size, readNode);
  const { origin: of } = by;
  return { origin: of, size, root, note: await signedCheckpoint({ origin: of, size, root, extensions: [] }, [by]) };
}

describe('S4: checkpoints in an HSM’s token', () => {
  const readNode = tree(20);
  let objects: Objects;
  beforeEach(() => {
    objects = new Objects();
  });
  const publish = (to: PublishedHead, of = readNode) =>
    objectPublisher(objects, { readNode: of }, [signer.verifier]).publish(to);

  it('are the newest one alone, written only where it is another', async () => {
    const [first, second] = [await head(readNode, 5), await head(readNode, 20)];
    await publish(first);
    await publish(first);
    expect([objects.texts, objects.kept]).toEqual([[first.note], 1]);
    await publish(second);
    expect(objects.texts).toEqual([second.note]);
    // Stopped between writing the one and dropping the other, both are there.
    objects.notes = [bytes(first.note), bytes(second.note)];
    await publish(second);
    expect(objects.texts).toEqual([second.note]);
    expect(await foundIn(objects)).toEqual([{ place: objects.name, note: bytes(second.note) }]);
    expect(await foundIn(undefined)).toEqual([]);
  });

  it('stay, all of them, where the journal does not go on from one', async () => {
    const [first, last] = [await head(readNode, 5), await head(readNode, 20)];
    objects.notes = [bytes(first.note), bytes(last.note)];
    const shorter = await head(readNode, 10);
    await expect(publish(shorter)).rejects.toThrow(JournalBehind);
    await expect(publish(shorter)).rejects.toThrow(
      'hsm’s data object test has a checkpoint of 20 entries, the database’s journal has 10',
    );
    const other = tree(30, (i) => (i === 7 ? 'another' : `entry ${i}`));
    await expect(publish(await head(other, 30), other)).rejects.toThrow(JournalBehind);
    expect(objects.texts).toEqual([first.note, last.note]);
    expect(objects.kept).toBe(0);
  });

  it('stay beside those of the log before a restore; of nobody’s, nothing is written', async () => {
    const former = heldSigner('portcullis/former', generateKeyPairSync('ed25519').privateKey);
    const old = await head(readNode, 9, former);
    const mine = await head(readNode, 20);
    objects.notes = [bytes(old.note)];
    await objectPublisher(objects, { readNode }, [signer.verifier, former.verifier]).publish(mine);
    expect(objects.texts).toEqual([old.note, mine.note]);
    objects.notes = [bytes(old.note)];
    const unproven = publish(mine);
    await expect(unproven).rejects.toThrow('is not this log’s');
    await expect(unproven).rejects.not.toThrow(JournalBehind);
    expect(objects.texts).toEqual([old.note]);
  });
});
