import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { Commands, reportLength, reportsOf } from './frames.ts';
import { Gadget, type UsbIdentity } from './gadget.ts';

/** Where an emulated Ledger takes commands (its raw APDU port). */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** While the cable is in. */
interface Plugged {
  readonly socket: Socket;
  readonly reader: ChildProcess;
  readonly writer: ChildProcess;
}

/**
 * An emulated Ledger on a USB cable: reports of the gadget's become commands to the emulator, its answers reports. Where the
 * emulator breaks the connection, because it was unplugged or because it crashed, the device is gone from USB, too.
 */
export class UsbLedger {
  readonly #gadget: Gadget;
  readonly #emulator: Address;
  #plugged: Plugged | undefined;
  /** Reports of the next answer after which the cable is pulled. */
  #cutAfter: number | undefined;

  constructor(port: number, emulator: Address) {
    this.#gadget = new Gadget(port);
    this.#emulator = emulator;
  }

  get plugged(): boolean {
    return this.#plugged !== undefined;
  }

  /** Resolves when it is on the bus. Rejects where no emulator answers. */
  async plug(identity: UsbIdentity): Promise<void> {
    if (this.#plugged !== undefined) throw new Error('it is plugged in already');
    const socket = connect({ ...this.#emulator, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    this.#gadget.plug(identity);
    // Processes of their own hold the device's file: a read that waits there can be ended by no one but a signal.
    const { file } = this.#gadget;
    const reader = cat(file, 'r');
    const writer = cat(file, 'w');
    const plugged = { socket, reader, writer };
    this.#plugged = plugged;
    this.#carry(plugged);
  }

  /** Resolves when it is gone from the bus. */
  async unplug(): Promise<void> {
    const plugged = this.#plugged;
    if (plugged === undefined) return;
    this.#plugged = undefined;
    this.#cutAfter = undefined;
    plugged.socket.destroy();
    // From USB first, as a cable does: what waits on the host's side fails at once.
    this.#gadget.unplug();
    await Promise.all([ended(plugged.reader), ended(plugged.writer)]);
  }

  /** Pulls the cable once so many reports of the next answer are out. */
  cutAfter(reports: number): void {
    this.#cutAfter = reports;
  }

  #carry(plugged: Plugged): void {
    const { socket, reader, writer } = plugged;
    const commands = new Commands();
    /** The device answers by the channel that it heard last, whoever asked first. */
    let channel = 0;
    cut(reader.stdout, reportLength, (report) => {
      const command = commands.push(report);
      if (command === undefined) return;
      channel = command.channel;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(command.apdu.length);
      socket.write(Buffer.concat([length, command.apdu]));
    });
    let received = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= 4) {
        const end = 4 + received.readUInt32BE(0) + 2;
        if (received.length < end) return;
        this.#answer(writer.stdin, reportsOf(channel, received.subarray(4, end)));
        received = received.subarray(end);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#plugged === plugged) void this.unplug();
    });
  }

  #answer(to: Writable | null, reports: readonly Uint8Array[]): void {
    const most = this.#cutAfter;
    for (const report of reports.slice(0, most)) to?.write(report);
    // The host takes a report within milliseconds, and must have it before the cable is gone.
    if (most !== undefined) setTimeout(() => void this.unplug(), 100);
  }
}

/** Copies from or to a device's file: its other end is a pipe of ours. */
function cat(file: string, flags: 'r' | 'w'): ChildProcess {
  const descriptor = openSync(file, flags);
  try {
    const child = spawn('/usr/bin/busybox', ['cat'], {
      stdio: flags === 'r' ? [descriptor, 'pipe', 'ignore'] : ['pipe', descriptor, 'ignore'],
    });
    child.stdin?.on('error', () => undefined);
    return child;
  } finally {
    closeSync(descriptor);
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** A stream in pieces of one length. */
function cut(stream: Readable | null, length: number, take: (piece: Uint8Array) => void): void {
  let rest = Buffer.alloc(0);
  stream?.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    for (; rest.length >= length; rest = rest.subarray(length)) take(new Uint8Array(rest.subarray(0, length)));
  });
}
