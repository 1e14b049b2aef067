import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
  randomBytes,
} from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CompactSign, exportJWK } from 'jose';
import { serializeTransaction, type TransactionSerializable } from 'viem';
import { parse } from 'yaml';
import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import type { Deviation } from '../../simulators/authenticator/deviation.ts';
import { parseCreationOptions } from '../../simulators/authenticator/options.ts';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { foundStation, journalOrigin, newStationId, policyHash } from '../../src/custody/founding.ts';
import { type PublishedParts, type Running, startCustody } from '../../src/custody/index.ts';
import { logKeys, readPublished } from '../../src/custody/published.ts';
import { type Restored, restoreStation } from '../../src/custody/restoring.ts';
import { Keyring } from '../../src/custody/seal.ts';
import { WitnessedClock } from '../../src/custody/witnessed-clock.ts';
import {
  type AccountId,
  type Address,
  type Assertion,
  type AssetId,
  type Digest,
  day,
  type EntryId,
  type FactorId,
  type TransactionRecord,
  type WalletId,
  type WallMs,
  type WithdrawalId,
  type WithdrawalRecord,
} from '../../src/domain/index.ts';
import { type Policy, parsePolicy } from '../../src/gate/policy.ts';
import { heldSigner } from '../../src/journal/checkpoint-signer.ts';
import { formatVerifierKey, parseVerifierKey } from '../../src/journal/note.ts';
import { dumpDatabase } from '../../src/store/backup-format.ts';
import { openDatabase, type Sqlite } from '../../src/store/database.ts';
import { TamperedRow } from '../../src/store/failure.ts';
import { deriveKeys } from '../../src/store/key.ts';
import { Store } from '../../src/store/store.ts';
import { writeWhole } from '../../src/store/tile-folder.ts';
import { writeKept } from '../../src/store/tile-writer.ts';
import { FakeSigner, publicKeyOf, testKey } from './fake-signer.ts';
import { SimulatedTime } from './simulated-time.ts';
import { foundOperators, type TestOperator, TestOperators, type TestOperatorsOptions } from './test-operators.ts';

export const chain = 'eip155:31337';
export const ether = `${chain}/slip44:60` as AssetId;
export const walletId = 'hot-1' as WalletId;
/** Well-known accounts of the public test mnemonic "test test … junk". */
export const alicesAddress = `${chain}:0x70997970C51812dc3A010C7d01b50e0d17dc79C8` as Address;
export const mallorysAddress = `${chain}:0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC` as Address;
export const token = '0x5FbDB2315678afecb367f032d93F642f64180aa3';
export const tokenAsset = `${chain}/erc20:${token}` as AssetId;

/** A policy for tests, as a document; `change` edits the text before it is parsed. */
export function policyDocument(
  admissionKey: Record<string, string>,
  change: (document: string) => string = (d) => d,
): string {
  return change(`version: 1
trust_domain: station.example
approvals:
  rp_id: approve.example
  origins: [https://approve.example]
ripening: { factor: 24h, destination: 24h }
evidence: { webauthn: 1, accepts: [device, synced] }
admission:
  - { issuer: admission.example, kid: test-1, jwk: { kty: OKP, crv: Ed25519, x: ${admissionKey['x'] ?? ''} } }
chains:
  - { chain: '${chain}', max_fee: '10000000000000000', max_fee_per_gas: '200000000000', access_list_entries: 0 }
assets:
  - { asset: '${ether}', symbol: ETH, decimals: 18, max_payment: '100000000000000000000' }
  - { asset: '${tokenAsset}', symbol: TST, decimals: 6, max_payment: '1000000000000' }
wallets:
  - { id: ${walletId}, chain: '${chain}', signer: fake, path: "m/44'/60'/0'/0/0", address: '${chain}:${addressOfKey(publicKeyOf(testKey))}', public_key: '${publicKeyOf(testKey)}', first_nonce: '0' }
nonce_window: 4
`);
}

export interface TestStationOptions {
  readonly policy?: (document: string) => string;
  readonly signer?: FakeSigner;
  /** Its signer asks nobody, and takes as many at once. */
  readonly automatic?: boolean;
  readonly concurrency?: number;
  /** Beside it, each under its own name. */
  readonly otherSigners?: readonly FakeSigner[];
  /** Founds operators, each with a security key in software: `station.operators` acts for them. */
  readonly operators?: TestOperatorsOptions;
  readonly metadata?: string;
  /** When it is founded, ms since 1970; at the hour of the robbery unless told. */
  readonly founded?: number;
}

