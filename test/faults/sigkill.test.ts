import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTransaction } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/custody/audit/audit.ts';
import type { Finding } from '../../src/custody/audit/finding.ts';
import { minute, type TransactionRecord, toHex, type WithdrawalId } from '../../src/domain/index.ts';
import { parseLeaf } from '../../src/journal/leaf.ts';
import { TestStation, walletId } from '../custody/station.ts';
import { toldBy } from '../custody/told-state.ts';
import {
  encodeAttestation,
  fromHex,
  type Life,
  linesOf,
  preparedIn,
  prepareIn,
  seenFile,
  startLife,
  work,
} from './killed-station.ts';

const withdrawals = ['w-0', 'w-1', 'w-2', 'w-3', 'w-4'];
const child = join(import.meta.dirname, 'killed.ts');

let root = '';
let template = '';

interface Death {
  readonly signal: string | null;
  readonly code: number | null;
  readonly acknowledged: readonly string[];
  readonly errors: string;
}

/** A life in a process of its own, up to its death. */
function live(folder: string, step: number): Promise<Death> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, folder, String(step)], {
      env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'compiled') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let errors = '';
    process_.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    process_.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    process_.on('error', reject);
    process_.on('close', (code, signal) => {
      resolve({ signal, code, errors, acknowledged: out.split('\n').filter((line) => line !== '') });
    });
  });
}

function copy(name: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  cpSync(template, folder, { recursive: true });
  return folder;
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'portcullis-sigkill-'));
  const station = await TestStation.open();
  const alice = await station.ripeCustomer('alice');
  // Two at once are of two customers: one customer's counter would order them.
  const bob = await station.ripeCustomer('bob');
  const requests: Record<string, { intent: string; attestations: Record<string, string>[] }> = {};
  for (const [i, id] of withdrawals.entries()) {
    const customer = id === 'w-2' ? bob : alice;
    const { intent } = await station.custody.withdrawals.prepare({
      withdrawal: id as WithdrawalId,
      account: customer.account,
      asset: 'eip155:31337/slip44:60' as never,
      amount: 10n ** 18n + BigInt(i),
      destination: 'eip155:31337:0x70997970C51812dc3A010C7d01b50e0d17dc79C8' as never,
      maxFee: 10n ** 15n,
      payBy: undefined,
      lifetime: 15 * minute,
    });
    requests[id] = { intent: toHex(intent.bytes), attestations: [encodeAttestation(customer.attest(intent.digest))] };
  }
  const pay = (i: number, nonce: number, gwei = 20n): string =>
    toHex(station.payment({ nonce, value: 10n ** 18n + BigInt(i), maxFeePerGas: gwei * 10n ** 9n }));
  const payments = {
    first: pay(0, 0),
    dearer: pay(0, 0, 25n),
    second: pay(1, 1),
    third: pay(2, 2),
    declined: pay(4, 3),
  };
  template = join(root, 'template');
  mkdirSync(template);
  prepareIn(template, {
    stateKey: toHex(station.stateKey),
    policyDocument: station.store.policy(station.policyHash) ?? '',
    origin: station.origin,
    wall: station.time.wall,
    mono: station.time.mono,
    requests,
    payments,
  });
  await station.stop();
  cpSync(station.file, join(template, 'station.db'));
  rmSync(station.folder, { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true }));

/** I9: what a caller was told before the process died. */
function acknowledgedStands(life: Life, acknowledged: readonly string[]): void {
  const { custody } = life.running;
  for (const line of acknowledged) {
    const [what, id = '', state, signed] = line.split(' ');
    if (what === 'authorized') expect(custody.withdrawals.get(id as WithdrawalId).state).not.toBe('EXPIRED');
    if (what === 'cancelled') expect(custody.withdrawals.get(id as WithdrawalId).state).toBe('CANCELLED');
    if (what !== 'permitted' && what !== 'state' && what !== 'retried') continue;
    const transaction = custody.transactions.get(id as TransactionRecord['id']);
    if (what === 'permitted') expect(custody.withdrawals.get(state as WithdrawalId).anchor).toBe(transaction.anchor);
    if (what === 'state' && signed !== undefined && signed !== '') {
      expect(toHex(transaction.signed ?? new Uint8Array())).toBe(signed);
    }
    if (what === 'state' && state === 'SIGNED') expect(['SIGNED', 'REPLACED']).toContain(transaction.state);
  }
}

