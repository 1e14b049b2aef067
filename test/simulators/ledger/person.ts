import { EthereumApp } from '../../../simulators/ledger/apps/ethereum/app.ts';
import { Device } from '../../../simulators/ledger/os/device.ts';
import { type Model, parseModel } from '../../../simulators/ledger/os/model.ts';
import type { Button } from '../../../simulators/ledger/os/view.ts';

/** A device in this process with someone at its buttons: no ports, no waiting. */
export class Person {
  readonly device: Device;
  readonly replies: string[] = [];
  unplugged = 0;
  crashed = 0;

  constructor(model: Model | string = 'nanosp', seed?: string) {
    this.device = new Device({
      model: parseModel(model),
      apps: [(os) => new EthereumApp(os)],
      ...(seed === undefined ? {} : { seed }),
    });
    this.device.listen({
      reply: (answer) => void this.replies.push(Buffer.from(answer).toString('hex')),
      unplugged: () => void this.unplugged++,
      crashed: () => void this.crashed++,
    });
  }

  get screen(): string {
    return this.device.screen.current.map(({ text }) => text).join('\n');
  }

  press(button: Button): void {
    this.device.buttons.press(button);
    this.device.buttons.release(button);
  }

  /** Sends a command; what was answered at once, or undefined. */
  send(hex: string): string | undefined {
    const before = this.replies.length;
    this.device.transmit(Uint8Array.from(Buffer.from(hex, 'hex')));
    return this.replies[before];
  }

  /** Walks right to the screen that begins so, and presses both buttons there. */
  select(start: string): void {
    for (let steps = 0; !this.screen.startsWith(start); steps++) {
      if (steps > 50) throw new Error(`no screen begins with “${start}”; the last is “${this.screen}”`);
      this.press('right');
    }
    this.press('both');
  }

  /** As a person does it: through the app's settings, and back to its home screen. */
  enableBlindSigning(): void {
    this.select('App settings');
    this.select('Blind signing');
    this.select('Back');
    this.press('left');
  }
}
