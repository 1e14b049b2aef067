import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { PortHost } from './host.ts';
import { Operator } from './operator.ts';
import { readPortRecording, recordingNames } from './recording.ts';

let emulator: Emulator;
let host: PortHost;
let operator: Operator;

beforeEach(async () => {
  emulator = await startEmulator({ model: 'nanosp', apiPort: 0, apduPort: 0 });
  host = await PortHost.connect(emulator.apduPort ?? 0);
  operator = new Operator(emulator.apiUrl);
});

afterEach(async () => {
  host.close();
  await emulator.close();
});

/** Walks on until the app dies of what it forgot. */
async function pressUntilOver(): Promise<void> {
  for (;;) await operator.press('right');
}

describe('commands during a review do over the raw port what they did to the real app', () => {
  it.each(recordingNames().filter((name) => name.startsWith('eth-tcp-')))('%s', async (name) => {
    for (const step of readPortRecording(name).steps) {
      if ('died' in step) {
        await expect(pressUntilOver()).rejects.toThrow('fetch failed');
        expect(await emulator.ended).toBe('crashed');
        return;
      }
      if ('waited_ms' in step) throw new Error('no Ethereum recording waits');
      if ('sent' in step) host.send(step.sent);
      else {
        for (const [i, page] of step.walked.entries()) {
          await operator.sees(page.replaceAll(' | ', '\n'));
          await operator.press(i === step.walked.length - 1 ? 'both' : 'right');
        }
      }
      for (const answer of step.got ?? []) expect(await host.answer()).toBe(answer);
      const screen = step.screen.replaceAll(' | ', '\n');
      // The recording waited for the status to go by itself; here a button sends it away.
      if (screen.endsWith('app is ready')) await operator.press('both');
      await operator.sees(screen);
      expect(host.unread).toEqual([]);
    }
  });
});

describe('the raw port', () => {
  it('answers each of several commands that arrive in pieces', async () => {
    host.send('e006000000');
    expect(await host.answer()).toBe('020116009000');
    host.send('b001000000');
    expect(await host.answer()).toMatch(/9000$/);
  });

  it('keeps one client’s answers from another', async () => {
    const other = await PortHost.connect(emulator.apduPort ?? 0);
    host.send('e006000000');
    await host.answer();
    other.send('e07f000000');
    expect(await other.answer()).toBe('6d00');
    expect(host.unread).toEqual([]);
    other.close();
  });

  it('breaks the connection of a client whose frame is absurdly long', async () => {
    host.send('00'.repeat(100_000));
    await host.closed;
  });

  it('breaks the connection when the device is unplugged', async () => {
    await operator.fault({ kind: 'unplug' });
    await host.closed;
  });
});
