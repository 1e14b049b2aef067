import { describe, expect, it } from 'vitest';
import { Person } from './person.ts';
import { readRecording, recordingNames } from './recording.ts';

const home = 'Ethereum\napp is ready';
const flows = recordingNames().filter((name) => /^(nanox-)?eth-/.test(name) && !name.includes('-tcp-'));

describe('the Ethereum app answers and shows what the real one did', () => {
  it.each(flows)('%s', (name) => {
    const { flow, model, exchanges } = readRecording(name);
    const person = new Person(model);
    if (flow.includes('blind-on')) person.enableBlindSigning();
    expect(person.screen).toBe(home);
    for (const { command, response, screens, buttons, screensAfter } of exchanges) {
      const before = person.replies.length;
      person.send(command);
      for (const [i, button] of buttons.entries()) {
        expect(person.replies.length, 'nothing is answered while the review is on').toBe(before);
        expect(person.screen).toBe(screens[i]);
        person.press(button);
      }
      expect(person.replies.slice(before)).toEqual([response]);
      if (screensAfter === undefined || screensAfter.length === 0) continue;
      const [status, next] = screensAfter;
      expect(person.screen).toBe(status);
      person.press('both');
      expect(person.screen).toBe(next);
    }
    person.device.close();
  });

  it('finds the recordings', () => expect(flows.length).toBeGreaterThan(80));
});
