import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { serializeTransaction } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { Malformed, parseChainId, parseTransactionId, parseWalletId, type Wallet } from '../../../src/domain/index.ts';
import { confinement, type HostProcess } from '../../../src/signers/launch.ts';
import { createLedgerSigner, type LedgerSignerOptions } from '../../../src/signers/ledger/signer.ts';
import type { Signer } from '../../../src/signers/signer.ts';
import { type Permit, takeMint } from '../../../src/store/permit.ts';
import { Operator } from '../../simulators/ledger/operator.ts';
import { HandTimers } from '../hand-timers.ts';
import { Undead } from '../undead.ts';
import { testWallet } from './wallet.ts';

const mint = takeMint();
const host = fileURLToPath(new URL('../../../src/signers/host.ts', import.meta.url));
const deadlines = { start: 60_000, identify: 10_000, sign: 300_000 };
const poll = 3_000;
const backOff = 500;

const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
/** Recorded on the real app: a transfer on chain 31337 and its signature by the test key. */
const transfer =
  '02f1827a6907843b9aca008506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c8872bdc545d58750080c0';
const transferSignature =
  '84720cabfedef7690f2b8aefaf8827a9c33ead92961df17290c6d750a35ae55e7910b080c22306c0d39b6c1ce48d287889f5b4de2ca9844439f1d4df915b0653';
/** Recorded: 1.234567 USDT, Ledger's description of USDT, and the signature. */
const token =
  '02f86d0107843b9aca008506fc23ac0082fde894dac17f958d2ee523a2206206994597c13d831ec780b844a9059cbb00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8000000000000000000000000000000000000000000000000000000000012d687c0';
const tokenDescriptor =
  '0455534454dac17f958d2ee523a2206206994597c13d831ec700000006000000013044022078c66ccea3e4dedb15a24ec3c783d7b582cd260daf62fd36afe9a8212a344aed0220160ba8c1c4b6a8aa6565bed20632a091aeeeb7bfdac67fc6589a6031acbf511c';
const tokenSignature =
  'b2140707d1222a8017aa956d013b24d4eee3d126ab3b1abaab2f16df4a44e81926c61b44a18e439662eb73f7cec562400ea0494fcd2b4b7c3f39f98ac8471e5b';
const otherSeed = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';

/** Pinned to a key that no device here has. */
const absentWallet: Wallet = {
  ...testWallet,
  id: parseWalletId('absent', 'wallet'),
  publicKey: `02${'11'.repeat(32)}`,
};

function permit(unsigned = transfer, more: Partial<Permit> = {}): Permit {
  const transaction = parseTransactionId('11'.repeat(32), 'transaction');
  return mint({
    transaction,
    wallet: testWallet,
    signer: 'ledger',
    unsigned: fromHex(unsigned),
    psbt: null,
    registration: null,
    tokenDescriptors: [],
    digests: [],
    ...more,
  });
}

let emulator: Emulator;
let operator: Operator;
let timers: HandTimers;
let signer: Signer;
let processes: ChildProcess[];
let changes: number;

function create(more: Partial<LedgerSignerOptions> = {}): Signer {
  return createLedgerSigner({
    name: 'ledger',
    transport: { transport: 'speculos', url: emulator.apiUrl },
    deadlines,
    poll,
    backOff: () => backOff,
    timers,
    log: () => undefined,
    spawn: launch,
    ...more,
  });
}

/** As `launchHost`, and remembered. */
function launch(): HostProcess {
  const child = spawn(process.execPath, [...confinement(false), host], {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
  });
  processes.push(child);
  return child;
}

beforeEach(async () => {
  emulator = await startEmulator({ model: 'nanosp', apiPort: 0 });
  operator = new Operator(emulator.apiUrl);
  timers = new HandTimers();
  processes = [];
  changes = 0;
  signer = create();
  signer.onChange(() => void changes++);
});

afterEach(async () => {
  await signer.close();
  await emulator.close();
});

const approve = async () => {
  await operator.sees(/^Review transaction/);
  await operator.select(/^Sign transaction/);
};
const changed = () =>
  new Promise<void>((resolve) => {
    const stop = signer.onChange(() => {
      stop();
      resolve();
    });
  });

