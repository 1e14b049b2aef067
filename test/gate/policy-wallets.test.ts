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

  it('another key on the same chain is another wallet', () => {
    const other = withWallets((line) =>
      line.replace('hot-1', 'hot-2').replace(/public_key: '..../, "public_key: '02ff"),
    );
    expect(parsePolicy(other).wallets.size).toBe(2);
  });
});
