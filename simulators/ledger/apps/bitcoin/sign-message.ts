import { bytesToHex, concatBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { StatusError, status } from '../../os/status.ts';
import type { Context, Signed } from './context.ts';
import { pathText, takePath } from './path.ts';
import { type Reader, varint } from './reader.ts';
import { refusedByPerson } from './review.ts';

const chunkLength = 64;
/** Longer ones are shown as their hash. */
const maxShown = 10 * chunkLength;
const rejected = 'Message rejected';

/** INS 10: path ‖ length varint ‖ the root over the message's chunks. The answer is Bitcoin's 65-byte message signature. */
export async function signMessage(context: Context, data: Reader): Promise<Signed> {
  const path = takePath(data, status.wrongLength);
  const length = data.varint();
  const root = data.take(32);
  if (length >= 2 ** 32) throw new StatusError(status.incorrectData, `a message of ${length} bytes`);
  const message = await fetchMessage(context, root, Math.ceil(length / chunkLength));
  const digest = sha256(sha256(concatBytes(magic, varint(length), message)));
  const readable = length <= maxShown && message.every((byte) => byte === 0x0a || (byte >= 0x20 && byte <= 0x7e));

  const { os, reviews } = context;
  const approved = await reviews.ask({
    operation: 'message',
    title: 'Review message',
    pairs: [
      ['Path', path.length === 0 ? '(Master key)' : pathText(path)],
      readable
        ? [{ nano: 'Message', touch: 'Message content' }, new TextDecoder().decode(message)]
        : ['Message hash', bytesToHex(sha256(message)).toUpperCase()],
    ],
    approve: { nano: 'Sign message', touch: 'Sign message?' },
    meanwhile: 'Loading message',
    refused: rejected,
  });
  if (!approved) throw refusedByPerson('a message');
  try {
    const { rs, odd } = os.sign(path, digest);
    reviews.finish('Message signed');
    // A compressed key (31), and the parity of the point's y.
    return { signature: concatBytes(Uint8Array.of(odd ? 32 : 31), rs) };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    reviews.finish(rejected);
    throw new StatusError(status.badState, error.message);
  }
}

const magic = new TextEncoder().encode('\x18Bitcoin Signed Message:\n');

async function fetchMessage({ host }: Context, root: Uint8Array, count: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const chunk = await host.merkleLeaf(root, count, i, chunkLength);
      const whole = chunk.length === chunkLength || i === count - 1;
      if (!whole) throw new StatusError(status.badState, `chunk ${i} of ${chunk.length} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new StatusError(status.badState, error.message);
  }
  return concatBytes(...chunks);
}
