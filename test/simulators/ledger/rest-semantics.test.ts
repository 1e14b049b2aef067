import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { Automation } from '../../../simulators/ledger/speculos/automation.ts';
import { EventLog } from '../../../simulators/ledger/speculos/events.ts';
import { openPort } from '../../../simulators/ledger/speculos/port.ts';
import { RestApi } from '../../../simulators/ledger/speculos/rest.ts';
import { Operator } from './operator.ts';
import { Person } from './person.ts';

let emulator: Emulator;
let operator: Operator;

beforeEach(async () => {
  emulator = await startEmulator({ model: 'nanosp', apiPort: 0 });
  operator = new Operator(emulator.apiUrl);
});
afterEach(() => emulator.close());

const at = (path: string, init: RequestInit = {}) => fetch(`${emulator.apiUrl}/${path}`, init);

describe('a request that isn’t as Speculos’ schemas have it is 400, with an error', () => {
  it.each([
    ['apdu', { data: '' }, 'data'],
    ['apdu', { data: 'e0060' }, 'data'],
    ['apdu', { data: 'e00600000g' }, 'data'],
    ['apdu', {}, 'data'],
    ['apdu', { data: 'e006000000', tick_timeout: 'long' }, 'tick_timeout'],
    ['apdu', { data: 'e006000000', wait: true }, 'unknown key wait'],
    ['apdu', null, 'not an object'],
    ['button/left', { action: 'hold' }, 'action'],
    ['button/left', {}, 'action'],
    ['button/left', { action: 'press', delay: '1' }, 'delay'],
    ['button/left', { action: 'press', delay: -1 }, 'delay'],
    ['button/left', { action: 'press', times: 2 }, 'unknown key times'],
  ])('POST /%s %j', async (path, body, message) => {
    expect(await operator.post(path, body)).toEqual({ status: 400, body: { error: expect.stringContaining(message) } });
  });

  it('what isn’t JSON is told apart', async () => {
    const response = await at('apdu', { method: 'POST', body: '{' });
    expect([response.status, await response.json()]).toEqual([400, { message: expect.stringContaining('understand') }]);
  });
});

describe('a request that Speculos takes is taken', () => {
  it('a tick_timeout, upper case, any content type', async () => {
    expect(await operator.post('apdu', { data: 'E006000000', tick_timeout: 5 })).toMatchObject({ status: 200 });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await at('apdu', { method: 'POST', headers, body: '{"data":"e006000000"}' })).status).toBe(200);
  });

  it('an answer is application/json with nothing but the data', async () => {
    const response = await at('apdu', { method: 'POST', body: '{"data":"e006000000"}' });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('content-length')).toBe('23');
    expect(await response.text()).toBe('{"data":"020116009000"}');
  });
});

describe('addresses and methods are Speculos’ own', () => {
  it.each(['apdu/x', 'apdu/', 'button', 'button/middle', 'button/left/', 'event', 'page/page.js', '..%2f'])(
    '/%s is nowhere',
    async (path) => {
      const response = await at(path, { method: 'POST', body: '{"data":"e006000000"}' });
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ message: expect.stringContaining('was not found on the server') });
    },
  );

  it.each([
    ['apdu', 'GET', 'POST, OPTIONS'],
    ['button/left', 'PUT', 'POST, OPTIONS'],
    ['events', 'POST', 'GET, DELETE, HEAD, OPTIONS'],
    ['screenshot', 'DELETE', 'GET, HEAD, OPTIONS'],
    ['ticker/', 'GET', 'POST, OPTIONS'],
  ])('/%s has no %s: 405, and what there is', async (path, method, allow) => {
    const response = await at(path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(await response.json()).toEqual({ message: 'The method is not allowed for the requested URL.' });
  });

  it('OPTIONS tells the methods, HEAD is a GET without its body, of a stream too', async () => {
    const options = await at('events', { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([200, 'GET, DELETE, HEAD, OPTIONS']);
    const head = await at('events', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await at('events?stream=true', { method: 'HEAD' })).headers.get('content-type')).toContain('event-stream');
  });
});

describe('POST /automation', () => {
  it.each([
    ['file:/etc/hostname', 'invalid document'],
    ['{', 'invalid document'],
    ['{"version":1}', 'invalid document'],
    ['{"version":1,"rules":[],"title":""}', 'invalid document'],
    ['{"version":1,"rules":[{"text":"é"}]}', 'invalid encoding'],
  ])('%s is refused in Speculos’ words', async (body, said) => {
    const response = await at('automation', { method: 'POST', body });
    expect([response.status, await response.json()]).toEqual([400, said]);
  });
});

