import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { parseWithdrawalId } from '../../src/domain/index.ts';
import { refused } from '../attacks/attempt.ts';
import { publicKeyOf } from './fake-signer.ts';
import { type Customer, chain, TestStation, walletId } from './station.ts';

/** `other` may use another wallet, `own` may use `hot-1`; who isn't named may use all. */
const clients = `clients:
  authorities: ['${'ab'.repeat(32)}']
  wallets:
    - { client: other, wallets: [cold-9] }
    - { client: own, wallets: [cold-9, ${walletId}] }
`;

const coldKey = publicKeyOf(new Uint8Array(32).fill(9));
const cold = `  - { id: cold-9, chain: '${chain}', signer: fake, path: "m/44'/60'/9'/0/0", address: '${chain}:${addressOfKey(coldKey)}', public_key: '${coldKey}', first_nonce: '0' }
`;

describe('S1: a certificate that policy keeps to some wallets', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open({
      policy: (document) => document.replace('nonce_window', `${cold}nonce_window`) + clients,
    });
    alice = await station.ripeCustomer('alice');
    await alice.authorize('w-1');
  });
  afterEach(() => station.close());

  const request = () => ({
    wallet: walletId,
    unsigned: station.payment(),
    pays: [parseWithdrawalId('w-1', 'withdrawal')],
    replaces: undefined,
  });

  it('has nothing signed by another wallet, and the refusal is in the journal', async () => {
    const other = station.custody.transactionsOf('other');
    await refused(station, () => other.sign({ ...request(), authorizations: [] }), 'wallet-not-allowed', 'transaction');
    await expect(other.explain(request())).rejects.toMatchObject({ reason: 'wallet-not-allowed' });
  });

  it('learns nothing of another wallet’s transactions, and moves none: not by asking for the same bytes either', async () => {
    const { id } = await station.sign(['w-1']);
    await station.settle();
    const other = station.custody.transactionsOf('other');
    await refused(station, () => other.sign({ ...request(), authorizations: [] }), 'wallet-not-allowed', 'transaction');
    await refused(station, () => other.retry(id), 'wallet-not-allowed', 'transaction');
    expect(() => other.get(id)).toThrow(expect.objectContaining({ reason: 'wallet-not-allowed' }));
    const seen: unknown[] = [];
    expect(() => other.watch([id], (record) => seen.push(record))).toThrow(
      expect.objectContaining({ reason: 'wallet-not-allowed' }),
    );
    expect(seen).toEqual([]);
    expect(() => other.allow(walletId)).toThrow(expect.objectContaining({ reason: 'wallet-not-allowed' }));
  });

  it.each(['own', 'unnamed'])('%s may use the wallet', async (name) => {
    const scope = station.custody.transactionsOf(name);
    expect((await scope.explain(request())).rules.every(({ passed }) => passed)).toBe(true);
    const { id } = await scope.sign({ ...request(), authorizations: [] });
    await station.settle();
    expect(scope.get(id).state).toBe('SIGNED');
    const seen: string[] = [];
    scope.watch([id], ({ state }) => seen.push(state))();
    expect(seen).toEqual(['SIGNED']);
    await refused(station, () => scope.retry(id), 'transaction-not-retryable', 'transaction');
  });
});