describe('a Ledger that holds the wallet’s key', () => {
  it('is ready', async () => {
    expect(await signer.check(testWallet)).toEqual({ ready: true, device: 'Ledger, Ethereum 1.22.0' });
    expect(timers.set).toEqual([]);
  });

  it('signs what a person approves, byte for byte as the real app', async () => {
    const signing = signer.sign(permit());
    await approve();
    expect(await signing).toEqual({ kind: 'signed', signature: fromHex(transferSignature) });
  });

  it('signs a token’s transfer that it can show by Ledger’s description', async () => {
    const signing = signer.sign(permit(token, { tokenDescriptors: [tokenDescriptor] }));
    await approve();
    expect(await signing).toEqual({ kind: 'signed', signature: fromHex(tokenSignature) });
  });

  it('signs a legacy transaction, whose v it can’t say in one byte', async () => {
    const legacy = serializeTransaction({
      type: 'legacy',
      chainId: 31337,
      nonce: 7,
      gas: 21_000n,
      gasPrice: 1n,
      to,
      value: 1n,
    });
    const signing = signer.sign(permit(legacy.slice(2)));
    await approve();
    expect(await signing).toEqual({ kind: 'signed', signature: expect.objectContaining({ length: 64 }) });
  });

  it('is attended by a person', () => {
    expect(signer.attended).toBe(true);
    expect(signer.name).toBe('ledger');
  });
});

describe('I1: nothing but a permit makes it sign', () => {
  it.each<[string, () => Permit]>([
    ['a copy of a permit', () => ({ ...permit() })],
    ['a permit’s look-alike', () => ({ ...permit(), unsigned: fromHex(transfer) })],
    ['a wrapper around a permit', () => Object.create(permit())],
  ])('not %s', async (_, forged) => {
    await expect(signer.sign(forged())).rejects.toThrow(TypeError);
    expect(await operator.screen()).not.toMatch(/^Review/);
  });

  it('not one for a main network, on an emulated device', async () => {
    const wallet: Wallet = { ...testWallet, chain: parseChainId('eip155:1', 'chain') };
    await expect(signer.sign(permit(transfer, { wallet }))).rejects.toThrow('test networks only');
    expect(() => signer.check(wallet)).toThrow('test networks only');
  });

  it('not one for a path that the library would misread', async () => {
    const wallet: Wallet = { ...testWallet, key: { kind: 'derived', path: 'm/44h/60h/0h/0/0' } };
    await expect(signer.sign(permit(transfer, { wallet }))).rejects.toThrow(Malformed);
  });

  it('not one that is larger than a network carries', async () => {
    const outcome = await signer.sign(permit('00'.repeat(128 * 1024 + 1)));
    expect(outcome).toMatchObject({ kind: 'declined', reason: 'device-cannot-show' });
  });

  it('on a device outside this machine, never: the child refuses its address', async () => {
    const far = create({ transport: { transport: 'speculos', url: 'http://192.0.2.1:5000' } });
    expect(await far.check(testWallet)).toMatchObject({ ready: false, reason: 'signer-failed' });
    await far.close();
  });
});

describe('F3, S6: a device that isn’t ready says why, and nothing is sent to it', () => {
  it.each([
    ['is locked', { kind: 'lock' }, 'device-locked'],
    ['shows its dashboard', { kind: 'wrong-app' }, 'device-wrong-app'],
    ['has another app open', { kind: 'wrong-app', name: 'Bitcoin' }, 'device-wrong-app'],
    ['has another seed', { kind: 'seed', seed: otherSeed }, 'device-foreign'],
    ['is unplugged', { kind: 'unplug' }, 'device-missing'],
  ])('where it %s', async (_, fault, reason) => {
    await operator.fault(fault);
    expect(await signer.check(testWallet)).toMatchObject({ ready: false, reason });
    expect(await signer.sign(permit())).toMatchObject({
      kind: 'uncertain',
      reason,
      message: expect.stringContaining('nothing was sent'),
    });
    await operator.mend();
    expect(await operator.screen()).not.toMatch(/^Review/);
    expect(await signer.check(testWallet)).toMatchObject({ ready: true });
  });

  it('where the pinned address or key is another’s', async () => {
    const wallet = { ...testWallet, publicKey: testWallet.publicKey.replace('02ef', '03ef') };
    expect(await signer.check(wallet)).toMatchObject({ ready: false, reason: 'device-foreign' });
    expect(await signer.sign(permit(transfer, { wallet }))).toMatchObject({
      kind: 'uncertain',
      reason: 'device-foreign',
    });
    expect(await operator.screen()).not.toMatch(/^Review/);
  });

  it('where it was exchanged after it was checked', async () => {
    expect(await signer.check(testWallet)).toMatchObject({ ready: true });
    await operator.fault({ kind: 'seed', seed: otherSeed });
    expect(await signer.sign(permit())).toMatchObject({ kind: 'uncertain', reason: 'device-foreign' });
    expect(await operator.screen()).not.toMatch(/^Review/);
  });

  it('where it hangs: the child is killed, started again, and finds it when it is well', async () => {
    expect(await signer.check(testWallet)).toMatchObject({ ready: true });
    await operator.fault({ kind: 'hang' });
    const checking = signer.check(testWallet);
    await timers.goOff(deadlines.identify);
    expect(await checking).toMatchObject({ ready: false, reason: 'device-timeout' });
    await operator.mend();
    const again = changed();
    await timers.goOff(backOff);
    await again;
    expect(await signer.check(testWallet)).toMatchObject({ ready: true });
  });
});

