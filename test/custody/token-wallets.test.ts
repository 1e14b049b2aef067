import { keccak_256 } from '@noble/hashes/sha3.js';
import { Transaction as Library } from 'bitcoinjs-lib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { interpreted } from '../../simulators/demo/script-interpreter.ts';
import { addressAt, checkWallets } from '../../src/custody/chain.ts';
import {
  type ChainId,
  Malformed,
  placeKind,
  type TransactionRecord,
  tokenKeyOf,
  type Wallet,
  type WalletId,
  type WithdrawalId,
} from '../../src/domain/index.ts';
import type { Permit } from '../../src/store/permit.ts';
import { bytesOf, placeAt, psbtOf, type Request, tokenPart } from '../chains/bitcoin/requests.ts';
import { regtest, tokenWalletOf } from '../chains/bitcoin/wallets.ts';
import { bitcoin, payees, to, withBitcoin } from './bitcoin-station.ts';
import { FakeSigner, publicKeyOf, testKey } from './fake-signer.ts';
import { type Customer, chain, TestStation } from './station.ts';

/** Signs what its permits say is to be signed, and looks at nothing else: test keys. */
class FakeToken extends FakeSigner {
  override attended = false;

  protected override signatureOf(permit: Permit): Uint8Array {
    const { wallet, digests } = permit;
    if (wallet.kind === 'account') return super.signatureOf(permit);
    if (wallet.derives) throw new Error('it derives nothing');
    return tokenPart(digests, wallet, this.name).signature;
  }
}

/** The signer `fake` has the first test key; `hsm-1` and `hsm-2` have two more. */
const till = { ...tokenWalletOf({ script: 'wpkh', chain: regtest }), id: 'till' as WalletId };
const safe = { ...tokenWalletOf({ script: 'wsh-sortedmulti', chain: regtest, keys: [1, 2] }), id: 'safe' as WalletId };
const held = <W extends typeof till>(wallet: W, signers: readonly string[]): W => ({
  ...wallet,
  keys: wallet.keys.map((key, i) => ({ ...key, signer: signers[i] ?? '' })),
});
const [atTill, atSafe] = [held(till, ['fake']), held(safe, ['hsm-1', 'hsm-2'])];

const entry = ({ id, descriptor, keys, address }: typeof till): string =>
  `  - { id: ${id}, chain: '${regtest}', descriptor: "${descriptor}", keys: [${keys.map((key) => `'${key.id}'`).join(', ')}], signers: [${keys.map(({ signer }) => signer).join(', ')}], address: '${address}' }\n`;

