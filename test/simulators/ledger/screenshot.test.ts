import { crc32, inflateSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import type { Model } from '../../../simulators/ledger/os/model.ts';
import { Operator } from './operator.ts';

let emulator: Emulator;
afterEach(() => emulator.close());

interface Image {
  readonly width: number;
  readonly height: number;
  /** 8 bits of red, green and blue a pixel. */
  at(x: number, y: number): readonly number[];
}

/** Reads a PNG by the specification: signature, chunks with their sums, unfiltered RGB. */
function decode(png: Buffer): Image {
  expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR') ?? Buffer.alloc(13);
  const width = header.readUInt32BE(0);
  const height = header.readUInt32BE(4);
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
  const raw = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
  expect(raw.length).toBe((1 + width * 3) * height);
  return {
    width,
    height,
    at: (x, y) => [...raw.subarray(y * (1 + width * 3) + 1 + x * 3, y * (1 + width * 3) + 4 + x * 3)],
  };
}

async function start(model: Model): Promise<Operator> {
  emulator = await startEmulator({ model, apiPort: 0 });
  return new Operator(emulator.apiUrl);
}

async function screenshot(): Promise<Image> {
  const response = await fetch(`${emulator.apiUrl}/screenshot`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('image/png');
  expect(response.headers.get('cache-control')).toBe('no-cache,no-store');
  return decode(Buffer.from(await response.arrayBuffer()));
}

/** A part of a picture as text: a lit pixel is a `#`. */
const part = (image: Image, x: number, y: number, w: number, h: number): string[] =>
  Array.from({ length: h }, (_, row) =>
    Array.from({ length: w }, (_, column) => (image.at(x + column, y + row)[0] === 255 ? '#' : '.')).join(''),
  );

describe('GET /screenshot', () => {
  it.each([
    ['nanosp', 128, 64, 0],
    ['nanox', 128, 64, 0],
    ['stax', 400, 672, 255],
    ['flex', 480, 600, 255],
  ] as const)(
    'is a PNG of the screen of a %s, at its size and in its colours',
    async (model, width, height, ground) => {
      await start(model);
      const image = await screenshot();
      expect([image.width, image.height]).toEqual([width, height]);
      expect(image.at(0, 0)).toEqual([ground, ground, ground]);
    },
  );

  it('draws each line where its text event says, in the font’s shapes', async () => {
    const operator = await start('nanosp');
    const [title] = await operator.events('?currentscreenonly=true');
    const image = await screenshot();
    expect(title?.text).toBe('Ethereum');
    expect(part(image, title?.x ?? 0, title?.y ?? 0, 6, 10)).toEqual([
      '......',
      '#####.',
      '##....',
      '##....',
      '#####.',
      '##....',
      '##....',
      '##....',
      '#####.',
      '......',
    ]);
  });

  it('has an arrow where there is a page to go to, and none where there isn’t', async () => {
    const operator = await start('nanosp');
    const arrows = async (): Promise<boolean[]> => {
      const image = await screenshot();
      return [image.at(0, 31), image.at(127, 31)].map(([red]) => red === 255);
    };
    expect(await arrows()).toEqual([false, true]);
    await operator.press('right');
    expect(await arrows()).toEqual([true, true]);
  });

  it('shows what is on the screen now', async () => {
    const operator = await start('nanosp');
    const before = part(await screenshot(), 0, 0, 128, 64);
    await operator.press('right');
    expect(part(await screenshot(), 0, 0, 128, 64)).not.toEqual(before);
  });
});
