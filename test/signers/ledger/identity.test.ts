import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex } from '@noble/curves/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Malformed, parseChainId, type Wallet } from '../../../src/domain/index.ts';
import { appOf, isRecent as isRecentFor } from '../../../src/signers/ledger/app.ts';
import { judge as judgeFor } from '../../../src/signers/ledger/identity.ts';
import { compressed } from '../../../src/signers/ledger/public-key.ts';
import { pinnedKey } from '../../../src/signers/ledger/wallet-key.ts';
import type { Identity } from '../../../src/signers/protocol.ts';
import { mainnet, regtest, signet, testnet4 } from '../../chains/bitcoin/wallets.ts';
import { single } from './emulated.ts';
import { testWallet } from './wallet.ts';

const judge = (identity: Identity, wallet: Wallet) => judgeFor(identity, wallet, pinnedKey(wallet, 'ledger'));
const isRecent = (version: string) => isRecentFor(version, '1.22.0');
const uncompressed = bytesToHex(secp256k1.Point.fromHex(testWallet.publicKey).toBytes(false));
const key = { address: '0xDad77910DbDFdE764fC21FCD4E74D71bBACA6D8D', publicKey: uncompressed };
const right: Identity = { result: 'identity', at: '/dev/hidraw0', app: 'Ethereum', version: '1.22.0', key };

describe('S6: a device', () => {
  it('is the wallet’s where its app, version, key and address are', () => {
    expect(judge(right, testWallet)).toBeUndefined();
    expect(judge({ ...right, version: '1.23.0' }, testWallet)).toBeUndefined();
  });

  it.each<[string, Identity, string]>([
    ['in another app', { ...right, app: 'Bitcoin' }, 'device-wrong-app'],
    [
      'on its dashboard',
      { result: 'identity', at: '/dev/hidraw0', app: 'BOLOS', version: '1.22.0' },
      'device-wrong-app',
    ],
    ['in an app of almost the same name', { ...right, app: 'ethereum' }, 'device-wrong-app'],
    ['in an older version', { ...right, version: '1.21.9' }, 'device-app-outdated'],
    ['without a key', { result: 'identity', at: '/dev/hidraw0', app: 'Ethereum', version: '1.22.0' }, 'device-foreign'],
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

describe('S6: a device of a script wallet', () => {
  const wallet = single('wpkh');
  const [{ fingerprint, xpub } = { fingerprint: '', xpub: '' }] = wallet.keys;
  const own: Identity = {
    result: 'identity',
    at: '/dev/hidraw0',
    app: 'Bitcoin Test',
    version: '2.1.2',
    key: { fingerprint, xpub },
  };
  const judgeOwn = (identity: Identity) => judgeFor(identity, wallet, pinnedKey(wallet, 'device-1'));

  it('is the wallet’s where its app, version, fingerprint and extended key are', () => {
    expect(judgeOwn(own)).toBeUndefined();
    expect(judgeOwn({ ...own, version: '2.4.6' })).toBeUndefined();
  });

  it.each<[string, Identity, string]>([
    ['in the main chain’s app', { ...own, app: 'Bitcoin' }, 'device-wrong-app'],
    ['in Ethereum’s app', { ...right }, 'device-wrong-app'],
    ['in an older version', { ...own, version: '2.1.1' }, 'device-app-outdated'],
    ['in a much older version', { ...own, version: '1.6.6' }, 'device-app-outdated'],
    [
      'without a key',
      { result: 'identity', at: '/dev/hidraw0', app: 'Bitcoin Test', version: '2.4.6' },
      'device-foreign',
    ],
    ['with another seed', { ...own, key: { fingerprint: '00000000', xpub } }, 'device-foreign'],
    ['with another account', { ...own, key: { fingerprint, xpub: `${xpub.slice(0, -1)}1` } }, 'device-foreign'],
    ['with an address’s key', { ...own, key }, 'device-foreign'],
  ])('%s is not the wallet’s', (_, identity, reason) => {
    expect(judgeOwn(identity)).toMatchObject({ reason });
  });
});

describe('the app that signs', () => {
  it.each([
    ['eip155:1', 'Ethereum'],
    ['eip155:31337', 'Ethereum'],
    [mainnet, 'Bitcoin'],
    [testnet4, 'Bitcoin Test'],
    [signet, 'Bitcoin Test'],
    [regtest, 'Bitcoin Test'],
  ])('for %s is %s', (chain, app) => {
    expect(appOf(parseChainId(chain, 'chain'))).toBe(app);
  });

  it.each(['bip122:000000000933ea01ad0ee984209779ba', 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp'])(
    'for %s is none',
    (chain) => {
      expect(() => appOf(parseChainId(chain, 'chain'))).toThrow(Malformed);
    },
  );
});

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
