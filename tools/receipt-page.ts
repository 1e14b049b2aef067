import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

// Makes docs/receipt.html, one file that verifies receipts in a browser, of the same sources that `portcullis verify receipt` runs; or with
// --check fails if the one that is committed is not what the sources make.

const path = (name: string): string => fileURLToPath(new URL(`receipt-page/${name}`, import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const page = fileURLToPath(new URL('../docs/receipt.html', import.meta.url));

/** The verifier and the page's script. `iife` for the page; `esm` exports `judge`. */
export async function receiptScript(format: 'iife' | 'esm'): Promise<string> {
  const bundle = await rolldown({
    input: path('page.js'),
    cwd: root,
    platform: 'browser',
    resolve: {
      alias: { 'node:crypto': path('crypto.ts'), 'secp256k1/bindings.js': path('curve.ts') },
    },
    onLog: (_level, log) => {
      throw new Error(`of ${path('page.js')} no page can be made: ${log.message}`);
    },
  });
  const { output } = await bundle.generate({
    format,
    name: 'receipt',
    minify: true,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await bundle.close();
  const [{ code, imports }, ...more] = output;
  if (more.length > 0 || imports.length > 0)
    throw new Error(`the page would have to load ${[...imports, ...more.map(({ fileName }) => fileName)].join(', ')}`);
  return code;
}

export async function receiptPage(): Promise<string> {
  // Within a script element, where these would end it or begin a comment.
  const script = (await receiptScript('iife')).replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const style = readFileSync(path('page.css'), 'utf8');
  const parts: Readonly<Record<string, string>> = {
    script,
    style,
    'script-hash': sourceHash(script),
    'style-hash': sourceHash(style),
  };
  return readFileSync(path('page.html'), 'utf8').replaceAll(/\{\{([a-z-]+)\}\}/g, (_, name) => parts[name] ?? '');
}

/** CSP Level 3 §2.3.1. */
const sourceHash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const made = await receiptPage();
  if (!process.argv.includes('--check')) writeFileSync(page, made);
  else if (readFileSync(page, 'utf8') !== made) {
    process.stderr.write('docs/receipt.html is not what the sources make: npm run generate\n');
    process.exitCode = 1;
  }
}
