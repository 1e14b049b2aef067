import { createBase58check } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/chains/bitcoin/hashes.ts';
import { checkWallet } from '../../../src/chains/bitcoin/index.ts';
import {
  type Address,
  type DerivedScriptWallet,
  formatDescriptor,
  parseAddress,
  parseChainId,
  scriptTypes,
  type WalletKey,
} from '../../../src/domain/index.ts';
import { addressOf, mainnet, masterOf, pathOf, regtest, seeds, signet, testnet4, walletOf } from './wallets.ts';

const check = (wallet: DerivedScriptWallet) => checkWallet(wallet, 'wallets[0]');
const refused = (message: string, field = 'descriptor', reason = 'malformed') =>
  expect.objectContaining({ reason, field: `wallets[0].${field}`, message: expect.stringContaining(message) });

const wpkh = walletOf({ script: 'wpkh', chain: mainnet });
const multi = walletOf({ script: 'wsh-sortedmulti', chain: testnet4 });

/** The wallet with other keys, its descriptor and address as they then are, so that only the keys can be wrong. */
function withKeys(wallet: DerivedScriptWallet, keys: readonly WalletKey[]): DerivedScriptWallet {
  const changed = { ...wallet, keys };
  return {
    ...changed,
    descriptor: formatDescriptor(changed),
    address: parseAddress(`${wallet.chain}:${addressOf(changed, 0, 0)}`, 'address'),
  };
}
const withKey = (wallet: DerivedScriptWallet, change: Partial<WalletKey>, at = 0) =>
  withKeys(
    wallet,
    wallet.keys.map((key, i) => (i === at ? { ...key, ...change } : key)),
  );
/** The wallet with its descriptor as its fields now say. */
const rewritten = (wallet: DerivedScriptWallet) => ({ ...wallet, descriptor: formatDescriptor(wallet) });

describe('a wallet is what it says', () => {
  it('takes every script type on every network, at its BIP’s path', () => {
    for (const chain of [mainnet, testnet4, signet, regtest]) {
      for (const script of scriptTypes) {
        expect(() => check(walletOf({ script, chain }))).not.toThrow();
        expect(() => check(walletOf({ script, chain, account: 100 }))).not.toThrow();
      }
    }
  });

  it('takes any hardened path for the keys of a multisig, up to what a Ledger derives', () => {
    for (const path of ["m/0'", "m/87'/1'/0'", "m/1'/2'/3'/4'/5'/6'", "m/84'/0'/0'"])
      expect(() => check(walletOf({ script: 'wsh-sortedmulti', chain: testnet4, path }))).not.toThrow();
  });

  it('refuses a chain that is not Bitcoin’s', () => {
    const chain = parseChainId('bip122:000000000933ea01ad0ee984209779ba', 'chain');
    expect(() => check({ ...wpkh, chain })).toThrow(
      refused('expected a chain of Bitcoin', 'chain', 'address-not-canonical'),
    );
  });

  it('refuses a descriptor that isn’t what its fields say', () => {
    const other = walletOf({ script: 'wpkh', chain: mainnet, seeds: [seeds.zoo] });
    const message = `is not what the wallet is read as, ${wpkh.descriptor}`;
    expect(() => check({ ...wpkh, descriptor: other.descriptor })).toThrow(refused(message));
  });

  it.each([
    ['another wallet’s', walletOf({ script: 'wpkh', chain: mainnet, account: 1 }).address],
    ['its own second', parseAddress(`${mainnet}:bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g`, 'address')],
    ['its own first change', parseAddress(`${mainnet}:bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el`, 'address')],
  ])('refuses %s address, and says which is its first', (_, address: Address) => {
    const message = 'first address is bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu';
    expect(() => check({ ...wpkh, address })).toThrow(refused(message, 'address'));
  });

  it('refuses its own address in another spelling, or on another chain', () => {
    const shouted = parseAddress(`${mainnet}:BC1QCR8TE4KR609GCAWUTMRZA0J4XV80JY8Z306FYU`, 'address');
    expect(() => check({ ...wpkh, address: shouted })).toThrow(
      refused(`write ${wpkh.address}`, 'address', 'address-not-canonical'),
    );
    const onSignet = walletOf({ script: 'wpkh', chain: signet });
    const onTestnet = walletOf({ script: 'wpkh', chain: testnet4 });
    expect(() => check({ ...onTestnet, address: onSignet.address })).toThrow(refused('first address is', 'address'));
  });
});

