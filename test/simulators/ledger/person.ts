import { type AppWord, installed } from '../../../simulators/ledger/apps/installed.ts';
import { Device } from '../../../simulators/ledger/os/device.ts';
import { type Model, parseModel } from '../../../simulators/ledger/os/model.ts';
import type { Button } from '../../../simulators/ledger/os/view.ts';

/** A device in this process with someone at its buttons or its screen: no ports, no waiting. */
export class Person {
  readonly device: Device;
  readonly replies: string[] = [];
  unplugged = 0;
  crashed = 0;

  constructor(model: Model | string = 'nanosp', seed?: string, app: AppWord = 'ethereum') {
    this.device = new Device({
      model: parseModel(model),
      apps: Object.values(installed),
      open: Object.keys(installed).indexOf(app),
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

  /** Touches the line of text that is this, for so long. */
  touch(text: string, heldMs = 0): void {
    const line = this.device.screen.current.find((candidate) => candidate.text === text);
    if (line === undefined) throw new Error(`“${text}” is not on the screen, which is “${this.screen}”`);
    this.device.finger(line.x + (line.w >> 1), line.y + (line.h >> 1), 'press-and-release', heldMs);
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
