import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Audited, type AuditRequest, audit } from '../../src/custody/audit/audit.ts';
import type { Finding } from '../../src/custody/audit/finding.ts';
import { foundStation, journalOrigin } from '../../src/custody/founding.ts';
import { encodeEvidence } from '../../src/custody/kept-evidence.ts';
import {
  type AccountId,
  type Address,
  type AssetId,
  type Attestation,
  type ChainId,
  type ClockRecord,
  digestOf,
  type EntryId,
  type FactorId,
  type NoticeId,
  paymentSet,
  sealIntent,
  type TransactionRecord,
  transactionId,
  type WalletId,
  type WallMs,
  type WithdrawalId,
  type WithdrawalRecord,
  type WitnessedMs,
} from '../../src/domain/index.ts';
import type { Policy } from '../../src/gate/policy.ts';
import { signCheckpoint } from '../../src/journal/checkpoint.ts';
import { rootAt } from '../../src/journal/merkle.ts';
import { formatVerifierKey, noteSigner, noteVerifier } from '../../src/journal/note.ts';
import { openDatabase } from '../../src/store/database.ts';
import { deriveKeys } from '../../src/store/key.ts';
import { Store, type Witnessed } from '../../src/store/store.ts';

// A small station with a history: an account's factor and destination, a withdrawal, the transaction that paid it. Test keys.

const account = 'alice' as AccountId;
const wallet = 'hot' as WalletId;
const destination = 'eip155:11155111:0x00000000219ab540356cBB839Cbe05303d7705Fa' as Address;
const asset = 'eip155:11155111/slip44:60' as AssetId;
const factor = 'A'.repeat(43) as FactorId;
const notice = 'ab'.repeat(16) as NoticeId;
const policyDocument = 'version: 1 # a test policy';
const start = Date.UTC(2026, 0, 1) as WallMs;

/** By the factor; its bytes are nothing. */
const attestation: Attestation = {
  kind: 'webauthn',
  credential: factor,
  authenticatorData: new Uint8Array(37),
  clientData: new Uint8Array(2),
  signature: new Uint8Array(64),
};

export interface Sample {
  readonly file: string;
  readonly stateKey: Uint8Array;
  readonly logKey: string;
  readonly origin: string;
  readonly size: number;
  /** A note signed by the journal's key over the first `size` leaves as they are in a file. */
  checkpoint(size: number, file?: string): Uint8Array;
  /** Appends entries that say nothing of any row. */
  grow(count: number): Promise<void>;
}

/** A station in a folder of its own. Two samples differ in their ids, salts and keys. */
export async function sampleStation(): Promise<Sample> {
  const file = join(mkdtempSync(join(tmpdir(), 'portcullis-audit-')), 'station.db');
  const stateKey = new Uint8Array(randomBytes(32));
  const stationId = randomBytes(16).toString('hex');
  const origin = journalOrigin(stationId, false);
  const pair = generateKeyPairSync('ed25519');
  const logKey = formatVerifierKey(noteVerifier(origin, pair.publicKey));
  const reading = { wall: start, mono: 0, uptime: 0, bootId: 'test' };
  const policy = { chains: new Map(), authenticators: { authorities: [] } } as unknown as Policy;
  foundStation({ file, stateKey, policyDocument, policy, reading, simulated: false, journalKey: logKey, stationId });
  let size = await inStore(file, stateKey, (store) => history(store, `${stationId}/1`));
  return {
    file,
    stateKey,
    logKey,
    origin,
    get size() {
      return size;
    },
    checkpoint: (at, of = file) => {
      const db = new Database(of, { readonly: true });
      const read = db.prepare<[number, number], { hash: Uint8Array }>(
        'SELECT hash FROM nodes WHERE level = ? AND "index" = ?',
      );
      const root = rootAt(at, (level, index) => new Uint8Array(read.get(level, index)?.hash ?? []));
      db.close();
      const note = signCheckpoint({ origin, size: at, root, extensions: [] }, noteSigner(origin, pair.privateKey));
      return new TextEncoder().encode(note);
    },
    grow: async (count) => {
      size = await inStore(file, stateKey, async (store) => {
        for (let i = 0; i < count; i++) {
          const leaves = [{ kind: 'refused' as const, fields: { what: 'withdrawal', reason: 'frozen' } }];
          await store.decide({}, () => ({ result: undefined, leaves }));
        }
      });
    },
  };
}