describe('F3: a review that ends otherwise', () => {
  it('by a person’s refusal: declined', async () => {
    const signing = signer.sign(permit());
    await operator.sees(/^Review transaction/);
    await operator.select(/^Reject transaction/);
    expect(await signing).toMatchObject({ kind: 'declined', reason: 'device-refused' });
    expect(timers.set).toEqual([]);
  });

  it('by what it could only sign blindly: declined, nobody was asked', async () => {
    expect(await signer.sign(permit(token))).toMatchObject({ kind: 'declined', reason: 'device-cannot-show' });
    expect(await operator.screen()).not.toMatch(/^Review/);
  });

  it('by a token’s description that isn’t Ledger’s: declined', async () => {
    const forged = `${tokenDescriptor.slice(0, -2)}00`;
    const outcome = await signer.sign(permit(token, { tokenDescriptors: [forged] }));
    expect(outcome).toMatchObject({ kind: 'declined', reason: 'device-cannot-show' });
  });

  it.each([
    ['review', 'during the review'],
    ['signature', 'after the approval, before the answer'],
  ])('unplugged at the %s (%s): uncertain, and signed by the same bytes when it is back', async (at) => {
    await operator.fault({ kind: 'unplug', at });
    const signing = signer.sign(permit());
    if (at === 'signature') await approve();
    expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'device-lost' });
    await operator.fault({ kind: 'plug' });
    const back = changed();
    await timers.goOff(poll);
    await back;
    await operator.mend();
    const again = signer.sign(permit());
    await approve();
    expect(await again).toEqual({ kind: 'signed', signature: fromHex(transferSignature) });
  });

  it.each(['review', 'signature'])(
    'hung at the %s: the child is killed at the deadline, and the same bytes signed by the next',
    async (at) => {
      await operator.fault({ kind: 'hang', at });
      const signing = signer.sign(permit());
      await operator.sees(/^Review transaction/);
      if (at === 'signature') await operator.select(/^Sign transaction/);
      await timers.goOff(deadlines.sign);
      expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'device-timeout' });
      await operator.fault({ kind: 'unplug' });
      await operator.mend();
      const back = changed();
      await timers.goOff(backOff);
      await back;
      expect(processes.map((child) => child.signalCode)).toEqual(['SIGKILL', null]);
      const again = signer.sign(permit());
      await approve();
      expect(await again).toEqual({ kind: 'signed', signature: fromHex(transferSignature) });
    },
  );

  it('left alone: uncertain at the deadline; the same bytes begin the review anew', async () => {
    const signing = signer.sign(permit());
    await operator.sees(/^Review transaction/);
    await timers.goOff(deadlines.sign);
    expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'device-timeout' });
    await operator.press('right');
    await operator.sees(/^From/);
    const back = changed();
    await timers.goOff(backOff);
    await back;
    const again = signer.sign(permit());
    await approve();
    expect(await again).toEqual({ kind: 'signed', signature: fromHex(transferSignature) });
  });

  it('by a crash of the child: uncertain', async () => {
    const signing = signer.sign(permit());
    await operator.sees(/^Review transaction/);
    processes[0]?.kill('SIGSEGV');
    expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'signer-failed' });
  });

  it('by the signer’s end: uncertain', async () => {
    const signing = signer.sign(permit());
    await operator.sees(/^Review transaction/);
    await signer.close();
    expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'signer-failed' });
    expect(processes.map((child) => child.signalCode)).toEqual(['SIGKILL']);
  });
});

