import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatDescriptor, Malformed } from '../../src/domain/index.ts';
import { parsePolicy } from '../../src/gate/policy.ts';
import { policyDocument } from '../custody/station.ts';
import { regtest } from './whole-policy.ts';

describe('the wallets of a policy', () => {
  const withWallets = (change: (line: string) => string): unknown =>
    parse(
      policyDocument({ x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }, (document) =>
        document.replace(/^ {2}- \{ id: hot-1.*$/m, (line) => `${line}\n${change(line)}`),
      ),
    );

  it('E7: one key on one chain is one wallet, so that a nonce has one owner', () => {
    const twin = withWallets((line) => line.replace('hot-1', 'hot-2'));
    expect(() => parsePolicy(twin)).toThrow(Malformed);
    expect(() => parsePolicy(twin)).toThrow(/stands twice/);
  });

  it('I4: one first address is one wallet, in whatever words its descriptor says it, so that an outpoint has one owner', () => {
    const keys = ['A', 'B'].map((of) => ({ fingerprint: '00000001', path: "m/48'/1'/0'/2'", xpub: of.repeat(111) }));
    const line = (id: string, listed: typeof keys, address: string): string => {
      const descriptor = formatDescriptor({ derives: true, script: 'wsh-sortedmulti', threshold: 1, keys: listed });
      return `  - { id: ${id}, chain: '${regtest}', descriptor: "${descriptor}", signers: [a, b], address: '${regtest}:${address}' }`;
    };
    const both = (second: string): unknown =>
      withWallets(() => `${line('vault', keys, 'bcrt1qone')}\n${line('twin', keys.toReversed(), second)}`);
    expect(() => parsePolicy(both('bcrt1qone'))).toThrow(/stands twice/);
    // They are two, then; this policy serves no Bitcoin, which is looked at after that.
    expect(() => parsePolicy(both('bcrt1qtwo'))).toThrow(/on no chain/);
  });

  const raw = '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5';
  const tokenLine = (id: string, script: 'pkh' | 'wpkh', address: string): string => {
    const descriptor = formatDescriptor({ derives: false, script, threshold: 1, keys: [{ publicKey: raw }] });
    return `  - { id: ${id}, chain: '${regtest}', descriptor: "${descriptor}", keys: ['0a'], signers: [hsm], address: '${regtest}:${address}' }`;
  };

  it('I4: one script of a token’s key is one wallet, whatever id it has there', () => {
    const line = tokenLine('till', 'wpkh', 'bcrt1qone');
    const twin = line.replace('till', 'twin').replace("'0a'", "'0b'").replace('[hsm]', '[hsm-2]');
    expect(() => parsePolicy(withWallets(() => `${line}\n${twin}`))).toThrow(/stands twice/);
  });

  it('one key of a token in two scripts is two wallets: no coin is both’s, and no signature for one fits the other', () => {
    const both = `${tokenLine('till', 'wpkh', 'bcrt1qone')}\n${tokenLine('old', 'pkh', 'mone')}`;
    // This policy serves no Bitcoin, which is looked at after that.
    expect(() => parsePolicy(withWallets(() => both))).toThrow(/on no chain/);
  });

  it('E7: an account’s key is one wallet, whether a device derives it or a token has it', () => {
    const twin = withWallets((line) => line.replace('hot-1', 'hot-2').replace(/path: "[^"]*"/, "key: '0a'"));
    expect(() => parsePolicy(twin)).toThrow(/stands twice/);
  });

  it('another key on the same chain is another wallet', () => {
    const other = withWallets((line) =>
      line.replace('hot-1', 'hot-2').replace(/public_key: '..../, "public_key: '02ff"),
    );
    expect(parsePolicy(other).wallets.size).toBe(2);
  });
});
