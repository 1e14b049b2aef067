import type { Screen, TextEvent } from '../os/screen.ts';
import { Streams } from './streams.ts';

/** Keeps every line that was drawn, and streams new ones. */
export class EventLog {
  readonly streams = new Streams();
  readonly #screen: Screen;
  #events: TextEvent[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#events.push(...screen.current);
    screen.onDraw((events) => {
      this.#events.push(...events);
      for (const event of events) this.streams.send(event);
    });
  }

  get all(): readonly TextEvent[] {
    return this.#events;
  }

  get currentScreen(): readonly TextEvent[] {
    return this.#screen.current;
  }

  clear(): void {
    this.#events = [];
  }
}
