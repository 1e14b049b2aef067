import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { Operator } from './operator.ts';

const getAddress = 'e002010015058000002c8000003c800000000000000000000000';

let emulator: Emulator;
let operator: Operator;

beforeEach(async () => {
  emulator = await startEmulator({ model: 'nanosp', apiPort: 0, buttonPort: 0 });
  operator = new Operator(emulator.apiUrl);
});

afterEach(() => emulator.close());

describe('the REST interface is Speculos’ own', () => {
  it('answers a command with its data and status word in hex', async () => {
    expect(await operator.post('apdu', { data: 'e006000000' })).toEqual({
      status: 200,
      body: { data: '020116009000' },
    });
  });

  it('lists an event a line, with place and size, and the current screen alone when asked', async () => {
    const first = await operator.events();
    expect(first.map(({ text, clear }) => [text, clear])).toEqual([
      ['Ethereum', true],
      ['app is ready', false],
    ]);
    expect(Object.keys(first[0] ?? {}).sort()).toEqual(['clear', 'h', 'text', 'w', 'x', 'y']);
    await operator.press('right');
    expect((await operator.events()).map(({ text }) => text)).toEqual(['Ethereum', 'app is ready', 'App settings']);
    expect(await operator.screen()).toBe('App settings');
  });

  it('forgets events on DELETE, but not what the screen shows', async () => {
    expect((await fetch(`${emulator.apiUrl}/events`, { method: 'DELETE' })).status).toBe(200);
    expect(await operator.events()).toEqual([]);
    expect(await operator.screen()).toBe('Ethereum\napp is ready');
  });

  it('flushes the event stream’s headers before the first event, then streams each line', async () => {
    const response = await fetch(`${emulator.apiUrl}/events?stream=true`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    await operator.press('right');
    const { value } = (await response.body?.getReader().read()) ?? {};
    const text = new TextDecoder().decode(value);
    expect(text).toMatch(/^data: \{.*\}\n\n$/);
    expect(JSON.parse(text.slice('data: '.length))).toMatchObject({ text: 'App settings', clear: true });
  });

  it('counts a press when the last button is let go, and both where both were held', async () => {
    await operator.post('button/right', { action: 'press' });
    expect(await operator.screen()).toBe('Ethereum\napp is ready');
    await operator.post('button/right', { action: 'release' });
    expect(await operator.screen()).toBe('App settings');
    await operator.post('button/left', { action: 'press' });
    await operator.post('button/right', { action: 'press' });
    await operator.post('button/left', { action: 'release' });
    expect(await operator.screen()).toBe('App settings');
    await operator.post('button/right', { action: 'release' });
    expect(await operator.screen()).toMatch(/^Blind signing/);
  });

  it('gives one answer to all who wait, as Speculos does', async () => {
    const address = operator.apdu(getAddress);
    await operator.sees('Verify Ethereum\naddress');
    expect(await operator.apdu('e006000000')).toBe('020116009000');
    expect(await address).toBe('020116009000');
  });

  it('names what is wrong with a request, and goes on', async () => {
    expect(await operator.post('apdu', { data: 'xyz' })).toMatchObject({ status: 400 });
    expect(await operator.post('apdu', [])).toMatchObject({ status: 400 });
    expect(await operator.post('button/middle', { action: 'press' })).toMatchObject({ status: 404 });
    expect(await operator.post('button/left', { action: 'hold' })).toMatchObject({ status: 400 });
    expect(await operator.post('automation', { version: 2, rules: [] })).toMatchObject({ status: 400 });
    expect(await operator.post('nowhere', {})).toMatchObject({ status: 404 });
    const unreadable = await fetch(`${emulator.apiUrl}/apdu`, { method: 'POST', body: '{' });
    expect(unreadable.status).toBe(400);
    const endless = await fetch(`${emulator.apiUrl}/apdu`, {
      method: 'POST',
      body: `${' '.repeat(2 << 20)}{"data":"e006000000"}`,
    });
    expect(endless.status).toBe(400);
    expect(await operator.apdu('e006000000')).toBe('020116009000');
  });

  it('lets no web page drive it: another origin is turned away, and no CORS header is sent', async () => {
    const headers = { origin: 'https://example.org' };
    const response = await fetch(`${emulator.apiUrl}/button/right`, {
      method: 'POST',
      headers,
      body: '{"action":"press-and-release"}',
    });
    expect(response.status).toBe(403);
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(await operator.screen()).toBe('Ethereum\napp is ready');
  });

  it('lets no web page drive it through a name of its own that points here', async () => {
    const { port } = new URL(emulator.apiUrl);
    const status = await new Promise((resolve, reject) => {
      request(
        { host: '127.0.0.1', port, path: '/events', headers: { host: `attacker.example:${port}` } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});

describe('starting', () => {
  it('rejects where the port is taken', async () => {
    const apiPort = Number(new URL(emulator.apiUrl).port);
    await expect(startEmulator({ model: 'nanosp', apiPort })).rejects.toThrow('EADDRINUSE');
  });

  it('rejects a seed that isn’t BIP-39 words', async () => {
    await expect(startEmulator({ model: 'nanosp', apiPort: 0, seed: 'no such words' })).rejects.toThrow();
  });

  it('has other keys with another seed', async () => {
    const seed = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
    const other = await startEmulator({ model: 'nanox', apiPort: 0, seed });
    const command = getAddress.replace('e00201', 'e00200');
    const answers = await Promise.all([operator.apdu(command), new Operator(other.apiUrl).apdu(command)]);
    // The first address of the all-abandon test mnemonic, known everywhere.
    expect(answers[1]).toContain(Buffer.from('9858EfFD232B4033E47d90003D41EC34EcaEda94').toString('hex'));
    expect(answers[0]).not.toBe(answers[1]);
    await other.close();
  });
});
