import { schnorr } from '@noble/curves/secp256k1.js';
import { bech32, bech32m, createBase58check } from '@scure/base';
import { NETWORK, OutScript, Address as otherAddress, TEST_NETWORK } from '@scure/btc-signer';
import { address as library, networks as libraryNetworks } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/chains/bitcoin/hashes.ts';
import {
  addressOfScript,
  canonicalAddress,
  canonicalAsset,
  nativeAsset,
  scriptOfAddress,
} from '../../../src/chains/bitcoin/index.ts';
import { networks } from '../../../src/chains/bitcoin/network.ts';
import {
  type ChainId,
  parseAddress,
  parseAssetId,
  parseChainId,
  referenceOfAddress,
  toHex,
} from '../../../src/domain/index.ts';
import { readVectors, vectorsMissing, whySkipped } from './vectors.ts';
import { mainnet, regtest, signet, testnet4 } from './wallets.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const on = (chain: ChainId, text: string) => parseAddress(`${chain}:${text}`, 'destination');
const canonical = (chain: ChainId, text: string) => canonicalAddress(on(chain, text), 'destination');
const asset = (value: string) => canonicalAsset(parseAssetId(value, 'asset'), 'asset');
const refusal = (message: string, reason = 'address-not-canonical', field = 'destination') =>
  expect.objectContaining({ reason, field, message: expect.stringContaining(message) });
const base58 = (...bytes: readonly number[]) => createBase58check(sha256).encode(Uint8Array.from(bytes));

