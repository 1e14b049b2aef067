import { crc32, deflateSync } from 'node:zlib';
import { type Picture, takePicture } from '../os/picture.ts';
import type { Screen } from '../os/screen.ts';

type Rgb = readonly [number, number, number];

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

const white: Rgb = [255, 255, 255];
const black: Rgb = [0, 0, 0];

/** What is on the screen as a PNG: a Nano's letters are lit, a touch screen's are ink. */
export function screenshot(screen: Screen): Buffer {
  const ink = screen.width > 128;
  return encodePng(takePicture(screen), ink ? black : white, ink ? white : black);
}

/** A PNG of 8-bit RGB, as Speculos' screenshots are (PNG specification §5.2, §11.2). */
export function encodePng({ width, height, pixels }: Picture, lit: Rgb, unlit: Rgb): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Bit depth 8, colour type 2 (RGB), and the only methods of compression, filtering and interlacing there are or need be.
  header.set([8, 2, 0, 0, 0], 8);
  const stride = 1 + width * 3;
  const raw = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) raw.set(pixels[y * width + x] === 1 ? lit : unlit, y * stride + 1 + x * 3);
  }
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Length ‖ type ‖ data ‖ CRC-32 of type and data (§5.3). */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
