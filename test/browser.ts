import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where a Chromium is, if there is one. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  .flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));
const screenshots = process.env['PORTCULLIS_SCREENSHOTS'];

/** A DevTools target, spoken to over its WebSocket. */
export class Tab {
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

  /** How large the page is, in CSS pixels, and whether its reader prefers dark. */
  async view(width: number, height: number, scheme: 'light' | 'dark'): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.send('Emulation.setEmulatedMedia', { features });
  }

  /** Plugs an authenticator into the tab (WebAuthn L3 §11, over DevTools): its user is there and verified until told otherwise. */
  async authenticator(of: { readonly synced?: boolean } = {}): Promise<VirtualAuthenticator> {
    await this.send('WebAuthn.enable');
    const { authenticatorId } = await this.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        defaultBackupEligibility: of.synced === true,
        defaultBackupState: of.synced === true,
      },
    });
    return new VirtualAuthenticator(this, String(authenticatorId));
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

/** A platform authenticator of the browser's own, in software: what a customer's fingerprint reader would be. */
export class VirtualAuthenticator {
  readonly #tab: Tab;
  readonly #id: string;

  constructor(tab: Tab, id: string) {
    this.#tab = tab;
    this.#id = id;
  }

  /** Whether it recognises its user from now on. */
  async recognises(isUserVerified: boolean): Promise<void> {
    await this.#tab.send('WebAuthn.setUserVerified', { authenticatorId: this.#id, isUserVerified });
  }

  /** Whether its user touches it when asked; where not, the prompt waits. */
  async present(enabled: boolean): Promise<void> {
    await this.#tab.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.#id, enabled });
  }

  async remove(): Promise<void> {
    await this.#tab.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.#id });
  }
}

/** A headless Chromium with a profile of its own. */
export class Browser {
  readonly tab: Tab;
  readonly #process: ChildProcess;
  readonly #profile: string;

  private constructor(tab: Tab, process: ChildProcess, profile: string) {
    this.tab = tab;
    this.#process = process;
    this.#profile = profile;
  }

  /** @param size of the window, `1000,900` @param features of Blink to turn on, beside what is on */
  static async open(size = '1000,900', features: readonly string[] = []): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'portcullis-browser-'));
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--remote-debugging-port=0',
      `--window-size=${size}`,
      ...(features.length === 0 ? [] : [`--enable-features=${features.join()}`]),
    ];
    const child = spawn(chromium ?? '', [...flags, '--no-proxy-server', `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const address = await new Promise<string>((done, failed) => {
      child.once('exit', (code) => failed(new Error(`chromium ended with ${code}`)));
      createInterface({ input: child.stderr }).on('line', (line) => {
        const [, host] = /DevTools listening on ws:\/\/([^/]+)\//.exec(line) ?? [];
        if (host !== undefined) done(host);
      });
    });
    const targets: unknown = await (await fetch(`http://${address}/json`)).json();
    const page = (Array.isArray(targets) ? targets : []).find(({ type }) => type === 'page');
    const tab = await Tab.open(String(page?.webSocketDebuggerUrl));
    for (const domain of ['Page', 'Runtime', 'Log']) await tab.send(`${domain}.enable`);
    return new Browser(tab, child, profile);
  }

  async close(): Promise<void> {
    this.tab.close();
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill();
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
