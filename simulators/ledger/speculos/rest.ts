import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bytesToHex } from '@noble/curves/utils.js';
import type { Device } from '../os/device.ts';
import { parseFault } from '../os/fault.ts';
import type { Button } from '../os/view.ts';
import { ApduLog } from './apdu-log.ts';
import type { Automation } from './automation.ts';
import { parseApduBody, parsePress, parseTick, parseTouch } from './bodies.ts';
import type { EventLog } from './events.ts';
import { answerApdu, isForeign, json, readBody, readJson } from './http.ts';
import { servePage } from './page.ts';
import { screenshot } from './png.ts';
import { Refusal } from './refusal.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void | Promise<void>;
type Route = Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', Handler>>>;

/** How long a finger or a button stays where a request says so: real time, or what a test has for it. */
export type Wait = (ms: number) => Promise<void>;

const realTime: Wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref());

/**
 * Speculos' REST interface, and `/faults` and `/log` beside it. Unlike Speculos' it is no web page's to drive, though one may
 * be open in the same person's browser: no CORS header, no foreign origin, no foreign name that points here.
 */
export class RestApi {
  readonly server: Server;
  readonly #device: Device;
  readonly #events: EventLog;
  readonly #automation: Automation;
  readonly #wait: Wait;
  readonly #log: ApduLog;
  readonly #routes: ReadonlyMap<string, Route>;
  /** POSTs to /apdu that are not answered yet. As in Speculos, one answer goes to all of them. */
  readonly #waiting = new Set<ServerResponse>();

  constructor(device: Device, events: EventLog, automation: Automation, wait = realTime) {
    this.#device = device;
    this.#events = events;
    this.#automation = automation;
    this.#wait = wait;
    this.#log = new ApduLog(device);
    this.#routes = this.#layOut();
    this.server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => fail(response, error));
    });
    device.listen({
      reply: (answer) => {
        const text = `{"data":"${bytesToHex(answer)}"}`;
        for (const response of this.#waiting) answerApdu(response, text);
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
    this.#events.streams.drop();
  }

  #layOut(): ReadonlyMap<string, Route> {
    const button = (name: Button): Route => ({ POST: (request, response) => this.#press(name, request, response) });
    return new Map<string, Route>([
      ['/apdu', { POST: (request, response) => this.#apdu(request, response) }],
      ['/automation', { POST: (request, response) => this.#load(request, response) }],
      ['/button/left', button('left')],
      ['/button/right', button('right')],
      ['/button/both', button('both')],
      [
        '/events',
        { GET: (_, response, query) => this.#listEvents(response, query), DELETE: this.#clear(this.#events) },
      ],
      ['/finger', { POST: (request, response) => this.#touch(request, response) }],
      ['/screenshot', { GET: (_, response) => this.#screenshot(response) }],
      ['/ticker', { POST: (_, response) => json(response, 308, {}, { location: '/ticker/' }) }],
      ['/ticker/', { POST: (request, response) => this.#tick(request, response) }],
      ['/faults', this.#faults()],
      ['/log', { GET: (_, response, query) => this.#listLog(response, query), DELETE: this.#clear(this.#log) }],
      ['/', { GET: (_, response) => servePage('page.html', response) }],
      ['/page.css', { GET: (_, response) => servePage('page.css', response) }],
      ['/page.js', { GET: (_, response) => servePage('page.js', response) }],
    ]);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isForeign(request)) throw new Refusal(403, { message: 'not from another site' });
    const { url = '/', method = 'GET' } = request;
    const end = url.indexOf('?');
    const route = this.#routes.get(end < 0 ? url : url.slice(0, end));
    if (route === undefined) throw new Refusal(404, { message: notFound });
    const named = method === 'HEAD' ? 'GET' : method;
    if ((named === 'GET' || named === 'POST' || named === 'DELETE') && route[named] !== undefined) {
      return route[named](request, response, new URLSearchParams(end < 0 ? '' : url.slice(end)));
    }
    const allow = [...Object.keys(route), ...(route.GET === undefined ? [] : ['HEAD']), 'OPTIONS'].join(', ');
    if (method === 'OPTIONS') response.writeHead(200, { allow, 'content-length': 0 }).end();
    else json(response, 405, { message: notAllowed }, { allow });
  }

  async #apdu(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const apdu = parseApduBody(await readJson(request));
    if (!this.#device.plugged) {
      response.destroy();
      return;
    }
    this.#waiting.add(response);
    response.on('close', () => this.#waiting.delete(response));
    this.#device.transmit(apdu);
  }

  /** Without a `delay` a press-and-release acts at once; with one the button is held so long, and waited for as long after. */
  async #press(button: Button, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { action, delayMs } = parsePress(await readJson(request));
    const { buttons } = this.#device;
    if (action !== 'release') buttons.press(button);
    if (action === 'press-and-release' && delayMs !== undefined) await this.#wait(delayMs);
    if (action !== 'press') buttons.release(button);
    if (action === 'press-and-release' && delayMs !== undefined) await this.#wait(delayMs);
    json(response, 200, {});
  }

  async #touch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { x, y, action, heldMs } = parseTouch(await readJson(request));
    this.#device.finger(x, y, action, heldMs);
    json(response, 200, {});
  }

  async #tick(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = parseTick(await readJson(request));
    const { ticker } = this.#device;
    if (action === 'pause') ticker.pause();
    else if (action === 'resume') ticker.resume();
    else ticker.step();
    json(response, 200, {});
  }

  #listEvents(response: ServerResponse, query: URLSearchParams): void {
    if (query.get('stream') === 'true') {
      if (this.#device.plugged) this.#events.streams.add(response);
      else response.destroy();
      return;
    }
    const current = query.get('currentscreenonly') === 'true';
    json(response, 200, { events: current ? this.#events.currentScreen : this.#events.all });
  }

  #listLog(response: ServerResponse, query: URLSearchParams): void {
    if (query.get('stream') === 'true') this.#log.streams.add(response);
    else json(response, 200, { log: this.#log.all });
  }

  #clear(log: { clear(): void }): Handler {
    return (_, response) => {
      log.clear();
      json(response, 200, {});
    };
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

  /** Speculos' own words, which say no more; `--automation` says what is wrong. */
  async #load(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body.some((byte) => byte > 0x7f)) throw new Refusal(400, 'invalid encoding');
    const document = body.toString('latin1');
    try {
      // JSON never begins with `file:`: no request reads a file of this machine.
      this.#automation.load(JSON.parse(document));
    } catch {
      throw new Refusal(400, 'invalid document');
    }
    json(response, 200, {});
  }

  #faults(): Route {
    const device = this.#device;
    return {
      GET: (_, response) => json(response, 200, { plugged: device.plugged, faults: device.faults.list }),
      POST: async (request, response) => {
        const body = await readJson(request);
        try {
          device.break(parseFault(body));
        } catch (error) {
          throw new Refusal(400, { message: error instanceof Error ? error.message : String(error) });
        }
        json(response, 200, {});
      },
      DELETE: (_, response) => {
        device.mend();
        json(response, 200, {});
      },
    };
  }
}

const notFound =
  'The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.';
const notAllowed = 'The method is not allowed for the requested URL.';

function fail(response: ServerResponse, error: unknown): void {
  if (error instanceof Refusal) json(response, error.status, error.body);
  else json(response, 500, { message: error instanceof Error ? error.message : String(error) });
}
