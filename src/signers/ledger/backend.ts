import type {
  App,
  Configuration,
  Identify,
  Identity,
  Operation,
  ReadKey,
  Register,
  Result,
  ShowAddress,
  Sign,
} from '../protocol.ts';
import { DeviceFailure, failureOf } from './failure.ts';
import { checkPath, identify } from './identify.ts';
import { isPinned } from './identity.ts';
import { register, showAddress } from './introduce.ts';
import type { Bus, Handle } from './library.ts';
import { parseEthereumPath } from './path.ts';
import { sign } from './sign.ts';
import { signPsbt } from './sign-psbt.ts';

/** Which failure to tell of when several devices were asked and none had the key: the first here that any gave. */
const mostTelling = ['device-locked', 'device-busy', 'signer-failed', 'device-missing'] as const;

/** What goes to the device that was found before. */
type Request = Sign | Register | ShowAddress;

/** The child's side of Ledger devices: finds the one that holds a key, and has it sign. One call at a time. */
export class LedgerBackend {
  readonly #bus: Bus;
  /** The device that the last `identify` found. Kept open, so that `sign` can't reach another one. */
  #found: { readonly handle: Handle; readonly app: App; readonly path: string } | undefined;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Throws DeviceFailure. */
  perform(request: Exclude<Operation, Configuration>): Promise<Result> {
    switch (request.op) {
      case 'identify':
        return this.#identify(request);
      case 'read-key':
        return this.#readKey(request);
      default:
        return this.#ask(request);
    }
  }

  async #identify(pinned: Identify): Promise<Identity> {
    const { app, path } = pinned;
    const { failures, others } = await this.#search(app, path, (handle, identity) => {
      if (!isPinned(identity, pinned)) return false;
      this.#found = { handle, app, path };
      return true;
    });
    const [own] = others.filter((identity) => isPinned(identity, pinned));
    return own ?? fallback(failures, others);
  }

  async #readKey({ app, path }: ReadKey): Promise<Identity> {
    const { failures, others } = await this.#search(app, path, () => false);
    const [key, second] = others.filter((identity) => identity.key !== undefined);
    if (second !== undefined) {
      throw new DeviceFailure('device-foreign', `more than one connected device has the app ${app} open`);
    }
    return key ?? fallback(failures, others);
  }

  async #ask(request: Request): Promise<Result> {
    const found = this.#found;
    if (found === undefined || found.path !== request.path || found.app !== request.app) {
      throw new DeviceFailure('device-missing', 'no device has been found to hold this key');
    }
    try {
      return await perform(found.handle, request);
    } finally {
      await this.#release();
    }
  }

  /** Asks each device who it is, until one is kept open. */
  async #search(
    app: App,
    path: string,
    keep: (handle: Handle, identity: Identity) => boolean,
  ): Promise<{ readonly failures: readonly DeviceFailure[]; readonly others: readonly Identity[] }> {
    await this.#release();
    checkPath(app, path);
    const failures: DeviceFailure[] = [];
    const others: Identity[] = [];
    for (const name of await this.#list()) {
      let kept = false;
      try {
        const handle = await this.#bus.open(name);
        try {
          const identity = await identify(handle, app, path);
          others.push(identity);
          kept = keep(handle, identity);
          if (kept) break;
        } finally {
          if (!kept) await close(handle);
        }
      } catch (error) {
        failures.push(failureOf(error, 'identifying'));
      }
    }
    return { failures, others };
  }

  async #list(): Promise<readonly string[]> {
    try {
      return await this.#bus.list();
    } catch (error) {
      throw failureOf(error, 'preparing');
    }
  }

  async #release(): Promise<void> {
    const found = this.#found;
    this.#found = undefined;
    if (found !== undefined) await close(found.handle);
  }
}

function perform(handle: Handle, request: Request): Promise<Result> {
  switch (request.op) {
    case 'register':
      return register(handle, request);
    case 'show-address':
      return showAddress(handle, request);
    case 'sign':
      if (request.app !== 'Ethereum') return signPsbt(handle, request);
      return sign(handle, parseEthereumPath(request.path, 'path'), request);
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