/** What an audit finds, as `tag where`, sorted. */
export function findings(file: string, request: Omit<AuditRequest, 'file'> = {}): string[] {
  return audited(file, request)
    .findings.map(({ tag, where }) => `${tag} ${where}`)
    .sort();
}

export function audited(
  file: string,
  request: Omit<AuditRequest, 'file'> = {},
): { result: Audited; findings: Finding[] } {
  const found: Finding[] = [];
  const result = audit({ file, ...request }, (finding) => found.push(finding));
  return { result, findings: found };
}

/** The hand of someone who writes the station's file but has none of its keys (threat H). */
export function tamper(file: string, ...statements: readonly string[]): void {
  const db = new Database(file);
  for (const sql of statements) db.exec(sql);
  db.close();
}

function tick(last: ClockRecord): Witnessed {
  const clock = { ...last, w: (last.w + 1_000) as WitnessedMs };
  return { clock, now: (start + clock.w) as WallMs };
}

async function inStore(file: string, stateKey: Uint8Array, work: (store: Store) => Promise<void>): Promise<number> {
  const { db, close } = openDatabase(file);
  const store = new Store({
    db,
    rowKey: deriveKeys(stateKey).row,
    witness: { commit: tick, look: tick },
    salt: () => new Uint8Array(randomBytes(32)),
    onFatal: (error) => {
      throw error;
    },
  });
  await work(store);
  const { size } = store;
  store.close();
  close();
  return size;
}

async function history(store: Store, station: string): Promise<void> {
  const coseKey = new TextEncoder().encode('a test key');
  const times = {
    station,
    issued: '2026-01-01T00:00:00Z',
    expires: '2026-01-01T00:05:00Z',
    ticket: 'A'.repeat(43),
  };
  const enrolled = sealIntent('portcullis/factor/v1', {
    ...times,
    account,
    kind: 'webauthn',
    class: 'device',
    credential: factor,
    key: digestOf(coseKey),
    attested_by: '',
  });
  const { digest } = enrolled;
  const ripening = { w0: null, d0: null, notice, epoch: 1 };
  await store.decide({}, (facts) => ({
    result: undefined,
    writes: [
      {
        table: 'factors',
        leaf: 0,
        record: {
          ...ripening,
          state: 'announcing',
          id: factor,
          account,
          kind: 'webauthn',
          class: 'device',
          coseKey,
          signCount: 0,
          backupEligible: false,
          backupState: false,
          aaguid: '00'.repeat(16),
          authority: null,
          attestation: null,
          admission: 'voucher',
          attestedBy: [],
          digest,
          intent: enrolled.bytes,
          evidence: new TextEncoder().encode('a test voucher'),
          history: [String(facts.nextLeaf)],
        },
      },
      {
        table: 'accounts',
        leaf: 0,
        record: { account, everEnrolled: 1, since: facts.w, firstPaid: null, usesService: false },
      },
      { table: 'spent', leaf: 0, record: { key: `intent:${digest}`, by: 'a factor' } },
    ],
    leaves: [
      {
        kind: 'factor-added',
        fields: { intent: digest, class: 'device', key: digestOf(coseKey) },
        personal: { account, factor, attested_by: '' },
      },
    ],
  }));
  const entry = 'entry-1' as EntryId;
  const listing = sealIntent('portcullis/destination/v1', { ...times, entry, account, destination, label: '' });
  const listed = listing.digest;
  await store.decide({}, (facts) => ({
    result: undefined,
    writes: [
      {
        table: 'destinations',
        leaf: 0,
        record: {
          ...ripening,
          state: 'announcing',
          entry,
          account,
          destination,
          label: '',
          attestedBy: [factor],
          digest: listed,
          intent: listing.bytes,
          evidence: encodeEvidence([attestation]),
          history: [String(facts.nextLeaf)],
        },
      },
      { table: 'listings', leaf: 0, record: { account, destination, entry } },
      { table: 'spent', leaf: 0, record: { key: `intent:${listed}`, by: 'entry entry-1' } },
    ],
    leaves: [
      {
        kind: 'destination-added',
        fields: { entry, intent: listed },
        personal: { account, destination, attested_by: factor },
      },
    ],
  }));
  await withdraw(store, station, entry);
}

