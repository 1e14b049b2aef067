import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { refusalStatus } from '../src/api/errors.ts';
import { parseConfig } from '../src/config.ts';
import { Malformed, parsePositiveAmount, Refusal, reasons } from '../src/domain/index.ts';
import { ErrorInfo } from '../src/generated/google/rpc/error_details.ts';
import { Status } from '../src/generated/google/rpc/status.ts';

// What the pages say of the program is held against it, where that can be done by a program.

const root = new URL('../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

/** The first column of the table under a heading. */
function firstColumn(page: string, heading: string): string[] {
  const from = page.indexOf(`\n${heading}\n`);
  const section = page.slice(from, page.indexOf('\n#', from + heading.length + 2));
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, cell = '']) => cell);
}

describe('docs/api.md', () => {
  const page = read('docs/api.md');

  it('names every method of every service, and no other', () => {
    for (const file of readdirSync(new URL('proto/portcullis/v1/', root))) {
      const proto = read(`proto/portcullis/v1/${file}`);
      const [, service] = /^service (\w+)/m.exec(proto) ?? [];
      if (service === undefined) continue;
      const methods = [...proto.matchAll(/^ {2}rpc (\w+)\(/gm)].map(([, name]) => name);
      expect(firstColumn(page, `### ${service}`), service).toEqual(methods);
    }
  });

  it('shows errors as the station makes them', () => {
    const shown = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, body = '']) => JSON.parse(body));
    let malformed: unknown;
    try {
      parsePositiveAmount('1.5', 'amount');
    } catch (error) {
      malformed = error;
    }
    if (!(malformed instanceof Malformed)) throw new Error('1.5 is an amount');
    const message = shown[0].message;
    const denial = new Refusal('destination-unripe', message, { not_before: '2022-01-19T00:46:01Z' });
    for (const [i, refusal] of [denial, malformed].entries()) {
      const { code, details, metadata } = refusalStatus(refusal);
      expect({ code, message: details }).toEqual({ code: shown[i].code, message: shown[i].message });
      const [trailer] = metadata.get('grpc-status-details-bin');
      const status = Status.decode(Buffer.from(trailer ?? ''));
      expect(status.details.map((d) => d.typeUrl)).toEqual(
        shown[i].details.map((d: { '@type': string }) => d['@type']),
      );
      const { '@type': _, ...info } = shown[i].details[0];
      expect(ErrorInfo.decode(status.details[0]?.value ?? Buffer.alloc(0))).toEqual(info);
    }
  });
});

describe('docs/attestation.md', () => {
  const page = read('docs/attestation.md');

  it('quotes files as they are', () => {
    const quotes = [...page.matchAll(/^```(?:ts|js) (\S+)\n(.*?)^```$/gms)];
    expect(quotes.length).toBeGreaterThan(2);
    for (const [, file = '', quoted = ''] of quotes) expect(read(file), file).toContain(quoted);
  });

  it('names reasons that there are', () => {
    const named = firstColumn(page, '## When it is refused');
    expect(named.length).toBeGreaterThan(5);
    for (const reason of named) expect(Object.keys(reasons)).toContain(reason);
  });
});

describe('docs/station.md', () => {
  const page = read('docs/station.md');

  it('says what every reason of a device means', () => {
    const ofDevices = Object.keys(reasons).filter((r) => r.startsWith('device-'));
    expect(firstColumn(page, "## What a device's reason means")).toEqual([
      ...ofDevices,
      'signature-wrong',
      'signer-failed',
    ] satisfies string[]);
  });

  it('names every member of the config', () => {
    const config: Record<string, unknown> = {
      version: 1,
      data: 'data',
      policy: 'policy.yaml',
      keys: { state: 'keys/state.key', journal: 'keys/journal.pem', sealing: [{ file: 'keys/sealing.key' }] },
      tls: { ca: 'keys/ca.pem', certificate: 'keys/server.pem', key: 'keys/server.key' },
      listen: '127.0.0.1:7443',
      operators_listen: '127.0.0.1:7444',
      signers: [],
    };
    const section = page.slice(page.indexOf('\n## Config\n'), page.indexOf('\n## Running\n'));
    expect(() => parseConfig(config, '/station/config.yaml')).not.toThrow();
    for (const [name, value] of Object.entries(config)) {
      const { [name]: _, ...rest } = config;
      expect(() => parseConfig(rest, '/station/config.yaml')).toThrow(name);
      const inner = typeof value === 'object' && !Array.isArray(value) ? Object.keys(Object(value)) : [];
      for (const member of inner.length === 0 ? [name] : inner.map((m) => `${name}.${m}`)) {
        expect(section).toContain(`\`${member}\``);
      }
    }
  });
});

describe('every page', () => {
  const pages = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'));

  it.each(pages)('%s names files and reasons that exist', (name) => {
    const page = read(`docs/${name}`);
    const attacks = readdirSync(new URL('test/attacks/', root));
    for (const [, prefix = ''] of page.matchAll(/`([a-z]\d\d-)\*`/g)) {
      expect(
        attacks.filter((file) => file.startsWith(prefix)),
        prefix,
      ).not.toEqual([]);
    }
    for (const [, path = ''] of page.matchAll(/`((?:src|test|proto|docs|simulators)\/[\w./-]*)`/g)) {
      expect(existsSync(new URL(path, root)), path).toBe(true);
    }
    for (const [, path = ''] of page.matchAll(
      /`((?:api|attestation|chains|clock|custody|domain|gate|journal|signers|store)\/[\w./-]*)`/g,
    )) {
      expect(existsSync(new URL(`src/${path}`, root)), path).toBe(true);
    }
    for (const [, link = ''] of page.matchAll(/\]\(([\w.-]+\.md)\)/g)) expect(pages).toContain(link);
  });

  it('the catalogue holds no reason that nothing gives', () => {
    const files = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && file !== 'domain/reasons.ts' && !file.startsWith('generated/'),
    );
    const source = files.map((file) => read(`src/${file}`)).join('\n');
    expect(Object.keys(reasons).filter((reason) => !source.includes(`'${reason}'`))).toEqual([]);
  });

  it('docs/reasons.md is what the catalogue says', () => {
    const rows = [...read('docs/reasons.md').matchAll(/^\| (`.*) \|$/gm)].map(([, row = '']) => row.split(/ +\| /));
    const want = Object.entries(reasons).map(([tag, { code, sentence, remedy }]) => [
      `\`${tag}\``,
      code,
      sentence,
      remedy,
    ]);
    expect(rows.map((cells) => cells.map((cell) => cell.trim()))).toEqual(want);
  });
});
