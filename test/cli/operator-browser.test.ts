import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askOnLoopback } from '../../src/cli/loopback.ts';
import { operatorAssertion, operatorCreationOptions, operatorEntry } from '../../src/custody/operator-key.ts';
import type { OperatorName } from '../../src/domain/index.ts';
import { challenge } from './operator-people.ts';

// The page in a real browser, with the browser's own virtual authenticator (WebAuthn §11: WebDriver's, here through CDP).

const chromium = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  .flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));
const screenshots = process.env['PORTCULLIS_SCREENSHOTS'];

/** A DevTools target, spoken to over its WebSocket. */
class Tab {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: { result?: unknown; error?: { message: string } }) => void>();
  readonly complaints: string[] = [];
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const told = JSON.parse(String(data));
      if (told.method === 'Log.entryAdded')
        this.complaints.push(`${told.params.entry.text} ${told.params.entry.url ?? ''}`);
      if (told.method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(told.params));
      this.#waiting.get(told.id)?.(told);
    });
  }

  static async open(url: string): Promise<Tab> {
    const socket = new WebSocket(url);
    await new Promise((done, failed) => {
      socket.addEventListener('open', done, { once: true });
      socket.addEventListener('error', failed, { once: true });
    });
    return new Tab(socket);
  }

  async send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    const answer = new Promise<{ result?: unknown; error?: { message: string } }>((done) =>
      this.#waiting.set(id, done),
    );
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return { ...Object(result) };
  }

  async value(expression: string): Promise<unknown> {
    const { result } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    return Object(result).value;
  }

  /** Resolves once the expression is true on the page. */
  async until(expression: string): Promise<void> {
    const poll = `new Promise((done) => { const look = () => (${expression}) ? done(true) : setTimeout(look, 20); look(); })`;
    await this.value(poll);
  }

  async press(key: 'Enter' | 'Tab'): Promise<void> {
    const codes = { Enter: { windowsVirtualKeyCode: 13, text: '\r' }, Tab: { windowsVirtualKeyCode: 9 } };
    for (const type of ['keyDown', 'keyUp'])
      await this.send('Input.dispatchKeyEvent', { type, key, code: key, ...codes[key] });
  }

  async screenshot(name: string): Promise<void> {
    if (screenshots === undefined) return;
    const { data } = await this.send('Page.captureScreenshot');
    writeFileSync(join(screenshots, `${name}.png`), Buffer.from(String(data), 'base64'));
  }

  close(): void {
    this.#socket.close();
  }
}

