import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Refusal } from '../../src/domain/index.ts';
import {
  AddDestinationRequest,
  DestinationServiceService,
  PrepareDestinationRequest,
  RipeningState,
} from '../../src/generated/portcullis/v1/destination.ts';
import { type Attestation, WebAuthnAssertion } from '../../src/generated/portcullis/v1/evidence.ts';
import {
  AddFactorRequest,
  FactorServiceService,
  PrepareFactorRequest,
} from '../../src/generated/portcullis/v1/factor.ts';
import { GetEntriesRequest, JournalServiceService } from '../../src/generated/portcullis/v1/journal.ts';
import { NoticeKind, NoticeServiceService } from '../../src/generated/portcullis/v1/notice.ts';
import {
  ActState,
  OperatorServiceService,
  PrepareOperatorActRequest,
  SubmitOperatorActRequest,
} from '../../src/generated/portcullis/v1/operator.ts';
import {
  SignTransactionRequest,
  TransactionServiceService,
  TransactionState,
} from '../../src/generated/portcullis/v1/transaction.ts';
import {
  AuthorizeWithdrawalRequest,
  PrepareWithdrawalRequest,
  WithdrawalServiceService,
  WithdrawalState,
} from '../../src/generated/portcullis/v1/withdrawal.ts';
import * as fake from './fake-custody.ts';
import { accepted, call, refused, type Served, serve } from './served.ts';

let served: Served;
const clients: Record<string, Awaited<ReturnType<Served['client']>>> = {};
beforeAll(async () => {
  served = await serve();
  for (const role of ['withdrawals', 'operators', 'courier', 'auditors'] as const) {
    clients[role] = await served.client(role);
  }
});
afterAll(() => served.close());
beforeEach(() => {
  served.fake.behaviours.clear();
  served.fake.asked.length = 0;
});

type Method<Q, A> = {
  readonly path: string;
  readonly requestSerialize: (value: Q) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => A;
};
function as<Q, A>(role: string, method: Method<Q, A>, request: Q) {
  const client = clients[role];
  if (client === undefined) throw new Error(`no client for ${role}`);
  return call(client, method, request);
}

const rawId = Buffer.alloc(16, 7);
const assertion = (change: Partial<WebAuthnAssertion> = {}): Attestation => ({
  evidence: {
    $case: 'webauthn',
    value: WebAuthnAssertion.fromPartial({
      credentialId: fake.credential,
      rawId,
      authenticatorData: Buffer.from('authenticator'),
      clientDataJson: Buffer.from('{}'),
      signature: Buffer.from('signature'),
      ...change,
    }),
  },
});
const intent = Buffer.from('{"type":"portcullis/withdrawal/v1"}');

const prepareWithdrawal = (change: Partial<PrepareWithdrawalRequest> = {}) =>
  PrepareWithdrawalRequest.fromPartial({
    withdrawalId: 'w-1',
    account: 'alice',
    asset: fake.asset,
    amount: '1000000000000000000000000000001',
    destination: fake.address,
    maxFee: '0',
    ...change,
  });

