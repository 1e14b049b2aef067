import { createServer, type Server } from 'node:net';
import type { Device } from '../os/device.ts';

/** The button port: a letter a movement. `L` and `R` press, `l` and `r` let go; anything else is ignored. */
export function createButtonServer(device: Device): Server {
  return createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      for (const letter of bytes.toString('latin1')) {
        if (letter === 'L') device.buttons.press('left');
        else if (letter === 'R') device.buttons.press('right');
        else if (letter === 'l') device.buttons.release('left');
        else if (letter === 'r') device.buttons.release('right');
      }
    });
  });
}
