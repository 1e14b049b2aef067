import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex } from '@noble/curves/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Wallet } from '../../../src/domain/index.ts';
import { isRecent as isRecentFor } from '../../../src/signers/ledger/app.ts';
import { judge as judgeFor } from '../../../src/signers/ledger/identity.ts';
import { compressed } from '../../../src/signers/ledger/public-key.ts';
import { pinnedKey } from '../../../src/signers/ledger/wallet-key.ts';
import type { Identity } from '../../../src/signers/protocol.ts';
import { testWallet } from './wallet.ts';

const judge = (identity: Identity, wallet: Wallet) => judgeFor(identity, wallet, pinnedKey(wallet, 'ledger'));
const isRecent = (version: string) => isRecentFor(version, '1.22.0');
const uncompressed = bytesToHex(secp256k1.Point.fromHex(testWallet.publicKey).toBytes(false));
const key = { address: '0xDad77910DbDFdE764fC21FCD4E74D71bBACA6D8D', publicKey: uncompressed };
const right: Identity = { result: 'identity', app: 'Ethereum', version: '1.22.0', key };

describe('S6: a device', () => {
  it('is the wallet’s where its app, version, key and address are', () => {
    expect(judge(right, testWallet)).toBeUndefined();
    expect(judge({ ...right, version: '1.23.0' }, testWallet)).toBeUndefined();
  });

  it.each<[string, Identity, string]>([
    ['in another app', { ...right, app: 'Bitcoin' }, 'device-wrong-app'],
    ['on its dashboard', { result: 'identity', app: 'BOLOS', version: '1.22.0' }, 'device-wrong-app'],
    ['in an app of almost the same name', { ...right, app: 'ethereum' }, 'device-wrong-app'],
    ['in an older version', { ...right, version: '1.21.9' }, 'device-app-outdated'],
    ['without a key', { result: 'identity', app: 'Ethereum', version: '1.22.0' }, 'device-foreign'],
    ['with another key', { ...right, key: { ...key, publicKey: `04${'22'.repeat(64)}` } }, 'device-foreign'],
    ['with the key’s mirror image', { ...right, key: { ...key, publicKey: mirrored(uncompressed) } }, 'device-foreign'],
    ['with another address', { ...right, key: { ...key, address: `0x${'11'.repeat(20)}` } }, 'device-foreign'],
    [
      'with an address of another spelling',
      { ...right, key: { ...key, address: key.address.toLowerCase() } },
      'device-foreign',
    ],
  ])('%s is not the wallet’s', (_, identity, reason) => {
    expect(judge(identity, testWallet)).toMatchObject({ reason });
  });
});

/** The point with the same x and the other y. */
function mirrored(publicKey: string): string {
  return bytesToHex(secp256k1.Point.fromHex(publicKey).negate().toBytes(false));
}

describe('an app’s version', () => {
  it.each(['1.22.0', '1.22.1', '1.23.0', '1.100.0', '2.0.0'])('%s is recent', (version) => {
    expect(isRecent(version)).toBe(true);
  });

  it.each([
    '1.21.99',
    '0.99.99',
    '1.9.0',
    '1.22',
    '1.22.0-rc1',
    '1.22.0.1',
    'v1.22.0',
    '01.22.0',
    ' 1.22.0',
    '1.22.0\n',
    '',
  ])('%j is not', (version) => {
    expect(isRecent(version)).toBe(false);
  });
});

it('a key is compressed as SEC 1 says', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: secp256k1.Point.Fn.ORDER - 1n }), (secret) => {
      const point = secp256k1.Point.BASE.multiply(secret);
      expect(compressed(bytesToHex(point.toBytes(false)))).toBe(bytesToHex(point.toBytes(true)));
    }),
    { numRuns: 30 },
  );
});
