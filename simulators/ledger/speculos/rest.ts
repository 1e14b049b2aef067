import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bytesToHex, hexToBytes } from '@noble/curves/utils.js';
import type { Device } from '../os/device.ts';
import { parseFault } from '../os/fault.ts';
import type { Button } from '../os/view.ts';
import type { Automation } from './automation.ts';
import type { EventLog } from './events.ts';
import { screenshot } from './png.ts';

/** The largest body that is read: far above an APDU, enough for a file of rules. */
const maxBody = 1 << 20;

/** A request that can't be understood: 400, with a sentence. */
class BadRequest extends Error {}

/**
 * Speculos' REST interface, and `/faults` beside it. Unlike Speculos' it is no web page's to drive, though one may be open
 * in the same person's browser: no CORS header, no foreign origin, no foreign name that points here (DNS rebinding).
 */
export class RestApi {
  readonly server: Server;
  readonly #device: Device;
  readonly #events: EventLog;
  readonly #automation: Automation;
  /** POSTs to /apdu that are not answered yet. As in Speculos, one answer goes to all of them. */
  readonly #waiting = new Set<ServerResponse>();

  constructor(device: Device, events: EventLog, automation: Automation) {
    this.#device = device;
    this.#events = events;
    this.#automation = automation;
    this.server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => fail(response, error));
    });
    device.listen({
      reply: (answer) => {
        for (const response of this.#waiting) json(response, 200, { data: bytesToHex(answer) });
        this.#waiting.clear();
      },
      unplugged: () => this.drop(),
      crashed: () => undefined,
    });
  }

  /** Breaks the connections of all who talk to the device. */
  drop(): void {
    for (const response of this.#waiting) response.destroy();
    this.#waiting.clear();
    this.#events.drop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isForeign(request)) return json(response, 403, { message: 'not from another site' });
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [, first = '', second = ''] = url.pathname.split('/');
    switch (`${request.method} /${first}`) {
      case 'POST /apdu':
        return this.#apdu(parseObject(await readBody(request)), response);
      case 'POST /button':
        return this.#button(second, parseObject(await readBody(request)), response);
      case 'POST /finger':
        await readBody(request);
        return json(response, 200, {});
      case 'GET /screenshot':
        return this.#screenshot(response);
      case 'GET /events':
        return this.#listEvents(url.searchParams, response);
      case 'DELETE /events':
        this.#events.clear();
        return json(response, 200, {});
      case 'POST /automation':
        return this.#load(await readBody(request), response);
      case 'GET /faults':
        return json(response, 200, { plugged: this.#device.plugged, faults: this.#device.faults.list });
      case 'POST /faults':
        return this.#break(parseObject(await readBody(request)), response);
      case 'DELETE /faults':
        this.#device.mend();
        return json(response, 200, {});
      case 'GET /':
        response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
        response.end('An emulated Ledger with a public test seed. It holds no real keys.\n');
        return;
      default:
        return json(response, 404, { message: `nothing at ${request.method} ${url.pathname}` });
    }
  }

  #apdu(body: Readonly<Record<string, unknown>>, response: ServerResponse): void {
    const { data } = body;
    if (typeof data !== 'string' || !/^([0-9a-f]{2})*$/i.test(data)) throw new BadRequest('data: not a hex string');
    if (!this.#device.plugged) {
      response.destroy();
      return;
    }
    this.#waiting.add(response);
    response.on('close', () => this.#waiting.delete(response));
    this.#device.transmit(hexToBytes(data));
  }

  /** A press with a release acts at once: its `delay` is read and not waited for. */
  #button(name: string, body: Readonly<Record<string, unknown>>, response: ServerResponse): void {
    const button = parseButton(name);
    const { action } = body;
    if (action !== 'press' && action !== 'release' && action !== 'press-and-release') {
      throw new BadRequest('action: press, release or press-and-release');
    }
    if (action !== 'release') this.#device.buttons.press(button);
    if (action !== 'press') this.#device.buttons.release(button);
    json(response, 200, {});
  }

  #listEvents(query: URLSearchParams, response: ServerResponse): void {
    if (query.get('stream') === 'true') {
      if (this.#device.plugged) this.#events.stream(response);
      else response.destroy();
      return;
    }
    const current = query.get('currentscreenonly') === 'true';
    json(response, 200, { events: current ? this.#events.currentScreen : this.#events.all });
  }

  #screenshot(response: ServerResponse): void {
    const png = screenshot(this.#device.screen);
    response.writeHead(200, {
      'content-type': 'image/png',
      'content-length': png.length,
      'cache-control': 'no-cache,no-store',
    });
    response.end(png);
  }

  #load(body: unknown, response: ServerResponse): void {
    try {
      this.#automation.load(body);
    } catch (error) {
      throw new BadRequest(error instanceof Error ? error.message : String(error));
    }
    json(response, 200, {});
  }

  #break(body: Readonly<Record<string, unknown>>, response: ServerResponse): void {
    try {
      this.#device.break(parseFault(body));
    } catch (error) {
      throw new BadRequest(error instanceof Error ? error.message : String(error));
    }
    json(response, 200, {});
  }
}

function isForeign({ headers: { host = '', origin } }: IncomingMessage): boolean {
  return !/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host) || (origin !== undefined && origin !== `http://${host}`);
}

function parseButton(name: string): Button {
  if (name === 'left' || name === 'right' || name === 'both') return name;
  throw new BadRequest(`button ${name}: left, right or both`);
}

function parseObject(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null) throw new BadRequest('the body is not a JSON object');
  return { ...body };
}

/** By its events: an iterator over the request costs more than all else that a command takes. */
function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBody) reject(new BadRequest('the body is too long'));
      else chunks.push(chunk);
    });
    request.on('end', () => {
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      } catch {
        reject(new BadRequest('the body is not JSON'));
      }
    });
  });
}

/** As one text: head and body leave in one write. */
function json(response: ServerResponse, code: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return;
  const text = JSON.stringify(body);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function fail(response: ServerResponse, error: unknown): void {
  const code = error instanceof BadRequest ? 400 : 500;
  json(response, code, { message: error instanceof Error ? error.message : String(error) });
}
