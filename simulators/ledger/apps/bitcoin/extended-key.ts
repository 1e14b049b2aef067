import { concatBytes } from '@noble/curves/utils.js';
import type { Os } from '../../os/app.ts';
import { StatusError, status } from '../../os/status.ts';
import { encodeBase58 } from './base58.ts';
import type { Context } from './context.ts';
import type { Network } from './network.ts';
import { isExportable, pathText, takePath } from './path.ts';
import type { Reader } from './reader.ts';
import { refusedByPerson } from './review.ts';

/** INS 00: display ‖ path. A standard account's key goes out unseen, any other only where a person has seen it. */
export async function getExtendedKey({ os, network, reviews }: Context, data: Reader): Promise<Uint8Array> {
  const display = data.u8();
  if (display > 1) throw new StatusError(status.incorrectData, `display: ${display}`);
  const path = takePath(data, status.incorrectData);
  if (display === 0 && !isExportable(path, network.coinType)) {
    throw new StatusError(status.notSupported, `the key at ${pathText(path)} is shown before it goes out`);
  }
  const key = encodeBase58(extendedKey(os, path, network));
  if (display === 1) {
    const approved = await reviews.ask({
      operation: 'operation',
      title: 'Confirm public key',
      pairs: [
        ['Path', pathText(path)],
        ['Public key', key],
      ],
      approve: 'Approve public key',
      light: true,
      approved: 'Public key\napproved',
      refused: 'Public key rejected',
    });
    if (!approved) throw refusedByPerson('a public key');
  }
  return new TextEncoder().encode(key);
}

/** The 78 bytes of BIP-32's serialization. The system's own refusal of a path is “not supported” to the host. */
export function extendedKey(os: Os, path: readonly number[], network: Network): Uint8Array {
  const { point, chainCode, parentFingerprint } = publicKey(os, path);
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, network.xpub);
  head.setUint8(4, path.length);
  head.setUint32(5, parentFingerprint);
  head.setUint32(9, path.at(-1) ?? 0);
  return concatBytes(new Uint8Array(head.buffer), chainCode, compressed(point));
}

function publicKey(os: Os, path: readonly number[]): ReturnType<Os['publicKey']> {
  try {
    return os.publicKey(path);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new StatusError(status.notSupported, error.message);
  }
}

/** SEC 1: the 33-byte form of a point of 65 bytes. */
const compressed = (point: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(((point[64] ?? 0) & 1) === 1 ? 3 : 2), point.subarray(1, 33));
