import type { ServerResponse } from 'node:http';

/** Those who listen at one address by server-sent events (HTML Living Standard §9.2). */
export class Streams {
  readonly #open = new Set<ServerResponse>();

  /** The headers go out at once: Ledger's transport counts as connected when it has them. */
  add(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    response.flushHeaders();
    if (response.req.method === 'HEAD') {
      response.end();
      return;
    }
    this.#open.add(response);
    response.on('close', () => this.#open.delete(response));
  }

  send(message: unknown): void {
    if (this.#open.size === 0) return;
    const text = `data: ${JSON.stringify(message)}\n\n`;
    for (const stream of this.#open) stream.write(text);
  }

  /** Breaks every stream, as unplugging does. */
  drop(): void {
    for (const stream of this.#open) stream.destroy();
  }
}
