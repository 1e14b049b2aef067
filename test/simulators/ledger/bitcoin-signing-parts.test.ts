import { schnorr } from '@noble/curves/secp256k1.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { Address, NETWORK, OutScript, TEST_NETWORK } from '@scure/btc-signer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mainnet, testnet } from '../../../simulators/ledger/apps/bitcoin/network.ts';
import { amountText } from '../../../simulators/ledger/apps/bitcoin/signing/amount.ts';
import { claimOf, parseDerivation } from '../../../simulators/ledger/apps/bitcoin/signing/derivation.ts';
import { outputText } from '../../../simulators/ledger/apps/bitcoin/signing/destination.ts';
import { opReturnText } from '../../../simulators/ledger/apps/bitcoin/signing/op-return.ts';
import { readPreviousTransaction } from '../../../simulators/ledger/apps/bitcoin/signing/previous-transaction.ts';

describe('amounts as the app shows them', () => {
  it.each([
    [0n, '0 BTC'],
    [1n, '0.00000001 BTC'],
    [600_000n, '0.006 BTC'],
    [100_000_000n, '1 BTC'],
    [2_100_000_000_000_000n, '21000000 BTC'],
    [12_345_678_901n, '123.45678901 BTC'],
    [110_000_000n, '1.1 BTC'],
  ])('%i', (satoshis, text) => expect(amountText(satoshis, 'BTC')).toBe(text));
});

describe('outputs that carry data', () => {
  it.each([
    ['6a', 'OP_RETURN'],
    ['6a00', 'OP_RETURN 0'],
    ['6a4f', 'OP_RETURN -1'],
    ['6a51', 'OP_RETURN 1'],
    ['6a60', 'OP_RETURN 16'],
    ['6a0568656c6c6f', 'OP_RETURN 0x68656c6c6f'],
    ['6a0111', 'OP_RETURN 0x11'],
    ['6a02abcd5103010203', 'OP_RETURN 0xabcd 1 0x010203'],
    [`6a4b${'ab'.repeat(75)}`, `OP_RETURN 0x${'ab'.repeat(75)}`],
    [`6a4c50${'ab'.repeat(80)}`, `OP_RETURN 0x${'ab'.repeat(80)}`],
    ['6a5151515151', 'OP_RETURN 1 1 1 1 1'],
  ])('%s', (script, text) => expect(opReturnText(hexToBytes(script))).toBe(text));

  it.each([
    ['another script', '5151'],
    ['a sixth push', '6a515151515151'],
    ['a push that ends too early', '6a05aabb'],
    ['OP_PUSHDATA1 without a length', '6a4c'],
    ['OP_PUSHDATA1 for what a shorter operation pushes', `6a4c4b${'ab'.repeat(75)}`],
    ['OP_PUSHDATA2', `6a4d0100${'ab'.repeat(1)}`],
    ['OP_RESERVED', '6a50'],
    ['an operation that does not push', '6aac'],
    ['1 to 16 and −1 pushed as data', '6a0101'],
    ['−1 pushed as data', '6a0181'],
    ['more than 83 bytes', `6a4c51${'ab'.repeat(81)}`],
  ])('%s is none', (_, script) => expect(opReturnText(hexToBytes(script))).toBeUndefined());
});

describe('a previous transaction', () => {
  // BIP-143's signed P2WPKH example: a transaction with witnesses, whose id leaves them out.
  const legacy =
    '0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac';
  const witnesses =
    '000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357';
  const locktime = '11000000';
  const segwit = hexToBytes(`${legacy.slice(0, 8)}0001${legacy.slice(8)}${witnesses}${locktime}`);
  const plain = hexToBytes(legacy + locktime);

  it('has the same id with and without witnesses, and the output that is asked for', () => {
    const read = readPreviousTransaction(segwit, 1);
    expect(read?.txid).toEqual(sha256(sha256(plain)));
    expect(readPreviousTransaction(plain, 1)).toEqual(read);
    expect(read?.output?.amount).toBe(223_450_000n);
    expect(bytesToHex(read?.output?.script ?? new Uint8Array(0))).toBe(
      '76a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac',
    );
  });

  it('may have no such output, and bytes after its end', () => {
    expect(readPreviousTransaction(segwit, 2)).toMatchObject({ output: undefined });
    expect(readPreviousTransaction(concatBytes(plain, Uint8Array.of(1, 2, 3)), 0)).toEqual(
      readPreviousTransaction(plain, 0),
    );
  });

  it('is none where it ends too early, has another flag, or its output’s script is too long', () => {
    for (const end of [0, 3, 5, 40, plain.length - 1])
      expect(readPreviousTransaction(plain.subarray(0, end), 0), `${end} bytes`).toBeUndefined();
    for (const end of [6, segwit.length - 1, segwit.length - 5])
      expect(readPreviousTransaction(segwit.subarray(0, end), 0)).toBeUndefined();
    expect(
      readPreviousTransaction(
        Uint8Array.from(segwit, (byte, i) => (i === 5 ? 2 : byte)),
        0,
      ),
    ).toBeUndefined();
    const long = hexToBytes(`0100000000${'02'}${'00'.repeat(8)}23${'51'.repeat(35)}${'00'.repeat(8)}0151${locktime}`);
    const noInputs = Uint8Array.from([
      ...long.subarray(0, 4),
      1,
      ...new Uint8Array(36),
      0,
      0,
      0,
      0,
      0,
      ...long.subarray(5),
    ]);
    expect(readPreviousTransaction(noInputs, 0)).toBeUndefined();
    expect(readPreviousTransaction(noInputs, 1)?.output?.script).toEqual(Uint8Array.of(0x51));
  });
});

