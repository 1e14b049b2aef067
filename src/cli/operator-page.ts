import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { legible } from './client.ts';

/** What an operator sees before their key signs, and the ceremony that their browser then does. */
export interface OperatorPage {
  readonly title: string;
  readonly lead: string;
  /** What it does, in English. */
  readonly statement: string;
  /** What follows from it, a line each. */
  readonly details?: readonly string[];
  readonly rows: readonly (readonly [label: string, value: string])[];
  /** What the button says. */
  readonly action: string;
  readonly ceremony: {
    readonly kind: 'create' | 'get';
    /** PublicKeyCredentialCreationOptionsJSON, or PublicKeyCredentialRequestOptionsJSON. */
    readonly options: object;
    /** Until when, ms since 1970; for ever where undefined. */
    readonly expires?: number;
  };
}

const script = readFileSync(new URL('page/ceremony.js', import.meta.url), 'utf8');
const style = readFileSync(new URL('page/page.css', import.meta.url), 'utf8');

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Exactly this script and this style, which may speak to where they came from; nothing else loads, and nobody frames it. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** The page, whole: it loads nothing. Whatever came over the wire is text in it, never markup (threat S10). */
export function pageHtml({ title, lead, statement, details = [], rows, action, ceremony }: OperatorPage): string {
  const lines = details.map((line) => `<li>${marked(line)}</li>`).join('\n');
  const shown = rows.map(([label, value]) => `<dt>${escaped(label)}</dt><dd>${marked(value)}</dd>`).join('\n');
  // JSON in a data block: "<" could end the block early (HTML §4.12.1.3).
  const data = JSON.stringify(ceremony).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1 tabindex="-1">${escaped(title)}</h1>
<p class="lead">${escaped(lead)}</p>
<p class="statement">${marked(statement)}</p>${lines === '' ? '' : `\n<ul class="details">\n${lines}\n</ul>`}
<dl>
${shown}
</dl>
<button type="button" id="confirm" disabled>${escaped(action)}</button>
<button type="button" id="decline">Do not sign</button>
<p id="status" role="status"></p>
</main>
<script type="application/json" id="ceremony">${data}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

/** Amounts and names of CAIP stand out, so that the eye can go from one to the next. */
const notable =
  /(?<amount>(?<![\w.])[0-9]+(?:\.[0-9]+)? [A-Z][A-Z0-9]{1,11}\b)|(?<name>\b(?:eip155|bip122):[\w:./-]*\w|\b[0-9a-f]{64}\b)/g;

function marked(text: string): string {
  const safe = legible(text);
  let html = '';
  let from = 0;
  for (const match of safe.matchAll(notable)) {
    const tag = match.groups?.['amount'] === undefined ? 'code' : 'strong';
    html += `${escaped(safe.slice(from, match.index))}<${tag}>${escaped(match[0])}</${tag}>`;
    from = match.index + match[0].length;
  }
  return html + escaped(safe.slice(from));
}

export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return legible(text).replace(/[&<>"']/g, (c) => entities[c] ?? '');
}
