import { bytesToHex, concatBytes } from '@noble/curves/utils.js';
import type { Apdu } from '../../os/apdu.ts';
import { answer, nothing, StatusError, status } from '../../os/status.ts';
import { BlindSigningOff } from './blind-signing.ts';
import type { Context } from './context.ts';
import { takePath } from './path.ts';
import { showReview } from './review.ts';
import { messageChoices } from './sign-message.ts';
import { TypedData, typedDigest } from './typed-data.ts';
import { parseMember } from './typed-data-type.ts';

const structName = 0x00;
const arrayLength = 0x0f;
const structField = 0xff;

/** INS 1A: P2 00 begins a struct by its name, FF adds a member. */
export function defineStruct(context: Context, { p2, data }: Apdu): Uint8Array {
  context.typedData ??= new TypedData();
  if (p2 === structName) context.typedData.define(new TextDecoder().decode(data));
  else if (p2 === structField) context.typedData.addMember(parseMember(data));
  else throw new StatusError(status.wrongP1P2, `a struct’s definition with P2 ${p2}`);
  return answer(nothing);
}

/** INS 1C: P2 00 begins domain or message, 0F gives an array's length, FF a value; any P1 but 00: more of it follows. */
export function implementStruct(context: Context, { p1, p2, data }: Apdu): Uint8Array {
  const { typedData, settings } = context;
  if (typedData === undefined) throw new StatusError(status.conditionsNotSatisfied, 'a value of no struct');
  switch (p2) {
    case structName:
      typedData.begin(new TextDecoder().decode(data));
      break;
    case arrayLength:
      typedData.setArrayLength(data);
      break;
    case structField:
      // Without Ledger's filters a message is signed blindly, and the first value is where the app says so.
      if (!settings.blindSigning) throw new BlindSigningOff('a value');
      typedData.addValue(data, p1 !== 0x00);
      break;
    default:
      throw new StatusError(status.wrongP1P2, `a struct’s value with P2 ${p2}`);
  }
  return answer(nothing);
}

/** INS 0C: path ‖ domain hash ‖ message hash (P2 00), or the path alone once all fields are in (P2 01). */
export function signTypedData(context: Context, { p2, data }: Apdu): undefined {
  if (p2 === 0x00) signHashes(context, data);
  else if (p2 === 0x01) signFields(context, data);
  else throw new StatusError(status.wrongP1P2, `typed data with P2 ${p2}`);
}

function signHashes(context: Context, data: Uint8Array): void {
  const { path, rest } = takePath(data);
  if (rest.length < 64) throw new StatusError(status.incorrectData, 'two hashes are needed');
  if (!context.settings.blindSigning) throw new BlindSigningOff('hashes alone');
  const [domainHash, messageHash] = [rest.slice(0, 32), rest.slice(32, 64)];
  const pairs = [hashPair('Domain hash', domainHash), hashPair('Message hash', messageHash)];
  review(context, path, typedDigest(domainHash, messageHash), pairs);
}

function signFields(context: Context, data: Uint8Array): void {
  const { typedData, settings } = context;
  const message = typedData?.message;
  if (typedData === undefined || message === undefined) {
    throw new StatusError(status.conditionsNotSatisfied, 'typed data that isn’t complete');
  }
  const { path } = takePath(data);
  const pairs = [...typedData.pairs(settings.rawMessages), hashPair('Message hash', message.messageHash)];
  review(context, path, message.digest, pairs);
}

const hashPair = (label: string, hash: Uint8Array): readonly [string, string] => [
  label,
  `0x${bytesToHex(hash).toUpperCase()}`,
];

function review(
  context: Context,
  path: readonly number[],
  digest: Uint8Array,
  pairs: readonly (readonly [string, string])[],
): void {
  const { os } = context;
  showReview(context, {
    title: 'Review typed message',
    pairs,
    ...messageChoices,
    blind: true,
    onApprove: () => {
      const { rs, odd } = os.sign(path, digest);
      os.replySignature(concatBytes(Uint8Array.of(odd ? 28 : 27), rs));
    },
  });
}
