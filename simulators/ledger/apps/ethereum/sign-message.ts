import { concatBytes } from '@noble/curves/utils.js';
import type { Apdu } from '../../os/apdu.ts';
import { answer, nothing, StatusError, status } from '../../os/status.ts';
import type { Context } from './context.ts';
import { takePath } from './path.ts';
import { messageDigest, messageText, type PersonalMessage } from './personal-message.ts';
import { showReview } from './review.ts';

/** INS 08: path ‖ length u32 ‖ message, in chunks; P1 00 begins, 80 goes on. */
export function signMessage(context: Context, { p1, data }: Apdu): Uint8Array | undefined {
  if (p1 !== 0x00 && p1 !== 0x80) throw refused(context, new StatusError(status.wrongP1P2, `a message with P1 ${p1}`));
  if (p1 === 0x00 && context.busy) {
    throw refused(context, new StatusError(status.conditionsNotSatisfied, 'a message while something else is begun'));
  }
  const chunk = p1 === 0x00 ? begin(context, data) : data;
  const { message } = context;
  if (message === undefined) {
    throw refused(context, new StatusError(status.incorrectData, 'a continuation without a start'));
  }
  message.bytes = concatBytes(message.bytes, chunk);
  if (message.bytes.length > message.length) {
    throw refused(context, new StatusError(status.incorrectData, 'more than the message’s length'));
  }
  if (message.bytes.length < message.length) return answer(nothing);
  review(context, message);
  return undefined;
}

/** These errors bring the home screen back, which ends a review that was on it. */
function refused(context: Context, error: StatusError): StatusError {
  context.endReview();
  context.idle();
  return error;
}

function begin(context: Context, data: Uint8Array): Uint8Array {
  const { path, rest } = takePath(data);
  if (rest.length < 4) throw new StatusError(status.incorrectData, 'a message without its length');
  const length = new DataView(rest.buffer, rest.byteOffset, 4).getUint32(0);
  context.message = { path, length, bytes: new Uint8Array(0) };
  return rest.subarray(4);
}

function review(context: Context, { path, bytes }: PersonalMessage): void {
  const { os } = context;
  const digest = messageDigest(bytes);
  showReview(context, {
    title: 'Review message',
    pairs: [['Message', messageText(bytes)]],
    ...messageChoices,
    onApprove: () => {
      const { rs, odd } = os.sign(path, digest);
      os.replySignature(concatBytes(Uint8Array.of(odd ? 28 : 27), rs));
    },
  });
}

/** What every message's review ends with. */
export const messageChoices = {
  operation: 'message',
  approve: { nano: 'Sign message', touch: 'Sign message?' },
  approved: 'Message signed',
  refused: 'Message rejected',
} as const;
