import { afterEach, describe, expect, it } from 'vitest';
import { BitcoinHolder } from './bitcoin-holder.ts';
import { readRecording, recordingNames } from './recording.ts';

/** Commands with INS 04 and what belongs to them: the other recordings don't sign transactions. */
const flows = recordingNames().filter(
  (name) => /^btc(test)?-(sign|hwapp-signPsbt)/.test(name) && !/message/.test(name),
);

const random = (flow: string, response: string): boolean => flow.includes('-tr-') && response.startsWith('10');

describe('the Bitcoin app signs as the real one did: every request to the host, every screen, every signature', () => {
  let holder: BitcoinHolder;
  afterEach(() => holder.device.close());

  it.each(flows)('%s', async (name) => {
    const { flow, model, app, exchanges } = readRecording(name);
    holder = new BitcoinHolder(app, model);
    for (const [at, { command, response, screens, buttons, screensAfter }] of exchanges.entries()) {
      const before = holder.replies.length;
      await holder.send(command);
      for (const [i, button] of buttons.entries()) {
        expect(holder.replies.length, 'nothing is answered while the review is on').toBe(before);
        expect(holder.screen).toBe(screens[i]);
        await holder.press(button);
      }
      const answers = holder.replies.slice(before);
      if (random(flow, response)) expect(answers.map((answer) => answer.length)).toEqual([response.length]);
      else expect(answers, `exchange ${at}`).toEqual([response]);
      if (screensAfter === undefined || screensAfter.length === 0) continue;
      const [status, next] = screensAfter;
      expect(holder.screen).toBe(status);
      await holder.press('both');
      expect(holder.screen).toBe(next);
    }
  });

  it('finds the recordings', () => expect(flows.length).toBe(25));
});
