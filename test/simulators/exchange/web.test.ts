import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Web } from '../../../simulators/exchange/web.ts';

describe('the sample exchange’s web server', () => {
  let web: Web;
  beforeAll(async () => {
    web = await Web.listen(0);
    web.answer({ echo: async (body) => ({ said: body.text('say') }) });
  });
  afterAll(() => web.close());

  const json = { 'content-type': 'application/json' };
  function ask(headers: Record<string, string>, body = '{"say":"hello"}', path = '/api/echo'): Promise<Response> {
    return fetch(`${web.origin}${path}`, { method: 'POST', headers, body });
  }

  it('answers its own page, and no other site’s', async () => {
    const own = { ...json, origin: web.origin };
    expect(await (await ask(own)).json()).toEqual({ said: 'hello' });
    expect((await ask({ ...json, origin: 'http://localhost:1' })).status).toBe(403);
    expect((await ask(json)).status).toBe(403);
    expect((await ask({ ...own, 'content-type': 'text/plain' })).status).toBe(403);
    expect((await ask(own, '{"say":7}')).status).toBe(400);
    expect((await ask(own, '[')).status).toBe(400);
    expect((await ask(own, `{"say":"${'a'.repeat(70_000)}"}`)).status).toBe(400);
    expect((await ask(own, '{}', '/api/toString')).status).toBe(404);
    expect((await ask(own, '{}', '/api/')).status).toBe(404);
  });

  it('is known by the name localhost alone: another name on this address is another site (DNS rebinding)', async () => {
    const status = (host: string): Promise<number | undefined> =>
      new Promise((done, failed) => {
        request(web.origin, { headers: { host } }, (response) => done(response.resume().statusCode))
          .once('error', failed)
          .end();
      });
    expect(await status(new URL(web.origin).host)).toBe(200);
    expect(await status(`rebound.example:${new URL(web.origin).port}`)).toBe(404);
  });

  it('serves the page’s files and nothing else, under a policy that loads nothing from elsewhere and runs nothing inline', async () => {
    for (const path of ['/', '/page.js', '/page.css', '/approval.js']) {
      const response = await fetch(`${web.origin}${path}`);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy, path).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
      expect(policy, path).toContain("frame-ancestors 'none'; require-trusted-types-for 'script'");
      expect(await response.text(), path).not.toMatch(/<script>|style="| on[a-z]+="/);
    }
    for (const path of ['/web.ts', '/../desk.ts', '/%2e%2e/desk.ts', '/page.js/']) {
      expect((await fetch(`${web.origin}${path}`)).status, path).toBe(404);
    }
  });
});

describe('npm run exchange', () => {
  it('says so where a station’s customers approve on another page than its own', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-exchange-'));
    try {
      const file = join(folder, 'station.json');
      writeFileSync(file, JSON.stringify({ origin: 'https://approve.example' }));
      const main = fileURLToPath(new URL('../../../simulators/exchange/main.ts', import.meta.url));
      const { status, stderr } = spawnSync(process.execPath, [main, '--port', '0', '--station', file], {
        encoding: 'utf8',
      });
      expect(status).toBe(1);
      expect(stderr).toContain(
        'customers approve on https://approve.example, and this page would be http://localhost:',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
