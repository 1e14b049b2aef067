// A custody that decides nothing: it records what it was asked and answers with fixed records, or as a test tells it to.
import { createHash } from 'node:crypto';
import type { ActView, Custody, Prepared, PreparedAct, Ripened } from '../../src/custody/custody.ts';
import {
  type AccountId,
  type ActId,
  type CosignatureRecord,
  type DestinationRecord,
  type Digest,
  digestOf,
  type EntryId,
  type FactorId,
  type FactorRecord,
  type FreezeRecord,
  type NoticeId,
  type NoticeRecord,
  type OperatorName,
  parseAccountId,
  parseAddress,
  parseAssetId,
  parseChainId,
  parseDigest,
  parseEntryId,
  parseFactorId,
  parseNoticeId,
  parseStationName,
  parseTransactionId,
  parseWalletId,
  parseWithdrawalId,
  sealIntent,
  type TransactionId,
  type TransactionRecord,
  type WalletId,
  type WallMs,
  type WithdrawalId,
  type WithdrawalRecord,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type { BackupMade } from '../../src/store/backup.ts';

export const account: AccountId = parseAccountId('alice', 'account');
export const withdrawalId: WithdrawalId = parseWithdrawalId('w-1', 'withdrawal');
export const entryId: EntryId = parseEntryId('e-1', 'entry');
export const credential: FactorId = parseFactorId(Buffer.alloc(16, 7).toString('base64url'), 'factor');
export const secret: FactorId = parseFactorId(Buffer.alloc(16, 8).toString('base64url'), 'factor');
export const transactionId: TransactionId = parseTransactionId('ab'.repeat(32), 'transaction');
export const noticeId: NoticeId = parseNoticeId('cd'.repeat(16), 'notice');
export const digest: Digest = parseDigest('ef'.repeat(32), 'digest');
export const address = parseAddress('eip155:1:0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B', 'address');
export const asset = parseAssetId('eip155:1/slip44:60', 'asset');
export const station = parseStationName(`${'0f'.repeat(16)}/1`, 'station');
export const token = Buffer.alloc(32, 9).toString('base64url');
export const time = Date.UTC(2022, 0, 17, 0, 46) as WallMs;

const utf8 = new TextEncoder();
const intent = sealIntent('portcullis/destination/v1', {
  station,
  issued: '2022-01-17T00:46:00Z',
  expires: '2022-01-17T00:51:00Z',
  ticket: Buffer.alloc(32, 1).toString('base64url'),
  entry: entryId,
  account,
  destination: address,
  label: 'Cold wallet',
});

export const prepared: Prepared = {
  intent,
  rpId: 'approve.station.test',
  evidenceWanted: {
    summary: 'one WebAuthn assertion and evidence of 2 different classes',
    demand: { assertions: 2, classes: 2, enrolments: 1, webauthn: 1, hardware: 0 },
    accepts: ['device', 'totp', 'mfa-service'],
    factors: [
      { id: credential, kind: 'webauthn', class: 'device' },
      { id: secret, kind: 'totp', class: 'totp' },
    ],
    services: ['mfa.example'],
    wallets: [
      {
        wallet: 'vault' as WalletId,
        demand: { assertions: 1, classes: 1, enrolments: 1, webauthn: 1, hardware: 1 },
        operators: 2,
      },
    ],
  },
  rules: [
    { rule: 'asset-known', passed: true, explanation: 'Ether is known', refusal: undefined },
    {
      rule: 'destination-stands',
      passed: false,
      explanation: 'not ripe',
      refusal: { reason: 'destination-unripe', message: 'not before tomorrow', details: { not_before: 'tomorrow' } },
    },
  ],
  warnings: ['looks like another'],
};

export const withdrawal: WithdrawalRecord = {
  id: withdrawalId,
  account,
  asset,
  amount: 10n ** 30n,
  destination: address,
  entry: entryId,
  maxFee: 21_000n,
  payBy: time,
  digest,
  intent: utf8.encode('intent'),
  evidence: utf8.encode('evidence'),
  factors: [credential],
  epoch: 0,
  state: 'AUTHORIZED',
  wallet: null,
  anchor: null,
  transaction: null,
  authorizedAt: time,
  reservedAt: 0 as WitnessedMs,
  reserved: null,
  counted: [],
  operators: 0,
  heldBy: [],
  act: null,
  history: [],
};

export const transaction: TransactionRecord = {
  id: transactionId,
  kind: 'payment',
  act: null,
  wallet: parseWalletId('hot', 'wallet'),
  chain: parseChainId('eip155:1', 'chain'),
  unsigned: utf8.encode('unsigned'),
  psbt: null,
  pays: [withdrawalId],
  paymentSet: digestOf(utf8.encode('set')),
  anchor: 'nonce:7',
  maxFee: 1n,
  replaces: null,
  state: 'PERMITTED',
  blockedBy: 'device-locked',
  signed: null,
  sealed: utf8.encode('sealed'),
  signer: null,
  signedBy: [],
  declinedBy: [],
  attempts: 0,
  permittedAt: time,
  history: [],
};

export const operator = 'olivia' as OperatorName;

export const act: ActView = {
  act: {
    id: digest as string as ActId,
    verb: 'thaw',
    subject: 'station',
    digest,
    base: digest,
    payload: new Uint8Array(),
    state: 'RIPENING',
    operators: [operator, 'omar'],
    evidence: utf8.encode('evidence'),
    w0: 0 as WitnessedMs,
    d0: 1,
    notice: noticeId,
    openedAt: time,
    expiresAt: time,
    history: [],
  },
  description: 'Lift the freeze of station.',
  signatures: 2,
  notBefore: time,
  waiting: { reason: 'act-unripe', message: 'not before tomorrow', details: { not_before: 'tomorrow' } },
};

export const preparedAct: PreparedAct = {
  intent: sealIntent('portcullis/operator/v1', {
    station,
    issued: '2022-01-17T00:46:00Z',
    expires: '2022-01-17T00:51:00Z',
    ticket: Buffer.alloc(32, 1).toString('base64url'),
    verb: 'thaw',
    subject: 'station',
    digest,
    base: digest,
  }),
  description: 'Lift the freeze of station.',
  details: ['looser: nonce_window: 4 -> 5'],
  signatures: 2,
  delay: 86_400_000,
  open: act.act,
  rpId: 'localhost',
  credentials: [credential],
  rules: prepared.rules,
};

export const destination: Ripened<DestinationRecord> = {
  record: {
    entry: entryId,
    account,
    destination: address,
    label: 'Cold wallet',
    attestedBy: [credential],
    epoch: 0,
    digest,
    intent: utf8.encode('{}'),
    evidence: utf8.encode('{}'),
    state: 'pending',
    w0: 0 as WitnessedMs,
    d0: 1,
    notice: noticeId,
    history: [],
  },
  state: 'pending',
  notBefore: time,
};

export const factor: Ripened<FactorRecord> = {
  record: {
    id: credential,
    account,
    kind: 'webauthn',
    class: 'device',
    coseKey: utf8.encode('key'),
    signCount: 0,
    backupEligible: false,
    backupState: false,
    aaguid: '00'.repeat(16),
    authority: null,
    attestation: null,
    epoch: 0,
    admission: 'voucher',
    attestedBy: [],
    digest,
    intent: utf8.encode('{}'),
    evidence: utf8.encode('{}'),
    state: 'announcing',
    w0: null,
    d0: null,
    notice: noticeId,
    history: [],
  },
  state: 'announcing',
  notBefore: undefined,
};

export const cosignature: CosignatureRecord = {
  witness: 'witness.example/w1+00000000+key',
  size: 2,
  root: new Uint8Array(32),
  time,
  signature: new Uint8Array(72),
  at: 12_345 as WitnessedMs,
};

export const notice: NoticeRecord = {
  id: noticeId,
  sequence: 3,
  account,
  kind: 'destination-added',
  subject: entryId,
  text: 'A destination was added.',
  token,
  createdAt: time,
  acknowledgedAt: null,
};

export const freeze: FreezeRecord = { scope: 'station', active: true, who: 'olga', why: 'drill', since: time };

/** A method that can be told to do something else, by its path such as `withdrawals.get`. */
export type Behaviour = (...args: readonly unknown[]) => unknown;

export class FakeCustody {
  /** What was asked, as path and arguments. */
  readonly asked: { readonly path: string; readonly args: readonly unknown[] }[] = [];
  /** Whose transactions were asked for. */
  readonly clients: string[] = [];
  readonly behaviours = new Map<string, Behaviour>();
  readonly custody: Custody;

  constructor() {
    const on = <F>(path: string, answer: F): F =>
      // Every method of Custody is a function; which one is for the type of `answer` to say.
      ((...args: readonly unknown[]) => {
        this.asked.push({ path, args });
        return (this.behaviours.get(path) ?? (answer as Behaviour))(...args);
      }) as F;

    const transactions: Custody['transactions'] = {
      explain: on('transactions.explain', async () => ({ effects: undefined, rules: prepared.rules })),
      sign: on('transactions.sign', async () => transaction),
      retry: on('transactions.retry', async () => transaction),
      get: on('transactions.get', () => transaction),
      watch: on('transactions.watch', (_ids, watcher) => {
        watcher(transaction);
        return () => {};
      }),
    };
    const allow = on('transactions.allow', (_wallet: WalletId) => {});

    const withdrawals: Custody['withdrawals'] = {
      prepare: on('withdrawals.prepare', async () => prepared),
      authorize: on('withdrawals.authorize', async () => withdrawal),
      get: on('withdrawals.get', () => withdrawal),
      watch: on('withdrawals.watch', (_ids, watcher) => {
        watcher(withdrawal);
        return () => {};
      }),
      cancel: on('withdrawals.cancel', async () => withdrawal),
    };

    this.custody = {
      withdrawals,
      withdrawalsOf: (client) => {
        this.clients.push(client);
        return withdrawals;
      },
      transactions,
      transactionsOf: (client) => {
        this.clients.push(client);
        return { ...transactions, allow };
      },
      destinations: {
        prepare: on('destinations.prepare', async () => prepared),
        add: on('destinations.add', async () => destination),
        list: on('destinations.list', () => [destination]),
        remove: on('destinations.remove', async () => destination),
      },
      factors: {
        begin: on('factors.begin', async () => '{}'),
        beginCode: on('factors.beginCode', () => ({ uri: 'otpauth://totp/x', enrolment: Uint8Array.of(2, 7) })),
        prepare: on('factors.prepare', async () => ({
          intent,
          credential,
          class: 'device' as const,
          key: digest,
          station,
          evidenceWanted: prepared.evidenceWanted,
        })),
        add: on('factors.add', async () => factor),
        list: on('factors.list', () => [factor]),
        revoke: on('factors.revoke', async () => ({ factor, cancelled: ['e-1', 'w-1'] })),
      },
      notices: {
        generation: 1,
        waiting: on('notices.waiting', (after) => (after < notice.sequence ? [notice] : [])),
        onNotice: on('notices.onNotice', () => () => {}),
        acknowledge: on('notices.acknowledge', async () => ({ ...notice, acknowledgedAt: time })),
        report: on('notices.report', async () => ({ account, cancelled: ['e-1'], disputed: ['w-1'] })),
      },
      backups: {
        create: on('backups.create', () => madeBackup()),
      },
      journal: {
        verifierKey: 'station+key',
        size: on('journal.size', () => 2),
        checkpoint: on('journal.checkpoint', async () => ({ note: 'note', proof: [Buffer.alloc(32, 1)] })),
        witnesses: {
          request: on('witnesses.request', async () => ({ body: 'old 0\n\nnote', size: 2 })),
          accept: on('witnesses.accept', async () => [cosignature]),
          cosigned: on('witnesses.cosigned', async () => ({ note: 'cosigned', cosignatures: [cosignature] })),
        },
        hold: on('journal.hold', () => 2),
        head: on('journal.head', async () => ({
          origin: 'portcullis/test',
          size: 2,
          root: Buffer.alloc(32, 1),
          note: 'note',
        })),
        tile: on('journal.tile', ({ level, index, width }) => utf8.encode(`tile ${level} ${index} ${width}`)),
        entries: on('journal.entries', (from, limit) =>
          [0, 1]
            .filter((index) => index >= from)
            .slice(0, limit)
            .map((index) => ({ index, leaf: utf8.encode(`leaf ${index}`) })),
        ),
        onGrowth: on('journal.onGrowth', () => () => {}),
        receipt: on('journal.receipt', async () => utf8.encode('{}')),
      },
      operators: {
        transactions: on('operators.transactions', () => [transaction]),
        account: on('operators.account', () => ({
          factors: [factor],
          everEnrolled: true,
          recoversUntil: time,
          freeze,
        })),
        station: on('operators.station', () => ({
          station,
          policy: digest,
          simulatedTime: true,
          now: time,
          w: 12_345 as WitnessedMs,
          clockSuspect: false,
          freezes: [freeze],
          wallets: [
            {
              id: parseWalletId('hot', 'wallet'),
              address,
              chain: parseChainId('eip155:1', 'chain'),
              nextNonce: 7,
              nextChange: 0,
              readiness: { ready: false as const, reason: 'device-locked' as const, message: 'locked' },
              signers: [
                {
                  signer: 'ledger-1',
                  readiness: { ready: false as const, reason: 'device-locked' as const, message: 'locked' },
                  registered: undefined,
                },
                { signer: 'ledger-2', readiness: { ready: true as const }, registered: false },
              ],
            },
          ],
          noticesWaiting: 1,
          journalSize: 2,
          sealing: { current: 'aa00aa00aa00aa00' as never, former: [] },
          operators: {
            quorum: 2,
            recoveryQuorum: 3,
            people: [
              { name: operator, recovery: false, suspended: { by: 'omar', why: 'lost the key', since: time } },
              { name: 'rita' as OperatorName, recovery: true, suspended: undefined },
            ],
          },
        })),
        freeze: on('operators.freeze', async () => freeze),
        thaw: on('operators.thaw', async () => {}),
        acknowledgeClock: on('operators.acknowledgeClock', async () => {}),
        policy: on('operators.policy', () => ({ hash: digest, document: 'version: 1' })),
        replay: on('operators.replay', async () => ({
          since: time,
          decided: 3,
          cut: true,
          changed: 1,
          byRule: new Map([['within-hours', 1]]),
          examples: [
            { withdrawal: 'w-1', was: 'approved', will: 'held', rule: 'within-hours', message: 'it is night' },
          ],
          unknowns: ['prices are the present ones'],
        })),
      },
      onboarding: {
        importChunk: on('onboarding.importChunk', async () => ({
          already: false,
          factors: 2,
          destinations: 1,
          skipped: [{ line: 3, reason: 'account-not-new', message: 'the account had a factor before' }],
        })),
      },
      wallets: {
        readKey: on('wallets.readKey', async () => ({
          kind: 'extended' as const,
          device: 'Ledger, Bitcoin Test 2.4.6',
          fingerprint: 'f5acc2fd',
          xpub: 'tpub',
        })),
        createKey: on('wallets.createKey', async () => ({
          kind: 'token' as const,
          device: 'SoftHSM 2.6, token hot (1)',
          id: 'a1',
          publicKey: `02${'ab'.repeat(32)}`,
          attributes: ['CKA_SENSITIVE true'],
        })),
        register: on('wallets.register', async () => ({ walletPolicy: 'ab'.repeat(32), fingerprint: 'f5acc2fd' })),
        showAddress: on('wallets.showAddress', async () => ({ address, shown: '0xAb58' })),
      },
      acts: {
        prepare: on('acts.prepare', async () => preparedAct),
        submit: on('acts.submit', async () => act),
        get: on('acts.get', () => act),
        list: on('acts.list', () => [act]),
        watch: on('acts.watch', (_ids, watcher) => {
          watcher(act.act);
          return () => {};
        }),
        held: on('acts.held', () => [
          { record: { ...withdrawal, state: 'HELD', heldBy: ['band'], operators: 2 }, needed: 2, act: act.act },
        ]),
      },
    };
  }

  /** What the method was asked last. */
  last(path: string): readonly unknown[] | undefined {
    return this.asked.findLast((question) => question.path === path)?.args;
  }
}

/** Of two chunks. */
async function* madeBackup(): AsyncGenerator<Uint8Array, BackupMade> {
  yield utf8.encode('first ');
  yield utf8.encode('second');
  return { size: 2, rows: 7, bytes: 12, sha256: createHash('sha256').update('first second').digest() };
}