// BIP-84's, BIP-86's and BIP-49's vectors; the rest from Bitcoin Core's key_io_valid.json and BIP-173.
const good: readonly [string, ChainId, string, string][] = [
  ['P2PKH', mainnet, '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', '76a91477bff20c60e522dfaa3350c39b030a5d004e839a88ac'],
  ['P2SH', mainnet, '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy', 'a914b472a266d0bd89c13706a4132ccfb16f7c3b9fcb87'],
  ['P2WPKH', mainnet, 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', '0014751e76e8199196d454941c45d1b3a323f1433bd6'],
  [
    'P2WSH',
    testnet4,
    'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
    '00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262',
  ],
  [
    'P2TR',
    mainnet,
    'bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr',
    '5120a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c',
  ],
  [
    'P2PKH of test networks',
    signet,
    'mo9ncXisMeAoXwqcV5EWuyncbmCcQN4rVs',
    '76a91453c0307d6851aa0ce7825ba883c6bd9ad242b48688ac',
  ],
  [
    'P2SH of test networks',
    testnet4,
    '2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2',
    'a914336caa13e08b96080a32b5d818d59b4ab3b3674287',
  ],
  ['P2SH on regtest', regtest, '2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2', 'a914336caa13e08b96080a32b5d818d59b4ab3b3674287'],
  [
    'P2WPKH on regtest',
    regtest,
    'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
    '0014751e76e8199196d454941c45d1b3a323f1433bd6',
  ],
];

describe('an address is a script', () => {
  it.each(good)('%s on its network', (_, chain, text, script) => {
    expect(canonical(chain, text)).toBe(`${chain}:${text}`);
    expect(toHex(scriptOfAddress(on(chain, text)))).toBe(script);
    expect(addressOfScript(hex(script), chain)).toBe(`${chain}:${text}`);
  });

  it('agrees with bitcoinjs-lib and @scure/btc-signer on every kind, network and program', () => {
    const point = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .filter((x) => x.some((byte) => byte !== 0))
      .map((x) => toHex(x));
    const program = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((p) => toHex(p));
    const script = fc.oneof(
      program.map((p) => `76a914${p}88ac`),
      program.map((p) => `a914${p}87`),
      program.map((p) => `0014${p}`),
      point.map((p) => `0020${p}`),
      point.map((p) => `5120${p}`),
    );
    const others = new Map([
      [mainnet, libraryNetworks.bitcoin],
      [testnet4, libraryNetworks.testnet],
      [signet, libraryNetworks.testnet],
      [regtest, libraryNetworks.regtest],
    ]);
    fc.assert(
      fc.property(script, fc.constantFrom(...others.keys()), (text, chain) => {
        const own = addressOfScript(hex(text), chain);
        if (own === undefined) {
          expect(text.startsWith('5120')).toBe(true);
          expect(() => schnorr.utils.lift_x(BigInt(`0x${text.slice(4)}`))).toThrow();
          return;
        }
        const reference = referenceOfAddress(own);
        const prefixes = chain === mainnet ? NETWORK : { ...TEST_NETWORK, bech32: chain === regtest ? 'bcrt' : 'tb' };
        expect(toHex(OutScript.encode(otherAddress(prefixes).decode(reference)))).toBe(text);
        // Without another library for its curve, bitcoinjs-lib names no taproot address.
        if (!text.startsWith('5120')) expect(reference).toBe(library.fromOutputScript(hex(text), others.get(chain)));
        expect(toHex(scriptOfAddress(own))).toBe(text);
        expect(canonicalAddress(own, 'destination')).toBe(own);
      }),
      { numRuns: 300 },
    );
  });

  const h20 = '751e76e8199196d454941c45d1b3a323f1433bd6';
  const h32 = `${h20}${'00'.repeat(12)}`;
  it.each([
    ['nothing', ''],
    ['OP_RETURN', `6a14${h20}`],
    ['a bare key', `2102${h32}ac`],
    ['a bare multisig', `512102${h32}51ae`],
    ['P2PKH with one byte more', `76a914${h20}88ac00`],
    ['P2PKH with another opcode at its end', `76a914${h20}88ad`],
    ['P2PKH with EQUAL', `76a914${h20}87ac`],
    ['P2PKH by SHA-1', `76a714${h20}88ac`],
    ['P2PKH with a longer push', `76a94c14${h20}88ac`],
    ['P2SH with EQUALVERIFY', `a914${h20}88`],
    ['P2SH by SHA-256', `a814${h20}87`],
    ['P2SH with a push of 19', `a913${h20}87`],
    ['a witness program of version 0 with 21 bytes', `0015${h20}00`],
    ['a witness program of version 0 whose push is longer than it', `0015${h20}`],
    ['a witness program of version 0 with 32 bytes, pushed as 31', `001f${h32}`],
    ['a witness program of version 1 with 20 bytes', `5114${h20}`],
    ['a witness program of version 2', `5220${h32}`],
    ['a witness program of version 16', `6020${h32}`],
    ['pay to anchor', '51024e73'],
    ['taproot with a longer push', `514c20${h32}`],
    ['a taproot key that is no point', `5120${'00'.repeat(31)}05`],
  ])('%s has none', (_, script) => {
    expect(addressOfScript(hex(script), mainnet)).toBeUndefined();
  });

  it('refuses a chain that is not Bitcoin’s', () => {
    const chain = parseChainId('bip122:000000000933ea01ad0ee984209779ba', 'chain');
    const script = hex(`0014${h20}`);
    expect(() => addressOfScript(script, chain)).toThrow(refusal('expected a chain of Bitcoin', undefined, 'chain'));
    expect(() => addressOfScript(script, parseChainId('eip155:1', 'chain'))).toThrow('expected a chain of Bitcoin');
  });
});

interface Group {
  readonly group: string;
  readonly items: readonly { readonly string: string; readonly note: string }[];
}
const groups: readonly Group[] = vectorsMissing ? [] : JSON.parse(readVectors('bip-0350.json')).groups;
const items = (beginning: string) => groups.find(({ group }) => group.startsWith(beginning))?.items ?? [];
const either = (text: string) => (text.toLowerCase().startsWith('tb1') ? testnet4 : mainnet);

describe.skipIf(vectorsMissing)(`BIP-350, "Test vectors"${whySkipped}`, () => {
  it('each valid address that pays somebody is its script, in lower case', () => {
    let read = 0;
    for (const { string, note } of items('The following list gives valid segwit addresses')) {
      if (!/^(?:0014|0020|5120)/.test(note) || note.length > 68) continue;
      const lower = string.toLowerCase();
      const chain = either(string);
      expect(toHex(scriptOfAddress(on(chain, lower)))).toBe(note);
      expect(addressOfScript(hex(note), chain)).toBe(`${chain}:${lower}`);
      if (string !== lower) expect(() => canonical(chain, string)).toThrow(refusal(`write ${chain}:${lower}`));
      read++;
    }
    expect(read).toBe(5);
  });

  it('a valid address of a witness version that has no rule is refused: whoever mines it could take it', () => {
    let refused = 0;
    for (const { string, note } of items('The following list gives valid segwit addresses')) {
      if (/^(?:0014|0020|5120)/.test(note) && note.length <= 68) continue;
      expect(() => canonical(either(string), string)).toThrow(refusal('which no rule gives to anybody', 'malformed'));
      refused++;
    }
    expect(refused).toBe(3);
  });

  it('every invalid address is refused', () => {
    const invalid = items('The following list gives invalid segwit addresses');
    expect(invalid.length).toBe(15);
    for (const { string } of invalid) {
      expect(() => canonical(either(string), string)).toThrow(refusal(''));
    }
  });

  it('what is bech32m, but no address, is refused on every network; so is what is no bech32m', () => {
    for (const { string } of [...items('The following strings are valid'), ...items('The following string are not')]) {
      if (!/^[-.%a-zA-Z0-9]+$/.test(string)) continue;
      for (const { chain } of networks) expect(() => canonical(chain, string)).toThrow(refusal(''));
    }
  });
});

describe('D7: an address has one canonical form', () => {
  const segwit = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4';

  it('upper case is refused, with the right form; mixed case asks to compare first', () => {
    expect(() => canonical(mainnet, segwit.toUpperCase())).toThrow(refusal(`: write ${mainnet}:${segwit}`));
    for (const mixed of [
      segwit.replace('bc1q', 'bc1Q'),
      segwit.replace('bc1q', 'BC1q'),
      segwit.replace('8f3t4', '8f3T4'),
    ]) {
      expect(() => canonical(mainnet, mixed)).toThrow(
        refusal(`compare it with its source character by character; if it is right, write ${mainnet}:${segwit}`),
      );
    }
  });

  it('has exactly one spelling: any other case of its letters is refused', () => {
    for (const [, chain, text] of good) {
      fc.assert(
        fc.property(fc.bigInt(1n, 2n ** 90n), (mask) => {
          const cased = [...text].map((c, i) => ((mask >> BigInt(i)) & 1n ? swapped(c) : c)).join('');
          fc.pre(cased !== text);
          expect(() => canonical(chain, cased)).toThrow(refusal(''));
        }),
        { numRuns: 30 },
      );
    }
  });

  it('any one character changed is refused', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...good),
        fc.nat(89),
        fc.constantFrom(...'023456789acdefghjklmnpqrstuvwxyz1'),
        ([, chain, text], at, c) => {
          const changed = text.slice(0, at % text.length) + c + text.slice((at % text.length) + 1);
          fc.pre(changed !== text);
          expect(() => canonical(chain, changed)).toThrow(refusal(''));
        },
      ),
    );
  });

  it.each([
    ['an unknown word', mainnet, 'satoshi', 'fails its checksum'],
    ['a longer one', mainnet, `1${'1'.repeat(120)}`, 'fails its checksum'],
    ['one with a 1 more before it', mainnet, '11BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 'fails its checksum'],
    ['the base58 of 21 bytes after the version', mainnet, base58(0, ...new Uint8Array(21)), '21 bytes for 20'],
    ['the base58 of nothing', mainnet, base58(), '0 bytes for 20'],
    ['another currency’s', mainnet, base58(0x30, ...new Uint8Array(20)), 'version byte 48'],
    ['a private key', mainnet, base58(0x80, ...new Uint8Array(32).fill(1)), 'no address of Bitcoin'],
    ['percent encoding', mainnet, segwit.replace('q', '%71'), 'fails its checksum'],
    ['bech32 in lower case with a wrong checksum', mainnet, segwit.replace('8f3t4', '8f3t5'), 'fails its checksum'],
    [
      'version 0 with the checksum of version 1',
      mainnet,
      bech32m.encode('bc', [0, ...bech32m.toWords(new Uint8Array(20))]),
      'the checksum of another witness version than its 0',
    ],
    [
      'version 1 with the checksum of version 0',
      mainnet,
      bech32.encode('bc', [1, ...bech32.toWords(new Uint8Array(32).fill(2))]),
      'the checksum of another witness version than its 1',
    ],
    [
      'witness version 17',
      mainnet,
      bech32m.encode('bc', [17, ...bech32m.toWords(new Uint8Array(32))]),
      'no witness program',
    ],
    [
      'a witness program of 1 byte',
      mainnet,
      bech32m.encode('bc', [1, ...bech32m.toWords(new Uint8Array(1))]),
      'no witness program',
    ],
    [
      'a witness program of 41 bytes',
      mainnet,
      bech32m.encode('bc', [1, ...bech32m.toWords(new Uint8Array(41))]),
      'no witness program',
    ],
    [
      'version 0 with 25 bytes',
      mainnet,
      bech32.encode('bc', [0, ...bech32.toWords(new Uint8Array(25))]),
      '25 bytes for 20 or 32',
    ],
    [
      'padding that is not zero',
      mainnet,
      bech32.encode('bc', [0, ...bech32.toWords(new Uint8Array(32)).slice(0, -1), 1]),
      'no witness program',
    ],
    ['no data', mainnet, bech32.encode('bc', []), 'fails its checksum'],
    ['mainnet’s on testnet4', testnet4, segwit, 'is of mainnet, and the chain is testnet4'],
    [
      'testnet4’s on mainnet',
      mainnet,
      'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
      'is of testnet4, signet, and the chain is mainnet',
    ],
    [
      'regtest’s on signet',
      signet,
      'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
      'is of regtest, and the chain is signet',
    ],
    [
      'P2PKH of mainnet on regtest',
      regtest,
      '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
      'is of mainnet, and the chain is regtest',
    ],
    [
      'P2SH of mainnet on signet',
      signet,
      '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
      'is of mainnet, and the chain is signet',
    ],
    [
      'P2PKH of test networks on mainnet',
      mainnet,
      'mo9ncXisMeAoXwqcV5EWuyncbmCcQN4rVs',
      'is of testnet4, signet, regtest, and the chain is mainnet',
    ],
    [
      'P2SH of test networks on mainnet',
      mainnet,
      '2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2',
      'is of testnet4, signet, regtest, and the chain is mainnet',
    ],
  ])('refuses %s', (_, chain, text, message) => {
    expect(() => canonical(chain, text)).toThrow(refusal(message));
    expect(() => scriptOfAddress(on(chain, text))).toThrow(refusal(message, undefined, 'address'));
  });

  it('refuses what is spelt rightly and nobody can spend: a taproot key that is no point, a version or length without a rule', () => {
    const tr = (version: number, program: Uint8Array) => bech32m.encode('bc', [version, ...bech32m.toWords(program)]);
    const off = Uint8Array.of(...new Uint8Array(31), 5);
    expect(() => canonical(mainnet, tr(1, off))).toThrow(refusal('is a taproot key that is no point', 'malformed'));
    for (const [version, length] of [
      [1, 2],
      [1, 20],
      [1, 33],
      [2, 32],
      [16, 40],
    ] as const) {
      const text = tr(version, new Uint8Array(length).fill(2));
      expect(() => canonical(mainnet, text)).toThrow(
        refusal(`witness version ${version} with ${length} bytes`, 'malformed'),
      );
    }
  });

  it('refuses another spelling of the chain, and gives the right one', () => {
    const shouted = parseChainId(`bip122:${mainnet.slice(7).toUpperCase()}`, 'chain');
    expect(() => canonical(shouted, segwit)).toThrow(refusal(`write ${mainnet}`));
    expect(() => canonical(parseChainId('bip122:0', 'chain'), segwit)).toThrow(refusal('expected a chain of Bitcoin'));
    expect(() => canonical(parseChainId('eip155:1', 'chain'), segwit)).toThrow(refusal('expected a chain of Bitcoin'));
  });

  function swapped(c: string): string {
    return c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase();
  }
});

