import { describe, expect, it } from 'vitest';
import { checkWallet, decodeUnsigned, scriptAt } from '../../src/chains/bitcoin/index.ts';
import { readPolicyDocument } from '../../src/custody/policy-document.ts';
import { type DerivedScriptWallet, formatDescriptor, scriptTypes, tokenScripts } from '../../src/domain/index.ts';
import { type Coin, psbtOf, recipients } from '../chains/bitcoin/requests.ts';
import {
  mainnet,
  pathOf,
  regtest,
  seeds,
  signet,
  testnet4,
  tokenWalletOf,
  walletOf,
} from '../chains/bitcoin/wallets.ts';
import { policyDocument } from '../custody/station.ts';

const chains = [mainnet, testnet4, signet, regtest];
/** A wallet that says something else of the same keys: what no policy takes, and a request may claim. */
const twin = (wallet: DerivedScriptWallet, change: Partial<DerivedScriptWallet>): DerivedScriptWallet => {
  const changed = { ...wallet, ...change };
  return { ...changed, descriptor: formatDescriptor(changed) };
};
const single = scriptTypes.filter((script) => script !== 'wsh-sortedmulti');

describe('B8: a wallet of the policy is of one network and one script type', () => {
  /** Reads a policy with these wallets, as a start and a proposal do. */
  const read = (...wallets: readonly DerivedScriptWallet[]) => {
    const named = wallets.map(
      ({ chain, keys, descriptor, address }, i) =>
        `  - { id: cold-${i}, chain: '${chain}', signers: [${keys.map(({ signer }) => signer).join(', ')}], descriptor: "${descriptor}", address: '${address}' }\n`,
    );
    const terms = chains.map(
      (chain) => `  - { chain: '${chain}', max_fee: '100000', max_fee_per_kvb: '50000', change_gap: 20 }\n`,
    );
    const document = policyDocument({ x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }, (text) =>
      text.replace('assets:\n', `${terms.join('')}assets:\n`).replace('wallets:\n', `wallets:\n${named.join('')}`),
    );
    return readPolicyDocument(new TextEncoder().encode(document));
  };
  it('B8: each type on each network is taken as what it is', () => {
    const wallets = chains.flatMap((chain) => scriptTypes.map((script) => walletOf({ script, chain })));
    expect(read(...wallets).policy.wallets.size).toBe(wallets.length + 1);
  });

  it.each(single)('B8: the key of %s under another script type is refused, whatever its address', (script) => {
    const wallet = walletOf({ script, chain: mainnet });
    for (const other of single.filter((type) => type !== script)) {
      const purpose = pathOf(script, mainnet);
      expect(() => read(twin(wallet, { script: other }))).toThrow(`its origin is ${purpose}, and that of ${other}`);
      // With the address that it then has, too.
      expect(() => read(walletOf({ script: other, chain: mainnet, path: purpose }))).toThrow(
        `its origin is ${purpose}`,
      );
    }
  });

  it('B8: a key of mainnet on a test network, and the other way round, is refused', () => {
    for (const script of scriptTypes) {
      const main = walletOf({ script, chain: mainnet });
      for (const chain of [testnet4, signet, regtest]) {
        const test = walletOf({ script, chain });
        expect(() => read(twin(main, { chain, address: test.address }))).toThrow(/its origin is|is written as xpub/);
        expect(() => read(twin(test, { chain: mainnet, address: main.address }))).toThrow(
          /its origin is|is written as tpub/,
        );
        // The path of the one, the key of the other.
        const paths = { path: pathOf(script, chain) };
        const mixed = { keys: main.keys.map((key) => ({ ...key, ...paths })), chain, address: test.address };
        expect(() => read(twin(main, mixed))).toThrow(/is written as xpub, and/);
      }
    }
  });

  it('B8: an address of another network, or of a twin, is not the wallet’s', () => {
    const wallet = walletOf({ script: 'wpkh', chain: signet });
    const addresses = [
      walletOf({ script: 'wpkh', chain: testnet4 }).address,
      walletOf({ script: 'wpkh', chain: mainnet }).address,
      walletOf({ script: 'tr', chain: signet }).address,
    ];
    for (const address of addresses) expect(() => read({ ...wallet, address })).toThrow(/address/);
  });
});