describe('what custody is asked', () => {
  it('PrepareWithdrawal: words of the domain, and what was left out is undefined', async () => {
    const answer = accepted(await as('withdrawals', WithdrawalServiceService.prepareWithdrawal, prepareWithdrawal()));
    expect(served.fake.last('withdrawals.prepare')).toEqual([
      {
        withdrawal: 'w-1',
        account: 'alice',
        asset: fake.asset,
        amount: 1000000000000000000000000000001n,
        destination: fake.address,
        maxFee: 0n,
        payBy: undefined,
        lifetime: undefined,
      },
    ]);
    expect(answer.intent?.canonical.toString()).toContain('portcullis/destination/v1');
    expect(answer.intent?.digest.toString('hex')).toBe(fake.prepared.intent.digest);
    expect(answer.rules.map(({ rule, passed }) => [rule, passed])).toEqual([
      ['asset-known', true],
      ['destination-stands', false],
    ]);
    expect(answer.wouldRefuse).toEqual([
      { reason: 'destination-unripe', message: 'not before tomorrow', metadata: { not_before: 'tomorrow' } },
    ]);
    expect(answer).toMatchObject({
      evidenceWanted: {
        summary: fake.prepared.evidenceWanted.summary,
        demand: { assertions: 2, classes: 2, enrolments: 1, webauthn: 1, hardware: 0 },
        accepted: ['device', 'totp', 'mfa-service'],
        factors: [
          { id: fake.credential, kind: 'webauthn', class: 'device' },
          { id: fake.secret, kind: 'totp', class: 'totp' },
        ],
        services: ['mfa.example'],
        wallets: [
          {
            wallet: 'vault',
            demand: { assertions: 1, classes: 1, enrolments: 1, webauthn: 1, hardware: 1 },
            operators: 2,
          },
        ],
      },
      // What a browser is asked with: no secret of one-time codes.
      credentialIds: [fake.credential],
      rpId: 'approve.station.test',
    });
  });

  it('PrepareWithdrawal: times become milliseconds', async () => {
    const request = prepareWithdrawal({ payBy: new Date(fake.time + 250), lifetimeSeconds: 900 });
    accepted(await as('withdrawals', WithdrawalServiceService.prepareWithdrawal, request));
    expect(served.fake.last('withdrawals.prepare')).toMatchObject([{ payBy: fake.time + 250, lifetime: 900_000 }]);
  });

  it('AuthorizeWithdrawal: the very bytes', async () => {
    const answer = accepted(
      await as('withdrawals', WithdrawalServiceService.authorizeWithdrawal, { intent, attestations: [assertion()] }),
    );
    expect(served.fake.last('withdrawals.authorize')).toEqual([
      {
        intent,
        attestations: [
          {
            kind: 'webauthn',
            credential: fake.credential,
            authenticatorData: Buffer.from('authenticator'),
            clientData: Buffer.from('{}'),
            signature: Buffer.from('signature'),
          },
        ],
      },
    ]);
    expect(answer.withdrawal).toEqual({
      id: 'w-1',
      account: 'alice',
      asset: fake.asset,
      amount: '1000000000000000000000000000000',
      destination: fake.address,
      maxFee: '21000',
      payBy: new Date(fake.time),
      state: WithdrawalState.AUTHORIZED,
      intentDigest: Buffer.from(fake.digest, 'hex'),
      transactionId: '',
      authorizedAt: new Date(fake.time),
      operatorsNeeded: 0,
      heldBy: [],
    });
  });

  it('PrepareWithdrawal: what would only be held is not refused; it says for how many operators, and by which rules', async () => {
    const refusal = { reason: 'withdrawal-held', message: 'above the band', details: { operators: '2' } } as const;
    served.fake.behaviours.set('withdrawals.prepare', () => ({
      ...fake.prepared,
      rules: [{ rule: 'band-USD-1', passed: false, explanation: 'above the band', refusal, holds: true }],
      held: { operators: 2, by: ['band-USD-1'] },
    }));
    const answer = accepted(await as('withdrawals', WithdrawalServiceService.prepareWithdrawal, prepareWithdrawal()));
    expect(answer.rules).toMatchObject([{ rule: 'band-USD-1', passed: false, reason: { reason: 'withdrawal-held' } }]);
    expect(answer).toMatchObject({ wouldRefuse: [], operatorsNeeded: 2, heldBy: ['band-USD-1'] });
  });

  it('GetWithdrawal: a held one says what it lacks', async () => {
    served.fake.behaviours.set('withdrawals.get', () => ({
      ...fake.withdrawal,
      state: 'HELD',
      operators: 2,
      heldBy: ['band-USD-1'],
    }));
    const answer = accepted(await as('withdrawals', WithdrawalServiceService.getWithdrawal, { withdrawalId: 'w-1' }));
    expect(answer.withdrawal).toMatchObject({
      state: WithdrawalState.HELD,
      operatorsNeeded: 2,
      heldBy: ['band-USD-1'],
    });
  });

  it('A1: no attestation at all goes to custody, which has the reason for it', async () => {
    served.fake.behaviours.set('withdrawals.authorize', () => {
      throw new Refusal('attestation-missing');
    });
    const error = refused(
      await as('withdrawals', WithdrawalServiceService.authorizeWithdrawal, { intent, attestations: [] }),
    );
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'attestation-missing' });
    expect(served.fake.last('withdrawals.authorize')).toEqual([{ intent, attestations: [] }]);
  });

  it('SignTransaction: bytes, payments, inline authorizations', async () => {
    const request = SignTransactionRequest.fromPartial({
      wallet: 'hot',
      unsigned: Buffer.from([2, 1]),
      withdrawalIds: ['w-1', 'w-2'],
      authorizations: [{ intent, attestations: [assertion()] }],
      replaces: fake.transactionId,
    });
    const { transaction } = accepted(await as('withdrawals', TransactionServiceService.signTransaction, request));
    expect(served.fake.last('transactions.sign')).toMatchObject([
      {
        wallet: 'hot',
        unsigned: Buffer.from([2, 1]),
        pays: ['w-1', 'w-2'],
        replaces: fake.transactionId,
        authorizations: [{ intent, attestations: [{ credential: fake.credential }] }],
      },
    ]);
    expect(transaction).toEqual({
      id: fake.transactionId,
      wallet: 'hot',
      unsigned: Buffer.from('unsigned'),
      withdrawalIds: ['w-1'],
      anchor: 'nonce:7',
      replaces: '',
      state: TransactionState.PERMITTED,
      blockedBy: 'device-locked',
      signed: Buffer.alloc(0),
      permittedAt: new Date(fake.time),
      kind: 'payment',
      actId: '',
      signedBy: [],
      declinedBy: [],
      sentTo: '',
    });
  });

  it('operators see what is not settled, and one by its id', async () => {
    const { getAccount, listTransactions } = OperatorServiceService;
    const stands = accepted(await as('operators', getAccount, { account: 'alice' }));
    expect(served.fake.last('operators.account')).toEqual(['alice']);
    expect(stands).toMatchObject({ everEnrolled: true, freeze: { scope: fake.freeze?.scope ?? expect.anything() } });
    expect(stands.factors).toHaveLength(1);
    expect(stands.recoversUntil).toBeInstanceOf(Date);
    const all = accepted(await as('operators', listTransactions, { transactionId: '' }));
    expect(all.transactions).toMatchObject([{ id: fake.transactionId, kind: 'payment' }]);
    expect(served.fake.last('operators.transactions')).toEqual([undefined]);
    accepted(await as('operators', listTransactions, { transactionId: fake.transactionId }));
    expect(served.fake.last('operators.transactions')).toEqual([fake.transactionId]);
  });

  it('S12: a withheld transaction’s sealed bytes are in no answer', async () => {
    served.fake.behaviours.set('transactions.get', () => ({ ...fake.transaction, state: 'WITHHELD' }));
    const answer = accepted(
      await as('withdrawals', TransactionServiceService.getTransaction, { transactionId: fake.transactionId }),
    );
    expect(answer.transaction).toMatchObject({ state: TransactionState.WITHHELD, signed: Buffer.alloc(0) });
    expect(Buffer.from(JSON.stringify(answer)).includes('sealed')).toBe(false);
  });

  it('ExplainTransaction: effects where the bytes could be decoded', async () => {
    const request = { wallet: 'hot', unsigned: Buffer.from([2]), withdrawalIds: [], replaces: '' };
    const none = accepted(await as('withdrawals', TransactionServiceService.explainTransaction, request));
    expect(none.effects).toBeUndefined();
    expect(none.wouldRefuse).toHaveLength(1);
    served.fake.behaviours.set('transactions.explain', async () => ({
      rules: [],
      effects: {
        chain: 'eip155:1',
        payments: [{ asset: fake.asset, destination: fake.address, amount: 5n, weight: 1n }],
        maxFee: 3n,
        anchors: ['nonce:7'],
        change: [{ index: 4, amount: 9n }],
      },
    }));
    const some = accepted(await as('withdrawals', TransactionServiceService.explainTransaction, request));
    expect(some.effects).toEqual({
      chain: 'eip155:1',
      payments: [{ asset: fake.asset, destination: fake.address, amount: '5' }],
      maxFee: '3',
      anchors: ['nonce:7'],
      change: [{ index: 4, amount: '9' }],
    });
  });

  it('destinations and factors: how far they have ripened', async () => {
    const { destinations } = accepted(
      await as('withdrawals', DestinationServiceService.listDestinations, { account: 'alice' }),
    );
    expect(destinations).toEqual([
      {
        entryId: 'e-1',
        account: 'alice',
        destination: fake.address,
        label: 'Cold wallet',
        state: RipeningState.PENDING,
        notBefore: new Date(fake.time),
      },
    ]);
    const { factors } = accepted(await as('withdrawals', FactorServiceService.listFactors, { account: 'alice' }));
    expect(factors).toEqual([
      {
        id: fake.credential,
        account: 'alice',
        kind: 'webauthn',
        class: 'device',
        state: RipeningState.ANNOUNCING,
        notBefore: undefined,
      },
    ]);
    const request = PrepareDestinationRequest.fromPartial({
      entryId: 'e-1',
      account: 'alice',
      destination: fake.address,
      label: 'Cold wallet',
    });
    const prepared = accepted(await as('withdrawals', DestinationServiceService.prepareDestination, request));
    expect(prepared.warnings).toEqual(['looks like another']);
    for (const [method, message] of [
      [DestinationServiceService.removeDestination, { entryId: 'e-1' }],
      [DestinationServiceService.addDestination, { intent, attestations: [assertion()] }],
    ] as const) {
      expect((await as('withdrawals', method as Method<unknown, unknown>, message)).ok).toBe(true);
    }
    const revoked = accepted(await as('withdrawals', FactorServiceService.revokeFactor, { factorId: fake.credential }));
    expect(revoked.cancelled).toEqual(['e-1', 'w-1']);
  });

  it('AddFactor: a voucher, an attestation, or nothing', async () => {
    const add = async (approval: AddFactorRequest['approval']) => {
      accepted(
        await as('withdrawals', FactorServiceService.addFactor, {
          intent,
          registrationJson: '{"é":1}',
          approval,
          enrollment: Buffer.alloc(0),
        }),
      );
      return served.fake.last('factors.add')?.[0];
    };
    expect(await add(undefined)).toEqual({
      intent,
      registration: Buffer.from('{"é":1}', 'utf8'),
      approval: undefined,
    });
    expect(await add({ $case: 'voucher', value: 'a.b.c' })).toMatchObject({
      approval: { kind: 'voucher', jws: 'a.b.c' },
    });
    expect(await add({ $case: 'attestations', value: { attestations: [assertion()] } })).toMatchObject({
      approval: { kind: 'attestations', attestations: [{ credential: fake.credential }] },
    });
  });

  it('PrepareFactor and BeginEnrollment', async () => {
    const request = PrepareFactorRequest.fromPartial({ account: 'alice', registrationJson: '{}' });
    expect(accepted(await as('withdrawals', FactorServiceService.prepareFactor, request))).toMatchObject({
      credentialId: fake.credential,
      class: 'device',
      key: fake.digest,
      station: fake.station,
      evidenceWanted: { demand: { assertions: 2, classes: 2 } },
    });
    expect(served.fake.last('factors.prepare')).toMatchObject([{ attestedBy: undefined, lifetime: undefined }]);
    const begun = accepted(
      await as('withdrawals', FactorServiceService.beginEnrollment, {
        account: 'alice',
        paymentConfirmation: false,
        kind: '',
      }),
    );
    expect(begun.creationOptionsJson).toBe('{}');
  });

  it('one-time codes: begun by their kind, and sent back in the place of a registration', async () => {
    const begin = (kind: string) =>
      as('withdrawals', FactorServiceService.beginEnrollment, { account: 'alice', paymentConfirmation: false, kind });
    expect(accepted(await begin('totp'))).toEqual({
      creationOptionsJson: '',
      otpauthUri: 'otpauth://totp/x',
      enrollment: Buffer.of(2, 7),
    });
    expect(await begin('sms')).toMatchObject({ ok: false, error: { code: status.INVALID_ARGUMENT } });

    const enrollment = Buffer.of(2, 7);
    const prepare = (of: Partial<PrepareFactorRequest>) =>
      as(
        'withdrawals',
        FactorServiceService.prepareFactor,
        PrepareFactorRequest.fromPartial({ account: 'alice', ...of }),
      );
    accepted(await prepare({ enrollment, code: '012345' }));
    expect(served.fake.last('factors.prepare')).toMatchObject([
      { registration: { enrolment: enrollment, code: '012345' } },
    ]);
    for (const code of ['', '12345', '1234567', '12345a', '１２３４５６'])
      expect(await prepare({ enrollment, code })).toMatchObject({
        ok: false,
        error: { code: status.INVALID_ARGUMENT },
      });
    for (const wrong of [
      { enrollment, code: '012345', registrationJson: '{}' },
      { enrollment: Buffer.alloc(257), code: '012345' },
    ])
      expect(await prepare(wrong)).toMatchObject({ ok: false, error: { code: status.INVALID_ARGUMENT } });

    const added = { intent, registrationJson: '', approval: undefined, enrollment };
    accepted(await as('withdrawals', FactorServiceService.addFactor, added));
    expect(served.fake.last('factors.add')).toMatchObject([{ registration: { enrolment: enrollment } }]);
  });

  it('notices and reports', async () => {
    const acknowledged = accepted(
      await as('courier', NoticeServiceService.acknowledgeNotice, { noticeId: fake.noticeId }),
    );
    expect(acknowledged.notice).toEqual({
      id: fake.noticeId,
      cursor: 3n,
      account: 'alice',
      kind: NoticeKind.DESTINATION_ADDED,
      text: 'A destination was added.',
      reportToken: fake.token,
      createdAt: new Date(fake.time),
      acknowledged: true,
    });
    const report = accepted(await as('courier', NoticeServiceService.report, { reportToken: fake.token }));
    expect(report).toEqual({ account: 'alice', cancelled: ['e-1'], disputed: ['w-1'] });
  });

  it('the journal: checkpoint, receipt, entries', async () => {
    const checkpoint = accepted(
      await as('withdrawals', JournalServiceService.getCheckpoint, { consistentWithSize: 0n }),
    );
    expect(checkpoint).toMatchObject({ checkpoint: 'note', verifierKey: 'station+key' });
    expect(served.fake.last('journal.checkpoint')).toEqual([undefined]);
    await as('auditors', JournalServiceService.getCheckpoint, { consistentWithSize: 7n });
    expect(served.fake.last('journal.checkpoint')).toEqual([7]);
    const receipt = accepted(await as('auditors', JournalServiceService.getReceipt, { withdrawalId: 'w-1' }));
    expect(receipt.receipt.toString()).toBe('{}');
    const entries = accepted(await as('auditors', JournalServiceService.getEntries, { fromIndex: 1n, limit: 0 }));
    expect(entries).toEqual({ entries: [{ index: 1n, leaf: Buffer.from('leaf 1') }], size: 2n });
    expect(served.fake.last('journal.entries')).toEqual([1, 100]);
  });

  it('the journal: tiles', async () => {
    const tile = accepted(await as('auditors', JournalServiceService.getTile, { level: 1, index: 7n, width: 0 }));
    expect(tile.tile.toString()).toBe('tile 1 7 256');
    const partial = accepted(await as('auditors', JournalServiceService.getTile, { level: 63, index: 0n, width: 255 }));
    expect(partial.tile.toString()).toBe('tile 63 0 255');
    const bundle = accepted(await as('auditors', JournalServiceService.getEntriesTile, { index: 2n, width: 17 }));
    expect(bundle.tile.toString()).toBe('tile entries 2 17');
    for (const wrong of [
      as('auditors', JournalServiceService.getTile, { level: 64, index: 0n, width: 0 }),
      as('auditors', JournalServiceService.getTile, { level: 0, index: 0n, width: 257 }),
      as('auditors', JournalServiceService.getEntriesTile, { index: 0n, width: 257 }),
      as('auditors', JournalServiceService.getEntriesTile, { index: 2n ** 60n, width: 1 }),
    ]) {
      expect(refused(await wrong).code).toBe(status.INVALID_ARGUMENT);
    }
  });

  it('the journal: what goes to witnesses and comes back', async () => {
    const { getCheckpointForWitness, addCosignatures, submitCheckpoint, getCosignedCheckpoint } = JournalServiceService;
    const said = { witness: 'witness.example/w1', size: 2n, time: new Date(fake.time) };
    for (const role of ['courier', 'auditors'] as const) {
      const asked = accepted(
        await as(role, getCheckpointForWitness, { witness: 'witness.example/w1', oldSize: undefined }),
      );
      expect(asked).toEqual({ body: 'old 0\n\nnote', size: 2n });
      expect(served.fake.last('witnesses.request')).toEqual(['witness.example/w1', undefined]);
      const added = accepted(await as(role, addCosignatures, { size: 2n, signatures: 'lines' }));
      expect(added).toEqual({ cosignatures: [said] });
      expect(served.fake.last('witnesses.accept')).toEqual([2, 'lines']);
      expect(accepted(await as(role, submitCheckpoint, { checkpoint: 'kept' }))).toEqual({ size: 2n });
      expect(served.fake.last('journal.hold')).toEqual([new TextEncoder().encode('kept')]);
      const cosigned = accepted(await as(role, getCosignedCheckpoint, {}));
      expect(cosigned).toEqual({ checkpoint: 'cosigned', cosignatures: [said] });
    }
    await as('courier', getCheckpointForWitness, { witness: 'w', oldSize: 0n });
    expect(served.fake.last('witnesses.request')).toEqual(['w', 0]);
    served.fake.behaviours.set('witnesses.cosigned', () => undefined);
    const none = accepted(await as('auditors', getCosignedCheckpoint, {}));
    expect(none).toEqual({ checkpoint: '', cosignatures: [] });
    const denied = [
      await as('withdrawals', getCheckpointForWitness, { witness: 'w', oldSize: undefined }),
      await as('withdrawals', addCosignatures, { size: 2n, signatures: 'lines' }),
      await as('withdrawals', submitCheckpoint, { checkpoint: 'kept' }),
      await as('withdrawals', getCosignedCheckpoint, {}),
    ];
    for (const outcome of denied) expect(refused<unknown>(outcome).code).toBe(status.PERMISSION_DENIED);
  });

  it('S9: entries are not for the withdrawal service, as tiles no more than as entries', async () => {
    const { getTile, getEntriesTile, getEntries } = JournalServiceService;
    for (const role of ['withdrawals', 'courier'] as const) {
      const denied = [
        await as(role, getTile, { level: 0, index: 0n, width: 1 }),
        await as(role, getEntriesTile, { index: 0n, width: 1 }),
        await as(role, getEntries, { fromIndex: 0n, limit: 1 }),
      ];
      for (const outcome of denied) expect(refused<unknown>(outcome).code).toBe(status.PERMISSION_DENIED);
    }
  });

  it('S2: an answer holds a megabyte of entries at most, and always one', async () => {
    const leaf = Buffer.alloc(300_000);
    served.fake.behaviours.set('journal.entries', () => [0, 1, 2, 3, 4].map((index) => ({ index, leaf })));
    const request = GetEntriesRequest.fromPartial({ limit: 1_000 });
    expect(accepted(await as('auditors', JournalServiceService.getEntries, request)).entries).toHaveLength(3);
    served.fake.behaviours.set('journal.entries', () => [{ index: 0, leaf: Buffer.alloc(2_000_000) }]);
    expect(accepted(await as('auditors', JournalServiceService.getEntries, request)).entries).toHaveLength(1);
  });

  it('operators: who acts is the name in the certificate', async () => {
    const { freeze } = accepted(
      await as('operators', OperatorServiceService.freeze, { scope: 'account:alice', why: 'stolen phone' }),
    );
    expect(freeze).toEqual({ scope: 'station', who: 'olga', why: 'drill', since: new Date(fake.time) });
    expect(served.fake.last('operators.freeze')).toEqual(['account:alice', 'test-operators', 'stolen phone']);
    accepted(await as('operators', OperatorServiceService.thaw, { scope: 'station', why: 'over' }));
    expect(served.fake.last('operators.thaw')).toEqual(['station', 'test-operators', 'over']);
    accepted(await as('operators', OperatorServiceService.acknowledgeClock, { why: 'NTP is back' }));
    expect(served.fake.last('operators.acknowledgeClock')).toEqual(['test-operators', 'NTP is back']);
    expect(accepted(await as('operators', OperatorServiceService.getStation, {}))).toEqual({
      station: fake.station,
      policyHash: fake.digest,
      sealing: { keyId: 'aa00aa00aa00aa00', former: [] },
      simulatedTime: true,
      now: new Date(fake.time),
      witnessedMs: 12_345n,
      clockSuspect: false,
      freezes: [{ scope: 'station', who: 'olga', why: 'drill', since: new Date(fake.time) }],
      wallets: [
        {
          wallet: 'hot',
          address: fake.address,
          ready: false,
          reason: 'device-locked',
          message: 'locked',
          nextNonce: 7n,
          chain: 'eip155:1',
          nextChange: 0n,
          signers: [expect.objectContaining({ signer: 'ledger-1' }), expect.objectContaining({ signer: 'ledger-2' })],
        },
      ],
      noticesWaiting: 1n,
      journalSize: 2n,
      operators: {
        quorum: 2,
        recoveryQuorum: 3,
        people: [
          {
            name: 'olivia',
            recovery: false,
            suspended: true,
            suspendedBy: 'omar',
            suspendedWhy: 'lost the key',
            suspendedSince: new Date(fake.time),
          },
          {
            name: 'rita',
            recovery: true,
            suspended: false,
            suspendedBy: '',
            suspendedWhy: '',
            suspendedSince: undefined,
          },
        ],
      },
    });
  });

  it('a chunk of an import comes with its act and its number; what was left out is told', async () => {
    const { importChunk } = OperatorServiceService;
    const chunk = { actId: fake.digest, index: 3, records: Buffer.from('a line') };
    expect(accepted(await as('operators', importChunk, chunk))).toEqual({
      already: false,
      factors: 2,
      destinations: 1,
      skipped: [{ line: 3, reason: 'account-not-new', message: 'the account had a factor before' }],
    });
    expect(served.fake.last('onboarding.importChunk')).toEqual([
      { act: fake.digest, index: 3, records: Buffer.from('a line') },
    ]);
    for (const wrong of [{ actId: 'x' }, { records: Buffer.alloc(0) }, { records: Buffer.alloc(48 * 1024 + 1) }])
      expect(refused(await as('operators', importChunk, { ...chunk, ...wrong })).code).toBe(status.INVALID_ARGUMENT);
  });

  it('S5: operators’ acts carry what was signed, and nothing of the certificate that brought it', async () => {
    const o = OperatorServiceService;
    const time = new Date(fake.time);
    const act = {
      id: fake.digest,
      verb: 'thaw',
      subject: 'station',
      digest: Buffer.from(fake.digest, 'hex'),
      basePolicy: fake.digest,
      payload: Buffer.alloc(0),
      state: ActState.RIPENING,
      operators: ['olivia', 'omar'],
      signaturesNeeded: 2,
      description: 'Lift the freeze of station.',
      openedAt: time,
      expiresAt: time,
      notBefore: time,
      waitingFor: { reason: 'act-unripe', message: 'not before tomorrow', metadata: { not_before: 'tomorrow' } },
    };
    const prepare = { verb: 'freeze', subject: 'station', payload: Buffer.from('drill'), lifetimeSeconds: 60 };
    const prepared = accepted(await as('operators', o.prepareOperatorAct, prepare));
    expect(served.fake.last('acts.prepare')).toEqual([
      { verb: 'freeze', subject: 'station', payload: Buffer.from('drill'), lifetime: 60_000 },
    ]);
    expect(prepared).toMatchObject({
      description: act.description,
      signaturesNeeded: 2,
      delayMs: 86_400_000n,
      open: act,
      rpId: 'localhost',
      credentialIds: [fake.credential],
    });
    expect(prepared.wouldRefuse).toHaveLength(1);
    const payload = Buffer.alloc(0);
    const submit = { intent: prepared.intent?.canonical ?? payload, attestation: assertion(), payload };
    expect(accepted(await as('operators', o.submitOperatorAct, submit))).toEqual({ act });
    const [asked] = served.fake.last('acts.submit') ?? [];
    expect(Object.keys(Object(asked)).sort()).toEqual(['attestation', 'intent', 'payload']);
    expect(accepted(await as('operators', o.getAct, { actId: fake.digest }))).toEqual({ act });
    expect(accepted(await as('operators', o.listActs, { unsettled: true, limit: 0 }))).toEqual({ acts: [act] });
    expect(served.fake.last('acts.list')).toEqual([{ unsettled: true, limit: 100 }]);
    const held = accepted(await as('operators', o.listHeldWithdrawals, { limit: 7 }));
    expect(served.fake.last('acts.held')).toEqual([7]);
    expect(held.withdrawals).toMatchObject([
      {
        withdrawal: { id: 'w-1', state: WithdrawalState.HELD },
        heldBy: ['band'],
        signaturesNeeded: 2,
        approvedBy: ['olivia', 'omar'],
        actId: fake.digest,
      },
    ]);
  });

  it.each([
    'station',
    'wallet:hot',
    'account:alice:1',
    'chain:eip155:1',
    `asset:${fake.asset}`,
    `destination:${fake.address}`,
  ])('a freeze of %s', async (scope) => {
    accepted(await as('operators', OperatorServiceService.freeze, { scope, why: 'drill' }));
    expect(served.fake.last('operators.freeze')?.[0]).toBe(scope);
  });
});

