import type { ServerResponse } from 'node:http';
import type { Screen, TextEvent } from '../os/screen.ts';

/** Keeps every line that was drawn, and streams new ones as server-sent events. */
export class EventLog {
  readonly #screen: Screen;
  readonly #streams = new Set<ServerResponse>();
  #events: TextEvent[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#events.push(...screen.current);
    screen.onDraw((events) => {
      this.#events.push(...events);
      for (const stream of this.#streams)
        for (const event of events) stream.write(`data: ${JSON.stringify(event)}\n\n`);
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

  /** The headers go out at once: Ledger's transport counts as connected when it has them. */
  stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    response.flushHeaders();
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }

  /** Breaks every stream, as unplugging does. */
  drop(): void {
    for (const stream of this.#streams) stream.destroy();
  }
}
