import { bytesToHex, hexToBytes } from '@noble/curves/utils.js';
import { HDKey } from '@scure/bip32';
import { p2ms, p2pkh, p2sh, p2tr, p2tr_ms, p2wpkh, p2wsh } from '@scure/btc-signer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Host } from '../../../simulators/ledger/apps/bitcoin/host.ts';
import { parseKeyInfo } from '../../../simulators/ledger/apps/bitcoin/policy/key-info.ts';
import { type Policy, readPolicy } from '../../../simulators/ledger/apps/bitcoin/policy/policy.ts';
import { branchHash, leafHashOf, outputKey } from '../../../simulators/ledger/apps/bitcoin/policy/taproot.ts';
import { parseTemplate } from '../../../simulators/ledger/apps/bitcoin/policy/template.ts';
import { Reader } from '../../../simulators/ledger/apps/bitcoin/reader.ts';
import type { Os } from '../../../simulators/ledger/os/app.ts';
import { MerkleHost } from './merkle-host.ts';

const others = [1, 2, 3].map((i) => HDKey.fromMasterSeed(new Uint8Array(32).fill(i)));
const keys = others.map(({ publicExtendedKey }) => publicExtendedKey);

/** A policy whose host answers at once, without a device in between. */
async function policyOf(template: string, over: readonly string[] = keys): Promise<Policy> {
  const merkle = new MerkleHost();
  const bytes = merkle.policy('A', template, over);
  const host: Host = new Host({
    reply: (answer: Uint8Array) => {
      const asked = bytesToHex(answer.subarray(0, -2));
      queueMicrotask(() => host.continue(merkle.reply(asked)));
    },
    after: () => () => undefined,
  } as unknown as Os);
  return readPolicy(host, new Reader(bytes, (why) => new Error(why)));
}

const keyAt = (i: number, branch: number, index: number): Uint8Array =>
  others[i]?.deriveChild(branch).deriveChild(index).publicKey ?? new Uint8Array(0);

const sorted = (branch: number, index: number, threshold: number) =>
  p2ms(threshold, [0, 1, 2].map((i) => keyAt(i, branch, index)).sort(Buffer.compare));
const unsorted = (branch: number, index: number) =>
  p2ms(
    2,
    [0, 1].map((i) => keyAt(i, branch, index)),
  );
const xOnly = (i: number, branch: number, index: number) => keyAt(i, branch, index).subarray(1);

// What @scure/btc-signer makes of the same keys.
const accounts: readonly (readonly [
  string,
  number,
  (branch: number, index: number) => { readonly script: Uint8Array },
])[] = [
  ['pkh(@0/**)', 1, (b, i) => p2pkh(keyAt(0, b, i))],
  ['wpkh(@0/**)', 1, (b, i) => p2wpkh(keyAt(0, b, i))],
  ['sh(wpkh(@0/**))', 1, (b, i) => p2sh(p2wpkh(keyAt(0, b, i)))],
  ['tr(@0/**)', 1, (b, i) => p2tr(xOnly(0, b, i))],
  ['wsh(sortedmulti(2,@0/**,@1/**,@2/**))', 3, (b, i) => p2wsh(sorted(b, i, 2))],
  ['sh(wsh(sortedmulti(1,@0/**,@1/**,@2/**)))', 3, (b, i) => p2sh(p2wsh(sorted(b, i, 1)))],
  ['sh(sortedmulti(3,@0/**,@1/**,@2/**))', 3, (b, i) => p2sh(sorted(b, i, 3))],
  ['wsh(multi(2,@0/**,@1/**))', 2, (b, i) => p2wsh(unsorted(b, i))],
  ['sh(multi(2,@0/**,@1/**))', 2, (b, i) => p2sh(unsorted(b, i))],
  [
    'tr(@0/**,multi_a(2,@1/**,@2/**))',
    3,
    (b, i) => p2tr(xOnly(0, b, i), { script: p2tr_ms(2, [xOnly(1, b, i), xOnly(2, b, i)]).script }),
  ],
  [
    'tr(@0/**,sortedmulti_a(1,@1/**,@2/**))',
    3,
    (b, i) =>
      p2tr(xOnly(0, b, i), { script: p2tr_ms(1, [xOnly(1, b, i), xOnly(2, b, i)].sort(Buffer.compare)).script }),
  ],
];

