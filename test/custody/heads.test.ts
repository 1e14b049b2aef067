import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Heads } from '../../src/custody/heads.ts';
import { openCheckpoint } from '../../src/journal/checkpoint.ts';
import { type CheckpointSigner, heldSigner } from '../../src/journal/checkpoint-signer.ts';
import { noteMessage } from '../../src/journal/note.ts';

const origin = 'portcullis/simulated/9f86d081884c7d659a2feaa0c55ad015';
const root = new Uint8Array(32).fill(7);

/** Lets everything go on that can. */
async function turn(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

/** A signer that answers when it is told to, as a device behind a slow line does. */
function slow(): CheckpointSigner & { readonly asked: string[]; answer(): Promise<void>; fail(): Promise<void> } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const held = heldSigner(origin, privateKey);
  const waiting: { go: () => void; fail: () => void }[] = [];
  const asked: string[] = [];
  return {
    ...held,
    asked,
    sign: async (text) => {
      asked.push(text.split('\n')[1] ?? '');
      await new Promise<void>((resolve, reject) => {
        waiting.push({ go: resolve, fail: () => reject(new Error('the device is gone')) });
      });
      return held.sign(text);
    },
    answer: async () => {
      await turn();
      waiting.shift()?.go();
      await turn();
    },
    fail: async () => {
      await turn();
      waiting.shift()?.fail();
      await turn();
    },
  };
}

describe('Checkpoints', () => {
  it('a slow key is asked for one at a time, and whoever asked meanwhile shares the next, which covers what they saw', async () => {
    let size = 3;
    const signer = slow();
    const heads = new Heads([signer], () => ({ key: 'head', size, root }));
    const first = heads.now(size);
    await signer.answer();
    expect((await first).size).toBe(3);
    expect(await heads.now(3)).toBe(await first);

    size = 4;
    const fourth = heads.now(size);
    await turn();
    size = 5;
    const fifth = [heads.now(size), heads.now(size)];
    size = 6;
    const sixth = heads.now(size);
    await signer.answer();
    await signer.answer();
    expect((await fourth).size).toBe(4);
    expect((await fifth[0])?.size).toBe(6);
    expect(await fifth[1]).toBe(await sixth);
    expect(signer.asked).toHaveLength(3);
  });

  it('one that failed fails whoever waited for it, and not the next', async () => {
    const signer = slow();
    let size = 1;
    const heads = new Heads([signer], () => ({ key: 'head', size, root }));
    const first = heads.now(1);
    const told = expect(first).rejects.toThrow('the device is gone');
    await turn();
    size = 2;
    const second = heads.now(2);
    await signer.fail();
    await told;
    await signer.answer();
    expect((await second).size).toBe(2);
  });

  it('where the journal is another hand’s, no key is asked', async () => {
    const signer = slow();
    const heads = new Heads([signer], () => {
      throw new Error('tampered');
    });
    await expect(heads.now(1)).rejects.toThrow('tampered');
    expect(signer.asked).toEqual([]);
  });

  it('S7: what a device answers is checked: another text’s signature, another key’s, or one of two missing, is no checkpoint', async () => {
    const [one, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const held = heldSigner(origin, one.privateKey);
    const head = () => ({ key: 'head', size: 1, root }) as const;
    const { name, id } = held.verifier;
    const answering = (answer: CheckpointSigner['sign']): Heads => new Heads([{ ...held, sign: answer }], head);
    const wrongText = answering(async (text) => held.sign(text.replace('\n1\n', '\n2\n')));
    await expect(wrongText.now(1)).rejects.toMatchObject({ reason: 'note-signature-invalid' });
    const wrongKey = answering(async (text) => ({
      name,
      id,
      signature: sign(null, noteMessage(text), other.privateKey),
    }));
    await expect(wrongKey.now(1)).rejects.toMatchObject({ reason: 'note-signature-invalid' });
    const second = heldSigner(origin, other.privateKey);
    const twice = new Heads([held, { ...second, sign: (text) => held.sign(text) }], head);
    await expect(twice.now(1)).rejects.toMatchObject({ reason: 'note-unsigned' });
  });

  it('is signed by each of the log’s keys, so that whoever pinned either believes it', async () => {
    const signers = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')].map(({ privateKey }) =>
      heldSigner(origin, privateKey),
    );
    const { note } = await new Heads(signers, () => ({ key: 'head', size: 9, root })).now(9);
    for (const { verifier } of signers) {
      expect(openCheckpoint(note, [verifier])).toEqual({ origin, size: 9, root, extensions: [] });
    }
  });
});