describe('D7: an asset has one canonical form', () => {
  it('is slip44:0 on mainnet and slip44:1 on every test network', () => {
    expect(nativeAsset(mainnet)).toBe(`${mainnet}/slip44:0`);
    expect(asset(`${mainnet}/slip44:0`)).toBe(`${mainnet}/slip44:0`);
    for (const chain of [testnet4, signet, regtest]) {
      expect(nativeAsset(chain)).toBe(`${chain}/slip44:1`);
      expect(asset(`${chain}/slip44:1`)).toBe(`${chain}/slip44:1`);
    }
  });

  it.each([
    ['a test network’s coin on mainnet', `${mainnet}/slip44:1`, `expected ${mainnet}/slip44:0`],
    ['mainnet’s coin on a test network', `${signet}/slip44:0`, `expected ${signet}/slip44:1`],
    ['a zero before the coin type', `${mainnet}/slip44:00`, `expected ${mainnet}/slip44:0`],
    ['another kind of asset', `${mainnet}/ordinal:0`, `expected ${mainnet}/slip44:0`],
    ['another spelling of the chain', `bip122:${mainnet.slice(7).toUpperCase()}/slip44:0`, `write ${mainnet}`],
    ['another chain', 'eip155:1/slip44:60', 'expected a chain of Bitcoin'],
  ])('refuses %s', (_, value, message) => {
    expect(() => asset(value)).toThrow(refusal(message, undefined, 'asset'));
  });
});
