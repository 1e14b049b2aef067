import { describe, expect, it, test } from 'vitest';
import { decodeUnsigned } from '../../../src/chains/bitcoin/index.ts';
import { readPsbt } from '../../../src/chains/bitcoin/psbt.ts';
import { Refusal } from '../../../src/domain/index.ts';
import { readVectors, vectorsMissing, whySkipped } from './vectors.ts';
import { regtest, walletOf } from './wallets.ts';

interface Vector {
  readonly group: string;
  readonly case: string;
  readonly base64: string;
}

function vectorsOf(file: string): readonly Vector[] {
  if (vectorsMissing) return [];
  const { vectors }: { vectors: Vector[] } = JSON.parse(readVectors(file));
  return vectors;
}

const bytesOf = ({ base64 }: Vector) => Uint8Array.from(Buffer.from(base64, 'base64'));
const invalid = /^The following are invalid PSBTs/;
const valid = /^The following are valid PSBTs/;
const locks = /timelock determination/;

/** The groups of BIP-174 in which a creator, updater, signer, combiner and finalizer hand each other PSBTs: each of them is valid. */
const roles = /^(A creator|Given|An updater|A combiner)/;

const wallets = (['pkh', 'sh-wpkh', 'wpkh', 'tr', 'wsh-sortedmulti'] as const).map((script) =>
  walletOf({ script, chain: regtest }),
);

describe.skipIf(vectorsMissing)(`the PSBTs of BIP-174, BIP-370 and BIP-371${whySkipped}`, () => {
  for (const file of ['bip-0174.json', 'bip-0370.json', 'bip-0371.json']) {
    for (const [i, vector] of vectorsOf(file).entries()) {
      const name = `${file} ${i}: ${vector.case}`;
      if (invalid.test(vector.group)) {
        it(`refuses ${name}`, () => {
          expect(() => readPsbt(bytesOf(vector))).toThrow(
            expect.objectContaining({ reason: 'transaction-undecodable', constructor: Refusal }),
          );
        });
      } else if (valid.test(vector.group) || roles.test(vector.group)) {
        it(`reads ${name}`, () => {
          const { transaction, inputs, outputs } = readPsbt(bytesOf(vector));
          expect([inputs.length, outputs.length]).toEqual([transaction.inputs.length, transaction.outputs.length]);
        });
      } else {
        // Their outcomes are below.
        expect(vector.group).toMatch(locks);
      }
      it(`B4: no wallet of the station signs ${name}`, () => {
        for (const wallet of wallets) expect(decodeUnsigned(bytesOf(vector), wallet)).toMatchObject({ ok: false });
      });
    }
  }

  test('every vector is of a group that is known here', () => {
    const groups = ['bip-0174.json', 'bip-0370.json', 'bip-0371.json'].flatMap(vectorsOf);
    expect(groups).toHaveLength(44 + 48 + 17);
    for (const { group } of groups)
      expect(
        [invalid, valid, roles, locks].some((known) => known.test(group)),
        group,
      ).toBe(true);
  });

  it('says what is in a valid PSBT that no transaction of the station has', () => {
    const beyond = (file: string, i: number) => {
      const vector = vectorsOf(file)[i];
      if (vector === undefined) throw new Error(`no vector ${i}`);
      return readPsbt(bytesOf(vector)).beyond;
    };
    expect(beyond('bip-0174.json', 26)).toEqual(['key f0010203040506070809 of input 0']);
    // Script paths: leaf scripts and a Merkle root.
    expect(beyond('bip-0371.json', 14).map((key) => key.slice(0, 6))).toEqual(['key 15', 'key 15', 'key 15', 'key 18']);
    expect(beyond('bip-0371.json', 11)).toEqual([]);
  });

  // BIP-370, "Test Vectors", gives these beside each PSBT.
  const determined = [0, 0, 10_000, 10_000, 10_000, 10_000, 1_657_048_460, 1_657_048_460, 1_657_048_460, undefined];
  test.each(determined.map((lockTime, i) => ({ lockTime, i })))(
    'determines lock time $i of BIP-370: $lockTime',
    ({ lockTime, i }) => {
      const vector = vectorsOf('bip-0370.json').filter(({ group }) => locks.test(group))[i];
      if (vector === undefined) throw new Error(`no vector ${i}`);
      if (lockTime === undefined) expect(() => readPsbt(bytesOf(vector))).toThrow('no lock time has both');
      else expect(readPsbt(bytesOf(vector)).transaction.lockTime).toBe(lockTime);
    },
  );
});