describe('S7: an answer that isn’t the right signature', () => {
  it.each(['short', 'bare'])('of the wrong length (%s) is none: uncertain, signature-wrong', async (form) => {
    await operator.fault({ kind: 'corrupt', form });
    const signing = signer.sign(permit());
    await approve();
    expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'signature-wrong' });
  });

  it.each(['wrong-signature', 'high-s'])('but of the right length (%s) passes, for I7 to judge', async (kind) => {
    await operator.fault({ kind });
    const signing = signer.sign(permit());
    await approve();
    const outcome = await signing;
    expect(outcome).toMatchObject({ kind: 'signed', signature: { length: 64 } });
    expect(outcome).not.toMatchObject({ signature: fromHex(transferSignature) });
  });
});

describe('while a device shows a review, nothing else is sent to it', () => {
  it('checks and further permits wait for their turn', async () => {
    const signing = signer.sign(permit());
    await operator.sees(/^Review transaction/);
    let checked = false;
    const check = signer.check(testWallet).then((readiness) => {
      checked = true;
      return readiness;
    });
    const second = signer.sign(permit());
    await operator.press('right');
    await operator.sees(/^From/);
    expect(checked).toBe(false);
    await operator.select(/^Sign transaction/);
    // Another command in between would have cost the first its signature.
    expect(await signing).toMatchObject({ kind: 'signed' });
    expect(await check).toMatchObject({ ready: true });
    await approve();
    expect(await second).toMatchObject({ kind: 'signed' });
  });

  it('the watch over another wallet, whose device isn’t there, leaves it alone as well', async () => {
    await signer.check(absentWallet);
    const signing = signer.sign(permit());
    await operator.sees(/^Review transaction/);
    await timers.goOff(poll);
    expect(timers.set.filter((set) => set === poll)).toHaveLength(1);
    await approve();
    expect(await signing).toMatchObject({ kind: 'signed' });
  });

  it('no other signer on USB asks it who it is', async () => {
    const [first, second] = [new Undead(), new Undead()];
    const signers = [first, second].map((started) => create({ transport: { transport: 'hid' }, spawn: () => started }));
    for (const started of [first, second]) started.say({ id: (await started.asked()).id, result: 'configured' });
    const checks = signers.map((one) => one.check(testWallet));
    const { id } = await first.asked();
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(second.stdin.readableLength).toBe(0);
    first.say({ id, result: 'failure', reason: 'device-locked', message: 'locked' });
    second.say({ id: (await second.asked()).id, result: 'failure', reason: 'device-missing', message: 'missing' });
    expect(await Promise.all(checks)).toMatchObject([{ reason: 'device-locked' }, { reason: 'device-missing' }]);
    for (const started of [first, second]) started.emit('close', null, 'SIGKILL');
    await Promise.all(signers.map((one) => one.close()));
  });
});

describe('a device that wasn’t ready is asked again', () => {
  it('and word is given when that has changed, not before', async () => {
    await operator.fault({ kind: 'lock' });
    await signer.check(testWallet);
    await timers.goOff(poll);
    await timers.isSet(poll);
    expect(changes).toBe(0);
    await operator.mend();
    const word = changed();
    await timers.goOff(poll);
    await word;
    expect(changes).toBe(1);
    expect(timers.set).toEqual([]);
  });

  it('for each wallet, whatever the others are', async () => {
    await operator.fault({ kind: 'lock' });
    await signer.check(testWallet);
    await operator.mend();
    await signer.check(absentWallet);
    const word = changed();
    await timers.goOff(poll);
    await word;
    await timers.isSet(poll);
    expect(await signer.check(testWallet)).toMatchObject({ ready: true });
    expect(timers.set).toEqual([poll]);
  });

  it('until nobody listens any more', async () => {
    await operator.fault({ kind: 'lock' });
    await signer.check(testWallet);
    const stop = signer.onChange(() => void changes++);
    stop();
    await operator.mend();
    const word = changed();
    await timers.goOff(poll);
    await word;
    expect(changes).toBe(1);
  });

  it('until the signer is closed', async () => {
    await operator.fault({ kind: 'lock' });
    await signer.check(testWallet);
    await signer.close();
    expect(timers.set).toEqual([]);
  });
});
