import { execFileSync } from 'node:child_process';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openBus } from '../../../src/signers/ledger/library.ts';

const servers: Server[] = [];
const serve = async (answer: RequestListener): Promise<string> => {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

describe('I8: Speculos’ transport', () => {
  it('goes nowhere else, whatever it is told', async () => {
    let asked = 0;
    const elsewhere = await serve((_, answer) => {
      asked += 1;
      answer.end();
    });
    const url = await serve(({ url: path }, answer) => {
      answer.writeHead(307, { location: `${elsewhere}${path}` }).end();
    });
    const bus = openBus({ transport: 'speculos', url });
    await expect(bus.open(url)).rejects.toThrow('307');
    expect(asked).toBe(0);
  });
});

describe('I8: Ledger’s Bitcoin clients', () => {
  it('load nothing by which a process could reach a network or start another', () => {
    const load = `
      const before = new Set(process.moduleLoadList);
      const require = process.getBuiltinModule('module').createRequire(${JSON.stringify(import.meta.url)});
      require('@ledgerhq/hw-app-btc');
      require('ledger-bitcoin');
      const means = /^NativeModule (?:http|https|http2|net|tls|dns|dgram|child_process|worker_threads)$/;
      console.log(JSON.stringify(process.moduleLoadList.filter((name) => !before.has(name) && means.test(name))));`;
    expect(execFileSync(process.execPath, ['-e', load], { encoding: 'utf8' })).toBe('[]\n');
  });
});
