import { describe, expect, it } from 'vitest';
import { sharedToken } from '../src/shared-token.ts';
import { parseSigner } from '../src/signer-config.ts';
import { regtest, tokenWalletOf } from './chains/bitcoin/wallets.ts';

const signer = (name: string, token: object, module = '/usr/lib/x.so') =>
  parseSigner({ name, kind: 'pkcs11', module, token, pin: { file: 'pin' } }, 'config.signers', '/etc/portcullis');

describe('the tokens of a wallet of several keys', () => {
  const wallet = tokenWalletOf({ script: 'wsh-sortedmulti', chain: regtest, keys: [0, 1] });

  it('are different ones, or its threshold asks one party twice', () => {
    const one = signer('token-0', { label: 'hot' });
    expect(sharedToken(wallet, [one, signer('token-1', { label: 'hot' })])).toEqual(['token-0', 'token-1']);
    expect(sharedToken(wallet, [one, signer('token-1', { label: 'cold' })])).toBeUndefined();
    expect(sharedToken(wallet, [one, signer('token-1', { label: 'hot' }, '/usr/lib/y.so')])).toBeUndefined();
    expect(sharedToken(wallet, [one, signer('token-2', { label: 'hot' })])).toBeUndefined();
  });
});
