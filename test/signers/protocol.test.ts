import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/signers/lines.ts';
import {
  encodeMessage,
  largestPsbt,
  longestReply,
  longestRequest,
  type Reply,
  type Request,
  resultOf,
} from '../../src/signers/protocol.ts';
import { parseReply } from '../../src/signers/replies.ts';
import { parseRequest } from '../../src/signers/requests.ts';

const path = "m/44'/60'/0'/0/0";
const publicKey = `02${'11'.repeat(32)}`;
const ethereum = { app: 'Ethereum', path } as const;
const bitcoin = { app: 'Bitcoin Test', path: "m/84'/1'/0'" } as const;
const xpub = `tpub${'D'.repeat(107)}`;
const key = (account: number): string => `[f5acc2fd/48'/1'/${account}'/2']${xpub}`;
const single = { name: '', template: 'wpkh(@0/**)', keys: [`[f5acc2fd/84'/1'/0']${xpub}`] };
const several = { name: 'cold-1', template: 'wsh(sortedmulti(2,@0/**,@1/**))', keys: [key(0), key(1)] };
const largest = Buffer.alloc(largestPsbt, 0x5a).toString('base64');
const hmac = 'ab'.repeat(32);

const requests: readonly Request[] = [
  { id: 0, op: 'configure', transport: 'hid' },
  { id: 1, op: 'configure', transport: 'speculos', url: 'http://127.0.0.1:5000' },
  { id: 2, op: 'identify', ...ethereum, publicKey, skip: [] },
  { id: 2, op: 'identify', ...bitcoin, fingerprint: 'f5acc2fd', xpub, skip: ['/dev/hidraw0', '/dev/hidraw2'] },
  { id: 3, op: 'sign', ...ethereum, unsigned: '02c0', tokenDescriptors: [] },
  { id: Number.MAX_SAFE_INTEGER, op: 'sign', ...ethereum, unsigned: '02c0', tokenDescriptors: ['00', 'ff01'] },
  { id: 4, op: 'sign', ...bitcoin, policy: single, registration: '', psbt: 'cHNidP8=' },
  { id: 4, op: 'sign', ...bitcoin, policy: several, registration: hmac, psbt: 'cHNidP8A' },
  { id: 5, op: 'read-key', ...ethereum, skip: [] },
  { id: 5, op: 'read-key', ...bitcoin, skip: ['/dev/hidraw0'] },
  { id: 6, op: 'register', ...bitcoin, policy: several },
  { id: 7, op: 'show-address', ...ethereum },
  { id: 7, op: 'show-address', ...bitcoin, policy: single, registration: '', branch: 0, index: 0 },
  { id: 7, op: 'show-address', ...bitcoin, policy: several, registration: hmac, branch: 1, index: 2 ** 31 - 1 },
  { id: 7, op: 'survey' },
];

