import { concatBytes } from '@noble/curves/utils.js';
import type { Apdu } from '../../os/apdu.ts';
import { answer, StatusError, status } from '../../os/status.ts';
import { addressOf, checksummed, displayed } from './address.ts';
import type { Context } from './context.ts';
import { mainnet, networkName } from './networks.ts';
import { takePath } from './path.ts';
import { decisions } from './review.ts';

/** INS 02: path [‖ chain id u64]. P1 shows the address, P2 adds the chain code. */
export function getPublicKey(context: Context, { p1, p2, data }: Apdu): Uint8Array | undefined {
  context.reset();
  if (p1 > 1 || p2 > 1) throw new StatusError(status.wrongP1P2, `an address with P1 ${p1}, P2 ${p2}`);
  const { path, rest } = takePath(data);
  const { point, chainCode } = context.os.publicKey(path);
  if (rest.length !== 0 && rest.length !== 8) {
    throw new StatusError(status.incorrectData, `${rest.length} bytes after the path`);
  }
  const address = addressOf(point);
  const text = new TextEncoder().encode(checksummed(address));
  const result = answer(
    concatBytes(
      Uint8Array.of(point.length),
      point,
      Uint8Array.of(text.length),
      text,
      p2 === 1 ? chainCode : new Uint8Array(0),
    ),
  );
  if (p1 === 0) return result;
  context.beginReview();
  context.os.ui.verifyAddress({
    title: verifyTitle(rest),
    address: displayed(address),
    ...decisions(context, { approved: 'Address verified', refused: 'Address verification cancelled' }, () =>
      context.os.reply(result),
    ),
  });
  return undefined;
}

/** @param chainId u64be, or nothing for the app's own chain */
function verifyTitle(chainId: Uint8Array): string {
  const id = chainId.length === 8 ? new DataView(chainId.buffer, chainId.byteOffset, 8).getBigUint64(0) : mainnet;
  const name = networkName(id);
  return name === undefined ? 'Verify address' : `Verify ${name}\naddress`;
}