describe('the delay of a button', () => {
  /** The interface on a device of this process, whose waits end when the test says so. */
  async function withWaits() {
    const { device } = new Person();
    const waits: { readonly ms: number; readonly end: () => void }[] = [];
    const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const wait = (ms: number) =>
      new Promise<void>((end) => {
        waits.push({ ms, end });
        asked[waits.length - 1]?.resolve();
      });
    const automation = new Automation(device, () => undefined);
    const rest = new RestApi(device, new EventLog(device.screen), automation, wait);
    const port = await openPort(rest.server, 0);
    return { waits, asked, port, person: new Operator(`http://127.0.0.1:${port.number}`) };
  }

  it('is how long it is held, and waited for after', async () => {
    const { waits, asked, port, person } = await withWaits();
    const pressed = person.post('button/right', { action: 'press-and-release', delay: 0.25 });
    await asked[0]?.promise;
    expect(await person.screen()).toBe('Ethereum\napp is ready');
    waits[0]?.end();
    await asked[1]?.promise;
    expect(await person.screen()).toBe('App settings');
    waits[1]?.end();
    expect(await pressed).toEqual({ status: 200, body: {} });
    expect(waits.map(({ ms }) => ms)).toEqual([250, 250]);
    await port.close();
  });

  it('is none where the request names none, nor for a press or a release alone', async () => {
    const { waits, port, person } = await withWaits();
    await person.post('button/right', { action: 'press-and-release' });
    expect(await person.screen()).toBe('App settings');
    await person.post('button/right', { action: 'press', delay: 1 });
    await person.post('button/right', { action: 'release', delay: 1 });
    expect(waits).toEqual([]);
    await port.close();
  });
});

describe('GET /log', () => {
  it('lists what went over the cable, streams what comes, and is forgotten on DELETE', async () => {
    const stream = await at('log?stream=true');
    await operator.apdu('e006000000');
    const crossings = [
      { at: expect.any(Number), from: 'host', data: 'e006000000' },
      { at: expect.any(Number), from: 'device', data: '020116009000' },
    ];
    expect(await (await at('log')).json()).toEqual({ log: crossings });
    const reader = stream.body?.getReader();
    let text = '';
    while (text.split('\n\n').length < 3) text += new TextDecoder().decode((await reader?.read())?.value);
    expect(
      text
        .trim()
        .split('\n\n')
        .map((message) => JSON.parse(message.slice('data: '.length))),
    ).toEqual(crossings);
    await reader?.cancel();
    await at('log', { method: 'DELETE' });
    expect(await (await at('log')).json()).toEqual({ log: [] });
  });

  it('has the commands that a busy app refuses', async () => {
    const busy = new Person('nanosp', undefined, 'bitcoin');
    const commands: string[] = [];
    busy.device.listen({
      command: (apdu) => void commands.push(Buffer.from(apdu).toString('hex')),
      reply: () => undefined,
      unplugged: () => undefined,
      crashed: () => undefined,
    });
    busy.send('e10000010e0103800000548000000080000000');
    busy.send('b001000000');
    expect(busy.replies).toEqual(['6901']);
    expect(commands).toHaveLength(2);
  });
});

describe('the page is no other site’s to use', () => {
  it.each([
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'screenshot', 403],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'events', 403],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, '', 403],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, '', 200],
    [{ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'events', 200],
    [{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, '', 200],
  ])('%j: /%s', async (headers, path, status) => {
    expect(await raw(path, headers)).toBe(status);
  });

  it('nor may another site’s form press a button, by navigating to it', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect(await raw('button/right', headers, 'POST')).toBe(403);
  });

  it.each([
    ['', 'text/html; charset=utf-8'],
    ['page.css', 'text/css; charset=utf-8'],
    ['page.js', 'text/javascript; charset=utf-8'],
  ])('/%s comes with a policy that lets in nothing else', async (path, type) => {
    const { headers } = await at(path);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const policy = headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|data:|http/);
  });
});

/** A client that may send what a browser's fetch reserves to itself. */
function raw(path: string, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${emulator.apiUrl}/${path}`, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end(method === 'POST' ? '{"action":"press-and-release"}' : undefined);
  });
}
