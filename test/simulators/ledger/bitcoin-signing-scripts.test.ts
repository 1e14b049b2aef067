import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { concatBytes } from '@noble/curves/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { HDKey } from '@scure/bip32';
import { p2tr, p2tr_ms, p2tr_pk, Transaction } from '@scure/btc-signer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BitcoinAccount } from './bitcoin-account.ts';
import { type PartialSignature, policyOf, register, signAs } from './bitcoin-client.ts';
import { BitcoinHolder } from './bitcoin-holder.ts';
import { previousTransaction } from './bitcoin-payment.ts';

const amount = 1_000_000n;
const lax = { allowUnknownInputs: true, allowUnknownOutputs: true, disableScriptCheck: true } as const;
const account = new BitcoinAccount('wsh(sortedmulti)');
const [own = '', other = ''] = account.keys;

/** The key of an account's key text, at a branch and an index. */
function keyAt(text: string, branch: number, index: number) {
  const [, fingerprint = '', path = '', xpub = ''] = /^\[(.{8})([^\]]*)\](.*)$/.exec(text) ?? [];
  const { publicKey } = HDKey.fromExtendedKey(xpub).deriveChild(branch).deriveChild(index);
  if (publicKey === null) throw new Error('no public key');
  const steps = path
    .split('/')
    .slice(1)
    .map((step) => Number.parseInt(step, 10) + 2 ** 31);
  return { publicKey, der: { fingerprint: Number.parseInt(fingerprint, 16), path: [...steps, branch, index] } };
}

let holder: BitcoinHolder;
beforeEach(() => {
  holder = new BitcoinHolder();
});
afterEach(() => holder.device.close());

async function signWith(
  template: string,
  keys: readonly string[],
  transaction: Transaction,
): Promise<readonly PartialSignature[]> {
  const policy = policyOf({ isDefault: false, template, keys } as BitcoinAccount);
  const hmac = await register(holder, policy);
  return (await signAs(holder, transaction.toPSBT(0), policy, hmac)).map(([, signature]) => signature);
}

/** Spends one output of this script. */
function spending(script: Uint8Array, fields: object): Transaction {
  const previous = previousTransaction(amount, script, 1);
  const transaction = new Transaction(lax);
  const txid = Transaction.fromRaw(previous, lax).id;
  transaction.addInput({ txid, index: 1, witnessUtxo: { amount, script }, nonWitnessUtxo: previous, ...fields }, true);
  transaction.addOutput({ amount: amount - 1000n, script: Uint8Array.of(0, 20, ...new Uint8Array(20)) }, true);
  return transaction;
}

const xOnly = (key: Uint8Array): Uint8Array => key.subarray(1);
const leafHash = (script: Uint8Array): Uint8Array =>
  schnorr.utils.taggedHash('TapLeaf', Uint8Array.of(0xc0, script.length), script);

describe('a signature in a leaf of a taproot output', () => {
  it('is the leaf’s key’s, and comes with the leaf’s hash', async () => {
    const internal = keyAt(other, 0, 3);
    const inLeaf = keyAt(own, 0, 3);
    const leaf = p2tr_pk(xOnly(inLeaf.publicKey)).script;
    const { script } = p2tr(xOnly(internal.publicKey), { script: leaf }, undefined, true);
    const transaction = spending(script, {
      tapBip32Derivation: [[xOnly(inLeaf.publicKey), { hashes: [leafHash(leaf)], der: inLeaf.der }]],
    });
    const [signature, ...more] = await signWith('tr(@0/**,pk(@1/**))', [other, own], transaction);
    if (signature === undefined) throw new Error('no signature');
    expect(more).toEqual([]);
    expect(Uint8Array.from(signature.pubkey)).toEqual(xOnly(inLeaf.publicKey));
    expect(Uint8Array.from(signature.tapleafHash ?? [])).toEqual(leafHash(leaf));
    const digest = transaction.preimageWitnessV1(0, [script], 0, [amount], undefined, leaf);
    expect(schnorr.verify(signature.signature, digest, xOnly(inLeaf.publicKey))).toBe(true);
  });

  it('is there beside the key path’s, tweaked by the tree; multi_a too', async () => {
    const internal = keyAt(own, 1, 7);
    const ours = keyAt(own, 3, 7);
    const theirs = keyAt(other, 1, 7);
    const leaf = p2tr_ms(2, [xOnly(ours.publicKey), xOnly(theirs.publicKey)]).script;
    const { script } = p2tr(xOnly(internal.publicKey), { script: leaf }, undefined, true);
    const transaction = spending(script, {
      sighashType: 0x83,
      tapBip32Derivation: [
        [xOnly(internal.publicKey), { hashes: [], der: internal.der }],
        [xOnly(ours.publicKey), { hashes: [leafHash(leaf)], der: ours.der }],
      ].sort(([a], [b]) => Buffer.compare(a as Uint8Array, b as Uint8Array)),
    });
    const template = 'tr(@0/**,multi_a(2,@0/<2;3>/*,@1/**))';
    const [byKey, byLeaf] = await signWith(template, [own, other], transaction);
    if (byKey === undefined || byLeaf === undefined) throw new Error('a signature is missing');
    const digest = transaction.preimageWitnessV1(0, [script], 0x83, [amount]);
    expect(byKey.signature[64]).toBe(0x83);
    expect(Uint8Array.from(byKey.pubkey)).toEqual(script.subarray(2));
    expect(schnorr.verify(byKey.signature.subarray(0, 64), digest, script.subarray(2))).toBe(true);
    const leafDigest = transaction.preimageWitnessV1(0, [script], 0x83, [amount], undefined, leaf);
    expect(schnorr.verify(byLeaf.signature.subarray(0, 64), leafDigest, xOnly(ours.publicKey))).toBe(true);
  });
});

describe('miniscript in a witness script', () => {
  it('is signed by each own key that the input names', async () => {
    const first = keyAt(own, 0, 9);
    const second = keyAt(own, 2, 9);
    const push = (key: Uint8Array) => concatBytes(Uint8Array.of(33), key);
    // <first> CHECKSIGVERIFY <second> CHECKSIGVERIFY 10 CHECKSEQUENCEVERIFY
    const witnessScript = concatBytes(
      push(first.publicKey),
      Uint8Array.of(0xad),
      push(second.publicKey),
      Uint8Array.of(0xad, 0x5a, 0xb2),
    );
    const transaction = spending(concatBytes(Uint8Array.of(0, 32), sha256(witnessScript)), {
      witnessScript,
      sequence: 10,
      bip32Derivation: [first, second]
        .map(({ publicKey, der }) => [publicKey, der] as const)
        .sort(([a], [b]) => Buffer.compare(a, b)),
    });
    const template = 'wsh(and_v(v:pk(@0/**),and_v(v:pk(@0/<2;3>/*),older(10))))';
    const signatures = await signWith(template, [own], transaction);
    expect(signatures.map(({ pubkey }) => Uint8Array.from(pubkey))).toEqual([first.publicKey, second.publicKey]);
    const digest = transaction.preimageWitnessV0(0, witnessScript, 1, amount);
    for (const { pubkey, signature } of signatures) {
      const rs = secp256k1.Signature.fromBytes(signature.subarray(0, -1), 'der').toBytes('compact');
      expect(secp256k1.verify(rs, digest, pubkey, { prehash: false })).toBe(true);
    }
  });
});
