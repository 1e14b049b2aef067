import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { askOnLoopback } from '../../src/cli/loopback.ts';
import { type OperatorPage, pageHtml } from '../../src/cli/operator-page.ts';

const page: OperatorPage = {
  title: 'A signature',
  lead: 'Read it.',
  statement:
    'Approve withdrawal w-1: 1.5 ETH of account alice to eip155:1:0x70997970C51812dc3A010C7d01b50e0d17dc79C8, now',
  rows: [['Digest', 'ab'.repeat(32)]],
  action: 'Sign',
  ceremony: { kind: 'get', options: { challenge: 'AAAA' } },
};

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `fetch` would not let a test lie about its host. */
function send(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Reply> {
  return new Promise((done, failed) => {
    const { hostname, port, pathname } = new URL(url);
    const asked = httpRequest(
      {
        host: hostname === 'localhost' ? '127.0.0.1' : hostname,
        port,
        path: pathname,
        method: options.method ?? 'GET',
        headers: { host: `localhost:${port}`, ...options.headers },
      },
      (answer) => {
        let body = '';
        answer.on('data', (part: Buffer) => (body += part.toString()));
        answer.on('end', () => done({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
      },
    );
    asked.on('error', failed);
    asked.end(options.body);
  });
}

/** Serves the page, and lets `play` be its browser. */
async function served(play: (url: string, origin: string) => Promise<void>): Promise<string> {
  let playing: Promise<void> | undefined;
  const result = askOnLoopback({
    page: () => page,
    port: 0,
    ready: (url) => {
      playing = play(url, new URL(url).origin);
      playing.catch(() => {});
    },
    settle: async (json) => {
      const text = Buffer.from(json).toString();
      if (text.includes('bad')) throw new Error('that is no signature');
      return { value: text, message: 'thanks' };
    },
  });
  const outcome = await result.then(
    (value) => value,
    (error: Error) => error,
  );
  await playing;
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

const answer = (origin: string, body: string) => ({
  method: 'POST',
  headers: { origin, 'content-type': 'application/json' },
  body,
});

describe('the page on loopback', () => {
  it('is shown, takes one answer, says what came of it, and is gone', async () => {
    let where = '';
    const value = await served(async (url, origin) => {
      where = url;
      expect((await send(url)).body).toContain('A signature');
      expect(await send(url, answer(origin, '{"id":1}'))).toMatchObject({ status: 200, body: '{"message":"thanks"}' });
    });
    expect(value).toBe('{"id":1}');
    await expect(send(where)).rejects.toThrow();
  });

  it('S11: answers nobody who knows it by another name, or without its path', async () => {
    await served(async (url, origin) => {
      const { port } = new URL(url);
      expect((await send(url, { headers: { host: `attacker.example:${port}` } })).status).toBe(404);
      expect((await send(url, { headers: { host: `127.0.0.1:${port}` } })).status).toBe(404);
      expect((await send(`${origin}/`)).status).toBe(404);
      expect((await send(`${url}x`)).status).toBe(404);
      await send(url, answer(origin, '{}'));
    });
  });

  it('S11: takes no answer from another page, nor one that a form could send', async () => {
    const value = await served(async (url, origin) => {
      const json = { 'content-type': 'application/json' };
      const from = (headers: Record<string, string>) => send(url, { method: 'POST', headers, body: '{"forged":1}' });
      expect((await from({ ...json, origin: 'http://attacker.example' })).status).toBe(403);
      expect((await from({ ...json, origin: 'http://localhost:1' })).status).toBe(403);
      expect((await from(json)).status).toBe(403);
      expect((await from({ origin, 'content-type': 'text/plain' })).status).toBe(403);
      expect((await send(url, { method: 'PUT' })).status).toBe(405);
      await send(url, answer(origin, '{"own":1}'));
    });
    expect(value).toBe('{"own":1}');
  });

  it('takes no answer that is too long', async () => {
    await served(async (url, origin) => {
      expect((await send(url, answer(origin, `"${'x'.repeat(40_000)}"`))).status).toBe(413);
      await send(url, answer(origin, '{}'));
    });
  });

  it('is not cached, loads nothing, runs its own script only, and stands in no frame', async () => {
    await served(async (url, origin) => {
      const { headers } = await send(url);
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['referrer-policy']).toBe('no-referrer');
      const policy = headers['content-security-policy'] ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toMatch(/script-src 'sha256-[A-Za-z0-9+/=]+';/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      await send(url, answer(origin, '{}'));
    });
  });

  it('an answer that is refused ends the command, and the page says why', async () => {
    const run = served(async (url, origin) => {
      expect(await send(url, answer(origin, '"bad"'))).toMatchObject({
        status: 422,
        body: '{"message":"that is no signature"}',
      });
    });
    await expect(run).rejects.toThrow('that is no signature');
  });

  it('whoever declines signs nothing', async () => {
    const run = served(async (url, origin) => {
      await send(url, answer(origin, '{"declined":true}'));
    });
    await expect(run).rejects.toThrow('nothing was signed');
  });

  it('S11: a port where another program listens already, on either address, is not shared', async () => {
    await served(async (url, origin) => {
      const { port } = new URL(url);
      const second = askOnLoopback({
        page: () => page,
        port: Number(port),
        ready: () => {},
        settle: async () => ({ value: '', message: '' }),
      });
      await expect(second).rejects.toThrow(`cannot be served on port ${port}`);
      await send(url, answer(origin, '{}'));
    });
  });
});

describe('what the page shows', () => {
  it('marks amounts, addresses and digests', () => {
    const html = pageHtml(page);
    expect(html).toContain('<strong>1.5 ETH</strong>');
    expect(html).toContain('<code>eip155:1:0x70997970C51812dc3A010C7d01b50e0d17dc79C8</code>,');
    expect(html).toContain(`<code>${'ab'.repeat(32)}</code>`);
  });

  it('S10: shows markup, control characters and marks of direction as text', () => {
    const hostile = '<img src=x onerror=alert(1)> </script> "&\' \u202e1 ETH\u0007 \u0430lice ü';
    const html = pageHtml({
      ...page,
      statement: hostile,
      title: hostile,
      rows: [[hostile, hostile]],
      ceremony: { kind: 'get', options: { a: hostile } },
    });
    expect(html).not.toContain('<img');
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html.replace(/<script.*?<\/script>/gs, '')).not.toMatch(/\p{C}(?<!\n)|\u0430/u);
    expect(html).toContain('\\u{202e}');
    expect(html).toContain('\\u{430}lice ü');
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
  });
});