/**
 * A whole station in one process, without gRPC: real store on disk, real gate, chains, attestation, journal and clock; simulated
 * time, a signer without a device, a software authenticator for its customers.
 */
export class TestStation {
  readonly folder = mkdtempSync(join(tmpdir(), 'portcullis-test-'));
  readonly time = new SimulatedTime();
  readonly signer: FakeSigner;
  readonly #signers: ReadonlyMap<string, FakeSigner>;
  readonly stateKey = randomBytes(32);
  /** Newest first; a test changes them between two starts. */
  sealingKeys: Uint8Array[] = [new Uint8Array(randomBytes(32))];
  /** FIDO metadata, from the next start on. */
  metadata: string | undefined;
  /** The journal's keys, newest first; a test changes them between two starts. */
  journalKeys: KeyObject[] = [generateKeyPairSync('ed25519').privateKey];
  readonly #admission: KeyPairKeyObjectResult;
  readonly #document: string;
  /** Bytes that the disk has left. */
  freeSpace = Number.POSITIVE_INFINITY;
  readonly policy: Policy;
  /** The station's people; empty where none were founded. */
  readonly operators: TestOperators;
  readonly stationId = newStationId();
  /** Raised by `restore`. */
  generation = 1;
  /** Timers that the dispatch asked for; a test runs them by hand. */
  readonly laters: (() => void)[] = [];
  /** How long each of them was to wait, ms, in the order in which they were asked for. */
  readonly waits: number[] = [];
  readonly events: string[] = [];
  /** The events with their details. */
  readonly details: [event: string, details: unknown][] = [];
  readonly fatal: Error[] = [];
  /** Files that its checkpoints are kept in, from the next start on; `publish` writes them. */
  kept: string[] = [];
  running!: Running;
  store!: Store;
  db!: Sqlite;
  #close: () => void = () => {};

  private constructor(
    document: string,
    policy: Policy,
    options: TestStationOptions,
    admission: KeyPairKeyObjectResult,
    people: ReadonlyMap<string, TestOperator>,
  ) {
    this.operators = new TestOperators(this, people);
    this.#document = document;
    this.policy = policy;
    this.#admission = admission;
    this.signer = options.signer ?? new FakeSigner();
    if (options.automatic === true)
      Object.assign(this.signer, { attended: false, concurrency: options.concurrency ?? 1 });
    this.#signers = new Map([this.signer, ...(options.otherSigners ?? [])].map((signer) => [signer.name, signer]));
    this.metadata = options.metadata;
    if (options.founded !== undefined) this.time.wall = options.founded as WallMs;
  }

  static async open(options: TestStationOptions = {}): Promise<TestStation> {
    const admission = generateKeyPairSync('ed25519');
    const jwk = await exportJWK(admission.publicKey);
    const founded = options.operators === undefined ? undefined : foundOperators(options.operators);
    const change = options.policy ?? ((d) => d);
    const document = policyDocument({ x: jwk.x ?? '' }, (d) => change(`${d}${founded?.member ?? ''}`));
    const people = founded?.people ?? new Map();
    const station = new TestStation(document, parsePolicy(parse(document)), options, admission, people);
    foundStation({
      file: station.file,
      stateKey: station.stateKey,
      policyDocument: document,
      policy: station.policy,
      reading: station.time.read(),
      simulated: true,
      journalKey: station.verifierKey,
      stationId: station.stationId,
    });
    station.start();
    return station;
  }

  get file(): string {
    return join(this.folder, 'station.db');
  }

  /** The newest. */
  get journalKey(): KeyObject {
    const [key] = this.journalKeys;
    if (key === undefined) throw new Error('the station has no journal key');
    return key;
  }

  get origin(): string {
    return journalOrigin(this.stationId, true, this.generation);
  }

  get verifierKey(): string {
    return formatVerifierKey(heldSigner(this.origin, this.journalKey).verifier);
  }

