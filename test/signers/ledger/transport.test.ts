import { describe, expect, it } from 'vitest';
import { Malformed, parseChainId } from '../../../src/domain/index.ts';
import { parseSpeculosUrl, type Transport, transportAllowed } from '../../../src/signers/ledger/transport.ts';

const usb: Transport = { transport: 'hid' };
const emulated: Transport = { transport: 'speculos', url: 'http://127.0.0.1:5000' };
const chain = (value: string) => parseChainId(value, 'chain');

describe('an emulated Ledger', () => {
  it.each(['eip155:31337', 'eip155:11155111', 'eip155:17000', 'eip155:560048'])(
    'may sign for the test network %s',
    (id) => {
      expect(transportAllowed(emulated, chain(id))).toBe(true);
    },
  );

  it.each(['eip155:1', 'eip155:10', 'eip155:1337', 'eip155:123456789', 'bip122:000000000019d6689c085ae165831e93'])(
    'may not sign for %s, a main or unknown network',
    (id) => {
      expect(transportAllowed(emulated, chain(id))).toBe(false);
      expect(transportAllowed(usb, chain(id))).toBe(true);
    },
  );

  it('is reached on a loopback address', () => {
    expect(parseSpeculosUrl('http://127.0.0.1:5000', 'url')).toEqual({ origin: 'http://127.0.0.1', port: '5000' });
    expect(parseSpeculosUrl('http://127.0.0.1:5000/', 'url')).toEqual({ origin: 'http://127.0.0.1', port: '5000' });
    expect(parseSpeculosUrl('http://[::1]:65535', 'url')).toEqual({ origin: 'http://[::1]', port: '65535' });
  });

  it.each([
    'http://192.0.2.1:5000',
    'http://0.0.0.0:5000',
    'http://localhost:5000',
    'http://127.0.0.1.example.com:5000',
    'http://127.0.0.1@example.com:5000',
    'http://user@127.0.0.1:5000',
    'https://127.0.0.1:5000',
    'http://127.0.0.1',
    'http://127.0.0.1:0',
    'http://127.0.0.1:65536',
    'http://127.0.0.1:5000/apdu',
    'http://127.0.0.1:5000?x',
    'http://127.0.0.1:5000\n',
    '127.0.0.1:5000',
    '',
  ])('I8: is not reached at %j', (url) => {
    expect(() => parseSpeculosUrl(url, 'url')).toThrow(Malformed);
  });
});
