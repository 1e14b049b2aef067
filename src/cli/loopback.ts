import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { operatorOrigin } from '../custody/operator-key.ts';
import { CommandFailed } from './command.ts';
import { contentSecurityPolicy, type OperatorPage, pageHtml } from './operator-page.ts';

/** An assertion or a registration with its attestation comes to some KiB. */
const answerMost = 32 * 1024;

export interface LoopbackRequest<T> {
  /** The page for the origin on which it is served. */
  readonly page: (origin: string) => OperatorPage;
  /** 0: any that is free. */
  readonly port: number;
  /** Is told where the page is. */
  readonly ready: (url: string) => void;
  /** What comes of the browser's answer; `message` is shown on the page. Its error ends the command, and its message is shown too. */
  readonly settle: (json: Uint8Array, origin: string) => Promise<{ readonly value: T; readonly message: string }>;
}

/**
 * Serves one page on this machine's loopback for one ceremony, and ends with it: at an address nobody can guess, to a browser that
 * knows it by the name `localhost` alone (no rebinding), to no other page's script, under a policy that loads nothing.
 */
export async function askOnLoopback<T>(request: LoopbackRequest<T>): Promise<T> {
  const path = `/${randomBytes(24).toString('base64url')}`;
  const servers: Server[] = [];
  try {
    return await new Promise<T>((done, failed) => {
      let answered = false;
      const answer = async (incoming: IncomingMessage, response: ServerResponse, origin: string): Promise<void> => {
        const body = await bodyOf(incoming);
        if (body === undefined) reply(response, 413, 'too long for an answer');
        else if (answered) reply(response, 409, 'an answer came already');
        else {
          answered = true;
          const { status, message, end } = await outcome(request, body, origin, done, failed);
          reply(response, status, message);
          sent(response, end);
        }
      };
      const serve: Serve = (incoming, response, port) => {
        const origin = operatorOrigin(port);
        const { host, origin: from, 'content-type': type } = incoming.headers;
        if (host !== `localhost:${port}` || incoming.url !== path) reply(response, 404, 'nothing is here');
        else if (incoming.method === 'GET') show(response, pageHtml(request.page(origin)));
        else if (incoming.method !== 'POST') reply(response, 405, 'GET or POST');
        // Only the page's own script sends both: its browser sets Origin, and asks before it sends the type for another one.
        else if (from !== origin || type !== 'application/json') reply(response, 403, 'only the page itself answers');
        else answer(incoming, response, origin).catch(failed);
      };
      listen(serve, request.port, servers).then((port) => request.ready(`${operatorOrigin(port)}${path}`), failed);
    });
  } finally {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

async function outcome<T>(
  request: LoopbackRequest<T>,
  body: Uint8Array,
  origin: string,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): Promise<{ status: number; message: string; end: () => void }> {
  if (Buffer.from(body).toString() === '{"declined":true}') {
    const end = (): void => failed(new CommandFailed('declined on the page: nothing was signed'));
    return { status: 200, message: 'Nothing was signed.', end };
  }
  try {
    const { value, message } = await request.settle(body, origin);
    return { status: 200, message, end: () => done(value) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: 422, message, end: () => failed(error) };
  }
}

type Serve = (incoming: IncomingMessage, response: ServerResponse, port: number) => void;

/** On both addresses that `localhost` may mean: on a free one, another user's program could show a page of its own. */
async function listen(serve: Serve, port: number, servers: Server[]): Promise<number> {
  let bound = port;
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer((incoming, response) => serve(incoming, response, bound));
    try {
      await new Promise<void>((done, failed) => {
        server.once('error', failed);
        server.listen({ host, port: bound, exclusive: true }, done);
      });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // A machine without IPv6.
      if (host === '::1' && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) continue;
      throw new CommandFailed(
        `the page cannot be served on port ${bound} of ${host} (${String(code)}): end what listens there, or give another --port that policy's operators.origins names`,
        { cause: error },
      );
    }
    servers.push(server);
    const address = server.address();
    if (typeof address === 'object' && address !== null) bound = address.port;
  }
  return bound;
}

const always = {
  'cache-control': 'no-store',
  connection: 'close',
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

function show(response: ServerResponse, html: string): void {
  response.writeHead(200, { ...always, 'content-type': 'text/html; charset=utf-8' }).end(html);
}

function reply(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { ...always, 'content-type': 'application/json' }).end(JSON.stringify({ message }));
}

/** Runs once the answer went out, or the browser is gone. */
function sent(response: ServerResponse, end: () => void): void {
  if (response.closed) end();
  else response.once('close', end);
}

async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of incoming) {
      const bytes = Buffer.from(part);
      length += bytes.length;
      if (length > answerMost) return undefined;
      parts.push(bytes);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(parts);
}
