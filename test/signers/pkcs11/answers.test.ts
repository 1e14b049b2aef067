import { afterEach, describe, expect, it } from 'vitest';
import {
  parseAddress,
  parseChainId,
  parseSignatures,
  parseTransactionId,
  parseWalletId,
  type TokenScriptWallet,
} from '../../../src/domain/index.ts';
import { createPkcs11Signer } from '../../../src/signers/pkcs11/signer.ts';
import type { Signer } from '../../../src/signers/signer.ts';
import { takeMint } from '../../../src/store/permit.ts';
import { HandTimers } from '../hand-timers.ts';
import { Hand, settled } from './hand.ts';

const mint = takeMint();
/** The generator of the curve: a test key that everybody has. */
const publicKey = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const chain = parseChainId('bip122:0f9188f13cb7b2c71f2a335e3a4fc328', 'chain');
const till: TokenScriptWallet = {
  kind: 'script',
  id: parseWalletId('till', 'wallet'),
  chain,
  address: parseAddress(`${chain}:bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080`, 'address'),
  descriptor: '',
  derives: false,
  script: 'wpkh',
  threshold: 1,
  keys: [{ publicKey, id: 'a1', signer: 'hsm' }],
};
const permit = mint({
  transaction: parseTransactionId('11'.repeat(32), 'transaction'),
  wallet: till,
  signer: 'hsm',
  unsigned: new Uint8Array(1),
  psbt: null,
  digests: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
  registration: null,
  tokenDescriptors: [],
});

describe('what becomes of a child’s answers', () => {
  let signer: Signer;
  afterEach(() => signer.close());

  /** Signs, and is answered with these items. */
  async function sign(...items: readonly object[]) {
    const hand = new Hand();
    signer = createPkcs11Signer({
      name: 'hsm',
      module: '/m.so',
      token: { by: 'label', value: 'test' },
      pin: '1234',
      processes: 1,
      environment: {},
      deadlines: { identify: 1, sign: 2 },
      timers: new HandTimers(),
      log: () => undefined,
      spawn: () => hand,
    });
    const outcome = signer.sign(permit);
    await settled();
    // The first goes at once, the other when that is answered.
    for (const item of items) await hand.answer({ result: 'signatures', items: [item] });
    return outcome;
  }

  it.each([0, 1, 63, 65, 72, 73, 128])('S7: %i bytes for a signature are for I7 to refuse', async (bytes) => {
    const wrong = { signature: 'ab'.repeat(bytes) };
    const outcome = await sign(wrong, wrong);
    expect(outcome.kind).toBe('signed');
    const inputs = parseSignatures(outcome.kind === 'signed' ? outcome.signature : new Uint8Array(), 'signature');
    expect(inputs.map(({ input }) => input)).toEqual([0, 1]);
  });

  it('one input that was not signed leaves the whole uncertain', async () => {
    const good = { signature: '11'.repeat(64) };
    const bad = { reason: 'device-missing', message: 'signing: CKR_DEVICE_REMOVED' };
    expect(await sign(good, bad)).toEqual({ kind: 'uncertain', ...bad });
  });
});