describe('B8: a wallet of tokens’ keys is of one network and one script type', () => {
  it.each(tokenScripts)('B8: %s: an address of another network, type or threshold is not the wallet’s', (script) => {
    const wallet = tokenWalletOf({ script, chain: signet });
    const others = [
      tokenWalletOf({ script, chain: testnet4 }),
      tokenWalletOf({ script, chain: mainnet }),
      tokenWalletOf({ script, chain: regtest }),
      ...tokenScripts.filter((type) => type !== script).map((type) => tokenWalletOf({ script: type, chain: signet })),
      tokenWalletOf({ script: 'wsh-sortedmulti', chain: signet, threshold: 3 }),
    ];
    expect(() => checkWallet(wallet, 'wallet')).not.toThrow();
    for (const { address } of others)
      if (address.replace(/^[^:]*:[^:]*/, '') !== wallet.address.replace(/^[^:]*:[^:]*/, ''))
        expect(() => checkWallet({ ...wallet, address }, 'wallet')).toThrow(/wallet\.address/);
  });

  it.each(tokenScripts)('B8: %s: coins and change of a twin in another script are not the wallet’s', (script) => {
    const wallet = tokenWalletOf({ script, chain: regtest });
    const coins: readonly Coin[] = [{ branch: 0, index: 0, amount: 100_000n }];
    const payment = { script: recipients.wpkh, amount: 60_000n };
    for (const other of tokenScripts.filter((type) => type !== script)) {
      const there = tokenWalletOf({ script: other, chain: regtest });
      expect(decodeUnsigned(psbtOf(there, { coins, outputs: [payment] }), wallet)).toMatchObject({
        ok: false,
        reason: 'input-foreign',
      });
      const elsewhere = { script: scriptAt(there, 0, 0).script, amount: 35_000n };
      const decoded = decodeUnsigned(psbtOf(wallet, { coins, outputs: [payment, elsewhere] }), wallet);
      expect(decoded).toMatchObject({ ok: true, effects: { change: [], payments: [{}, { amount: 35_000n }] } });
    }
  });
});

describe('B8: a transaction is judged by the wallet’s script type and network', () => {
  const coins: readonly Coin[] = [{ branch: 0, index: 3, amount: 100_000n }];
  const payment = { script: recipients.wpkh, amount: 60_000n };

  const refusal = (psbt: Uint8Array, wallet: DerivedScriptWallet) => {
    const decoded = decodeUnsigned(psbt, wallet);
    return decoded.ok ? undefined : decoded.reason;
  };

  it.each(single)(
    'B8: %s: an output to a twin of its change key is a payment, whatever the request says of it',
    (script) => {
      const wallet = walletOf({ script, chain: regtest });
      const own = psbtOf(wallet, { coins, outputs: [payment, { index: 5, amount: 35_000n }] });
      const honest = decodeUnsigned(own, wallet);
      expect(honest.ok && honest.effects.change).toEqual([{ index: 5, amount: 35_000n }]);
      for (const other of single.filter((type) => type !== script)) {
        const elsewhere = scriptAt(twin(wallet, { script: other }), 1, 5).script;
        const psbt = psbtOf(wallet, { coins, outputs: [payment, { index: 5, amount: 35_000n }] }, 0, {
          output: (output, i) => (i === 1 ? { ...output, script: elsewhere } : output),
        });
        const decoded = decodeUnsigned(psbt, wallet);
        expect(decoded.ok && decoded.effects.change).toEqual([]);
        expect(decoded.ok && decoded.effects.payments.map(({ amount }) => amount)).toEqual([60_000n, 35_000n]);
      }
    },
  );

  it.each(single)('B8: %s: an output of a twin is not the wallet’s to spend', (script) => {
    const wallet = walletOf({ script, chain: regtest });
    for (const other of single.filter((type) => type !== script)) {
      const psbt = psbtOf(twin(wallet, { script: other }), { coins, outputs: [payment] });
      expect(refusal(psbt, wallet)).toBe('input-foreign');
    }
  });

  it.each(scriptTypes)(
    'B8: %s: what was built for mainnet is not signed on a test network, nor the other way round',
    (script) => {
      const main = walletOf({ script, chain: mainnet });
      const test = walletOf({ script, chain: testnet4 });
      expect(refusal(psbtOf(main, { coins, outputs: [payment] }), test)).toBe('input-foreign');
      expect(refusal(psbtOf(test, { coins, outputs: [payment] }), main)).toBe('input-foreign');
    },
  );

  it.each(single)('B8: %s: nor for another account or another device', (script) => {
    const wallet = walletOf({ script, chain: regtest });
    for (const other of [
      walletOf({ script, chain: regtest, account: 1 }),
      walletOf({ script, chain: regtest, seeds: [seeds.zoo] }),
    ]) {
      expect(refusal(psbtOf(other, { coins, outputs: [payment] }), wallet)).toBe('input-foreign');
    }
  });
});
