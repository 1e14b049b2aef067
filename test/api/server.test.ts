import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApi } from '../../src/api/server.ts';
import { type Issued, makeCa, trustDomain } from '../certificates.ts';
import { FakeCustody } from './fake-custody.ts';

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening on TCP');
  return address.port;
}

function occupy(port = 0): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

describe('an API that can not be had whole', () => {
  let tls: Issued;
  let busy: Server;
  beforeEach(async () => {
    tls = await (await makeCa()).issueServer();
    busy = await occupy();
  });
  afterEach(() => {
    busy.close();
  });

  const create = (port: number, operatorsPort: number, material = tls) =>
    createApi({
      custody: new FakeCustody().custody,
      tls: material,
      trustDomain,
      listen: { host: '127.0.0.1', port },
      operatorsListen: { host: '127.0.0.1', port: operatorsPort },
      log: () => {},
    });

  it('rejects where its port is taken', async () => {
    await expect(create(portOf(busy), 0)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('leaves no listener open where the operators’ port is taken: no station without a way to freeze it', async () => {
    const free = await occupy();
    const port = portOf(free);
    await new Promise((resolve) => free.close(resolve));
    await expect(create(port, portOf(busy))).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const again = await occupy(port);
    again.close();
  });

  it('rejects a key that is not the certificate’s', async () => {
    const other = await (await makeCa()).issueServer();
    await expect(create(0, 0, { ...tls, key: other.key })).rejects.toThrow(/key values mismatch/);
  });
});
