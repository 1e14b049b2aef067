import type { Identify, Identity, Sign, Signature } from '../protocol.ts';
import { DeviceFailure, failureOf } from './failure.ts';
import { identify } from './identify.ts';
import type { Bus, Handle } from './library.ts';
import { type EthereumPath, parseEthereumPath } from './path.ts';
import { compressed } from './public-key.ts';
import { sign } from './sign.ts';

/** Which failure to tell of when several devices were asked and none had the key: the first here that any gave. */
const mostTelling = ['device-locked', 'device-busy', 'signer-failed', 'device-missing'] as const;

/** The child's side of Ledger devices: finds the one that holds a key, and has it sign. One call at a time. */
export class LedgerBackend {
  readonly #bus: Bus;
  /** The device that the last `identify` found. Kept open, so that `sign` can't reach another one. */
  #found: { readonly handle: Handle; readonly path: string } | undefined;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Throws DeviceFailure. */
  async identify({ path, publicKey }: Identify): Promise<Identity> {
    await this.#release();
    const checkedPath = parseEthereumPath(path, 'path');
    const names = await this.#list();
    const failures: DeviceFailure[] = [];
    const others: Identity[] = [];
    for (const name of names) {
      try {
        const identity = await this.#ask(name, checkedPath, publicKey);
        if (this.#found !== undefined) return identity;
        others.push(identity);
      } catch (error) {
        failures.push(failureOf(error, 'identifying'));
      }
    }
    return fallback(failures, others);
  }

  /** Throws DeviceFailure. */
  async sign(request: Sign): Promise<Signature> {
    const found = this.#found;
    if (found === undefined || found.path !== request.path) {
      throw new DeviceFailure('device-missing', 'no device has been found to hold this key');
    }
    try {
      return await sign(found.handle, parseEthereumPath(request.path, 'path'), request);
    } finally {
      await this.#release();
    }
  }

  async #list(): Promise<readonly string[]> {
    try {
      return await this.#bus.list();
    } catch (error) {
      throw failureOf(error, 'preparing');
    }
  }

  async #ask(name: string, path: EthereumPath, publicKey: string): Promise<Identity> {
    const handle = await this.#bus.open(name);
    try {
      const identity = await identify(handle, path);
      if (identity.key !== undefined && compressed(identity.key.publicKey) === publicKey)
        this.#found = { handle, path };
      return identity;
    } finally {
      if (this.#found?.handle !== handle) await close(handle);
    }
  }

  async #release(): Promise<void> {
    const found = this.#found;
    this.#found = undefined;
    if (found !== undefined) await close(found.handle);
  }
}

/** Idle, as every call on it has ended. Where it was unplugged meanwhile, closing it fails, and that is all the same. */
async function close(handle: Handle): Promise<void> {
  await handle.close().catch(() => undefined);
}

/** No device has the key: the answer that tells a person most about the one that might have. */
function fallback(failures: readonly DeviceFailure[], others: readonly Identity[]): Identity {
  const failure = mostTelling.flatMap((reason) => failures.filter((one) => one.reason === reason))[0] ?? failures[0];
  const wrongApp = others.find(({ key }) => key === undefined);
  if (failure?.reason === 'device-locked') throw failure;
  const identity = wrongApp ?? (failure === undefined ? others[0] : undefined);
  if (identity !== undefined) return identity;
  throw failure ?? new DeviceFailure('device-missing', 'no Ledger is connected');
}
