import { afterEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import type { Model } from '../../../simulators/ledger/os/model.ts';
import { Operator } from './operator.ts';

const sign =
  'e004000046058000002c8000003c80000000000000000000000002ef0107843b9aca008506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c8872bdc545d58750080c0';

let emulator: Emulator;
afterEach(() => emulator.close());

async function start(model: Model): Promise<Operator> {
  emulator = await startEmulator({ model, apiPort: 0 });
  return new Operator(emulator.apiUrl);
}

/** Touches the middle of a line that is on the screen. */
async function touch(operator: Operator, text: string, delay?: number): Promise<void> {
  const line = (await operator.events('?currentscreenonly=true')).find((event) => event.text === text);
  if (line === undefined) throw new Error(`“${text}” is not on the screen`);
  const place = { x: line.x + (line.w >> 1), y: line.y + (line.h >> 1) };
  const body = { ...place, action: 'press-and-release', ...(delay === undefined ? {} : { delay }) };
  expect(await operator.post('finger', body)).toEqual({ status: 200, body: {} });
}

const next = { stax: { x: 342, y: 606 }, flex: { x: 430, y: 550 } };

/** Through a review's pages, a tap at the arrow each, to the last one. */
async function turnToEnd(operator: Operator, model: 'stax' | 'flex'): Promise<string[]> {
  const screens = [await operator.sees(/\n1 of \d+$/)];
  while (!/ (\d+) of \1$/.test((screens.at(-1) ?? '').replaceAll('\n', ' '))) {
    expect((await operator.post('finger', { ...next[model], action: 'press-and-release' })).status).toBe(200);
    screens.push(await operator.screen());
  }
  return screens;
}

describe.each(['stax', 'flex'] as const)('POST /finger on %s', (model) => {
  it('turns a review’s pages and approves it, by what the events say alone', async () => {
    const operator = await start(model);
    const answer = operator.apdu(sign);
    const screens = await turnToEnd(operator, model);
    expect(screens[0]).toMatch(/^Review transaction\n/);
    expect(screens.join('\n')).toMatch(/\nAmount\n0\.01234567.*ETH\n/);
    await touch(operator, 'Hold to sign');
    expect(await operator.screen()).toMatch(/^Sign transaction\?\n/);
    await touch(operator, 'Hold to sign', 3);
    expect(await answer).toMatch(/^00a21d7a42.*9000$/);
    expect(await operator.screen()).toBe('Transaction signed');
  });

  it('refuses a review by two taps', async () => {
    const operator = await start(model);
    const answer = operator.apdu(sign);
    await operator.sees(/\n1 of \d+$/);
    await touch(operator, 'Reject');
    await touch(operator, 'Yes, reject');
    expect(await answer).toBe('6985');
  });
});

describe('POST /finger', () => {
  it('presses, and lets go when told: the device’s time goes between', async () => {
    const operator = await start('stax');
    const answer = operator.apdu(sign);
    await turnToEnd(operator, 'stax');
    expect((await operator.post('ticker/', { action: 'pause' })).status).toBe(200);
    await operator.post('finger', { x: 200, y: 515, action: 'press' });
    const tick = () => operator.post('ticker/', { action: 'single-step' });
    for (let ticks = 0; ticks < 23; ticks++) await tick();
    expect(await operator.screen()).toMatch(/^Sign transaction\?\n/);
    await tick();
    expect(await operator.screen()).toBe('Transaction signed');
    expect(await answer).toMatch(/9000$/);
    await operator.post('finger', { x: 200, y: 515, action: 'release' });
    expect(await operator.screen()).toBe('Transaction signed');
  });

  it.each([
    [{ x: 1, y: 1 }, 'action'],
    [{ x: 1, y: 1, action: 'tap' }, 'action'],
    [{ x: 1.5, y: 1, action: 'press' }, 'x'],
    [{ x: 1, y: -1, action: 'press' }, 'y'],
    [{ x: 1, action: 'press' }, 'y'],
    [{ x: 1, y: 1, action: 'press', delay: '1' }, 'delay'],
    [{ x: 1, y: 1, action: 'press', delay: -1 }, 'delay'],
    [{ x: 1, y: 1, action: 'press', z: 1 }, 'unknown key z'],
    [{ x: 1, y: 1, x2: 9, y2: 9, action: 'press' }, 'swipes'],
    [[], 'not an object'],
  ])('refuses %j', async (body, message) => {
    const operator = await start('stax');
    expect(await operator.post('finger', body)).toEqual({
      status: 400,
      body: { error: expect.stringContaining(message) },
    });
  });
});

describe('POST /ticker/', () => {
  it('stops the device’s time and lets it go on', async () => {
    const operator = await start('nanosp');
    await operator.post('ticker/', { action: 'pause' });
    const answer = operator.apdu(sign);
    await operator.sees('Review transaction');
    await operator.select(/^Sign/);
    expect(await operator.screen()).toBe('Transaction signed');
    await answer;
    // The notice goes after 30 ticks: the last comes by itself.
    for (let ticks = 0; ticks < 29; ticks++) await operator.post('ticker/', { action: 'single-step' });
    expect(await operator.screen()).toBe('Transaction signed');
    await operator.post('ticker/', { action: 'resume' });
    await operator.sees('Ethereum\napp is ready');
  });

  it('is where /ticker leads', async () => {
    await start('nanosp');
    const redirected = await fetch(`${emulator.apiUrl}/ticker`, {
      method: 'POST',
      body: '{"action":"pause"}',
      redirect: 'manual',
    });
    expect([redirected.status, redirected.headers.get('location')]).toEqual([308, '/ticker/']);
  });

  it('knows three actions', async () => {
    const operator = await start('nanosp');
    for (const body of [{ action: 'stop' }, {}, { action: 'pause', for: 3 }, 'pause'])
      expect(await operator.post('ticker/', body)).toMatchObject({ status: 400, body: { error: expect.any(String) } });
  });
});
