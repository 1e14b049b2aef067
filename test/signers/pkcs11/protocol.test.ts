import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/signers/lines.ts';
import {
  encode,
  largestBatch,
  longestMessage,
  objectBytesMost,
  objectsMost,
  type Reply,
  type Request,
} from '../../../src/signers/pkcs11/protocol.ts';
import { parseReply } from '../../../src/signers/pkcs11/replies.ts';
import { parseRequest } from '../../../src/signers/pkcs11/requests.ts';

const publicKey = `02${'11'.repeat(32)}`;
const module = '/usr/lib/softhsm/libsofthsm2.so';
const pin = 'a test PIN: 1234';
const item = { key: 'a1', publicKey, digest: '5a'.repeat(32) };
const token = { device: 'SoftHSM v2 2.6 (SoftHSM module 2.6)', label: 'test', serial: 'f8e70b7158091d6b' };

const requests: readonly Request[] = [
  { id: 0, op: 'configure', module, token: { by: 'label', value: 'hot wallet' }, pin },
  { id: 1, op: 'configure', module, token: { by: 'serial', value: 'f8e70b7158091d6b' }, pin },
  { id: 2, op: 'identify', keys: [] },
  { id: 2, op: 'identify', keys: [{ key: 'ff'.repeat(32), publicKey }] },
  { id: 3, op: 'read-key', key: 'a1' },
  { id: 4, op: 'create-key', key: 'a1', label: 'payouts' },
  { id: Number.MAX_SAFE_INTEGER, op: 'sign', items: [item] },
  { id: 5, op: 'sign', items: Array.from({ length: largestBatch }, () => item) },
  { id: 6, op: 'sign-ed25519', key: 'a1', message: '00'.repeat(65_536) },
  { id: 7, op: 'unwrap', key: 'a1', hash: 'sha256', wrapped: '00'.repeat(256) },
  { id: 8, op: 'read-data', label: 'portcullis' },
  { id: 9, op: 'keep-data', label: 'two words', value: 'ab'.repeat(objectBytesMost), instead: [] },
  {
    id: 9,
    op: 'keep-data',
    label: 'a',
    value: 'ab',
    instead: Array.from({ length: objectsMost + 1 }, () => 'cd'.repeat(objectBytesMost)),
  },
];

const replies: readonly Reply[] = [
  { id: 0, result: 'configured' },
  { id: 1, result: 'token', ...token, sessions: '1 open, at most 10', faults: [] },
  {
    id: 1,
    result: 'token',
    ...token,
    sessions: 'no limit',
    faults: ['', 'the key a1 may not sign (CKA_SIGN)'],
  },
  { id: 2, result: 'key', ...token, key: 'a1', publicKey, attributes: ['CKA_SENSITIVE true'] },
  {
    id: 3,
    result: 'signatures',
    items: [{ signature: 'ab'.repeat(64) }, { reason: 'signer-failed', message: 'signing: CKR_FUNCTION_FAILED' }],
  },
  { id: 4, result: 'note-signature', signature: 'ab'.repeat(64) },
  { id: 5, result: 'unwrapped', plain: 'ab'.repeat(32) },
  { id: 5, result: 'data', values: [] },
  { id: 5, result: 'data', values: Array.from({ length: objectsMost + 1 }, () => 'ab'.repeat(objectBytesMost)) },
  { id: 6, result: 'failure', reason: 'hsm-pin-refused', message: 'logging in: CKR_PIN_INCORRECT' },
];

/** The message with members changed; one that becomes undefined is left out. */
const changed = (message: object, members: object) => JSON.stringify({ v: 1, ...message, ...members });

