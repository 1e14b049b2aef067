import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { HostProcess } from '../../src/signers/launch.ts';

/** A process whose death the test decides on, as one that hangs in the kernel outlives its SIGKILL. */
export class Undead extends EventEmitter implements HostProcess {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly pid = 1;
  kills = 0;

  kill(): boolean {
    this.kills += 1;
    return true;
  }

  async asked(): Promise<{ id: number }> {
    for (;;) {
      const line: Buffer | null = this.stdin.read();
      if (line !== null) return JSON.parse(line.toString());
      await new Promise((resolve) => this.stdin.once('readable', resolve));
    }
  }

  say(message: object): void {
    this.stdout.write(`${JSON.stringify({ v: 1, ...message })}\n`);
  }
}
