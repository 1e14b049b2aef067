import { createBase58check } from '@scure/base';
import { HDKey } from '@scure/bip32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { child, publicKeyAt, stepsOf, taprootOutputKey } from '../../../src/chains/bitcoin/derive.ts';
import { parseExtendedKey } from '../../../src/chains/bitcoin/extended-key.ts';
import { sha256 } from '../../../src/chains/bitcoin/hashes.ts';
import { Malformed, toHex } from '../../../src/domain/index.ts';
import { readVectors, vectorsMissing, whySkipped } from './vectors.ts';

const key = (xpub: string) => ({ fingerprint: '00000000', path: 'm', xpub });
const publicKeyOf = (xpub: string) => toHex(parseExtendedKey(xpub, 'xpub').publicKey);

describe('BIP-32', () => {
  // "Test Vectors" 1 and 2: the steps that a public key can take.
  const one = {
    "m/0'":
      'xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw',
    "m/0'/1":
      'xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ',
    "m/0'/1/2'":
      'xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5',
    "m/0'/1/2'/2":
      'xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV',
    "m/0'/1/2'/2/1000000000":
      'xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy',
  };
  const two = {
    m: 'xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB',
    'm/0':
      'xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH',
    "m/0/2147483647'":
      'xpub6ASAVgeehLbnwdqV6UKMHVzgqAG8Gr6riv3Fxxpj8ksbH9ebxaEyBLZ85ySDhKiLDBrQSARLq1uNRts8RuJiHjaDMBU4Zn9h8LZNnBC5y4a',
    "m/0/2147483647'/1":
      'xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wTfunKau47EL2dhHKon',
    "m/0/2147483647'/1/2147483646'":
      'xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL',
    "m/0/2147483647'/1/2147483646'/2":
      'xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rXpVGyy3bdW6EEgAtqt',
  };

  it('reads every part of an extended key', () => {
    expect(parseExtendedKey(one["m/0'/1/2'"], 'xpub')).toMatchObject({
      version: 0x0488b21e,
      depth: 3,
      parent: 0xbef5a2f9,
      childNumber: 0x80000002,
      chainCode: Uint8Array.from(
        Buffer.from('04466b9cc8e161e966409ca52986c584f07e9dc81f735db683c3ff6ec7b1503f', 'hex'),
      ),
    });
    expect(publicKeyOf(one["m/0'/1/2'"])).toBe('0357bfe1e341d01c69fe5654309956cbea516822fba8a601743a012a7896ee8dc2');
  });

  // Test vectors 1 and 2, each step that a public key can take.
  it.each([
    ["m/0'", one["m/0'"], 1, one["m/0'/1"]],
    ["m/0'/1/2'", one["m/0'/1/2'"], 2, one["m/0'/1/2'/2"]],
    ["m/0'/1/2'/2", one["m/0'/1/2'/2"], 1_000_000_000, one["m/0'/1/2'/2/1000000000"]],
    ['m of the second', two.m, 0, two['m/0']],
    ["m/0/2147483647'", two["m/0/2147483647'"], 1, two["m/0/2147483647'/1"]],
    ["m/0/2147483647'/1/2147483646'", two["m/0/2147483647'/1/2147483646'"], 2, two["m/0/2147483647'/1/2147483646'/2"]],
  ])('%s: its child is as the vectors say', (_, parent, index, expected) => {
    const { publicKey, chainCode } = parseExtendedKey(expected, 'xpub');
    expect(child(parseExtendedKey(parent, 'xpub'), index)).toEqual({ publicKey, chainCode });
  });

  // "Test vector 5": what is no extended key.
  it.each([
    [
      'pubkey version / prvkey mismatch',
      'xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6LBpB85b3D2yc8sfvZU521AAwdZafEz7mnzBBsz4wKY5fTtTQBm',
      'is a private key',
    ],
    [
      'prvkey version / pubkey mismatch',
      'xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFGTQQD3dC4H2D5GBj7vWvSQaaBv5cxi9gafk7NF3pnBju6dwKvH',
      'is a private key',
    ],
    [
      'invalid pubkey prefix 04',
      'xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Txnt3siSujt9RCVYsx4qHZGc62TG4McvMGcAUjeuwZdduYEvFn',
      'no point',
    ],
    [
      'invalid pubkey prefix 01',
      'xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6N8ZMMXctdiCjxTNq964yKkwrkBJJwpzZS4HS2fxvyYUA4q2Xe4',
      'no point',
    ],
    [
      'zero depth with non-zero parent fingerprint',
      'xpub661no6RGEX3uJkY4bNnPcw4URcQTrSibUZ4NqJEw5eBkv7ovTwgiT91XX27VbEXGENhYRCf7hyEbWrR3FewATdCEebj6znwMfQkhRYHRLpJ',
      'names a parent',
    ],
    [
      'zero depth with non-zero index',
      'xpub661MyMwAuDcm6CRQ5N4qiHKrJ39Xe1R1NyfouMKTTWcguwVcfrZJaNvhpebzGerh7gucBvzEQWRugZDuDXjNDRmXzSZe4c7mnTK97pTvGS8',
      'names a parent',
    ],
    [
      'unknown extended key version',
      'DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHPmHJiEDXkTiJTVV9rHEBUem2mwVbbNfvT2MTcAqj3nesx8uBf9',
      'neither xpub nor tpub',
    ],
    [
      'invalid pubkey 0200…0007',
      'xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Q5JXayek4PRsn35jii4veMimro1xefsM58PgBMrvdYre8QyULY',
      'no point',
    ],
    [
      'invalid checksum',
      'xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet9',
      'expected an extended key',
    ],
    ['something else', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 'expected an extended key'],
    ['nothing', '', 'expected an extended key'],
  ])('vector 5, %s: is refused', (_, text, message) => {
    const refusal = expect.objectContaining({
      field: 'xpub',
      reason: 'malformed',
      message: expect.stringContaining(message),
    });
    expect(() => parseExtendedKey(text, 'xpub')).toThrow(refusal);
    expect(() => publicKeyAt(key(text), 0, 0)).toThrow(refusal);
  });

  it('S9: a private key is told from others and not repeated, by its prefix or by its content', () => {
    const master =
      'xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi';
    // Vector 5: a private key with a public key's version, and one with a version that nobody knows.
    const disguised = [
      'xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6LBpB85b3D2yc8sfvZU521AAwdZafEz7mnzBBsz4wKY5fTtTQBm',
      'DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHGMQzT7ayAmfo4z3gY5KfbrZWZ6St24UVf2Qgo6oujFktLHdHY4',
    ];
    for (const text of [master, master.slice(0, -1), master.replace('xprv', 'zprv'), ...disguised]) {
      try {
        parseExtendedKey(text, 'xpub');
        expect.unreachable();
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        expect(error.message).toContain('is a private key');
        expect(error.message).not.toContain(text.slice(4, 24));
      }
    }
  });

  it('SLIP-132: a key that is spelt for its script type is refused, with its right spelling', () => {
    const base58check = createBase58check(sha256);
    const xpub = one["m/0'/1/2'"];
    const tpub = respelt(xpub, 0x043587cf);
    const aliases: readonly [string, number, string][] = [
      ['ypub', 0x049d7cb2, xpub],
      ['Ypub', 0x0295b43f, xpub],
      ['zpub', 0x04b24746, xpub],
      ['Zpub', 0x02aa7ed3, xpub],
      ['upub', 0x044a5262, tpub],
      ['Upub', 0x024289ef, tpub],
      ['vpub', 0x045f1cf6, tpub],
      ['Vpub', 0x02575483, tpub],
    ];
    for (const [name, version, right] of aliases) {
      const text = respelt(xpub, version);
      expect(text.slice(0, 4)).toBe(name);
      expect(() => parseExtendedKey(text, 'xpub')).toThrow(`is written as ${name} (SLIP-132): write ${right}`);
    }
    expect(tpub.slice(0, 4)).toBe('tpub');

    function respelt(text: string, version: number): string {
      const bytes = Uint8Array.from(base58check.decode(text));
      new DataView(bytes.buffer).setUint32(0, version);
      return base58check.encode(bytes);
    }
  });

  it('agrees with @scure/bip32 on any key, branch and index', () => {
    const seed = fc.uint8Array({ minLength: 16, maxLength: 64 });
    const index = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(seed, fc.constantFrom(0, 1), index, (bytes, branch, i) => {
        const account = HDKey.fromMasterSeed(bytes).derive("m/84'/0'/0'");
        const expected = account.deriveChild(branch).deriveChild(i).publicKey ?? new Uint8Array();
        expect(toHex(publicKeyAt(key(account.publicExtendedKey), branch === 0 ? 0 : 1, i))).toBe(toHex(expected));
      }),
      { numRuns: 50 },
    );
  });

  it('gives the same keys from more wallets than are kept in memory', () => {
    const xpubs = Array.from({ length: 260 }, (_, i) => {
      const bytes = new Uint8Array(78);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, 0x0488b21e);
      view.setUint32(13, i);
      bytes.set(parseExtendedKey(two.m, 'xpub').publicKey, 45);
      return createBase58check(sha256).encode(bytes);
    });
    const first = xpubs.map((xpub) => toHex(publicKeyAt(key(xpub), 1, 3)));
    expect(new Set(first).size).toBe(xpubs.length);
    expect(xpubs.map((xpub) => toHex(publicKeyAt(key(xpub), 1, 3)))).toEqual(first);
  });

  it.each([-1, 0.5, 2 ** 31, Number.NaN])('takes no step %d: it has no public key', (index) => {
    expect(() => publicKeyAt(key(two.m), 0, index)).toThrow(RangeError);
  });

  it('hands out keys that are the caller’s to change', () => {
    publicKeyAt(key(two.m), 0, 0).fill(0);
    expect(publicKeyAt(key(two.m), 0, 0)[0]).not.toBe(0);
  });

  it('reads a path as numbers', () => {
    expect(stepsOf("m/84'/0'/2147483647'/1/5")).toEqual([0x80000054, 0x80000000, 0xffffffff, 1, 5]);
    expect(stepsOf('m')).toEqual([]);
  });
});

describe(`BIP-341: the key that a taproot output pays to${whySkipped}`, () => {
  interface Vector {
    readonly given: { readonly internalPubkey: string; readonly scriptTree: unknown };
    readonly intermediary: { readonly tweakedPubkey: string };
  }
  const vectors: readonly Vector[] = vectorsMissing
    ? []
    : JSON.parse(readVectors('bip-0341-wallet-test-vectors.json')).scriptPubKey;

  it.skipIf(vectorsMissing)('is the internal key, tweaked, where there is no script tree', () => {
    const bare = vectors.filter(({ given }) => given.scriptTree === null);
    expect(bare.length).toBeGreaterThan(0);
    for (const { given, intermediary } of bare) {
      const internal = Uint8Array.from(Buffer.from(given.internalPubkey, 'hex'));
      expect(toHex(taprootOutputKey(internal))).toBe(intermediary.tweakedPubkey);
    }
  });
});
