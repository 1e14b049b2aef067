import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';

const types = {
  'page.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
} as const;

/** Only what comes from here, nothing inline, in nobody's frame (CSP Level 3). */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const read = new Map<string, Buffer>();

/** The page for people, and what it is made of: read when first asked for, so that a start doesn't wait for it. */
export function servePage(name: keyof typeof types, response: ServerResponse): void {
  const content = read.get(name) ?? readFileSync(new URL(`page/${name}`, import.meta.url));
  read.set(name, content);
  response.writeHead(200, {
    'content-type': types[name],
    'content-length': content.length,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  });
  response.end(content);
}
