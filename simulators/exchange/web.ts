import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BadBody, Body } from './body.ts';
import { Refused } from './station-client.ts';

/** What the page asks for at `/api/…`: JSON in, JSON out. */
export type Routes = Readonly<Record<string, (body: Body) => Promise<object>>>;

const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/approval.js': ['approval.js', 'text/javascript; charset=utf-8'],
} as const;

/** Only what comes from here, nothing inline, no HTML made from text, in nobody's frame (CSP Level 3, Trusted Types). */
const always = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'permissions-policy': 'publickey-credentials-create=(self), publickey-credentials-get=(self)',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** A registration with its attestation, and its intent, come to some KiB. */
const bodyMost = 64 * 1024;

/**
 * The approvals page and what it calls, on this machine's loopback under the one name `localhost`: an origin of its own, that
 * serves nothing else. A real one is an https host, which the withdrawal service can't write.
 */
export class Web {
  readonly origin: string;
  readonly #servers: readonly Server[];
  #routes: Routes = {};

  private constructor(port: number, servers: readonly Server[]) {
    this.origin = `http://localhost:${port}`;
    this.#servers = servers;
    for (const server of servers) {
      server.on('request', (request, response) => {
        this.#serve(request, response).catch((error: unknown) => reply(response, outcome(error)));
      });
    }
  }

  /** Port 0: any that is free. On both addresses that `localhost` may mean, so that nobody else answers on the other. */
  static async listen(port: number): Promise<Web> {
    const servers: Server[] = [];
    let bound = port;
    for (const host of ['127.0.0.1', '::1']) {
      const server = createServer();
      try {
        await new Promise<void>((done, failed) => {
          server.once('error', failed);
          server.listen({ host, port: bound, exclusive: true }, done);
        });
      } catch (error) {
        // A machine without IPv6.
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (host === '::1' && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) continue;
        for (const opened of servers) opened.close();
        throw error;
      }
      servers.push(server);
      const address = server.address();
      if (typeof address === 'object' && address !== null) bound = address.port;
    }
    return new Web(bound, servers);
  }

  /** From now on `/api/NAME` is answered by that route. */
  answer(routes: Routes): void {
    this.#routes = routes;
  }

  close(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host, origin, 'content-type': type } = request.headers;
    const { pathname } = new URL(request.url ?? '/', this.origin);
    // By another name it would be another site's page on this address (DNS rebinding).
    if (host !== new URL(this.origin).host) return reply(response, problem(404, 'nothing is here'));
    if (request.method === 'GET') {
      const [, [name, contentType] = []] = Object.entries(files).find(([path]) => path === pathname) ?? [];
      if (name === undefined) return reply(response, problem(404, 'nothing is here'));
      response.writeHead(200, { ...always, 'content-type': contentType });
      response.end(readFileSync(new URL(`page/${name}`, import.meta.url)));
      return;
    }
    if (request.method !== 'POST') return reply(response, problem(405, 'GET or POST'));
    // Only the page's own script sends both: its browser sets Origin, and asks before it sends this type for another site.
    if (origin !== this.origin || type !== 'application/json') {
      return reply(response, problem(403, 'only the page itself asks'));
    }
    const route = Object.hasOwn(this.#routes, pathname.slice('/api/'.length))
      ? this.#routes[pathname.slice('/api/'.length)]
      : undefined;
    if (route === undefined) return reply(response, problem(404, 'nothing is here'));
    reply(response, { status: 200, body: await route(new Body(await textOf(request))) });
  }
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

const problem = (status: number, message: string): Reply => ({ status, body: { reason: '', message, metadata: {} } });

/** The station's own words and reason reach the customer as they are: it says nothing that they may not know. */
function outcome(error: unknown): Reply {
  if (error instanceof BadBody) return problem(400, error.message);
  if (error instanceof Refused) {
    const { reason, message, metadata } = error;
    return { status: reason === '' ? 502 : 422, body: { reason, message, metadata } };
  }
  return problem(500, error instanceof Error ? error.message : String(error));
}

function reply(response: ServerResponse, { status, body }: Reply): void {
  if (response.headersSent) return;
  response.writeHead(status, { ...always, 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    const bytes = Buffer.from(part);
    length += bytes.length;
    if (length > bodyMost) throw new BadBody(`the body is longer than ${bodyMost} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}