describe('a malformed field is refused by its name, and custody is not asked', () => {
  const long = (length: number) => Buffer.alloc(length, 1);
  const authorize = (change: Partial<WebAuthnAssertion>) =>
    AuthorizeWithdrawalRequest.fromPartial({ intent, attestations: [assertion(), assertion(change)] });
  const sign = (change: Partial<SignTransactionRequest>) =>
    SignTransactionRequest.fromPartial({ wallet: 'hot', unsigned: Buffer.from([2]), ...change });
  const addFactor = (change: Partial<AddFactorRequest>) =>
    AddFactorRequest.fromPartial({ intent, registrationJson: '{}', ...change });
  const destination = (change: Partial<PrepareDestinationRequest>) =>
    PrepareDestinationRequest.fromPartial({ entryId: 'e', account: 'a', destination: fake.address, ...change });
  const w = WithdrawalServiceService;
  const t = TransactionServiceService;
  const d = DestinationServiceService;
  const f = FactorServiceService;
  const n = NoticeServiceService;
  const j = JournalServiceService;
  const o = OperatorServiceService;
  const webauthn = 'attestations[1].webauthn';

  it.each([
    ['withdrawal_id', w.prepareWithdrawal, prepareWithdrawal({ withdrawalId: 'a b' })],
    ['withdrawal_id', w.prepareWithdrawal, prepareWithdrawal({ withdrawalId: '' })],
    ['account', w.prepareWithdrawal, prepareWithdrawal({ account: 'x'.repeat(65) })],
    ['account', w.prepareWithdrawal, prepareWithdrawal({ account: 'a\n' })],
    ['asset', w.prepareWithdrawal, prepareWithdrawal({ asset: 'ETH' })],
    ['amount', w.prepareWithdrawal, prepareWithdrawal({ amount: '0' })],
    ['amount', w.prepareWithdrawal, prepareWithdrawal({ amount: '1.5' })],
    ['amount', w.prepareWithdrawal, prepareWithdrawal({ amount: '01' })],
    ['amount', w.prepareWithdrawal, prepareWithdrawal({ amount: String(2n ** 256n) })],
    ['destination', w.prepareWithdrawal, prepareWithdrawal({ destination: '0x00' })],
    ['max_fee', w.prepareWithdrawal, prepareWithdrawal({ maxFee: '-1' })],
    ['max_fee', w.prepareWithdrawal, prepareWithdrawal({ maxFee: '' })],
    ['pay_by', w.prepareWithdrawal, prepareWithdrawal({ payBy: new Date(-1) })],
    ['pay_by', w.prepareWithdrawal, prepareWithdrawal({ payBy: new Date(Date.UTC(10_000, 0)) })],
    ['lifetime_seconds', w.prepareWithdrawal, prepareWithdrawal({ lifetimeSeconds: 901 })],
    ['lifetime_seconds', w.prepareWithdrawal, prepareWithdrawal({ lifetimeSeconds: 2 ** 32 - 1 })],
    ['intent', w.authorizeWithdrawal, { intent: long(0), attestations: [] }],
    ['intent', w.authorizeWithdrawal, { intent: long(4097), attestations: [] }],
    ['attestations', w.authorizeWithdrawal, { intent, attestations: Array.from({ length: 9 }, () => assertion()) }],
    ['attestations[0].evidence', w.authorizeWithdrawal, { intent, attestations: [{ evidence: undefined }] }],
    [`${webauthn}.credential_id`, w.authorizeWithdrawal, authorize({ credentialId: '' })],
    [`${webauthn}.credential_id`, w.authorizeWithdrawal, authorize({ credentialId: `${fake.credential}=` })],
    [`${webauthn}.credential_id`, w.authorizeWithdrawal, authorize({ credentialId: `+${fake.credential}` })],
    // The last two bits of the last character spell nothing: two ids for the same bytes.
    [
      `${webauthn}.credential_id`,
      w.authorizeWithdrawal,
      authorize({ credentialId: `${fake.credential.slice(0, -1)}x` }),
    ],
    [`${webauthn}.raw_id`, w.authorizeWithdrawal, authorize({ rawId: long(0) })],
    [`${webauthn}.authenticator_data`, w.authorizeWithdrawal, authorize({ authenticatorData: long(1025) })],
    [`${webauthn}.authenticator_data`, w.authorizeWithdrawal, authorize({ authenticatorData: long(0) })],
    [`${webauthn}.client_data_json`, w.authorizeWithdrawal, authorize({ clientDataJson: long(4097) })],
    [`${webauthn}.client_data_json`, w.authorizeWithdrawal, authorize({ clientDataJson: long(0) })],
    [`${webauthn}.signature`, w.authorizeWithdrawal, authorize({ signature: long(1025) })],
    [`${webauthn}.signature`, w.authorizeWithdrawal, authorize({ signature: long(0) })],
    ['withdrawal_id', w.getWithdrawal, { withdrawalId: '' }],
    ['withdrawal_id', w.cancelWithdrawal, { withdrawalId: 'ä' }],
    ['wallet', t.signTransaction, sign({ wallet: 'Hot' })],
    ['unsigned', t.signTransaction, sign({ unsigned: long(0) })],
    ['unsigned', t.signTransaction, sign({ unsigned: long(768 * 1024 + 1) })],
    ['withdrawal_ids[1]', t.signTransaction, sign({ withdrawalIds: ['w', ''] })],
    ['withdrawal_ids', t.signTransaction, sign({ withdrawalIds: Array.from({ length: 501 }, (_, i) => `w${i}`) })],
    ['replaces', t.signTransaction, sign({ replaces: fake.transactionId.toUpperCase() })],
    ['authorizations[0].intent', t.signTransaction, sign({ authorizations: [{ intent: long(0), attestations: [] }] })],
    [
      'authorizations[0].attestations[0].webauthn.signature',
      t.signTransaction,
      sign({ authorizations: [{ intent, attestations: [assertion({ signature: long(0) })] }] }),
    ],
    ['unsigned', t.explainTransaction, { wallet: 'hot', unsigned: long(0), withdrawalIds: [], replaces: '' }],
    ['transaction_id', t.retryTransaction, { transactionId: '00' }],
    ['transaction_id', t.getTransaction, { transactionId: '' }],
    ['entry_id', d.prepareDestination, destination({ entryId: '' })],
    ['account', d.prepareDestination, destination({ account: '' })],
    ['destination', d.prepareDestination, destination({ destination: '' })],
    ['label', d.prepareDestination, destination({ label: 'evil \u202e label' })],
    ['label', d.prepareDestination, destination({ label: '<b>' })],
    ['lifetime_seconds', d.prepareDestination, destination({ lifetimeSeconds: 901 })],
    ['intent', d.addDestination, AddDestinationRequest.fromPartial({})],
    ['account', d.listDestinations, { account: '' }],
    ['entry_id', d.removeDestination, { entryId: '' }],
    ['account', f.beginEnrollment, { account: '' }],
    ['registration_json', f.prepareFactor, PrepareFactorRequest.fromPartial({ account: 'a' })],
    [
      'attested_by',
      f.prepareFactor,
      PrepareFactorRequest.fromPartial({ account: 'a', registrationJson: '{}', attestedBy: 'x' }),
    ],
    [
      'lifetime_seconds',
      f.prepareFactor,
      PrepareFactorRequest.fromPartial({ account: 'a', registrationJson: '{}', lifetimeSeconds: 901 }),
    ],
    ['intent', f.addFactor, addFactor({ intent: long(0) })],
    // 16 KiB are bytes, not characters.
    ['registration_json', f.addFactor, addFactor({ registrationJson: 'é'.repeat(8_193) })],
    ['voucher', f.addFactor, addFactor({ approval: { $case: 'voucher', value: '' } })],
    ['voucher', f.addFactor, addFactor({ approval: { $case: 'voucher', value: 'a'.repeat(4_097) } })],
    ['voucher', f.addFactor, addFactor({ approval: { $case: 'voucher', value: 'a.b.c\n' } })],
    [
      'attestations.attestations[0].webauthn.signature',
      f.addFactor,
      addFactor({ approval: { $case: 'attestations', value: { attestations: [assertion({ signature: long(0) })] } } }),
    ],
    [
      'attestations.attestations[0].evidence',
      f.addFactor,
      addFactor({ approval: { $case: 'attestations', value: { attestations: [{ evidence: undefined }] } } }),
    ],
    ['account', f.listFactors, { account: '' }],
    ['factor_id', f.revokeFactor, { factorId: 'short' }],
    ['notice_id', n.acknowledgeNotice, { noticeId: 'x' }],
    ['report_token', n.report, { reportToken: '' }],
    ['report_token', n.report, { reportToken: `${fake.token}A` }],
    ['consistent_with_size', j.getCheckpoint, { consistentWithSize: 2n ** 53n }],
    ['withdrawal_id', j.getReceipt, { withdrawalId: '' }],
    ['from_index', j.getEntries, { fromIndex: 2n ** 64n - 1n, limit: 1 }],
    ['limit', j.getEntries, { fromIndex: 0n, limit: 1_001 }],
    ['scope', o.freeze, { scope: '', why: 'x' }],
    ['scope', o.freeze, { scope: 'Station', why: 'x' }],
    ['scope', o.freeze, { scope: 'station:', why: 'x' }],
    ['scope', o.freeze, { scope: 'planet:earth', why: 'x' }],
    ['scope', o.freeze, { scope: ':station', why: 'x' }],
    ['scope', o.freeze, { scope: 'wallet:', why: 'x' }],
    ['scope', o.freeze, { scope: 'wallet:Hot', why: 'x' }],
    ['scope', o.freeze, { scope: 'account:a b', why: 'x' }],
    ['scope', o.freeze, { scope: 'chain:ethereum', why: 'x' }],
    ['scope', o.freeze, { scope: 'asset:ETH', why: 'x' }],
    ['scope', o.thaw, { scope: 'destination:0x00', why: 'x' }],
    ['why', o.freeze, { scope: 'station', why: '' }],
    ['why', o.freeze, { scope: 'station', why: 'line\nbreak' }],
    ['why', o.freeze, { scope: 'station', why: ' drill' }],
    ['why', o.freeze, { scope: 'station', why: 'drill ' }],
    ['why', o.freeze, { scope: 'station', why: '\u202edrill' }],
    ['why', o.thaw, { scope: 'station', why: '<script>' }],
    ['why', o.acknowledgeClock, { why: 'x'.repeat(257) }],
    ['verb', o.prepareOperatorAct, PrepareOperatorActRequest.fromPartial({ verb: 'sign', subject: 'station' })],
    ['subject', o.prepareOperatorAct, PrepareOperatorActRequest.fromPartial({ verb: 'thaw', subject: '' })],
    ['subject', o.prepareOperatorAct, PrepareOperatorActRequest.fromPartial({ verb: 'thaw', subject: 'a b' })],
    [
      'payload',
      o.prepareOperatorAct,
      PrepareOperatorActRequest.fromPartial({ verb: 'policy', subject: 'document', payload: long(512 * 1024 + 1) }),
    ],
    [
      'lifetime_seconds',
      o.prepareOperatorAct,
      PrepareOperatorActRequest.fromPartial({ verb: 'thaw', subject: 'station', lifetimeSeconds: 901 }),
    ],
    ['intent', o.submitOperatorAct, SubmitOperatorActRequest.fromPartial({ attestation: assertion() })],
    [
      'attestation.webauthn.signature',
      o.submitOperatorAct,
      SubmitOperatorActRequest.fromPartial({ intent, attestation: assertion({ signature: long(0) }) }),
    ],
    ['act_id', o.getAct, { actId: 'x' }],
    ['limit', o.listActs, { unsettled: false, limit: 1_001 }],
    ['limit', o.listHeldWithdrawals, { limit: 1_001 }],
  ] satisfies readonly (readonly [string, { readonly path: string }, unknown])[])(
    '%s',
    async (field, method, request) => {
      const role =
        { NoticeService: 'courier', JournalService: 'auditors', OperatorService: 'operators' }[
          method.path.split('/')[1]?.replace('portcullis.v1.', '') ?? ''
        ] ?? 'withdrawals';
      const error = refused(await as(role, method as unknown as Method<unknown, unknown>, request));
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'malformed', field });
      expect(error.message).toMatch(/^[\x20-\x7e]+$/);
      expect(served.fake.asked).toEqual([]);
    },
  );

  it('A5: a raw id other than the credential id spells: credential-mismatch', async () => {
    const request = AuthorizeWithdrawalRequest.fromPartial({
      intent,
      attestations: [assertion({ rawId: Buffer.alloc(16, 8) })],
    });
    const error = refused(await as('withdrawals', WithdrawalServiceService.authorizeWithdrawal, request));
    expect(error).toMatchObject({
      code: status.PERMISSION_DENIED,
      reason: 'credential-mismatch',
      field: 'attestations[0].webauthn.raw_id',
    });
    expect(served.fake.asked).toEqual([]);
  });
});

