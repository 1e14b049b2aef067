import type { KeyObject } from 'node:crypto';
import { canonicalBytes, type Flat } from '../domain/index.ts';
import { toBase64url } from './base64url.ts';
import { epochMac, sameSecret } from './mac.ts';

/**
 * formats.md, "Ticket": base64url of HMAC-SHA256 over an intent's other members, `type` included and `ticket` left out.
 * It shows that this station prepared the intent in this ticket epoch (A11), without the station remembering it.
 */
export function makeTicket(key: Uint8Array | KeyObject, epoch: number, fields: Flat): string {
  return toBase64url(epochMac(key, 'portcullis/ticket/v1', epoch, canonicalBytes(fields)));
}

/** Whether the intent's `ticket` is the one that `makeTicket` gives for its other members; constant time. */
export function checkTicket(key: Uint8Array | KeyObject, epoch: number, fields: Flat): boolean {
  const { ticket = '', ...others } = fields;
  return sameSecret(Buffer.from(makeTicket(key, epoch, others)), Buffer.from(ticket));
}