const replies: readonly Reply[] = [
  { id: 0, result: 'configured' },
  { id: 1, result: 'surveyed', devices: [] },
  {
    id: 1,
    result: 'surveyed',
    devices: [
      { at: '/dev/hidraw0', product: 'Nano S Plus', app: 'Ethereum', version: '1.22.0' },
      { at: '/dev/hidraw1', product: '', failed: { reason: 'device-locked', message: 'the device answered 5515' } },
    ],
  },
  { id: 1, result: 'identity', at: '/dev/hidraw0', app: 'BOLOS', version: '1.1.1' },
  {
    id: 2,
    result: 'identity',
    at: '/dev/hidraw0',
    app: 'Ethereum',
    version: '1.22.0',
    key: { address: `0x${'aB'.repeat(20)}`, publicKey: `04${'11'.repeat(64)}` },
  },
  {
    id: 2,
    result: 'identity',
    at: '/dev/hidraw1',
    app: 'Bitcoin',
    version: '2.4.6',
    key: { fingerprint: 'f5acc2fd', xpub },
  },
  { id: 3, result: 'signature', signature: '00'.repeat(65) },
  { id: 3, result: 'signatures', signatures: '00'.repeat(500 * 113) },
  { id: 4, result: 'failure', reason: 'device-locked', message: 'the device answered 5515' },
  { id: 5, result: 'registration', hmac },
  { id: 6, result: 'address', address: 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx' },
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
    ['an empty transaction', { id: 1, op: 'sign', ...ethereum, unsigned: '', tokenDescriptors: [] }],
    ['an odd number of digits', { id: 1, op: 'sign', ...ethereum, unsigned: '02c', tokenDescriptors: [] }],
    ['a prefix of hex', { id: 1, op: 'sign', ...ethereum, unsigned: '0x02', tokenDescriptors: [] }],
    ['descriptors that are no list', { id: 1, op: 'sign', ...ethereum, unsigned: '02', tokenDescriptors: '00' }],
    ['a descriptor that is no hex', { id: 1, op: 'sign', ...ethereum, unsigned: '02', tokenDescriptors: ['00', 'zz'] }],
    ['a path of other marks', { id: 1, op: 'identify', skip: [], ...ethereum, path: 'm/44h/60h/0h/0/0', publicKey }],
    ['an uncompressed key', { id: 1, op: 'identify', skip: [], ...ethereum, publicKey: `04${'11'.repeat(64)}` }],
    ['a fingerprint in capitals', { id: 1, op: 'identify', skip: [], ...bitcoin, fingerprint: 'F5ACC2FD', xpub }],
    ['no extended key', { id: 1, op: 'identify', skip: [], ...bitcoin, fingerprint: 'f5acc2fd', xpub: publicKey }],
    ['an account’s key for Bitcoin', { id: 1, op: 'identify', skip: [], ...bitcoin, publicKey }],
    ['no list of devices to leave out', { id: 1, op: 'identify', ...ethereum, publicKey }],
    ['a device’s name with a blank', { id: 1, op: 'identify', ...ethereum, publicKey, skip: ['/dev/hidraw 0'] }],
    ['an unknown app', { id: 1, op: 'read-key', skip: [], app: 'Bitcoin Legacy', path }],
    ['a PSBT for Ethereum', { id: 1, op: 'sign', ...ethereum, policy: single, registration: '', psbt: 'cHNidP8=' }],
    ['a transaction for Bitcoin', { id: 1, op: 'sign', ...bitcoin, unsigned: '02', tokenDescriptors: [] }],
    ['an empty PSBT', { ...requests[6], psbt: '' }],
    ['a PSBT in hex, spelled as no base64 is', { ...requests[6], psbt: '70736274f' }],
    ['base64 for URLs', { ...requests[6], psbt: 'cHNidP__' }],
    ['base64 without its end', { ...requests[6], psbt: 'cHNidP8' }],
    ['a registration of 31 bytes', { ...requests[7], registration: 'ab'.repeat(31) }],
    ['a registration for one key', { ...requests[6], registration: hmac }],
    ['no registration for several', { ...requests[7], registration: '' }],
    ['registering what every device knows', { ...requests[10], policy: single }],
    ['registering for Ethereum', { ...requests[10], app: 'Ethereum' }],
    ['a branch of its own', { ...requests[12], branch: 2 }],
    ['half an index', { ...requests[12], index: 0.5 }],
    ['a hardened index', { ...requests[12], index: 2 ** 31 }],
  ])('is refused: %s', (_, message) => {
    expect(() => parseRequest(changed({}, message))).toThrow(ProtocolError);
  });

  it.each([
    ['more members', { ...several, more: 1 }],
    ['a name that no wallet has', { ...several, name: 'Cold storage' }],
    ['a script that no wallet is', { ...several, template: 'wsh(multi(2,@0/**,@1/**))' }],
    ['a script of several with a key of its own', { ...several, template: 'wsh(sortedmulti(2,@0/**,@1/<2;3>/*))' }],
    ['a key twice', { ...several, template: 'wsh(sortedmulti(2,@0/**,@0/**))' }],
    ['keys in another order', { ...several, template: 'wsh(sortedmulti(2,@1/**,@0/**))' }],
    ['a key that the script does not name', { ...several, keys: [key(0), key(1), key(2)] }],
    ['a key too few', { ...several, keys: [key(0)] }],
    ['a key without an origin', { ...several, keys: [key(0), xpub] }],
    ['keys that are no list', { ...several, keys: key(0) }],
    ['nothing', undefined],
  ])('is refused: a policy with %s', (_, policy) => {
    expect(() => parseRequest(changed({ ...requests[7], policy }, {}))).toThrow(ProtocolError);
    expect(() => parseRequest(changed({ ...requests[10], policy }, {}))).toThrow(ProtocolError);
  });

  it('a PSBT of the largest size comes through', () => {
    const request: Request = { id: 1, op: 'sign', ...bitcoin, policy: single, registration: '', psbt: largest };
    const line = encodeMessage(request);
    expect(line.length).toBeLessThan(longestRequest - 4096);
    expect(parseRequest(line.trimEnd())).toEqual(request);
  });

  it('is answered with what belongs to it', () => {
    expect(requests.map(resultOf)).toEqual([
      'configured',
      'configured',
      'identity',
      'identity',
      'signature',
      'signature',
      'signatures',
      'signatures',
      'identity',
      'identity',
      'registration',
      'address',
      'address',
      'address',
      'surveyed',
    ]);
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
    ['an extended key of Ethereum’s', { ...replies[2], key: { fingerprint: 'f5acc2fd', xpub } }],
    ['an address’s key of Bitcoin’s', { ...replies[2], app: 'Bitcoin' }],
    ['no signatures', { id: 1, result: 'signatures', signatures: '' }],
    ['half a byte of signatures', { id: 1, result: 'signatures', signatures: '0' }],
    ['a registration of 33 bytes', { id: 1, result: 'registration', hmac: 'ab'.repeat(33) }],
    ['an address of two words', { id: 1, result: 'address', address: 'tb1qw508d6qejxtdg4y5 3zarvary0c5xw7kxpjzsx' }],
    [
      'a device that says nothing, and not why',
      { id: 1, result: 'surveyed', devices: [{ at: '/dev/hidraw0', product: '' }] },
    ],
    ['a device without a name', { id: 1, result: 'identity', app: 'BOLOS', version: '1.22.0' }],
    ['an app without a name', { id: 1, result: 'identity', at: '/dev/hidraw0', app: '', version: '1.22.0' }],
  ])('is refused: %s', (_, message) => {
    expect(() => parseReply(changed({}, message))).toThrow(ProtocolError);
  });

  it('has room for the signatures of 1,000 inputs', () => {
    const signatures = '00'.repeat(1000 * 113);
    expect(encodeMessage({ id: 1, result: 'signatures', signatures }).length).toBeLessThan(longestReply);
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
