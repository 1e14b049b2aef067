import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/signers/lines.ts';
import { encodeMessage, parseReply, parseRequest, type Reply, type Request } from '../../src/signers/protocol.ts';

const path = "m/44'/60'/0'/0/0";
const publicKey = `02${'11'.repeat(32)}`;

const requests: readonly Request[] = [
  { id: 0, op: 'configure', transport: 'hid' },
  { id: 1, op: 'configure', transport: 'speculos', url: 'http://127.0.0.1:5000' },
  { id: 2, op: 'identify', path, publicKey },
  { id: 3, op: 'sign', path, unsigned: '02c0', tokenDescriptors: [] },
  { id: Number.MAX_SAFE_INTEGER, op: 'sign', path, unsigned: '02c0', tokenDescriptors: ['00', 'ff01'] },
];

const replies: readonly Reply[] = [
  { id: 0, result: 'configured' },
  { id: 1, result: 'identity', app: 'BOLOS', version: '1.1.1' },
  {
    id: 2,
    result: 'identity',
    app: 'Ethereum',
    version: '1.22.0',
    key: { address: `0x${'aB'.repeat(20)}`, publicKey: `04${'11'.repeat(64)}` },
  },
  { id: 3, result: 'signature', signature: '00'.repeat(65) },
  { id: 4, result: 'failure', reason: 'device-locked', message: 'the device answered 5515' },
];

/** The message with members changed; one that becomes undefined is left out. */
const changed = (message: object, members: object) => JSON.stringify({ v: 1, ...message, ...members });

describe('what the daemon tells a signer’s child', () => {
  it.each(requests)('comes through: $op', (request) => {
    expect(parseRequest(encodeMessage(request).trimEnd())).toEqual(request);
  });

  it.each(requests)('is refused with any member more or less: $op', (request) => {
    expect(() => parseRequest(changed(request, { more: 1 }))).toThrow(ProtocolError);
    for (const name of ['v', ...Object.keys(request)]) {
      expect(() => parseRequest(changed(request, { [name]: undefined })), name).toThrow(ProtocolError);
      expect(() => parseRequest(changed(request, { [name]: { v: 1 } })), name).toThrow(ProtocolError);
    }
  });

  it.each([
    ['an unknown operation', { id: 1, op: 'hash' }],
    ['an unknown transport', { id: 1, op: 'configure', transport: 'ble' }],
    ['USB with an address', { id: 1, op: 'configure', transport: 'hid', url: 'http://127.0.0.1:5000' }],
    ['another version', { v: 2, id: 1, op: 'configure', transport: 'hid' }],
    ['a version that is text', { v: '1', id: 1, op: 'configure', transport: 'hid' }],
    ['a negative id', { id: -1, op: 'configure', transport: 'hid' }],
    ['an empty transaction', { id: 1, op: 'sign', path, unsigned: '', tokenDescriptors: [] }],
    ['an odd number of digits', { id: 1, op: 'sign', path, unsigned: '02c', tokenDescriptors: [] }],
    ['a prefix of hex', { id: 1, op: 'sign', path, unsigned: '0x02', tokenDescriptors: [] }],
    ['descriptors that are no list', { id: 1, op: 'sign', path, unsigned: '02', tokenDescriptors: '00' }],
    ['a descriptor that is no hex', { id: 1, op: 'sign', path, unsigned: '02', tokenDescriptors: ['00', 'zz'] }],
    ['a path of other marks', { id: 1, op: 'identify', path: 'm/44h/60h/0h/0/0', publicKey }],
    ['an uncompressed key', { id: 1, op: 'identify', path, publicKey: `04${'11'.repeat(64)}` }],
  ])('is refused: %s', (_, message) => {
    expect(() => parseRequest(changed({}, message))).toThrow(ProtocolError);
  });
});

describe('what a signer’s child answers', () => {
  it.each(replies)('comes through: $result', (reply) => {
    expect(parseReply(encodeMessage(reply).trimEnd())).toEqual(reply);
  });

  it.each(replies)('is refused with any member more or less: $result', (reply) => {
    expect(() => parseReply(changed(reply, { more: 1 }))).toThrow(ProtocolError);
    for (const name of ['v', ...Object.keys(reply)]) {
      if (name !== 'key') expect(() => parseReply(changed(reply, { [name]: undefined })), name).toThrow(ProtocolError);
      expect(() => parseReply(changed(reply, { [name]: { v: 1 } })), name).toThrow(ProtocolError);
    }
  });

  it.each([
    ['a signature of 64 bytes', { id: 1, result: 'signature', signature: '00'.repeat(64) }],
    ['a signature of 66 bytes', { id: 1, result: 'signature', signature: '00'.repeat(66) }],
    ['a reason that is not a device’s', { id: 1, result: 'failure', reason: 'internal', message: 'x' }],
    ['a message of two lines', { id: 1, result: 'failure', reason: 'device-lost', message: 'x\ny' }],
    ['a message with marks of direction', { id: 1, result: 'failure', reason: 'device-lost', message: '\u202e' }],
    ['a message without end', { id: 1, result: 'failure', reason: 'device-lost', message: 'x'.repeat(401) }],
    [
      'a key with more members',
      { ...replies[2], key: { address: `0x${'aB'.repeat(20)}`, publicKey: `04${'11'.repeat(64)}`, more: 1 } },
    ],
    ['a compressed key', { ...replies[2], key: { address: `0x${'aB'.repeat(20)}`, publicKey } }],
    ['an app without a name', { id: 1, result: 'identity', app: '', version: '1.22.0' }],
  ])('is refused: %s', (_, message) => {
    expect(() => parseReply(changed({}, message))).toThrow(ProtocolError);
  });

  it('is a message or a ProtocolError, whatever the line', () => {
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((text) => `{"v":1,"id":1,"result":${text}}`),
    );
    fc.assert(
      fc.property(line, (text) => {
        for (const parse of [parseReply, parseRequest]) {
          try {
            parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
      }),
    );
  });
});
