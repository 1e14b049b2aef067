import type { ServerWritableStream, StatusObject } from '@grpc/grpc-js';

/** Wakes a loop that has nothing to do: rings are not counted, only remembered. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, or at once if it rang since the last wait. */
  async wait(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#rung = false;
    this.#wake = undefined;
  }
}

/** The server's end of a stream: writes no faster than the client reads, and knows when the client has gone. */
export class Outlet<T> {
  readonly #call: ServerWritableStream<unknown, T>;
  readonly #closing = new Set<() => void>();
  #closed = false;

  constructor(call: ServerWritableStream<unknown, T>) {
    this.#call = call;
    // grpc-js announces the end of a stream, however it came, as `cancelled`.
    call.once('cancelled', () => this.#close());
    call.once('close', () => this.#close());
    if (call.cancelled) this.#close();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Called once, when nothing more can be sent. */
  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closing.add(listener);
  }

  /** Resolves when there is room for the next message, or nobody left to read it. */
  async send(message: T): Promise<void> {
    if (this.#closed || this.#call.write(message)) return;
    const room = new Bell();
    const ring = (): void => room.ring();
    this.#call.once('drain', ring);
    this.onClose(ring);
    await room.wait();
    this.#closing.delete(ring);
    this.#call.removeListener('drain', ring);
  }

  end(): void {
    if (this.#closed) return;
    this.#call.end();
    this.#close();
  }

  fail(status: StatusObject): void {
    if (this.#closed) return;
    // grpc-js takes the status of a stream that fails from an `error` event.
    this.#call.emit('error', Object.assign(new Error(status.details), status));
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#closing) listener();
    this.#closing.clear();
  }
}

/**
 * Sends the present state of each thing watched, then each again after it changed. What changes faster than the client
 * reads is sent once, in its newest state: so at most one record a thing waits, however slow the client.
 */
export async function pourChanges<R extends { readonly id: string }, T>(
  outlet: Outlet<T>,
  watch: (watcher: (record: R) => void) => () => void,
  message: (record: R) => T,
): Promise<void> {
  const newest = new Map<string, R>();
  const bell = new Bell();
  const unwatch = watch((record) => {
    newest.set(record.id, record);
    bell.ring();
  });
  outlet.onClose(() => bell.ring());
  try {
    while (!outlet.closed) {
      for (const [id, record] of newest) {
        newest.delete(id);
        await outlet.send(message(record));
        if (outlet.closed) return;
      }
      await bell.wait();
    }
  } finally {
    unwatch();
  }
}

/**
 * Sends a log from a cursor on, page by page, then what is added. Additions only wake the loop, which reads the next
 * page when the client has taken the last: nothing is buffered here.
 */
export async function pourLog<R, T>(
  outlet: Outlet<T>,
  source: {
    /** The next records; empty when there is none at present. */
    readonly page: () => readonly R[];
    readonly onMore: (listener: () => void) => () => void;
    /** True once the stream is to end; asked after each record and when there is no more. */
    readonly done: (atEnd: boolean) => boolean;
  },
  message: (record: R) => T,
): Promise<void> {
  const bell = new Bell();
  const unlisten = source.onMore(() => bell.ring());
  outlet.onClose(() => bell.ring());
  try {
    while (!outlet.closed && !source.done(false)) {
      const page = source.page();
      for (const record of page) {
        await outlet.send(message(record));
        if (outlet.closed || source.done(false)) return;
      }
      if (page.length > 0) continue;
      if (source.done(true)) return;
      await bell.wait();
    }
  } finally {
    unlisten();
  }
}