describe('BIP-388: the addresses of a policy are those of its descriptors', () => {
  it.each(accounts)('%s', async (template, count, expected) => {
    const policy = await policyOf(template, keys.slice(0, count));
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.integer({ min: 0, max: 2 ** 31 - 1 }), async (change, index) => {
        expect(bytesToHex(await policy.scriptPubKey(change, index))).toBe(
          bytesToHex(expected(change ? 1 : 0, index).script),
        );
      }),
      { numRuns: 8 },
    );
  });

  it('follows the branches that a key names itself', async () => {
    const policy = await policyOf('wpkh(@0/<7;3>/*)', keys.slice(0, 1));
    expect(await policy.scriptPubKey(false, 5)).toEqual(p2wpkh(keyAt(0, 7, 5)).script);
    expect(await policy.scriptPubKey(true, 5)).toEqual(p2wpkh(keyAt(0, 3, 5)).script);
    expect(policy.standardPurpose).toBeUndefined();
  });

  it('combines the leaves of a tree whatever their order', async () => {
    const leaf = (i: number) => leafHashOf(hexToBytes(`20${bytesToHex(xOnly(i, 0, 0))}ac`));
    const internal = xOnly(0, 0, 0);
    const expected = outputKey(internal, branchHash(leaf(2), leaf(1)));
    for (const tree of ['{pk(@1/**),pk(@2/**)}', '{pk(@2/**),pk(@1/**)}']) {
      const policy = await policyOf(`tr(@0/**,${tree})`);
      expect((await policy.scriptPubKey(false, 0)).slice(2)).toEqual(expected);
      expect(await policy.tapTreeHash(false, 0)).toEqual(branchHash(leaf(1), leaf(2)));
    }
    expect(await (await policyOf('tr(@0/**)', keys.slice(0, 1))).tapTreeHash(false, 0)).toBeUndefined();
  });

  it('BIP-341’s wallet vectors: an output key with and without a tree', () => {
    // bip-0341/wallet-test-vectors.json, scriptPubKey[0] and [1].
    expect(bytesToHex(outputKey(hexToBytes('d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d')))).toBe(
      '53a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343',
    );
    const tree = hexToBytes('5b75adecf53548f3ec6ad7d78383bf84cc57b55a3127c72b9a2481752dd88b21');
    const internal = hexToBytes('187791b6f712a8ea41c8ecdd0ee77fab3e85263b37e1ec18a3651926b3a6cf27');
    expect(bytesToHex(outputKey(internal, tree))).toBe(
      '147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3',
    );
  });
});