  /** The document that the station was founded on; `change` edits its text. */
  document(change: (document: string) => string = (d) => d): string {
    return change(this.#document);
  }

  /** Of that document. */
  get policyHash(): Digest {
    return policyHash(this.#document);
  }

  get custody(): Running['custody'] {
    return this.running.custody;
  }

  /** The real station does not even start where this row is forged; this one goes on, to show that nothing is decided then. */
  #inForce(): Digest {
    try {
      return this.store.look({}).station.policy;
    } catch (error) {
      if (error instanceof TamperedRow) return this.policyHash;
      throw error;
    }
  }

  /** Starts, or starts again on what is on disk. */
  start(): void {
    const { db, close } = openDatabase(this.file);
    const keys = deriveKeys(this.stateKey);
    const clock = new WitnessedClock(this.time);
    this.db = db;
    this.store = new Store({
      db,
      rowKey: keys.row,
      witness: clock,
      salt: () => randomBytes(32),
      onFatal: (error) => this.fatal.push(error),
    });
    this.#close = () => {
      this.store.close();
      close();
    };
    try {
      this.#startCustody(keys, clock);
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  #startCustody(keys: ReturnType<typeof deriveKeys>, clock: WitnessedClock): void {
    const inForce = this.#inForce();
    const changed = inForce === this.policyHash ? undefined : this.store.policy(inForce);
    this.running = startCustody({
      store: this.store,
      policy: changed === undefined ? this.policy : parsePolicy(parse(changed)),
      policyHash: inForce,
      keys,
      sealing: new Keyring(this.sealingKeys),
      metadata: this.metadata,
      random: { bytes: (count) => randomBytes(count) },
      simulated: true,
      log: (event, details) => {
        this.events.push(event);
        this.details.push([event, details]);
      },
      time: this.time,
      clock,
      signers: this.#signers,
      freeSpace: () => this.freeSpace,
      timing: { retryAfter: 1_000, later: (ms, run) => this.#later(ms, run) },
      journal: this.journalKeys.map((key) => heldSigner(this.origin, key)),
      published: this.#published(),
    });
  }

  #published(): PublishedParts {
    const { station } = this.store.look({});
    const own = { log: this.store.log, size: () => this.store.size, station };
    const keys = logKeys(this.store.log, station, [this.verifierKey]);
    const { behind } = readPublished([...this.kept, join(this.folder, 'checkpoint.ahead')], own, keys);
    return { keys, behind, keep: (note) => writeWhole(join(this.folder, 'checkpoint.ahead'), note) };
  }

  /** A backup as it is once it was decrypted. */
  backup(): Uint8Array {
    return Buffer.concat([...dumpDatabase(this.db, this.time.wall)]);
  }

  /** The station is lost, and brought back from a backup. */
  async restore(backup: Uint8Array): Promise<Restored> {
    await this.stop();
    for (const end of ['', '-wal', '-shm', '.lock']) rmSync(`${this.file}${end}`, { force: true });
    const restored = await restoreStation({
      file: this.file,
      source: Readable.from([backup]),
      stateKey: this.stateKey,
      journalKeys: this.journalKeys.map((key) => createPublicKey(key)),
      time: this.time,
      published: this.kept,
    });
    this.generation++;
    this.start();
    return restored;
  }

  /** What the real station's worker does within a second. */
  async publish(): Promise<void> {
    const head = await this.custody.journal.head();
    const { station } = this.store.look({});
    const verifiers = logKeys(this.store.log, station, [this.verifierKey]).map((key) => parseVerifierKey(key));
    for (const file of this.kept) {
      if (!existsSync(file)) writeFileSync(file, '');
      writeKept(file, this.store.log, head, verifiers);
    }
  }

  async stop(): Promise<void> {
    await this.running.close();
    await this.running.dispatch.idle();
    this.#close();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** Until no signer has anything to do. */
  async settle(): Promise<void> {
    await this.running.dispatch.idle();
  }

  /** Runs what the dispatch wanted to be woken for. */
  wake(): void {
    for (const run of this.laters.splice(0)) run();
  }

  #later(ms: number, run: () => void): () => void {
    this.waits.push(ms);
    this.laters.push(run);
    return () => {
      const i = this.laters.indexOf(run);
      if (i >= 0) this.laters.splice(i, 1);
    };
  }

  /** A day and a second: whatever was announced is ripe after it. */
  passDay(): void {
    this.time.pass(day + 1_000);
  }

  /** The courier's work: every waiting notice is accepted for delivery. */
  async deliver(): Promise<void> {
    for (const notice of this.custody.notices.waiting(-1, 1_000)) await this.custody.notices.acknowledge(notice.id);
  }

  /** A voucher of the test admission authority; `claims` and `header` override, to make it wrong. */
  async voucher(
    of: { account: string; credential: string; key: string; station: string },
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
  ): Promise<string> {
    const now = Math.floor(this.time.wall / 1_000);
    const payload = {
      iss: 'admission.example',
      aud: of.station,
      sub: of.account,
      credential: of.credential,
      key: of.key,
      iat: now,
      exp: now + 600,
      jti: randomBytes(16).toString('base64url'),
      ...claims,
    };
    return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'portcullis-admission+jwt', kid: 'test-1', ...header })
      .sign(this.#admission.privateKey);
  }

