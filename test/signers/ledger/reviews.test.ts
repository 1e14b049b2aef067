import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { parseTransactionId } from '../../../src/domain/index.ts';
import { Reviews } from '../../../src/signers/ledger/reviews.ts';
import { createLedgerSigner } from '../../../src/signers/ledger/signer.ts';
import type { Signer } from '../../../src/signers/signer.ts';
import { type Permit, takeMint } from '../../../src/store/permit.ts';
import { Operator } from '../../simulators/ledger/operator.ts';
import { HandTimers } from '../hand-timers.ts';
import { deadlines } from './emulated.ts';
import { testWallet } from './wallet.ts';

const mint = takeMint();
const backOff = 500;
const unsigned =
  '02f1827a6907843b9aca008506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c8872bdc545d58750080c0';

const permit = (signer: string): Permit =>
  mint({
    transaction: parseTransactionId('11'.repeat(32), 'transaction'),
    wallet: { ...testWallet, signer },
    signer,
    unsigned: Uint8Array.from(Buffer.from(unsigned, 'hex')),
    psbt: null,
    digests: [],
    registration: null,
    tokenDescriptors: [],
  });

describe('two signers that see one device', () => {
  let emulator: Emulator;
  let operator: Operator;
  let timers: HandTimers;
  let first: Signer;
  let second: Signer;
  const create = (name: string, reviews: Reviews): Signer =>
    createLedgerSigner({
      name,
      transport: { transport: 'speculos', url: emulator.apiUrl },
      deadlines,
      backOff: () => backOff,
      timers,
      log: () => undefined,
      reviews,
    });
  beforeEach(async () => {
    emulator = await startEmulator({ model: 'nanosp', apiPort: 0 });
    operator = new Operator(emulator.apiUrl);
    timers = new HandTimers();
    const reviews = new Reviews();
    first = create('first', reviews);
    second = create('second', reviews);
  });
  afterEach(async () => {
    await Promise.all([first.close(), second.close()]);
    await emulator.close();
  });
  const wallet = (signer: string) => ({ ...testWallet, signer });

  it('while one has a review on it, the other neither asks it anything nor waits', async () => {
    expect(await second.check(wallet('second'))).toMatchObject({ ready: true });
    const signing = first.sign(permit('first'));
    await operator.sees(/^Review transaction/);
    expect(await second.check(wallet('second'))).toMatchObject({ ready: false, reason: 'device-busy' });
    expect(await second.readKey(testWallet.chain, { kind: 'derived', path: "m/44'/60'/0'/0/0" })).toMatchObject({
      reason: 'device-busy',
    });
    // Anything that was asked would have cost the review its signature.
    await operator.select(/^Sign transaction/);
    expect(await signing).toMatchObject({ kind: 'signed' });
    expect(await second.check(wallet('second'))).toMatchObject({ ready: true });
  });

  it('what nobody decided in time may still be on the screen: it is left to the signer that put it there', async () => {
    const signing = first.sign(permit('first'));
    await operator.sees(/^Review transaction/);
    await timers.goOff(deadlines.sign);
    expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'device-timeout' });
    expect(await second.check(wallet('second'))).toMatchObject({ ready: false, reason: 'device-busy' });
    await timers.goOff(backOff);
    expect(await first.check(wallet('first'))).toMatchObject({ ready: true });
    expect(await second.check(wallet('second'))).toMatchObject({ ready: true });
  });

  it('a signer that is closed keeps no device from the other', async () => {
    const signing = first.sign(permit('first'));
    await operator.sees(/^Review transaction/);
    await first.close();
    expect(await signing).toMatchObject({ kind: 'uncertain' });
    expect(await second.check(wallet('second'))).toMatchObject({ ready: true });
  });
});

describe('a signer whose child is not at hand', () => {
  const script = fileURLToPath(new URL('../fake-host.ts', import.meta.url));
  const open: Signer[] = [];
  afterEach(() => Promise.all(open.splice(0).map((signer) => signer.close())));

  function signerOf(name: string, manner: string, reviews: Reviews) {
    const timers = new HandTimers();
    const processes: ChildProcess[] = [];
    const spawnChild = () => {
      const child = spawn(process.execPath, [script, manner], { env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
      processes.push(child);
      return child;
    };
    const signer = createLedgerSigner({
      name,
      transport: { transport: 'hid' },
      deadlines,
      backOff: () => backOff,
      timers,
      log: () => undefined,
      spawn: spawnChild,
      reviews,
    });
    open.push(signer);
    return { signer, timers, processes };
  }

  it('F3: where a device left it waiting, another child takes its place before any device is asked again', async () => {
    const { signer, timers, processes } = signerOf('first', 'left-waiting', new Reviews());
    expect(await signer.check(testWallet)).toMatchObject({ ready: false, reason: 'device-timeout' });
    await timers.goOff(backOff);
    expect(processes).toHaveLength(2);
    expect(processes[0]?.signalCode).toBe('SIGKILL');
  });

  it('keeps no other signer from its device while it starts', async () => {
    const reviews = new Reviews();
    const { signer: starting } = signerOf('first', 'no-start', reviews);
    const { signer: other } = signerOf('second', 'good', reviews);
    const checking = starting.check({ ...testWallet, signer: 'first' });
    expect(await other.check({ ...testWallet, signer: 'second' })).toMatchObject({ reason: 'device-foreign' });
    await starting.close();
    expect(await checking).toMatchObject({ ready: false, reason: 'signer-failed' });
  });
});
