import { createHmac } from 'node:crypto';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/curves/utils.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultSeed, Seed } from '../../../simulators/ledger/os/seed.ts';
import { BitcoinAccount } from './bitcoin-account.ts';
import { BitcoinHolder } from './bitcoin-holder.ts';
import { MerkleHost } from './merkle-host.ts';

const none = new Uint8Array(32);
const version = [Uint8Array.of(2), hexToBytes('02000000')] as const;
const locktime = [Uint8Array.of(3), hexToBytes('00000000')] as const;

let holder: BitcoinHolder;
let host: MerkleHost;
beforeEach(() => {
  holder = new BitcoinHolder();
  host = new MerkleHost();
});
afterEach(() => holder.device.close());

/** A signing command of no inputs and outputs, as far as the policy: what it is answered. */
function sign(
  fields: readonly (readonly [key: Uint8Array, value: Uint8Array])[],
  policy: Uint8Array = none,
  seal: Uint8Array = none,
): Promise<string | undefined> {
  const id = policy === none ? none : host.know(policy);
  const keys = host.tree(fields.map(([key]) => key));
  const values = host.tree(fields.map(([, value]) => value));
  const data = concatBytes(
    Uint8Array.of(fields.length),
    keys,
    values,
    Uint8Array.of(0),
    none,
    Uint8Array.of(0),
    none,
    id,
    seal,
  );
  return host.run(holder, `e1040001${data.length.toString(16)}${bytesToHex(data)}`);
}

/** The seal that this device would put on a policy, though it would not register it. */
function sealed(policy: Uint8Array): Uint8Array {
  const key = new Seed(defaultSeed).symmetricKey('LEDGER-Wallet policy');
  return new Uint8Array(createHmac('sha256', key).update(host.know(policy)).digest());
}

describe('what a host commits to must be a PSBT', () => {
  const indexRequests = () => host.asked.filter((request) => request.startsWith('42'));

  it('whose maps have their keys in strict order: else no value is asked for', async () => {
    for (const fields of [
      [locktime, version],
      [version, version],
    ]) {
      expect(await sign(fields)).toBe('6a80');
      expect(indexRequests()).toEqual([]);
    }
    const policy = host.policy('', 'pkh(@0/**)', new BitcoinAccount('wpkh').keys);
    expect(await sign([version, locktime], policy)).toBe('00006a80');
    expect(indexRequests()).not.toEqual([]);
  });

  it('with a locktime of zero where there is none', async () => {
    expect(await sign([version], host.policy('', 'wpkh(@0/**)', new BitcoinAccount('wpkh').keys))).toBe('6a80');
    expect(host.asked.at(-1)).toMatch(/^40/);
  });

  it('of a policy that has a key of this device', async () => {
    const [, second = '', third = ''] = new BitcoinAccount('wsh(sortedmulti)').keys;
    const policy = host.policy('Theirs', 'wsh(multi(1,@0/**,@1/**))', [second, third]);
    expect(await sign([version], policy, sealed(policy))).toBe('00026a80');
  });

  it('of a policy that uses them eight times at most', async () => {
    const [own = ''] = new BitcoinAccount('wsh(sortedmulti)').keys;
    const uses = (count: number) =>
      host.policy(
        'Ours',
        `wsh(multi(1,${Array.from({ length: count }, (_, i) => `@0/<${2 * i};${2 * i + 1}>/*`).join(',')}))`,
        [own],
      );
    expect(await sign([version], uses(9), sealed(uses(9)))).toBe('000c6a82');
    expect(await sign([version], uses(8), sealed(uses(8)))).toBe('6a80');
  });
});
