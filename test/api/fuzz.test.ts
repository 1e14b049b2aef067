// Whatever arrives, the daemon lives, and tells the client that the client is wrong.
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { type Client, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/api/listener.ts';
import { parse } from '../../src/api/service.ts';
import { walletText } from '../../src/custody/wallet-document.ts';
import { regtest, walletOf } from '../chains/bitcoin/wallets.ts';
import * as fake from './fake-custody.ts';
import { type ErrorView, methods, type Served, sendBytes, serve, type Wire } from './served.ts';

let served: Served;
const clients = new Map<string, Client>();
const faults: unknown[] = [];
const fault = (error: unknown): void => {
  faults.push(error);
};

beforeAll(async () => {
  served = await serve();
  for (const { role } of methods) if (!clients.has(role)) clients.set(role, await served.client(role));
  // Endless logs, so that every stream yields a message at once.
  served.fake.behaviours.set('notices.waiting', (after) => [{ ...fake.notice, sequence: Number(after) + 1 }]);
  served.fake.behaviours.set('journal.entries', (from) => [{ index: Number(from), leaf: Buffer.from('leaf') }]);
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
});
afterEach(() => {
  expect(faults).toEqual([]);
  expect(served.logged.filter(({ event }) => event === 'call-failed')).toEqual([]);
});
afterAll(async () => {
  process.removeListener('uncaughtException', fault);
  process.removeListener('unhandledRejection', fault);
  await served.close();
});

async function attempt(method: Wire & { readonly role: string }, bytes: Uint8Array): Promise<ErrorView | undefined> {
  const client = clients.get(method.role);
  if (client === undefined) throw new Error(`no client for ${method.role}`);
  return sendBytes(client, method, bytes);
}

/** The client's fault, by its right name: a malformed field, or an assertion that names two credentials. */
function expectClientsFault(error: ErrorView | undefined): void {
  if (error === undefined) return;
  const verdict = `${status[error.code]} ${error.reason}`;
  expect(['INVALID_ARGUMENT malformed', 'PERMISSION_DENIED credential-mismatch'], error.message).toContain(verdict);
  expect(error.message).toMatch(/^[\x20-\x7e]+$/);
}

/** Values on which parsers have stumbled, and some that are right, so that the fuzz gets past the first field. */
const text = fc.oneof(
  fc.constantFrom(
    'alice',
    'w-1',
    'hot',
    'station',
    fake.asset,
    fake.address,
    '1',
    '0',
    fake.credential,
    fake.transactionId,
    fake.noticeId,
    fake.token,
    `account:${fake.account}`,
    'a.b.c',
    '{}',
    '__proto__',
    'constructor',
    'NaN',
    '1e9',
    ' 1',
    '０',
    '\u0000',
    '\u202e',
    '\ud800',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string({ maxLength: 2_000 }),
);

interface Field {
  readonly number: number;
  readonly value:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    | { readonly kind: 'varint'; readonly value: bigint }
    | { readonly kind: 'fixed32'; readonly value: number }
    | { readonly kind: 'fixed64'; readonly value: bigint }
    | { readonly kind: 'message'; readonly fields: readonly Field[] };
}

/** Messages of any shape: fields of the numbers that the API uses, with right and wrong wire types, nested. */
const { message } = fc.letrec<{ message: readonly Field[]; field: Field }>((tie) => ({
  message: fc.array(tie('field'), { maxLength: 10 }),
  field: fc.record({
    number: fc.integer({ min: 1, max: 12 }),
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({ kind: fc.constant('text' as const), text }),
      fc.record({ kind: fc.constant('bytes' as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
      fc.record({ kind: fc.constant('varint' as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
      fc.record({ kind: fc.constant('fixed32' as const), value: fc.nat() }),
      fc.record({ kind: fc.constant('fixed64' as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
      fc.record({ kind: fc.constant('message' as const), fields: tie('message') }),
    ),
  }),
}));

function encode(fields: readonly Field[], writer = new BinaryWriter()): BinaryWriter {
  for (const { number, value } of fields) {
    switch (value.kind) {
      case 'text':
        writer.tag(number, 2).bytes(Buffer.from(value.text, 'utf8'));
        break;
      case 'bytes':
        writer.tag(number, 2).bytes(value.bytes);
        break;
      case 'varint':
        writer.tag(number, 0).uint64(value.value);
        break;
      case 'fixed32':
        writer.tag(number, 5).fixed32(value.value);
        break;
      case 'fixed64':
        writer.tag(number, 1).fixed64(value.value);
        break;
      case 'message':
        encode(value.fields, writer.tag(number, 2).fork()).join();
    }
  }
  return writer;
}

const runs = { numRuns: 40, interruptAfterTimeLimit: 20_000 };

describe('S2: whatever is sent, the daemon lives, and the fault is the client’s', () => {
  it.each(methods.map((method) => [method.path.replace('/portcullis.v1.', ''), method] as const))(
    '%s',
    async (_, method) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
          expectClientsFault(await attempt(method, bytes));
        }),
        runs,
      );
      await fc.assert(
        fc.asyncProperty(message, async (fields) => {
          expectClientsFault(await attempt(method, encode(fields).finish()));
        }),
        runs,
      );
    },
  );

  it('a message nested a thousand deep is INVALID_ARGUMENT', async () => {
    let bytes: Uint8Array = new Uint8Array();
    for (let i = 0; i < 1_000; i += 1) bytes = new BinaryWriter().tag(2, 2).bytes(bytes).finish();
    for (const method of methods) expectClientsFault(await attempt(method, bytes));
  });

  it('groups nested a thousand deep are INVALID_ARGUMENT', async () => {
    const open = new Uint8Array(1_000).fill((15 << 3) | 3);
    const shut = new Uint8Array(1_000).fill((15 << 3) | 4);
    for (const method of methods) {
      const error = await attempt(method, Buffer.concat([open, shut]));
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'malformed' });
    }
  });
});

const assertion = {
  evidence: {
    $case: 'webauthn' as const,
    value: {
      credentialId: fake.credential,
      rawId: Buffer.from(fake.credential, 'base64url'),
      authenticatorData: Buffer.from('a'),
      clientDataJson: Buffer.from('c'),
      signature: Buffer.from('s'),
    },
  },
};
const authorization = { intent: Buffer.from('{}'), attestations: [assertion] };
const transaction = { wallet: 'hot', unsigned: Buffer.from([2]), withdrawalIds: ['w-1'], replaces: fake.transactionId };
const entry = { entryId: 'e-1', account: 'alice', destination: fake.address, label: 'Cold', lifetimeSeconds: 60 };
const registration = {
  registrationJson: '{}',
  account: 'alice',
  attestedBy: fake.credential,
  lifetimeSeconds: 60,
  enrollment: Buffer.alloc(0),
  code: '',
};
const scoped = { scope: 'station', why: 'drill' };
const vault = walletOf({ script: 'wsh-sortedmulti', chain: regtest });

/** A request that every method accepts. */
const requests: Readonly<Record<string, unknown>> = {
  PrepareWithdrawal: {
    withdrawalId: 'w-1',
    account: 'alice',
    asset: fake.asset,
    amount: '1',
    destination: fake.address,
    maxFee: '1',
    payBy: new Date(fake.time),
    lifetimeSeconds: 60,
  },
  AuthorizeWithdrawal: authorization,
  GetWithdrawal: { withdrawalId: 'w-1' },
  WatchWithdrawals: { withdrawalIds: ['w-1'] },
  CancelWithdrawal: { withdrawalId: 'w-1' },
  ExplainTransaction: transaction,
  SignTransaction: { ...transaction, authorizations: [authorization] },
  RetryTransaction: { transactionId: fake.transactionId },
  GetTransaction: { transactionId: fake.transactionId },
  WatchTransactions: { transactionIds: [fake.transactionId] },
  PrepareDestination: entry,
  AddDestination: authorization,
  ListDestinations: { account: 'alice' },
  RemoveDestination: { entryId: 'e-1' },
  BeginEnrollment: { account: 'alice', paymentConfirmation: false, kind: 'totp' },
  PrepareFactor: registration,
  AddFactor: {
    intent: Buffer.from('{}'),
    registrationJson: '{}',
    approval: { $case: 'attestations', value: { attestations: [assertion] } },
    enrollment: Buffer.alloc(0),
  },
  ListFactors: { account: 'alice' },
  RevokeFactor: { factorId: fake.credential },
  StreamNotices: { afterCursor: 0n, untilEmpty: true },
  AcknowledgeNotice: { noticeId: fake.noticeId },
  Report: { reportToken: fake.token },
  GetCheckpoint: { consistentWithSize: 1n },
  GetReceipt: { withdrawalId: 'w-1' },
  GetEntries: { fromIndex: 0n, limit: 10 },
  StreamEntries: { fromIndex: 0n, untilHead: true },
  GetTile: { level: 1, index: 1n, width: 7 },
  GetEntriesTile: { index: 1n, width: 7 },
  GetCheckpointForWitness: { witness: 'witness.example/w1', oldSize: 1n },
  AddCosignatures: { size: 1n, signatures: '— witness.example/w1 AAAA\n' },
  GetCosignedCheckpoint: {},
  SubmitCheckpoint: { checkpoint: 'kept' },
  GetStation: {},
  PrepareOperatorAct: { verb: 'freeze', subject: 'station', payload: Buffer.from('drill'), lifetimeSeconds: 60 },
  SubmitOperatorAct: { intent: Buffer.from('{}'), attestation: assertion, payload: Buffer.alloc(1) },
  GetAct: { actId: fake.digest },
  ListActs: { unsettled: true, limit: 10 },
  ListHeldWithdrawals: { limit: 10 },
  GetAccount: { account: 'alice' },
  ListTransactions: { transactionId: fake.transactionId },
  GetPolicy: { policyHash: fake.digest },
  ReplayPolicy: { document: Buffer.from('version: 1'), sinceSeconds: 86_400 },
  ImportChunk: { actId: fake.digest, index: 1, records: Buffer.from('{}') },
  ReadSignerKey: { signer: 'ledger-1', chain: regtest, path: "m/84'/1'/0'", keyId: '' },
  CreateSignerKey: { signer: 'hsm-1', keyId: 'a1', label: 'hot-1' },
  RegisterWallet: { wallet: Buffer.from(walletText(vault)), signer: 'device-1' },
  ShowWalletAddress: { wallet: Buffer.from(walletText(vault)), signer: 'device-1', branch: 0, index: 1 },
  CreateBackup: {},
  Freeze: scoped,
  Thaw: scoped,
  AcknowledgeClock: { why: 'NTP' },
};

/** What may stand in the place of a value: any other of its wire type. */
function another(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value === 'string') return text;
  if (typeof value === 'number') return fc.nat(2 ** 32 - 1);
  if (typeof value === 'bigint') return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  if (typeof value === 'boolean') return fc.boolean();
  if (value instanceof Uint8Array) return fc.uint8Array({ maxLength: 5_000 }).map((bytes) => Buffer.from(bytes));
  if (value instanceof Date) return fc.integer({ min: -8.64e15, max: 8.64e15 }).map((time) => new Date(time));
  if (Array.isArray(value)) {
    return fc.tuple(fc.integer({ min: 0, max: 600 }), changed(value[0])).map(([n, first]) => Array(n).fill(first));
  }
  return fc.constant(undefined);
}

/** A request with one of its values changed, or left out where it is a message. */
function changed(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Date) {
    return another(value);
  }
  if (Array.isArray(value))
    return fc.oneof(
      another(value),
      changed(value[0]).map((first) => [first]),
    );
  const members = Object.entries(value).filter(([name]) => name !== '$case');
  if (members.length === 0) return fc.constant(value);
  return fc.oneof(...members.map(([name, of]) => changed(of).map((other) => ({ ...value, [name]: other }))));
}

describe('S2: a good request with one value changed', () => {
  it.each(methods.map((method) => [method.path.split('/')[2] ?? '', method] as const))('%s', async (name, method) => {
    const good = requests[name];
    expect(await attempt(method, method.requestSerialize(good as never))).toBeUndefined();
    await fc.assert(
      fc.asyncProperty(changed(good), async (request) => {
        const bytes = method.requestSerialize(request as never);
        const error = await attempt(method, bytes);
        if (bytes.length > defaultLimits.requestBytes) expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
        else expectClientsFault(error);
      }),
      { numRuns: 30, interruptAfterTimeLimit: 20_000 },
    );
  });
});

describe('bytes that are no protobuf message', () => {
  const definition = { path: '/x', requestDeserialize: (bytes: Buffer) => bytes };

  it.each([
    ['a field number 0', [0x00]],
    ['a field number 0 behind a good field', [0x0a, 0x01, 0x61, 0x00, 0x00]],
    ['a group that ends without having begun', [0x0c]],
    ['a group that does not end', [0x0b]],
    ['a wire type that does not exist', [0x0f]],
    ['a length beyond the end', [0x0a, 0x05, 0x61]],
    ['a varint that does not end', [0x08, 0xff]],
    ['a varint of eleven bytes', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ])('%s', (_, bytes) => {
    expect(parse(Buffer.from(bytes), definition).ok).toBe(false);
  });

  it('fields that this version does not know are passed over', () => {
    expect(parse(Buffer.from([0xf8, 0x07, 0x01]), definition).ok).toBe(true);
  });
});