describe('BIP-388: what is a template', () => {
  it.each([
    'wsh(multi(16,@0/**,@1/**,@2/**,@3/**,@4/**,@5/**,@6/**,@7/**,@8/**,@9/**,@10/**,@11/**,@12/**,@13/**,@14/**,@15/**))',
    'wsh(thresh(3,pk(@0/**),s:pk(@1/**),s:pk(@2/**),sln:older(12960)))',
    'wsh(or_d(pk(@0/**),and_v(v:multi(2,@1/**,@2/**,@3/**),older(65535))))',
    'tr(@0/**,{sortedmulti_a(1,@0/<2;3>/*,@1/**),or_b(pk(@2/**),s:pk(@3/**))})',
    'tr(@0/<0;1>/*,{{pk(@1/**),pk(@2/**)},and_v(v:pk(@3/**),older(1000))})',
    'sh(wsh(multi(1,@0/**,@1/**)))',
  ])('%s is one', (template) => expect(() => parseTemplate(template, 2)).not.toThrow());

  it.each([
    ['a key without derivation', 'pkh(@0)'],
    ['a key with an incomplete wildcard', 'pkh(@0/0/**)'],
    ['a hardened branch', "pkh(@0/<0';1'>/*)"],
    ['equal branches', 'pkh(@0/<1;1>/*)'],
    ['one branch', 'pkh(@0/<0>/*)'],
    ['a number with a leading zero', 'wsh(multi(02,@0/**,@1/**))'],
    ['a raw key', 'pkh(02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5)'],
    ['more signatures than keys', 'wsh(sortedmulti(4,@0/**,@1/**,@2/**))'],
    ['no signature', 'wsh(sortedmulti(0,@0/**,@1/**))'],
    ['seventeen keys', `wsh(multi(1,${Array.from({ length: 17 }, (_, i) => `@${i}/**`).join(',')}))`],
    ['a sorted multisignature inside miniscript', 'wsh(or_d(pk(@0/**),sortedmulti(1,@1/**,@2/**)))'],
    ['wsh in wsh', 'wsh(wsh(pk(@0/**)))'],
    ['sh in sh', 'sh(sh(pk(@0/**)))'],
    ['sh in wsh', 'wsh(sh(pk(@0/**)))'],
    ['wpkh in wsh', 'wsh(wpkh(@0/**))'],
    ['tr in wsh', 'wsh(tr(@0/**))'],
    ['tr in sh', 'sh(tr(@0/**))'],
    ['multi in tr', 'tr(@0/**,multi(1,@1/**,@2/**))'],
    ['a tree of one branch', 'tr(@0/**,{pk(@1/**)})'],
    ['a tree of three branches', 'tr(@0/**,{pk(@1/**),pk(@2/**),pk(@3/**)})'],
    ['miniscript in sh', 'sh(and_v(v:pk(@0/**),older(5)))'],
    ['miniscript in sh(wsh)', 'sh(wsh(and_v(v:pk(@0/**),older(5))))'],
    ['a lock in sh', 'sh(older(5))'],
    ['a lock in sh(wsh)', 'sh(wsh(older(5)))'],
    ['a threshold of nothing', 'wsh(thresh(0,pk(@0/**)))'],
    ['a branch above 2³¹', 'pkh(@0/<2147483648;1>/*)'],
    ['a change branch above 2³¹', 'pkh(@0/<1;2147483648>/*)'],
    ['a key number that no policy has', 'pkh(@32768/**)'],
    ['an unknown name', 'wsh(multisig(1,@0/**))'],
    ['an unknown wrapper', 'wsh(x:pk(@0/**))'],
    ['something behind', 'wpkh(@0/**)x'],
    ['a missing parenthesis', 'wpkh(@0/**'],
    ['nothing', ''],
  ])('%s is none', (_, template) => expect(() => parseTemplate(template, 2)).toThrow());

  it('has trees of nine levels', () => {
    const tree = (depth: number): string => (depth === 1 ? 'pk(@1/**)' : `{${tree(depth - 1)},pk(@2/**)}`);
    expect(() => parseTemplate(`tr(@0/**,${tree(9)})`, 2)).not.toThrow();
    expect(() => parseTemplate(`tr(@0/**,${tree(10)})`, 2)).toThrow('deeper');
  });

  it('has bare keys in its first version', () => {
    expect(() => parseTemplate('wsh(sortedmulti(2,@0,@1))', 1)).not.toThrow();
    expect(() => parseTemplate('wsh(sortedmulti(2,@0/**,@1/**))', 1)).toThrow();
  });
});

describe('BIP-388: what is a key', () => {
  const key = keys[0] ?? '';
  const bytes = (text: string) => new TextEncoder().encode(text);

  it('takes its origin apart', () => {
    const { origin, xpub } = parseKeyInfo(bytes(`[f5acc2fd/48'/1'/0/7]${key}`), 2);
    expect(origin?.path).toEqual([48 + 2 ** 31, 1 + 2 ** 31, 0, 7]);
    expect(bytesToHex(origin?.fingerprint ?? new Uint8Array(0))).toBe('f5acc2fd');
    expect(xpub).toHaveLength(78);
    expect(parseKeyInfo(bytes(key), 2).origin).toBeUndefined();
    expect(() => parseKeyInfo(bytes(`${key}/**`), 1)).not.toThrow();
  });

  it.each([
    ['a path of eleven steps', `[f5acc2fd${'/1'.repeat(11)}]${key}`],
    ['a wildcard', `${key}/**`],
    ['h for hardened', `[f5acc2fd/48h]${key}`],
    ['a fingerprint in capitals', `[F5ACC2FD]${key}`],
    ['a short fingerprint', `[f5acc2]${key}`],
    ['a step above 2³¹', `[f5acc2fd/2147483648]${key}`],
    ['a wrong checksum', `${key.slice(0, -1)}1`],
    ['no key', '[f5acc2fd]'],
    ['a space', ` ${key}`],
  ])('%s makes it none', (_, text) => expect(() => parseKeyInfo(bytes(text), 2)).toThrow());
});
