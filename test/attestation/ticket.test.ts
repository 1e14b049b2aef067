import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkTicket, makeTicket } from '../../src/attestation/ticket.ts';
import { canonicalBytes } from '../../src/domain/index.ts';

const key = new Uint8Array(32).fill(7); // a test key
const fields = { type: 'portcullis/withdrawal/v1', amount: '5', account: 'alice' };
const ticket = makeTicket(key, 3, fields);

describe('a ticket', () => {
  it('is base64url(HMAC-SHA256(key, name ‖ 0 ‖ u64be(epoch) ‖ RFC 8785 of the other members))', () => {
    const epoch = Buffer.from('0000000000000003', 'hex');
    const mac = createHmac('sha256', key).update('portcullis/ticket/v1\0').update(epoch).update(canonicalBytes(fields));
    expect(ticket).toBe(mac.digest('base64url'));
  });

  it('holds for the intent that it was made for, whatever the order of its members', () => {
    expect(checkTicket(key, 3, { ...fields, ticket })).toBe(true);
    expect(checkTicket(key, 3, { ticket, account: 'alice', amount: '5', type: 'portcullis/withdrawal/v1' })).toBe(true);
  });

  it.each([
    ['with a member changed', { ...fields, amount: '6', ticket }],
    ['with a member more', { ...fields, to: 'x', ticket }],
    ['with a member less', { type: fields.type, amount: '5', ticket }],
    ['of another type', { ...fields, type: 'portcullis/destination/v1', ticket }],
    ['without a ticket', fields],
    ['with an empty ticket', { ...fields, ticket: '' }],
    ['with the ticket cut off', { ...fields, ticket: ticket.slice(0, -1) }],
    ['with the ticket padded', { ...fields, ticket: `${ticket}=` }],
    ['with the ticket of another', { ...fields, ticket: makeTicket(key, 3, { ...fields, amount: '6' }) }],
  ])('A11: an intent %s is not one that the station prepared', (_, intent) => {
    expect(checkTicket(key, 3, intent)).toBe(false);
  });

  it('A11: is void in another epoch, and under another key', () => {
    expect(checkTicket(key, 4, { ...fields, ticket })).toBe(false);
    expect(checkTicket(new Uint8Array(32), 3, { ...fields, ticket })).toBe(false);
  });
});