describe('wallets of tokens’ keys', () => {
  const tokens = [new FakeToken('fake'), new FakeToken('hsm-1'), new FakeToken('hsm-2')] as const;
  const [first, ...others] = tokens;
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    for (const token of tokens) token.seen.splice(0);
    station = await TestStation.open({
      signer: first,
      otherSigners: others,
      policy: (document) =>
        withBitcoin(document).replace('nonce_window:', `${entry(atTill)}${entry(atSafe)}nonce_window:`),
    });
    alice = await station.enrol('alice');
    station.passDay();
    await alice.list('entry-alice', payees.wpkh);
    await station.deliver();
    station.passDay();
    await alice.authorize('w-1', { asset: bitcoin, amount: 50_000n, destination: payees.wpkh, maxFee: 100_000n });
  });
  afterEach(() => station.close());

  const request: Request = {
    coins: [
      { branch: 0, index: 0, amount: 40_000n },
      { branch: 0, index: 0, amount: 30_000n },
    ],
    outputs: [to(payees.wpkh, 50_000n), { index: 0, amount: 15_000n }],
  };
  const sign = async (wallet: typeof till, of: Request = request): Promise<TransactionRecord> => {
    const unsigned = psbtOf(wallet, of);
    const pays = ['w-1' as WithdrawalId];
    const { id } = await station.custody.transactions.sign({
      wallet: wallet.id,
      unsigned,
      pays,
      replaces: undefined,
      authorizations: [],
    });
    await station.settle();
    return station.custody.transactions.get(id);
  };

  it('I1: a permit for one that asks nobody says what it signs: a digest for each input', async () => {
    const signed = await sign(atTill);
    expect(signed.state).toBe('SIGNED');
    const [permit] = first.seen;
    const library = Library.fromBuffer(signed.unsigned);
    const { script } = placeAt(atTill, 0, 0);
    const code = bytesOf(`76a914${Buffer.from(script.subarray(2)).toString('hex')}88ac`);
    expect(permit?.digests).toEqual(request.coins.map(({ amount }, i) => library.hashForWitnessV0(i, code, amount, 1)));
    expect(permit?.registration).toBeNull();
    const spent = request.coins.map(({ amount }) => ({ script, amount }));
    expect(interpreted(signed.signed ?? new Uint8Array(), spent)).toEqual(['ok', 'ok']);
  });

  it('I1: each of several gets the digests, and their signatures make one transaction', async () => {
    const signed = await sign(atSafe);
    expect([signed.state, signed.signedBy]).toEqual(['SIGNED', ['hsm-1', 'hsm-2']]);
    const [one, two] = others.map(({ seen }) => seen[0]?.digests);
    expect(one).toHaveLength(2);
    expect(two).toEqual(one);
    const spent = request.coins.map(({ amount }) => ({ script: placeAt(atSafe, 0, 0).script, amount }));
    expect(interpreted(signed.signed ?? new Uint8Array(), spent)).toEqual(['ok', 'ok']);
  });

  it('I7: a signature over anything else than the permitted bytes is discarded', async () => {
    const behaviour = first.behaviour;
    first.behaviour = (permit) => {
      const wrong = permit.digests.map((digest) => digest.with(31, (digest[31] ?? 0) ^ 1));
      return { kind: 'signed', signature: tokenPart(wrong, atTill, 'fake').signature };
    };
    try {
      expect((await sign(atTill)).state).toBe('UNCERTAIN');
    } finally {
      first.behaviour = behaviour;
    }
  });

  it('change goes to the one script for ever: there is no next index, and no gap to keep', async () => {
    await sign(atTill);
    const { wallets } = await station.custody.operators.station();
    expect(wallets.find(({ id }) => id === 'till')).toMatchObject({ address: till.address, nextChange: 0 });
  });

  it('B1: what it receives at is what it pays change to, so that nobody is paid there', async () => {
    const own = { script: placeAt(atTill, 0, 0).script, amount: 50_000n };
    await expect(sign(atTill, { ...request, outputs: [own] })).rejects.toMatchObject({ reason: 'payment-unmatched' });
  });

  it('B7: a second transaction for the same withdrawal spends the same anchor, or nothing is signed', async () => {
    const first = await sign(atTill);
    const coins = [{ branch: 0, index: 0, amount: 70_000n, salt: 9 }];
    await expect(sign(atTill, { ...request, coins })).rejects.toMatchObject({ reason: 'anchor-taken' });
    await expect(sign(atSafe, { ...request, coins })).rejects.toMatchObject({ reason: 'anchor-taken' });
    expect(station.custody.transactions.get(first.id).state).toBe('SIGNED');
  });

  it('Ethereum: the digest is that of the unsigned bytes', async () => {
    const bob = await station.ripeCustomer('bob');
    await bob.authorize('w-2');
    const { id } = await station.sign(['w-2']);
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('SIGNED');
    const permit = first.seen.at(-1);
    expect(permit?.digests).toEqual([keccak_256(permit?.unsigned ?? new Uint8Array())]);
  });
});

it('a signer with a person before it is told no digests: its device computes what it shows', async () => {
  const station = await TestStation.open();
  try {
    const bob = await station.ripeCustomer('bob');
    await bob.authorize('w-2');
    await station.sign(['w-2']);
    await station.settle();
    expect(station.signer.seen.map(({ digests }) => digests)).toEqual([[]]);
  } finally {
    await station.close();
  }
});

describe('a key’s place', () => {
  const account: Wallet = {
    kind: 'account',
    id: 'hot-1' as WalletId,
    chain: chain as ChainId,
    signer: 'hsm-1',
    key: { kind: 'token', id: '0a' },
    address: `${chain}:0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A` as Wallet['address'],
    publicKey: publicKeyOf(testKey),
    firstNonce: 0,
  };

  it('is on a token, of a wallet whose keys are there, and nowhere else', () => {
    expect([placeKind(account), placeKind(atSafe)]).toEqual(['token', 'token']);
    expect(tokenKeyOf(account, 'hsm-1')).toEqual({ id: '0a', publicKey: account.publicKey });
    expect(tokenKeyOf(account, 'hsm-2')).toBeUndefined();
    expect(tokenKeyOf(atSafe, 'hsm-2')).toEqual({ id: '02', publicKey: atSafe.keys[1]?.publicKey });
    expect(tokenKeyOf(atSafe, 'hsm-3')).toBeUndefined();
    expect(tokenKeyOf(held(safe, ['hsm-1', 'hsm-1']), 'hsm-1')).toBeUndefined();
    const derived: Wallet = { ...account, key: { kind: 'derived', path: "m/44'/60'/0'/0/0" } };
    expect([placeKind(derived), tokenKeyOf(derived, 'hsm-1')]).toEqual(['derived', undefined]);
  });

  it('does not change its address, of which there is one', () => {
    expect(() => checkWallets([account, atTill, atSafe])).not.toThrow();
    expect(addressAt(atTill, 0, 0)).toBe(till.address);
    expect(() => addressAt(atTill, 0, 1)).toThrow(RangeError);
    expect(() => checkWallets([{ ...account, publicKey: `02${'00'.repeat(31)}05` }])).toThrow(Malformed);
  });
});
