import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { DeviceFailure, failureOf, type Stage } from '../../../src/signers/ledger/failure.ts';
import { libraryError } from './scripted-handle.ts';

const require = createRequire(import.meta.url);
const stages: readonly Stage[] = ['identifying', 'preparing', 'signing'];
const word = (statusCode: number) => libraryError('TransportStatusError', { statusCode });
const reasons = (error: unknown) => stages.map((stage) => failureOf(error, stage).reason);

describe('F3: a device’s failure has its reason', () => {
  it.each([
    ['5515', word(0x5515), 'device-locked', 'device-locked', 'device-locked'],
    [
      '5515 by its own name',
      libraryError('LockedDeviceError', { statusCode: 0x5515 }),
      'device-locked',
      'device-locked',
      'device-locked',
    ],
    ['6982', word(0x6982), 'device-locked', 'device-locked', 'device-locked'],
    ['6e00', word(0x6e00), 'device-wrong-app', 'device-wrong-app', 'device-wrong-app'],
    ['6d00', word(0x6d00), 'device-wrong-app', 'device-wrong-app', 'device-wrong-app'],
    ['6985', word(0x6985), 'signer-failed', 'device-refused', 'device-refused'],
    ['5501', word(0x5501), 'signer-failed', 'device-refused', 'device-refused'],
    ['6a80', word(0x6a80), 'signer-failed', 'device-cannot-show', 'device-cannot-show'],
    [
      '6a80 as hw-app-eth names it',
      libraryError('EthAppPleaseEnableContractData'),
      'device-cannot-show',
      'device-cannot-show',
      'device-cannot-show',
    ],
    ['6501', word(0x6501), 'signer-failed', 'device-cannot-show', 'device-cannot-show'],
    ['6984', word(0x6984), 'signer-failed', 'device-cannot-show', 'device-cannot-show'],
    ['6807', word(0x6807), 'signer-failed', 'device-cannot-show', 'device-cannot-show'],
    ['6901', word(0x6901), 'device-busy', 'device-busy', 'device-busy'],
    ['6a82', word(0x6a82), 'signer-failed', 'device-cannot-show', 'device-cannot-show'],
    ['b008', word(0xb008), 'signer-failed', 'device-cannot-show', 'device-cannot-show'],
    ['b007', word(0xb007), 'signer-failed', 'signer-failed', 'signer-failed'],
    ['any other word', word(0x6f00), 'signer-failed', 'signer-failed', 'signer-failed'],
    ...['InvalidChannel', 'InvalidTag', 'InvalidSequence'].map((id): [string, Error, string, string, string] => [
      `another program’s answer (${id})`,
      libraryError('TransportError', { id }),
      'device-busy',
      'device-busy',
      'device-busy',
    ]),
    ['an unplugged device', libraryError('DisconnectedDevice'), 'device-missing', 'device-missing', 'device-lost'],
    [
      'one unplugged while it is written to',
      libraryError('DisconnectedDeviceDuringOperation'),
      'device-missing',
      'device-missing',
      'device-lost',
    ],
    [
      'a connection of Speculos’ that broke',
      libraryError('Error', { isAxiosError: true, code: 'ECONNRESET' }),
      'device-missing',
      'device-missing',
      'device-lost',
    ],
    [
      'an HTTP error of Speculos’',
      libraryError('AxiosError', { isAxiosError: true, response: { status: 500 } }),
      'signer-failed',
      'signer-failed',
      'signer-failed',
    ],
    ['a race of two commands', libraryError('TransportRaceCondition'), 'device-busy', 'device-busy', 'device-busy'],
    [
      'a locked transport',
      libraryError('TransportError', { id: 'TransportLocked' }),
      'device-busy',
      'device-busy',
      'device-busy',
    ],
    [
      'a device file that may not be opened',
      libraryError('TypeError'),
      'device-missing',
      'signer-failed',
      'signer-failed',
    ],
    ['anything else', new RangeError('x'), 'signer-failed', 'signer-failed', 'signer-failed'],
    ['something that is no error', 'text', 'signer-failed', 'signer-failed', 'signer-failed'],
  ])('%s', (_, error, identifying, preparing, signing) => {
    expect(reasons(error)).toEqual([identifying, preparing, signing]);
  });

  it('reads the errors that Ledger’s own packages throw, each with its own copy of the classes', () => {
    for (const from of [
      '@ledgerhq/hw-app-eth',
      '@ledgerhq/hw-transport-node-hid',
      '@ledgerhq/hw-transport-node-speculos-http',
    ]) {
      const errors = createRequire(require.resolve(from))('@ledgerhq/errors');
      expect(failureOf(new errors.TransportStatusError(0x5515), 'signing').reason).toBe('device-locked');
      expect(failureOf(new errors.TransportStatusError(0x6985), 'signing').reason).toBe('device-refused');
      expect(failureOf(new errors.DisconnectedDevice(), 'signing').reason).toBe('device-lost');
      expect(failureOf(new errors.DisconnectedDeviceDuringOperation('x'), 'signing').reason).toBe('device-lost');
      expect(failureOf(new errors.TransportRaceCondition('x'), 'signing').reason).toBe('device-busy');
      expect(failureOf(new errors.TransportError('x', 'TransportLocked'), 'signing').reason).toBe('device-busy');
    }
  });

  it('keeps a reason that was found already', () => {
    const failure = new DeviceFailure('signature-wrong', 'x');
    expect(failureOf(failure, 'identifying')).toBe(failure);
  });

  it('S10: has a message of one printable line, however the library’s looked', () => {
    const { message } = failureOf(new Error('a\nb\u202e\u001b[2J'), 'signing');
    expect(message).toBe('a\\nb\\u{202e}\\u001b[2J');
  });
});
