import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { PortHost } from './host.ts';
import { Operator } from './operator.ts';
import { readPortRecording, recordingNames } from './recording.ts';

let emulator: Emulator;
let host: PortHost;
let operator: Operator;

beforeEach(async () => {
  // The device's own time: its ticks.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  emulator = await startEmulator({ model: 'nanosp', app: 'bitcoin', apiPort: 0, apduPort: 0 });
  host = await PortHost.connect(emulator.apduPort ?? 0);
  operator = new Operator(emulator.apiUrl);
});

afterEach(async () => {
  host.close();
  await emulator.close();
  vi.useRealTimers();
});

it.each(recordingNames().filter((name) => name.startsWith('btc-tcp-')))('%s', async (name) => {
  for (const step of readPortRecording(name).steps) {
    if ('waited_ms' in step) {
      vi.advanceTimersByTime(step.waited_ms);
      await host.closed;
      expect(await emulator.ended).toBe('crashed');
      await expect(operator.screen()).rejects.toThrow('fetch failed');
      return;
    }
    if ('died' in step) throw new Error('no Bitcoin recording dies of a button');
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
  throw new Error('the recording ends with a time-out');
});
