import { type Client, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { walletText } from '../../src/custody/wallet-document.ts';
import { Refusal } from '../../src/domain/index.ts';
import {
  OperatorServiceService,
  type RegisterWalletRequest,
  type ShowWalletAddressRequest,
} from '../../src/generated/portcullis/v1/operator.ts';
import { regtest, walletOf } from '../chains/bitcoin/wallets.ts';
import * as fake from './fake-custody.ts';
import { accepted, call, drain, open, refused, type Served, serve, until } from './served.ts';

const { readSignerKey, createSignerKey, registerWallet, showWalletAddress, getStation } = OperatorServiceService;
const vault = walletOf({ script: 'wsh-sortedmulti', chain: regtest });
const wallet = Buffer.from(walletText(vault));

let served: Served;
let client: Client;
beforeAll(async () => {
  served = await serve();
  client = await served.client('operators');
});
afterAll(() => served.close());
beforeEach(() => {
  served.fake.behaviours.clear();
  served.fake.asked.length = 0;
});

const register = (change: Partial<RegisterWalletRequest> = {}) =>
  drain(open(client, registerWallet, { wallet, signer: 'device-1', ...change }));
const show = (change: Partial<ShowWalletAddressRequest> = {}) =>
  drain(open(client, showWalletAddress, { wallet, signer: 'device-1', branch: 1, index: 7, ...change }));

describe('ReadSignerKey', () => {
  const request = { signer: 'device-1', chain: regtest, path: "m/84'/1'/0'", keyId: '' };

  it('tells fingerprint and xpub, or address and public key', async () => {
    expect(accepted(await call(client, readSignerKey, request))).toEqual({
      device: 'Ledger, Bitcoin Test 2.4.6',
      key: { $case: 'extended', value: { fingerprint: 'f5acc2fd', xpub: 'tpub' } },
    });
    const place = { kind: 'derived', path: request.path };
    expect(served.fake.last('wallets.readKey')).toEqual([{ signer: 'device-1', chain: regtest, place }]);
    const account = { kind: 'account', device: 'Ledger', address: fake.address, publicKey: '02ab' } as const;
    served.fake.behaviours.set('wallets.readKey', async () => account);
    expect(accepted(await call(client, readSignerKey, request)).key).toEqual({
      $case: 'account',
      value: { address: fake.address, publicKey: '02ab' },
    });
  });

  it('tells an HSM’s key by its CKA_ID, with its attributes', async () => {
    const attributes = ['CKA_SENSITIVE true'];
    const key = { kind: 'token', device: 'SoftHSM', id: 'a1', publicKey: '02ab', attributes } as const;
    served.fake.behaviours.set('wallets.readKey', async () => key);
    const answer = accepted(await call(client, readSignerKey, { ...request, path: '', keyId: 'a1' }));
    expect(answer.key).toEqual({ $case: 'token', value: { keyId: 'a1', publicKey: '02ab', attributes } });
    const place = { kind: 'token', id: 'a1' };
    expect(served.fake.last('wallets.readKey')).toEqual([{ signer: 'device-1', chain: regtest, place }]);
  });

  it.each([
    ['signer', { signer: '' }],
    ['signer', { signer: 'Ledger 1' }],
    ['chain', { chain: 'bitcoin' }],
    ['path', { path: '' }],
    ['path', { path: "84'/1'/0'" }],
    ['path', { path: `m${"/1'".repeat(11)}` }],
    ['key_id', { keyId: 'a1' }],
    ['key_id', { path: '', keyId: 'A1' }],
    ['key_id', { path: '', keyId: 'ab'.repeat(33) }],
  ])('refuses another %s before it asks', async (field, change) => {
    const error = refused(await call(client, readSignerKey, { ...request, ...change }));
    expect([error.code, error.field]).toEqual([status.INVALID_ARGUMENT, field]);
    expect(served.fake.asked).toEqual([]);
  });

  it('tells what is wrong with the device as its reason', async () => {
    served.fake.behaviours.set('wallets.readKey', async () => {
      throw new Refusal('device-locked', 'device-1: the device answered 5515', { signer: 'device-1' });
    });
    const error = refused(await call(client, readSignerKey, request));
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'device-locked' });
    expect(error.metadata['signer']).toBe('device-1');
  });
});

describe('CreateSignerKey', () => {
  const request = { signer: 'hsm-1', keyId: '', label: 'hot-1' };

  it('has a key made, of a random CKA_ID or the one that is named, on behalf of the name in the certificate', async () => {
    expect(accepted(await call(client, createSignerKey, request))).toEqual({
      device: 'SoftHSM 2.6, token hot (1)',
      key: { keyId: 'a1', publicKey: `02${'ab'.repeat(32)}`, attributes: ['CKA_SENSITIVE true'] },
    });
    const asked = { signer: 'hsm-1', id: undefined, label: 'hot-1', who: 'test-operators' };
    expect(served.fake.last('wallets.createKey')).toEqual([asked]);
    accepted(await call(client, createSignerKey, { ...request, keyId: '0102' }));
    expect(served.fake.last('wallets.createKey')).toEqual([{ ...asked, id: '0102' }]);
  });

  it.each([
    ['signer', { signer: 'HSM 1' }],
    ['key_id', { keyId: 'xyz' }],
    ['label', { label: '' }],
    ['label', { label: 'hot\n' }],
    ['label', { label: 'a'.repeat(65) }],
  ])('refuses another %s before it asks', async (field, change) => {
    const error = refused(await call(client, createSignerKey, { ...request, ...change }));
    expect([error.code, error.field]).toEqual([status.INVALID_ARGUMENT, field]);
    expect(served.fake.asked).toEqual([]);
  });
});

