import { randomBytes } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  parseChainId,
  parseSignatures,
  parseTransactionId,
  parseWalletId,
  type TokenScriptWallet,
  type Wallet,
} from '../../../src/domain/index.ts';
import type { Outcome, Signer } from '../../../src/signers/signer.ts';
import { type Permit, takeMint } from '../../../src/store/permit.ts';
import { noSoftHsm, SoftHsm } from '../../softhsm.ts';
import { tokenSigner } from './faulty-token.ts';

const mint = takeMint();
const skipped = noSoftHsm === undefined ? '' : ` (skipped: ${noSoftHsm})`;
const chain = parseChainId('eip155:31337', 'chain');
const regtest = parseChainId('bip122:0f9188f13cb7b2c71f2a335e3a4fc328', 'chain');

const digestsOf = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, () => new Uint8Array(randomBytes(32)));

function permitFor(wallet: Wallet, digests = digestsOf(1), signer = 'hsm'): Permit {
  return mint({
    transaction: parseTransactionId('11'.repeat(32), 'transaction'),
    wallet,
    signer,
    // Bytes that have nothing to do with the digests: what is signed is the digests alone.
    unsigned: new Uint8Array(randomBytes(8)),
    psbt: null,
    digests,
    registration: null,
    tokenDescriptors: [],
  });
}

/** By another implementation than the one that signs: of exactly this digest, by exactly this key, with a low s. */
function isSignature(signature: Uint8Array, digest: Uint8Array | undefined, publicKey: string): boolean {
  const key = Buffer.from(publicKey, 'hex');
  return digest !== undefined && secp256k1.verify(signature, digest, key, { prehash: false, lowS: true });
}

function signatureIn(outcome: Outcome): Uint8Array {
  if (outcome.kind !== 'signed') throw new Error(`${outcome.kind}: ${outcome.message}`);
  return outcome.signature;
}

