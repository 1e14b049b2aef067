import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from './refusal.ts';

/** The largest body that is read: far above an APDU, enough for a file of rules. */
const maxBody = 1 << 20;

/**
 * Whether a web page of another site asks, or one that reaches this address by a name of its own (DNS rebinding). A person who
 * follows a link to the page is welcome: that is a navigation, and nobody else sees what it shows (Fetch Metadata).
 */
export function isForeign({ method, headers }: IncomingMessage): boolean {
  const { host = '', origin } = headers;
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return true;
  if (origin !== undefined && origin !== `http://${host}`) return true;
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return !(method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document');
}

/** By its events: an iterator over the request costs more than all else that a command takes. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  let body: Buffer | undefined;
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBody) reject(new Refusal(400, { message: 'the body is too long' }));
      else body = body === undefined ? chunk : Buffer.concat([body, chunk]);
    });
    request.on('end', () => resolve(body ?? Buffer.alloc(0)));
  });
}

/** Whatever content type the request names, as Speculos does. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refusal(400, { message: 'The browser (or proxy) sent a request that this server could not understand.' });
  }
}

/** As one text: head and body leave in one write. */
export function json(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.destroyed || response.headersSent) return;
  const text = JSON.stringify(body);
  response.writeHead(code, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** The answer to a command, which is hex and so as many bytes as letters: nothing is done to it that needn't be. */
export function answerApdu(response: ServerResponse, text: string): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(200, ['content-type', 'application/json', 'content-length', String(text.length)]);
  response.end(text, 'latin1');
}