describe('derivations', () => {
  const path = 'f5acc2fd5400008000000080000000800100000005000000';
  const key = { fingerprint: 0xf5acc2fd, origin: [84, 0, 0].map((n) => n + 2 ** 31), receive: 0, change: 1 };
  const claim = (hex: string, tap = false) => {
    const derivation = parseDerivation(hexToBytes(hex), tap);
    return derivation === undefined ? 'malformed' : claimOf(derivation, key);
  };

  it('name a branch and an index below the account’s key', () => {
    expect(claim(path)).toEqual({ change: true, index: 5 });
    expect(claim(`02${'ab'.repeat(64)}${path}`, true)).toEqual({ change: true, index: 5 });
    expect(claim(`00${path}`, true)).toEqual({ change: true, index: 5 });
  });

  it('are another’s where fingerprint, length, a step or the branch differs', () => {
    expect(claim(`00000000${path.slice(8)}`)).toBeUndefined();
    expect(claim(`${path}00000000`)).toBeUndefined();
    expect(claim(path.slice(0, 40))).toBeUndefined();
    expect(claim(path.replace('54', '56'))).toBeUndefined();
    expect(claim(path.replace('0100000005', '0200000005'))).toBeUndefined();
  });

  it('are malformed where they aren’t steps of four bytes after the leaves’ hashes', () => {
    expect(claim('f5acc2')).toBe('malformed');
    expect(claim(`${path}00`)).toBe('malformed');
    expect(claim('', true)).toBe('malformed');
    expect(claim(`03${'ab'.repeat(64)}`, true)).toBe('malformed');
    expect(claim(`81${'ab'.repeat(32 * 129)}${path}`, true)).toBe('malformed');
    expect(claim(`00${path}${'00'.repeat(24)}`, true)).toBe('malformed');
  });
});

describe('where an output goes', () => {
  const networks = [
    [mainnet, NETWORK],
    [testnet, TEST_NETWORK],
  ] as const;

  it.each(networks)('%o: the address that @scure/btc-signer writes', (network, theirs) => {
    const types = [
      ['pkh', 20],
      ['sh', 20],
      ['wpkh', 20],
      ['wsh', 32],
    ] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        ([type, length], hash) => {
          const output = { type, hash: hash.subarray(0, length) };
          expect(outputText(OutScript.encode(output), network)).toBe(Address(theirs).encode(output));
        },
      ),
    );
    const taproot = { type: 'tr', pubkey: schnorr.getPublicKey(new Uint8Array(32).fill(7)) } as const;
    expect(outputText(OutScript.encode(taproot), network)).toBe(Address(theirs).encode(taproot));
  });

  // BIP-350's valid addresses.
  it.each([
    ['0014751e76e8199196d454941c45d1b3a323f1433bd6', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'],
    [
      '5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6',
      'bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y',
    ],
    ['6002751e', 'bc1sw50qgdz25j'],
    ['5210751e76e8199196d454941c45d1b3a323', 'bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs'],
    [
      '512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
      'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
    ],
  ])('%s', (script, address) => expect(outputText(hexToBytes(script), mainnet)).toBe(address));

  it('data is shown, and other scripts are not known', () => {
    expect(outputText(hexToBytes('6a0568656c6c6f'), mainnet)).toBe('OP_RETURN 0x68656c6c6f');
    for (const script of ['', '51', `0015${'00'.repeat(21)}`, '5101aa', `5129${'00'.repeat(41)}`, '6f02aabb'])
      expect(outputText(hexToBytes(script), mainnet), script).toBeUndefined();
    expect(outputText(hexToBytes(`21${'02'.repeat(33)}ac`), mainnet)).toBeUndefined();
  });
});
