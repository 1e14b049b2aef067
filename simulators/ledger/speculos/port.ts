import { once } from 'node:events';
import type { Server, Socket } from 'node:net';

export interface Port {
  readonly number: number;
  /** Stops listening and breaks what is connected. */
  close(): Promise<void>;
}

/** Loopback only: a device that signs what anyone sends is nobody else's to reach. */
export const host = '127.0.0.1';

/** Listens on a port; 0 chooses a free one. Rejects where it is taken. */
export async function openPort(server: Server, number: number): Promise<Port> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(number, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the port has no number');
  return {
    number: address.port,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
