import { afterEach, describe, expect, it } from 'vitest';
import { BitcoinHolder } from './bitcoin-holder.ts';
import { readRecording, recordingNames } from './recording.ts';

/** Everything but transactions, whose recordings are played apart, and the raw port. */
const flows = recordingNames().filter(
  (name) => /^(nanox-)?btc/.test(name) && !/-tcp-/.test(name) && (!/-sign/.test(name) || /message/i.test(name)),
);

describe('the Bitcoin app answers, asks its host and shows what the real one did', () => {
  let holder: BitcoinHolder;
  afterEach(() => holder.device.close());

  it.each(flows)('%s', async (name) => {
    const { model, app, exchanges } = readRecording(name);
    holder = new BitcoinHolder(app, model);
    expect(holder.screen).toBe(`${app === 'Bitcoin' ? app : 'Bitcoin Testnet'}\napp is ready`);
    for (const [at, { command, response, screens, buttons, screensAfter }] of exchanges.entries()) {
      const before = holder.replies.length;
      await holder.send(command);
      for (const [i, button] of buttons.entries()) {
        expect(holder.replies.length, 'nothing is answered while the review is on').toBe(before);
        expect(holder.screen).toBe(screens[i]);
        await holder.press(button);
      }
      expect(holder.replies.slice(before), `exchange ${at}`).toEqual([response]);
      if (screensAfter === undefined || screensAfter.length === 0) continue;
      const [status, next] = screensAfter;
      expect(holder.screen).toBe(status);
      await holder.press('both');
      expect(holder.screen).toBe(next);
    }
  });

  it('finds the recordings', () => expect(flows.length).toBeGreaterThan(65));
});
