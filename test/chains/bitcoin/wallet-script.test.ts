import { createBase58check } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash160, sha256 } from '../../../src/chains/bitcoin/hashes.ts';
import { addressOfScript, scriptAt } from '../../../src/chains/bitcoin/index.ts';
import { sortedMultisig } from '../../../src/chains/bitcoin/wallet-script.ts';
import { type DerivedScriptWallet, referenceOfAddress, scriptTypes, toHex } from '../../../src/domain/index.ts';
import { addressOf, mainnet, regtest, seeds, signet, testnet4, walletOf } from './wallets.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const addressAt = (wallet: DerivedScriptWallet, branch: 0 | 1, index: number) => {
  const address = addressOfScript(scriptAt(wallet, branch, index).script, wallet.chain);
  return address === undefined ? undefined : referenceOfAddress(address);
};

describe('a wallet’s script at a place of its descriptor', () => {
  it('BIP-84, "Test vectors"', () => {
    const wallet = walletOf({ script: 'wpkh', chain: mainnet });
    expect(addressAt(wallet, 0, 0)).toBe('bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu');
    expect(addressAt(wallet, 0, 1)).toBe('bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g');
    expect(addressAt(wallet, 1, 0)).toBe('bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el');
    expect(scriptAt(wallet, 0, 1)).toMatchObject({
      redeemScript: undefined,
      witnessScript: undefined,
      internalKey: undefined,
      keys: [
        {
          origin: { fingerprint: '73c5da0a', path: "m/84'/0'/0'/0/1" },
          publicKey: hex('03e775fd51f0dfb8cd865d9ff1cca2a158cf651fe997fdc9fee9c1d3b5e995ea77'),
        },
      ],
    });
  });

  it('BIP-49, "Test vectors"', () => {
    const wallet = walletOf({ script: 'sh-wpkh', chain: testnet4 });
    expect(addressAt(wallet, 0, 0)).toBe('2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2');
    expect(scriptAt(wallet, 0, 0)).toMatchObject({
      redeemScript: hex('001438971f73930f6c141d977ac4fd4a727c854935b3'),
      script: hex('a914336caa13e08b96080a32b5d818d59b4ab3b3674287'),
      keys: [{ publicKey: hex('03a1af804ac108a8a51782198c2d034b28bf90c8803f5a53f76276fa69a4eae77f') }],
    });
  });

  it.each([
    [
      0,
      0,
      'cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115',
      '5120a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c',
      'bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr',
    ],
    [
      0,
      1,
      '83dfe85a3151d2517290da461fe2815591ef69f2b18a2ce63f01697a8b313145',
      '5120a82f29944d65b86ae6b5e5cc75e294ead6c59391a1edc5e016e3498c67fc7bbb',
      'bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh',
    ],
    [
      1,
      0,
      '399f1b2f4393f29a18c937859c5dd8a77350103157eb880f02e8c08214277cef',
      '5120882d74e5d0572d5a816cef0041a96b6c1de832f6f9676d9605c44d5e9a97d3dc',
      'bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7',
    ],
  ] as const)('BIP-86, "Test vectors": /%d/%d', (branch, index, internalKey, script, address) => {
    const wallet = walletOf({ script: 'tr', chain: mainnet });
    expect(scriptAt(wallet, branch, index)).toMatchObject({ internalKey: hex(internalKey), script: hex(script) });
    expect(addressAt(wallet, branch, index)).toBe(address);
  });

  // What Ledger's Bitcoin app 2.4.6 showed for Speculos' default seed (test/vectors/ledger/btc-address-*).
  const glory = [seeds.glory];
  it.each([
    ['pkh', mainnet, 0, 0, '1KKLP5MNa9mmWnEziT5skyu7PZ8A4eFisB'],
    ['sh-wpkh', mainnet, 0, 0, '31mceY4tx8cr75vQLLFcK1Gp2VkGdyZfZy'],
    ['wpkh', mainnet, 0, 0, 'bc1qqtl9jlrwcr3fsfcjj2du7pu6fcgaxl5dsw2vyg'],
    ['wpkh', mainnet, 1, 9, 'bc1q33wxc2m0f5mx0mfnp47te99ppvhdnzr0754nkl'],
    ['tr', mainnet, 0, 0, 'bc1psuhflkktuk89nj67rflwcnf0j33269kd0jnvvcpgusdxsspk9ceswgu99p'],
    ['wpkh', testnet4, 0, 0, 'tb1qzdr7s2sr0dwmkwx033r4nujzk86u0cy6fmzfjk'],
  ] as const)('a Ledger’s %s on %s at /%d/%d', (script, chain, branch, index, address) => {
    expect(addressAt(walletOf({ script, chain, seeds: glory }), branch, index)).toBe(address);
  });

  it('a Ledger’s 2 of 3, registered, at /0/4', () => {
    const wallet = walletOf({ script: 'wsh-sortedmulti', chain: mainnet });
    const xpubs = [
      'xpub6Dg9Y1YV8vKUJaBjWVXyNYcwEbj9cMu6SmnANQaKKPeP2qJoj7YLwc9f6BAhcRsWMU6EmgFRPqWA6imwftveyAYX3CwDBv99BjwgHTAPKbS',
      'xpub6DkFAXWQ2dHxq2vatrt9qyA3bXYU4ToWQwCHbf5XB2mSTexcHZCeKS1VZYcPoBd5X8yVcbXFHJR9R8UCVpt82VX1VhR28mCyxUFL4r6KFrf',
      'xpub6FHZCoNb3tg3o1GAJQxSwgFNF8mLRtTk2GgkF7n5rwzoxBhUEdFWa8cyZRHqytAzKZWsKz8627cQEMCCfR5GDSv6yXegqirpgDUX41Pxybr',
    ];
    const keys = xpubs.map((xpub) => ({ fingerprint: '00000000', path: "m/48'/0'/0'/2'", xpub, signer: 'device' }));
    expect(addressAt({ ...wallet, keys }, 0, 4)).toBe('bc1qqp5yqewpp65y3uj03ffgtyfrhc384slxvynj4wsdk2nvu4fa4cssamzrpd');
  });

  it('agrees with @scure/bip32 and @scure/btc-signer at any place of any type on any network', () => {
    const wallets = scriptTypes.flatMap((script) =>
      [mainnet, testnet4, signet, regtest].map((chain) => walletOf({ script, chain })),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...wallets),
        fc.constantFrom<0 | 1>(0, 1),
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        (wallet, branch, index) => {
          expect(addressAt(wallet, branch, index)).toBe(addressOf(wallet, branch, index));
          const { keys } = scriptAt(wallet, branch, index);
          expect(keys.map(({ origin }) => origin)).toEqual(
            wallet.keys.map(({ path, fingerprint }) => ({ path: `${path}/${branch}/${index}`, fingerprint })),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('B8: the twins of one key under two types, or on two networks, are different scripts', () => {
    const key = walletOf({ script: 'wpkh', chain: mainnet });
    const single = scriptTypes.filter((script) => script !== 'wsh-sortedmulti');
    const scripts = single.map((script) => toHex(scriptAt({ ...key, script }, 0, 0).script));
    expect(new Set(scripts).size).toBe(single.length);
  });

  it('gives keys in the wallet’s order, and puts them into the script in the order of their bytes', () => {
    const wallet = walletOf({ script: 'wsh-sortedmulti', chain: mainnet });
    const turned = { ...wallet, keys: wallet.keys.toReversed() };
    for (let index = 0; index < 8; index++) {
      const [one, other] = [scriptAt(wallet, 0, index), scriptAt(turned, 0, index)];
      expect(one.script).toEqual(other.script);
      expect(one.witnessScript).toEqual(other.witnessScript);
      expect(one.keys).toEqual(other.keys.toReversed());
      expect(one.script).toEqual(hex(`0020${toHex(sha256(one.witnessScript ?? new Uint8Array()))}`));
    }
  });

  it('refuses a wallet of one key that has none, or two', () => {
    const wallet = walletOf({ script: 'wpkh', chain: mainnet });
    expect(() => scriptAt({ ...wallet, keys: [] }, 0, 0)).toThrow(RangeError);
    expect(() => scriptAt({ ...wallet, keys: [...wallet.keys, ...wallet.keys] }, 0, 0)).toThrow(RangeError);
  });
});

describe('BIP-67: a multisig’s keys are sorted', () => {
  const p2sh = (script: Uint8Array) => createBase58check(sha256).encode(Uint8Array.of(5, ...hash160(script)));

  it.each([
    [
      'vector 1',
      [
        '02ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f8',
        '02fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f',
      ],
      '39bgKC7RFbpoCRbtD5KEdkYKtNyhpsNa3Z',
    ],
    [
      'vector 2',
      [
        '02632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed0',
        '027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e77',
        '02e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b404',
      ],
      '3CKHTjBKxCARLzwABMu9yD85kvtm7WnMfH',
    ],
    [
      'vector 3',
      [
        '030000000000000000000000000000000000004141414141414141414141414141',
        '020000000000000000000000000000000000004141414141414141414141414141',
        '020000000000000000000000000000000000004141414141414141414141414140',
        '030000000000000000000000000000000000004141414141414141414141414140',
      ],
      '32V85igBri9zcfBRVupVvwK18NFtS37FuD',
    ],
    [
      'vector 4',
      [
        '022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da',
        '03e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e9',
        '021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc18',
      ],
      '3Q4sF6tv9wsdqu2NtARzNCpQgwifm2rAba',
    ],
  ])('%s', (_, keys, address) => {
    expect(p2sh(sortedMultisig(2, keys.map(hex)))).toBe(address);
  });

  it('vector 1: the script itself', () => {
    const [a, b] = [
      '02fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f',
      '02ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f8',
    ];
    expect(toHex(sortedMultisig(2, [hex(b), hex(a)]))).toBe(`5221${a}21${b}52ae`);
  });

  it('has no script for a threshold that can’t be, or for more keys than one opcode counts', () => {
    const keys = (count: number) =>
      Array.from({ length: count }, (_, i) => Uint8Array.of(2, ...new Uint8Array(31), i + 1));
    for (const [threshold, count] of [
      [0, 1],
      [3, 2],
      [1, 17],
      [1, 0],
    ] as const) {
      expect(() => sortedMultisig(threshold, keys(count))).toThrow(RangeError);
    }
    expect(sortedMultisig(16, keys(16)).at(-2)).toBe(0x60);
  });
});