describe('a wallet’s keys are where it says', () => {
  const account = (path: string, chain = mainnet) => masterOf(seeds.abandon, chain).derive(path);

  it('refuses what is no extended key, and names the key of several', () => {
    const broken = { xpub: `${wpkh.keys[0]?.xpub.slice(0, -1)}1` };
    const one = { ...wpkh, keys: wpkh.keys.map((key) => ({ ...key, ...broken })) };
    expect(() => check(rewritten(one))).toThrow(refused('expected an extended key'));
    const several = { ...multi, keys: multi.keys.map((key, i) => (i === 2 ? { ...key, ...broken } : key)) };
    expect(() => check(rewritten(several))).toThrow(refused('expected an extended key', 'descriptor.keys[2]'));
  });

  it('B8: refuses another network’s key', () => {
    const tpub = account("m/84'/0'/0'", testnet4).publicExtendedKey;
    const onMain = rewritten({ ...wpkh, keys: wpkh.keys.map((key) => ({ ...key, xpub: tpub })) });
    expect(() => check(onMain)).toThrow(refused('is written as tpub, and mainnet has xpub'));
    const onTest = walletOf({ script: 'wpkh', chain: signet });
    const xpub = account("m/84'/1'/0'").publicExtendedKey;
    const mixed = rewritten({ ...onTest, keys: onTest.keys.map((key) => ({ ...key, xpub })) });
    expect(() => check(mixed)).toThrow(refused('is written as xpub, and signet has tpub'));
  });

  it.each([
    ['of another account', "m/84'/0'/1'", "depth 3 whose last step is 1'"],
    ['that is not hardened', "m/84'/0'/0", 'depth 3 whose last step is 0, '],
    ['one level above', "m/84'/0'", "depth 2 whose last step is 0'"],
    ['one level below', "m/84'/0'/0'/0'", "depth 4 whose last step is 0'"],
  ])('refuses the key %s', (_, path, message) => {
    const changed = withKey(wpkh, { xpub: account(path).publicExtendedKey });
    expect(() => check(changed)).toThrow(refused(`${message}`));
    expect(() => check(changed)).toThrow("and its origin says m/84'/0'/0'");
  });

  it('refuses the key of another master, where the key says which: one step from it', () => {
    const short = walletOf({ script: 'wsh-sortedmulti', chain: testnet4, path: "m/0'" });
    expect(() => check(withKey(short, { fingerprint: '00000001' }))).toThrow(
      refused('comes from the master 73c5da0a, and its origin says 00000001', 'descriptor.keys[0]'),
    );
  });

  it('refuses one key twice, though the xpubs differ as text', () => {
    const [first, second, third] = multi.keys;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three keys');
    const base58check = createBase58check(sha256);
    const bytes = Uint8Array.from(base58check.decode(first.xpub));
    new DataView(bytes.buffer).setUint32(5, 0x12345678);
    const xpub = base58check.encode(bytes);
    expect(xpub).not.toBe(first.xpub);
    const twice = rewritten({ ...multi, keys: [first, second, { ...third, xpub }] });
    expect(() => check(twice)).toThrow(refused('names one key twice'));
  });
});

describe('B8: a wallet’s path is that of its script type and network', () => {
  const at =
    (script: DerivedScriptWallet['script'], path: string, chain = mainnet) =>
    () =>
      check(walletOf({ script, chain, path }));

  it.each(scriptTypes.filter((script) => script !== 'wsh-sortedmulti'))('%s: no other type’s', (script) => {
    const own = pathOf(script, mainnet).split('/')[1];
    for (const purpose of ["44'", "48'", "49'", "84'", "86'", "0'"].filter((p) => p !== own)) {
      const message = `its origin is m/${purpose}/0'/0', and that of ${script} on mainnet is m/${own}/0'/ACCOUNT'`;
      expect(at(script, `m/${purpose}/0'/0'`)).toThrow(refused(message));
    }
  });

  it.each([
    ['the coin of a test network', mainnet, "m/84'/1'/0'"],
    ['the coin of mainnet', signet, "m/84'/0'/0'"],
    ['the coin of Ether', mainnet, "m/84'/60'/0'"],
    ['an account above what a Ledger signs for', mainnet, "m/84'/0'/101'"],
    ['an account that is not hardened', mainnet, "m/84'/0'/0"],
    ['a coin that is not hardened', mainnet, "m/84'/0/0'"],
    ['a purpose that is not hardened', mainnet, "m/84/0'/0'"],
    ['no account', mainnet, "m/84'/0'"],
    ['a step more', mainnet, "m/84'/0'/0'/0'"],
    ['the master itself', mainnet, 'm'],
  ])('wpkh: refuses %s', (_, chain, path) => {
    expect(at('wpkh', path, chain)).toThrow(refused(`its origin is ${path}, and that of wpkh on`));
  });

  it.each([
    ['the master itself', 'm', 'expected 1 to 6 hardened steps'],
    ['a step that is not hardened', "m/48'/1'/0'/2", 'expected 1 to 6 hardened steps'],
    ['seven steps', "m/1'/2'/3'/4'/5'/6'/7'", 'expected 1 to 6 hardened steps'],
    ['BIP-48 for a P2SH-wrapped script', "m/48'/1'/0'/1'", "and BIP-48's for wsh on testnet4 is m/48'/1'/ACCOUNT'/2'"],
    ['BIP-48 on mainnet', "m/48'/0'/0'/2'", "and BIP-48's for wsh on testnet4"],
    ['BIP-48 without its script type', "m/48'/1'/0'", "and BIP-48's for wsh on testnet4"],
    ['BIP-48 with a step more', "m/48'/1'/0'/2'/0'", "and BIP-48's for wsh on testnet4"],
  ])('a multisig: refuses %s', (_, path, message) => {
    expect(at('wsh-sortedmulti', path, testnet4)).toThrow(refused(message, 'descriptor.keys[0]'));
  });
});