  /** A customer with a first passkey, announced; not ripe yet. */
  async enrol(
    account: string,
    device = new Authenticator({ origin: 'https://approve.example', seed: testSeed(account) }),
  ): Promise<Customer> {
    const { factors } = this.custody;
    const options = parseCreationOptions(await factors.begin(account as AccountId));
    const registration = new TextEncoder().encode(JSON.stringify(device.create(options)));
    const prepared = await factors.prepare({
      account: account as AccountId,
      registration,
      attestedBy: undefined,
      lifetime: undefined,
    });
    const jws = await this.voucher({
      account,
      credential: prepared.credential,
      key: prepared.key,
      station: prepared.station,
    });
    await factors.add({ intent: prepared.intent.bytes, registration, approval: { kind: 'voucher', jws } });
    await this.deliver();
    return new Customer(this, account, device, prepared.credential);
  }

  /** A customer whose passkey and destination are ripe. */
  async ripeCustomer(account: string, destination: Address = alicesAddress): Promise<Customer> {
    const customer = await this.enrol(account);
    this.passDay();
    await customer.list(`entry-${account}`, destination);
    await this.deliver();
    this.passDay();
    return customer;
  }

  /** Raw unsigned EIP-1559 bytes that pay a withdrawal, unless told otherwise. */
  payment(
    of: Partial<{ to: string; value: bigint; nonce: number; data: `0x${string}` }> &
      Partial<TransactionSerializable> = {},
  ): Uint8Array {
    const hex = serializeTransaction({
      type: 'eip1559',
      chainId: 31337,
      nonce: 0,
      gas: 21_000n,
      maxFeePerGas: 20_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
      to: alicesAddress.slice(chain.length + 1) as `0x${string}`,
      value: 10n ** 18n,
      ...of,
    } as TransactionSerializable);
    return new Uint8Array(Buffer.from(hex.slice(2), 'hex'));
  }

  sign(
    pays: readonly string[],
    unsigned = this.payment(),
    replaces?: TransactionRecord['id'],
  ): Promise<TransactionRecord> {
    return this.custody.transactions.sign({
      wallet: walletId,
      unsigned,
      pays: pays as WithdrawalId[],
      replaces,
      authorizations: [],
    });
  }
}

/** A test seed: known to everyone. */
export function testSeed(name: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`portcullis test key ${name}`).digest());
}

/** A customer at their own device. */
export class Customer {
  readonly station: TestStation;
  readonly account: AccountId;
  readonly device: Authenticator;
  readonly credential: FactorId;

  constructor(station: TestStation, account: string, device: Authenticator, credential: FactorId) {
    this.station = station;
    this.account = account as AccountId;
    this.device = device;
    this.credential = credential;
  }

  /** An assertion over 32 bytes; `deviation` makes it wrong. */
  attest(digest: string, deviation: Deviation = {}): Assertion {
    const response = this.device.get(
      {
        challenge: Buffer.from(digest, 'hex').toString('base64url'),
        rpId: 'approve.example',
        allowCredentials: [{ type: 'public-key', id: this.credential }],
        userVerification: 'required',
      },
      deviation,
    );
    const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));
    return {
      kind: 'webauthn',
      credential: response.id as FactorId,
      authenticatorData: bytes(response.response.authenticatorData),
      clientData: bytes(response.response.clientDataJSON),
      signature: bytes(response.response.signature),
    };
  }

  async list(entry: string, destination: Address = alicesAddress, label = 'my wallet') {
    const { destinations } = this.station.custody;
    const prepared = await destinations.prepare({
      entry: entry as EntryId,
      account: this.account,
      destination,
      label,
      lifetime: undefined,
    });
    return destinations.add({ intent: prepared.intent.bytes, attestations: [this.attest(prepared.intent.digest)] });
  }

  prepare(id: string, of: Partial<{ amount: bigint; destination: Address; maxFee: bigint; asset: AssetId }> = {}) {
    return this.station.custody.withdrawals.prepare({
      withdrawal: id as WithdrawalId,
      account: this.account,
      asset: of.asset ?? ether,
      amount: of.amount ?? 10n ** 18n,
      destination: of.destination ?? alicesAddress,
      maxFee: of.maxFee ?? 10n ** 15n,
      payBy: undefined,
      lifetime: undefined,
    });
  }

  async authorize(
    id: string,
    of: Parameters<Customer['prepare']>[1] = {},
    deviation: Deviation = {},
  ): Promise<WithdrawalRecord> {
    const { intent } = await this.prepare(id, of);
    return this.station.custody.withdrawals.authorize({
      intent: intent.bytes,
      attestations: [this.attest(intent.digest, deviation)],
    });
  }
}
