import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Child as AnyChild, type ChildOptions } from '../../src/signers/child.ts';
import type { HostProcess } from '../../src/signers/launch.ts';
import { ledgerProtocol } from '../../src/signers/ledger/child-protocol.ts';
import type { Operation, Result } from '../../src/signers/protocol.ts';
import { HandTimers } from './hand-timers.ts';
import { Undead } from './undead.ts';

/** One that speaks as a Ledger's does. */
class Child extends AnyChild<Operation, Result> {
  constructor(options: Omit<ChildOptions<Operation, Result>, 'protocol'>) {
    super({ ...options, protocol: ledgerProtocol });
  }
}

const script = fileURLToPath(new URL('fake-host.ts', import.meta.url));
const identify = {
  op: 'identify',
  skip: [],
  app: 'Ethereum',
  path: "m/44'/60'/0'/0/0",
  publicKey: `02${'11'.repeat(32)}`,
} as const;
const sign = { op: 'sign', app: 'Ethereum', path: identify.path, unsigned: 'c0', tokenDescriptors: [] } as const;
const startDeadline = 9_000;
const deadline = 10_000;

const open: Child[] = [];
afterEach(() => Promise.all(open.splice(0).map((child) => child.close())));

/** A child that behaves in one manner a life; the last one stays. */
function childOf(...manners: readonly string[]) {
  const timers = new HandTimers();
  const processes: ChildProcess[] = [];
  const log: string[] = [];
  const child = new Child({
    start: () => {
      const manner = manners[Math.min(processes.length, manners.length - 1)] ?? 'good';
      const process_ = spawn(process.execPath, [script, manner], { env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
      processes.push(process_);
      return process_;
    },
    configuration: { op: 'configure', transport: 'hid' },
    startDeadline,
    timers,
    backOff: (restarts) => 100 + restarts,
    log: (line) => void log.push(line),
  });
  open.push(child);
  return { child, timers, processes, log };
}

const restarted = (child: Child) => new Promise<void>((resolve) => child.onRestart(resolve));

const identity = { kind: 'result', result: expect.objectContaining({ result: 'identity', app: 'Ethereum' }) };

describe('a signer’s child that behaves', () => {
  it('is configured, then answers, one operation after another', async () => {
    const { child, timers } = childOf('good');
    expect(await child.request(identify, deadline)).toEqual(identity);
    expect(await child.request(identify, deadline)).toEqual(identity);
    expect(timers.set).toEqual([]);
  });

  it('is never asked a second thing before the first is answered', async () => {
    const { child, timers } = childOf('hang');
    const first = child.request(sign, deadline);
    await timers.isSet(deadline);
    await expect(child.request(identify, deadline)).rejects.toThrow('one thing at a time');
    await timers.goOff(deadline);
    expect(await first).toEqual({ kind: 'deadline' });
  });

  it('S10: has its log lines escaped and cut', async () => {
    const { child, log } = childOf('chatty');
    await child.request(identify, deadline);
    await child.close();
    expect(log[0]).toBe('signer: a \\u{e2}\\u{80}\\u{ae} line\\u001b[2J of text');
    expect(log[1]).toBe(`signer: ${'y'.repeat(400)}`);
    expect(log).toHaveLength(2);
  });

  it('cannot fill the log', async () => {
    const { child, log } = childOf('flood');
    await child.request(identify, deadline);
    await child.close();
    expect(log).toHaveLength(201);
  });

  it('is gone when the signer is closed, and what was asked may have happened', async () => {
    const { child, timers, processes } = childOf('hang');
    const asked = child.request(sign, deadline);
    await timers.isSet(deadline);
    await child.close();
    expect(await asked).toMatchObject({ kind: 'lost' });
    expect(processes[0]?.signalCode).toBe('SIGKILL');
    expect(timers.set).toEqual([]);
    expect(await child.request(identify, deadline)).toMatchObject({ kind: 'down' });
    expect(processes).toHaveLength(1);
  });
});

describe('F3: a signer’s child that fails', () => {
  it.each([
    ['crash', /SIGABRT/],
    ['exit', /closed its output|exit 3/],
    ['garbage', /not JSON/],
    ['binary', /not UTF-8/],
    ['oversized', /longer than 262144 bytes/],
    ['endless', /longer than 262144 bytes/],
    ['version', /version "2", not 1/],
    ['no-version', /version "undefined", not 1/],
    ['half', /closed its output|exit 0/],
    ['whole-but-no-end', /closed its output|exit 0/],
    ['other-id', /nothing that was asked/],
    ['other-result', /signature is no answer to identify/],
    ['unknown-result', /unknown result/],
    ['unknown-member', /unknown member "more"/],
    ['unknown-reason', /unknown reason "frozen"/],
    ['control-characters', /message: unexpected/],
    ['closes-output', /closed its output/],
  ])('%s: is killed and started again, and gives no answer', async (manner, why) => {
    const { child, timers, processes } = childOf(manner, 'good');
    const answer = await child.request(identify, deadline);
    expect(answer.kind).toBe('lost');
    if (manner !== 'crash') expect(answer).toMatchObject({ message: expect.stringMatching(why) });
    const again = restarted(child);
    await timers.goOff(100);
    await again;
    expect(processes).toHaveLength(2);
    expect(processes[0]?.exitCode ?? processes[0]?.signalCode).not.toBeNull();
    expect(await child.request(identify, deadline)).toEqual(identity);
  });

  it('is killed after a second answer to one question, and the answer to the next comes from the next child', async () => {
    const { child, timers, processes } = childOf('twice', 'good');
    expect(await child.request(identify, deadline)).toEqual(identity);
    const again = restarted(child);
    await timers.goOff(100);
    await again;
    expect(processes[0]?.signalCode).toBe('SIGKILL');
    expect(await child.request(identify, deadline)).toEqual(identity);
  });

  it('is killed when it misses a deadline', async () => {
    const { child, timers, processes } = childOf('hang', 'good');
    const asked = child.request(sign, deadline);
    await timers.goOff(deadline);
    expect(await asked).toEqual({ kind: 'deadline' });
    const again = restarted(child);
    await timers.goOff(100);
    await again;
    expect(processes[0]?.signalCode).toBe('SIGKILL');
    expect(await child.request(identify, deadline)).toEqual(identity);
  });

  it.each([
    ['no-start', /did not answer configure in time/],
    ['refuses', /refused its configuration: no such library/],
  ])('%s: is not asked anything when it does not take its configuration', async (manner, why) => {
    const { child, timers, processes } = childOf(manner, 'good');
    const asked = child.request(identify, deadline);
    if (manner === 'no-start') await timers.goOff(startDeadline);
    expect(await asked).toEqual({ kind: 'down', message: expect.stringMatching(why) });
    await timers.isSet(100);
    expect(await child.request(identify, deadline)).toEqual({ kind: 'down', message: expect.stringMatching(why) });
    await timers.goOff(100);
    expect(await child.request(identify, deadline)).toEqual(identity);
    expect(processes).toHaveLength(2);
  });

  it('waits longer before each restart, until a child answers', async () => {
    const { child, timers } = childOf('exit', 'exit', 'exit', 'good', 'good');
    for (const wait of [100, 101, 102]) {
      expect(await child.request(identify, deadline)).toMatchObject({ kind: 'lost' });
      await timers.goOff(wait);
    }
    expect(await child.request(identify, deadline)).toEqual(identity);
  });

  it('is restarted after the shortest wait again once it has answered', async () => {
    const { child, timers } = childOf('exit', 'twice', 'good');
    expect(await child.request(identify, deadline)).toMatchObject({ kind: 'lost' });
    await timers.goOff(100);
    expect(await child.request(identify, deadline)).toEqual(identity);
    await timers.goOff(100);
    expect(await child.request(identify, deadline)).toEqual(identity);
  });

  it.each<[string, () => HostProcess]>([
    ['ENOENT', () => spawn('/nonexistent/node', { stdio: ['pipe', 'pipe', 'pipe'] })],
    [
      'no more processes',
      () => {
        throw new Error('no more processes');
      },
    ],
  ])('is down, and tried again, where its program cannot be started (%s)', async (why, start) => {
    const timers = new HandTimers();
    let starts = 0;
    const child = new Child({
      start: () => {
        starts += 1;
        return start();
      },
      configuration: { op: 'configure', transport: 'hid' },
      startDeadline,
      timers,
      backOff: () => 100,
      log: () => undefined,
    });
    open.push(child);
    expect(await child.request(identify, deadline)).toEqual({ kind: 'down', message: expect.stringContaining(why) });
    await timers.goOff(100);
    expect(starts).toBe(2);
  });
});

async function undeadChild() {
  const timers = new HandTimers();
  const processes: Undead[] = [];
  const child = new Child({
    start: () => {
      const started = new Undead();
      processes.push(started);
      return started;
    },
    configuration: { op: 'configure', transport: 'hid' },
    startDeadline,
    timers,
    backOff: () => 100,
    log: () => undefined,
  });
  const live = async (): Promise<Undead> => {
    const process_ = processes.at(-1) ?? new Undead();
    const { id } = await process_.asked();
    process_.say({ id, result: 'configured' });
    return process_;
  };
  return { child, timers, processes, live };
}

const signature = { result: 'signature', signature: '00'.repeat(65) };

describe('F3: a signer’s child that missed its deadline', () => {
  it('is replaced only when its process is gone, so that two never drive one device', async () => {
    const { child, timers, processes, live } = await undeadChild();
    const first = await live();
    const asked = child.request(sign, deadline);
    await first.asked();
    await timers.goOff(deadline);
    expect(await asked).toEqual({ kind: 'deadline' });
    expect(first.kills).toBe(1);
    expect(timers.set).toEqual([]);
    expect(processes).toHaveLength(1);
    expect(await child.request(sign, deadline)).toMatchObject({ kind: 'down' });
    first.emit('close', null, 'SIGKILL');
    await timers.goOff(100);
    expect(processes).toHaveLength(2);
  });

  it('F4: is replaced a second after its process is gone, whoever still holds its pipes', async () => {
    const { child, timers, processes, live } = await undeadChild();
    const first = await live();
    const asked = child.request(sign, deadline);
    await first.asked();
    first.emit('exit', null, 'SIGSEGV');
    expect(await Promise.race([asked, 'nothing yet'])).toBe('nothing yet');
    await timers.goOff(1_000);
    expect(await asked).toMatchObject({ kind: 'lost', message: expect.stringContaining('SIGSEGV') });
    expect([first.stdin, first.stdout, first.stderr].map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
    await timers.goOff(100);
    expect(processes).toHaveLength(2);
    await live();
    // Its pipes are let go at last: that is no end of the next.
    first.emit('close', null, 'SIGSEGV');
    expect(child.life).toBe(2);
  });

  it('is not listened to any more, whatever it still says', async () => {
    const { child, timers, live } = await undeadChild();
    const first = await live();
    const asked = child.request(sign, deadline);
    const { id } = await first.asked();
    await timers.goOff(deadline);
    first.emit('close', null, 'SIGKILL');
    await timers.goOff(100);
    const second = await live();
    const again = child.request(sign, deadline);
    const { id: secondId } = await second.asked();
    expect(await asked).toEqual({ kind: 'deadline' });
    // Both ids, by the old process: neither ends the wait for the new one.
    first.say({ id, ...signature });
    first.say({ id: secondId, ...signature });
    second.say({ id: secondId, result: 'failure', reason: 'device-refused', message: 'no' });
    expect(await again).toMatchObject({ result: { result: 'failure', reason: 'device-refused' } });
  });

  it('has its ids never used again: the new child cannot answer the old question', async () => {
    const { child, timers, live } = await undeadChild();
    const first = await live();
    void child.request(sign, deadline);
    const { id } = await first.asked();
    await timers.goOff(deadline);
    first.emit('close', null, 'SIGKILL');
    await timers.goOff(100);
    const second = await live();
    const again = child.request(sign, deadline);
    await second.asked();
    second.say({ id, ...signature });
    expect(await again).toMatchObject({ kind: 'lost', message: expect.stringContaining('nothing that was asked') });
    expect(second.kills).toBe(1);
  });

  it('loses what stood behind the line that broke the protocol', async () => {
    const { child, live } = await undeadChild();
    const first = await live();
    const asked = child.request(sign, deadline);
    const { id } = await first.asked();
    first.stdout.write(`{]\n${JSON.stringify({ v: 1, id, ...signature })}\n`);
    expect(await asked).toMatchObject({ kind: 'lost' });
  });
});
