import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseChainId } from '../../../src/domain/index.ts';
import type { Signer } from '../../../src/signers/signer.ts';
import { noSoftHsm, type OddKey, SoftHsm } from '../../softhsm.ts';
import { tokenSigner } from './faulty-token.ts';

const skipped = noSoftHsm === undefined ? '' : ` (skipped: ${noSoftHsm})`;
const chain = parseChainId('eip155:31337', 'chain');

describe.skipIf(noSoftHsm !== undefined)(`S6: a key that no wallet may have${skipped}`, () => {
  let hsm: SoftHsm;
  let signer: Signer;
  beforeAll(() => {
    hsm = new SoftHsm();
    ({ signer } = tokenSigner(hsm));
  });
  afterAll(async () => {
    await signer.close();
    hsm.close();
  });

  /** Refused where a wallet has it, where it is to be signed with, and where a wallet is to be made of it. */
  async function expectRefused(id: string, publicKey: string, why: string): Promise<void> {
    const message = `the key ${id} ${why}`;
    expect(await signer.check(hsm.wallet(id, publicKey))).toEqual({ ready: false, reason: 'hsm-key-unfit', message });
    expect(await signer.readKey(chain, { kind: 'token', id })).toEqual({
      kind: 'failed',
      reason: 'hsm-key-unfit',
      message,
    });
  }

  it.each<[string, OddKey, string]>([
    ['may not sign', { id: 'f1', sign: false }, 'may not sign (CKA_SIGN)'],
    ['its token would tell', { id: 'f2', sensitive: false }, 'is not CKA_SENSITIVE: its token would tell it'],
    ['could be copied', { id: 'f3', extractable: true }, 'is CKA_EXTRACTABLE: it could be copied out of its token'],
    ['is there as a public key only', { id: 'f4', privateKeys: 0 }, 'is not on the token as a private key'],
    ['is there as a private key only', { id: 'f5', publicKeys: 0 }, 'is not on the token as a public key'],
    ['is there twice', { id: 'f6', privateKeys: 2 }, 'names more than one private key'],
    ['has two public keys', { id: 'f7', publicKeys: 2 }, 'names more than one public key'],
  ])('one that %s', async (_, odd, why) => {
    await expectRefused(odd.id, hsm.makeOddKey(odd), why);
  });

  it('one that pkcs11-tool made to be copied', async () => {
    await expectRefused(
      'e1',
      hsm.makeKey('e1', ['--extractable']),
      'is CKA_EXTRACTABLE: it could be copied out of its token',
    );
  });

  it('one that wants its PIN before each signature', async () => {
    const why = 'wants its PIN before each use (CKA_ALWAYS_AUTHENTICATE), which nobody is there to give';
    await expectRefused('e7', hsm.makeKey('e7', ['--always-auth']), why);
  });

  /** The generator of the curve: a test key that everybody has. */
  const anyKey = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';

  it('one on another curve', async () => {
    hsm.tool('--keypairgen', '--key-type', 'EC:prime256v1', '--id', 'e2');
    await expectRefused('e2', anyKey, 'is on another curve than secp256k1');
  });

  it('one for RSA', async () => {
    hsm.tool('--keypairgen', '--key-type', 'rsa:1024', '--id', 'e3');
    await expectRefused('e3', anyKey, 'is no elliptic-curve key');
  });

  it('none', async () => {
    await expectRefused('e4', anyKey, 'is not on the token as a private key');
  });

  it('one that is not the wallet’s', async () => {
    const own = hsm.makeKey('e5');
    expect(await signer.check(hsm.wallet('e5', anyKey))).toEqual({
      ready: false,
      reason: 'hsm-key-unfit',
      message: `the key e5 is another key, ${own}, than the wallet’s ${anyKey}`.replace('’', "'"),
    });
  });

  it('whereas one is fit whose point is told without DER around it, as some tokens do', async () => {
    const publicKey = hsm.makeOddKey({ id: 'e6', rawPoint: true });
    expect(await signer.check(hsm.wallet('e6', publicKey))).toMatchObject({ ready: true });
    expect(await signer.readKey(chain, { kind: 'token', id: 'e6' })).toMatchObject({ publicKey });
  });

  it('and what was not made in the token is told as such', async () => {
    const reading = await signer.readKey(chain, { kind: 'token', id: 'e6' });
    expect(reading).toMatchObject({
      attributes: expect.arrayContaining([
        'CKA_SENSITIVE true',
        'CKA_ALWAYS_SENSITIVE false',
        'CKA_NEVER_EXTRACTABLE false',
        'CKA_LOCAL false',
      ]),
    });
  });
});

describe.skipIf(noSoftHsm !== undefined)(`a token’s name${skipped}`, () => {
  let hsm: SoftHsm;
  beforeAll(() => {
    hsm = new SoftHsm(['a1']);
  });
  afterAll(() => hsm.close());

  async function check(more: Parameters<typeof tokenSigner>[1]) {
    const { signer } = tokenSigner(hsm, more);
    try {
      return await signer.check(hsm.wallet('a1'));
    } finally {
      await signer.close();
    }
  }

  it('is its label or its serial, whichever slot it is in', async () => {
    const [serial = ''] = hsm.serials;
    hsm.makeToken('another');
    expect(hsm.serials).toHaveLength(2);
    expect(await check({ token: { by: 'serial', value: serial } })).toMatchObject({ ready: true });
    expect(await check({ token: { by: 'label', value: 'test' } })).toMatchObject({ ready: true });
    // The other one, which has no key.
    expect(await check({ token: { by: 'label', value: 'another' } })).toMatchObject({ reason: 'hsm-key-unfit' });
  });

  it('that none has is missing, and no part of one will do', async () => {
    for (const token of [
      { by: 'label', value: 'tes' },
      { by: 'label', value: 'test2' },
      { by: 'serial', value: 'test' },
    ] as const) {
      expect(await check({ token })).toEqual({
        ready: false,
        reason: 'device-missing',
        message: `no token has the ${token.by} ${token.value}`,
      });
    }
  });

  it('S6: that two have is refused, until the serial tells which', async () => {
    const before = new Set(hsm.serials);
    hsm.makeToken();
    const fresh = hsm.serials.find((serial) => !before.has(serial)) ?? '';
    expect(await check({})).toMatchObject({
      ready: false,
      message: '2 tokens have the label test: name it by serial',
    });
    expect(await check({ token: { by: 'serial', value: fresh } })).toMatchObject({ reason: 'hsm-key-unfit' });
  });
});
