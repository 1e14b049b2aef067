import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createPublicClient, createTestClient, type Hex, http } from 'viem';

const require = createRequire(import.meta.url);
const packages: Readonly<Record<string, string>> = {
  'linux-x64': 'anvil-linux-amd64',
  'linux-arm64': 'anvil-linux-arm64',
  'darwin-x64': 'anvil-darwin-amd64',
  'darwin-arm64': 'anvil-darwin-arm64',
};

/** A real EVM node on this machine: anvil, as its npm package brings it. */
export interface LocalChain {
  readonly url: string;
  readonly version: string;
  /** Gives an account Ether out of nothing. */
  fund(address: Hex, wei: bigint): Promise<void>;
  balanceOf(address: Hex): Promise<bigint>;
  close(): Promise<void>;
}

/** `chainId`: the node answers to that of a public test network, whose coin a Ledger knows by name. */
export async function startLocalChain(chainId: number): Promise<LocalChain> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const args = ['--silent', '--host', '127.0.0.1', '--port', new URL(url).port, '--chain-id', String(chainId)];
  const child = spawn(anvilFile(), args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const node = createPublicClient({ transport: http(url, { retryCount: 0 }) });
  const tests = createTestClient({ mode: 'anvil', transport: http(url) });
  const version = await untilAnswering(
    () => node.request({ method: 'web3_clientVersion' }),
    () => child.exitCode !== null,
  );
  return {
    url,
    version,
    fund: (address, value) => tests.setBalance({ address, value }),
    balanceOf: (address) => node.getBalance({ address }),
    close: async () => {
      child.kill();
      await ended;
    },
  };
}

function anvilFile(): string {
  const name = packages[`${process.platform}-${process.arch}`];
  if (name === undefined) throw new Error(`there is no anvil for ${process.platform} ${process.arch}`);
  return join(dirname(require.resolve(`@foundry-rs/${name}/package.json`)), 'bin', 'anvil');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

async function untilAnswering<T>(ask: () => Promise<T>, dead: () => boolean): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (dead() || Date.now() > deadline) throw new Error('the local EVM node did not start', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
