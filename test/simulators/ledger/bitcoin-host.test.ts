import { bytesToHex, concatBytes, hexToBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandLost, Host, HostError } from '../../../simulators/ledger/apps/bitcoin/host.ts';
import { provenRoot } from '../../../simulators/ledger/apps/bitcoin/merkle.ts';
import { openMap } from '../../../simulators/ledger/apps/bitcoin/signing/psbt-map.ts';
import type { Os } from '../../../simulators/ledger/os/app.ts';
import { compactSize, MerkleHost } from './merkle-host.ts';

let merkle: MerkleHost;
let host: Host;
let crashes: number;
let wait: { ms: number; act: () => void } | undefined;

beforeEach(() => {
  merkle = new MerkleHost();
  crashes = 0;
  wait = undefined;
  host = deviceHost(true);
});

/** The device's side, wired to the test's host where `served`. */
function deviceHost(served: boolean): Host {
  const made: Host = new Host({
    reply: (answer: Uint8Array) => {
      if (served) queueMicrotask(() => made.continue(merkle.reply(bytesToHex(answer.subarray(0, -2)))));
    },
    after: (ms: number, act: () => void) => {
      wait = { ms, act };
      return () => {
        wait = undefined;
      };
    },
    crash: () => void crashes++,
  } as unknown as Os);
  return made;
}

const bytes = (max: number) => fc.uint8Array({ minLength: 1, maxLength: max });
const elements = fc.uniqueArray(bytes(40), { minLength: 1, maxLength: 80, selector: bytesToHex });

describe('the device believes its host only what a hash proves', () => {
  it('reads any preimage, in portions of any size', () =>
    fc.assert(
      fc.asyncProperty(bytes(700), fc.integer({ min: 1, max: 200 }), async (preimage, portion) => {
        merkle.portion = portion;
        expect(await host.preimage(merkle.know(preimage))).toEqual(preimage);
      }),
    ));

  it('reads any leaf of any tree, its proof in portions of any size', () =>
    fc.assert(
      fc.asyncProperty(elements, fc.nat(), fc.integer({ min: 1, max: 6 }), async (all, n, portion) => {
        const index = n % all.length;
        merkle.portion = portion;
        expect(await host.merkleLeaf(merkle.tree(all), all.length, index)).toEqual(all[index]);
      }),
    ));

  it('takes no leaf for another, nor one of a tree of another size', () =>
    fc.assert(
      fc.asyncProperty(elements, fc.nat(), fc.nat(), async (all, n, m) => {
        const root = merkle.tree(all);
        const [index, other] = [n % all.length, m % all.length];
        fc.pre(index !== other);
        merkle.lie = (request, honest) => {
          if (request[0] !== 0x41 || request.at(-1) !== index) return honest;
          merkle.lie = (_, reply) => reply;
          return merkle.reply(bytesToHex(concatBytes(request.slice(0, -1), Uint8Array.of(other))));
        };
        await expect(host.merkleLeafHash(root, all.length, index)).rejects.toThrow(HostError);
      }),
    ));

  it('refuses a reply in which any byte is changed', () =>
    fc.assert(
      fc.asyncProperty(elements, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (all, n, at, flip) => {
        const index = n % all.length;
        const root = merkle.tree(all);
        merkle.lie = (_, honest) => {
          const changed = honest.slice();
          const place = at % changed.length;
          changed[place] = (changed[place] ?? 0) ^ flip;
          return changed;
        };
        await expect(host.merkleLeaf(root, all.length, index)).rejects.toThrow(HostError);
      }),
    ));

  it('refuses a proof with a hash too many, or too few', async () => {
    const all = [1, 2, 3, 4, 5].map((i) => Uint8Array.of(i));
    const root = merkle.tree(all);
    merkle.lie = (_, honest) =>
      concatBytes(honest.slice(0, 32), Uint8Array.of(4, 4), honest.slice(34), new Uint8Array(32));
    await expect(host.merkleLeafHash(root, 5, 0)).rejects.toThrow(HostError);
    merkle.lie = (_, honest) => concatBytes(honest.slice(0, 32), Uint8Array.of(2, 2), honest.slice(34, -32));
    await expect(host.merkleLeafHash(root, 5, 0)).rejects.toThrow(HostError);
  });

  it('refuses a host that never comes to an end', async () => {
    const nothing = Uint8Array.of(0, 1);
    merkle.portion = 1;
    merkle.lie = (request, honest) => (request[0] === 0xa0 ? nothing : honest);
    await expect(host.preimage(merkle.know(Uint8Array.of(1, 2, 3)))).rejects.toThrow('nothing');
    const root = merkle.tree([1, 2, 3].map((i) => Uint8Array.of(i)));
    await expect(host.merkleLeafHash(root, 3, 0)).rejects.toThrow('nothing');
  });

  it('refuses more than the length that was announced, though the hash is right', async () => {
    merkle.lie = (request, honest) => (request[0] === 0x40 ? honest.with(0, 2) : honest);
    await expect(host.preimage(merkle.know(Uint8Array.of(1, 2, 3)))).rejects.toThrow(HostError);
    const root = merkle.tree([1, 2, 3].map((i) => Uint8Array.of(i)));
    merkle.lie = (request, honest) => (request[0] === 0x41 ? honest.with(32, 1) : honest);
    await expect(host.merkleLeafHash(root, 3, 0)).rejects.toThrow(HostError);
  });

  it('knows no leaf beyond a tree', async () => {
    const only = Uint8Array.of(1);
    const root = merkle.tree([only]);
    merkle.lie = (request, honest) => {
      if (request[0] === 0x42) return Uint8Array.of(1, 1);
      return request[0] === 0x41 ? concatBytes(root, Uint8Array.of(0, 0)) : honest;
    };
    await expect(host.leafIndex(root, 1, root)).rejects.toThrow(HostError);
  });

  it('RFC 9162 §2.1.3.2: a proof has the length that the leaf’s place calls for', () => {
    const leaf = new Uint8Array(32);
    expect(provenRoot(leaf, 0, 1, [])).toEqual(leaf);
    expect(provenRoot(leaf, 0, 1, [leaf])).toBeUndefined();
    expect(provenRoot(leaf, 0, 2, [])).toBeUndefined();
    expect(provenRoot(leaf, 2, 3, [leaf, leaf])).toBeUndefined();
  });

  it('refuses an element that is longer than it has room for', async () => {
    const root = merkle.tree([new Uint8Array(65)]);
    await expect(host.merkleLeaf(root, 1, 0, 64)).rejects.toThrow(HostError);
  });

  it('finds a leaf, and believes no wrong index', async () => {
    const all = [1, 2, 3].map((i) => Uint8Array.of(i));
    const root = merkle.tree(all);
    const leaf = sha256(Uint8Array.of(0, 2));
    expect(await host.leafIndex(root, 3, leaf)).toBe(1);
    expect(await host.leafIndex(root, 3, sha256(Uint8Array.of(0, 9)))).toBeUndefined();
    merkle.lie = (request, honest) => (request[0] === 0x42 ? Uint8Array.of(1, 2) : honest);
    await expect(host.leafIndex(root, 3, leaf)).rejects.toThrow(HostError);
    merkle.lie = (request, honest) => (request[0] === 0x42 ? Uint8Array.of(2, 1) : honest);
    await expect(host.leafIndex(root, 3, leaf)).rejects.toThrow(HostError);
  });
});

