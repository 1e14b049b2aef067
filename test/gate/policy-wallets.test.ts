import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Malformed } from '../../src/domain/index.ts';
import { parsePolicy } from '../../src/gate/policy.ts';
import { policyDocument } from '../custody/station.ts';

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

  it('another key on the same chain is another wallet', () => {
    const other = withWallets((line) =>
      line.replace('hot-1', 'hot-2').replace(/public_key: '..../, "public_key: '02ff"),
    );
    expect(parsePolicy(other).wallets.size).toBe(2);
  });
});