/** I4: everything that the device ever saw, over both lives: one anchor for each withdrawal, and a leaf for each asking. */
function paidOnce(life: Life, folder: string): void {
  const { custody } = life.running;
  const nonces = new Map<string, Set<number>>();
  const askings = new Map<string, number>();
  for (const line of linesOf(seenFile(folder))) {
    const [id = '', unsigned = ''] = line.split(' ');
    const record = custody.transactions.get(id as TransactionRecord['id']);
    expect(toHex(record.unsigned)).toBe(unsigned);
    const { nonce = 0 } = parseTransaction(`0x${unsigned}`);
    for (const pays of record.pays) nonces.set(pays, (nonces.get(pays) ?? new Set()).add(nonce));
    askings.set(id, (askings.get(id) ?? 0) + 1);
    const told = record.history.map((index) => leafOf(life, index).kind);
    const sent = told.filter((kind) => kind === 'transaction-sent').length;
    expect(sent, `I1: leaves that tell of sending ${id}`).toBeGreaterThanOrEqual(askings.get(id) ?? 0);
    expect(told.filter((kind) => kind === 'transaction-signed').length).toBeLessThanOrEqual(1);
  }
  for (const [pays, at] of nonces) expect([...at], `I4: anchors of ${pays}`).toHaveLength(1);
  expect(nonces.has('w-3'), 'a cancelled withdrawal reached the device').toBe(false);
}

function leafOf(life: Life, index: string): ReturnType<typeof parseLeaf> {
  const bytes = life.store.log.leaf(Number(index));
  if (bytes === undefined) throw new Error(`leaf ${index} is gone`);
  return parseLeaf(bytes);
}

/** I5: the journal leads to the very states that the rows have. */
function everythingTold(life: Life, folder: string): void {
  for (const id of withdrawals) {
    const record = life.store.read('withdrawals', id);
    if (record === undefined) continue;
    expect(
      toldBy(
        'withdrawal',
        id,
        record.history.map((index) => leafOf(life, index)),
      ),
    ).toBe(record.state);
  }
  for (const line of linesOf(seenFile(folder))) {
    const record = life.running.custody.transactions.get((line.split(' ')[0] ?? '') as TransactionRecord['id']);
    expect(
      toldBy(
        'transaction',
        record.id,
        record.history.map((index) => leafOf(life, index)),
      ),
    ).toBe(record.state);
  }
}

function audited(folder: string): void {
  const findings: Finding[] = [];
  audit({ file: join(folder, 'station.db'), stateKey: fromHex(preparedIn(folder).stateKey) }, (f) => findings.push(f));
  expect(findings).toEqual([]);
}

/** The next life: goes on by itself, then its client asks everything again. */
async function recovered(folder: string, death: Death): Promise<void> {
  audited(folder);
  const life = startLife(folder, 2, () => {});
  try {
    acknowledgedStands(life, death.acknowledged);
    await life.settle();
    expect(life.store.find('transactionsOpen', walletId), 'I9: what was in flight goes on by itself').toEqual([]);
    acknowledgedStands(life, death.acknowledged);
    everythingTold(life, folder);
    await work(folder, life, () => {});
    acknowledgedStands(life, death.acknowledged);
    paidOnce(life, folder);
    everythingTold(life, folder);
    const states = withdrawals.map((id) => life.running.custody.withdrawals.get(id as WithdrawalId).state);
    expect(states).toEqual(['SIGNED', 'SIGNED', 'SIGNED', 'CANCELLED', 'SIGNED']);
  } finally {
    await life.stop();
  }
  audited(folder);
}

describe('F1: the process is killed at every step of many withdrawals', () => {
  it('I4, I5, I9: what was acknowledged stands, what was in flight goes on, each is paid once, and the journal tells all', async () => {
    const whole = copy('whole');
    const undisturbed = await live(whole, 0);
    expect(undisturbed.errors).toBe('');
    const steps = Number(undisturbed.acknowledged.at(-1)?.split(' ')[1]);
    expect(steps).toBeGreaterThan(40);
    await recovered(whole, undisturbed);

    const left = Array.from({ length: steps }, (_, i) => i + 1);
    const sweep = async (): Promise<void> => {
      for (let step = left.shift(); step !== undefined; step = left.shift()) {
        const folder = copy(`killed-at-${step}`);
        const death = await live(folder, step);
        expect(death, `step ${step}`).toMatchObject({ signal: 'SIGKILL', errors: '' });
        await recovered(folder, death);
        rmSync(folder, { recursive: true });
      }
    };
    await Promise.all([sweep(), sweep(), sweep()]);
  }, 600_000);
});