describe('maps are committed to by their keys in order and their values', () => {
  const mapOf = (entries: readonly (readonly [number, number])[]): Uint8Array =>
    concatBytes(
      compactSize(entries.length),
      merkle.tree(entries.map(([key]) => Uint8Array.of(key))),
      merkle.tree(entries.map(([, value]) => Uint8Array.of(value, value))),
    );

  it('reads values by their keys', async () => {
    const bytes = mapOf([
      [1, 10],
      [2, 20],
      [9, 90],
    ]);
    const map = await openMap(host, { count: 1, root: merkle.tree([bytes]) }, 0);
    expect(await map.value(9)).toEqual(Uint8Array.of(90, 90));
    expect(await map.value(3)).toBeUndefined();
  });

  it.each([
    [
      'out of order',
      [
        [2, 0],
        [1, 0],
      ],
    ],
    [
      'twice the same',
      [
        [1, 0],
        [1, 0],
      ],
    ],
  ] as const)('refuses keys that are %s', async (_, entries) => {
    const root = merkle.tree([mapOf(entries)]);
    await expect(openMap(host, { count: 1, root }, 0)).rejects.toThrow('not in order');
  });
});

describe('the app doesn’t wait forever', () => {
  it('gives up after five seconds without an answer', () => {
    host = deviceHost(false);
    void host.preimage(new Uint8Array(32));
    expect(wait?.ms).toBe(5000);
    wait?.act();
    expect(crashes).toBe(1);
  });

  it('stops waiting at an answer', async () => {
    await host.preimage(merkle.know(Uint8Array.of(7)));
    expect(wait).toBeUndefined();
    expect(host.due).toBe(false);
  });

  it('loses its command to another', async () => {
    host = deviceHost(false);
    const asking = host.preimage(new Uint8Array(32));
    host.lose();
    await expect(asking).rejects.toThrow(CommandLost);
    expect(wait).toBeUndefined();
  });
});

it('compact sizes are read in all their lengths', async () => {
  const long = new Uint8Array(70_000).fill(5);
  expect(await host.preimage(merkle.know(long))).toEqual(long);
  merkle.lie = () => hexToBytes('ff010000000000000001aa');
  expect(await host.preimage(merkle.know(Uint8Array.of(0xaa)))).toEqual(Uint8Array.of(0xaa));
});
