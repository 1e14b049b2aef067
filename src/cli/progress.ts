import { performance } from 'node:perf_hooks';
import type { Output } from './command.ts';

const width = 30;
/** Redrawn no more often, ms. */
const every = 100;

/** How far a long piece of work is, as one line that is drawn over itself. Where nobody watches a terminal, nothing. */
export class Progress {
  readonly #draw: Output['draw'];
  readonly #now: () => number;
  #next = 0;
  #drawn = false;

  constructor({ draw }: Output, now: () => number = () => performance.now()) {
    this.#draw = draw;
    this.#now = now;
  }

  /** `what` is counted: `entries 430,000 of 1,000,000`. */
  step(what: string, done: number, all: number): void {
    if (this.#draw === undefined) return;
    const now = this.#now();
    if (now < this.#next) return;
    this.#next = now + every;
    this.#drawn = true;
    const share = all === 0 ? 1 : Math.min(1, done / all);
    const full = Math.round(share * width);
    const bar = `${'#'.repeat(full)}${'.'.repeat(width - full)}`;
    const percent = String(Math.floor(share * 100)).padStart(3);
    this.#draw(`[${bar}] ${percent} % ${what} ${counted(done)} of ${counted(all)}`);
  }

  /** Takes the line away, so that something else can be said. */
  clear(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#next = 0;
    this.#draw?.('');
  }
}

const counted = (n: number): string => n.toLocaleString('en');