describe('RegisterWallet', () => {
  it('answers once a person decided, however long that takes; who asked is the name in the certificate', async () => {
    const taken = Promise.withResolvers<{ walletPolicy: string; fingerprint: string }>();
    served.fake.behaviours.set('wallets.register', () => taken.promise);
    const answered = register();
    await until(() => served.fake.last('wallets.register') !== undefined);
    expect(served.fake.last('wallets.register')).toEqual([
      { wallet: vault, signer: 'device-1', who: 'test-operators' },
    ]);
    // Meanwhile the station goes on.
    accepted(await call(client, getStation, {}));
    taken.resolve({ walletPolicy: 'ab'.repeat(32), fingerprint: '00c0ffee' });
    const told = { walletPolicy: 'ab'.repeat(32), fingerprint: '00c0ffee' };
    expect(await answered).toEqual({ values: [told], error: undefined });
  });

  it('whoever hangs up stops nothing', async () => {
    const taken = Promise.withResolvers<{ walletPolicy: string; fingerprint: string }>();
    served.fake.behaviours.set('wallets.register', () => taken.promise);
    const stream = open(client, registerWallet, { wallet, signer: 'device-1' });
    stream.on('error', () => {});
    await until(() => served.fake.last('wallets.register') !== undefined);
    stream.cancel();
    taken.resolve({ walletPolicy: 'ab'.repeat(32), fingerprint: '00c0ffee' });
    accepted(await call(client, getStation, {}));
    expect(served.logged.filter(({ event }) => event === 'call-failed')).toEqual([]);
  });

  it.each([
    ['wallet', { wallet: Buffer.alloc(0) }],
    ['wallet', { wallet: Buffer.alloc(8 * 1024 + 1, ' ') }],
    ['wallet', { wallet: Buffer.from([0xff]) }],
    ['wallet', { wallet: Buffer.from('[') }],
    ['wallet.id', { wallet: Buffer.from(wallet.toString().replace('id: cold', 'id: COLD')) }],
    ['wallet.descriptor', { wallet: Buffer.from(wallet.toString().replace(/#\w{8}/, '#qqqqqqqq')) }],
    ['signer', { signer: '' }],
  ])('refuses another %s before it asks', async (field, change) => {
    const { values, error } = await register(change);
    expect([values, error?.code, error?.field]).toEqual([[], status.INVALID_ARGUMENT, field]);
    expect(served.fake.asked).toEqual([]);
  });

  it('a refusal on the device is one of the call', async () => {
    served.fake.behaviours.set('wallets.register', async () => {
      throw new Refusal('device-refused', 'device-1: the device answered 6985');
    });
    expect((await register()).error).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'device-refused' });
  });
});

describe('ShowWalletAddress', () => {
  it('tells the address and what the device spelt', async () => {
    expect(await show()).toEqual({ values: [{ address: fake.address, shown: '0xAb58' }], error: undefined });
    expect(served.fake.last('wallets.showAddress')).toEqual([
      { wallet: vault, signer: 'device-1', branch: 1, index: 7 },
    ]);
  });

  it.each([
    ['branch', { branch: 2 }],
    ['wallet', { wallet: Buffer.from('{}, {}') }],
    ['signer', { signer: '-' }],
  ])('refuses another %s before it asks', async (field, change) => {
    const { error } = await show(change);
    expect([error?.code, error?.field]).toEqual([status.INVALID_ARGUMENT, field]);
    expect(served.fake.asked).toEqual([]);
  });

  it('another address on the device is an error that says both', async () => {
    served.fake.behaviours.set('wallets.showAddress', async () => {
      throw new Refusal('device-address-differs', 'other', { shown: 'tb1q0', expected: 'tb1q1' });
    });
    const { error } = await show();
    expect(error).toMatchObject({ code: status.INTERNAL, reason: 'device-address-differs' });
    expect(error?.metadata).toMatchObject({ shown: 'tb1q0', expected: 'tb1q1' });
  });
});

describe('GetStation', () => {
  it('tells how each signer of a wallet stands', async () => {
    const { wallets } = accepted(await call(client, getStation, {}));
    expect(wallets).toMatchObject([
      {
        ...{ wallet: 'hot', chain: 'eip155:1', nextNonce: 7n, nextChange: 0n },
        signers: [
          { signer: 'ledger-1', ready: false, reason: 'device-locked', needsRegistration: false, registered: false },
          { signer: 'ledger-2', ready: true, reason: '', needsRegistration: true, registered: false },
        ],
      },
    ]);
  });
});

describe('roles', () => {
  it('only operators’ certificates reach the devices', async () => {
    for (const role of ['withdrawals', 'courier', 'auditors'] as const) {
      const stranger = await served.client(role);
      for (const stream of [
        open(stranger, registerWallet, { wallet, signer: 'device-1' }),
        open(stranger, showWalletAddress, { wallet, signer: 'device-1', branch: 0, index: 0 }),
      ])
        expect((await drain(stream)).error, role).toBeDefined();
      refused(await call(stranger, readSignerKey, { signer: 'device-1', chain: regtest, path: 'm/0', keyId: '' }));
      refused(await call(stranger, createSignerKey, { signer: 'device-1', keyId: '', label: 'hot-1' }));
    }
    expect(served.fake.asked).toEqual([]);
  });
});
