import { describe, expect, it } from 'vitest';
import { policyOf } from '../../../src/signers/ledger/policy.ts';
import { several, single } from './emulated.ts';

describe('a wallet as a policy of BIP-388', () => {
  it.each([
    ['pkh', 'pkh(@0/**)'],
    ['sh-wpkh', 'sh(wpkh(@0/**))'],
    ['wpkh', 'wpkh(@0/**)'],
    ['tr', 'tr(@0/**)'],
  ] as const)('of one key (%s) has no name: every device knows %s', (script, template) => {
    const wallet = single(script);
    const [{ fingerprint, path, xpub } = { fingerprint: '', path: '', xpub: '' }] = wallet.keys;
    expect(policyOf(wallet)).toEqual({ name: '', template, keys: [`[${fingerprint}${path.slice(1)}]${xpub}`] });
  });

  it('of several keys has its id for a name, and they stand in the descriptor’s order', () => {
    const { name, template, keys } = policyOf(several);
    expect({ name, template }).toEqual({ name: 'cold', template: 'wsh(sortedmulti(2,@0/**,@1/**,@2/**))' });
    expect(keys.map((key) => key.slice(0, 26))).toEqual(
      several.keys.map(({ fingerprint, xpub }) => `[${fingerprint}/48'/1'/0'/2']${xpub}`.slice(0, 26)),
    );
  });
});