describe('what custody throws', () => {
  it('is told with its reason and details', async () => {
    served.fake.behaviours.set('withdrawals.authorize', async () => {
      throw new Refusal('destination-unripe', 'Not before Tuesday.', { not_before: '2022-01-18T00:46:00Z' });
    });
    const error = refused(
      await as('withdrawals', WithdrawalServiceService.authorizeWithdrawal, { intent, attestations: [assertion()] }),
    );
    expect(error).toMatchObject({
      code: status.FAILED_PRECONDITION,
      message: 'Not before Tuesday.',
      reason: 'destination-unripe',
      domain: 'portcullis',
      metadata: { not_before: '2022-01-18T00:46:00Z' },
    });
  });

  it.each(['withdrawals.get', 'withdrawals.cancel'])(
    'S9: %s fails in a way of its own: INTERNAL, and no text',
    async (path) => {
      served.fake.behaviours.set(path, () => {
        throw new Error('SELECT secret FROM factors');
      });
      const method = path.endsWith('get')
        ? WithdrawalServiceService.getWithdrawal
        : WithdrawalServiceService.cancelWithdrawal;
      const error = refused(await as('withdrawals', method as Method<unknown, unknown>, { withdrawalId: 'w-1' }));
      expect(error).toMatchObject({ code: status.INTERNAL, reason: 'internal' });
      expect(JSON.stringify(error)).not.toContain('secret');
      expect(served.logged.some(({ event, facts }) => event === 'call-failed' && facts['path'] === method.path)).toBe(
        true,
      );
    },
  );

  it('an answer that cannot be put into its message is INTERNAL too', async () => {
    served.fake.behaviours.set('withdrawals.get', () => ({ ...fake.withdrawal, payBy: Number.NaN }));
    const error = refused(await as('withdrawals', WithdrawalServiceService.getWithdrawal, { withdrawalId: 'w-1' }));
    expect(error).toMatchObject({ code: status.INTERNAL, reason: 'internal' });
  });
});
