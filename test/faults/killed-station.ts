import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { policyHash } from '../../src/custody/founding.ts';
import { type Running, startCustody } from '../../src/custody/index.ts';
import { Keyring } from '../../src/custody/seal.ts';
import { WitnessedClock } from '../../src/custody/witnessed-clock.ts';
import {
  type Assertion,
  type FactorId,
  sha256,
  type TransactionRecord,
  toHex,
  transactionId,
  type WalletId,
  type WallMs,
  type WithdrawalId,
} from '../../src/domain/index.ts';
import { parsePolicy } from '../../src/gate/policy.ts';
import { heldSigner } from '../../src/journal/checkpoint-signer.ts';
import type { Outcome } from '../../src/signers/signer.ts';
import { openDatabase } from '../../src/store/database.ts';
import { deriveKeys } from '../../src/store/key.ts';
import type { Permit } from '../../src/store/permit.ts';
import { Store } from '../../src/store/store.ts';
import { FakeSigner } from '../custody/fake-signer.ts';
import { SimulatedTime } from '../custody/simulated-time.ts';

/** As in test/custody/station.ts, which is too much to load for each process that dies. */
const walletId = 'hot-1' as WalletId;

// A station on a folder, and a day's work on it, for a process that is to be killed. All keys are test keys.

/** What a life of the station starts from; `station.json` beside the database. */
export interface Prepared {
  readonly stateKey: string;
  readonly policyDocument: string;
  readonly origin: string;
  readonly wall: number;
  readonly mono: number;
  /** Granted authorizations, by withdrawal. */
  readonly requests: Readonly<
    Record<string, { readonly intent: string; readonly attestations: readonly Record<string, string>[] }>
  >;
  /** Unsigned transactions, hex. */
  readonly payments: Readonly<Record<string, string>>;
}

/** Told of each step before or after which a process can die. */
export type Step = (name: string) => void;
/** Told of each result that a caller was given. */
export type Acknowledge = (what: string) => void;

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export function encodeAttestation(a: Assertion): Record<string, string> {
  const { credential, authenticatorData, clientData, signature } = a;
  return {
    credential,
    authenticatorData: toHex(authenticatorData),
    clientData: toHex(clientData),
    signature: toHex(signature),
  };
}

function decodeAttestation(of: Record<string, string>): Assertion {
  const bytes = (name: string): Uint8Array => fromHex(of[name] ?? '');
  return {
    kind: 'webauthn',
    credential: (of['credential'] ?? '') as FactorId,
    authenticatorData: bytes('authenticatorData'),
    clientData: bytes('clientData'),
    signature: bytes('signature'),
  };
}

/** Appends a line and syncs it: what is in the file happened, whatever became of the process. */
export function appendLine(file: string, line: string): void {
  const fd = openSync(file, 'a');
  writeSync(fd, `${line}\n`);
  fsyncSync(fd);
  closeSync(fd);
}

