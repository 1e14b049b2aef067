import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keccak_256 } from '@noble/hashes/sha3.js';
import Database from 'better-sqlite3';
import secp256k1 from 'secp256k1/bindings.js';
import { assembleSigned, decodeUnsigned } from '../src/chains/ethereum/index.ts';
import { toHex } from '../src/domain/index.ts';
import { leafHash, nodeHash } from '../src/journal/hash.ts';
import { encodeLeaf } from '../src/journal/leaf.ts';
import { RowCoder } from '../src/store/key.ts';
import { testKey } from './station.ts';
import { payment } from './work.ts';

/** µs that one of something takes this process: by the clock on the wall, and of its processors' time. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

/** The parts of a signature that are not gRPC, each by itself. */
export const bareParts = ['es256', 'mac', 'leaf', 'decode', 'release'] as const;
export type BarePart = (typeof bareParts)[number];

const runs: { readonly [P in BarePart]: () => () => void } = {
  /** ES256 as Node verifies it, synchronously, with a key that is imported already; 37 + 32 bytes, as of an assertion. */
  es256: () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const message = Buffer.alloc(69, 7);
    const signature = sign('sha256', message, privateKey);
    return () => {
      if (!verify('sha256', message, publicKey, signature)) throw new Error('ES256 does not verify');
    };
  },
  /** A row's MAC: a withdrawal's, which is the longest. */
  mac: () => {
    const coder = new RowCoder(testKey('row'));
    const cells = withdrawalCells();
    return () => {
      coder.mac('withdrawals', cells, 1);
    };
  },
  /** A journal leaf of the usual size: its bytes, its hash, and the node above that each leaf costs on average. */
  leaf: () => {
    const fields = {
      transaction: 'ab'.repeat(32),
      wallet: 'hot-1',
      anchor: 'nonce:1',
      payment_set: 'cd'.repeat(32),
      withdrawals: 'w-1',
      max_fee: '420000000000000',
      policy: 'ef'.repeat(32),
      replaces: '',
    };
    const context = { station: `${'0'.repeat(32)}/1`, w: 1_000_000, time: '2022-01-17T00:46:00Z' };
    return () => {
      const { bytes } = encodeLeaf({ kind: 'transaction-permitted', fields }, context, () => new Uint8Array(32));
      const hash = leafHash(bytes);
      nodeHash(hash, hash);
    };
  },
  /** Unsigned bytes to effects (I2). */
  decode: () => {
    const unsigned = payment(7);
    return () => {
      if (!decodeUnsigned(unsigned).ok) throw new Error('the transaction does not decode');
    };
  },
  /** A signature is put to the bytes, recovered, and the whole decoded again by another decoder (I7). */
  release: () => {
    const key = testKey('wallet');
    const unsigned = payment(7);
    const { signature } = secp256k1.ecdsaSign(keccak_256(unsigned), key);
    const publicKey = toHex(secp256k1.publicKeyCreate(key, true));
    return () => {
      if (!assembleSigned(unsigned, signature, publicKey).ok) throw new Error('the signature is not released');
    };
  },
};

export function bareCost(part: BarePart, ms: number): Cost {
  const run = runs[part]();
  // Compiled before it is timed.
  repeat(run, ms / 5);
  return repeat(run, ms);
}

/** µs a row of 300 bytes in SQLite's WAL with synchronous=FULL, `group` rows a commit. */
export function commitCost(group: number, ms: number): Cost {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-commit-'));
  const db = new Database(join(folder, 'bare.db'));
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec('CREATE TABLE t (id TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT');
    const begin = db.prepare('BEGIN IMMEDIATE');
    const insert = db.prepare<[string, Uint8Array]>('INSERT INTO t VALUES (?, ?)');
    const commit = db.prepare('COMMIT');
    const bytes = new Uint8Array(300).fill(1);
    let next = 0;
    const run = (): void => {
      begin.run();
      for (let i = 0; i < group; i++) {
        // Ids that are spread as hashes are, so that the index is not only appended to.
        insert.run(createHash('sha256').update(String(next++)).digest('hex'), bytes);
      }
      commit.run();
    };
    repeat(run, ms / 5);
    const { wall, cpu } = repeat(run, ms);
    return { wall: wall / group, cpu: cpu / group };
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}

function repeat(run: () => void, ms: number): Cost {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let count = 0;
  do {
    for (let i = 0; i < 16; i++) run();
    count += 16;
  } while (performance.now() - start < ms);
  const wall = (performance.now() - start) * 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { wall: wall / count, cpu: (user + system) / count };
}

function withdrawalCells(): (string | number | Uint8Array | null)[] {
  const digest = 'ab'.repeat(32);
  const address = 'eip155:31337:0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
  return [
    'w-1',
    'customer-1',
    'eip155:31337/slip44:60',
    '1000000000000000',
    address,
    'entry-1',
    '1000000000000000',
    1_700_000_000_000,
    digest,
    new Uint8Array(560),
    new Uint8Array(620),
    '["credential-of-43-characters-in-base64url-xx"]',
    1,
    'COMMITTED',
    'hot-1',
    'nonce:1',
    digest,
    1_700_000_000_000,
    '["1","2"]',
  ];
}
