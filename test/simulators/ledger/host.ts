import { connect, type Socket } from 'node:net';

/** A host at the raw APDU port: sends framed commands, collects framed answers in order. */
export class PortHost {
  readonly #socket: Socket;
  readonly #answers: string[] = [];
  #received = Buffer.alloc(0);
  #wake = Promise.withResolvers<void>();
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => this.#take(bytes));
  }

  static async connect(port: number): Promise<PortHost> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new PortHost(socket);
  }

  send(hex: string): void {
    const apdu = Buffer.from(hex, 'hex');
    const head = Buffer.alloc(4);
    head.writeUInt32BE(apdu.length);
    this.#socket.write(Buffer.concat([head, apdu]));
  }

  async answer(): Promise<string> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) return answer;
      await this.#wake.promise;
    }
  }

  get unread(): readonly string[] {
    return this.#answers;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The frame's length doesn't count the status word. */
  #take(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readUInt32BE(0) + 2;
      if (this.#received.length < end) return;
      this.#answers.push(this.#received.subarray(4, end).toString('hex'));
      this.#received = this.#received.subarray(end);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
  }
}
