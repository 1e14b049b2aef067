import { afterEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { parseRules } from '../../../simulators/ledger/speculos/rule.ts';
import { Operator } from './operator.ts';

const sign =
  'e004000046058000002c8000003c80000000000000000000000002ef0107843b9aca008506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c8872bdc545d58750080c0';
const right = [
  ['button', 2, true],
  ['button', 2, false],
];
const both = [
  ['button', 1, true],
  ['button', 2, true],
  ['button', 2, false],
  ['button', 1, false],
];
const approveAll = [
  { text: 'Sign transaction', actions: both },
  { regexp: 'Review|From|Amount|To|Max fees', actions: right },
];

let emulator: Emulator;
afterEach(() => emulator?.close());

async function start(rules: readonly unknown[]): Promise<Operator> {
  emulator = await startEmulator({ model: 'nanosp', apiPort: 0, automation: { version: 1, rules } });
  return new Operator(emulator.apiUrl);
}

describe('automation rules press the buttons', () => {
  it('approves a review by rules', async () => {
    const operator = await start(approveAll);
    expect(await operator.apdu(sign)).toMatch(/^00a21d7a42.*9000$/);
  });

  it('takes the first rule that holds, and refuses where that says so', async () => {
    const operator = await start([
      { text: 'Sign transaction', actions: right },
      { text: 'Reject transaction', actions: both },
      ...approveAll,
    ]);
    expect(await operator.apdu(sign)).toBe('6985');
  });

  it('loads new rules over REST', async () => {
    const operator = await start([]);
    expect((await operator.post('automation', { version: 1, rules: approveAll })).status).toBe(200);
    expect(await operator.apdu(sign)).toMatch(/9000$/);
  });

  it('holds a rule back until its conditions are met', async () => {
    const operator = await start([
      { text: 'Amount', actions: [['setbool', 'seen', true], ...right] },
      { text: 'Sign transaction', conditions: [['seen', true]], actions: both },
      { text: 'Sign transaction', actions: right },
      { text: 'Reject transaction', actions: both },
      ...approveAll,
    ]);
    expect(await operator.apdu(sign)).toMatch(/9000$/);
  });

  it('looks at a line’s place', async () => {
    const operator = await start([]);
    const [line] = await operator.events('?currentscreenonly=true');
    const rules = (x: number) => [{ text: 'Ethereum', x, y: line?.y, actions: right }];
    const there = line?.x ?? 0;
    await operator.post('automation', {
      version: 1,
      rules: [...rules(there + 1), { text: 'App settings', actions: [] }],
    });
    await operator.press('right');
    await operator.press('left');
    expect(await operator.screen()).toBe('Ethereum\napp is ready');
    await operator.post('automation', { version: 1, rules: rules(there) });
    await operator.press('right');
    await operator.press('left');
    await operator.sees('App settings');
  });

  it('remembers in time for the next line of the same screen', async () => {
    const operator = await start([
      { text: 'Ethereum', actions: [['setbool', 'home', true]] },
      { text: 'app is ready', conditions: [['home', true]], actions: right },
    ]);
    await operator.press('right');
    await operator.press('left');
    await operator.sees('App settings');
  });

  it('passes over a rule without actions, and stops at one whose list is empty', async () => {
    const operator = await start([
      { text: 'App settings' },
      { text: 'App settings', actions: right },
      { text: 'App info', actions: [] },
      { text: 'App info', actions: right },
    ]);
    await operator.press('right');
    await operator.sees('App info');
    await new Promise(setImmediate);
    expect(await operator.screen()).toBe('App info');
  });

  it('moves a finger on a touch screen', async () => {
    const footer = (down: boolean) => ['finger', 200, 640, down];
    emulator = await startEmulator({
      model: 'stax',
      apiPort: 0,
      automation: { version: 1, rules: [{ text: 'Quit app', actions: [footer(true), footer(false)] }] },
    });
    const operator = new Operator(emulator.apiUrl);
    // The corner leads to the settings, and their title back home, which the rule leaves.
    await operator.post('finger', { x: 342, y: 55, action: 'press-and-release' });
    await operator.post('finger', { x: 36, y: 36, action: 'press-and-release' });
    await operator.sees(/^Dashboard/);
  });

  it('ends the emulator at `exit`', async () => {
    const operator = await start([{ text: 'App settings', actions: [['exit']] }]);
    await operator.press('right').catch(() => undefined);
    expect(await emulator.ended).toBe('exited');
  });
});

describe('a malformed rule is refused with its place', () => {
  it.each([
    [{ version: 2, rules: [] }, 'version'],
    [{ version: 1 }, 'rules: not a list'],
    [{ version: 1, rules: [{ text: 1 }] }, 'rules[0].text'],
    [{ version: 1, rules: [{}, { txt: 'x' }] }, 'rules[1]: unknown key txt'],
    [{ version: 1, rules: [{ actions: [['button', 3, true]] }] }, 'a button is 1 or 2'],
    [{ version: 1, rules: [{ actions: [['button', 1, 'yes']] }] }, 'not true or false'],
    [{ version: 1, rules: [{ actions: [['dance']] }] }, 'unknown action "dance"'],
    [{ version: 1, rules: [{ regexp: '(' }] }, 'Invalid regular expression'],
    [{ version: 1, rules: [{ conditions: [['seen']] }] }, '1 parts, not 2'],
    [{ version: 1, rules: [{ conditions: [['seen', true, 1]] }] }, '3 parts, not 2'],
    [{ version: 1, rules: [{ x: '3' }] }, 'rules[0].x'],
    [{ version: 1, rules: [{ y: 0.5 }] }, 'rules[0].y'],
    [{ version: 1, rules: [], comment: '' }, 'unknown key comment'],
    [{ version: 1, rules: [{ actions: [['finger', 1, 2]] }] }, '3 parts, not 4'],
    [{ version: 1, rules: [{ actions: [['finger', 1, 2, true, 0]] }] }, '5 parts, not 4'],
    [{ version: 1, rules: [{ actions: [['finger', 1.5, 2, true]] }] }, 'not a whole number'],
    [{ version: 1, rules: [{ actions: [['finger', 1, 2, 1]] }] }, 'not true or false'],
    [{ version: 1, rules: [{ actions: [['button', 1, true, true]] }] }, '4 parts, not 3'],
    [{ version: 1, rules: [{ actions: [['setbool', 'a', true, 0]] }] }, '4 parts, not 3'],
    [{ version: 1, rules: [{ actions: [['exit', 0]] }] }, '2 parts, not 1'],
    ['rules', 'not an object'],
  ])('%j', (document, message) => {
    expect(() => parseRules(document)).toThrow(message);
  });
});
