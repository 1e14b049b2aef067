import type { TextEvent } from '../../../simulators/ledger/os/screen.ts';
import type { Button } from '../../../simulators/ledger/os/view.ts';

/** A person at the REST interface: reads the screen and presses buttons. */
export class Operator {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async screen(): Promise<string> {
    return (await this.events('?currentscreenonly=true')).map(({ text }) => text).join('\n');
  }

  async events(query = ''): Promise<readonly TextEvent[]> {
    const body = await json<{ events: readonly TextEvent[] }>(await fetch(`${this.#url}/events${query}`));
    return body.events;
  }

  /** Resolves when the screen is this one: it looks again whenever something is drawn. */
  async sees(screen: string | RegExp): Promise<string> {
    const drawn = (await fetch(`${this.#url}/events?stream=true`)).body?.getReader();
    try {
      for (;;) {
        const now = await this.screen();
        if (typeof screen === 'string' ? now === screen : screen.test(now)) return now;
        await drawn?.read();
      }
    } finally {
      await drawn?.cancel();
    }
  }

  async press(button: Button): Promise<void> {
    await this.post(`button/${button}`, { action: 'press-and-release' });
  }

  async select(screen: RegExp): Promise<void> {
    for (let now = await this.screen(); !screen.test(now); now = await this.screen()) await this.press('right');
    await this.press('both');
  }

  async post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${this.#url}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, body: await json(response) };
  }

  async apdu(hex: string): Promise<unknown> {
    return (await this.post('apdu', { data: hex })).body['data'];
  }

  async fault(fault: unknown): Promise<void> {
    const { status, body } = await this.post('faults', fault);
    if (status !== 200) throw new Error(String(body['message']));
  }

  async mend(): Promise<void> {
    await fetch(`${this.#url}/faults`, { method: 'DELETE' });
  }
}

async function json<Body>(response: Response): Promise<Body> {
  return JSON.parse(await response.text());
}