describe('what the daemon tells a child with a PKCS#11 module', () => {
  it.each(requests)('comes through: $op', (request) => {
    const line = encode(request);
    expect(Buffer.byteLength(line)).toBeLessThan(longestMessage);
    expect(parseRequest(line.trimEnd())).toEqual(request);
  });

  it.each(requests)('is refused with any member more or less: $op', (request) => {
    expect(() => parseRequest(changed(request, { more: 1 }))).toThrow(ProtocolError);
    for (const name of ['v', ...Object.keys(request)]) {
      expect(() => parseRequest(changed(request, { [name]: undefined })), name).toThrow(ProtocolError);
      expect(() => parseRequest(changed(request, { [name]: { v: 1 } })), name).toThrow(ProtocolError);
    }
  });

  it.each<[string, object]>([
    ['a relative module', { ...requests[0], module: 'libsofthsm2.so' }],
    ['a token by its slot', { ...requests[0], token: { by: 'slot', value: '0' } }],
    ['a token of two names', { ...requests[0], token: { by: 'label', value: 'hot', serial: '1' } }],
    ['a token without a name', { ...requests[0], token: { by: 'label', value: '' } }],
    ['a label of 33 characters', { ...requests[0], token: { by: 'label', value: 'x'.repeat(33) } }],
    ['no PIN', { ...requests[0], pin: '' }],
    ['a PIN that is a number', { ...requests[0], pin: 1234 }],
    ['a key of no byte', { ...requests[4], key: '' }],
    ['a key of half a byte', { ...requests[4], key: 'a' }],
    ['a key in capitals', { ...requests[4], key: 'A1' }],
    ['a key of 33 bytes', { ...requests[4], key: 'ab'.repeat(33) }],
    ['a label of two lines', { ...requests[5], label: 'a\nb' }],
    ['nothing to sign', { ...requests[6], items: [] }],
    ['more than a batch', { ...requests[6], items: Array.from({ length: largestBatch + 1 }, () => item) }],
    ['items that are no list', { ...requests[6], items: item }],
    ['an item of its text', { ...requests[6], items: [JSON.stringify(item)] }],
    ['an item of more members', { ...requests[6], items: [{ ...item, sighash: 1 }] }],
    ['an item without its public key', { ...requests[6], items: [{ key: 'a1', digest: item.digest }] }],
    ['a digest of 31 bytes', { ...requests[6], items: [{ ...item, digest: '5a'.repeat(31) }] }],
    ['a digest of 33 bytes', { ...requests[6], items: [{ ...item, digest: '5a'.repeat(33) }] }],
    ['an uncompressed key', { ...requests[6], items: [{ ...item, publicKey: `04${'11'.repeat(64)}` }] }],
    ['one key that is no object', { ...requests[2], keys: ['a1'] }],
    ['a message of half a byte', { ...requests[8], message: '0' }],
    ['a message of more than 64 KiB', { ...requests[8], message: '00'.repeat(65_537) }],
    ['another hash', { ...requests[9], hash: 'md5' }],
    ['what no RSA key wrapped', { ...requests[9], wrapped: '00'.repeat(63) }],
  ])('is refused: %s', (_, message) => {
    expect(() => parseRequest(changed(message, {}))).toThrow(ProtocolError);
  });

  it('S9: a PIN of another form is not quoted', () => {
    for (const wrong of ['12\n34', '1234\u00e9', '7'.repeat(257)]) {
      const parse = (): unknown => parseRequest(changed({ ...requests[0], pin: wrong }, {}));
      expect(parse).toThrow(ProtocolError);
      expect(parse).not.toThrow(/12|34|77/);
    }
  });

  it('of whatever form, is read as what it says or refused', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => parseRequest(text)).toThrow(ProtocolError);
        expect(() => parseReply(text)).toThrow(ProtocolError);
      }),
    );
    const members = fc.dictionary(
      fc.constantFrom('v', 'id', 'op', 'module', 'token', 'pin', 'keys', 'key', 'items', 'label', 'digest'),
      fc.oneof(fc.constantFrom(...requests.flatMap((request) => Object.values(request))), fc.jsonValue()),
    );
    fc.assert(
      fc.property(members, (message) => {
        let read: Request;
        try {
          read = parseRequest(JSON.stringify({ v: 1, ...message }));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
          return;
        }
        expect(JSON.parse(encode(read))).toEqual({ v: 1, ...message });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what a child with a PKCS#11 module answers', () => {
  it.each(replies)('comes through: $result', (reply) => {
    expect(parseReply(encode(reply).trimEnd())).toEqual(reply);
  });

  it.each(replies)('is refused with any member more or less: $result', (reply) => {
    expect(() => parseReply(changed(reply, { more: 1 }))).toThrow(ProtocolError);
    for (const name of ['v', ...Object.keys(reply)]) {
      expect(() => parseReply(changed(reply, { [name]: undefined })), name).toThrow(ProtocolError);
      expect(() => parseReply(changed(reply, { [name]: { v: 1 } })), name).toThrow(ProtocolError);
    }
  });

  it.each<[string, object]>([
    ['a signature of half a byte more', { ...replies[4], items: [{ signature: `${'ab'.repeat(64)}a` }] }],
    ['a signature of 129 bytes', { ...replies[4], items: [{ signature: 'ab'.repeat(129) }] }],
    ['a note’s signature of 63 bytes', { ...replies[5], signature: 'ab'.repeat(63) }],
    ['a signature with a reason', { ...replies[4], items: [{ signature: 'ab'.repeat(64), reason: 'signer-failed' }] }],
    ['a reason that is no token’s', { ...replies[7], reason: 'frozen' }],
    ['an item’s reason that is no token’s', { ...replies[4], items: [{ reason: 'device-refused', message: 'x' }] }],
    ['a message of two lines', { ...replies[7], message: 'a\nb' }],
    ['a message with marks of direction', { ...replies[7], message: '\u202e' }],
    ['a message without end', { ...replies[7], message: 'x'.repeat(401) }],
    ['a token’s name with a control character', { ...replies[1], label: 'a\u001b[2J' }],
    ['an uncompressed key', { ...replies[3], publicKey: `04${'11'.repeat(64)}` }],
    ['an attribute of two lines', { ...replies[3], attributes: ['CKA_SENSITIVE\ntrue'] }],
    ['faults that are no list', { ...replies[1], faults: 'none' }],
  ])('is refused: %s', (_, message) => {
    expect(() => parseReply(changed(message, {}))).toThrow(ProtocolError);
  });

  it('S9: what was unwrapped is not quoted, of whatever form', () => {
    const parse = (): unknown => parseReply(changed({ ...replies[6], plain: 'abcdefg' }, {}));
    expect(parse).toThrow(ProtocolError);
    expect(parse).not.toThrow(/abcdefg/);
  });
});
