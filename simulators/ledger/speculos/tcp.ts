import { createServer, type Server, type Socket } from 'node:net';
import type { Device } from '../os/device.ts';
import { status } from '../os/status.ts';

/**
 * The raw APDU port. Request: length u32be ‖ APDU. Answer: length u32be, not counting the status word, ‖ data ‖ status
 * word, in one write, because Ledger's transport doesn't reassemble.
 */
export function createApduServer(device: Device): Server {
  const server = createServer((socket) => serve(device, socket));
  return server;
}

function serve(device: Device, socket: Socket): void {
  let received = Buffer.alloc(0);
  /** Only a client that waits is answered: another's answers are not its own. */
  let waiting = false;
  const stop = device.listen({
    reply: (answer) => {
      if (!waiting) return;
      // Busy: the command before is still to be answered.
      waiting = answer.length === 2 && answer[0] === status.busy >> 8 && answer[1] === (status.busy & 0xff);
      const head = Buffer.alloc(4);
      head.writeUInt32BE(answer.length - 2);
      socket.write(Buffer.concat([head, answer]));
    },
    unplugged: () => socket.destroy(),
    crashed: () => undefined,
  });
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', stop);
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    while (received.length >= 4) {
      const end = 4 + received.readUInt32BE(0);
      if (end > 4 + maxApdu) {
        socket.destroy();
        return;
      }
      if (received.length < end) return;
      const apdu = new Uint8Array(received.subarray(4, end));
      received = received.subarray(end);
      if (!device.plugged) {
        socket.destroy();
        return;
      }
      waiting = true;
      device.transmit(apdu);
    }
  });
}

/** Far above a short APDU's 260 bytes. */
const maxApdu = 65_536;