async function withdraw(store: Store, station: string, entry: EntryId): Promise<void> {
  const id = 'w-1' as WithdrawalId;
  const intent = sealIntent('portcullis/withdrawal/v1', {
    station,
    issued: '2026-01-01T00:00:00Z',
    expires: '2026-01-01T00:05:00Z',
    ticket: 'A'.repeat(43),
    withdrawal: id,
    account,
    asset,
    amount: '1000',
    destination,
    max_fee: '21000',
    pay_by: '2026-01-01T12:00:00Z',
  });
  const { result: authorized } = await store.decide({}, (facts) => {
    const record: WithdrawalRecord = {
      id,
      account,
      asset,
      amount: 1_000n,
      destination,
      entry,
      maxFee: 21_000n,
      payBy: intent.intent.payBy,
      digest: intent.digest,
      intent: intent.bytes,
      evidence: encodeEvidence([attestation]),
      factors: [factor],
      epoch: 1,
      state: 'AUTHORIZED',
      wallet: null,
      anchor: null,
      transaction: null,
      authorizedAt: facts.now,
      reservedAt: facts.w,
      reserved: null,
      counted: [],
      operators: 0,
      heldBy: [],
      act: null,
      history: [String(facts.nextLeaf)],
    };
    return {
      result: record,
      writes: [
        { table: 'withdrawals', leaf: 0, record },
        { table: 'spent', leaf: 0, record: { key: `intent:${intent.digest}`, by: 'withdrawal w-1' } },
      ],
      leaves: [
        { kind: 'withdrawal-authorized', fields: { withdrawal: id, intent: intent.digest }, personal: { account } },
      ],
    };
  });
  const unsigned = new TextEncoder().encode('an unsigned transaction');
  const transaction = transactionId(wallet, unsigned);
  const set = paymentSet([id]);
  await store.decide({}, (facts) => {
    const told = [String(facts.nextLeaf)];
    const record: TransactionRecord = {
      id: transaction,
      kind: 'payment',
      act: null,
      wallet,
      chain: 'eip155:11155111' as ChainId,
      unsigned,
      psbt: null,
      pays: [id],
      paymentSet: set,
      anchor: 'nonce:0',
      maxFee: 21_000n,
      replaces: null,
      state: 'PERMITTED',
      blockedBy: null,
      signed: null,
      sealed: null,
      signer: null,
      signedBy: [],
      declinedBy: [],
      attempts: 0,
      permittedAt: facts.now,
      history: told,
    };
    const claimed: WithdrawalRecord = {
      ...authorized,
      state: 'COMMITTED',
      wallet,
      anchor: 'nonce:0',
      transaction,
      history: [...authorized.history, ...told],
    };
    return {
      result: undefined,
      writes: [
        { table: 'transactions', leaf: 0, record },
        { table: 'anchors', leaf: 0, record: { wallet, anchor: 'nonce:0', paymentSet: set, transaction } },
        { table: 'wallets', leaf: 0, record: { wallet, nextNonce: 1, nextChange: 0, leastNonce: 0, statedFor: 0 } },
        { table: 'withdrawals', leaf: 0, record: claimed },
      ],
      leaves: [
        {
          kind: 'transaction-permitted',
          fields: {
            transaction,
            wallet,
            anchor: 'nonce:0',
            payment_set: set,
            withdrawals: id,
            max_fee: '21000',
            replaces: '',
          },
        },
      ],
    };
  });
  await store.decide({}, (facts) => ({
    result: undefined,
    writes: [
      {
        table: 'freezes',
        leaf: 0,
        record: { scope: 'station', active: true, who: 'o', why: 'drill', since: facts.now },
      },
    ],
    leaves: [{ kind: 'frozen', fields: { scope: 'station', who: 'o', why: 'drill' } }],
  }));
}
