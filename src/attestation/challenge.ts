import { type AccountId, minute, second, type WallMs } from '../domain/index.ts';
import { epochMac, sameSecret } from './mac.ts';

/** How long a registration may take, from BeginEnrollment to the last look at the registration's response. */
export const enrolmentLifetime = 15 * minute;

const LENGTH = 32;
const STATED = 16;
const RANDOM = 10;
const utf8 = new TextEncoder();

/**
 * formats.md, "Enrolment challenge": the 32 bytes that a registration answers. Stateless, so that asking for one costs the
 * station nothing: issued seconds u48be ‖ `random` (10 bytes) ‖ the first 16 bytes of
 * HMAC-SHA256(key, "portcullis/enrolment/v1" ‖ 0x00 ‖ u64be(epoch) ‖ account ‖ 0x00 ‖ the first 16 bytes).
 */
export function makeEnrolmentChallenge(
  key: Uint8Array,
  epoch: number,
  account: AccountId,
  now: WallMs,
  random: Uint8Array,
): Uint8Array {
  if (random.length !== RANDOM) throw new RangeError(`a challenge takes ${RANDOM} random bytes, got ${random.length}`);
  const challenge = new Uint8Array(LENGTH);
  const issued = Math.floor(now / second);
  const view = new DataView(challenge.buffer);
  view.setUint16(0, Math.floor(issued / 2 ** 32));
  view.setUint32(2, issued % 2 ** 32);
  challenge.set(random, 6);
  challenge.set(code(key, epoch, account, challenge.subarray(0, STATED)), STATED);
  return challenge;
}

/**
 * `foreign`: not made by this station for this account in this ticket epoch. `expired`: older than `enrolmentLifetime`, or
 * from after `now`, which must not go backwards (the caller passes max(wall clock, high-water mark)).
 */
export function checkEnrolmentChallenge(
  key: Uint8Array,
  epoch: number,
  account: AccountId,
  now: WallMs,
  challenge: Uint8Array,
): 'ok' | 'foreign' | 'expired' {
  // Of any length but 32 the second part isn't as long as a code.
  const stated = challenge.subarray(0, STATED);
  if (!sameSecret(code(key, epoch, account, stated), challenge.subarray(STATED))) return 'foreign';
  const view = new DataView(challenge.buffer, challenge.byteOffset);
  const age = now - (view.getUint16(0) * 2 ** 32 + view.getUint32(2)) * second;
  return age >= 0 && age <= enrolmentLifetime ? 'ok' : 'expired';
}

function code(key: Uint8Array, epoch: number, account: AccountId, stated: Uint8Array): Uint8Array {
  return epochMac(key, 'portcullis/enrolment/v1', epoch, utf8.encode(`${account}\0`), stated).subarray(0, STATED);
}