const skipped = chromium === undefined ? ' (skipped: no Chromium on the PATH)' : '';
describe.skipIf(chromium === undefined)(`the operator’s page in a browser${skipped}`, () => {
  const profile = mkdtempSync(join(tmpdir(), 'portcullis-browser-'));
  let browser: ChildProcess;
  let tab: Tab;

  beforeAll(async () => {
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--remote-debugging-port=0',
      '--window-size=1000,900',
    ];
    browser = spawn(chromium ?? '', [...flags, '--no-proxy-server', `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const address = await new Promise<string>((done, failed) => {
      browser.once('exit', (code) => failed(new Error(`chromium ended with ${code}`)));
      createInterface({ input: browser.stderr ?? process.stdin }).on('line', (line) => {
        const [, host] = /DevTools listening on ws:\/\/([^/]+)\//.exec(line) ?? [];
        if (host !== undefined) done(host);
      });
    });
    const targets: unknown = await (await fetch(`http://${address}/json`)).json();
    const page = (Array.isArray(targets) ? targets : []).find(({ type }) => type === 'page');
    tab = await Tab.open(String(page?.webSocketDebuggerUrl));
    for (const domain of ['Page', 'Runtime', 'Log']) await tab.send(`${domain}.enable`);
    await tab.send('WebAuthn.enable');
    await tab.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', transport: 'usb', hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: true, automaticPresenceSimulation: true },
      },
    });
  }, 60_000);
  afterAll(async () => {
    tab?.close();
    const ended = new Promise((done) => browser.once('exit', done));
    browser.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  it('makes an operator’s key, and then signs with it, by the keyboard alone', async () => {
    const name = 'olivia' as OperatorName;
    const options = operatorCreationOptions(name, challenge);
    const entry = await askOnLoopback({
      port: 0,
      page: () => ({
        title: 'Portcullis: an operator’s key',
        lead: 'A key.',
        statement: 'Make the key of operator olivia',
        rows: [['Operator', 'olivia']],
        action: 'Make it with your key',
        ceremony: { kind: 'create', options },
      }),
      ready: (url) => {
        void (async () => {
          await tab.send('Page.navigate', { url });
          await tab.until("document.readyState === 'complete' && document.activeElement?.tagName === 'H1'");
          await tab.screenshot('enrol');
          await tab.press('Tab');
          await tab.press('Enter');
        })();
      },
      settle: async (json, origin) => ({
        value: await operatorEntry(name, json, { challenge, origin }),
        message: 'made',
      }),
    });
    expect(entry).toMatchObject({ name, class: 'device', backupEligible: false });
    await tab.until("document.getElementById('status').textContent === 'made'");

    const digest = 'ab'.repeat(32);
    let shown = '';
    const assertion = await askOnLoopback({
      port: 0,
      page: () => ({
        title: 'Portcullis: an operator’s signature',
        lead: 'Your key signs exactly this, and nothing else. Compare it with what you mean to do.',
        statement: `Approve withdrawal w-1: 11 ETH of account alice to eip155:11155111:0x70997970C51812dc3A010C7d01b50e0d17dc79C8, to be signed by 2026-01-02T00:00:00Z, held by bands <script>document.title='hit'</script>`,
        rows: [
          ['Act', 'approve withdrawal:w-1'],
          ['Digest', digest],
          ['Takes', '2 signatures; omar signed already'],
          ['Effect', 'at once'],
          ['Relying party', 'localhost'],
        ],
        action: 'Sign with your key',
        ceremony: {
          kind: 'get',
          options: {
            challenge: Buffer.from(digest, 'hex').toString('base64url'),
            rpId: 'localhost',
            allowCredentials: [{ type: 'public-key', id: entry.credential }],
            userVerification: 'required',
          },
          expires: Date.now() + 900_000,
        },
      }),
      ready: (url) => {
        void (async () => {
          await tab.send('Page.navigate', { url });
          await tab.until("document.title.includes('signature') && document.activeElement?.tagName === 'H1'");
          shown = String(await tab.value('document.body.innerText'));
          await tab.screenshot('sign');
          // A stray key signs nothing: the button has to be reached first.
          await tab.press('Enter');
          expect(await tab.value("document.getElementById('status').textContent")).toBe('');
          await tab.press('Tab');
          await tab.press('Enter');
        })();
      },
      settle: async (json) => ({ value: operatorAssertion(json), message: 'done: signed by omar, olivia.' }),
    });
    expect(assertion.credential).toBe(entry.credential);
    const client = JSON.parse(Buffer.from(assertion.clientData).toString());
    expect(client).toMatchObject({ type: 'webauthn.get', challenge: Buffer.from(digest, 'hex').toString('base64url') });
    expect(shown).toContain('11 ETH');
    expect(shown).toContain('0x70997970C51812dc3A010C7d01b50e0d17dc79C8');
    expect(shown).toContain(digest);
    await tab.until("document.getElementById('status').textContent.startsWith('done')");
    expect(await tab.value('document.title')).not.toBe('hit');
    await tab.screenshot('signed');
    // The station verifies ES256 and EdDSA only; Chromium advises to offer RS256 too.
    expect(tab.complaints.filter((text) => !/favicon|pubKeyCredParams/.test(text))).toEqual([]);
  }, 60_000);

  it('whoever presses "Do not sign" signs nothing', async () => {
    const declined = askOnLoopback({
      port: 0,
      page: () => ({
        title: 'declining',
        lead: '',
        statement: 'Freeze station, at once: drill',
        rows: [],
        action: 'Sign with your key',
        ceremony: { kind: 'get', options: { challenge: 'AAAA' } },
      }),
      ready: (url) => {
        void (async () => {
          await tab.send('Page.navigate', { url });
          await tab.until("document.title === 'declining' && document.activeElement?.tagName === 'H1'");
          await tab.press('Tab');
          await tab.press('Tab');
          await tab.press('Enter');
        })();
      },
      settle: async () => ({ value: 'signed', message: '' }),
    });
    await expect(declined).rejects.toThrow('nothing was signed');
    await tab.until("document.getElementById('status').textContent.startsWith('Nothing was signed')");
  }, 60_000);
});