describe.skipIf(noSoftHsm !== undefined)(`a PKCS#11 signer over SoftHSM2${skipped}`, () => {
  let hsm: SoftHsm;
  let signer: Signer;
  beforeAll(() => {
    hsm = new SoftHsm(['a1', 'b2']);
    ({ signer } = tokenSigner(hsm, { processes: 2 }));
  });
  afterAll(async () => {
    await signer.close();
    hsm.close();
  });

  /** A script wallet with one key of the token's, and others of other tokens. */
  function scriptWallet(id: string, others: readonly string[] = []): TokenScriptWallet {
    const keys = [{ publicKey: hsm.publicKey(id), id, signer: 'hsm' }].concat(
      others.map((publicKey, i) => ({ publicKey, id: 'c3', signer: `other-${i}` })),
    );
    return {
      kind: 'script',
      id: parseWalletId('till', 'wallet'),
      chain: regtest,
      address: hsm.wallet(id).address,
      descriptor: '',
      derives: false,
      script: others.length === 0 ? 'wpkh' : 'wsh-sortedmulti',
      threshold: keys.length,
      keys,
    };
  }

  it('says of what it is: nobody decides on it, and keys are on a token', () => {
    expect(signer).toMatchObject({ name: 'hsm', attended: false, keys: 'token', concurrency: 64 });
    expect(signer.needsRegistration(hsm.wallet('a1'))).toBe(false);
  });

  it('says which token it found, with its model and firmware, and the module’s maker and version', async () => {
    expect(await signer.check(hsm.wallet('a1'))).toEqual({
      ready: true,
      device: expect.stringMatching(/^SoftHSM v2 2\.\d+ \(SoftHSM module 2\.\d+\)$/),
    });
  });

  it('signs a permit’s digest for Ethereum: r ‖ s', async () => {
    const digests = digestsOf(1);
    const signature = signatureIn(await signer.sign(permitFor(hsm.wallet('a1'), digests)));
    expect(signature).toHaveLength(64);
    expect(isSignature(signature, digests[0], hsm.publicKey('a1'))).toBe(true);
  });

  it('EIP-2, BIP-146: s is low, of whatever the token makes', async () => {
    const digests = digestsOf(64);
    const outcomes = await Promise.all(digests.map((digest) => signer.sign(permitFor(hsm.wallet('a1'), [digest]))));
    const good = outcomes.filter((outcome, i) => isSignature(signatureIn(outcome), digests[i], hsm.publicKey('a1')));
    // Half of them would not be: the token makes either s.
    expect(good).toHaveLength(64);
  });

  it('signs one digest for each input of a Bitcoin transaction, in their order: DER and SIGHASH_ALL', async () => {
    const digests = digestsOf(20);
    const outcome = await signer.sign(permitFor(scriptWallet('b2'), digests));
    const inputs = parseSignatures(signatureIn(outcome), 'signature');
    expect(inputs.map(({ input }) => input)).toEqual([...digests.keys()]);
    for (const { input, key, signature } of inputs) {
      expect(Buffer.from(key).toString('hex')).toBe(hsm.publicKey('b2'));
      expect(signature.at(-1)).toBe(0x01);
      const compact = secp256k1.Signature.fromBytes(signature.subarray(0, -1), 'der').toBytes('compact');
      expect(isSignature(compact, digests[input], hsm.publicKey('b2'))).toBe(true);
    }
  });

  it('signs for its own key of several', async () => {
    const others = [`02${'11'.repeat(32)}`, `03${'22'.repeat(32)}`];
    const digests = digestsOf(1);
    const outcome = await signer.sign(permitFor(scriptWallet('b2', others), digests));
    const [only] = parseSignatures(signatureIn(outcome), 'signature');
    expect(Buffer.from(only?.key ?? []).toString('hex')).toBe(hsm.publicKey('b2'));
  });

  it('signs many at once, and each gets its own', async () => {
    const permits = Array.from({ length: 100 }, (_, i) => permitFor(hsm.wallet(i % 2 === 0 ? 'a1' : 'b2')));
    const outcomes = await Promise.all(permits.map((permit) => signer.sign(permit)));
    for (const [i, permit] of permits.entries()) {
      const key = hsm.publicKey(i % 2 === 0 ? 'a1' : 'b2');
      expect(isSignature(signatureIn(outcomes[i] ?? never), permit.digests[0], key)).toBe(true);
    }
  });

  it('one that fails leaves the others', async () => {
    const gone = { ...hsm.wallet('a1'), key: { kind: 'token', id: 'ff' } } as const;
    const permits = [hsm.wallet('a1'), gone, hsm.wallet('b2')].map((wallet) => permitFor(wallet));
    const [first, second, third] = await Promise.all(permits.map((permit) => signer.sign(permit)));
    expect([first?.kind, third?.kind]).toEqual(['signed', 'signed']);
    expect(second).toEqual({
      kind: 'uncertain',
      reason: 'hsm-key-unfit',
      message: 'the key ff is not on the token as a private key',
    });
  });

  it('I1: takes a permit that a commit returned, of its own name, with something to sign, and nothing else', async () => {
    const permit = permitFor(hsm.wallet('a1'));
    await expect(signer.sign({ ...permit })).rejects.toThrow('(I1)');
    await expect(
      signer.sign(permitFor({ ...hsm.wallet('a1'), signer: 'hsm-2' }, digestsOf(1), 'hsm-2')),
    ).rejects.toThrow('a permit for hsm-2 came to hsm');
    await expect(signer.sign(permitFor({ ...hsm.wallet('a1'), signer: 'hsm-2' }))).rejects.toThrow('no key of a token');
    await expect(signer.sign(permitFor(hsm.wallet('a1'), []))).rejects.toThrow('nothing to be signed');
  });

  it('S6: another key of the token than the wallet’s signs nothing', async () => {
    const other = hsm.wallet('a1', hsm.publicKey('b2'));
    expect(await signer.check(other)).toMatchObject({ ready: false, reason: 'hsm-key-unfit' });
    expect(await signer.sign(permitFor(other))).toMatchObject({
      kind: 'uncertain',
      reason: 'hsm-key-unfit',
      message: expect.stringContaining('is another key'),
    });
  });

  it('has no screen, and derives nothing', async () => {
    await expect(signer.register(scriptWallet('b2'))).rejects.toThrow('has no screen');
    await expect(signer.showAddress(hsm.wallet('a1'), { branch: 0, index: 0, registration: null })).rejects.toThrow(
      'has no screen',
    );
    await expect(signer.readKey(chain, { kind: 'derived', path: "m/44'/60'/0'/0/0" })).rejects.toThrow('CKA_ID');
  });

  describe('keys', () => {
    it('are read by CKA_ID: the public key that another program reads, and the attributes', async () => {
      expect(await signer.readKey(chain, { kind: 'token', id: 'a1' })).toEqual({
        kind: 'token',
        device: expect.stringMatching(/^SoftHSM v2 .*, token test \([0-9a-f]{16}\)$/),
        id: 'a1',
        publicKey: hsm.readKey('a1'),
        attributes: expect.arrayContaining(['CKA_SENSITIVE true', 'CKA_EXTRACTABLE false', 'CKA_SIGN true']),
      });
      expect(await signer.readKey(chain, { kind: 'token', id: 'ff' })).toMatchObject({
        kind: 'failed',
        reason: 'hsm-key-unfit',
      });
    });

    it('are made in the token, and another program sees that they never leave it', async () => {
      const made = await signer.createKey({ id: 'c0ffee', label: 'payouts' });
      expect(made).toMatchObject({
        kind: 'token',
        id: 'c0ffee',
        publicKey: hsm.readKey('c0ffee'),
        attributes: [
          'CKA_SENSITIVE true',
          'CKA_ALWAYS_SENSITIVE true',
          'CKA_EXTRACTABLE false',
          'CKA_NEVER_EXTRACTABLE true',
          'CKA_LOCAL true',
          'CKA_PRIVATE true',
          'CKA_TOKEN true',
          'CKA_SIGN true',
          'CKA_ALWAYS_AUTHENTICATE false',
        ],
      });
      const seen = hsm.tool('--list-objects', '--type', 'privkey', '--id', 'c0ffee').toString();
      expect(seen).toMatch(/Private Key Object; EC\n +label: +payouts\n +ID: +c0ffee\n +Usage: .*sign.*\n/);
      expect(seen).toMatch(/Access: +sensitive, always sensitive, never extractable, local\n/);

      const wallet = hsm.wallet('c0ffee', hsm.readKey('c0ffee'));
      const permit = permitFor(wallet);
      expect(isSignature(signatureIn(await signer.sign(permit)), permit.digests[0], wallet.publicKey)).toBe(true);
    });

    it('of one CKA_ID are not made twice', async () => {
      expect(await signer.createKey({ id: 'a1', label: 'again' })).toEqual({
        kind: 'failed',
        reason: 'signer-failed',
        message: 'the token has an object with the CKA_ID a1 already',
      });
      expect(hsm.readKey('a1')).toBe(hsm.publicKey('a1'));
    });

    it('that another process makes are found, whichever child is asked', async () => {
      hsm.makeKey('d4');
      const permits = Array.from({ length: 40 }, () => permitFor(hsm.wallet('d4')));
      const outcomes = await Promise.all(permits.map((permit) => signer.sign(permit)));
      expect(outcomes.map(({ kind }) => kind)).toEqual(permits.map(() => 'signed'));
    });
  });
});

const never: Outcome = { kind: 'declined', reason: 'internal', message: 'there is none' };