export function linesOf(file: string): string[] {
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

export const seenFile = (folder: string): string => join(folder, 'seen-by-the-device');

/** A device that writes down what it saw before it does anything with it; declines one transaction, once. */
class RememberingSigner extends FakeSigner {
  readonly #file: string;
  readonly #step: Step;
  readonly #declines: string;

  constructor(file: string, declines: string, step: Step) {
    super();
    this.#file = file;
    this.#step = step;
    this.#declines = declines;
  }

  override async sign(permit: Permit): Promise<Outcome> {
    this.#step('device sees');
    const before = linesOf(this.#file);
    appendLine(this.#file, `${permit.transaction} ${toHex(permit.unsigned)}`);
    const outcome = await super.sign(permit);
    const declined = permit.transaction === this.#declines && !before.some((line) => line.startsWith(this.#declines));
    this.#step('device has decided');
    return declined ? { kind: 'declined', reason: 'device-refused', message: 'a test' } : outcome;
  }
}

export interface Life {
  readonly running: Running;
  readonly store: Store;
  /** Until no signer has anything to do. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** One life of the station in `folder`. `age` counts lives, so that time goes on. */
export function startLife(folder: string, age: number, step: Step): Life {
  const prepared = preparedIn(folder);
  const keys = deriveKeys(fromHex(prepared.stateKey));
  const time = new SimulatedTime();
  time.wall = (prepared.wall + age * 60_000) as WallMs;
  time.mono = prepared.mono + age * 60_000;
  time.uptime = time.mono;
  const clock = new WitnessedClock(time);
  const { db, close } = openDatabase(join(folder, 'station.db'));
  const exec = db.exec.bind(db);
  db.exec = (sql) => {
    if (sql === 'COMMIT') step('before COMMIT');
    exec(sql);
    if (sql === 'COMMIT') step('after COMMIT');
    return db;
  };
  const store = new Store({
    db,
    rowKey: keys.row,
    witness: clock,
    salt: () => randomBytes(32),
    onFatal: (error) => {
      throw error;
    },
  });
  const declines = transactionId(walletId, fromHex(prepared.payments['declined'] ?? ''));
  const signer = new RememberingSigner(seenFile(folder), declines, step);
  const pair = generateKeyPairSync('ed25519');
  const running = startCustody({
    store,
    policy: parsePolicy(parse(prepared.policyDocument)),
    policyHash: policyHash(prepared.policyDocument),
    keys,
    sealing: new Keyring([sha256(fromHex(prepared.stateKey))]),
    random: { bytes: (count) => randomBytes(count) },
    simulated: true,
    log: () => {},
    time,
    clock,
    signers: new Map([[signer.name, signer]]),
    timing: { retryAfter: 1_000, later: () => () => {} },
    journal: [heldSigner(prepared.origin, pair.privateKey)],
  });
  return {
    running,
    store,
    settle: () => running.dispatch.idle(),
    stop: async () => {
      await running.close();
      await running.dispatch.idle();
      store.close();
      close();
    },
  };
}

export function preparedIn(folder: string): Prepared {
  return JSON.parse(readFileSync(join(folder, 'station.json'), 'utf8'));
}

export function prepareIn(folder: string, prepared: Prepared): void {
  writeFileSync(join(folder, 'station.json'), JSON.stringify(prepared));
}

/**
 * The work: one withdrawal that is paid and then replaced at a higher fee, two at once, one cancelled, one that the device
 * declines first. A client that lost its answers simply asks all of it again.
 */
export async function work(folder: string, life: Life, acknowledge: Acknowledge): Promise<void> {
  const { requests, payments } = preparedIn(folder);
  const { withdrawals, transactions } = life.running.custody;
  const authorize = async (id: string): Promise<void> => {
    const request = requests[id];
    if (request === undefined) throw new Error(`no request for ${id}`);
    const attestations = request.attestations.map(decodeAttestation);
    await withdrawals.authorize({ intent: fromHex(request.intent), attestations });
    acknowledge(`authorized ${id}`);
  };
  const sign = async (
    id: string,
    payment: string,
    replaces?: TransactionRecord['id'],
  ): Promise<TransactionRecord['id']> => {
    const unsigned = fromHex(payments[payment] ?? '');
    const record = await transactions.sign({
      wallet: walletId,
      unsigned,
      pays: [id as WithdrawalId],
      replaces,
      authorizations: [],
    });
    acknowledge(`permitted ${record.id} ${id}`);
    return record.id;
  };
  const finished = async (...ids: TransactionRecord['id'][]): Promise<void> => {
    await life.settle();
    for (const id of ids) {
      const { state, signed } = transactions.get(id);
      acknowledge(`state ${id} ${state} ${signed === null ? '' : toHex(signed)}`);
    }
  };

  await authorize('w-0');
  const first = await sign('w-0', 'first');
  await finished(first);
  await finished(await sign('w-0', 'dearer', first));

  await Promise.all([authorize('w-1'), authorize('w-2')]);
  await finished(...(await Promise.all([sign('w-1', 'second'), sign('w-2', 'third')])));

  await authorize('w-3');
  await withdrawals.cancel('w-3' as WithdrawalId);
  acknowledge('cancelled w-3');

  await authorize('w-4');
  const declined = await sign('w-4', 'declined');
  await finished(declined);
  if (transactions.get(declined).state === 'DECLINED') {
    await transactions.retry(declined);
    acknowledge(`retried ${declined}`);
  }
  await finished(declined);
}
