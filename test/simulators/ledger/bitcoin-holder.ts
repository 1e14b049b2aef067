import { BitcoinApp } from '../../../simulators/ledger/apps/bitcoin/app.ts';
import { mainnet, type Network, testnet } from '../../../simulators/ledger/apps/bitcoin/network.ts';
import { Device } from '../../../simulators/ledger/os/device.ts';
import { type Model, parseModel } from '../../../simulators/ledger/os/model.ts';
import type { Button } from '../../../simulators/ledger/os/view.ts';

/** Someone who holds a device with a Bitcoin app open, in this process: no ports, no waiting for time to pass. */
export class BitcoinHolder {
  readonly device: Device;
  readonly replies: string[] = [];
  unplugged = 0;

  constructor(network: Network | string = mainnet, model: Model | string = 'nanosp') {
    const chosen = typeof network === 'string' ? (network === 'Bitcoin' ? mainnet : testnet) : network;
    this.device = new Device({ model: parseModel(model), apps: [(os) => new BitcoinApp(os, chosen)] });
    this.device.listen({
      reply: (answer) => void this.replies.push(Buffer.from(answer).toString('hex')),
      unplugged: () => void this.unplugged++,
      crashed: () => undefined,
    });
  }

  get screen(): string {
    return this.device.screen.current.map(({ text }) => text).join('\n');
  }

  /** Sends a command; what was answered once the app rests, if anything was: it may be asking its holder. */
  async send(hex: string): Promise<string | undefined> {
    const before = this.replies.length;
    this.device.transmit(Uint8Array.from(Buffer.from(hex, 'hex')));
    await rest();
    return this.replies[before];
  }

  async press(button: Button): Promise<void> {
    this.device.buttons.press(button);
    this.device.buttons.release(button);
    await rest();
  }

  /** Walks right to the screen that begins so, and presses both buttons there; the screens that were seen. */
  async select(start: string): Promise<string[]> {
    const seen = [this.screen];
    while (!this.screen.startsWith(start)) {
      if (seen.length > 2000) throw new Error(`no screen begins with “${start}”; the last is “${this.screen}”`);
      await this.press('right');
      seen.push(this.screen);
    }
    await this.press('both');
    return seen;
  }
}

/** The app's promises are settled by the next turn: it waits for nothing but its host and its holder. */
const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
