import { Turn } from '../turn.ts';

/**
 * Devices that signers share: to find its own, a signer opens each and asks who it is. A device that shows something to a
 * person must not be asked anything: the Ethereum app would forget to answer, or crash at the next press. So one signer searches
 * at a time, and leaves out what others have put before a person; while they do, no search waits for them.
 */
export class Reviews {
  /** For the one that searches. */
  readonly search = new Turn();
  readonly #shown = new Map<object, string>();

  /** `device`: the name that it is opened by. In the turn in which it was found. */
  begin(signer: object, device: string): void {
    this.#shown.set(signer, device);
  }

  /** The device said how it ended, or is gone; or this signer is about to ask it again. */
  end(signer: object): void {
    this.#shown.delete(signer);
  }

  /** The devices that a signer may not ask. */
  ofOthers(signer: object): readonly string[] {
    return [...this.#shown].filter(([other]) => other !== signer).map(([, device]) => device);
  }
}
