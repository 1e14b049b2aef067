import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { Authenticator } from './authenticator.ts';
import { object, parse, text as textOf } from './json.ts';
import { parseCreationOptions, parseRequestOptions } from './options.ts';

// A test key for one operator, in a file: what `portcullis … --software FILE` starts. Its private key lies in plain text.

/**
 * One ceremony, as a browser does it with a FIDO2 key. `create` makes the file (0600) where it is not there yet; `get` needs it.
 * Its counter stays zero, so that several may use it at once. Returns the JSON of the response.
 */
export function operatorCeremony(file: string, request: string): string {
  const asked = object(parse(request), 'request');
  const origin = textOf(asked['origin'], 'request.origin');
  const options = JSON.stringify(asked['options']);
  switch (asked['kind']) {
    case 'create': {
      if (existsSync(file)) throw new Error(`${file} exists: nothing is overwritten`);
      const device = new Authenticator({ origin, counter: 'zero' });
      const made = device.create(parseCreationOptions(options));
      writeFileSync(file, `${JSON.stringify(device, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
      return JSON.stringify(made);
    }
    case 'get':
      return JSON.stringify(readKey(file, origin).get(parseRequestOptions(options)));
    default:
      throw new Error('request.kind must be create or get');
  }
}

function readKey(file: string, origin: string): Authenticator {
  if ((statSync(file).mode & 0o077) !== 0)
    throw new Error(`${file} holds a key and others may use it: run chmod 600 on it`);
  const state = object(parse(readFileSync(file, 'utf8')), 'the key');
  // The page's port is the browser's to say, not the key's.
  const settings = { ...object(state['settings'], 'settings'), origin };
  return Authenticator.fromJSON(JSON.stringify({ ...state, settings }));
}

async function main(): Promise<void> {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error('the key’s FILE is missing');
  process.stdout.write(`${operatorCeremony(file, await text(process.stdin))}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
