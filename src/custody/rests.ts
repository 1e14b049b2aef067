import { minute, type TransactionId } from '../domain/index.ts';
import type { DispatchTiming } from './timing.ts';

/** A transaction whose attempts end uncertain is tried again after twice as long each time, up to this long, ms. */
const longestRest = 10 * minute;

/** How often in a row a transaction's attempt on one signer ended uncertain, and whether it rests now. */
interface Rest {
  readonly signer: string;
  readonly times: number;
  readonly cancel: () => void;
  over: boolean;
}

/** Each attempt writes leaves and prompts a person: a device that fails for good must not be asked for ever at one pace. */
export class Rests {
  readonly #timing: DispatchTiming;
  readonly #kick: (signer: string) => void;
  readonly #rests = new Map<string, Rest>();

  /** `kick`: called when a transaction of a signer's has rested. */
  constructor(timing: DispatchTiming, kick: (signer: string) => void) {
    this.#timing = timing;
    this.#kick = kick;
  }

  isResting(id: TransactionId, signer: string): boolean {
    return this.#rests.get(nameOf(id, signer))?.over === false;
  }

  /** Its attempt ended uncertain. */
  begin(id: TransactionId, signer: string): void {
    const name = nameOf(id, signer);
    const times = (this.#rests.get(name)?.times ?? 0) + 1;
    const ms = Math.min(this.#timing.retryAfter * 2 ** (times - 1), longestRest);
    const cancel = this.#timing.later(ms, () => {
      rest.over = true;
      this.#kick(signer);
    });
    const rest: Rest = { signer, times, cancel, over: false };
    this.#rests.set(name, rest);
  }

  /** Its attempt ended otherwise. */
  forget(id: TransactionId, signer: string): void {
    this.#rests.delete(nameOf(id, signer));
  }

  /** The device may be well again: whatever rests on its account is tried at once, and at the first pace. */
  wake(signer: string): void {
    let any = false;
    for (const [name, rest] of this.#rests) {
      if (rest.signer !== signer) continue;
      rest.cancel();
      this.#rests.delete(name);
      any = true;
    }
    if (any) this.#kick(signer);
  }

  close(): void {
    for (const { cancel } of this.#rests.values()) cancel();
  }
}

function nameOf(id: TransactionId, signer: string): string {
  return `${id} ${signer}`;
}
