import { parse } from 'yaml';
import {
  type AccountId,
  type AccountRecord,
  type AnchorRecord,
  Buckets,
  type DestinationIntent,
  type DestinationRecord,
  day,
  digestOf,
  type Effects,
  type EntryId,
  type FactorId,
  type FactorIntent,
  type FactorRecord,
  type Flat,
  formatInstant,
  hour,
  type NoticeId,
  parseChainId,
  paymentSet,
  type Sealed,
  type StationName,
  sealIntent,
  type TransactionId,
  type TransactionRecord,
  type VerifiedToken,
  type WallMs,
  type WithdrawalIntent,
  type WithdrawalRecord,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type {
  DestinationCase,
  Evidence,
  FactorCase,
  Listed,
  Moment,
  PaidWithdrawal,
  TransactionCase,
  WithdrawalCase,
} from '../../src/gate/cases.ts';
import { type Policy, parsePolicy } from '../../src/gate/policy.ts';
import { alicesAddress, chain, ether, mallorysAddress, policyDocument, walletId } from '../custody/station.ts';

// Cases made by hand, each of which every rule passes. A test changes one thing.

export const bobsAddress = mallorysAddress;
export const name = `${'9f'.repeat(16)}/1` as StationName;
export const now = Date.parse('2022-01-20T12:00:00Z') as WallMs;
export const w = (10 * day) as WitnessedMs;
const credential = 'A'.repeat(43) as FactorId;
const ticket = 'T'.repeat(43);

export function policyOf(change: (document: string) => string = (d) => d): Policy {
  return parsePolicy(parse(policyDocument({ x: 'A'.repeat(43) }, change)));
}

export function moment(of: Partial<Moment> = {}): Moment {
  return {
    policy: policyOf(),
    station: {
      key: 'station',
      name,
      ticketEpoch: 1,
      factorEpoch: 1,
      policy: digestOf(),
      origin: 'portcullis/test',
      metadata: 0,
      journalKey: 'portcullis/test+00000000+key',
      journalKeyLeaves: ['0'],
    },
    now,
    w,
    clockSuspect: false,
    freezes: [],
    ...of,
  };
}

const common = { station: name, issued: formatInstant(now), expires: formatInstant((now + 300_000) as WallMs), ticket };

export function withdrawalIntent(members: Flat = {}): Sealed<WithdrawalIntent> {
  return sealIntent('portcullis/withdrawal/v1', {
    ...common,
    withdrawal: 'w-1',
    account: 'alice',
    asset: ether,
    amount: '1000000000000000000',
    destination: alicesAddress,
    max_fee: '1000000000000000',
    pay_by: formatInstant((now + hour) as WallMs),
    ...members,
  });
}

export function destinationIntent(members: Flat = {}): Sealed<DestinationIntent> {
  return sealIntent('portcullis/destination/v1', {
    ...common,
    entry: 'entry-2',
    account: 'alice',
    destination: bobsAddress,
    label: 'mine',
    ...members,
  });
}

export function factorIntent(members: Flat = {}): Sealed<FactorIntent> {
  return sealIntent('portcullis/factor/v1', {
    ...common,
    account: 'alice',
    kind: 'webauthn',
    class: 'device',
    credential: 'B'.repeat(43),
    key: 'b'.repeat(64),
    attested_by: '',
    ...members,
  });
}

export function factor(of: Partial<FactorRecord> = {}): FactorRecord {
  return {
    id: credential,
    account: 'alice' as AccountId,
    kind: 'webauthn',
    class: 'device',
    coseKey: new Uint8Array(77),
    signCount: 0,
    backupEligible: false,
    backupState: false,
    aaguid: '0'.repeat(32),
    authority: null,
    attestation: null,
    epoch: 1,
    admission: 'voucher',
    attestedBy: [],
    digest: digestOf(),
    intent: new Uint8Array(),
    evidence: new Uint8Array(),
    state: 'pending',
    w0: 0 as WitnessedMs,
    d0: day,
    notice: '0'.repeat(32) as NoticeId,
    history: ['2'],
    ...of,
  };
}

export function evidence(of: Partial<FactorRecord> = {}): Evidence {
  const record = factor(of);
  const { id, class: class_ } = record;
  if (class_ === 'totp')
    return { verification: { genuine: true, evidence: { kind: 'totp', factor: id, step: 1 } }, factor: record };
  return {
    verification: {
      genuine: true,
      evidence: {
        kind: 'webauthn',
        factor: id,
        class: class_,
        ceremony: 'webauthn.get',
        userVerified: true,
        signCount: 0,
        backupState: false,
      },
    },
    factor: record,
  };
}

/** A token of an MFA service for the account. */
export function mfaToken(issuer: string, of: Partial<VerifiedToken> = {}): Evidence {
  const account = 'alice' as AccountId;
  const evidence = { kind: 'mfa-token', issuer, kid: 'm1', account, jti: 'j1', ...of } as const;
  return { verification: { genuine: true, evidence }, factor: undefined };
}

export function entry(of: Partial<DestinationRecord> = {}): DestinationRecord {
  return {
    entry: 'entry-1' as EntryId,
    account: 'alice' as AccountId,
    destination: alicesAddress,
    label: 'mine',
    attestedBy: [credential],
    epoch: 1,
    digest: digestOf(),
    intent: new Uint8Array(),
    evidence: new Uint8Array(),
    state: 'pending',
    w0: 0 as WitnessedMs,
    d0: day,
    notice: '0'.repeat(32) as NoticeId,
    history: ['3'],
    ...of,
  };
}

export function listed(of: Partial<DestinationRecord> = {}): Listed {
  const found = entry(of);
  return { listing: { account: found.account, destination: found.destination, entry: found.entry }, entry: found };
}

const approvable = { ticketGenuine: true, spent: undefined };

export function withdrawalCase(of: Partial<WithdrawalCase> = {}): WithdrawalCase {
  return {
    ...moment(),
    ...approvable,
    intent: withdrawalIntent(),
    evidence: [evidence()],
    listed: listed(),
    account: accountRecord(),
    prices: undefined,
    counted: { account: Buckets.empty, asset: Buckets.empty, station: Buckets.empty },
    ...of,
  };
}

/** An account that is not young. */
export function accountRecord(of: Partial<AccountRecord> = {}): AccountRecord {
  return {
    account: 'alice' as AccountId,
    everEnrolled: 1,
    since: 0 as WitnessedMs,
    firstPaid: null,
    usesService: false,
    ...of,
  };
}

export function destinationCase(of: Partial<DestinationCase> = {}): DestinationCase {
  const none: Listed = { listing: undefined, entry: undefined };
  return {
    ...moment(),
    ...approvable,
    intent: destinationIntent(),
    evidence: [evidence()],
    listed: none,
    factors: [],
    ...of,
  };
}

export function factorCase(of: Partial<FactorCase> = {}): FactorCase {
  return {
    ...moment(),
    ...approvable,
    intent: factorIntent(),
    evidence: [],
    voucher: { present: true, genuine: true, spent: false },
    everEnrolled: 0,
    usesService: false,
    factors: [],
    existing: undefined,
    ...of,
  };
}

export function paid(of: Partial<WithdrawalRecord> = {}, intent = withdrawalIntent()): PaidWithdrawal {
  const { withdrawal, account, asset, amount, destination, maxFee, payBy } = intent.intent;
  return {
    record: {
      id: withdrawal,
      account,
      asset,
      amount,
      destination,
      maxFee,
      payBy,
      entry: 'entry-1' as EntryId,
      digest: intent.digest,
      intent: intent.bytes,
      evidence: new Uint8Array(),
      factors: [credential],
      epoch: 1,
      state: 'AUTHORIZED',
      wallet: null,
      anchor: null,
      transaction: null,
      authorizedAt: now,
      reservedAt: 0 as WitnessedMs,
      reserved: null,
      counted: [],
      operators: 0,
      heldBy: [],
      act: null,
      history: ['4'],
      ...of,
    },
    intent,
    evidence: [evidence()],
    listed: listed(),
    account: accountRecord(),
    approvals: [],
  };
}

export function effects(of: Partial<Effects> = {}): Effects {
  return {
    chain: parseChainId(chain, 'chain'),
    payments: [{ asset: ether, destination: alicesAddress, amount: 10n ** 18n, weight: 1n }],
    maxFee: 10n ** 15n,
    feeRate: 10n ** 9n,
    priorityFeeRate: 10n ** 9n,
    change: [],
    anchors: ['nonce:0'],
    nonce: 0,
    lock: undefined,
    accessListEntries: 0,
    ...of,
  };
}

export const id = 'c'.repeat(64) as TransactionId;

export function transactionCase(of: Partial<TransactionCase> = {}): TransactionCase {
  const now_ = moment();
  return {
    ...now_,
    phase: 'first',
    id,
    wallet: now_.policy.wallets.get(walletId),
    effects: effects(),
    withdrawals: [paid()],
    anchorId: of.effects?.anchors[0] ?? 'nonce:0',
    anchor: undefined,
    otherAnchors: [],
    walletState: undefined,
    prices: undefined,
    walletCounted: Buckets.empty,
    cosignatures: [],
    replaces: undefined,
    ...of,
  };
}

export function transaction(of: Partial<TransactionRecord> = {}): TransactionRecord {
  return {
    id,
    kind: 'payment',
    act: null,
    wallet: walletId,
    chain: effects().chain,
    unsigned: new Uint8Array(),
    psbt: null,
    pays: ['w-1'],
    paymentSet: paymentSet(['w-1']),
    anchor: 'nonce:0',
    maxFee: 10n ** 15n,
    replaces: null,
    state: 'SIGNED',
    blockedBy: null,
    signed: null,
    sealed: null,
    signer: null,
    signedBy: [],
    declinedBy: [],
    attempts: 1,
    permittedAt: now,
    history: ['5'],
    ...of,
  };
}

export function anchor(of: Partial<AnchorRecord> = {}): AnchorRecord {
  return { wallet: walletId, anchor: 'nonce:0', paymentSet: paymentSet(['w-1']), transaction: id, ...of };
}
