import { describe, expect, it } from 'vitest';
import { Malformed, type Wallet } from '../../../src/domain/index.ts';
import { registerOperation, showOperation } from '../../../src/signers/ledger/operations.ts';
import { pinnedKey } from '../../../src/signers/ledger/wallet-key.ts';
import { regtest, tokenWalletOf } from '../../chains/bitcoin/wallets.ts';
import { testWallet } from './wallet.ts';

const account: Wallet = { ...testWallet, key: { kind: 'token', id: '0a' } };
const till = tokenWalletOf({ script: 'wpkh', chain: regtest });
const safe = tokenWalletOf({ script: 'wsh-sortedmulti', chain: regtest });
const at = { branch: 0, index: 0, registration: null } as const;

describe('a Ledger has no key of a token', () => {
  it.each([
    ['an account', account, 'key'],
    ['one key on Bitcoin', till, 'keys'],
    ['several', safe, 'keys'],
  ] as const)('%s is refused where it is named, and told what to give it', (_, wallet, member) => {
    const pinned = (): unknown => pinnedKey(wallet, 'ledger', `policy.wallets.${wallet.id}`);
    expect(pinned).toThrow(Malformed);
    expect(pinned).toThrow(`policy.wallets.${wallet.id}.${member}: wallet ${wallet.id} has a key by CKA_ID`);
    expect(pinned).toThrow('a signer of kind pkcs11');
    expect(() => showOperation(wallet, 'ledger', at)).toThrow(Malformed);
    if (wallet.kind === 'script') expect(() => registerOperation(wallet, 'ledger')).toThrow(Malformed);
  });
});
