import { bytesToHex } from '@noble/curves/utils.js';
import type { Device } from '../os/device.ts';
import { Streams } from './streams.ts';

/** One crossing of the cable. `at`: milliseconds of Unix time; `data`: hex, an answer's with its status word. */
export interface Crossing {
  readonly at: number;
  readonly from: 'host' | 'device';
  readonly data: string;
}

/** What went over the cable, the latest so many: for the page and for whoever looks for an error. Speculos has no such thing. */
export class ApduLog {
  readonly streams = new Streams();
  readonly #crossings: Crossing[] = [];

  constructor(device: Device) {
    device.listen({
      command: (apdu) => this.#add('host', apdu),
      reply: (answer) => this.#add('device', answer),
      unplugged: () => undefined,
      crashed: () => undefined,
    });
  }

  get all(): readonly Crossing[] {
    return this.#crossings;
  }

  clear(): void {
    this.#crossings.length = 0;
  }

  #add(from: Crossing['from'], bytes: Uint8Array): void {
    const crossing = { at: Date.now(), from, data: bytesToHex(bytes) };
    this.#crossings.push(crossing);
    // By halves: to drop one at a time would move all the others each time.
    if (this.#crossings.length > 2 * kept) this.#crossings.splice(0, kept);
    this.streams.send(crossing);
  }
}

/** Enough for a signature of the Bitcoin app with ten inputs. */
export const kept = 4000;
