import { describe, expect, it } from 'vitest';
import { readWallet, walletOfKeys, walletText, withWallet } from '../../src/custody/wallet-document.ts';
import { parseYaml } from '../../src/custody/yaml.ts';
import {
  type AccountWallet,
  type DerivedScriptWallet,
  Malformed,
  parseWalletId,
  scriptTypes,
  tokenScripts,
  type Wallet,
} from '../../src/domain/index.ts';
import { mainnet, regtest, signet, testnet4, tokenWalletOf, walletOf } from '../chains/bitcoin/wallets.ts';
import { publicKeyOf, testKey } from './fake-signer.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = readWallet(
  utf8(
    `{ id: hot-1, chain: 'eip155:1', signer: ledger, path: "m/44'/60'/3'/0/0", address: 'eip155:1:0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A', public_key: '${publicKeyOf(testKey)}', first_nonce: '7' }`,
  ),
  'wallet',
);
if (read.kind !== 'account') throw new Error('it is an account');
const account: AccountWallet = read;
const script: DerivedScriptWallet = walletOf({ script: 'wsh-sortedmulti', chain: regtest });

describe('an entry of policy’s wallets', () => {
  it.each(scriptTypes)('of %s is read as it was written, on every network', (type) => {
    for (const chain of [mainnet, testnet4, signet, regtest]) {
      const wallet = walletOf({ script: type, chain });
      expect(readWallet(utf8(walletText(wallet)), 'wallet')).toEqual(wallet);
      expect(walletOfKeys(wallet)).toEqual(wallet);
    }
  });

  it('of an account is, too', () => {
    expect(readWallet(utf8(walletText(account)), 'wallet')).toEqual(account);
  });

  it.each(tokenScripts)('of tokens’ keys, %s, is read as it was written, on every network', (type) => {
    for (const chain of [mainnet, testnet4, signet, regtest]) {
      const wallet = tokenWalletOf({ script: type, chain });
      expect(readWallet(utf8(walletText(wallet)), 'wallet')).toEqual(wallet);
      expect(walletOfKeys(wallet)).toEqual(wallet);
    }
    const [one] = tokenWalletOf({ script: 'wpkh', chain: regtest, keys: [0] }).keys;
    expect(one?.id, 'YAML would read a number').toBe('00');
  });

  it('of an account on a token is, too, whatever its key’s id looks like', () => {
    for (const id of ['00', '01', '1e10', '0123456789abcdef', '10', 'ff'.repeat(32)]) {
      const held: Wallet = { ...account, key: { kind: 'token', id } };
      expect(readWallet(utf8(walletText(held)), 'wallet')).toEqual(held);
      expect(walletText(held)).toContain(`key: '${id}', address`);
    }
  });

  it.each(['7', '0', 'true', 'null', '1e5', '0x1f', 'x'])('of the name %s stays a text', (name) => {
    const [first, ...others] = script.keys;
    if (first === undefined) throw new Error('no key');
    const wallet: Wallet = {
      ...script,
      id: parseWalletId(name, 'id'),
      keys: [{ ...first, signer: `${name}` }, ...others],
    };
    expect(readWallet(utf8(walletText(wallet)), 'wallet')).toEqual(wallet);
  });

  it.each([
    ['is not UTF-8', new Uint8Array([0xff]), 'wallet'],
    ['is no entry', utf8('[]'), 'wallet'],
    ['has a member that is not known', utf8(walletText(script).replace('{ ', '{ more: 1, ')), 'wallet.more'],
    [
      'has another address',
      utf8(walletText(script).replace(/bcrt1q\w+/, 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080')),
      'wallet',
    ],
    ['has a wrong checksum', utf8(walletText(script).replace(/#\w{8}/, '#qqqqqqqq')), 'wallet.descriptor'],
  ])('that %s is refused, with its place', (_what, bytes, field) => {
    const reading = (): Wallet => readWallet(bytes, 'wallet');
    expect(reading).toThrow(Malformed);
    expect(reading).toThrow(field);
  });
});

describe('a policy with one wallet more', () => {
  const others = 'version: 1\n# a word\nnonce_window: 4 # so far\n';
  const listed = (policy: string): unknown[] => Object(parseYaml(policy, 'policy')).wallets;

  it.each([
    ['an empty list', 'wallets: []\n'],
    ['an empty list with a comment behind it', 'wallets: [] # none yet\n'],
    ['one entry', 'wallets:\n  - { id: a }\n'],
    ['an entry of several lines', 'wallets:\n    - id: a\n      chain: b\n'],
    ['entries at the margin', 'wallets:\n- { id: a } # the first\n- { id: b }\n# what follows is of the window\n'],
    ['a list in brackets', 'wallets: [{ id: a }, { id: b }]\n'],
    ['a list in brackets over lines', 'wallets: [\n  { id: a }, # first\n  { id: b },\n]\n'],
    ['a last entry with a comment', 'wallets:\n  - { id: a } # keep\n'],
  ])('goes into %s, and nothing else changes', (_what, wallets) => {
    for (const policy of [`${wallets}${others}`, `${others}${wallets}`, `${others}${wallets}`.trimEnd()]) {
      const changed = withWallet(policy, script);
      expect(listed(changed)).toEqual([...listed(policy), parseYaml(walletText(script), 'wallet')]);
      for (const comment of policy.match(/# .*/g) ?? []) expect(changed).toContain(comment);
      const rest = (of: string): unknown => ({ ...Object(parseYaml(of, 'policy')), wallets: 0 });
      expect(rest(changed)).toEqual(rest(policy));
    }
  });

  it('goes behind the one that went in before', () => {
    const twice = withWallet(withWallet(`wallets: []\n${others}`, account), script);
    expect(listed(twice)).toHaveLength(2);
    expect(twice).toContain(`wallets:\n  - ${walletText(account)}\n  - ${walletText(script)}\n`);
  });

  it('goes into a policy in braces', () => {
    for (const policy of ['{"version": 1, "wallets": [], "nonce_window": 4}\n', '{"wallets": [{"id": "a"}]}\n'])
      expect(listed(withWallet(policy, script))).toEqual([...listed(policy), parseYaml(walletText(script), 'wallet')]);
  });

  it('is left to people where anything else would change with it', () => {
    const policy = 'wallets:\n  - |+\n    a text\n\n\nversion: 1\n';
    expect(() => withWallet(policy, script)).toThrow(
      'policy.wallets: is written in a way that nothing can be added to by itself: add { id: cold',
    );
  });

  it('is refused where there is no list', () => {
    expect(() => withWallet(others, script)).toThrow('policy.wallets: is not a list');
    expect(() => withWallet('wallets: 7\n', script)).toThrow('policy.wallets: is not a list');
  });
});
